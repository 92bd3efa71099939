// Self-attention with dropout of its probabilities: gradients, and a mask that does not depend on how a batch is cut.
#include "layers/gradient_check.hpp"
#include "seqguard/layers/self_attention.hpp"

using namespace layer_tests;

namespace {

/// A batch of sequences, or the chunk of it that begins with one of them.
struct Attention {
  AttentionMask mask = AttentionMask::full;
  float rate = 0.4F;
  std::size_t first_sequence = 0;
  std::vector<std::size_t> offsets = {0, 4, 5, 9};  ///< of the batch
  std::size_t hidden = 6, heads = 2;

  TensorList tensors() const {
    TensorList list{{"x", offsets.back(), hidden, Gradient::overwritten}};
    add_linear(list, "qkv", 3 * hidden, hidden);
    add_linear(list, "output", hidden, hidden);
    add_norm(list, "norm", hidden);
    return list;
  }

  template <class Real>
  void run(Pass<Real>& pass) const {
    const SelfAttentionParameters<const Real> p{{pass.linear("qkv")}, pass.linear("output"), pass.norm("norm")};
    const PackedSelfAttention<Real> packed{pass.pack(p.query_key_value), pass.pack(p.output)};
    const std::size_t first = offsets[first_sequence], rows = offsets.back() - first;
    std::vector<std::size_t> chunk;
    for (std::size_t b = first_sequence; b < offsets.size(); ++b) chunk.push_back(offsets[b] - first);
    const SelfAttentionOptions<Real> options{.heads = heads,
                                             .layer_norm_eps = static_cast<Real>(1e-5),
                                             .mask = mask,
                                             .dropout = {},
                                             .probability_dropout = {rate, 99, 50 + first}};
    auto cache = SelfAttentionCache<Real>::allocate(pass.memory, rows, hidden, heads, NormPlacement::post);
    const auto x = pass.value("x").rows_from(first, rows);
    self_attention_forward<Real>(pass.context, cache, x, chunk, p, packed, options, pass.scratch);
    if (!pass.finish_forward(cache.sublayer.out)) return;
    const SelfAttentionParameters<Real> d_p{{pass.d_linear("qkv")}, pass.d_linear("output"), pass.d_norm("norm")};
    self_attention_backward<Real>(pass.context, pass.gradient("x"), d_p, pass.d_result(cache.sublayer.out), cache, x,
                                  chunk, p, packed, options, nullptr, pass.scratch);
  }
};

}  // namespace

TEST_CASE("attention dropout: gradients, in double and on the instruction set under test") {
  for (const AttentionMask mask : {AttentionMask::full, AttentionMask::causal}) {
    CAPTURE(static_cast<int>(mask));
    const Attention layer{mask};
    check_gradients(layer);
    check_float(layer, 9 * 6 + 4 * 6);  // two products, two sums over keys, a projection and back
    CHECK(result_of(layer) != result_of(Attention{mask, 0}));
  }
}

TEST_CASE("attention dropout: a chunk of a batch has the masks of the batch") {
  const std::vector<double> batch = result_of(Attention{});
  for (const std::size_t first : {1, 2}) {
    const Attention chunk{.first_sequence = first};
    const std::vector<double> part = result_of(chunk);
    REQUIRE(part.size() == (9 - chunk.offsets[first]) * chunk.hidden);
    CHECK(std::equal(part.begin(), part.end(), batch.end() - static_cast<std::ptrdiff_t>(part.size())));
  }
}

// Self-attention, with its two ways to tell where an event stands: rotary angles and biases by distance.
#include "seqguard/layers/self_attention.hpp"

#include "layers/gradient_check.hpp"
#include "seqguard/layers/relative_position.hpp"

using namespace layer_tests;

namespace {

constexpr double k_theta = 100;  // small: the slowest of a few angles turns too

struct SelfAttention {
  AttentionMask mask = AttentionMask::full;
  std::size_t window = 0;
  bool rotary = false, relative = false;
  bool one_linear = false;  ///< query, key and value are one linear layer
  NormPlacement placement = NormPlacement::post;
  bool normalises = true;
  float rate = 0, probability_rate = 0;
  std::size_t heads = 2, head_dim = 3;
  std::vector<std::size_t> offsets{0, 1, 4, 9};
  std::size_t first_sequence = 0;  ///< the call gets the rest of the batch, from here on

  std::size_t tokens() const { return offsets.back(); }
  std::size_t hidden() const { return heads * head_dim; }
  std::size_t reach() const { return tokens(); }
  std::vector<std::string> inputs() const {
    return one_linear ? std::vector<std::string>{"qkv"} : std::vector<std::string>{"query", "key", "value"};
  }

  TensorList tensors() const {
    TensorList list{{"x", tokens(), hidden(), Gradient::overwritten}};
    for (const std::string& name : inputs()) {
      add_linear(list, name, one_linear ? 3 * hidden() : hidden(), hidden());
      // The same for all keys, it changes no softmax, unless each key is turned by another angle.
      if (name == "key") list.back().moves = rotary;
    }
    add_linear(list, "output", hidden(), hidden());
    if (normalises) add_norm(list, "norm", hidden());
    if (relative) list.push_back({"bias", k_relative_buckets, heads});
    return list;
  }

  template <class Real>
  void run(Pass<Real>& pass) const {
    const std::size_t first = offsets[first_sequence], n = tokens() - first, stride = relative_bias_stride(reach());
    std::vector<std::size_t> rest;
    for (std::size_t b = first_sequence; b < offsets.size(); ++b) rest.push_back(offsets[b] - first);
    SelfAttentionParameters<const Real> p{{}, pass.linear("output"), pass.norm("norm")};
    for (const std::string& name : inputs()) p.query_key_value.push_back(pass.linear(name));
    const PackedSelfAttention<Real> packed{pass.pack(p.query_key_value), pass.pack(p.output)};
    RotaryTable<Real> table;
    table.fill(n, head_dim, k_theta);
    std::vector<Real> bias(heads * stride), d_bias(bias.size(), Real(0));
    if (relative) expand_relative_bias<Real>(bias, {pass.value("bias").data, k_relative_buckets}, heads, reach());
    SelfAttentionOptions<Real> options;
    options.heads = heads;
    options.layer_norm_eps = static_cast<Real>(1e-5);
    options.mask = mask;
    options.dropout = {rate, 99, 3 + first};
    options.probability_dropout = {probability_rate, 98, 3 + first};
    options.norm = placement;
    options.window = window;
    if (rotary) options.rotary = &table;
    if (relative) options.bias = {bias.data(), reach(), stride};

    auto cache = SelfAttentionCache<Real>::allocate(pass.memory, n, hidden(), heads, placement);
    const auto x = pass.value("x").rows_from(first, n);
    self_attention_forward<Real>(pass.context, cache, x, rest, p, packed, options, pass.scratch);
    if (!pass.finish_forward(cache.sublayer.out)) return;
    SelfAttentionParameters<Real> d_p{{}, pass.d_linear("output"), pass.d_norm("norm")};
    for (const std::string& name : inputs()) d_p.query_key_value.push_back(pass.d_linear(name));
    self_attention_backward<Real>(pass.context, pass.gradient("x"), d_p, pass.d_result(cache.sublayer.out), cache, x,
                                  rest, p, packed, options, relative ? d_bias.data() : nullptr, pass.scratch);
    if (relative) reduce_relative_bias<Real>({pass.gradient("bias").data, k_relative_buckets}, d_bias, heads, reach());
  }
};

/// Each way of looking at the events, alone and together.
std::vector<SelfAttention> forms() {
  std::vector<SelfAttention> list;
  for (const AttentionMask mask : {AttentionMask::full, AttentionMask::causal})
    for (const std::size_t window : {0, 1})
      for (const float rate : {0.0F, 0.4F}) {
        list.push_back({.mask = mask, .window = window, .probability_rate = rate});
        list.push_back(
            {.mask = mask, .window = window, .relative = true, .one_linear = true, .probability_rate = rate});
        list.push_back({.mask = mask, .window = window, .rotary = true, .probability_rate = rate, .head_dim = 4});
      }
  return list;
}

/// check(layer), with its form in the message of a failure.
template <class Check>
void for_each_form(const Check& check) {
  for (const SelfAttention& layer : forms()) {
    CAPTURE(static_cast<int>(layer.mask));
    CAPTURE(layer.window);
    CAPTURE(layer.rotary);
    CAPTURE(layer.relative);
    CAPTURE(layer.probability_rate);
    check(layer);
  }
}

}  // namespace

TEST_CASE("self-attention: gradients under each mask, with and without positions and dropout of the probabilities") {
  std::vector<std::vector<double>> results;
  for_each_form([&](const SelfAttention& layer) {
    check_gradients(layer);
    const std::vector<double> result = result_of(layer);
    CHECK(std::ranges::count(results, result) == 0);  // the form matters
    results.push_back(result);
  });
}

TEST_CASE("self-attention: gradients with dropout, normalised before the block or not at all") {
  CHECK(result_of(SelfAttention{.rate = 0.3f}) != result_of(SelfAttention{}));
  check_gradients(SelfAttention{.rate = 0.3f});
  check_gradients(SelfAttention{.one_linear = true, .placement = NormPlacement::pre});
  check_gradients(SelfAttention{.placement = NormPlacement::pre, .normalises = false, .rate = 0.3f});
}

TEST_CASE("self-attention: both kinds of dropout have the same masks however a batch is cut") {
  const std::vector<double> batch = result_of(SelfAttention{.rate = 0.3f, .probability_rate = 0.4f});
  for (const std::size_t first : {1, 2}) {
    const SelfAttention layer{.rate = 0.3f, .probability_rate = 0.4f, .first_sequence = first};
    const std::vector<double> rest = result_of(layer);
    REQUIRE(rest.size() == (layer.tokens() - layer.offsets[first]) * layer.hidden());
    CHECK(std::equal(rest.begin(), rest.end(), batch.end() - static_cast<std::ptrdiff_t>(rest.size())));
  }
}

TEST_CASE("self-attention: float follows double") {
  for_each_form([](SelfAttention layer) {
    layer.heads = 3;
    layer.head_dim = 12;
    layer.offsets = {0, 1, 18, 53};
    if (layer.window > 0) layer.window = 5;
    // Forward: query, key and value, their products, the mean of the values, output, LayerNorm; back the same again,
    // with all three of query, key and value; the weights' gradients collect 53 tokens.
    check_float(layer, 2 * (36 + 12 + 35 + 36 + 4 * 36) + 3 * 36 + 53);
  });
}

TEST_CASE("rotary: rotations that are undone, by angles that depend on the position in the sequence") {
  constexpr std::size_t heads = 3, head_dim = 6, hidden = heads * head_dim, half = head_dim / 2;
  const std::vector<std::size_t> offsets{0, 1, 4, 11};
  RotaryTable<double> table;
  table.fill(7, head_dim, k_theta);
  const auto before = random_numbers<double>(offsets.back() * 3 * hidden, 5);
  auto turned = before;
  const MatrixView<double> qkv(turned.data(), offsets.back(), 3 * hidden);
  rotate<double>(qkv, offsets, table, heads, head_dim, 1);
  double worst = 0;
  for (std::size_t b = 0; b + 1 < offsets.size(); ++b)
    for (std::size_t row = offsets[b]; row < offsets[b + 1]; ++row)
      for (std::size_t i = 0; i < 3 * hidden; ++i) {
        const std::size_t d = i % head_dim, pair = d % half;
        const double angle = static_cast<double>(row - offsets[b]) * std::pow(k_theta, -2.0 * pair / head_dim);
        const double lower = before[row * 3 * hidden + i - d + pair],
                     upper = before[row * 3 * hidden + i - d + pair + half];
        double expected = d < half ? lower * std::cos(angle) - upper * std::sin(angle)
                                   : upper * std::cos(angle) + lower * std::sin(angle);
        if (i >= 2 * hidden) expected = before[row * 3 * hidden + i];  // values stay
        worst = std::max(worst, std::abs(qkv(row, i) - expected));
      }
  // Frequencies are rounded to float: angles below 7 err by a few eps of 7, times numbers of order 3.
  CHECK(worst < 3 * 7 * 4 * k_eps);
  rotate<double>(qkv, offsets, table, heads, head_dim, -1);
  for (std::size_t i = 0; i < before.size(); ++i) CHECK(std::abs(turned[i] - before[i]) < 1e-14);  // some eps of 10
  rotate<double>(qkv, offsets, RotaryTable<double>(), heads, head_dim, 1);                         // no table: nothing
  for (std::size_t i = 0; i < before.size(); ++i) CHECK(std::abs(turned[i] - before[i]) < 1e-14);
}

TEST_CASE("relative position: the buckets of transformers, and a reduction that is adjoint to the expansion") {
  // MPNetEncoder.relative_position_bucket(num_buckets=32, max_distance=128).
  const std::pair<std::ptrdiff_t, std::size_t> buckets[] = {{0, 0},   {-1, 1},    {-7, 7},    {-8, 8},     {-11, 8},
                                                            {-12, 9}, {-127, 15}, {-128, 15}, {-9999, 15}, {1, 17},
                                                            {7, 23},  {8, 24},    {9999, 31}};
  for (const auto& [key_minus_query, bucket] : buckets) {
    CAPTURE(key_minus_query);
    CHECK(relative_position_bucket(key_minus_query) == bucket);
  }
  constexpr std::size_t heads = 3, reach = 150;
  const std::size_t stride = relative_bias_stride(reach);
  const auto table = random_numbers<double>(k_relative_buckets * heads, 6);
  auto d_table = random_numbers<double>(table.size(), 7);
  const auto start = d_table;
  std::vector<double> values(heads * stride, NAN), d_values = random_numbers<double>(values.size(), 8);
  expand_relative_bias<double>(values, {table.data(), k_relative_buckets}, heads, reach);
  reduce_relative_bias<double>({d_table.data(), k_relative_buckets}, d_values, heads, reach);
  double expanded = 0, reduced = 0;
  for (std::size_t h = 0; h < heads; ++h)
    for (std::size_t distance = 0; distance < 2 * reach - 1; ++distance)
      expanded += values[h * stride + distance] * d_values[h * stride + distance];
  for (std::size_t i = 0; i < table.size(); ++i) reduced += table[i] * (d_table[i] - start[i]);
  // Sums of 900 products of order 1: 900 eps of partial sums below 100.
  CHECK(std::abs(expanded - reduced) < 900 * 1.2e-16 * 100);
  for (const double value : values) CHECK(std::isfinite(value));  // kernels read beyond the last distance
  CHECK(values[stride + reach - 1 + 5] == table[5 * heads + 1]);  // the query stands five after its key
}

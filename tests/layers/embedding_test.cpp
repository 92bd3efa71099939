#include "seqguard/layers/embedding.hpp"

#include "layers/gradient_check.hpp"

using namespace layer_tests;

namespace {

struct Embedding {
  bool columns = true;  ///< beside the primary one: two categorical, two numeric, the time gap
  PositionRule positions = PositionRule::counted;
  std::size_t projected = 0;  ///< H where a projection follows
  bool types_given = true;
  float rate = 0;
  std::size_t width = 5;
  std::vector<std::size_t> offsets{0, 1, 4, 9};
  std::int32_t padding_id = 1;

  static constexpr std::size_t k_words = 4, k_values[] = {3, 6}, k_buckets = 5;
  std::size_t tokens() const { return offsets.back(); }
  std::size_t hidden() const { return projected > 0 ? projected : width; }
  std::vector<std::int32_t> ids() const { return random_ids(tokens(), k_words, 20); }

  TensorList tensors() const {
    const auto table = [&](const std::string& name, std::size_t rows) { return TensorInfo{name, rows, width}; };
    TensorList list{table("word", k_words), table("type", 2)};
    if (positions != PositionRule::rotary) list.push_back(table("position", tokens() + 2));
    for (std::size_t c = 0; c < 2 && columns; ++c) {
      const std::string column = std::to_string(c);
      list.push_back(table("feature" + column, k_values[c]));
      for (const char* part : {"weight", "bias", "missing"}) list.push_back(table("numeric" + column + "." + part, 1));
    }
    if (columns) list.push_back(table("gap", k_buckets));
    add_norm(list, "norm", width);
    if (projected > 0) add_linear(list, "projection", projected, width);
    return list;
  }

  /// Parameters from `at`, which gives the tensor of a name; `norm` and `projection` apart.
  template <class T, class At>
  EmbeddingParameters<T> parameters(const At& at) const {
    const auto table = [&](const std::string& name) { return EmbeddingTable<T>{at(name).data, at(name).rows}; };
    EmbeddingParameters<T> p;
    p.word = table("word");
    p.token_type = table("type");
    p.position = table("position");
    p.time_gap = table("gap");
    for (std::size_t c = 0; c < 2 && columns; ++c) {
      const std::string numeric = "numeric" + std::to_string(c);
      p.features.push_back(table("feature" + std::to_string(c)));
      p.numerics.push_back({at(numeric + ".weight").data, at(numeric + ".bias").data, at(numeric + ".missing").data});
    }
    return p;
  }

  template <class Real>
  void run(Pass<Real>& pass) const {
    const std::size_t n = tokens();
    const auto words = ids(), types = random_ids(n, 2, 21), gaps = random_ids(n, k_buckets, 22);
    const std::vector<std::int32_t> values[] = {random_ids(n, k_values[0], 23), random_ids(n, k_values[1], 24)};
    const std::vector<float> numbers[] = {random_numbers<float>(n, 25), random_numbers<float>(n, 26)};
    std::vector<NumericState> states[2];
    for (std::size_t c = 0; c < 2; ++c)
      for (const std::int32_t state : random_ids(n, 3, 27 + c)) states[c].push_back(static_cast<NumericState>(state));
    const std::span<const std::int32_t> features[] = {values[0], values[1]};
    const NumericInput numerics[] = {{numbers[0], states[0]}, {numbers[1], states[1]}};
    EncoderInput input;
    input.ids = words;
    if (types_given) input.token_type_ids = types;
    if (columns) input.features = features, input.numerics = numerics, input.time_gaps = gaps;
    input.offsets = offsets;

    auto p = parameters<const Real>([&](const std::string& name) { return pass.value(name); });
    p.layer_norm = pass.norm("norm");
    p.projection = pass.linear("projection");
    const PackedLinear<Real> packed = projected > 0 ? pass.pack(p.projection) : PackedLinear<Real>();
    const EmbeddingOptions<Real> options{static_cast<Real>(1e-5), positions, padding_id, {rate, 99, 3}};
    auto cache = EmbeddingCache<Real>::allocate(pass.memory, n, width, hidden(), projected > 0);
    embedding_forward<Real>(pass.context, cache, input, p, packed, options, pass.scratch);
    if (!pass.finish_forward(cache.out)) return;
    auto d_p = parameters<Real>([&](const std::string& name) { return pass.gradient(name); });
    d_p.layer_norm = pass.d_norm("norm");
    d_p.projection = pass.d_linear("projection");
    embedding_backward<Real>(pass.context, d_p, pass.d_result(cache.out), cache, input, p, packed, options,
                             pass.scratch);
  }
};

}  // namespace

TEST_CASE("embedding: gradients of every table, in every rule of positions") {
  check_gradients(Embedding{});
  check_gradients(Embedding{.columns = false});
  check_gradients(Embedding{.positions = PositionRule::rotary, .types_given = false});
  check_gradients(Embedding{.positions = PositionRule::after_padding});
}

TEST_CASE("embedding: gradients through a projection and dropout") {
  CHECK(result_of(Embedding{.rate = 0.3f}) != result_of(Embedding{}));
  check_gradients(Embedding{.projected = 7});
  check_gradients(Embedding{.projected = 3, .rate = 0.3f});
  check_gradients(Embedding{.rate = 0.3f});
}

TEST_CASE("embedding: a table that does not learn changes none of the other gradients") {
  check_unwanted(Embedding{.projected = 3},
                 {"word", "type", "position", "feature0", "feature1", "gap", "projection.weight", "projection.bias",
                  "numeric0.weight", "numeric0.bias", "numeric0.missing"});
}

TEST_CASE("embedding: the gradient that comes back is that of the sum of embeddings") {
  // Each token adds that gradient to the row of its word.
  const Embedding layer;
  const Tensors<double> values(layer.tensors(), k_values_seed);
  auto gradients = Tensors<double>::gradients(layer.tensors());
  const std::vector<double> start(gradients["word"].data, gradients["word"].data + layer.k_words * layer.width);
  std::vector<double> expected = start;
  const auto pass = run_layer(layer, make_reference_context(), values, &gradients,
                              random_numbers<double>(layer.tokens() * layer.width, k_factors_seed));
  const std::vector<std::int32_t> ids = layer.ids();
  for (std::size_t t = 0; t < ids.size(); ++t)
    for (std::size_t c = 0; c < layer.width; ++c)
      expected[static_cast<std::size_t>(ids[t]) * layer.width + c] += pass.d_out[t * layer.width + c];
  CHECK(expected != start);
  CHECK(std::equal(expected.begin(), expected.end(), gradients["word"].data));
}

TEST_CASE("embedding: positions start anew in each sequence, and pass over padding") {
  const std::vector<std::int32_t> ids{5, 1, 7, 1, 1, 6};
  const std::vector<std::size_t> offsets{0, 1, 4, 6};
  EncoderInput input;
  input.ids = ids;
  input.offsets = offsets;
  std::vector<std::int32_t> positions(ids.size(), -1);
  set_positions(positions, input, PositionRule::counted, 1);
  CHECK(positions == std::vector<std::int32_t>{0, 0, 1, 2, 0, 1});
  set_positions(positions, input, PositionRule::after_padding, 1);
  CHECK(positions == std::vector<std::int32_t>{2, 1, 2, 1, 1, 2});
}

TEST_CASE("embedding: float follows double") {
  // Seven numbers are added, four sums of a LayerNorm, the projection and back; a table's row collects 53 tokens.
  const std::vector<std::size_t> offsets{0, 1, 18, 53};
  check_float(Embedding{.width = 37, .offsets = offsets}, 7 + 4 * 37 + 53);
  check_float(Embedding{.projected = 35, .rate = 0.1f, .width = 37, .offsets = offsets}, 7 + 4 * 37 + 37 + 35 + 53);
}

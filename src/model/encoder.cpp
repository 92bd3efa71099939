#define SEQGUARD_INSTANTIATES  // keeps the lists of instantiations that the headers end with
#include "seqguard/model/encoder.hpp"

#include <algorithm>
#include <string>
#include <string_view>

#include "seqguard/core/error.hpp"
#include "seqguard/core/random.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

void check_ids(std::span<const std::int32_t> ids, std::string_view what, std::size_t tokens, std::size_t rows) {
  if (ids.size() != tokens)
    fail(ErrorCode::invalid_argument, "encoder input", what, std::to_string(tokens) + " of them",
         std::to_string(ids.size()));
  // Negative ids are large as unsigned numbers.
  const auto wrong =
      std::find_if(ids.begin(), ids.end(), [&](std::int32_t id) { return static_cast<std::uint32_t>(id) >= rows; });
  if (wrong != ids.end())
    fail(ErrorCode::out_of_range, "encoder input", what, "0 .. " + std::to_string(rows - 1),
         std::to_string(*wrong) + " at token " + std::to_string(wrong - ids.begin()));
}

}  // namespace

EncoderOptions training_step_options(const ModelSpec& spec, AttentionMask mask, std::uint64_t key,
                                     std::uint64_t first_token) {
  const ModelConfig& config = spec.config;
  return {mask,
          {static_cast<float>(config.hidden_dropout_prob), key, first_token},
          true,
          static_cast<float>(config.attention_probs_dropout_prob),
          static_cast<float>(spec.lora.dropout)};
}

StochasticDepth block_depth(const EncoderOptions& options, std::size_t call, std::size_t calls, DropoutSite site,
                            Offsets offsets) {
  constexpr std::uint64_t k_first_site = std::uint64_t{1} << 34;
  const auto rate = static_cast<double>(options.stochastic_depth) * static_cast<double>(call + 1);
  return {static_cast<float>(rate / static_cast<double>(calls)),
          mix64(options.dropout.key ^ (k_first_site + dropout_site(call, site))), options.dropout.first_token, offsets};
}

std::size_t first_kept_call(const ParameterTable& table, const ModelConfig& config, bool for_training) noexcept {
  return for_training && table.reach().encoder ? table.reach().lowest_call() : config.layer_calls();
}

void check_encoder_input(const EncoderInput& input, const ModelSpec& spec) {
  const ModelConfig& config = spec.config;
  const std::vector<FeatureColumn>& features = spec.features.categorical;
  const std::size_t n = input.ids.size(), longest = config.max_tokens();
  if (input.offsets.empty() || input.offsets.front() != 0 || input.offsets.back() != n)
    fail(ErrorCode::invalid_argument, "encoder input", "offsets", "0 .. " + std::to_string(n), "others");
  for (std::size_t b = 0; b + 1 < input.offsets.size(); ++b) {
    const std::size_t first = input.offsets[b], end = input.offsets[b + 1];
    if (end <= first || end - first > longest)
      fail(ErrorCode::out_of_range, "encoder input", "tokens of sequence " + std::to_string(b),
           "1 .. " + std::to_string(longest), end < first ? "fewer" : std::to_string(end - first));
  }
  check_ids(input.ids, "id", n, config.vocab_size);
  if (!input.token_type_ids.empty() && config.traits().token_types)
    check_ids(input.token_type_ids, "token type id", n, config.type_vocab_size);
  if (input.features.size() != features.size())
    fail(ErrorCode::invalid_argument, "encoder input", "columns of features", std::to_string(features.size()),
         std::to_string(input.features.size()));
  for (std::size_t c = 0; c < features.size(); ++c)
    check_ids(input.features[c], "id of a feature", n, features[c].size);
  if (input.numerics.size() != spec.features.numeric.size())
    fail(ErrorCode::invalid_argument, "encoder input", "columns of numbers",
         std::to_string(spec.features.numeric.size()), std::to_string(input.numerics.size()));
  for (const NumericInput& column : input.numerics)
    if (column.values.size() != n || column.state.size() != n)
      fail(ErrorCode::invalid_argument, "encoder input", "values of a column of numbers", std::to_string(n),
           std::to_string(std::min(column.values.size(), column.state.size())));
  const std::size_t buckets = spec.features.time_gap_buckets;
  if (buckets == 0 && !input.time_gaps.empty())
    fail(ErrorCode::invalid_argument, "encoder input", "time gaps", "none", std::to_string(input.time_gaps.size()));
  if (buckets > 0) check_ids(input.time_gaps, "time gap", n, buckets);
}

SEQGUARD_ENCODER(, float)
SEQGUARD_ENCODER(, double)

}  // namespace v0
}  // namespace seqguard

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "detection/ngram_model.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/detection/normals.hpp"
#include "seqguard/events/fit_schema.hpp"
#include "seqguard/sequence_scorer/fit_input.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

constexpr std::size_t k_least_sequences = 20;
/// Where the target leaves fewer normals than this beyond the threshold, every one is needed twice, and the encoder is
/// cross-fitted: below 500 normals at the default target of 1 % (DESIGN section 10). HDFS at a target of .1 %, 4,855
/// normals, three seeds: projected F1 .975 (.964 to .984) with a quarter that calibrates, .990 each cross-fitted.
constexpr double k_cross_fit_below = 5;
constexpr std::size_t k_folds = 4;
/// With fewer steps a tagger proposes nothing, whatever was asked for (200 visits of six events: 20 steps, no edit).
constexpr std::size_t k_least_tagger_steps = 100;
/// Where order tells less than this, hidden events are worth more steps than next ones.
constexpr double k_little_order = 0.15;

struct Size {
  std::size_t hidden, layers, heads;
};

Size size_of(EncoderSize size, std::size_t vocabulary) {
  switch (size) {
    case EncoderSize::tiny:
      return {64, 2, 2};
    case EncoderSize::small:
      return {128, 2, 2};
    case EncoderSize::medium:
      return {256, 4, 4};
    case EncoderSize::automatic:
      break;
  }
  // Measured in reference/detection.md: 64 for templates and letters (section 4) and for items (section 7), 96 for the
  // hundred-odd system calls.
  return vocabulary >= 50 && vocabulary < k_many_values ? Size{96, 2, 4} : Size{64, 2, 4};
}

/// Surprise of the odd sequences under n-grams of the even ones.
double held_out_surprise(const EncodedData& data, std::size_t order) {
  std::vector<TypeSequence> even, odd;
  for (std::size_t i = 0; i < data.size(); ++i) (i % 2 == 0 ? even : odd).push_back(data.types(i));
  NgramModel model;
  model.fit(Normals(even), order);
  double total = 0;
  std::size_t events = 0;
  for (const TypeSequence& sequence : odd) {
    total += model.surprise(sequence) * static_cast<double>(sequence.size() + 1);
    events += sequence.size() + 1;
  }
  return events > 0 ? total / static_cast<double>(events) : 0;
}

/// 64 positions unless half of the sequences are longer than 128.
std::size_t window_of(const EncodedData& data) {
  std::vector<std::size_t> lengths;
  for (std::size_t i = 0; i < data.size(); ++i) lengths.push_back(data[i].positions());
  const auto middle = lengths.begin() + static_cast<std::ptrdiff_t>(lengths.size() / 2);
  std::nth_element(lengths.begin(), middle, lengths.end());
  const std::size_t longest = *std::max_element(lengths.begin(), lengths.end());
  if (*middle > 128) return 128;
  // 66 rather than 64: sequences of exactly 64 events fit with their marks.
  return longest <= 66 ? std::max<std::size_t>(longest, 8) : 64;
}

/// The edit tagger's part. It learns for as long as the encoder: its steps take about half the time, and more of them
/// still help (simulated shop, errors put right of replaced, missing: 36, 7 % after 3,500 steps, 61, 25 % after
/// 10,000).
void plan_tagger(FitPlan& plan, const EncodedData& data) {
  const bool items = plan.vocabulary >= k_many_values;
  std::size_t longest = 3;
  for (std::size_t i = 0; i < data.size(); ++i) longest = std::max(longest, data[i].positions());
  plan.tagger_window = std::min<std::size_t>(items ? 64 : 128, std::max<std::size_t>(longest, 8));
  plan.tagger_dropout = items ? 0.1 : 0.0;
  plan.tagger_steps = std::max(k_least_tagger_steps, 2 * plan.steps);
}

FitPlan make_plan(const EncodedData& data, const EventSchema& schema, const FitOptions& options) {
  FitPlan plan;
  plan.sequences = data.size();
  for (std::size_t i = 0; i < data.size(); ++i) plan.events += data[i].n;
  const Vocabulary& vocabulary = schema.primary_column().vocabulary;
  plan.vocabulary = vocabulary.kept();
  plan.rare_values = vocabulary.types() - vocabulary.kept();
  for (std::size_t type = vocabulary.kept(); type < vocabulary.types(); ++type)
    plan.rare_share += static_cast<double>(vocabulary.count(static_cast<TypeId>(type)));
  plan.rare_share /= std::max(1.0, static_cast<double>(plan.events));
  plan.window = options.window ? *options.window : window_of(data);
  const Size size = size_of(options.size, plan.vocabulary);
  plan.hidden = size.hidden;
  plan.layers = size.layers;
  plan.heads = size.heads;

  const double alone = held_out_surprise(data, 1), after_one = held_out_surprise(data, 2);
  plan.order_gain = alone > 0 ? 1 - after_one / alone : 0;
  plan.masked_share = plan.order_gain < k_little_order ? 0.7 : 0.3;

  // Traces overfit little and want speed; items and habits want dropout (reference/detection.md, sections 4 and 7).
  const bool traces = plan.vocabulary >= 50 && plan.order_gain >= 2 * k_little_order;
  plan.dropout = traces ? 0.0 : 0.1;
  plan.learning_rate = plan.vocabulary >= 50 ? 3e-3 : 2e-3;

  constexpr double k_tokens_per_step = 2048;
  const double tokens = static_cast<double>(plan.events + 2 * plan.sequences);
  const double epochs = options.epochs ? static_cast<double>(*options.epochs) : 95.0;
  const double steps = std::ceil(epochs * tokens / k_tokens_per_step);
  plan.folds = static_cast<double>(plan.sequences) * options.target_fpr < k_cross_fit_below ? k_folds : 0;
  // Five trainings of 1,500 steps, or one of 4,500: either way a fit stays below five minutes on two cores.
  plan.steps = options.epochs ? static_cast<std::size_t>(std::max(1.0, steps))
                              : static_cast<std::size_t>(std::clamp(steps, 400.0, plan.folds > 0 ? 1500.0 : 4500.0));
  if (options.repair) plan_tagger(plan, data);
  return plan;
}

}  // namespace

std::string_view to_string(EncoderSize size) noexcept {
  switch (size) {
    case EncoderSize::automatic:
      return "auto";
    case EncoderSize::tiny:
      return "T";
    case EncoderSize::small:
      return "S";
    case EncoderSize::medium:
      return "M";
  }
  return "unknown";
}

EncoderSize encoder_size_from_string(std::string_view name) {
  for (const EncoderSize size : {EncoderSize::automatic, EncoderSize::tiny, EncoderSize::small, EncoderSize::medium})
    if (name == to_string(size)) return size;
  fail(ErrorCode::invalid_argument, "fit", "unknown size (--size)", "auto, T, S or M", name);
}

FitInput prepare_fit(const Dataset& data, const FitOptions& options) {
  EventSchema schema = fit_schema(data);
  if (data.sequences().size() < k_least_sequences)
    fail(ErrorCode::invalid_argument, "fit", "too few sequences to learn from",
         "at least " + std::to_string(k_least_sequences) + " sequences", std::to_string(data.sequences().size()));
  if (options.window && (*options.window < 3 || *options.window > 1'000'000))
    fail(ErrorCode::invalid_argument, "fit", "positions that the encoder sees at once (--window)", "3 .. 1000000",
         std::to_string(*options.window));
  if (!(options.target_fpr > 0 && options.target_fpr < 1))
    fail(ErrorCode::invalid_argument, "fit", "target false-positive rate (--target-fpr)", "between 0 and 1",
         std::to_string(options.target_fpr));
  if (!(options.valid_fraction >= 0 && options.valid_fraction < 1))
    fail(ErrorCode::invalid_argument, "fit", "share of the sequences for early stopping (--valid-fraction)",
         "at least 0 and below 1", std::to_string(options.valid_fraction));
  if (!(options.max_minutes >= 0))
    fail(ErrorCode::invalid_argument, "fit", "minutes (--max-minutes)", "0 or more",
         std::to_string(options.max_minutes));
  if (options.gate_view && !options.repair)
    fail(ErrorCode::invalid_argument, "fit",
         "the gate as a view (--gate-view) is what the repair says, and there is none (--no-repair)");
  EncodedData encoded(data, schema);
  FitPlan plan = make_plan(encoded, schema, options);
  schema.sequence.window = schema.sequence.stride = plan.window;
  return {options, std::move(schema), std::move(encoded), std::move(plan)};
}

void set_validation(FitInput& input, const Dataset& valid) {
  if (valid.sequences().empty())
    fail(ErrorCode::invalid_argument, "fit", "sequences for early stopping (--valid)", "at least one", "none");
  input.valid.emplace(valid, input.schema);
  input.options.valid_fraction = 0;
}

}  // namespace v0
}  // namespace seqguard

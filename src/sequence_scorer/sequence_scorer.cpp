#include "seqguard/sequence_scorer/sequence_scorer.hpp"

#include <algorithm>
#include <utility>

#include "seqguard/core/files.hpp"
#include "seqguard/detection/encoder_surprise.hpp"
#include "seqguard/model/model.hpp"
#include "seqguard/sequence_scorer/behaviour_model.hpp"
#include "seqguard/sequence_scorer/text_model.hpp"
#include "sequence_scorer/expected_values.hpp"
#include "sequence_scorer/judge.hpp"
#include "sequence_scorer/repair.hpp"
#include "sequence_scorer/scratch.hpp"

namespace seqguard {
namespace {

void find_worst(Score& out) {
  out.worst = 0;
  for (std::size_t i = 1; i < out.events.size(); ++i)
    if (out.events[i].value > out.events[out.worst].value) out.worst = i;
}

}  // namespace

SequenceScorer::Scratch::Scratch(std::unique_ptr<Buffers> buffers) : buffers_(std::move(buffers)) {}
SequenceScorer::Scratch::Scratch(Scratch&&) noexcept = default;
SequenceScorer::Scratch& SequenceScorer::Scratch::operator=(Scratch&&) noexcept = default;
SequenceScorer::Scratch::~Scratch() = default;

SequenceScorer SequenceScorer::load(const std::string& directory, const LoadOptions& options) {
  const bool is_text = !file_exists(directory + "/detector.json") && !file_exists(directory + "/event_schema.json");
  if (is_text) return SequenceScorer(std::make_shared<const TextModel>(TextModel::load(directory, options)));
  return SequenceScorer(load_behaviour_model(directory, options));
}

const BehaviourModel& SequenceScorer::model() const {
  if (model_ == nullptr) fail(ErrorCode::unsupported, "scorer", "a text checkpoint judges texts, not events");
  return *model_;
}

TextScore SequenceScorer::score(std::string_view text) const {
  if (text_ == nullptr) fail(ErrorCode::unsupported, "scorer", "a model of events judges events, not texts");
  auto scratch = text_->make_scratch();
  TextScore result;
  if (text_->labels().empty()) {
    result.embedding.resize(text_->embedding_size());
    text_->embed(text, result.embedding, scratch);
  } else {
    result.probabilities.resize(text_->labels().size());
    text_->classify(text, "", result.probabilities, scratch);
    const auto best = std::max_element(result.probabilities.begin(), result.probabilities.end());
    result.best = static_cast<std::size_t>(best - result.probabilities.begin());
    result.label = text_->labels()[result.best];
  }
  result.truncated = scratch.tokens().truncated;
  return result;
}

SequenceScorer::Scratch SequenceScorer::make_scratch(std::size_t max_events) const {
  const BehaviourModel& model = this->model();
  auto buffers = std::make_unique<Scratch::Buffers>(max_events);
  reserve(buffers->encoded, model.schema, max_events);
  buffers->surprise.reserve(model.schema, model.encoder, max_events);
  buffers->causal.reserve((1 + model.encoder.predicted_columns()) * max_events);
  buffers->masked.reserve(buffers->causal.capacity());
  buffers->seen.reserve(max_events);
  return Scratch(std::move(buffers));
}

void SequenceScorer::score(const EventsView& events, Score& out, Scratch& scratch, const ScoreOptions& options) const {
  const BehaviourModel& model = this->model();
  Scratch::Buffers& buffers = *scratch.buffers_;
  encode(events, model.schema, buffers.encoded);
  SurpriseView causal;
  const Judgement judgement = judge_sequence(model, buffers.encoded, buffers, causal);
  out.value = judgement.value;
  out.p_value = judgement.p_value;
  out.p_conformal = judgement.p_conformal;
  out.is_anomaly = judgement.p_value < model.target_fpr;
  out.view = model.detector.recipe().views[judgement.worst_view].name;
  out.has_masked = options.masked || (options.masked_if_anomalous && out.is_anomaly);
  out.worst_by = out.has_masked ? "masked" : "next";
  if (out.has_masked)
    judge_events_by_both_sides(model, buffers.encoded, buffers, out.events);
  else
    judge_events_by_past(model, causal, out.events);
  find_worst(out);
}

Score SequenceScorer::score(const EventsView& events, const ScoreOptions& options) const {
  Scratch scratch = make_scratch(events.n);
  Score result;
  score(events, result, scratch, options);
  return result;
}

void SequenceScorer::score_batch(std::span<const EventsView> batch, std::span<Score> scores,
                                 std::span<ItemStatus> status, Executor& executor, const ScoreOptions& options) const {
  if (scores.size() != batch.size() || status.size() != batch.size())
    fail(ErrorCode::invalid_argument, "score_batch", "size of scores and status", std::to_string(batch.size()),
         std::to_string(std::min(scores.size(), status.size())));
  std::size_t longest = 0;
  for (const EventsView& events : batch) longest = std::max(longest, events.n);
  auto scratches = make_per_worker(executor, [&] { return make_scratch(longest); });
  executor.run(batch.size(), [&](std::size_t i, std::size_t worker) {
    try {
      score(batch[i], scores[i], scratches[worker], options);
      status[i] = {};
    } catch (const Error& error) {
      status[i] = {false, error.code(), error.what()};
    }
  });
}

std::vector<std::vector<Candidate>> SequenceScorer::expected(const EventsView& events,
                                                             std::span<const std::size_t> positions, std::size_t count,
                                                             Scratch& scratch) const {
  for (const std::size_t position : positions)
    if (position >= events.n)
      fail(ErrorCode::out_of_range, "expected", "position", "below " + std::to_string(events.n),
           std::to_string(position));
  Scratch::Buffers& buffers = *scratch.buffers_;
  encode(events, model().schema, buffers.encoded);
  const Vocabulary& vocabulary = model().schema.primary_column().vocabulary;
  std::vector<std::vector<Candidate>> result;
  for (const auto& values : expected_values(model(), buffers.encoded, positions, count, buffers)) {
    result.emplace_back();
    for (const auto& [id, probability] : values)
      result.back().push_back({std::string(vocabulary.token(id)), probability});
  }
  return result;
}

std::vector<Candidate> SequenceScorer::expected(const EventsView& events, std::size_t position, std::size_t count,
                                                Scratch& scratch) const {
  return std::move(expected(events, {&position, 1}, count, scratch).front());
}

Repair SequenceScorer::repair(const EventsView& events, Scratch& scratch, const RepairOptions& options) const {
  return repair_sequence(model(), events, *scratch.buffers_, options);
}

Repair SequenceScorer::repair(const EventsView& events, const RepairOptions& options) const {
  Scratch scratch = make_scratch(events.n);
  return repair(events, scratch, options);
}

const EventSchema& SequenceScorer::schema() const { return model().schema; }
double SequenceScorer::target_fpr() const { return model().target_fpr; }
Isa SequenceScorer::isa() const { return (text_ != nullptr ? text_->model() : model().encoder).context().kernels->isa; }

}  // namespace seqguard

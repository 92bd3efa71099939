#include "seqguard/sequence_scorer/sequence_scorer.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "seqguard/core/error.hpp"
#include "seqguard/detection/encoder_surprise.hpp"
#include "seqguard/model/model.hpp"
#include "seqguard/sequence_scorer/behaviour_model.hpp"
#include "sequence_scorer/expected_values.hpp"
#include "sequence_scorer/judge.hpp"
#include "sequence_scorer/repair.hpp"
#include "sequence_scorer/scratch.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

/// With room for the name of every view, so that no later call allocates.
void put_view_name(const Recipe& recipe, std::size_t view, std::string& out) {
  std::size_t longest = 0;
  for (const ViewSpec& spec : recipe.views) longest = std::max(longest, spec.name.size());
  out.reserve(longest);
  out = recipe.views[view].name;
}

KeyStore& profiles_of(const BehaviourModel& model) {
  if (!model.profiles)
    fail(ErrorCode::unsupported, "profiles", "the model has none: it was fitted without --profile-key");
  return *model.profiles;
}

void find_worst(Score& out) {
  out.worst = 0;
  const LabelledEvent labelled = most_probable_event(out.event_probabilities, out.probabilities.size());
  if (labelled.probability >= k_labelled_event) {
    out.worst = labelled.event;
    out.worst_by = SurpriseKind::labels;
    return;
  }
  for (std::size_t i = 1; i < out.events.size(); ++i)
    if (out.events[i].value > out.events[out.worst].value) out.worst = i;
}

}  // namespace

SequenceScorer::Scratch::Scratch(std::unique_ptr<Buffers> buffers) : buffers_(std::move(buffers)) {}
SequenceScorer::Scratch::Scratch(Scratch&&) noexcept = default;
SequenceScorer::Scratch& SequenceScorer::Scratch::operator=(Scratch&&) noexcept = default;
SequenceScorer::Scratch::~Scratch() = default;

SequenceScorer::Scratch::Buffers::Buffers(std::shared_ptr<const BehaviourModel> of, std::size_t events)
    : model(std::move(of)), max_events(events), detector(events) {
  reserve(encoded, model->schema, events);
  surprise.reserve(model->schema, model->encoder, events);
  if (model->labels) {
    const LabelClassifier& labels = *model->labels;
    surprise.summarises = true;
    given.labels.reserve(labels.features, model->schema, labels.members.front().hidden, labels.outputs(), events);
    given.logits.reserve(labels.outputs());
    given.label_views.reserve(model->detector.recipe().views.size() + k_event_summary);
  }
  if (model->event_labels) given.events.reserve(*model, events);
  given.numbers.reserve(model->detector.given().size());
  causal.reserve((1 + predicted_columns(model->schema).size()) * events);
  masked.reserve(causal.capacity());
  seen.reserve(events);
}

std::string_view to_string(SurpriseKind kind) noexcept {
  switch (kind) {
    case SurpriseKind::next:
      return "next";
    case SurpriseKind::masked:
      return "masked";
    case SurpriseKind::labels:
      return "labels";
  }
  return "unknown";
}

SequenceScorer SequenceScorer::load(const std::string& directory, const LoadOptions& options) {
  return SequenceScorer(load_behaviour_model(directory, options));
}

SequenceScorer::SequenceScorer(std::shared_ptr<const BehaviourModel> model) : model_(std::move(model)) {
  if (model_ == nullptr) fail(ErrorCode::invalid_argument, "SequenceScorer", "no model");
}

SequenceScorer::Scratch SequenceScorer::make_scratch(std::size_t max_events) const {
  return Scratch(std::make_unique<Scratch::Buffers>(model_, max_events));
}

SequenceScorer::Scratch::Buffers& SequenceScorer::buffers_of(Scratch& scratch) const {
  std::unique_ptr<Scratch::Buffers>& buffers = scratch.buffers_;
  // One that was moved from has no buffers.
  if (buffers == nullptr || buffers->model != model_)
    buffers = std::make_unique<Scratch::Buffers>(model_, buffers == nullptr ? 0 : buffers->max_events);
  return *buffers;
}

void SequenceScorer::score(const EventsView& events, Score& out, Scratch& scratch, const ScoreOptions& options) const {
  const BehaviourModel& model = *model_;
  Scratch::Buffers& buffers = buffers_of(scratch);
  encode(events, model.schema, buffers.encoded);
  Surprise causal;
  const Judgement judgement = judge_sequence(buffers.encoded, buffers, causal);
  out.value = judgement.value;
  out.p_value = judgement.p_value;
  out.p_conformal = judgement.p_conformal;
  out.is_anomaly = judgement.p_value < model.target_fpr;
  put_view_name(model.detector.recipe(), judgement.worst_view, out.view);
  out.has_profile = buffers.given.keys.profile.sequences() >= k_least_key_normals;
  out.probabilities.resize(classes().size());
  if (model.labels) model.labels->probabilities(buffers.given.logits, out.probabilities);
  out.event_probabilities.clear();
  if (model.event_labels)
    event_probabilities(*model.event_labels, buffers.given.events.logits, out.event_probabilities);
  const bool masked = options.masked || (options.masked_if_anomalous && out.is_anomaly);
  out.worst_by = masked ? SurpriseKind::masked : SurpriseKind::next;
  if (masked)
    judge_events_by_both_sides(buffers.encoded, buffers, out.events);
  else
    judge_events_by_past(causal, buffers, out.events);
  find_worst(out);
}

void SequenceScorer::update_profile(std::string_view key, const EventsView& normal, Scratch& scratch) const {
  KeyStore& profiles = profiles_of(*model_);
  if (key.empty()) fail(ErrorCode::invalid_argument, "update_profile", "an empty key");
  if (normal.n == 0) fail(ErrorCode::bad_event, "update_profile", "the sequence has no events");
  Scratch::Buffers& buffers = buffers_of(scratch);
  encode(normal, model_->schema, buffers.encoded);
  const TypeSequence types(buffers.encoded.types.data(), buffers.encoded.n);
  profiles.add(key_number(key), types, buffers.given.keys.features.extract(types));
}

bool SequenceScorer::forget(std::string_view key) const { return profiles_of(*model_).forget(key_number(key)); }

void SequenceScorer::save_profiles(const std::string& directory) const { seqguard::save_profiles(*model_, directory); }

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

bool SequenceScorer::can_repair() const noexcept { return model_->repairer.has_value(); }

std::span<const std::string> SequenceScorer::classes() const noexcept {
  return model_->labels ? std::span<const std::string>(model_->labels->classes) : std::span<const std::string>();
}

std::vector<std::vector<Candidate>> SequenceScorer::expected(const EventsView& events,
                                                             std::span<const std::size_t> positions, std::size_t count,
                                                             Scratch& scratch) const {
  for (const std::size_t position : positions)
    if (position >= events.n)
      fail(ErrorCode::out_of_range, "expected", "position", "below " + std::to_string(events.n),
           std::to_string(position));
  Scratch::Buffers& buffers = buffers_of(scratch);
  encode(events, model_->schema, buffers.encoded);
  const Vocabulary& vocabulary = model_->schema.primary_column().vocabulary;
  std::vector<std::vector<Candidate>> result;
  for (const auto& values : expected_values(buffers.encoded, positions, count, buffers)) {
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
  return repair_sequence(events, buffers_of(scratch), options);
}

Repair SequenceScorer::repair(const EventsView& events, const RepairOptions& options) const {
  Scratch scratch = make_scratch(events.n);
  return repair(events, scratch, options);
}

std::shared_ptr<const EventSchema> SequenceScorer::schema() const noexcept { return {model_, &model_->schema}; }
double SequenceScorer::target_fpr() const noexcept { return model_->target_fpr; }
Isa SequenceScorer::isa() const noexcept { return model_->encoder.context().kernels->isa; }
Precision SequenceScorer::precision() const noexcept { return model_->encoder.context().precision; }
const LoadReport& SequenceScorer::load_report() const noexcept { return model_->report; }

}  // namespace v0
}  // namespace seqguard

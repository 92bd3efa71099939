#include <algorithm>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "seqguard/core/files.hpp"
#include "seqguard/detection/encoder_surprise.hpp"
#include "seqguard/model/event_encoder.hpp"
#include "seqguard/sequence_scorer/behaviour_model.hpp"
#include "seqguard/sequence_scorer/fit_input.hpp"
#include "seqguard/training/event_objectives.hpp"
#include "seqguard/training/event_source.hpp"
#include "seqguard/training/trainer.hpp"
#include "sequence_scorer/finished_numbers.hpp"
#include "sequence_scorer/fit_jobs.hpp"
#include "sequence_scorer/fit_keys.hpp"
#include "sequence_scorer/fit_repairer.hpp"
#include "sequence_scorer/fit_trainings.hpp"
#include "sequence_scorer/held_out_surprise.hpp"
#include "sequence_scorer/threshold_check.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

TrainingOptions options_of(const FitPlan& plan, std::uint64_t seed) {
  TrainingOptions options;
  options.steps = plan.steps;
  options.schedule.peak = plan.learning_rate;
  options.validate_every = std::max<std::size_t>(20, plan.steps / 30);
  options.seed = seed;
  return options;
}

Context<float> training_context(const LoadOptions& options) {
  require_training_precision(options.precision);
  return make_context(options);
}

/// The gate as one view among the others; large gains alone are odd. Who asks for it wants damage found that resembles
/// the tagger's noise. Simulated shop, three seeds, AUROC and found at 5 % false alarms with the weights 0, 1, 2, 3, 4:
/// .877 .947 .966 .972 .974; .45 .69 .86 .89 .91.
ViewSpec gate_view() {
  ViewSpec view;
  view.name = std::string(k_gate_view);
  view.sidedness = Sidedness::upper;
  view.weight = 3;
  view.given = true;
  return view;
}

/// Traces are judged by their order alone.
std::vector<NumberBlock> blocks_of(const FitOptions& options, const EventSchema& schema) {
  return options.preset == RecipePreset::standard ? number_blocks(schema) : std::vector<NumberBlock>();
}

Recipe recipe_of(const FitOptions& options, const EventSchema& schema) {
  std::vector<std::string> given = given_views(schema, {.numbers = !blocks_of(options, schema).empty()});
  std::erase_if(given, [](const std::string& name) { return is_self_view(name); });  // they have weights of their own
  Recipe recipe = Recipe::preset(options.preset, given);
  if (options.gate_view) recipe.views.push_back(gate_view());
  if (!schema.sequence.profile_key.empty())
    for (ViewSpec& view : self_view_specs()) recipe.views.push_back(std::move(view));
  return recipe;
}

/// The fit of one data set.
class Fitter {
 public:
  Fitter(const FitInput& input, Executor& executor, ProgressSink progress)
      : input_(input),
        options_(input.options),
        schema_(input.schema),
        data_(input.data),
        plan_(input.plan),
        executor_(executor),
        context_(training_context(options_.compute)),
        jobs_(make_fit_jobs(plan_, options_)),
        surprises_(surprise_views(schema_).size()),
        trainings_(options_, jobs_.size() * (repairs() ? 2 : 1), {"fit", k_fit_state_layout, fingerprint()}, executor,
                   progress),
        state_(trainings_.state()) {
    const std::size_t n = data_.size(), trainings = jobs_.size() * (repairs() ? 2 : 1);
    if (!trainings_.resumed()) {
      state_.next.assign(n * surprises_, std::numeric_limits<double>::quiet_NaN());
      state_.gains.assign(n, std::numeric_limits<double>::quiet_NaN());
    }
    const std::size_t encoders = std::min<std::size_t>(state_.job, jobs_.size()), taggers = state_.job - encoders,
                      probes = plan_.folds > 0 ? probe_sequences(n).size() : 0;
    if (state_.job >= trainings || state_.next.size() != n * surprises_ || state_.gains.size() != n ||
        state_.probes.size() != encoders * probes * surprises_ ||
        state_.gain_probes.size() != (options_.gate_view ? taggers * probes : 0) || state_.cut_at.size() != state_.job)
      fail(ErrorCode::bad_checkpoint, options_.state_file, "number of trainings or sequences does not fit");
  }

  std::shared_ptr<const BehaviourModel> run(FitReport* report) {
    std::optional<FittedKeys> keys;  // first: it takes seconds, and may refuse the data
    if (has_profiles()) keys = fit_keys(data_, options_.key_bytes, executor_);
    Model<float> encoder(
        context_, event_encoder_spec(schema_, {plan_.hidden, plan_.layers, plan_.heads, plan_.window, plan_.dropout}));
    if (state_.job >= jobs_.size()) {
      if (state_.encoder.size() != encoder.values().size())
        fail(ErrorCode::bad_checkpoint, options_.state_file, "the encoder is another one");
      encoder.values() = state_.encoder;
      encoder.pack(false);
    }
    for (std::size_t j = state_.job; j < jobs_.size(); ++j) train_encoder(encoder, j);
    std::optional<SequenceRepairer> repairer;
    if (repairs()) repairer = fit_repairer(input_, context_, jobs_, trainings_, executor_, report);
    auto model = std::make_shared<BehaviourModel>(BehaviourModel{
        schema_, std::move(encoder),
        SequenceDetector(recipe_of(options_, schema_),
                         given_views(schema_, {!blocks_of(options_, schema_).empty(), options_.gate_view}),
                         detector_options()),
        event_calibration(), options_.target_fpr, 0.5, to_json(plan_), std::nullopt, std::move(repairer),
        keys ? std::optional(std::move(keys->views)) : std::nullopt, keys ? std::move(keys->profiles) : nullptr,
        options_.gate_view});
    fit_detector(*model, keys ? keys->numbers : FinishedNumbers(), report);
    const std::string& last = jobs_.back().phase;
    trainings_.report_calibration(repairs() ? tagger_phase(jobs_, jobs_.size() - 1) : last, data_.size());
    if (report != nullptr) {
      if (keys) report->profiles = keys->figures;
      report->plan = plan_;
      report->resumed = trainings_.resumed();
      report->seconds = trainings_.seconds();
      report->validation_loss = state_.validation_loss;
    }
    return model;
  }

 private:
  SequenceDetectorOptions detector_options() const {
    SequenceDetectorOptions options;
    options.profile.max_bytes = options_.profile_bytes;
    options.profile.seed = options_.seed;
    options.contamination = options_.target_fpr;
    return options;
  }

  /// What a state file must have been made from.
  std::string fingerprint() const {
    std::string text = to_json(schema_);
    for (const std::string_view name :
         {to_string(context_.kernels->isa), to_string(context_.backend), to_string(context_.precision)})
      text.append(name);
    for (const double value :
         {static_cast<double>(options_.seed), static_cast<double>(plan_.steps), static_cast<double>(plan_.hidden),
          static_cast<double>(plan_.layers), static_cast<double>(plan_.heads), options_.valid_fraction,
          plan_.masked_share, options_.target_fpr, static_cast<double>(plan_.tagger_steps),
          static_cast<double>(plan_.tagger_window), plan_.tagger_dropout, options_.gate_view ? 1.0 : 0.0})
      text += " " + std::to_string(value);
    if (input_.valid) text += " " + data_fingerprint(*input_.valid);
    return sha256(text + " " + data_fingerprint(data_));
  }

  bool repairs() const { return plan_.tagger_steps > 0; }
  bool has_profiles() const { return !schema_.sequence.profile_key.empty(); }

  /// Trains the encoder of job j, and asks it about what it has not seen.
  void train_encoder(Model<float>& encoder, std::size_t j) {
    const FitJob& job = jobs_[j];
    encoder.initialize(job.weight_seed);
    const EventSource source(schema_, pick(data_, job.train), watched_sequences(input_, job), plan_.window, job.seed);
    const MaskedEvents<float> masked(primary_counts(schema_));
    const NextEvent<float> next;
    Trainer<float> trainer(encoder,
                           {{&source, {{&masked}}, plan_.masked_share}, {&source, {{&next}}, 1 - plan_.masked_share}},
                           options_of(plan_, job.seed));
    const double loss = trainings_.run(trainer, plan_.steps, job.phase);
    if (plan_.folds > 0) ask_probes(encoder);
    if (!job.held_out.empty()) add_held_out_surprise(state_, encoder, input_, job, executor_);
    const bool is_last = j + 1 == jobs_.size();
    if (is_last) state_.validation_loss = loss;
    if (is_last && repairs()) state_.encoder = encoder.values();
    if (!is_last || repairs()) trainings_.finish();
    if (!job.held_out.empty()) trainings_.report_calibration(job.phase, job.held_out.size());
  }

  void ask_probes(const Model<float>& encoder) {
    const std::vector<double> probes = surprise_means(encoder, input_, probe_sequences(data_.size()), executor_);
    state_.probes.insert(state_.probes.end(), probes.begin(), probes.end());
  }

  std::vector<TypeSequence> all_types() const {
    std::vector<TypeSequence> types;
    for (std::size_t i = 0; i < data_.size(); ++i) types.push_back(data_.types(i));
    return types;
  }

  EventCalibration event_calibration() const {
    EventCalibration calibration;
    if (state_.event_next.size() >= 2) calibration.next = calibrate_events(state_.event_next);
    if (state_.event_masked.size() >= 2) calibration.masked = calibrate_events(state_.event_masked);
    calibration.rules.repeat_share = share_of_repeats(Normals(all_types()));
    calibration.rules.unseen_share = schema_.primary_column().vocabulary.unseen_share();
    return calibration;
  }

  /// Of all given views; `keys`: of those of the keys.
  FinishedNumbers numbers_of(const BehaviourModel& model, const FinishedNumbers& keys) const {
    const std::size_t n = data_.size();
    std::vector<std::uint32_t> all;  // that the finished networks are asked about
    for (std::size_t i = 0; plan_.folds > 0 && i < n; ++i) all.push_back(static_cast<std::uint32_t>(i));
    FinishedNumbers numbers = finished_numbers(jobs_, state_.next, n, state_.probes);
    numbers.own = surprise_means(model.encoder, input_, all, executor_);
    if (!model.numbers.empty())
      numbers =
          side_by_side(numbers, finished_statistics(model.numbers, statistics_, numbers, options_.seed, executor_), n);
    if (model.judges_by_gate) {
      FinishedNumbers gate = finished_numbers(jobs_, state_.gains, n, state_.gain_probes);
      gate.own = gate_gains(*model.repairer, input_, all, executor_);
      numbers = side_by_side(numbers, gate, n);
    }
    if (!model.self) return numbers;
    return side_by_side(numbers, plan_.folds > 0 ? keys : FinishedNumbers{keys.held_out, {}, {}, {}}, n);
  }

  void learn_numbers(BehaviourModel& model) {
    std::vector<NumberBlock> blocks = blocks_of(options_, schema_);
    if (blocks.empty()) return;
    NumberScratch scratch;
    statistics_.clear();
    for (std::size_t i = 0; i < data_.size(); ++i) append_statistics(blocks, data_[i], scratch, statistics_);
    model.numbers = NumberProfile(std::move(blocks), statistics_);
  }

  void fit_detector(BehaviourModel& model, const FinishedNumbers& keys, FitReport* report) {
    const std::vector<TypeSequence> types = all_types();
    learn_numbers(model);
    const FinishedNumbers finished = numbers_of(model, keys);
    model.detector.fit(types, {finished.held_out, finished.shifted, finished.own, finished.noise}, executor_);
    const Drift drift = drift_check(types, model.detector.recipe(), detector_options().profile, executor_);
    model.drift_auroc = drift.auroc;
    if (report == nullptr) return;
    report->calibration_normals = model.detector.calibration().normals();
    report->distinct_normals = model.detector.profile().distinct_normals();
    report->kept_normals = model.detector.profile().kept_normals();
    report->drift_auroc = drift.auroc;
    report->drift_warning = drift.warning;
    report->alarms = alarm_rates(model, input_, executor_);
    report->warnings = threshold_warnings(report->alarms, Normals(types));
    const std::span<const std::uint64_t> cut_at = state_.cut_at;
    for (const std::string& cut : {time_limit_warning(plan_, cut_at.first(jobs_.size())),
                                   tagger_time_limit_warning(plan_, cut_at.subspan(jobs_.size()))})
      if (!cut.empty()) report->warnings.push_back(cut);
  }

  const FitInput& input_;
  const FitOptions& options_;
  const EventSchema& schema_;
  const EncodedData& data_;
  const FitPlan& plan_;
  Executor& executor_;
  Context<float> context_;
  std::vector<FitJob> jobs_;
  std::size_t surprises_;  // views of the encoder
  FitTrainings trainings_;
  FitState& state_;
  std::vector<double> statistics_;  // [sequences, count_statistics()] of the views of numbers
};

}  // namespace

std::shared_ptr<const BehaviourModel> fit(const FitInput& input, FitReport* report, Executor& executor,
                                          ProgressSink progress) {
  return Fitter(input, executor, progress).run(report);
}

std::shared_ptr<const BehaviourModel> fit(const Dataset& data, const FitOptions& options, FitReport* report,
                                          Executor& executor, ProgressSink progress) {
  return fit(prepare_fit(data, options), report, executor, progress);
}

}  // namespace v0
}  // namespace seqguard

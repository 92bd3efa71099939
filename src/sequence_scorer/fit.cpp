#include "seqguard/sequence_scorer/fit.hpp"

#include <algorithm>
#include <chrono>
#include <limits>
#include <span>
#include <string>
#include <utility>

#include "seqguard/core/files.hpp"
#include "seqguard/detection/encoder_surprise.hpp"
#include "seqguard/sequence_scorer/behaviour_model.hpp"
#include "seqguard/training/event_objectives.hpp"
#include "seqguard/training/event_source.hpp"
#include "seqguard/training/state_file.hpp"
#include "seqguard/training/trainer.hpp"
#include "sequence_scorer/finished_surprise.hpp"
#include "sequence_scorer/fit_jobs.hpp"
#include "sequence_scorer/fit_state.hpp"
#include "sequence_scorer/held_out_surprise.hpp"
#include "sequence_scorer/threshold_check.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

ModelSpec encoder_spec(const FitPlan& plan, const EventSchema& schema) {
  ModelSpec spec;
  spec.config.vocab_size = schema.primary_column().vocabulary.size();
  spec.config.hidden_size = plan.hidden;
  spec.config.num_hidden_layers = plan.layers;
  spec.config.num_attention_heads = plan.heads;
  spec.config.intermediate_size = 4 * plan.hidden;
  spec.config.max_position_embeddings = plan.window;
  spec.config.type_vocab_size = 1;
  spec.config.initializer_range = 0.05;
  spec.config.hidden_dropout_prob = plan.dropout;
  spec.config.attention_probs_dropout_prob = 0;
  spec.config.architectures = {architecture_name(spec.config.family, Head::masked_lm)};
  spec.features = model_features(schema);
  spec.heads = {{"", Head::masked_lm}};
  return spec;
}

std::vector<const EncodedEvents*> pick(const EncodedData& data, std::span<const std::uint32_t> indices) {
  std::vector<const EncodedEvents*> result;
  for (const std::uint32_t i : indices) result.push_back(&data[i]);
  return result;
}

TrainingOptions options_of(const FitPlan& plan, std::uint64_t seed) {
  TrainingOptions options;
  options.steps = plan.steps;
  options.schedule.peak = plan.learning_rate;
  options.validate_every = std::max<std::size_t>(20, plan.steps / 30);
  options.seed = seed;
  return options;
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
        progress_(progress),
        context_(make_context(options_.compute)),
        jobs_(make_fit_jobs(plan_, options_)),
        given_(surprise_views(schema_)),
        recipe_(Recipe::preset(options_.preset, given_)),
        description_{"fit", k_fit_state_layout, fingerprint()} {
    state_.next.assign(data_.size() * given_.size(), std::numeric_limits<double>::quiet_NaN());
    resumed_ = options_.resume && !options_.state_file.empty() && file_exists(options_.state_file);
    if (resumed_) state_ = load_state<FitState>(options_.state_file, description_);
    const std::size_t probes = plan_.folds > 0 ? state_.job * probe_sequences(data_.size()).size() : 0;
    if (state_.job >= jobs_.size() || state_.next.size() != data_.size() * given_.size() ||
        state_.probes.size() != probes * given_.size() || state_.cut_at.size() != state_.job)
      fail(ErrorCode::bad_checkpoint, options_.state_file, "number of trainings or sequences does not fit");
  }

  std::shared_ptr<const BehaviourModel> run(FitReport* report) {
    Model<float> encoder(context_, encoder_spec(plan_, schema_));
    double validation_loss = 0;
    for (std::size_t j = state_.job; j < jobs_.size(); ++j) {
      validation_loss = train(encoder, j);
      if (plan_.folds > 0) ask_probes(encoder);
      if (!jobs_[j].held_out.empty()) add_held_out_surprise(state_, encoder, input_, jobs_[j], executor_);
      if (j + 1 < jobs_.size()) finish_job();
      if (!jobs_[j].held_out.empty()) report_calibration(j, jobs_[j].held_out.size());
    }
    auto model = std::make_shared<BehaviourModel>(
        BehaviourModel{schema_, std::move(encoder), SequenceDetector(recipe_, given_, detector_options()),
                       event_calibration(), options_.target_fpr, 0.5, to_json(plan_)});
    fit_detector(*model, report);
    report_calibration(jobs_.size() - 1, data_.size());
    if (report != nullptr) {
      report->plan = plan_;
      report->resumed = resumed_;
      report->seconds = seconds_since(began_);
      report->validation_loss = validation_loss;
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
          plan_.masked_share, options_.target_fpr})
      text += " " + std::to_string(value);
    return sha256(text + " " + data_fingerprint(data_));
  }

  /// Trains job j, going on where the state stopped. Returns the best held-out loss.
  double train(Model<float>& encoder, std::size_t j) {
    const FitJob& job = jobs_[j];
    encoder.initialize(job.weight_seed);
    const EventSource source(schema_, pick(data_, job.train), pick(data_, job.validation), plan_.window, job.seed);
    const MaskedEvents<float> masked(primary_counts(schema_));
    const NextEvent<float> next;
    Trainer<float> trainer(encoder,
                           {{&source, {{&masked}}, plan_.masked_share}, {&source, {{&next}}, 1 - plan_.masked_share}},
                           options_of(plan_, job.seed));
    if (state_.has_trainer && state_.job == j) trainer.restore(std::move(state_.trainer));
    const double deadline = deadline_of(j);
    Clock::time_point saved = Clock::now();
    const auto save = [&] {
      state_.has_trainer = true;
      state_.trainer = trainer.state();
      save_progress();
      saved = Clock::now();
    };
    try {
      trainer.run(executor_, job.phase, progress_, [&] {
        if (!trainer.finished() && seconds_since(began_) > deadline) trainer.stop();
        if (seconds_since(saved) >= options_.save_seconds || trainer.finished()) save();
      });
    } catch (const Error& error) {
      if (error.code() != ErrorCode::cancelled) throw;
      save();
      stopped_after("step " + std::to_string(state_.trainer.step) + " of " + std::to_string(plan_.steps) + " of ", j);
    }
    const TrainerState<float>& end = trainer.state();
    state_.cut_at.push_back(end.stopped ? end.step : 0);
    return end.early_stopping.best_loss;
  }

  /// When job j has used its share of FitOptions::max_minutes, in seconds of this fit: of the time that is left each
  /// training that is left may use the same.
  double deadline_of(std::size_t j) const {
    if (options_.max_minutes <= 0) return std::numeric_limits<double>::infinity();
    const double now = seconds_since(began_), left = 60 * options_.max_minutes - now;
    return now + left / static_cast<double>(jobs_.size() - j);
  }

  void finish_job() {
    ++state_.job;
    state_.has_trainer = false;
    state_.trainer = {};
    save_progress();
  }

  void save_progress() const {
    if (!options_.state_file.empty()) save_state(state_, options_.state_file, description_);
  }

  void ask_probes(const Model<float>& encoder) {
    const std::vector<double> probes = surprise_means(encoder, input_, probe_sequences(data_.size()), executor_);
    state_.probes.insert(state_.probes.end(), probes.begin(), probes.end());
  }

  /// What job j has trained is in the state file by now.
  void report_calibration(std::size_t j, std::size_t sequences) const {
    Progress report;
    report.phase = "calibration";
    report.done = report.total = sequences;
    if (!progress_.report(report)) stopped_after("", j);
  }

  [[noreturn]] void stopped_after(const std::string& step, std::size_t j) const {
    std::string what = "stopped after " + step + "training " + std::to_string(j + 1) + " of " +
                       std::to_string(jobs_.size()) + " (" + jobs_[j].phase + ")";
    if (!options_.state_file.empty()) what += "; saved in " + options_.state_file;
    fail(ErrorCode::cancelled, "fit", what);
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

  void fit_detector(BehaviourModel& model, FitReport* report) {
    const std::vector<TypeSequence> types = all_types();
    const FinishedSurprise finished =
        finished_surprise(model.encoder, input_, jobs_, state_.next, state_.probes, executor_);
    model.detector.fit(types, {state_.next, finished.shifted, finished.own, finished.noise}, executor_);
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
    if (const std::string cut = time_limit_warning(plan_, state_.cut_at); !cut.empty()) report->warnings.push_back(cut);
  }

  const FitInput& input_;
  const FitOptions& options_;
  const EventSchema& schema_;
  const EncodedData& data_;
  const FitPlan& plan_;
  Executor& executor_;
  ProgressSink progress_;
  Clock::time_point began_ = Clock::now();
  Context<float> context_;
  std::vector<FitJob> jobs_;
  std::vector<std::string> given_;
  Recipe recipe_;
  StateDescription description_;
  FitState state_;
  bool resumed_ = false;
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

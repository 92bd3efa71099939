#include "sequence_scorer/fit_repairer.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "seqguard/core/random.hpp"
#include "seqguard/events/damage.hpp"
#include "seqguard/events/repeats.hpp"
#include "seqguard/training/classification.hpp"
#include "seqguard/training/damaged_source.hpp"
#include "seqguard/training/edit_objectives.hpp"
#include "seqguard/training/trainer.hpp"
#include "sequence_scorer/finished_numbers.hpp"
#include "sequence_scorer/repair_trials.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

/// Streams of random numbers behind a job's seed.
enum TaggerStream : std::uint64_t { k_tagger_stream = 201, k_tagger_weights_stream, k_trial_stream };

/// Damaged held-out normals of all jobs together: the choice among a few thresholds needs no more.
constexpr std::size_t k_trials = 600;
/// The gate at which the threshold is chosen: that of RepairOptions::max_false_edits.
constexpr double k_usual_false_edits = 0.01;

/// Weights of what is asked, reference/repair.md section 3: values half as much as tags and gaps. Values of missing
/// events are a mean of their own here, over a seventh of the rows.
constexpr double k_value_weight = 0.5, k_missing_value_weight = 0.07;

/// Simulated shop after 5,000 steps, errors put right of replaced, missing: 45, 13 % at 3e-3, 51, 21 % at 5e-3.
constexpr double k_learning_rate = 5e-3;

class RepairerFit {
 public:
  RepairerFit(const FitInput& input, const Context<float>& context, std::span<const FitJob> jobs,
              FitTrainings& trainings, Executor& executor)
      : input_(input),
        context_(context),
        jobs_(jobs),
        trainings_(trainings),
        executor_(executor),
        schema_(with_repeats(input.schema, input.plan.tagger_window)) {
    std::vector<const EncodedEvents*> all;
    for (std::size_t i = 0; i < input.data.size(); ++i) all.push_back(&input.data[i]);
    if (input.schema.time) gaps_.fit(all);
    repeats_.fit(all);
  }

  SequenceRepairer run(FitReport* report) {
    for (std::size_t j = trainings_.state().job - jobs_.size(); j + 1 < jobs_.size(); ++j) {
      ask(train(j), j);
      trainings_.finish();
      report_held_out(j);
    }
    const std::size_t last = jobs_.size() - 1;
    SequenceRepairer repairer = train(last);
    ask(repairer, last);
    report_held_out(last);
    finish(repairer, report);
    return repairer;
  }

 private:
  void report_held_out(std::size_t j) const {
    if (!jobs_[j].held_out.empty()) trainings_.report_calibration(tagger_phase(jobs_, j), jobs_[j].held_out.size());
  }

  SequenceRepairer train(std::size_t j) {
    const FitJob& job = jobs_[j];
    const std::uint64_t seed = random_bits(job.seed, k_tagger_stream, 0);
    const std::vector<const EncodedEvents*> learned = pick(input_.data, job.train),
                                            watched = watched_sequences(input_, job);
    const Damage damage(input_.schema, learned);
    const DamagedSource source(schema_, damage, learned, watched, seed);
    const FitPlan& plan = input_.plan;
    Model<float> encoder(context_,
                         EditTagger::spec(schema_, {.window = plan.tagger_window, .dropout = plan.tagger_dropout}));
    encoder.initialize(random_bits(job.seed, k_tagger_weights_stream, 0));
    const ModelSpec& spec = encoder.spec();
    const Classification<float> tags(spec, EditTagger::k_tag_head, {}, k_tag_table);
    const Classification<float> gaps(spec, EditTagger::k_gap_head, {}, k_gap_table);
    const EventValues<float> values(spec, k_value_table);
    const MissingValues<float> missing(spec, EditTagger::k_gap_head, k_missing_value_table);
    TrainingOptions options;
    options.steps = plan.tagger_steps;
    options.schedule.peak = k_learning_rate;
    options.validate_every = std::max<std::size_t>(50, plan.tagger_steps / 10);
    options.patience = 0;
    options.seed = seed;
    Trainer<float> trainer(
        encoder, {{&source, {{&tags}, {&gaps}, {&values, k_value_weight}, {&missing, k_missing_value_weight}}}},
        options);
    trainings_.run(trainer, options.steps, tagger_phase(jobs_, j));
    return {EditTagger(input_.schema, std::move(encoder)), gaps_, repeats_, {}};
  }

  /// What the tagger of job j says of the sequences that it has not seen.
  void ask(const SequenceRepairer& repairer, std::size_t j) {
    const FitJob& job = jobs_[j];
    FitState& state = trainings_.state();
    if (input_.options.gate_view && input_.plan.folds > 0) {
      const std::vector<double> probes = gate_gains(repairer, input_, probe_sequences(input_.data.size()), executor_);
      state.gain_probes.insert(state.gain_probes.end(), probes.begin(), probes.end());
    }
    const std::vector<double> of_held_out = gate_gains(repairer, input_, job.held_out, executor_);
    for (std::size_t k = 0; k < of_held_out.size(); ++k) state.gains[job.held_out[k]] = of_held_out[k];
    auto scratches = make_per_worker(executor_, [] { return RepairScratch(); });
    const std::size_t share = std::max<std::size_t>(1, k_trials / std::max<std::size_t>(1, input_.plan.folds));
    const std::size_t trials = std::min(job.held_out.size(), share), thresholds = k_tried_thresholds.size();
    const Damage damage(input_.schema, pick(input_.data, job.train), {.clean_share = 0});
    std::vector<double> gains(trials), errors(trials), net(trials * thresholds);
    executor_.run(trials, [&](std::size_t k, std::size_t w) {
      RepairScratch& scratch = scratches[w];
      const std::size_t i = job.held_out[k * job.held_out.size() / trials];
      Random random(random_bits(job.seed, k_trial_stream, 0), i);
      DamagedEvents damaged;
      damage.apply(input_.data[i], random, damaged);
      gains[k] = repairer.first_gain(damaged.events, input_.schema, {}, scratch);
      errors[k] = static_cast<double>(count_errors(damaged));
      for (std::size_t t = 0; t < thresholds; ++t) {
        DecodeOptions options{.threshold = k_tried_thresholds[t],
                              .least_probability = usual_least_probability(input_.schema),
                              .excludes_present = repeats_.holds()};
        decode_edits(repairer.tagger, damaged.events, input_.schema, scratch.tags, options, scratch.tagger,
                     scratch.decode, scratch.proposed);
        net[k * thresholds + t] = net_edits(damaged, scratch.proposed);
      }
    });
    const auto append = [](std::vector<double>& to, const std::vector<double>& from) {
      to.insert(to.end(), from.begin(), from.end());
    };
    append(state.trials.gains, gains);
    append(state.trials.errors, errors);
    append(state.trials.net, net);
  }

  void finish(SequenceRepairer& repairer, FitReport* report) {
    const FitState& state = trainings_.state();
    RepairScratch scratch;
    for (std::size_t i = 0; i < input_.data.size(); ++i) {
      if (std::isnan(state.gains[i])) continue;
      repairer.gate.gains.push_back(state.gains[i]);
      if (input_.schema.time) {
        repair_times(gaps_, input_.data[i], scratch.times, {.most_disordered = 1});
        repairer.gate.disordered += scratch.times.edits.empty() ? 0 : 1;
      }
      scratch.rules.clear();
      repeats_.strike(input_.data[i], {}, scratch.repeats, scratch.rules);
      repairer.gate.with_repeats += scratch.rules.empty() ? 0 : 1;
    }
    std::sort(repairer.gate.gains.begin(), repairer.gate.gains.end());
    const GateDecision usual = repairer.gate.decide(k_usual_false_edits);
    const ThresholdChoice choice = choose_threshold(state.trials, usual.exists ? usual.gain : 0);
    repairer.threshold = choice.threshold;
    if (report == nullptr) return;
    report->repair = {repairer.gate.gains.size(), usual.gain, choice.threshold, choice.net_share};
  }

  const FitInput& input_;
  const Context<float>& context_;
  std::span<const FitJob> jobs_;
  FitTrainings& trainings_;
  Executor& executor_;
  EventSchema schema_;  // of the tagger
  GapModel gaps_;
  RepeatsRule repeats_;
};

}  // namespace

std::string tagger_phase(std::span<const FitJob> jobs, std::size_t j) {
  const std::string fold = jobs[j].phase.substr(std::min(jobs[j].phase.size(), jobs[j].phase.find(',')));
  return "tagger" + fold;
}

SequenceRepairer fit_repairer(const FitInput& input, const Context<float>& context, std::span<const FitJob> jobs,
                              FitTrainings& trainings, Executor& executor, FitReport* report) {
  return RepairerFit(input, context, jobs, trainings, executor).run(report);
}

}  // namespace v0
}  // namespace seqguard

// Fits and evaluates one labelled data set with one seed, and prints a JSON object a line: one per group of abnormal
// sequences and detector. bench/quality.sh runs all sets and makes the table.
//
//   seqguard_quality DATA_DIR SET SEED [gate]
//
// SET: a name of quality_sets.hpp. "gate": the gate of the repair is a view (FitOptions::gate_view).
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "quality_data.hpp"
#include "seqguard/detection/encoder_surprise.hpp"
#include "seqguard/metrics/metrics.hpp"
#include "seqguard/seqguard.hpp"
#include "seqguard/sequence_scorer/behaviour_model.hpp"

using namespace seqguard;
using namespace seqguard::bench;

namespace {

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

/// Scores by name of detector ("all" is the combination), one column per detector.
struct Scored {
  std::map<std::string, std::vector<double>> values;
  std::vector<double> p_values;
  double seconds = 0;
  std::size_t sequences = 0;
};

Scored score(const BehaviourModel& model, const Dataset& data, Executor& executor) {
  struct Worker {
    EncodedEvents encoded;
    SurpriseScratch surprise;
    SequenceDetector::Scratch detector;
    NumberScratch statistics;
    RepairScratch repair;
    FeatureExtractor features;
    KeyProfile profile;
    SelfScratch self;
    std::string bytes;
    std::vector<float> out;
    std::vector<double> given;
  };
  const auto& views = model.detector.recipe().views;
  const std::size_t n = data.sequences().size();
  std::vector<Worker> workers(executor.concurrency());
  for (Worker& worker : workers) worker.surprise.batch.prepare(model.schema, 0);
  std::vector<double> combined(n), p_values(n), levels(n * views.size());
  const auto began = Clock::now();
  executor.run(n, [&](std::size_t i, std::size_t w) {
    Worker& worker = workers[w];
    encode(data.view(i), model.schema, worker.encoded);
    const Surprise next = causal_surprise(model.encoder, model.schema, worker.encoded, worker.surprise, worker.out);
    worker.given.assign(next.means.begin(), next.means.end());
    model.numbers.append_scores(worker.encoded, worker.statistics, worker.given);
    if (model.judges_by_gate)
      worker.given.push_back(model.repairer->gate_gain(worker.encoded, model.schema, worker.repair));
    if (model.self) {
      model.profiles->find(worker.encoded.key, worker.profile, worker.bytes);
      const KeyDistances numbers = model.self->numbers(worker.encoded.key, worker.profile,
                                                       worker.features.extract(worker.encoded.types), worker.self);
      worker.given.insert(worker.given.end(), numbers.begin(), numbers.end());
    }
    const Judgement judgement = model.detector.judge(worker.encoded.types, worker.given, worker.detector);
    combined[i] = judgement.value;
    p_values[i] = judgement.p_value;
    std::copy(worker.detector.levels.begin(), worker.detector.levels.end(),
              levels.begin() + static_cast<std::ptrdiff_t>(i * views.size()));
  });
  Scored result;
  result.seconds = seconds_since(began) * static_cast<double>(executor.concurrency());
  result.sequences = n;
  result.p_values = p_values;
  result.values["all"] = combined;
  for (std::size_t v = 0; v < views.size(); ++v)
    for (std::size_t i = 0; i < n; ++i) result.values[views[v].name].push_back(levels[i * views.size() + v]);
  return result;
}

std::vector<double> negated(std::vector<double> values) {
  for (double& value : values) value = -value;
  return values;
}

struct Fitted {
  std::shared_ptr<const BehaviourModel> model;
  FitReport report;
};

Fitted fit_model(const Dataset& data, const std::string& preset, std::uint64_t seed, double target, bool gate,
                 Executor& executor) {
  FitOptions options;
  options.preset = recipe_preset_from_string(preset);
  options.seed = seed;
  options.target_fpr = target;
  options.repair = options.gate_view = gate;
  Fitted fitted;
  fitted.model = fit(data, options, &fitted.report, executor);
  std::fprintf(stderr, "  fitted in %.1f s (%zu steps, loss %.3f)\n", fitted.report.seconds, fitted.report.plan.steps,
               fitted.report.validation_loss);
  return fitted;
}

/// Target false-positive rate at which F1 and the real rate are reported.
double target_of(const std::string& preset) { return preset == "traces" ? 0.001 : 0.01; }

void print_group(const QualitySet& set, const Group& group, const std::string& preset, std::uint64_t seed,
                 const Fitted& fitted, const Scored& normal, const Scored& abnormal) {
  const double target = target_of(preset);
  for (const auto& [detector, normal_scores] : normal.values) {
    const std::vector<double>& scores = abnormal.values.at(detector);
    const double n = static_cast<double>(normal_scores.size()), a = static_cast<double>(scores.size());
    std::printf(
        "{\"set\":\"%s\",\"family\":\"%s\",\"group\":\"%s\",\"preset\":\"%s\",\"detector\":\"%s\",\"seed\":%llu,"
        "\"prevalence\":%.4f,\"auroc\":%.5f,\"ap\":%.5f,\"tpr1\":%.4f,\"tpr5\":%.4f,\"best_single\":%.3f",
        set.name.c_str(), set.family.c_str(), group.name.c_str(), preset.c_str(), detector.c_str(),
        static_cast<unsigned long long>(seed), a / (n + a), auroc(normal_scores, scores),
        average_precision(normal_scores, scores), tpr_at_fpr(normal_scores, scores, 0.01),
        tpr_at_fpr(normal_scores, scores, 0.05), group.best_single);
    if (detector == "all") {
      // Abnormal: p_value < target.
      Confusion decision = confusion_at(negated(normal.p_values), negated(abnormal.p_values), -target);
      std::printf(",\"target\":%.4f,\"fpr\":%.4f,\"recall\":%.4f,\"f1\":%.4f", target, decision.false_positive_rate(),
                  decision.recall(), decision.f1());
      if (set.population_normals > 0)
        std::printf(",\"projected_f1\":%.4f,\"projected_ap\":%.4f", projected(decision, set.population_normals).f1(),
                    projected_average_precision(normal_scores, scores, set.population_normals));
      std::printf(
          ",\"fit_seconds\":%.1f,\"us_per_sequence\":%.1f", fitted.report.seconds,
          1e6 * (normal.seconds + abnormal.seconds) / static_cast<double>(normal.sequences + abnormal.sequences));
    }
    std::printf("}\n");
  }
}

void run_set(const QualitySet& set, const std::string& data_dir, std::uint64_t seed, bool gate, Executor& executor) {
  const QualityData data = read_set(set, data_dir, seed);
  for (const std::string& preset : set.presets) {
    const Fitted fitted = fit_model(data.train, preset, seed, target_of(preset), gate, executor);
    const Scored normal = score(*fitted.model, data.normal, executor);
    for (std::size_t g = 0; g < set.groups.size(); ++g)
      print_group(set, set.groups[g], preset, seed, fitted, normal, score(*fitted.model, data.groups[g], executor));
  }
}

}  // namespace

int main(int argc, char** argv) {
  const bool gate = argc == 5 && std::string(argv[4]) == "gate";
  if (argc != 4 && !gate) {
    std::fprintf(stderr, "usage: seqguard_quality DATA_DIR SET SEED [gate]    (SET:");
    for (const QualitySet& set : quality_sets()) std::fprintf(stderr, " %s", set.name.c_str());
    std::fprintf(stderr, ")\n");
    return 2;
  }
  const std::string data_dir = argv[1], name = argv[2];
  const auto seed = static_cast<std::uint64_t>(std::strtoull(argv[3], nullptr, 10));
  try {
    const auto executor = make_thread_pool(2);
    for (const QualitySet& set : quality_sets())
      if (set.name == name) {
        run_set(set, data_dir, seed, gate, *executor);
        return 0;
      }
    std::fprintf(stderr, "seqguard_quality: no set named %s\n", name.c_str());
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "seqguard_quality: %s\n", error.what());
    return 1;
  }
}

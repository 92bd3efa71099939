// What labels teach, on labelled data (bench/label_quality.sh): a JSON line for each experiment.
//   adfa PRESET   attacks of all kinds but one are labelled, the one left out is tested; half of the test normals are
//                 labelled beside the training set, the other half is tested (data/README.md)
//   folds SET     5 folds of a set's test sequences: labelled in four of them, judged in the fifth
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "quality_sets.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/core/executor.hpp"
#include "seqguard/core/random.hpp"
#include "seqguard/events/reader.hpp"
#include "seqguard/metrics/metrics.hpp"
#include "seqguard/sequence_scorer/behaviour_model.hpp"
#include "seqguard/sequence_scorer/fine_tune.hpp"
#include "support/temporary_directory.hpp"

namespace seqguard::bench {
namespace {

std::vector<std::string> read_lines(const std::string& path) {
  std::ifstream file(path);
  if (!file) fail(ErrorCode::file_not_found, path, "cannot be opened");
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

Dataset as_dataset(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return read_events_from_text(text, "memory.txt", {.format = DataFormat::lines});
}

/// T of each sequence.
std::vector<double> values_of(const SequenceScorer& scorer, const Dataset& data, Executor& executor,
                              std::vector<double>* p_values = nullptr, std::vector<double>* labels = nullptr) {
  std::vector<EventsView> views;
  for (std::size_t i = 0; i < data.sequences().size(); ++i) views.push_back(data.view(i));
  std::vector<Score> scores(views.size());
  std::vector<ItemStatus> status(views.size());
  scorer.score_batch(views, scores, status, executor);
  std::vector<double> values;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (!status[i].ok) fail(status[i].code, "score", status[i].message);
    values.push_back(scores[i].value);
    if (p_values != nullptr) p_values->push_back(scores[i].p_value);
    if (labels != nullptr && !scores[i].probabilities.empty()) labels->push_back(-scores[i].probabilities[0]);
  }
  return values;
}

struct Split {
  std::vector<std::string> labelled;
  std::vector<std::size_t> classes;
  std::vector<std::string> normal, abnormal;  ///< tested
};

/// Fine-tunes the model in `base` and prints what came of it.
void run_split(const std::string& experiment, const std::string& group, const std::string& base, const Split& split,
               const FineTuneOptions& options, Executor& executor) {
  const TemporaryDirectory directory;
  const Dataset data = as_dataset(split.labelled);
  const FineTuneReport report =
      fine_tune(base, data, {{"normal", "abnormal"}, false, split.classes}, directory / "tuned", options, executor);
  const SequenceScorer before = SequenceScorer::load(base), after = SequenceScorer::load(directory / "tuned");
  const Dataset normal = as_dataset(split.normal), abnormal = as_dataset(split.abnormal);
  std::vector<double> normal_p, abnormal_p, normal_l, abnormal_l;
  const double former = auroc(values_of(before, normal, executor), values_of(before, abnormal, executor));
  const std::vector<double> of_normal = values_of(after, normal, executor, &normal_p, &normal_l),
                            of_abnormal = values_of(after, abnormal, executor, &abnormal_p, &abnormal_l);
  const auto share = [](const std::vector<double>& p) {
    double below = 0;
    for (const double value : p) below += value < 0.01 ? 1 : 0;
    return below / static_cast<double>(p.size());
  };
  std::printf(
      "{\"experiment\":\"%s\",\"group\":\"%s\",\"before\":%.4f,\"labels\":%.4f,\"together\":%.4f,\"tpr5\":%.4f,"
      "\"fpr\":%.4f,\"recall\":%.4f,\"weight\":%.0f,\"refitted\":%s,\"left_out\":%zu,\"seconds\":%.1f}\n",
      experiment.c_str(), group.c_str(), former, auroc(normal_l, abnormal_l), auroc(of_normal, of_abnormal),
      tpr_at_fpr(of_normal, of_abnormal, 0.05), share(normal_p), share(abnormal_p), report.weight,
      report.refitted ? "true" : "false", report.left_out, report.seconds);
  std::fflush(stdout);
}

void fit_base(const std::vector<std::string>& lines, RecipePreset preset, std::uint64_t seed,
              const std::string& directory, Executor& executor) {
  FitOptions options;
  options.preset = preset;
  options.seed = seed;
  save_behaviour_model(*fit(as_dataset(lines), options, nullptr, executor), directory);
}

void run_adfa(const std::string& data, const std::string& preset, std::uint64_t seed, Executor& executor) {
  const std::string folder = data + "/adfa_ld/";
  const std::vector<std::string> train = read_lines(folder + "train.txt"),
                                 attacks = read_lines(folder + "test_abnormal.txt"),
                                 kinds = read_lines(folder + "test_abnormal.kind");
  std::vector<std::string> normals = read_lines(folder + "test_normal.txt");
  Random(seed, 11).shuffle(normals);
  const TemporaryDirectory directory;
  const std::string base = directory / "base";
  fit_base(train, recipe_preset_from_string(preset), seed, base, executor);
  std::map<std::string, std::size_t> names;
  for (const std::string& kind : kinds) ++names[kind];
  for (const auto& [left_out, count] : names) {
    Split split;
    const auto label = [&](const std::string& line, std::size_t value) {
      split.labelled.push_back(line);
      split.classes.push_back(value);
    };
    for (const std::string& line : train) label(line, 0);
    for (std::size_t i = 0; i < normals.size(); ++i) {
      if (i < normals.size() / 2)
        label(normals[i], 0);
      else
        split.normal.push_back(normals[i]);
    }
    for (std::size_t i = 0; i < attacks.size(); ++i) {
      if (kinds[i] == left_out)
        split.abnormal.push_back(attacks[i]);
      else
        label(attacks[i], 1);
    }
    FineTuneOptions options;
    options.seed = seed;
    options.statistics = NormalStatistics::refit;
    run_split("adfa_" + preset, left_out, base, split, options, executor);
  }
}

void run_folds(const std::string& data, const std::string& name, std::uint64_t seed, Executor& executor) {
  for (const QualitySet& set : quality_sets()) {
    if (set.name != name) continue;
    const std::string folder = data + "/" + set.folder + "/";
    std::vector<std::string> train = read_lines(folder + set.train), normals = read_lines(folder + set.normal);
    if (set.train == set.normal) {
      const auto middle = static_cast<std::ptrdiff_t>(train.size() / 2);
      normals.erase(normals.begin(), normals.begin() + middle);
      train.erase(train.begin() + middle, train.end());
    }
    const TemporaryDirectory directory;
    fit_base(train, RecipePreset::standard, seed, directory / "base", executor);
    for (const Group& group : set.groups) {
      const std::vector<std::string> abnormal = read_lines(folder + group.file);
      for (std::size_t fold = 0; fold < 5; ++fold) {
        Split split;
        const auto add = [&](const std::vector<std::string>& lines, std::size_t value) {
          for (std::size_t i = 0; i < lines.size(); ++i) {
            if (i % 5 == fold) {
              (value == 0 ? split.normal : split.abnormal).push_back(lines[i]);
            } else {
              split.labelled.push_back(lines[i]);
              split.classes.push_back(value);
            }
          }
        };
        add(normals, 0);
        add(abnormal, 1);
        FineTuneOptions options;
        options.seed = seed;
        run_split(name, group.name + "/" + std::to_string(fold), directory / "base", split, options, executor);
      }
    }
  }
}

}  // namespace
}  // namespace seqguard::bench

int main(int argc, char** argv) try {
  using namespace seqguard;
  if (argc != 5) {
    std::fprintf(stderr, "usage: seqguard_label_quality DATA_DIR adfa|folds PRESET|SET SEED\n");
    return 2;
  }
  const std::string data = argv[1], what = argv[2];
  const std::uint64_t seed = std::strtoull(argv[4], nullptr, 10);
  const auto executor = make_thread_pool(2);
  if (what == "adfa") bench::run_adfa(data, argv[3], seed, *executor);
  if (what == "folds") bench::run_folds(data, argv[3], seed, *executor);
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "seqguard_label_quality: %s\n", error.what());
  return 1;
}

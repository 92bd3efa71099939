// Fits and evaluates one labelled data set with one seed, and prints a JSON object a line: one per group of abnormal
// sequences and detector. bench/quality.sh runs all sets and makes the table.
//
//   seqguard_quality DATA_DIR SET SEED      (SET: a name of quality_sets.hpp, or "items_events")
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "quality_sets.hpp"
#include "seqguard/core/random.hpp"
#include "seqguard/detection/encoder_surprise.hpp"
#include "seqguard/metrics/metrics.hpp"
#include "seqguard/seqguard.hpp"
#include "seqguard/sequence_scorer/behaviour_model.hpp"

using namespace seqguard;
using namespace seqguard::bench;

namespace {

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

std::vector<std::string> read_lines(const std::string& path) {
  std::ifstream file(path);
  if (!file) fail(ErrorCode::file_not_found, path, "cannot open");
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);)
    if (line.find_first_not_of(" \r\t") != std::string::npos) lines.push_back(line);
  return lines;
}

/// The last `count` blank-separated events of a line (0: all).
std::string last_events(const std::string& line, std::size_t count) {
  if (count == 0) return line;
  std::istringstream stream(line);
  std::vector<std::string> events;
  for (std::string event; stream >> event;) events.push_back(event);
  std::string result;
  for (std::size_t i = events.size() > count ? events.size() - count : 0; i < events.size(); ++i)
    result += (result.empty() ? "" : " ") + events[i];
  return result;
}

Dataset as_dataset(const std::vector<std::string>& lines, std::size_t first, std::size_t last, std::size_t last_n) {
  std::string text;
  for (std::size_t i = first; i < last; ++i) text += last_events(lines[i], last_n) + "\n";
  ReadOptions options;
  options.format = DataFormat::lines;
  return read_events_from_text(text, "memory.txt", options);
}

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
    std::vector<float> out;
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
    const Judgement judgement =
        model.detector.judge({worker.encoded.types.data(), worker.encoded.n}, next.means, worker.detector);
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

Fitted fit_model(const Dataset& data, const std::string& preset, std::uint64_t seed, double target,
                 Executor& executor) {
  FitOptions options;
  options.preset = recipe_preset_from_string(preset);
  options.seed = seed;
  options.target_fpr = target;
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

void run_set(const QualitySet& set, const std::string& data_dir, std::uint64_t seed, Executor& executor) {
  const std::string folder = data_dir + "/" + set.folder + "/";
  const std::vector<std::string> train_lines = read_lines(folder + set.train);
  const bool halves = set.train == set.normal;
  const std::vector<std::string> normal_lines = read_lines(folder + set.normal);
  const std::size_t middle = train_lines.size() / 2;
  const Dataset train = as_dataset(train_lines, 0, halves ? middle : train_lines.size(), set.last_events);
  const Dataset normal = as_dataset(normal_lines, halves ? middle : 0, normal_lines.size(), set.last_events);
  for (const std::string& preset : set.presets) {
    const Fitted fitted = fit_model(train, preset, seed, target_of(preset), executor);
    const Scored normal_scores = score(*fitted.model, normal, executor);
    for (const Group& group : set.groups) {
      const std::vector<std::string> lines = read_lines(folder + group.file);
      const Dataset abnormal = as_dataset(lines, 0, lines.size(), set.last_events);
      print_group(set, group, preset, seed, fitted, normal_scores, score(*fitted.model, abnormal, executor));
    }
  }
}

/// ML-100k: 5 % of the events of held-out users replaced by a uniform item; the last 62 events of each
/// (reference/detection.md, section 7). Figures over items that the encoder knows.
void run_item_events(const std::string& data_dir, std::uint64_t seed, Executor& executor) {
  ReadOptions read;
  read.order = "timestamp";
  read.columns = {{"item_id", ColumnKind::categorical}};
  const Dataset all = read_events(data_dir + "/items/ml-100k.inter", read);
  std::vector<std::size_t> users(all.sequences().size());
  for (std::size_t i = 0; i < users.size(); ++i) users[i] = i;
  Random random(seed, 7);
  random.shuffle(users);
  const std::size_t held_out = users.size() / 5;
  std::string text;
  for (std::size_t u = held_out; u < users.size(); ++u) {
    const EventsView view = all.view(users[u]);
    for (std::size_t i = 0; i < view.n; ++i) text += std::string(view.columns[0].text(i)) + " ";
    text += "\n";
  }
  ReadOptions lines;
  lines.format = DataFormat::lines;
  const Dataset train = read_events_from_text(text, "memory.txt", lines);
  const Fitted fitted = fit_model(train, "default", seed, 0.01, executor);
  const SequenceScorer scorer(fitted.model);
  const Vocabulary& vocabulary = scorer.schema()->primary_column().vocabulary;

  std::vector<double> clean, replaced;
  std::size_t hits1 = 0, hits10 = 0, repairs = 0, unknown = 0, events = 0;
  auto scratch = scorer.make_scratch(64);
  Score score;
  for (std::size_t u = 0; u < held_out; ++u) {
    const EventsView view = all.view(users[u]);
    std::vector<std::string> original;
    for (std::size_t i = view.n > 62 ? view.n - 62 : 0; i < view.n; ++i) original.emplace_back(view.columns[0].text(i));
    std::vector<std::string> damaged = original;
    std::vector<bool> is_damaged(original.size());
    for (std::size_t i = 0; i < damaged.size(); ++i) {
      if (random.uniform() >= 0.05) continue;
      damaged[i] = vocabulary.value(static_cast<TypeId>(random.below(vocabulary.kept())));
      is_damaged[i] = damaged[i] != original[i];
    }
    scorer.score(OneColumn(damaged).view(), score, scratch, {.masked = true});
    for (std::size_t i = 0; i < damaged.size(); ++i) {
      ++events;
      if (vocabulary.id(damaged[i]) < k_reserved_ids) {
        ++unknown;
        continue;
      }
      (is_damaged[i] ? replaced : clean).push_back(score.events[i].value);
      if (!is_damaged[i] || vocabulary.id(original[i]) < k_reserved_ids) continue;
      const auto expected = scorer.expected(OneColumn(damaged).view(), i, 10, scratch);
      ++repairs;
      for (std::size_t k = 0; k < expected.size(); ++k)
        if (expected[k].value == original[i]) {
          ++hits10;
          hits1 += k == 0;
        }
    }
  }
  std::printf(
      "{\"set\":\"items_events\",\"family\":\"items_events\",\"group\":\"uniform\",\"preset\":\"default\","
      "\"detector\":\"masked\",\"seed\":%llu,\"prevalence\":%.4f,\"auroc\":%.5f,\"ap\":%.5f,\"tpr1\":%.4f,"
      "\"tpr5\":%.4f,\"best_single\":0,\"hit1\":%.4f,\"hit10\":%.4f,\"unknown\":%.4f,\"fit_seconds\":%.1f}\n",
      static_cast<unsigned long long>(seed),
      static_cast<double>(replaced.size()) / static_cast<double>(replaced.size() + clean.size()),
      auroc(clean, replaced), average_precision(clean, replaced), tpr_at_fpr(clean, replaced, 0.01),
      tpr_at_fpr(clean, replaced, 0.05), static_cast<double>(hits1) / static_cast<double>(repairs),
      static_cast<double>(hits10) / static_cast<double>(repairs),
      static_cast<double>(unknown) / static_cast<double>(events), fitted.report.seconds);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: seqguard_quality DATA_DIR SET SEED    (SET: items_events");
    for (const QualitySet& set : quality_sets()) std::fprintf(stderr, ", %s", set.name.c_str());
    std::fprintf(stderr, ")\n");
    return 2;
  }
  const std::string data_dir = argv[1], name = argv[2];
  const auto seed = static_cast<std::uint64_t>(std::strtoull(argv[3], nullptr, 10));
  try {
    const auto executor = make_thread_pool(2);
    if (name == "items_events") {
      run_item_events(data_dir, seed, *executor);
      return 0;
    }
    for (const QualitySet& set : quality_sets())
      if (set.name == name) {
        run_set(set, data_dir, seed, *executor);
        return 0;
      }
    std::fprintf(stderr, "seqguard_quality: no set named %s\n", name.c_str());
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "seqguard_quality: %s\n", error.what());
    return 1;
  }
}

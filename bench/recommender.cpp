// What repair is worth to a recommender (bench/recommender.sh): a next-item model learns from clean, damaged and
// repaired logs, and ranks the held-out last item of each user among all. A JSON line for each log that it learned
// from.
//
//   seqguard_recommender DATA_DIR SET NORMALS KINDS SEED STEPS MINUTES [RATE..]
//
// SET: ml-100k or video. NORMALS: what the model that repairs is fitted on - "separate": clean logs of one half of the
// users, the recommender serves the other half; "damaged": the damaged logs themselves; "none": nothing is repaired,
// only the cost of damage is measured. KINDS: all, duplicated, burst, spurious or replaced. STEPS: most steps of the
// recommender. MINUTES: most of the fit of the model that repairs (0: no bound). RATE: share of wrong events.
//
// The last item of a user is tested, the one before ends the training early; neither is ever damaged. `hr` and `ndcg`
// are behind the clean history, `own_hr` and `own_ndcg` behind the history that the recommender learned from.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "next_item.hpp"
#include "recommender_data.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/core/executor.hpp"
#include "seqguard/core/random.hpp"
#include "seqguard/evaluation/repair_metrics.hpp"
#include "seqguard/events/reader.hpp"
#include "seqguard/repair/repeats_rule.hpp"
#include "seqguard/sequence_scorer/behaviour_model.hpp"
#include "seqguard/sequence_scorer/fit.hpp"
#include "seqguard/sequence_scorer/sequence_scorer.hpp"

namespace seqguard::bench {
namespace {

struct Options {
  std::string data, set, normals, kinds_name;
  std::vector<DamageKind> kinds;
  std::uint64_t seed = 1;
  std::size_t steps = 0;
  double minutes = 0;
};

using Logs = std::vector<EncodedEvents>;

EncodedEvents encoded(const EventSchema& schema, std::span<const TypeId> types) {
  const ColumnView column(types);
  EncodedEvents out;
  encode({types.size(), {&column, 1}, {}}, schema, out);
  return out;
}

/// Logs as lines of item names.
Dataset as_dataset(const EventSchema& schema, const Logs& logs) {
  std::string text;
  for (const EncodedEvents& log : logs) {
    for (const TypeId type : log.types) text += std::string(schema.primary_column().vocabulary.value(type)) + " ";
    text += "\n";
  }
  return read_events_from_text(text, "memory.txt", {.format = DataFormat::lines});
}

class Bench {
 public:
  Bench(const Options& options, Executor& executor) : options_(options), executor_(executor) {
    std::vector<Items> users = options.set == "ml-100k" ? read_ml_100k(options.data) : read_video(options.data, 10);
    Random(options.seed, 0x5B117).shuffle(users);
    const std::size_t normals = options.normals == "separate" ? users.size() / 2 : 0;
    std::map<std::string, std::uint64_t> counts;
    for (const Items& items : users)
      for (const std::string& item : items) ++counts[item];
    std::vector<ValueCount> values;
    for (const auto& [item, count] : counts) values.push_back({item, count});
    schema_ = lines_schema(Vocabulary::from_counts(values));
    for (std::size_t u = 0; u < users.size(); ++u) {
      std::vector<TypeId> types;
      for (const std::string& item : users[u]) types.push_back(schema_.primary_column().vocabulary.type(item));
      if (u < normals) {
        normals_.push_back(encoded(schema_, types));
      } else {
        tested_.push_back(types.back());
        validated_.push_back(types[types.size() - 2]);
        clean_.push_back(encoded(schema_, std::span(types).first(types.size() - 2)));
      }
    }
  }

  void run(const std::vector<double>& rates) {
    report("clean", 0, clean_, {}, "");
    std::unique_ptr<SequenceScorer> scorer;
    if (!normals_.empty() && !rates.empty()) scorer = fitted(normals_);
    for (const double rate : rates) {
      const DamagedLogs damaged = damage_logs(schema_, clean_, options_.kinds, rate, options_.seed);
      report("damaged", rate, damaged.logs, {}, "");
      if (options_.normals == "none") continue;
      repeats_struck(damaged.logs, rate);
      if (normals_.empty()) scorer = fitted(damaged.logs);
      repaired(*scorer, damaged.logs, rate);
    }
  }

 private:
  std::unique_ptr<SequenceScorer> fitted(const Logs& logs) const {
    FitOptions options;
    options.seed = options_.seed;
    options.max_minutes = options_.minutes;
    return std::make_unique<SequenceScorer>(fit(as_dataset(schema_, logs), options, nullptr, executor_));
  }

  std::vector<std::string_view> names(const EncodedEvents& log) const {
    std::vector<std::string_view> result;
    for (const TypeId type : log.types) result.push_back(schema_.primary_column().vocabulary.value(type));
    return result;
  }

  /// The rule about repetitions alone, of what the logs themselves show.
  void repeats_struck(const Logs& damaged, double rate) {
    std::vector<const EncodedEvents*> normals;
    for (const EncodedEvents& log : normals_.empty() ? damaged : normals_) normals.push_back(&log);
    RepeatsRule rule;
    rule.fit(normals);
    Logs result;
    RepairMetrics metrics;
    for (std::size_t u = 0; u < damaged.size(); ++u) {
      std::vector<std::uint64_t> buffer;
      std::vector<EventEdit> script;
      std::vector<std::size_t> origins;
      rule.strike(damaged[u], {}, buffer, script);
      std::vector<Edit> edits;
      for (const EventEdit& edit : script) {
        edits.push_back({edit.operation, edit.position});
        edits.back().count = edit.count;
      }
      metrics.add(measure_repair(names(damaged[u]), names(clean_[u]), edits));
      result.emplace_back();
      apply_script(script, damaged[u], schema_, result.back(), origins);
    }
    report("repeats struck", rate, result, metrics, rule.holds() ? "" : "the rule does not hold");
  }

  void repaired(const SequenceScorer& scorer, const Logs& damaged, double rate) {
    Logs result(damaged.size());
    std::vector<RepairMetrics> metrics(damaged.size());
    std::vector<SequenceScorer::Scratch> scratch;
    for (std::size_t w = 0; w < executor_.concurrency(); ++w) scratch.push_back(scorer.make_scratch(0));
    const auto began = std::chrono::steady_clock::now();
    executor_.run(damaged.size(), [&](std::size_t u, std::size_t w) {
      const std::vector<std::string_view> values = names(damaged[u]);
      const Repair repair = scorer.repair(OneColumn(ColumnView(std::span(values))).view(), scratch[w]);
      metrics[u] = measure_repair(values, names(clean_[u]), repair.edits);
      std::vector<TypeId> types;
      for (const std::string_view value : apply_edits(values, repair.edits))
        types.push_back(schema_.primary_column().vocabulary.type(value));
      result[u] = encoded(schema_, types);
    });
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    RepairMetrics all;
    for (const RepairMetrics& one : metrics) all.add(one);
    report("repaired", rate, result, all, std::to_string(seconds) + " s for the repair");
  }

  std::int32_t id(TypeId type) const { return schema_.primary_column().vocabulary.id(type); }

  /// Trains the recommender on the logs and prints what it is worth.
  void report(const std::string& logs_name, double rate, const Logs& logs, const RepairMetrics& repair,
              const std::string& note) {
    const auto began = std::chrono::steady_clock::now();
    std::vector<Query> validation;
    Logs histories[2];  // clean and own, with the item that ended the training
    std::vector<Query> queries[2];
    for (std::size_t u = 0; u < logs.size(); ++u) {
      validation.push_back({&logs[u], id(validated_[u])});
      for (std::size_t which = 0; which < 2; ++which) {
        std::vector<TypeId> types = (which == 0 ? clean_ : logs)[u].types;
        types.push_back(validated_[u]);
        histories[which].push_back(encoded(schema_, types));
      }
    }
    std::size_t events = 0, steps = 0;
    for (const EncodedEvents& log : logs) events += log.n;
    const Model<float> model =
        train_next_item(schema_, logs, validation, options_.steps, options_.seed, executor_, &steps);
    for (std::size_t which = 0; which < 2; ++which)
      for (std::size_t u = 0; u < tested_.size(); ++u) queries[which].push_back({&histories[which][u], id(tested_[u])});
    const Ranking ranking = rank_items(model, schema_, queries[0], true, executor_),
                  all = rank_items(model, schema_, queries[0], false, executor_),
                  own = rank_items(model, schema_, queries[1], true, executor_);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    std::printf(R"({"set":"%s","normals":"%s","kinds":"%s","seed":%llu,"rate":%g,"logs":"%s",)"
                R"("hr":%.4f,"ndcg":%.4f,"all_hr":%.4f,"all_ndcg":%.4f,"own_hr":%.4f,"own_ndcg":%.4f,)"
                R"("users":%zu,"events":%zu,"steps":%zu,"seconds":%.0f,)"
                R"("errors":%zu,"left":%zu,"edits":%zu,"located":%zu,"right":%zu,"note":"%s"})"
                "\n",
                options_.set.c_str(), options_.normals.c_str(), options_.kinds_name.c_str(),
                static_cast<unsigned long long>(options_.seed), rate, logs_name.c_str(), ranking.hit_rate, ranking.ndcg,
                all.hit_rate, all.ndcg, own.hit_rate, own.ndcg, logs.size(), events, steps, seconds, repair.errors,
                repair.left, repair.edits, repair.located, repair.right, note.c_str());
    std::fflush(stdout);
  }

  const Options& options_;
  Executor& executor_;
  EventSchema schema_;
  Logs normals_, clean_;                    // of the two halves of the users; the second without the last two items
  std::vector<TypeId> validated_, tested_;  // these two
};

}  // namespace
}  // namespace seqguard::bench

int main(int argc, char** argv) try {
  using namespace seqguard;
  bench::Options options;
  const auto is_one_of = [&](int i, std::initializer_list<std::string_view> names) {
    return std::find(names.begin(), names.end(), argv[i]) != names.end();
  };
  if (argc >= 8) options.kinds = bench::damage_kinds(argv[4]);
  if (options.kinds.empty() || !is_one_of(2, {"ml-100k", "video"}) || !is_one_of(3, {"separate", "damaged", "none"})) {
    std::fprintf(stderr,
                 "usage: seqguard_recommender DATA_DIR ml-100k|video separate|damaged|none "
                 "all|duplicated|burst|spurious|replaced SEED STEPS MINUTES [RATE..]\n");
    return 2;
  }
  options.data = argv[1];
  options.set = argv[2];
  options.normals = argv[3];
  options.kinds_name = argv[4];
  options.seed = std::strtoull(argv[5], nullptr, 10);
  options.steps = std::strtoull(argv[6], nullptr, 10);
  options.minutes = std::strtod(argv[7], nullptr);
  std::vector<double> rates;
  for (int i = 8; i < argc; ++i) rates.push_back(std::strtod(argv[i], nullptr));
  const auto executor = make_thread_pool(2);
  bench::Bench(options, *executor).run(rates);
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "seqguard_recommender: %s\n", error.what());
  return 1;
}

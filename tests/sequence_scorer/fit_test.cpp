#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "seqguard/core/files.hpp"
#include "seqguard/events/fit_schema.hpp"
#include "seqguard/model/checkpoint.hpp"
#include "sequence_scorer/fit_jobs.hpp"
#include "sequence_scorer/small_shop.hpp"
#include "support/temporary_directory.hpp"

using namespace seqguard;
using namespace seqguard::tests;

namespace {

namespace fs = std::filesystem;

/// Kills its process at the n-th report.
struct KillAfter {
  std::size_t reports_left;
  static bool report(const Progress&, void* user) {
    auto& self = *static_cast<KillAfter*>(user);
    if (self.reports_left-- == 0) ::kill(::getpid(), SIGKILL);
    return true;
  }
};

bool count_report(const Progress&, void* user) {
  ++*static_cast<std::size_t*>(user);
  return true;
}

FitOptions tiny_fit() {
  FitOptions options;
  options.epochs = 3;
  options.seed = 9;
  options.save_seconds = 0;
  options.repair = false;
  return options;
}

}  // namespace

TEST_CASE("a model that is saved and loaded gives the same bits") {
  const TemporaryDirectory directory;
  const std::string path = directory / "model";
  save_behaviour_model(*shared_scorer().model(), path);
  const SequenceScorer loaded = SequenceScorer::load(path);
  for (const auto& events : visits(20, 31)) {
    const Score a = shared_scorer().score(events), b = loaded.score(events);
    CHECK(a.value == b.value);
    CHECK(a.p_value == b.p_value);
    CHECK(a.p_conformal == b.p_conformal);
    CHECK(a.events[a.worst].value == b.events[b.worst].value);
    CHECK(a.events[a.worst].p_value == b.events[b.worst].p_value);
  }
}

TEST_CASE("the encoder is cross-fitted where the target leaves fewer than five normals beyond the threshold") {
  const Dataset data = as_dataset(visits(500, 1));
  FitOptions options;
  options.target_fpr = 0.01;
  CHECK(prepare_fit(data, options).plan.folds == 0);
  CHECK(prepare_fit(as_dataset(visits(499, 1)), options).plan.folds == 4);
  options.target_fpr = 0.009;
  CHECK(prepare_fit(data, options).plan.folds == 4);
}

TEST_CASE("files of another generation, damaged and missing files are refused by name") {
  const TemporaryDirectory directory;
  const std::string path = directory / "model";
  save_behaviour_model(*shared_scorer().model(), path);
  const auto message = [&] {
    try {
      SequenceScorer::load(path);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("loaded");
  };
  CHECK(message() == "loaded");
  for (const std::string name : {"config.json", "model.safetensors", "event_schema.json", "profile.safetensors",
                                 "event_calibration.safetensors"}) {
    const std::string file = path + "/" + name, good = read_file(file, 1u << 28);
    std::string bad = good;
    bad[bad.size() / 2] ^= 1;
    write_file_atomically(file, bad);
    CHECK(message().find(name) != std::string::npos);
    fs::remove(file);
    CHECK(message().find(name) != std::string::npos);
    write_file_atomically(file, good);
  }
  write_file_atomically(path + "/detector.json", "{}");
  CHECK(message().find("detector.json") != std::string::npos);
  CHECK_THROWS_AS(SequenceScorer::load(directory / "nowhere"), Error);
}

TEST_CASE("files of one generation that do not fit each other are refused: the encoder's tables would be left") {
  TemporaryDirectory directory;
  const std::string path = directory / "model";
  /// What load says after a change of one file that detector.json agrees to.
  const auto refusal = [&](const std::string& name, const std::string& from, const std::string& to) {
    save_behaviour_model(*shared_scorer().model(), path);
    const std::string before = read_file(path + "/" + name, 1u << 28);
    std::string after = before, sidecar = read_file(path + "/detector.json", 1u << 20);
    REQUIRE(after.find(from) != std::string::npos);
    after.replace(after.find(from), from.size(), to);
    write_file_atomically(path + "/" + name, after);
    sidecar.replace(sidecar.find(sha256(before)), sha256(before).size(), sha256(after));
    write_file_atomically(path + "/detector.json", sidecar);
    try {
      SequenceScorer::load(path);
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::bad_checkpoint);
      return std::string(error.what());
    }
    return std::string("loaded");
  };
  const EventSchema& schema = shared_scorer().model()->schema;
  const std::size_t kept = schema.primary_column().vocabulary.kept();
  CHECK(refusal("event_schema.json", "\"kept\": " + std::to_string(kept), "\"kept\": " + std::to_string(kept - 1))
            .find("vocab_size, expected " + std::to_string(kept + 4)) != std::string::npos);
  CHECK(refusal("event_schema.json", "\"window\": " + std::to_string(schema.sequence.window), "\"window\": 5000")
            .find("max_position_embeddings") != std::string::npos);
}

TEST_CASE("an encoder without the head that predicts events is refused") {
  const TemporaryDirectory directory;
  const std::string path = directory / "model";
  save_behaviour_model(*shared_scorer().model(), path);
  std::string sidecar = read_file(path + "/detector.json", 1u << 20);
  const char* const names[] = {"/config.json", "/model.safetensors"};
  std::vector<std::string> digests;
  for (const char* name : names) digests.push_back(file_sha256(path + name));
  ModelSpec spec = shared_scorer().model()->encoder.spec();
  spec.heads.clear();
  const Model<float> bare(make_context(default_isa()), spec);
  save_model(path, bare);
  for (std::size_t i = 0; i < 2; ++i)
    sidecar.replace(sidecar.find(digests[i]), digests[i].size(), file_sha256(path + names[i]));
  write_file_atomically(path + "/detector.json", sidecar);
  CHECK_THROWS_WITH_AS(SequenceScorer::load(path), doctest::Contains("BertForMaskedLM"), Error);
}

TEST_CASE("the same bits at 1 and 2 threads, and after being killed and resumed") {
  const TemporaryDirectory directory;
  const Dataset data = as_dataset(visits(60, 41));
  const auto fit_and_save = [&](const FitOptions& options, std::size_t threads, const std::string& name,
                                ProgressSink progress = {}) {
    const auto executor = make_thread_pool(threads);
    FitInput input = prepare_fit(data, options);
    input.plan.tagger_steps = 3;
    input.plan.tagger_window = 16;
    save_behaviour_model(*fit(input, nullptr, *executor, progress), directory / name);
  };
  std::size_t reports = 0;
  fit_and_save(tiny_fit(), 1, "straight", {count_report, &reports});
  const std::string expected = digest(directory / "straight");
  fit_and_save(tiny_fit(), 2, "two_threads");
  CHECK(digest(directory / "two_threads") == expected);

  // Killed in a fold, at a calibration, between encoders and taggers, in the last training.
  for (const std::size_t at :
       {std::size_t{1}, reports / 4, reports / 2 - 1, reports / 2, reports / 2 + 1, reports - 2}) {
    const std::string name = "killed_at_" + std::to_string(at);
    FitOptions options = tiny_fit();
    options.state_file = directory / (name + ".state");
    const pid_t child = ::fork();
    if (child == 0) {
      KillAfter killer{at};
      fit_and_save(options, 1, name, {KillAfter::report, &killer});
      ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    REQUIRE(WIFSIGNALED(status));
    CHECK_FALSE(directory_exists(directory / name));
    REQUIRE(file_exists(options.state_file));
    options.resume = true;
    fit_and_save(options, at % 2 == 0 ? 1 : 2, name);
    CHECK(digest(directory / name) == expected);
  }
}

TEST_CASE("a state of other data or options is refused") {
  const TemporaryDirectory directory;
  FitOptions options = tiny_fit();
  options.state_file = directory / "state";
  const Dataset data = as_dataset(visits(40, 51));
  fit(data, options);
  options.resume = true;
  options.seed = 10;
  CHECK_THROWS_AS(fit(data, options), Error);
  options.seed = 9;
  CHECK_THROWS_AS(fit(as_dataset(visits(40, 52)), options), Error);
  auto other_order = visits(40, 51);  // the same values, as often
  std::reverse(other_order.begin(), other_order.end());
  CHECK_THROWS_AS(fit(as_dataset(other_order), options), Error);
  fit(data, options);
}

TEST_CASE("a state of other values in a column beside the judged one is refused") {
  const TemporaryDirectory directory;
  FitOptions options = tiny_fit();
  options.state_file = directory / "state";
  // The same schema, events and times; two events of a user swap their value of one column.
  const auto table = [](bool swap_categories, bool swap_numbers) {
    std::string text = "user,event,device,price,time\n";
    const auto visited = visits(40, 53);
    for (std::size_t user = 0; user < visited.size(); ++user) {
      for (std::size_t i = 0; i < visited[user].size(); ++i) {
        const bool swapped = user == 7 && (i == 1 || i == 2);
        const bool on_phone = (i % 2 == 0) != (swapped && swap_categories);
        const std::size_t price = swapped && swap_numbers ? 3 - i : i;
        text += "u" + std::to_string(user) + "," + visited[user][i] + "," + (on_phone ? "phone" : "desk") + "," +
                std::to_string(price) + "," + std::to_string(1'700'000'000 + 60 * i) + "\n";
      }
    }
    ReadOptions read;
    read.columns = {{"event"}, {"device"}, {"price", ColumnKind::numeric}};
    return read_events_from_text(text, "visits.csv", read);
  };
  const Dataset data = table(false, false);
  fit(data, options);
  options.resume = true;
  for (const bool categories : {true, false}) {
    const Dataset other = table(categories, !categories);
    REQUIRE(to_json(fit_schema(other)) == to_json(fit_schema(data)));
    CHECK_THROWS_WITH_AS(fit(other, options), doctest::Contains("belongs to other data"), Error);
  }
  fit(data, options);
}

TEST_CASE("sizes of encoders: by name, and what they are") {
  for (const EncoderSize size : {EncoderSize::automatic, EncoderSize::tiny, EncoderSize::small, EncoderSize::medium})
    CHECK(encoder_size_from_string(to_string(size)) == size);
  CHECK(encoder_size_from_string("M") == EncoderSize::medium);
  CHECK_THROWS_WITH_AS(encoder_size_from_string("XXL"), doctest::Contains("expected auto, T, S or M"), Error);
  const Dataset data = as_dataset(visits(40, 61));
  FitOptions options = tiny_fit();
  options.size = EncoderSize::medium;
  const FitPlan plan = prepare_fit(data, options).plan;
  CHECK(plan.hidden == 256);
  CHECK(plan.layers == 4);
  CHECK(plan.heads == 4);
  options.size = EncoderSize::tiny;
  CHECK(prepare_fit(data, options).plan.hidden == 64);
}

TEST_CASE("early stopping watches other sequences where there are any, and nothing is learned from them") {
  const Dataset data = as_dataset(visits(60, 62)), like = as_dataset(visits(20, 63));
  auto reversed = visits(20, 63);
  for (auto& events : reversed) std::reverse(events.begin(), events.end());
  const Dataset unlike = as_dataset(reversed);
  const auto loss = [&](const Dataset* valid, std::size_t& calibration, FitOptions options) {
    FitInput input = prepare_fit(data, options);
    if (valid != nullptr) set_validation(input, *valid);
    FitReport report;
    fit(input, &report);
    calibration = report.calibration_normals;
    return report.validation_loss;
  };
  std::size_t of_share = 0, of_like = 0, of_unlike = 0;
  const double share = loss(nullptr, of_share, tiny_fit());
  const double same = loss(&like, of_like, tiny_fit()), other = loss(&unlike, of_unlike, tiny_fit());
  CHECK(same != share);
  CHECK(other > same);  // reversed visits are another grammar
  CHECK(of_like == of_share);
  CHECK(of_unlike == of_share);

  // A tenth of what is left of the folds is watched without it, none with it.
  FitInput input = prepare_fit(data, tiny_fit());
  const std::size_t watched = make_fit_jobs(input.plan, input.options).back().validation.size();
  set_validation(input, like);
  const FitJob job = make_fit_jobs(input.plan, input.options).back();
  CHECK(watched > 0);
  CHECK(job.validation.empty());
  CHECK(job.train.size() + job.held_out.size() == 60);
  CHECK(watched_sequences(input, job).size() == 20);

  // A state belongs to what was watched too.
  const TemporaryDirectory directory;
  FitOptions options = tiny_fit();
  options.state_file = directory / "state";
  std::size_t ignored = 0;
  loss(&like, ignored, options);
  options.resume = true;
  CHECK_THROWS_WITH_AS(loss(&unlike, ignored, options), doctest::Contains("belongs to other data"), Error);

  CHECK_THROWS_WITH_AS(set_validation(input, Dataset()), doctest::Contains("--valid"), Error);
  CHECK_THROWS_AS(set_validation(input, visits_with_kinds(20, 1)), Error);
}

TEST_CASE("progress can stop a fit, and bad arguments are named") {
  const Dataset data = as_dataset(visits(40, 61));
  const ProgressSink stop{[](const Progress&, void*) { return false; }, nullptr};
  try {
    fit(data, tiny_fit(), nullptr, inline_executor(), stop);
    FAIL("not stopped");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::cancelled);
  }
  FitOptions options = tiny_fit();
  options.target_fpr = 0;
  CHECK_THROWS_AS(fit(data, options), Error);
  CHECK_THROWS_AS(fit(as_dataset(visits(5, 1)), tiny_fit()), Error);
}

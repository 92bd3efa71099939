// State files: every field comes back, what does not fit is refused by name, a kill leaves a whole file.
#include "seqguard/training/state_file.hpp"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "seqguard/core/error.hpp"
#include "seqguard/core/files.hpp"
#include "seqguard/training/trainer.hpp"
#include "support/temporary_directory.hpp"

using namespace seqguard;

namespace {

struct Numbers {
  std::uint64_t count = 0;
  double loss = 0;
  bool flag = false;
  std::vector<float> floats;
  std::vector<double> doubles;
  std::vector<std::uint64_t> counts;

  template <class Self, class Visit>
  static void visit_fields(Self& self, const Visit& visit) {
    visit("count", self.count);
    visit("loss", self.loss);
    visit("flag", self.flag);
    visit("floats", self.floats);
    visit("doubles", self.doubles);
    visit("counts", self.counts);
  }
};

/// The same with one field less, more, of another type, or another shape.
template <int Change>
struct Changed : Numbers {
  std::uint64_t extra = 0;
  double count_as_number = 0;
  std::vector<double> loss_as_list;
  template <class Self, class Visit>
  static void visit_fields(Self& self, const Visit& visit) {
    if (Change == 2) visit("extra", self.extra);
    if (Change == 3) visit("count", self.count_as_number);
    if (Change == 4) visit("loss", self.loss_as_list);
    if (Change != 3) visit("count", self.count);
    if (Change != 4) visit("loss", self.loss);
    if (Change != 1) visit("flag", self.flag);
    visit("floats", self.floats);
    visit("doubles", self.doubles);
    visit("counts", self.counts);
  }
};

const StateDescription k_description{"test", 3, "0123456789abcdef"};

Numbers numbers() {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  return {std::uint64_t{1} << 63 | 5, 0.1, true, {0.1F, -0.0F}, {nan, 1e-320}, {7}};
}

template <class State>
std::string refusal(const std::string& path, const StateDescription& description = k_description) {
  try {
    load_state<State>(path, description);
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::bad_checkpoint);
    return error.what();
  }
  return "read";
}

bool contains(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a state file gives every field back") {
  const TemporaryDirectory directory;
  const std::string path = directory / "state";
  for (const bool flag : {true, false}) {
    Numbers state = numbers();
    state.flag = flag;
    save_state(state, path, k_description);
    const auto loaded = load_state<Numbers>(path, k_description);
    CHECK(loaded.count == state.count);
    CHECK(loaded.loss == state.loss);
    CHECK(loaded.flag == flag);
    CHECK(loaded.floats == state.floats);
    CHECK(std::signbit(loaded.floats[1]));
    CHECK(std::isnan(loaded.doubles[0]));
    CHECK(loaded.doubles[1] == state.doubles[1]);
    CHECK(loaded.counts == state.counts);
  }
  save_state(Numbers{}, path, k_description);
  CHECK(load_state<Numbers>(path, k_description).floats.empty());
}

TEST_CASE("a training's state comes back whole") {
  TrainerState<float> state;
  state.values = {1, 2};
  state.optimizer = {{3, 4}, {5, 6}, 7};
  state.early_stopping = {{8, 9}, 0.25, 10};
  state.plateau = {0.5, 1.5, true, 14, 15};
  state.non_finite = {16, 17};
  state.outliers = {{18, 19}, 20, 21};
  state.average = {{22, 23}, 24};
  state.step = 11;
  state.epoch = {12, 2};
  state.example = {13, 0};
  state.stopped = true;
  const TemporaryDirectory directory;
  save_state(state, directory / "state", k_description);
  const auto loaded = load_state<TrainerState<float>>(directory / "state", k_description);
  CHECK(loaded.values == state.values);
  CHECK(loaded.optimizer.m == state.optimizer.m);
  CHECK(loaded.optimizer.v == state.optimizer.v);
  CHECK(loaded.optimizer.step == 7);
  CHECK(loaded.early_stopping.best_values == state.early_stopping.best_values);
  CHECK(loaded.early_stopping.best_loss == 0.25);
  CHECK(loaded.early_stopping.validations_since == 10);
  CHECK(loaded.plateau.scale == 0.5);
  CHECK(loaded.plateau.best == 1.5);
  CHECK(loaded.plateau.judged);
  CHECK(loaded.plateau.since == 14);
  CHECK(loaded.plateau.resting == 15);
  CHECK(loaded.non_finite.skipped == 16);
  CHECK(loaded.non_finite.in_a_row == 17);
  CHECK(loaded.outliers.norms == state.outliers.norms);
  CHECK(loaded.outliers.seen == 20);
  CHECK(loaded.outliers.skipped == 21);
  CHECK(loaded.average.values == state.average.values);
  CHECK(loaded.average.updates == 24);
  CHECK(loaded.step == 11);
  CHECK(loaded.epoch == state.epoch);
  CHECK(loaded.example == state.example);
  CHECK(loaded.stopped);
}

TEST_CASE("a state of another kind, layout or fingerprint is refused, and what was found is said") {
  const TemporaryDirectory directory;
  const std::string path = directory / "state";
  save_state(numbers(), path, k_description);
  CHECK(refusal<Numbers>(path) == "read");
  CHECK(contains(refusal<Numbers>(path, {"fit", 3, "0123456789abcdef"}), "expected fit 3, found test 3"));
  CHECK(contains(refusal<Numbers>(path, {"test", 4, "0123456789abcdef"}), "expected test 4, found test 3"));
  CHECK(contains(refusal<Numbers>(path, {"test", 3, "0123456789abcdeg"}), "belongs to other data"));
  // As 0.1.0 wrote it: counters by their place, a fingerprint, and no word about the layout.
  const std::vector<std::uint64_t> counters(8, 1);
  const TensorToWrite tensor{"counters", Dtype::u64, {8}, std::as_bytes(std::span(counters))};
  write_file_atomically(path, serialize_safetensors({&tensor, 1}, {{"fingerprint", "0123456789abcdef"}}));
  CHECK(contains(refusal<Numbers>(path), "state of another version; remove it to begin anew, expected test 3"));
}

TEST_CASE("a state with other fields is refused by their names") {
  const TemporaryDirectory directory;
  const std::string path = directory / "state";
  save_state(numbers(), path, k_description);
  CHECK(contains(refusal<Changed<1>>(path), "\"flag\""));
  CHECK(contains(refusal<Changed<2>>(path), "\"extra\""));
  CHECK(contains(refusal<Changed<3>>(path), "\"count\""));
  CHECK(contains(refusal<Changed<4>>(path), "\"loss\""));
  const std::string whole = read_file(path, 1U << 20);
  write_file_atomically(path, std::string_view(whole).substr(0, whole.size() - 8));
  CHECK(refusal<Numbers>(path) != "read");
}

TEST_CASE("killed while it saves, a process leaves a whole state") {
  const TemporaryDirectory directory;
  const std::string path = directory / "state";
  for (const unsigned microseconds : {2'000U, 5'000U, 9'000U, 14'000U, 20'000U}) {
    const pid_t child = ::fork();
    if (child == 0) {
      for (std::uint64_t i = 1;; ++i) {
        Numbers state;
        state.count = i;
        state.floats.assign(100'000, static_cast<float>(i));
        save_state(state, path, k_description);
      }
    }
    while (!file_exists(path)) ::usleep(500);
    ::usleep(microseconds);
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    const auto loaded = load_state<Numbers>(path, k_description);
    CHECK(loaded.count > 0);
    CHECK(loaded.floats == std::vector<float>(100'000, static_cast<float>(loaded.count)));
  }
}

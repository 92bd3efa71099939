// The host is in charge: what the library does not do to the process that it is linked into.
#include <dlfcn.h>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "seqguard/core/files.hpp"
#include "sequence_scorer/small_shop.hpp"
#include "support/temporary_directory.hpp"

using namespace seqguard;
using namespace seqguard::tests;

namespace {

std::atomic<int> threads_started{0};

/// Standard output and error go into a file as long as this lives.
class Redirected {
 public:
  explicit Redirected(const std::string& path) {
    std::fflush(nullptr);
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    for (int i = 0; i < 2; ++i) {
      kept_[i] = ::dup(i + 1);
      ::dup2(file, i + 1);
    }
    ::close(file);
  }
  ~Redirected() {
    std::fflush(nullptr);
    for (int i = 0; i < 2; ++i) {
      ::dup2(kept_[i], i + 1);
      ::close(kept_[i]);
    }
  }
  Redirected(const Redirected&) = delete;
  Redirected& operator=(const Redirected&) = delete;

 private:
  int kept_[2];
};

/// The handlers of all signals, as bytes.
std::string signal_handlers() {
  std::string handlers;
  for (int number = 1; number < NSIG; ++number) {
    struct sigaction action;
    std::memset(&action, 0, sizeof action);
    if (::sigaction(number, nullptr, &action) != 0) continue;
    handlers.append(reinterpret_cast<const char*>(&action.sa_handler), sizeof action.sa_handler);
  }
  return handlers;
}

/// All that a host does with the default executor, what fails included.
void use_everything(const std::string& directory) {
  FitOptions options = quick_fit();
  options.epochs = 2;
  options.state_file = directory + "/state";
  FitReport report;
  options.repair = true;
  FitInput input = prepare_fit(as_dataset(visits(40, 71)), options);
  input.plan.tagger_steps = 5;
  save_behaviour_model(*fit(input, &report), directory + "/model");
  const SequenceScorer scorer = SequenceScorer::load(directory + "/model");
  auto batch = visits(20, 72);
  batch.emplace_back();                // fails alone
  batch.emplace_back(300, "unknown");  // abnormal, longer than the window
  std::vector<OneColumn> columns;
  for (const auto& events : batch) columns.emplace_back(events);
  const std::vector<EventsView> views(columns.begin(), columns.end());
  std::vector<Score> scores(batch.size());
  std::vector<ItemStatus> status(batch.size());
  scorer.score_batch(views, scores, status, inline_executor(), {.masked = true});
  scorer.repair(std::vector<std::string>{"login", "search", "drop_table", "list", "view", "zoom", "logout"});
  CHECK_THROWS_AS(scorer.score(batch[20]), Error);
  CHECK_THROWS_AS(SequenceScorer::load(directory + "/nothing"), Error);
}

}  // namespace

extern "C" int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*function)(void*),
                              void* argument) noexcept {
  using Create = int(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
  static auto* const create = reinterpret_cast<Create*>(::dlsym(RTLD_NEXT, "pthread_create"));
  ++threads_started;
  return create(thread, attributes, function, argument);
}

TEST_CASE("no thread, no output and no signal handler of our own") {
  make_thread_pool(2);
  REQUIRE(threads_started > 0);  // a thread would be noticed
  const TemporaryDirectory directory;
  const std::string handlers = signal_handlers();
  const int before = threads_started;
  {
    const Redirected output(directory / "output");
    use_everything(directory.path());
  }
  CHECK(threads_started == before);
  CHECK(signal_handlers() == handlers);
  CHECK(read_file(directory / "output", 1000) == "");
}

#include "seqguard/core/executor.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <stdexcept>
#include <vector>

using namespace seqguard;

TEST_CASE("executors run each task once, on a worker below concurrency") {
  for (const std::size_t threads : {1, 2, 4}) {
    const auto executor = make_thread_pool(threads);
    CHECK(executor->concurrency() == threads);
    for (int round = 0; round < 50; ++round) {
      std::vector<std::atomic<int>> runs(37);
      std::atomic<bool> bad_worker{false};
      executor->run(runs.size(), [&](std::size_t task, std::size_t worker) {
        ++runs[task];
        if (worker >= threads) bad_worker = true;
      });
      for (const auto& count : runs) REQUIRE(count == 1);
      REQUIRE(!bad_worker);
    }
  }
}

TEST_CASE("the first error of a task is rethrown and the executor stays usable") {
  const auto executor = make_thread_pool(3);
  CHECK_THROWS_AS(executor->run(10,
                                [](std::size_t task, std::size_t) {
                                  if (task == 4) throw std::runtime_error("task 4");
                                }),
                  std::runtime_error);
  std::atomic<int> done{0};
  executor->run(10, [&](std::size_t, std::size_t) { ++done; });
  CHECK(done == 10);
}

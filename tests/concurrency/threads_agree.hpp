// Threads that share a model must give the bits that one thread gives; under ThreadSanitizer also without a data race.
#pragma once

#include <doctest/doctest.h>

#include <cstddef>
#include <latch>
#include <thread>
#include <vector>

namespace seqguard {

/// `make_worker()` is called once in each thread and returns what that thread owns: a callable that maps an item below
/// `items` to a result with operator==. All threads compute all items at the same time, each from another start.
template <class MakeWorker>
void check_threads_agree(std::size_t items, const MakeWorker& make_worker) {
  constexpr std::size_t k_threads = 4, k_rounds = 3;
  auto alone = make_worker();
  using Result = decltype(alone(std::size_t{0}));
  std::vector<Result> expected;
  for (std::size_t i = 0; i < items; ++i) expected.push_back(alone(i));

  std::vector<std::size_t> agreed(k_threads, 0);
  std::latch start(k_threads);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < k_threads; ++t)
    threads.emplace_back([&, t] {
      auto worker = make_worker();
      start.arrive_and_wait();
      for (std::size_t step = 0; step < k_rounds * items; ++step) {
        const std::size_t item = (step + t * items / k_threads) % items;
        if (worker(item) == expected[item]) ++agreed[t];
      }
    });
  for (std::thread& thread : threads) thread.join();
  for (std::size_t t = 0; t < k_threads; ++t) {
    CAPTURE(t);
    CHECK(agreed[t] == k_rounds * items);
  }
}

}  // namespace seqguard

// Who runs the tasks of a batch: the calling thread, a pool of ours if the host asks for one, or the host's own.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "seqguard/core/function_ref.hpp"

namespace seqguard {
inline namespace v0 {

/// Runs independent tasks. The library starts no thread unless the host hands it an executor that has some.
struct Executor {
  virtual ~Executor() = default;
  /// Number of workers, >= 1; worker indices are below it.
  virtual std::size_t concurrency() const noexcept = 0;
  /// Calls function(task, worker) once for each task in [0, count) and returns when all are done. No two tasks run on
  /// one worker at the same time. The first exception is rethrown after the others have finished. Must not be nested.
  virtual void run(std::size_t count, FunctionRef<void(std::size_t task, std::size_t worker)> function) = 0;
};

/// A scratch for each worker of an executor, from make(): worker w of Executor::run() uses the one at [w].
template <class Make>
auto make_per_worker(const Executor& executor, const Make& make) {
  std::vector<decltype(make())> scratches;
  for (std::size_t worker = 0; worker < executor.concurrency(); ++worker) scratches.push_back(make());
  return scratches;
}

/// Runs every task on the calling thread, in order. Stateless: may be shared by any number of threads.
Executor& inline_executor() noexcept;

/// `threads` workers (the caller is one of them), asleep between calls. threads <= 1 gives an inline executor.
/// run() may be called by one thread at a time.
std::unique_ptr<Executor> make_thread_pool(std::size_t threads);

}  // namespace v0
}  // namespace seqguard

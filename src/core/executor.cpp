#include "seqguard/core/executor.hpp"

#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

class InlineExecutor final : public Executor {
 public:
  std::size_t concurrency() const noexcept override { return 1; }
  void run(std::size_t count, FunctionRef<void(std::size_t, std::size_t)> function) override {
    for (std::size_t task = 0; task < count; ++task) function(task, 0);
  }
};

/// Workers sleep on a condition variable between calls and take tasks one by one from a shared counter.
class ThreadPool final : public Executor {
 public:
  explicit ThreadPool(std::size_t threads) {
    for (std::size_t worker = 1; worker < threads; ++worker) threads_.emplace_back([this, worker] { serve(worker); });
  }

  ~ThreadPool() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

  std::size_t concurrency() const noexcept override { return threads_.size() + 1; }

  void run(std::size_t count, FunctionRef<void(std::size_t, std::size_t)> function) override {
    std::unique_lock lock(mutex_);
    if (function_ != nullptr) fail(ErrorCode::invalid_argument, "Executor::run", "a run is already in progress");
    function_ = &function;
    next_ = 0;
    count_ = count;
    error_ = nullptr;
    ++generation_;
    wake_.notify_all();
    work(lock, 0);
    done_.wait(lock, [this] { return busy_ == 0; });
    function_ = nullptr;
    if (error_) std::rethrow_exception(error_);
  }

 private:
  void serve(std::size_t worker) {
    std::unique_lock lock(mutex_);
    std::size_t seen = 0;
    for (;;) {
      wake_.wait(lock, [&] { return stopping_ || (generation_ != seen && function_ != nullptr); });
      if (stopping_) return;
      seen = generation_;
      work(lock, worker);
    }
  }

  /// Takes tasks until none is left. The lock is held on entry and on return, not while a task runs.
  void work(std::unique_lock<std::mutex>& lock, std::size_t worker) {
    ++busy_;
    while (next_ < count_) {
      const std::size_t task = next_++;
      lock.unlock();
      std::exception_ptr error;
      try {
        (*function_)(task, worker);
      } catch (...) {
        error = std::current_exception();
      }
      lock.lock();
      if (error && !error_) error_ = error;
    }
    if (--busy_ == 0) done_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable wake_, done_;
  std::vector<std::thread> threads_;
  const FunctionRef<void(std::size_t, std::size_t)>* function_ = nullptr;
  std::size_t next_ = 0, count_ = 0, busy_ = 0, generation_ = 0;
  std::exception_ptr error_;
  bool stopping_ = false;
};

}  // namespace

Executor& inline_executor() noexcept {
  static InlineExecutor executor;
  return executor;
}

std::unique_ptr<Executor> make_thread_pool(std::size_t threads) {
  if (threads <= 1) return std::make_unique<InlineExecutor>();
  return std::make_unique<ThreadPool>(threads);
}

}  // namespace v0
}  // namespace seqguard

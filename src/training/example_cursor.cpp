#include "seqguard/training/example_cursor.hpp"

#include <string>
#include <utility>

#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {

ExampleCursor::ExampleCursor(const BatchSource& source) : source_(&source) {
  source.epoch(0, examples_);
  if (examples_.empty()) fail(ErrorCode::invalid_argument, "training", "no sequences to train on");
}

void ExampleCursor::seek(std::uint64_t epoch, std::uint64_t example) {
  std::vector<Example> examples;
  source_->epoch(epoch, examples);
  if (example > examples.size())
    fail(ErrorCode::bad_checkpoint, "training state", "other data", std::to_string(examples.size()) + " examples",
         std::to_string(example));
  examples_ = std::move(examples);
  number_ = epoch;
  next_ = example;
}

void ExampleCursor::take(std::size_t tokens, std::vector<Example>& out) {
  out.clear();
  for (std::size_t taken = 0; taken < tokens;) {
    if (next_ == examples_.size()) {
      source_->epoch(++number_, examples_);
      next_ = 0;
    }
    out.push_back(examples_[next_++]);
    taken += out.back().size;
  }
}

}  // namespace v0
}  // namespace seqguard

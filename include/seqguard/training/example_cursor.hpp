// A place in the endless stream of a source's examples: epoch after epoch, in the order of each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "seqguard/training/batch_source.hpp"

namespace seqguard {
inline namespace v0 {

/// Stands before the next example. The source is borrowed.
class ExampleCursor {
 public:
  /// At the first example. @throws Error invalid_argument: the source has none.
  explicit ExampleCursor(const BatchSource& source);

  const BatchSource& source() const noexcept { return *source_; }
  std::uint64_t epoch() const noexcept { return number_; }
  std::uint64_t example() const noexcept { return next_; }
  /// @throws Error bad_checkpoint: the epoch has fewer examples.
  void seek(std::uint64_t epoch, std::uint64_t example);
  /// The next examples, `tokens` tokens of them, at least one.
  void take(std::size_t tokens, std::vector<Example>& out);

 private:
  const BatchSource* source_;
  std::uint64_t number_ = 0, next_ = 0;
  std::vector<Example> examples_;  // of the epoch
};

}  // namespace v0
}  // namespace seqguard

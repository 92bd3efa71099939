// A data set as numbers: what training and statistics read.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "seqguard/events/dataset.hpp"
#include "seqguard/events/encode.hpp"

namespace seqguard {
inline namespace v0 {

/// All sequences of a data set, encoded. Owns its numbers: the data set may go. Reading it is thread-safe.
class EncodedData {
 public:
  /// @throws Error bad_event as encode(), if the columns of `data` are not those of `schema`.
  EncodedData(const Dataset& data, const EventSchema& schema);

  std::size_t size() const noexcept { return sequences_.size(); }
  const EncodedEvents& operator[](std::size_t i) const { return sequences_[i]; }
  /// The primary column of sequence i, for the statistics.
  std::span<const TypeId> types(std::size_t i) const { return {sequences_[i].types.data(), sequences_[i].n}; }

 private:
  std::vector<EncodedEvents> sequences_;
};

}  // namespace v0
}  // namespace seqguard

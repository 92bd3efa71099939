// The first rows of a source, kept while their columns are inferred.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "seqguard/events/row_source.hpp"

namespace seqguard {
inline namespace v0 {

class RowSample {
 public:
  /// Takes rows until there are 20,000 of them or they reach 64 MiB.
  explicit RowSample(RowSource& source);

  std::span<const SourceRow> rows() const noexcept { return rows_; }

 private:
  void add(const SourceRow& row);

  std::vector<SourceRow> rows_;
  std::vector<std::unique_ptr<char[]>> texts_;  // of the rows
  std::size_t bytes_ = 0;
};

}  // namespace v0
}  // namespace seqguard

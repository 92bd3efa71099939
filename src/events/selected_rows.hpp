// The rows of some sequences of a source.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>

#include "core/secret_hash.hpp"
#include "seqguard/events/row_source.hpp"

namespace seqguard {
inline namespace v0 {

/// Sequences by key, or by line where a line is a sequence.
struct SequenceSet {
  std::unordered_set<std::string, SecretHash> keys;
  std::unordered_set<std::uint64_t> lines;
};

/// Bad rows are left out.
class SelectedRows final : public RowSource {
 public:
  /// @param key field of the key; empty: sequences are known by their lines.
  SelectedRows(std::unique_ptr<RowSource> source, std::optional<std::size_t> key, SequenceSet sequences)
      : source_(std::move(source)), key_(key), sequences_(std::move(sequences)) {}
  const SourceInfo& info() const noexcept override { return source_->info(); }
  bool next(SourceRow& row) override {
    while (source_->next(row)) {
      if (!row.problem.empty()) continue;
      if (key_ ? sequences_.keys.contains(std::string(row.fields[*key_])) : sequences_.lines.contains(row.line))
        return true;
    }
    return false;
  }

 private:
  std::unique_ptr<RowSource> source_;
  std::optional<std::size_t> key_;
  SequenceSet sequences_;
};

}  // namespace v0
}  // namespace seqguard

#include "events/row_sample.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>

namespace seqguard {
inline namespace v0 {

RowSample::RowSample(RowSource& source) {
  constexpr std::size_t k_rows = 20'000, k_bytes = std::size_t{64} << 20;
  SourceRow row;
  while (rows_.size() < k_rows && bytes_ < k_bytes && source.next(row)) add(row);
}

void RowSample::add(const SourceRow& row) {
  SourceRow& kept = rows_.emplace_back(row);
  if (!row.problem.empty()) {
    kept.raw = kept.lead = {};
    kept.fields.clear();
    return;
  }
  // One block for each row: its bytes, then the fields that are no part of them, as unescaped ones.
  const auto address = [](std::string_view text) { return reinterpret_cast<std::uintptr_t>(text.data()); };
  const auto is_in_row = [&](std::string_view text) {
    return address(text) >= address(row.raw) && address(text) + text.size() <= address(row.raw) + row.raw.size();
  };
  std::size_t size = row.raw.size() + row.lead.size();
  for (const std::string_view field : row.fields) size += is_in_row(field) ? 0 : field.size();
  char* end = texts_.emplace_back(std::make_unique_for_overwrite<char[]>(size)).get();
  const auto copy = [&](std::string_view text) {
    const std::string_view result(end, text.size());
    end = std::copy(text.begin(), text.end(), end);
    return result;
  };
  kept.raw = copy(row.raw);
  kept.lead = copy(row.lead);
  for (std::string_view& field : kept.fields)
    field = is_in_row(field) ? kept.raw.substr(address(field) - address(row.raw), field.size()) : copy(field);
  // An upper bound: a field is kept in 16 bytes, and the column that is looked at takes as much again.
  bytes_ += 2 * (row.raw.empty() ? size : row.raw.size()) + row.fields.size() * sizeof(std::string);
}

}  // namespace v0
}  // namespace seqguard

// One sequence of events as the caller holds it: borrowed columns, nothing copied.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include "seqguard/events/type_id.hpp"

namespace seqguard {
inline namespace v0 {

/// A time that is not known.
inline constexpr std::int64_t k_no_time = std::numeric_limits<std::int64_t>::min();

/// The values of one column, in the order of the events. Categorical columns are strings or TypeIds that
/// Vocabulary::type() gave; numeric columns are floats, where NaN and infinities mean "missing".
class ColumnView {
 public:
  enum class Kind { none, views, strings, ids, floats };

  ColumnView() = default;
  ColumnView(std::span<const std::string_view> values)  // NOLINT: implicit, so that an array of columns reads well
      : kind_(Kind::views), data_(values.data()), size_(values.size()) {}
  ColumnView(std::span<const std::string> values)  // NOLINT
      : kind_(Kind::strings), data_(values.data()), size_(values.size()) {}
  ColumnView(std::span<const TypeId> values)  // NOLINT
      : kind_(Kind::ids), data_(values.data()), size_(values.size()) {}
  ColumnView(std::span<const float> values)  // NOLINT
      : kind_(Kind::floats), data_(values.data()), size_(values.size()) {}

  Kind kind() const noexcept { return kind_; }
  std::size_t size() const noexcept { return size_; }
  bool is_text() const noexcept { return kind_ == Kind::views || kind_ == Kind::strings; }

  /// Value i of a column of strings (is_text()).
  std::string_view text(std::size_t i) const noexcept {
    return kind_ == Kind::views ? static_cast<const std::string_view*>(data_)[i]
                                : std::string_view(static_cast<const std::string*>(data_)[i]);
  }
  std::span<const TypeId> ids() const noexcept { return {static_cast<const TypeId*>(data_), size_}; }
  std::span<const float> floats() const noexcept { return {static_cast<const float*>(data_), size_}; }

  /// The values [first, first + count).
  ColumnView slice(std::size_t first, std::size_t count) const noexcept {
    constexpr std::size_t sizes[] = {0, sizeof(std::string_view), sizeof(std::string), sizeof(TypeId), sizeof(float)};
    ColumnView result = *this;
    result.size_ = count;
    if (first > 0) result.data_ = static_cast<const std::byte*>(data_) + first * sizes[static_cast<std::size_t>(kind_)];
    return result;
  }

 private:
  Kind kind_ = Kind::none;
  const void* data_ = nullptr;
  std::size_t size_ = 0;
};

/// A sequence of n events. `columns` follow EventSchema::columns; each has n values. `time_ms` has n values, or none
/// where the schema has no time column or the times are not known (then every gap counts as unknown).
struct EventsView {
  std::size_t n = 0;
  std::span<const ColumnView> columns;
  std::span<const std::int64_t> time_ms;
  std::string_view key = {};  ///< whose profile it is judged by (SequenceRules::profile_key); empty: nobody's
};

/// Shorthand for a sequence that is one column of values, as an argument: `scorer.score(OneColumn(names), ...)`. The
/// values are borrowed, and its view() refers to the object.
class OneColumn {
 public:
  explicit OneColumn(ColumnView column) : column_(column) {}
  template <class Range>
  requires(!std::is_convertible_v<const Range&, ColumnView>) explicit OneColumn(const Range& values)
      : column_(std::span(values)) {}

  EventsView view() const noexcept { return {column_.size(), {&column_, 1}, {}}; }
  operator EventsView() const noexcept { return view(); }  // NOLINT: the shorthand is the point

 private:
  ColumnView column_;
};

}  // namespace v0
}  // namespace seqguard

// The stack machine of pickle over inert values; private to the library.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/byte_reader.hpp"
#include "model/state_dict_pickle.hpp"
#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {

/// What a value of a pickle is.
enum class PickleKind : std::uint8_t {
  none,
  boolean,
  integer,
  real,
  text,
  tuple,
  list,
  dict,
  ordered_dict,
  global,
  storage,
  tensor
};

inline std::string_view name_of(PickleKind kind) {
  constexpr std::string_view k_names[] = {"None",   "a boolean", "an integer",     "a number", "a string",  "a tuple",
                                          "a list", "a dict",    "an OrderedDict", "a class",  "a storage", "a tensor"};
  return k_names[static_cast<std::size_t>(kind)];
}

/// What came out of the file may go into a message: cut, and without control characters.
inline std::string shown(std::string_view text) {
  std::string result(text.substr(0, 100));
  for (char& c : result)
    if (c < ' ' || c > '~') c = '?';
  return result;
}

/// Values, the stack with its marks, and the memo. A value is its number; nothing is ever called.
/// Everything that a hostile pickle could make grow is counted against the limits.
class PickleStack {
 protected:
  using Kind = PickleKind;
  using Id = std::uint32_t;
  static constexpr Id k_nothing = std::numeric_limits<Id>::max();

  /// `first` and `count`: text, its bytes; tuple, its items; dict, first and last entry; the others, see make().
  struct Value {
    Kind kind = Kind::none;
    std::uint32_t count = 0;
    std::uint64_t first = 0;
  };
  struct DictEntry {
    Id key, value, next;
  };

  PickleStack(std::string_view pickle, const std::string& where, const PickleLimits& limits)
      : reader_(pickle, where), pickle_(pickle), where_(where), pickle_limits_(limits) {}

  [[noreturn]] void refuse(std::string_view what, std::string_view expected, std::string_view found) const {
    fail(ErrorCode::bad_checkpoint, where_ + ": byte " + std::to_string(reader_.position()), what, expected, found);
  }

  // --- the stack ---

  std::size_t size() const noexcept { return stack_.size(); }
  bool is_empty() const noexcept { return stack_.empty() && marks_.empty(); }
  std::size_t memoized() const noexcept { return memoized_; }
  void push_mark() {
    if (marks_.size() == pickle_limits_.max_nesting)
      refuse("nesting", "at most " + std::to_string(pickle_limits_.max_nesting), "more");
    marks_.push_back(stack_.size());
  }
  bool make(Kind kind, std::uint64_t first = 0, std::uint32_t count = 0) {
    spend(1);
    values_.push_back({kind, count, first});
    return push(static_cast<Id>(values_.size() - 1));
  }
  bool make_text(std::uint64_t size) {
    const std::size_t first = reader_.position();
    reader_.take(size);
    return make(Kind::text, first, static_cast<std::uint32_t>(size));
  }
  /// Of everything from `first` on the stack.
  bool make_tuple(std::size_t first) {
    const std::size_t count = stack_.size() - first, begin = items_.size();
    spend(count);
    items_.insert(items_.end(), stack_.begin() + static_cast<std::ptrdiff_t>(first), stack_.end());
    stack_.resize(first);
    return make(Kind::tuple, begin, static_cast<std::uint32_t>(count));
  }
  bool push(Id value) {
    if (stack_.size() == pickle_limits_.max_stack)
      refuse("stack", "at most " + std::to_string(pickle_limits_.max_stack) + " values", "more");
    stack_.push_back(value);
    return true;
  }
  /// Values above the last mark only.
  std::size_t below(std::size_t count) const {
    const std::size_t floor = marks_.empty() ? 0 : marks_.back();
    if (stack_.size() - floor < count) refuse("stack", std::to_string(count) + " values", "fewer");
    return stack_.size() - count;
  }
  Id top() const { return stack_[below(1)]; }
  Id pop() {
    const Id value = top();
    stack_.pop_back();
    return value;
  }
  std::size_t pop_mark() {
    if (marks_.empty()) refuse("stack", "a mark", "none");
    const std::size_t mark = marks_.back();
    marks_.pop_back();
    return mark;
  }
  void spend(std::size_t objects) {
    if (objects > pickle_limits_.max_objects - spent_)
      refuse("objects", "at most " + std::to_string(pickle_limits_.max_objects), "more");
    spent_ += objects;
  }

  void append(std::size_t first) {
    stack_.resize(first);  // no tensor is in a list
    expect(top(), Kind::list, "object to append to");
  }
  void set_items(std::size_t first) {
    if ((stack_.size() - first) % 2 != 0) refuse("items of a dict", "keys with values", "a key without");
    const std::vector<Id> pairs(stack_.begin() + static_cast<std::ptrdiff_t>(first), stack_.end());
    stack_.resize(first);
    Value& dict = values_[top()];
    if (dict.kind != Kind::dict && dict.kind != Kind::ordered_dict)
      refuse("object to set items of", "a dict", name_of(dict.kind));
    for (std::size_t i = 0; i < pairs.size(); i += 2) {
      spend(1);
      const Id entry = static_cast<Id>(entries_.size());
      entries_.push_back({pairs[i], pairs[i + 1], k_nothing});
      if (dict.first == k_nothing)
        dict.first = entry;
      else
        entries_[dict.count].next = entry;
      dict.count = entry;
    }
  }
  void remember(std::size_t place) {
    if (place >= pickle_limits_.max_memo)
      refuse("memo", "at most " + std::to_string(pickle_limits_.max_memo) + " places", "more");
    if (place >= memo_.size()) memo_.resize(place + 1, k_nothing);
    memo_[place] = top();
    ++memoized_;
  }
  void recall(std::size_t place) {
    if (place >= memo_.size() || memo_[place] == k_nothing)
      refuse("memo", "a value", "none at " + std::to_string(place));
    push(memo_[place]);
  }

  // --- what values are ---

  std::uint64_t long_integer(std::string_view bytes) const {
    if (bytes.size() > sizeof(std::uint64_t)) refuse("integer", "at most 8 bytes", std::to_string(bytes.size()));
    const bool negative = !bytes.empty() && (static_cast<unsigned char>(bytes.back()) & 0x80u) != 0;
    std::uint64_t value = negative ? ~std::uint64_t{0} : 0;
    for (std::size_t i = bytes.size(); i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[i]);
    return value;
  }
  void expect(Id id, Kind kind, std::string_view what) const {
    if (values_[id].kind != kind) refuse(what, name_of(kind), name_of(values_[id].kind));
  }
  std::string_view text_of(Id id, std::string_view what) const {
    expect(id, Kind::text, what);
    return pickle_.substr(values_[id].first, values_[id].count);
  }
  std::size_t size_of(Id id, std::string_view what) const {
    expect(id, Kind::integer, what);
    const auto value = static_cast<std::int64_t>(values_[id].first);
    if (value < 0) refuse(what, "a number >= 0", std::to_string(value));
    return static_cast<std::size_t>(value);
  }
  std::span<const Id> tuple_of(Id id, std::string_view what) const {
    expect(id, Kind::tuple, what);
    return std::span(items_).subspan(values_[id].first, values_[id].count);
  }

  ByteReader reader_;
  std::vector<Value> values_;
  std::vector<Id> items_;  // of all tuples
  std::vector<DictEntry> entries_;

 private:
  std::string_view pickle_;
  const std::string& where_;
  const PickleLimits& pickle_limits_;
  std::vector<Id> stack_, memo_;
  std::vector<std::size_t> marks_;
  std::size_t spent_ = 0, memoized_ = 0;
};

}  // namespace v0
}  // namespace seqguard

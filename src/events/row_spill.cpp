#include "events/row_spill.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <queue>
#include <utility>

#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

// A record: line, size of the problem, of the lead, of the raw bytes, number of fields, their sizes; then all bytes.
using Size = std::uint32_t;

/// What is read at a time of each group: of a thousand that are merged, 64 MB in all.
constexpr std::size_t k_block = std::size_t{64} << 10;

template <class Number>
void append_number(std::string& record, Number number) {
  char bytes[sizeof number];
  std::memcpy(bytes, &number, sizeof number);
  record.append(bytes, sizeof number);
}

void append_record(std::string& block, const SourceRow& row, bool keep_raw) {
  const bool is_bad = !row.problem.empty();  // then only its line is valid
  const std::string_view lead = is_bad || !keep_raw ? "" : row.lead, raw = is_bad || !keep_raw ? "" : row.raw;
  append_number(block, row.line);
  for (const std::string_view text : {std::string_view(row.problem), lead, raw})
    append_number(block, static_cast<Size>(text.size()));
  append_number(block, static_cast<Size>(is_bad ? 0 : row.fields.size()));
  if (!is_bad)
    for (const std::string_view field : row.fields) append_number(block, static_cast<Size>(field.size()));
  block += row.problem;
  block += lead;
  block += raw;
  if (!is_bad)
    for (const std::string_view field : row.fields) block += field;
}

}  // namespace

/// Reads one group, block by block.
class SpilledGroup {
 public:
  SpilledGroup(const RowSpill& spill, std::size_t group) : spill_(spill), group_(spill.groups_[group]) {}

  /// Goes to the next record; false at the end.
  bool next() {
    while (at_ == block_.size()) {
      if (!next_block()) return false;
    }
    line_ = take<std::uint64_t>();
    return true;
  }
  std::uint64_t line() const noexcept { return line_; }

  /// The record that next() went to; its texts last until the call of next() after it.
  void read(SourceRow& row) {
    Size sizes[3];
    for (Size& size : sizes) size = take<Size>();
    row.line = line_;
    row.fields.resize(take<Size>());
    const char* const field_sizes = block_.data() + at_;
    at_ += row.fields.size() * sizeof(Size);
    row.problem = text(sizes[0]);
    row.lead = text(sizes[1]);
    row.raw = text(sizes[2]);
    for (std::size_t f = 0; f < row.fields.size(); ++f) {
      Size size;
      std::memcpy(&size, field_sizes + f * sizeof size, sizeof size);
      row.fields[f] = text(size);
    }
  }

 private:
  bool next_block() {
    at_ = 0;
    if (block_number_ < group_.blocks.size()) {
      const RowSpill::Block& block = group_.blocks[block_number_++];
      buffer_.resize(block.size);
      const auto bytes = std::as_writable_bytes(std::span(buffer_));
      if (read_at(spill_.file_->get(), spill_.folder_, block.offset, bytes) != block.size)
        fail(ErrorCode::io_error, spill_.folder_, "a temporary file has lost its end");
      block_ = buffer_;
      return true;
    }
    block_ = std::exchange(tail_is_read_, true) ? std::string_view() : std::string_view(group_.tail);
    return !block_.empty();
  }
  template <class Number>
  Number take() {
    Number number;
    std::memcpy(&number, block_.data() + at_, sizeof number);
    at_ += sizeof number;
    return number;
  }
  std::string_view text(Size size) {
    const std::string_view result = block_.substr(at_, size);
    at_ += size;
    return result;
  }

  const RowSpill& spill_;
  const RowSpill::Group& group_;
  std::string buffer_;
  std::string_view block_;
  std::size_t at_ = 0, block_number_ = 0;
  std::uint64_t line_ = 0;
  bool tail_is_read_ = false;
};

namespace {

/// Several groups, merged by line.
class SpilledRows final : public RowSource {
 public:
  SpilledRows(const RowSpill& spill, std::span<const std::size_t> groups, SourceInfo info, std::uint64_t blank_lines)
      : info_(std::move(info)), blank_lines_(blank_lines) {
    readers_.reserve(groups.size());
    for (const std::size_t group : groups) readers_.emplace_back(spill, group);
    for (std::size_t r = 0; r < readers_.size(); ++r) queue_next(r);
  }
  const SourceInfo& info() const noexcept override { return info_; }
  std::uint64_t blank_lines() const noexcept override { return blank_lines_; }

  bool next(SourceRow& row) override {
    if (current_) queue_next(*std::exchange(current_, std::nullopt));
    if (queue_.empty()) return false;
    current_ = queue_.top().second;
    queue_.pop();
    readers_[*current_].read(row);
    return true;
  }

 private:
  using Next = std::pair<std::uint64_t, std::size_t>;  // line, reader

  void queue_next(std::size_t reader) {
    if (readers_[reader].next()) queue_.emplace(readers_[reader].line(), reader);
  }

  SourceInfo info_;
  std::uint64_t blank_lines_;
  std::vector<SpilledGroup> readers_;
  std::priority_queue<Next, std::vector<Next>, std::greater<>> queue_;
  std::optional<std::size_t> current_;  // reader of the row that was handed out
};

std::string temporary_folder(std::string folder) {
  if (!folder.empty()) return folder;
  const char* const from_environment = std::getenv("TMPDIR");
  return from_environment != nullptr && *from_environment != '\0' ? from_environment : "/tmp";
}

}  // namespace

RowSpill::RowSpill(std::string folder, std::size_t groups, const Limits& limits)
    : folder_(temporary_folder(std::move(folder))), groups_(groups), limits_(limits) {}

RowSpill::~RowSpill() = default;

void RowSpill::fail_writing(std::string_view action) const {
  fail(ErrorCode::io_error, folder_,
       "cannot " + std::string(action) + " a temporary file there (--temp): " + std::strerror(errno));
}

void RowSpill::add(std::size_t group, const SourceRow& row) {
  std::string& tail = groups_[group].tail;
  const std::size_t before = tail.size();
  append_record(tail, row, limits_.keep_raw);
  groups_[group].bytes += tail.size() - before;
  std::vector<std::size_t>& ends = groups_[group].ends;
  if (tail.size() - (ends.empty() ? 0 : ends.back()) >= k_block) ends.push_back(tail.size());
  in_memory_ += tail.size() - before;
  if (in_memory_ > limits_.most_in_memory) write_out();
}

void RowSpill::write_out() {
  if (!file_) {
    std::string name = folder_ + "/seqguard-XXXXXX";
    file_.emplace(::mkostemp(name.data(), O_CLOEXEC));
    if (file_->get() < 0) fail_writing("make");
    ::unlink(name.c_str());
  }
  for (Group& group : groups_) {
    if (group.tail.empty()) continue;
    if (group.ends.empty() || group.ends.back() < group.tail.size()) group.ends.push_back(group.tail.size());
    std::size_t begin = 0;
    for (const std::size_t end : group.ends) {
      group.blocks.push_back({end_ + begin, end - begin});
      begin = end;
    }
    group.ends.clear();
    for (std::string_view rest = group.tail; !rest.empty();) {
      const ssize_t written = ::pwrite(file_->get(), rest.data(), rest.size(), static_cast<off_t>(end_));
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) fail_writing("write");
      rest.remove_prefix(static_cast<std::size_t>(written));
      end_ += static_cast<std::uint64_t>(written);
    }
    group.tail.clear();
  }
  in_memory_ = 0;
}

void RowSpill::finish() {
  if (!file_) return;
  write_out();
  for (Group& group : groups_) group.tail = std::string();
}

std::unique_ptr<RowSource> RowSpill::rows(std::span<const std::size_t> groups, SourceInfo info,
                                          std::uint64_t blank_lines) const {
  return std::make_unique<SpilledRows>(*this, groups, std::move(info), blank_lines);
}

}  // namespace v0
}  // namespace seqguard

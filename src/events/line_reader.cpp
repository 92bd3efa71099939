#include "events/line_reader.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/utf8.hpp"
#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

constexpr std::size_t k_chunk = std::size_t{1} << 16;
constexpr std::string_view k_byte_order_mark = "\xEF\xBB\xBF";

}  // namespace

LineReader::LineReader(const std::string& path, std::size_t max_line_bytes)
    : name_(path == "-" ? "stdin" : path), max_line_bytes_(max_line_bytes) {
  if (path == "-") {
    fd_ = STDIN_FILENO;
    return;
  }
  fd_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd_ < 0) {
    const int error = errno;
    fail(error == ENOENT ? ErrorCode::file_not_found : ErrorCode::io_error, path,
         std::string("cannot open: ") + std::strerror(error));
  }
  owns_fd_ = true;
}

LineReader::LineReader(std::string_view text, std::string name, std::size_t max_line_bytes)
    : name_(std::move(name)), max_line_bytes_(max_line_bytes), source_(text) {}

LineReader::~LineReader() {
  if (owns_fd_) ::close(fd_);
}

std::string_view LineReader::content() const {
  std::string_view content = text();
  if (content.ends_with('\n')) content.remove_suffix(1);
  if (content.ends_with('\r')) content.remove_suffix(1);
  if (line_ == 1 && content.starts_with(k_byte_order_mark)) content.remove_prefix(k_byte_order_mark.size());
  return content;
}

std::string LineReader::problem() const {
  if (too_long_) return "line longer than " + std::to_string(max_line_bytes_) + " bytes";
  if (text().find('\0') != std::string_view::npos) return "NUL byte (is the file text, and not UTF-16?)";
  if (!is_valid_utf8(text())) return "invalid UTF-8";
  return {};
}

bool LineReader::fill() {
  if (at_end_) return false;
  if (begin_ > 0) {
    buffer_.erase(0, begin_);
    end_ -= begin_;
    first_end_ -= begin_;
    begin_ = 0;
  }
  const std::size_t old_size = buffer_.size();
  std::size_t got = 0;
  if (fd_ < 0) {
    got = std::min(k_chunk, source_.size());
    buffer_.append(source_.substr(0, got));
    source_.remove_prefix(got);
  } else {
    buffer_.resize(old_size + k_chunk);
    ssize_t result;
    do result = ::read(fd_, buffer_.data() + old_size, k_chunk);
    while (result < 0 && errno == EINTR);
    if (result < 0) fail(ErrorCode::io_error, name_, std::string("cannot read: ") + std::strerror(errno));
    got = static_cast<std::size_t>(result);
    buffer_.resize(old_size + got);
  }
  at_end_ = got == 0;
  return got > 0;
}

bool LineReader::find_end(std::size_t from, std::size_t& end) {
  // `from` and `end` are relative to begin_, which fill() moves.
  std::size_t scanned = from;
  while (true) {
    const std::size_t found = buffer_.find('\n', begin_ + scanned);
    end = found != std::string::npos ? found + 1 - begin_ : buffer_.size() - begin_;
    if (end > max_line_bytes_) return false;
    if (found != std::string::npos) return true;
    scanned = end;
    if (!fill()) return true;
  }
}

void LineReader::skip_rest_of_line() {
  while (true) {
    const std::size_t found = buffer_.find('\n', end_);
    if (found != std::string::npos) {
      end_ = found + 1;
      return;
    }
    end_ = begin_ = first_end_ = buffer_.size();
    if (!fill()) return;
  }
}

bool LineReader::next() {
  if (too_long_) skip_rest_of_line();
  line_ += lines_in_record_;
  if (line_ == 0) line_ = 1;
  begin_ = end_;
  lines_in_record_ = 1;
  std::size_t length = 0;
  too_long_ = !find_end(0, length);
  end_ = begin_ + (too_long_ ? max_line_bytes_ : length);
  first_end_ = end_;
  return end_ > begin_;
}

bool LineReader::extend() {
  const std::size_t length = end_ - begin_;
  std::size_t longer = 0;
  if (!find_end(length, longer) || longer == length) return false;
  end_ = begin_ + longer;
  ++lines_in_record_;
  return true;
}

void LineReader::shrink() {
  end_ = first_end_;
  lines_in_record_ = 1;
}

}  // namespace v0
}  // namespace seqguard

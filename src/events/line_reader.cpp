#include "events/line_reader.hpp"

#include <utility>

#include "core/utf8.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

constexpr std::size_t k_chunk = std::size_t{1} << 16;
constexpr std::string_view k_byte_order_mark = "\xEF\xBB\xBF";

}  // namespace

LineReader::LineReader(std::unique_ptr<ByteSource> bytes, std::string name, const ReadOptions& options)
    : name_(std::move(name)),
      max_line_bytes_(options.max_line_bytes),
      file_(bytes.get()),
      input_(unpack(std::move(bytes), name_, {options.max_unpacked_ratio, options.max_unpacked_bytes})) {}

LineReader::LineReader(const std::string& path, const ReadOptions& options)
    : LineReader(open_bytes(path), path == "-" ? "stdin" : path, options) {}

LineReader::LineReader(std::string_view text, std::string name, const ReadOptions& options)
    : LineReader(open_bytes_from_text(text), std::move(name), options) {}

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
  if (begin_ > 0 && !keeps_) {
    buffer_.erase(0, begin_);
    end_ -= begin_;
    first_end_ -= begin_;
    begin_ = 0;
  }
  const std::size_t old_size = buffer_.size();
  buffer_.resize(old_size + k_chunk);
  const std::size_t got = input_.bytes->read(buffer_.data() + old_size, k_chunk);
  buffer_.resize(old_size + got);
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

std::vector<std::string> LineReader::first_lines(std::size_t most) {
  constexpr std::size_t k_lines = 1000, k_bytes = std::size_t{1} << 20;  // all are kept
  std::vector<std::string> lines;
  keep_from_start();
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < k_lines && bytes < k_bytes && lines.size() < most && next(); ++i) {
    bytes += text().size();
    const std::size_t at = content().find_first_not_of(" \t\r");
    if (at != std::string_view::npos && content()[at] != '#') lines.emplace_back(content().substr(at));
    if (too_long_) break;
  }
  rewind();
  return lines;
}

void LineReader::rewind() {
  keeps_ = too_long_ = false;
  begin_ = end_ = first_end_ = 0;
  line_ = lines_in_record_ = 0;
}

void LineReader::shrink() {
  end_ = first_end_;
  lines_in_record_ = 1;
}

}  // namespace v0
}  // namespace seqguard

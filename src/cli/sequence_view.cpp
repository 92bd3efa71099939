#include "cli/sequence_view.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

namespace seqguard::cli {

std::string printable(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  return result.empty() ? "\"\"" : result;
}

Paint Paint::of_stderr() {
  const char *no_color = std::getenv("NO_COLOR"), *term = std::getenv("TERM");
  const bool is_refused = no_color != nullptr && *no_color != '\0';
  const bool is_dumb = term == nullptr || std::string_view(term) == "dumb";
  return Paint(::isatty(STDERR_FILENO) == 1 && !is_refused && !is_dumb);
}

std::string Paint::legend() const {
  if (!colours_) return "suspicious events in brackets";
  return "suspicious events in " + bad("red") + ", the stretch without which the score falls most in " + odd("yellow");
}

std::vector<std::string> sequence_lines(const ColumnView& values, const Explanation& explanation, const Paint& paint) {
  constexpr std::size_t k_all = 40, k_reach = 2, k_width = 96;
  enum class Mark { hidden, plain, odd, bad };
  std::vector<Mark> marks(values.size(), values.size() <= k_all ? Mark::plain : Mark::hidden);
  const auto show_around = [&](std::size_t first, std::size_t count) {
    const std::size_t end = std::min(values.size(), first + count + k_reach);
    for (std::size_t i = first > k_reach ? first - k_reach : 0; i < end; ++i)
      if (marks[i] == Mark::hidden) marks[i] = Mark::plain;
  };
  if (explanation.stretch) {
    const Stretch& stretch = *explanation.stretch;
    const std::size_t shown = std::min(stretch.count, k_all);
    show_around(stretch.first, shown);
    for (std::size_t i = stretch.first; i < stretch.first + shown; ++i) marks[i] = Mark::odd;
  }
  for (const SuspiciousEvent& event : explanation.events) {
    show_around(event.position, 1);
    marks[event.position] = Mark::bad;
  }
  std::vector<std::string> lines(1);
  std::size_t width = 0;
  const auto add = [&](const std::string& painted, std::size_t columns) {
    if (width > 0 && width + 2 + columns > k_width) {
      lines.emplace_back();
      width = 0;
    }
    lines.back() += (width > 0 ? "  " : "") + painted;
    width += 2 + columns;
  };
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (marks[i] == Mark::hidden) {
      if (i == 0 || marks[i - 1] != Mark::hidden) add("..", 2);
      continue;
    }
    const std::string text = std::to_string(i) + ":" + printable(values.text(i));
    add(marks[i] == Mark::bad ? paint.bad(text) : marks[i] == Mark::odd ? paint.odd(text) : text, text.size());
  }
  return lines;
}

std::string alignment_text(const NearestNormal& nearest, const Paint& paint) {
  constexpr std::size_t k_parts = 12;
  std::vector<std::string> parts;  // of equal ones in a row, one
  std::vector<std::size_t> counts;
  std::vector<bool> differs;
  for (const AlignedEvent& pair : nearest.alignment) {
    const std::string own = pair.own == k_no_event ? "nothing" : printable(pair.own_value);
    const std::string normal = pair.normal == k_no_event ? "nothing" : printable(pair.normal_value);
    const std::string part = pair.differs() ? own + " for " + normal : "the same";
    if (!parts.empty() && parts.back() == part) {
      ++counts.back();
      continue;
    }
    parts.push_back(part);
    counts.push_back(1);
    differs.push_back(pair.differs());
  }
  std::string text;
  for (std::size_t i = 0; i < std::min(k_parts, parts.size()); ++i) {
    const std::string part = parts[i] + (counts[i] > 1 ? " x" + std::to_string(counts[i]) : "");
    text += (i > 0 ? "  " : "") + (differs[i] ? paint.bad(part) : part);
  }
  return text + (parts.size() > k_parts ? "  .." : "");
}

}  // namespace seqguard::cli

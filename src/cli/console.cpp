#include "cli/console.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "cli/interrupt.hpp"

namespace seqguard::cli {
namespace {

/// Columns that a text takes: bytes that do not continue a UTF-8 character.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::size_t terminal_width() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

void print(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stderr); }

std::string metrics_of(const Progress& progress) {
  std::string text;
  if (progress.loss != 0) text += "  loss " + fixed(progress.loss, 3);
  if (progress.validation_loss != 0) text += "  held-out " + fixed(progress.validation_loss, 3);
  return text;
}

}  // namespace

std::string duration(double seconds) {
  if (seconds < 10) return fixed(seconds, 1) + " s";
  const auto whole = static_cast<unsigned long>(std::lround(seconds));
  char text[64];
  if (whole < 60)
    std::snprintf(text, sizeof text, "%lu s", whole);
  else if (whole < 3600)
    std::snprintf(text, sizeof text, "%lu:%02lu min", whole / 60, whole % 60);
  else
    std::snprintf(text, sizeof text, "%lu:%02lu:%02lu h", whole / 3600, whole / 60 % 60, whole % 60);
  return text;
}

std::string byte_size(std::size_t bytes) {
  if (bytes < 1000) return counted(bytes, "byte");
  const double size = static_cast<double>(bytes);
  if (bytes < 1'000'000) return fixed(size / 1e3, 1) + " KB";
  return bytes < 1'000'000'000 ? fixed(size / 1e6, 1) + " MB" : fixed(size / 1e9, 1) + " GB";
}

void say(bool quiet, std::string_view line) {
  if (quiet) return;
  print(line);
  print("\n");
}

void warn(std::string_view line) { say(false, "warning: " + std::string(line)); }

std::string Table::text() const {
  std::vector<std::size_t> widths(rows_.front().size());
  for (const auto& row : rows_)
    for (std::size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], width_of(row[c]));
  std::string text;
  for (const auto& row : rows_) {
    text += "  ";
    for (std::size_t c = 0; c < row.size(); ++c) {
      const std::string padding(widths[c] - width_of(row[c]), ' ');
      text += c == 0 ? row[c] + padding : "  " + padding + row[c];
    }
    text += '\n';
  }
  return text;
}

ProgressBar::ProgressBar(bool quiet) : quiet_(quiet), terminal_(::isatty(STDERR_FILENO) == 1) {}

bool ProgressBar::update(const Progress& progress) {
  if (progress.phase != phase_) {
    finish();
    phase_ = progress.phase;
    printed_loss_ = 0;
    printed_done_ = 0;
    drawn_at_ = -1;
  }
  last_ = progress;
  last_.phase = phase_;
  constexpr double k_refresh = 0.1;    // seconds
  constexpr std::size_t k_lines = 10;  // most lines of a phase where there is no terminal
  if (!quiet_ && terminal_ && (progress.seconds >= drawn_at_ + k_refresh || progress.done == progress.total)) {
    draw();
    drawn_at_ = progress.seconds;
  }
  const bool validated = progress.validation_loss != 0 && progress.validation_loss != printed_loss_;
  if (!quiet_ && !terminal_ && validated && progress.done >= printed_done_ + progress.total / k_lines) {
    print_line();
    printed_loss_ = progress.validation_loss;
    printed_done_ = progress.done;
  }
  return interrupted() == 0;
}

void ProgressBar::finish() {
  if (phase_.empty() || quiet_) return;
  if (terminal_) {
    draw();
    print("\n");
  } else if (printed_done_ != last_.done) {
    print_line();
  }
  phase_.clear();
}

void ProgressBar::draw() const {
  constexpr std::size_t k_cells = 24;
  const double share = last_.total > 0 ? static_cast<double>(last_.done) / static_cast<double>(last_.total) : 0;
  const auto full = static_cast<std::size_t>(share * k_cells);
  std::string line = phase_ + std::string(phase_.size() < 14 ? 14 - phase_.size() : 0, ' ') + " [" +
                     std::string(full, '=') + std::string(k_cells - full, ' ') + "] " + fixed(100 * share, 0) + " %";
  if (last_.seconds > 0 && last_.done > 0) {
    const double rate = static_cast<double>(last_.done) / last_.seconds;
    line += "  " + (rate < 10 ? fixed(rate, 1) : with_commas(static_cast<std::size_t>(rate))) + "/s";
    const double left =
        last_.seconds_left > 0 ? last_.seconds_left : static_cast<double>(last_.total - last_.done) / rate;
    line += last_.done < last_.total ? "  " + duration(left) + " left" : "  " + duration(last_.seconds);
  }
  line += metrics_of(last_);
  const std::size_t width = terminal_width();
  if (line.size() >= width) line.resize(width - 1);
  print("\r" + line + "\x1b[K");
}

void ProgressBar::print_line() const {
  std::string line = phase_ + ": " + with_commas(last_.done) + " of " + with_commas(last_.total);
  if (last_.seconds > 0) line += ", " + duration(last_.seconds);
  print(line + metrics_of(last_) + "\n");
}

}  // namespace seqguard::cli

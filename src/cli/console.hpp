// What people read: progress, tables, warnings, on stderr.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "report/number_text.hpp"
#include "seqguard/core/progress.hpp"

namespace seqguard::cli {

using seqguard::counted;
using seqguard::fixed;
using seqguard::percent;
using seqguard::with_commas;
/// "12 s", "3:04 min", "1:02:03 h".
std::string duration(double seconds);
/// "64.0 MB".
std::string byte_size(std::size_t bytes);

/// A line for people; not with --quiet.
void say(bool quiet, std::string_view line);
/// "warning: ..." : also with --quiet.
void warn(std::string_view line);

/// Columns aligned by their widest cell, the first to the left, the others to the right.
class Table {
 public:
  explicit Table(std::vector<std::string> header) : rows_{std::move(header)} {}
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

/// Progress of a long computation: a bar with rate, time left and metrics where stderr is a terminal, else a line for
/// each phase and at most ten validations of it. Stops the computation when the user interrupts.
class ProgressBar {
 public:
  explicit ProgressBar(bool quiet);
  ~ProgressBar() { finish(); }
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  ProgressSink sink() { return {&ProgressBar::receive, this}; }
  /// Shows a report; false once the user has interrupted.
  bool update(const Progress& progress);
  /// Ends the last phase.
  void finish();

 private:
  static bool receive(const Progress& progress, void* self) {
    return static_cast<ProgressBar*>(self)->update(progress);
  }
  void draw() const;
  void print_line() const;

  bool quiet_, terminal_;
  std::string phase_;
  Progress last_;
  double drawn_at_ = -1;     // seconds of the phase
  double printed_loss_ = 0;  // validation loss of the last line
  std::size_t printed_done_ = 0;
};

}  // namespace seqguard::cli

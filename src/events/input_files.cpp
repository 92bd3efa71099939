#include "seqguard/events/input_files.hpp"

#include <glob.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <unordered_map>
#include <utility>

#include "core/secret_hash.hpp"
#include "events/open_source.hpp"
#include "events/parse_value.hpp"
#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

bool is_pattern(const std::string& name) {
  struct stat status;
  return name.find_first_of("*?[") != std::string::npos && ::stat(name.c_str(), &status) != 0;
}

/// The files that a pattern matches.
void add_matches(const std::string& pattern, std::vector<std::string>& files) {
  glob_t found = {};
  const int status = ::glob(pattern.c_str(), GLOB_NOSORT | GLOB_MARK, nullptr, &found);
  std::size_t count = 0;
  for (std::size_t i = 0; status == 0 && i < found.gl_pathc; ++i) {
    const std::string_view path = found.gl_pathv[i];
    if (path.ends_with('/')) continue;
    files.emplace_back(path);
    ++count;
  }
  ::globfree(&found);
  if (status != 0 && status != GLOB_NOMATCH)
    fail(ErrorCode::io_error, pattern, "cannot look for the files of the pattern");
  if (count == 0) fail(ErrorCode::file_not_found, pattern, "no file matches the pattern");
}

std::uint64_t size_of(const std::string& path) {
  struct stat status;
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) ? static_cast<std::uint64_t>(status.st_size) : 0;
}

bool is_table(DataFormat format) { return format == DataFormat::csv || format == DataFormat::recbole; }

std::string_view name_of(DataFormat format) {
  return format == DataFormat::lines ? "lines of events" : format == DataFormat::jsonl ? "JSON lines" : "a table";
}

class FilesSource final : public RowSource {
 public:
  FilesSource(std::vector<std::string> paths, const ReadOptions& options)
      : paths_(std::move(paths)), options_(options) {
    for (const std::string& path : paths_) bytes_in_all_ += size_of(path);
    current_ = open_rows(paths_[0], options_);
    info_ = current_->info();
    info_.findings.clear();
    info_.files = {{info_.name, 0}};
    info_.name += " and " + std::to_string(paths_.size() - 1) + (paths_.size() == 2 ? " more file" : " more files");
    // What the first file shows holds for all of them.
    if (is_table(info_.format)) options_.decimal = info_.decimal;
  }

  const SourceInfo& info() const noexcept override { return info_; }
  std::uint64_t blank_lines() const noexcept override { return blank_lines_ + current_->blank_lines(); }
  std::uint64_t bytes_read() const noexcept override { return bytes_before_ + current_->bytes_read(); }
  std::uint64_t bytes_in_all() const noexcept override { return bytes_in_all_; }

  bool next(SourceRow& row) override {
    while (!current_->next(row)) {
      if (is_at_end_) return false;
      end_file();
      if (is_at_end_) return false;
      begin_file();
    }
    row.line += info_.files.back().lines_before;
    last_line_ = row.line;
    if (row.problem.empty() && !places_.empty()) rearrange(row.fields);
    return true;
  }

 private:
  static constexpr std::size_t k_nowhere = static_cast<std::size_t>(-1);

  void end_file() {
    const std::vector<DataFinding>& found = current_->info().findings;
    info_.findings.insert(info_.findings.end(), found.begin(), found.end());
    is_at_end_ = info_.files.size() == paths_.size();
  }

  void begin_file() {
    blank_lines_ += current_->blank_lines();
    bytes_before_ += size_of(paths_[info_.files.size() - 1]);
    const std::string& path = paths_[info_.files.size()];
    current_.reset();
    require_form(path);
    current_ = open_rows(path, options_);
    const SourceInfo& own = current_->info();
    if (own.line_is_sequence != info_.line_is_sequence)
      fail(ErrorCode::bad_format, own.name, "the files of one call have one form",
           info_.line_is_sequence ? "a sequence a line, as in " + info_.files[0].name
                                  : "an event a line, as in " + info_.files[0].name,
           own.line_is_sequence ? "a sequence a line" : "an event a line");
    find_places(own);
    info_.files.push_back({own.name, last_line_});
  }

  /// The form of the first file; a table may part its cells in another way.
  void require_form(const std::string& path) {
    if (format_was_given_) return;
    options_.format = info_.format;
    const DataFormat by_name = format_by_name(path);
    if (by_name == DataFormat::guess) return;
    if (by_name != info_.format && !(is_table(by_name) && is_table(info_.format)))
      fail(ErrorCode::bad_format, path, "the files of one call have one form (--format says which)",
           std::string(name_of(info_.format)) + ", as " + info_.files[0].name, name_of(by_name));
    if (is_table(by_name)) options_.format = by_name;
  }

  /// Where the columns of the first file stand in this one; nothing where they stand in the same places.
  void find_places(const SourceInfo& own) {
    places_.clear();
    const auto same = [](const SourceColumn& a, const SourceColumn& b) {
      return a.name == b.name && a.kind == b.kind && a.unusable.empty() == b.unusable.empty();
    };
    if (std::equal(own.columns.begin(), own.columns.end(), info_.columns.begin(), info_.columns.end(), same)) return;
    std::unordered_map<std::string_view, std::size_t, SecretHash> places;
    for (std::size_t i = 0; i < own.columns.size(); ++i)
      if (own.columns[i].unusable.empty() || info_.format == DataFormat::jsonl) places.emplace(own.columns[i].name, i);
    std::size_t known = 0;
    for (const SourceColumn& column : info_.columns) {
      const auto found = places.find(column.name);
      const bool is_there = found != places.end() && column.unusable.empty();
      places_.push_back(is_there ? found->second : k_nowhere);
      known += is_there ? 1 : 0;
      if (info_.format == DataFormat::jsonl || !column.unusable.empty()) continue;
      if (!is_there)
        fail(ErrorCode::bad_format, own.name,
             "no column " + quoted(column.name) + ", which " + info_.files[0].name +
                 " has: the files of one call have the same columns, in any order",
             quoted(column.name), names_of(own));
      if (own.columns[found->second].kind != column.kind)
        fail(ErrorCode::bad_format, own.name,
             "column " + quoted(column.name) + " has another type in its header than in " + info_.files[0].name);
    }
    if (known == places.size()) return;
    for (const auto& [name, place] : places)
      if (std::find(places_.begin(), places_.end(), place) == places_.end()) note_further(own, std::string(name));
  }

  /// A column that the first file does not have.
  void note_further(const SourceInfo& own, const std::string& name) {
    if (info_.format != DataFormat::jsonl)
      fail(ErrorCode::bad_format, own.name,
           "column " + quoted(name) + ", which " + info_.files[0].name +
               " does not have: the files of one call have the same columns, in any order");
    if (options_.schema != nullptr || said_further_) return;
    said_further_ = true;
    info_.findings.push_back({DataFinding::Kind::late_field, name, 1, 0,
                              own.name + ": field " + quoted(name) + " is in none of the first lines of " +
                                  info_.files[0].name +
                                  ": such fields are not read; a file whose name comes first brings them"});
  }

  static std::string names_of(const SourceInfo& source) {
    std::string names;
    for (const SourceColumn& column : source.columns) {
      if (names.size() > 200) return names + ", ..";
      names += (names.empty() ? "" : ", ") + column.name;
    }
    return names;
  }

  void rearrange(std::vector<std::string_view>& fields) {
    arranged_.assign(places_.size(), {});
    for (std::size_t i = 0; i < places_.size(); ++i)
      if (places_[i] != k_nowhere) arranged_[i] = fields[places_[i]];
    fields.swap(arranged_);
  }

  std::vector<std::string> paths_;
  ReadOptions options_;
  const bool format_was_given_ = options_.format != DataFormat::guess;
  std::unique_ptr<RowSource> current_;
  SourceInfo info_;
  std::vector<std::size_t> places_;         // of the fields in a row of the current file; empty: their own
  std::vector<std::string_view> arranged_;  // the fields of a row
  std::uint64_t last_line_ = 0, blank_lines_ = 0, bytes_before_ = 0, bytes_in_all_ = 0;
  bool is_at_end_ = false, said_further_ = false;
};

}  // namespace

std::vector<std::string> input_files(std::span<const std::string> names) {
  std::vector<std::string> files;
  for (const std::string& name : names)
    if (is_pattern(name))
      add_matches(name, files);
    else
      files.push_back(name);
  std::sort(files.begin(), files.end());
  if (const auto twice = std::adjacent_find(files.begin(), files.end()); twice != files.end())
    fail(ErrorCode::invalid_argument, *twice, "the file is named twice, and its rows would count twice");
  if (files.size() > 1 && std::find(files.begin(), files.end(), "-") != files.end())
    fail(ErrorCode::invalid_argument, "-", "stdin beside files: it is read alone (`cat FILE.. |` makes one input)");
  return files;
}

std::unique_ptr<RowSource> open_row_files(std::vector<std::string> paths, const ReadOptions& options) {
  if (paths.empty()) fail(ErrorCode::invalid_argument, "input", "no file", "at least one", "none");
  if (paths.size() == 1) return open_rows(paths[0], options);
  return std::make_unique<FilesSource>(std::move(paths), options);
}

Dataset read_event_files(const std::vector<std::string>& paths, const ReadOptions& options) {
  return read_events(*open_row_files(paths, options), options);
}

}  // namespace v0
}  // namespace seqguard

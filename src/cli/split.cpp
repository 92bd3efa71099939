#include "seqguard/events/split.hpp"

#include <algorithm>
#include <filesystem>
#include <set>

#include "cli/commands.hpp"
#include "cli/console.hpp"
#include "cli/interrupt.hpp"
#include "cli/output.hpp"
#include "cli/read_input.hpp"
#include "cli/split_files.hpp"
#include "core/json_writer.hpp"
#include "events/byte_source.hpp"
#include "events/parse_value.hpp"
#include "events/time_text.hpp"
#include "seqguard/core/files.hpp"
#include "seqguard/events/label_rows.hpp"

namespace seqguard::cli {
namespace {

/// One file of data that is written, with its labels.
struct Part {
  std::string folder, name;          ///< "fold-1" or "", and "train", "valid" or "test"
  std::vector<std::uint32_t> parts;  ///< of the split that it holds
  PartCounts counts;
};

double test_share(const SplitCommandOptions& options) { return options.test.value_or(0.2); }

void check_flags(const SplitCommandOptions& options) {
  if (options.folds && options.by != "user")
    throw UsageError("split: --folds deals out users: it goes with --by user alone");
  if (!options.at.empty() && options.by == "user")
    throw UsageError("split: --at is a time: it goes with --by time or --by user-time");
  if (!options.labels.empty() && options.labels == "-")
    throw UsageError("split: --labels is read twice: give a file, not -");
  if (options.by == "time" && !options.at.empty() && options.test)
    throw UsageError("split: --at says where the test part begins: --test would have no effect");
  if (options.test && *options.test <= 0) throw UsageError("split: --test: expected above 0");
  if (test_share(options) + options.valid >= 1)
    throw UsageError("split: --test and --valid leave nothing to learn from: expected less than 1 in all");
}

SplitOptions split_options(const SplitCommandOptions& options, const Dataset& data) {
  SplitOptions how{.by = split_by_from_string(options.by), .seed = options.common.seed};
  if (options.folds)
    how.shares.assign(*options.folds, 1.0);
  else if (options.valid > 0)
    how.shares = {1 - test_share(options) - options.valid, options.valid, test_share(options)};
  else
    how.shares = {1 - test_share(options), test_share(options)};
  if (options.at.empty()) return how;
  ExactTime time;
  if (parse_time(options.at, {data.time_unit()}, time) != ParseStatus::ok &&
      parse_time(options.at, data.reading().time, time) != ParseStatus::ok)
    throw UsageError("split: --at: expected a time as 2024-05-31 or 2024-05-31T12:00:00Z, found \"" + options.at +
                     "\"");
  how.last_from_ms = time.ms;
  return how;
}

/// By time a sequence is cut, which a line that is one cannot be.
void require_separable(const SplitCommandOptions& options, const Dataset& data) {
  if (options.by == "user") return;
  if (data.line_is_sequence() || data.time_column().empty())
    throw UsageError("split: --by " + options.by + " needs rows with times" +
                     (data.line_is_sequence() ? ", and here a line is a whole sequence: use --by user"
                                              : ": --time names their column"));
}

/// The kind of each sequence, the first that its rows of labels name; none without labels.
std::vector<std::string> kinds_of(const LabelRows& labels, const Dataset& data) {
  std::vector<std::string> kinds(data.sequences().size());
  for (const LabelRow& row : labels.rows)
    if (kinds[row.sequence].empty()) kinds[row.sequence] = row.text;
  return kinds;
}

std::vector<Part> parts_of(const SplitCommandOptions& options) {
  if (!options.folds) {
    if (options.valid > 0) return {{"", "train", {0}, {}}, {"", "valid", {1}, {}}, {"", "test", {2}, {}}};
    return {{"", "train", {0}, {}}, {"", "test", {1}, {}}};
  }
  std::vector<Part> parts;
  for (std::uint32_t k = 0; k < *options.folds; ++k) {
    const std::string folder = "fold-" + std::to_string(k + 1);
    Part train{folder, "train", {}, {}};
    for (std::uint32_t other = 0; other < *options.folds; ++other)
      if (other != k) train.parts.push_back(other);
    parts.push_back(std::move(train));
    parts.push_back({folder, "test", {k}, {}});
  }
  return parts;
}

/// Nothing of anybody's is replaced: neither the input nor what else may be called train or test.
void require_new_folder(const std::string& folder) {
  std::error_code error;
  if (std::filesystem::exists(folder, error) && !std::filesystem::is_empty(folder, error))
    fail(ErrorCode::invalid_argument, folder, "--output of split", "a new or an empty folder", "one with files in it");
}

/// What follows the name of the input: ".csv.gz"; by the format where it has no such name.
std::string extension_of(const std::string& path, const Dataset& data) {
  namespace fs = std::filesystem;
  const std::string packed = data.compression() == Compression::gzip   ? ".gz"
                             : data.compression() == Compression::zstd ? ".zst"
                                                                       : "";
  fs::path name = fs::path(path).filename();
  if (name.extension() == packed) name = name.stem();
  if (name.has_extension()) return name.extension().string() + packed;
  switch (data.format()) {
    case DataFormat::csv:
      return ".csv" + packed;
    case DataFormat::recbole:
      return ".inter" + packed;
    case DataFormat::jsonl:
      return ".jsonl" + packed;
    default:
      return ".txt" + packed;
  }
}

/// "2024-05-31T12:00:00.000Z".
std::string iso_time(std::int64_t ms) { return time_text(*time_style("1970-01-01T00:00:00.000Z", {}), ms, 0); }

void write_summary(const SplitCommandOptions& options, const Dataset& data, const Split& split,
                   const std::vector<Part>& parts, std::size_t left_out) {
  JsonWriter json;
  json.begin_object().field("by", options.by);
  json.key("from").begin_array();
  for (const std::int64_t from : split.from_ms) json.value(iso_time(from));
  json.end_array().key("parts").begin_array();
  for (const Part& part : parts) {
    json.begin_object().field("name", part.folder.empty() ? part.name : part.folder + "/" + part.name);
    json.field("sequences", part.counts.sequences).field("events", part.counts.events);
    json.field("labels", part.counts.labels).end_object();
  }
  json.end_array().field("events_in_no_part", left_out).field("rejected_rows", data.rejected().count);
  write_findings(data.findings(), json);
  json.end_object().end_line();
  write_output(options.common.json, json.text());
}

}  // namespace

int run(const SplitCommandOptions& options) {
  check_flags(options);
  require_one_file(options.input, "split", "make one of them, so that all rows of a user come into one part");
  require_new_folder(options.output);
  require_writable_folder(options.output);
  require_writable_file(options.common.json);
  const Dataset data = read_input(options.input, options.table, true);
  require_separable(options, data);
  const LabelRows labels = options.labels.empty() ? LabelRows{} : read_label_rows(options.labels, data);
  const Split split = split_events(data, kinds_of(labels, data), split_options(options, data));
  const auto left_out = static_cast<std::size_t>(std::count(split.part.begin(), split.part.end(), k_no_part));

  remember_interrupts();
  DirectoryWriter directory(options.output);
  const std::string extension = extension_of(data.rejected().file, data);
  const std::vector<std::size_t> order = data.file_order();
  std::vector<Part> parts = parts_of(options);
  Table table({"part", "sequences", "events", "rows of labels"});
  for (Part& part : parts) {
    const PartFiles files(data, order, split, part.parts);
    directory.enter(part.folder);
    directory.write(part.name + extension, pack(files.text(), data.compression()));
    part.counts = files.counts();
    if (!options.labels.empty())
      directory.write(part.name + "_labels.csv", files.labels_text(options.labels, labels, part.counts.labels));
    table.add({(part.folder.empty() ? "" : part.folder + "/") + part.name, with_commas(part.counts.sequences),
               with_commas(part.counts.events), with_commas(part.counts.labels)});
    stop_if_interrupted("split");
  }
  directory.commit();
  say(options.common.quiet, table.text());
  for (std::size_t p = 0; p < split.from_ms.size(); ++p)
    say(options.common.quiet, parts[p + 1].name + " begins at " + iso_time(split.from_ms[p]));
  if (left_out > 0)
    say(options.common.quiet, counted(left_out, "event") +
                                  " in no part: those of a user of one part in the time of "
                                  "another (--by user or --by time keeps all)");
  if (!options.common.json.empty()) write_summary(options, data, split, parts, left_out);
  return exit_code_for(data);
}

}  // namespace seqguard::cli

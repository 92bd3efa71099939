#include "cli/input_parts.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <tuple>

#include "cli/console.hpp"
#include "seqguard/events/compare_with_schema.hpp"
#include "seqguard/events/input_files.hpp"

namespace seqguard::cli {
namespace {

/// Memory that judging takes for a byte of rows: for 44 MB of the shop's CSV 127 MB beside the program's 20, 3 for
/// each; rows that wait in a spill are some 2 bytes for one. (/usr/bin/time seqguard score)
constexpr std::uint64_t k_judging = 5;
/// And learning, whose statistics and examples come on top. Of 83 MB of spilled rows out of 10.6 GB: 361 MB, a third of
/// them the spill's buffers. (/usr/bin/time seqguard fit --epochs 1 --no-repair)
constexpr std::uint64_t k_learning = 6;

PartOptions part_options(const InputOptions& input, std::uint64_t factor, std::uint64_t seed) {
  constexpr std::uint64_t k_least = std::uint64_t{16} << 20;
  if (input.memory < k_least)
    throw UsageError("--memory: expected 16MB or more, found " + std::to_string(input.memory) + " bytes");
  return {.part_bytes = input.memory / factor, .buffer_bytes = input.memory / 8, .folder = input.temp, .seed = seed};
}

/// Whether the rows surely fit: files of text of known size.
bool fits(const std::vector<std::string>& files, std::uint64_t bytes) {
  std::uint64_t all = 0;
  for (const std::string& file : files) {
    if (file == "-" || file.ends_with(".gz") || file.ends_with(".zst")) return false;
    std::error_code error;
    if (!std::filesystem::is_regular_file(file, error)) return false;
    all += std::filesystem::file_size(file, error);
  }
  return all <= bytes;
}

EventParts read_parts(const InputOptions& input, ReadOptions options, const PartOptions& limits) {
  ProgressBar bar(input.quiet);
  options.progress = bar.sink();
  const std::unique_ptr<RowSource> source = open_row_files(input_files(input.paths), options);
  return EventParts(*source, options, limits);
}

}  // namespace

InputParts::InputParts(const InputOptions& input, const EventSchema& schema) : input_(input), schema_(schema) {
  const PartOptions limits = part_options(input, k_judging, 1);
  if (fits(with_our_arguments([&] { return input_files(input.paths); }), limits.part_bytes)) {
    whole_.emplace(read_input(input, schema, {.findings = &findings_}));
    count(*whole_);
    return;
  }
  with_our_arguments([&] {
    ReadOptions options = read_options(input);
    options.schema = &schema;
    parts_.emplace(read_parts(input, options, limits));
  });
  if (parts_->size() > 1) return;
  whole_.emplace(parts_->read(0));
  parts_.reset();
  count(*whole_);
  note(*whole_);
  report();
  if (sequences_ == 0) refuse_empty(*whole_);
}

void InputParts::count(const Dataset& data) {
  sequences_ += data.sequences().size();
  events_ += data.events();
  const RejectReport& rejected = data.rejected();
  rejected_.file = rejected.file;
  rejected_.count += rejected.count;
  rejected_.rows.insert(rejected_.rows.end(), rejected.rows.begin(), rejected.rows.end());
}

/// Of what was cleaned, the rule, which ends the message.
static std::string_view rule_of(const DataFinding& finding) {
  if (finding.kind != DataFinding::Kind::cleaned) return {};
  return std::string_view(finding.message).substr(finding.message.rfind(" ("));
}

/// Of equal findings of several parts, the first.
void InputParts::note(const Dataset& data) {
  std::vector<DataFinding> found(data.findings().begin(), data.findings().end());
  const std::vector<DataFinding> differences = compare_with_schema(data, schema_);
  found.insert(found.end(), differences.begin(), differences.end());
  for (DataFinding& finding : found) {
    const auto same = std::find_if(findings_.begin(), findings_.end(), [&](const DataFinding& known) {
      return known.kind == finding.kind && known.column == finding.column && rule_of(known) == rule_of(finding);
    });
    if (same != findings_.end()) {
      ++parts_of_finding_[static_cast<std::size_t>(same - findings_.begin())];
    } else {
      findings_.push_back(std::move(finding));
      parts_of_finding_.push_back(1);
    }
  }
}

void InputParts::report() {
  std::sort(rejected_.rows.begin(), rejected_.rows.end(), [](const RejectedRow& a, const RejectedRow& b) {
    return std::tie(a.file, a.line) < std::tie(b.file, b.line);
  });
  report_rejected(rejected_, input_.max_errors);
  if (parts_)
    for (std::size_t f = 0; f < findings_.size(); ++f)
      findings_[f].message += " (numbers of one part of the input; it was found in " +
                              std::to_string(parts_of_finding_[f]) + " of the " + std::to_string(parts_->size()) +
                              " that --memory made of it)";
  report_findings(findings_, input_.strict);
}

void InputParts::for_each(FunctionRef<void(const Dataset&)> work) {
  if (whole_) return work(*whole_);
  for (std::size_t part = 0; part < parts_->size(); ++part) {
    const Dataset data = with_our_arguments([&] { return parts_->read(part); });
    count(data);
    note(data);
    if (part + 1 == parts_->size() && sequences_ == 0) {
      report();
      refuse_empty(data);
    }
    work(data);
  }
  report();
}

PickedSequences InputParts::pick(const std::vector<SequenceName>& names) const {
  PickedSequences picked;
  if (whole_) {
    picked.whole = &*whole_;
  } else {
    std::vector<std::string> keys;
    std::vector<std::uint64_t> lines;
    for (const SequenceName& name : names) {
      keys.push_back(name.key);
      lines.push_back(name.line);
    }
    picked.own.emplace(parts_->read_only(keys, lines));
  }
  const Dataset& data = picked.data();
  std::map<std::uint64_t, std::size_t> by_line;
  for (std::size_t s = 0; s < data.sequences().size(); ++s) by_line.emplace(data.sequences()[s].line, s);
  for (const SequenceName& name : names) picked.sequences.push_back(by_line.at(name.line));
  return picked;
}

Dataset read_sample(const InputOptions& input, const TableOptions& table, std::uint64_t seed) {
  const PartOptions limits = part_options(input, k_learning, seed);
  if (fits(with_our_arguments([&] { return input_files(input.paths); }), limits.part_bytes))
    return read_input(input, table);
  double share = 1;
  Dataset data = with_our_arguments(
      [&] { return read_parts(input, read_options(input, table), limits).read_sample(limits.part_bytes, share); });
  report_rejected(data.rejected(), input.max_errors);
  report_findings(data.findings(), input.strict);
  if (data.sequences().empty()) refuse_empty(data);
  if (share < 1)
    warn("learns from a sample of the sequences, " + percent(share) + " of " + data.rejected().file +
         ": all of it would not fit into --memory " + byte_size(input.memory) +
         (table.profile_key.empty() ? "" : "; profiles know the sessions of the sample alone"));
  return data;
}

}  // namespace seqguard::cli

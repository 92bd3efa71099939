// Reading the data file of a command and reporting what was left out.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "cli/commands.hpp"
#include "core/json_writer.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/core/executor.hpp"
#include "seqguard/events/dataset.hpp"
#include "seqguard/events/reader.hpp"
#include "seqguard/sequence_scorer/sequence_scorer.hpp"

namespace seqguard::cli {

/// How the flags want a file to be read, but for its columns. @throws UsageError.
ReadOptions read_options(const InputOptions& input);
/// The input by its flags' names: of several, the first and how many more.
std::string input_name(const InputOptions& input);
/// @throws UsageError for several files, of a command that writes rows back; `instead` says what to do.
void require_one_file(const InputOptions& input, const std::string& command, const std::string& instead);

/// And which columns of a table mean what.
ReadOptions read_options(const InputOptions& input, const TableOptions& table);

/// An argument that the library refuses is a flag here. @throws UsageError.
template <class Work>
auto with_our_arguments(const Work& work) {
  try {
    return work();
  } catch (const Error& error) {
    if (error.code() == ErrorCode::invalid_argument) throw UsageError(error.what());
    throw;
  }
}

/// Names bad rows on stderr, and how many there are.
void report_rejected(const RejectReport& rejected, std::size_t max_errors);
/// Warns of what is odd about the data as a whole; refuses it if asked to. @throws Error bad_event.
void report_findings(std::span<const DataFinding> findings, bool strict);
/// @throws Error bad_format: there is no sequence.
[[noreturn]] void refuse_empty(const Dataset& data);

/// Reads with an inferred schema. Rejected rows and findings are named on stderr. @throws Error also if no sequence is
/// left, and bad_event at a finding that --strict refuses.
Dataset read_input(const InputOptions& input, const TableOptions& table, bool keep_raw = false);

struct ModelInputOptions {
  bool keep_raw = false;
  bool may_differ = false;                       ///< --strict does not refuse what is unlike the data of the fit
  std::vector<DataFinding>* findings = nullptr;  ///< they are added there
};

/// Reads the columns that a model needs, and holds them against what it was fitted on (compare_with_schema.hpp).
Dataset read_input(const InputOptions& input, const EventSchema& schema, const ModelInputOptions& how = {});

/// Has times and missing values read as they were in `data`: a part of it is to guess nothing else.
void give_reading(const Dataset& data, ReadOptions& options);

/// The member "findings" of a summary: [{"kind", "column", "line", "share", "message"}].
void write_findings(std::span<const DataFinding> findings, JsonWriter& json);

/// The members "line" and, of several files, "file" of a row() or of DataSequence::line.
void write_place(const Dataset& data, std::uint64_t row, JsonWriter& json);
/// "17"; of several files "logs/a.csv:17".
std::string row_name(const Dataset& data, std::uint64_t row);

/// k_rows_rejected or k_done.
int exit_code_for(const Dataset& data);

/// "2,000 sequences, 61,234 events".
std::string size_text(const Dataset& data);

LoadOptions load_options(const CommonOptions& common);
/// The scorer of --model, and on stderr what there is to say of it. @throws Error.
SequenceScorer load_scorer(const std::string& model, const CommonOptions& common);

std::unique_ptr<Executor> executor_for(const CommonOptions& common);

}  // namespace seqguard::cli

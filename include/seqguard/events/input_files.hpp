// Several files as one input: their names, also as patterns, and their rows one after another.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "seqguard/events/reader.hpp"

namespace seqguard {
inline namespace v0 {

/// The files that `names` stand for, in the order of their names, byte by byte. A name that is no file and holds one of
/// *, ? and [ is a pattern as a shell has them; folders do not match. A single name that is no pattern stays as it is.
/// @throws Error file_not_found: a pattern that no file matches; invalid_argument: a file that is named twice, or "-"
/// beside others.
std::vector<std::string> input_files(std::span<const std::string> names);

/// The rows of files one after another, in the order of `paths`; of one file open_rows(). All have the form and the
/// columns of the first one, in any order; fields of JSON lines may be missing, and further ones are not read, which is
/// a finding. A sequence goes on in a later file where it has the same key. Lines count on from file to file
/// (SourceInfo::files). A later file is opened when the ones before have ended.
/// @throws Error as open_rows(), also from next(), which throws bad_format for a file of another form or other columns;
/// invalid_argument: no path.
std::unique_ptr<RowSource> open_row_files(std::vector<std::string> paths, const ReadOptions& options = {});

/// read_events() of these rows. A row is named by its file and its line there (Dataset::place()).
Dataset read_event_files(const std::vector<std::string>& paths, const ReadOptions& options = {});

}  // namespace v0
}  // namespace seqguard

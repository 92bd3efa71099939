// Explanations as JSON, and as people want to see them.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/json_writer.hpp"
#include "seqguard/events/dataset.hpp"
#include "seqguard/sequence_scorer/explanation.hpp"

namespace seqguard::cli {

/// The member "explanation" of a sequence's line. `normals`: where ExplainOptions::normals come from; may be null.
void write_explanation(const Explanation& explanation, const Dataset* normals, JsonWriter& json);

/// Prints each of these sequences with its explanation on stderr. `of`: all that were judged.
void show_explained(const SequenceScorer& scorer, const Dataset& data, const std::vector<std::size_t>& sequences,
                    const ExplainOptions& options, const Dataset* normals, const std::string& of);

}  // namespace seqguard::cli

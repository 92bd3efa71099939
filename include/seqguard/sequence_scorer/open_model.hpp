// For programs that take a model of behaviour as well as a text checkpoint.
#pragma once

#include <string>
#include <variant>

#include "seqguard/sequence_scorer/sequence_scorer.hpp"
#include "seqguard/sequence_scorer/text_model.hpp"

namespace seqguard {
inline namespace v0 {

/// Opens a directory that `fit` wrote (by its files: it has detector.json or event_schema.json), else a text
/// checkpoint.
/// @throws Error as SequenceScorer::load() and TextModel::load().
std::variant<SequenceScorer, TextModel> open_model(const std::string& directory, const LoadOptions& options = {},
                                                   const TextOptions& text = {});

}  // namespace v0
}  // namespace seqguard

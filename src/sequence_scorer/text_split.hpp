// Which labelled texts are learned from, and which judge: texts that are equal are always on one side.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "seqguard/sequence_scorer/labelled_texts.hpp"

namespace seqguard {
inline namespace v0 {

/// Whether each text is held out: about `fraction` of each class (of texts with several: of the rarest that each has;
/// of numbers: of all). Of a class with fewer than two different texts nothing is, with a warning.
std::vector<bool> hold_out_texts(const LabelledTexts& texts, double fraction, std::uint64_t seed,
                                 std::vector<std::string>& warnings);

/// The fold of each text, from 0 on: of each class (likewise) about as many in each fold.
/// @throws Error invalid_argument: fewer different texts than folds.
std::vector<std::size_t> fold_of_texts(const LabelledTexts& texts, std::size_t folds, std::uint64_t seed);

/// Adds a warning where equal texts have different labels. Numbers may: they are opinions more often than facts.
void warn_of_contradictions(const LabelledTexts& texts, std::vector<std::string>& warnings);

}  // namespace v0
}  // namespace seqguard

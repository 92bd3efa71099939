// What the options of a fine-tuning of texts may be, by themselves and for labels of a kind.
#pragma once

#include "seqguard/sequence_scorer/fine_tune_text.hpp"
#include "sequence_scorer/text_examples.hpp"

namespace seqguard {
inline namespace v0 {

/// @throws Error invalid_argument: out of range, or two that exclude each other.
void check_options(const FineTuneTextOptions& options);
/// `options` with the loss that these labels are learned by. @throws Error invalid_argument: one that they do not have.
FineTuneTextOptions with_loss(const LabelledTexts& texts, FineTuneTextOptions options);
/// @throws Error invalid_argument: a metric that these labels do not have, or that the held-out texts cannot tell.
void check_metric(const TextExamples& examples, const FineTuneTextOptions& options);

}  // namespace v0
}  // namespace seqguard

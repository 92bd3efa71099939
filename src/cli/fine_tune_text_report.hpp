// What a fine-tuning of texts tells people, and programs.
#pragma once

#include <string>

#include "seqguard/sequence_scorer/fine_tune_text.hpp"

namespace seqguard::cli {

/// The figures that such labels have, in one line.
std::string text_figures_words(const TextFigures& figures, TextProblem problem);
/// The settings that were compared, labels, figures, tables of classes, how it ended, warnings, on stderr.
void say_report(const TextSearchReport& search, TextMetric metric, const std::string& output, bool quiet);
/// The machine-readable summary.
std::string report_json(const TextSearchReport& search, TextMetric metric);

}  // namespace seqguard::cli

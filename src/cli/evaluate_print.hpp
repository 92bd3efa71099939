// Results of `evaluate` for people and for programs.
#pragma once

#include <string>

#include "seqguard/report/evaluation_report.hpp"

namespace seqguard::cli {

/// Tables.
std::string to_text(const EvaluationReport& report);
/// One JSON object.
std::string to_json(const EvaluationReport& report);

}  // namespace seqguard::cli

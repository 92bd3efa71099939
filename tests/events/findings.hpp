// Findings as a text.
#pragma once

#include <span>
#include <string>

#include "seqguard/events/data_finding.hpp"

/// "kind(column)" of each, in order.
inline std::string kinds_of(std::span<const seqguard::DataFinding> findings) {
  std::string result;
  for (const seqguard::DataFinding& finding : findings)
    result += (result.empty() ? "" : " ") + std::string(to_string(finding.kind)) + "(" + finding.column + ")";
  return result;
}

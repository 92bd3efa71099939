// How one item of a batch fared: a bad one fails alone.
#pragma once

#include <string>

#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {

/// Outcome of one sequence or text of a batch.
struct ItemStatus {
  bool ok = true;
  ErrorCode code = ErrorCode::bad_event;  ///< meaningful if not ok
  std::string message;                    ///< empty if ok
};

}  // namespace v0
}  // namespace seqguard

// What a load has to say beside its result.
#pragma once

#include <string>
#include <vector>

namespace seqguard {
inline namespace v0 {

/// Filled by functions that load a directory of others' files.
struct LoadReport {
  /// A sentence each, with the file it is about: what was found and not read, or is used in another way than its writer
  /// may have meant. Empty: every file and field is obeyed, or known to change nothing (docs/checkpoints.md).
  std::vector<std::string> notes;
};

}  // namespace v0
}  // namespace seqguard

#include "events/sequence_name.hpp"

namespace seqguard {
inline namespace v0 {

std::string sequence_name(const Dataset& data, std::size_t sequence) {
  const DataSequence& s = data.sequences()[sequence];
  std::string name = s.key.empty()
                         ? (data.files().empty() ? "line " + std::to_string(s.line) : data.place(s.line).text())
                         : (data.key_column().empty() ? "" : data.key_column() + " ") + std::string(s.key);
  if (!data.profile_key_column().empty()) name += " of " + data.profile_key_column() + " " + std::string(s.profile_key);
  return name;
}

}  // namespace v0
}  // namespace seqguard

#include "seqguard/sequence_scorer/open_model.hpp"

#include "seqguard/sequence_scorer/behaviour_model.hpp"

namespace seqguard {
inline namespace v0 {

std::variant<SequenceScorer, TextModel> open_model(const std::string& directory, const LoadOptions& options,
                                                   const TextOptions& text) {
  if (holds_behaviour_model(directory)) return SequenceScorer::load(directory, options);
  return TextModel::load(directory, options, text);
}

}  // namespace v0
}  // namespace seqguard

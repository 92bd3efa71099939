// Which words of a text made its class.
//
//   seqguard::TextExplainer explainer(model);                     // a classifier of texts; one per thread
//   for (const auto& word : explainer.explain("click here!!!").words) ...
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "seqguard/sequence_scorer/text_model.hpp"

namespace seqguard {
inline namespace v0 {

/// Text between blanks, and what its tokens contribute.
struct WordAttribution {
  std::string word;
  TextSpan bytes;            ///< in the text, or in the pair
  std::int8_t sequence = 0;  ///< 0: of the text, 1: of the pair
  double value = 0;          ///< nats of the log odds: positive speaks for the class
};

struct TextExplanation {
  std::size_t label = 0;               ///< of TextModel::labels()
  std::string name;                    ///< of it
  double log_odds = 0;                 ///< log p / (1 - p) of the class; of a regression its output
  double baseline = 0;                 ///< the same with every token of the text hidden
  bool complete = false;               ///< the tokens' attributions sum to log_odds - baseline within 1 % of that
  bool truncated = false;              ///< the text was cut: the words behind were not read
  std::vector<double> tokens;          ///< of each token of TextExplainer::tokens(); 0 for the frame
  std::vector<WordAttribution> words;  ///< in the order of the text
};

/// Explains what a classifier of texts says, by integrated gradients over its tokens (model/integrated_gradients.hpp):
/// from the text with every token masked (padding where the tokenizer has no mask) to the text. Not thread-safe. Holds
/// a copy of the network that can be differentiated: 8 bytes for each matrix element, 4 for any other parameter.
class TextExplainer {
 public:
  /// Keeps `model` alive. @throws Error unsupported: no classifier of texts, or a tokenizer without mask and padding.
  explicit TextExplainer(const TextModel& model);
  TextExplainer(TextExplainer&&) noexcept;
  TextExplainer& operator=(TextExplainer&&) noexcept;
  ~TextExplainer();

  /// Of a class, or of the most probable one. Some 30 to 100 passes of the network. @throws Error as
  /// TextModel::classify(); out_of_range: no such class.
  TextExplanation explain(std::string_view text, std::string_view pair = "",
                          std::optional<std::size_t> label = std::nullopt);
  /// Tokens of the last text.
  const Encoding& tokens() const noexcept;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace v0
}  // namespace seqguard

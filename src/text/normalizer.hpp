// First stage: normalizers rewrite the text. One step is one component of tokenizer.json; a Sequence is several steps.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "text/normalized_text.hpp"
#include "text/run_pattern.hpp"

namespace seqguard {
inline namespace v0 {

/// Buffers that the steps share.
struct NormalizerScratch {
  /// Bytes that the text may grow to: rules of a hostile file could make it any size.
  std::size_t max_bytes = 0;
  std::size_t largest = 0;  ///< bytes that it had behind any step of the last call of normalize()
  NormalizedText spare;
  std::u32string parts;
  std::vector<std::pair<char32_t, int>> changes;  ///< characters with their change (see Rewriter)
  std::vector<std::uint8_t> classes;              ///< combining classes
};

/// @throws Error out_of_range if a text has grown beyond scratch.max_bytes.
void check_growth(std::size_t bytes, const NormalizerScratch& scratch);
class NormalizerStep {
 public:
  virtual ~NormalizerStep() = default;
  /// Rewrites the text in place. Thread-safe: everything that changes is in the arguments.
  virtual void apply(NormalizedText& text, NormalizerScratch& scratch) const = 0;
  /// Whether this is the step that lower-cases and does nothing else.
  virtual bool lowercases() const noexcept { return false; }
};
using NormalizerSteps = std::vector<std::unique_ptr<const NormalizerStep>>;

/// Bytes that a text may grow to in all: 4 times its size and 64 KiB (NFD of Hangul: 3 times; NFKC of one character: 11
/// times).
constexpr std::size_t max_normalized_bytes(std::size_t bytes) { return 4 * bytes + (std::size_t{64} << 10); }

/// Runs the steps one after the other. @throws Error out_of_range.
void normalize(const NormalizerSteps& steps, NormalizedText& text, NormalizerScratch& scratch);

struct BertNormalizerSettings {
  bool clean_text = true, handle_chinese_chars = true, strip_accents = true, lowercase = true;
  bool operator==(const BertNormalizerSettings&) const = default;
};
std::unique_ptr<const NormalizerStep> make_bert_normalizer(const BertNormalizerSettings& settings);

enum class NormalizationForm { nfc, nfd, nfkc, nfkd };
std::unique_ptr<const NormalizerStep> make_unicode_normalizer(NormalizationForm form);

std::unique_ptr<const NormalizerStep> make_lowercase_normalizer();
/// Drops the characters of category M.
std::unique_ptr<const NormalizerStep> make_strip_accents_normalizer();
/// Drops white space at the ends.
std::unique_ptr<const NormalizerStep> make_strip_normalizer(bool left, bool right);
/// Replaces every match; a text that matches nothing stays. `pattern` is not empty.
std::unique_ptr<const NormalizerStep> make_replace_normalizer(TextPattern pattern, std::string content);
std::unique_ptr<const NormalizerStep> make_prepend_normalizer(std::string prefix);
/// sentencepiece's rules: 4 bytes size of a double-array trie, the trie, texts that end with NUL.
/// @throws Error bad_format naming `where`: a charsmap that is no such thing.
std::unique_ptr<const NormalizerStep> make_precompiled_normalizer(std::string_view charsmap, const std::string& where);

}  // namespace v0
}  // namespace seqguard

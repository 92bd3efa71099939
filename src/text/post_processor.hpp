// Last stage: truncation, and the frame of special tokens around one text or two.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "seqguard/text/tokenizer.hpp"
#include "text/vocabulary_map.hpp"

namespace seqguard {
inline namespace v0 {

/// A token of the text in characters of the text.
struct PlacedToken {
  std::int32_t id = 0;
  TextSpan span;
  /// White space at the ends of the token's text (Ġ counts), for processors that trim offsets.
  std::uint32_t leading = 0, trailing = 0;
};

/// A piece of a frame: a text, or special tokens.
struct FramePiece {
  enum class Kind : std::uint8_t { text, pair, special } kind = Kind::special;
  std::int32_t type_id = 0;
  std::vector<std::int32_t> ids;  // of a special piece
  bool operator==(const FramePiece&) const = default;
};
using Frame = std::vector<FramePiece>;

struct PostProcessor {
  /// Frames for one text and for two; the defaults add nothing.
  Frame single{{FramePiece::Kind::text, 0, {}}};
  Frame pair{{FramePiece::Kind::text, 0, {}}, {FramePiece::Kind::pair, 1, {}}};
  /// Byte-level tokens begin with a space that is not part of the word: it is cut off the offsets, once for each
  /// processor that does so, with its add_prefix_space.
  std::vector<bool> trim_passes;
  TruncationSide truncation_side = TruncationSide::right;  ///< where the options do not say

  /// Truncates the tokens of the texts to the limit, trims, and writes the result.
  /// @throws Error invalid_argument: max_length is shorter than the frame.
  void apply(std::vector<PlacedToken>& text, std::vector<PlacedToken>* pair_tokens, const EncodeOptions& options,
             Encoding& encoding) const;
};

/// CLS A SEP; with a second text B SEP of type 1, or SEP B SEP of type 0 (RoBERTa, MPNet).
void set_cls_sep_frame(PostProcessor& processor, std::int32_t cls, std::int32_t sep, bool roberta);

/// White space and Ġ at the ends of a token's text.
void count_spaces(std::string_view token, std::uint32_t& leading, std::uint32_t& trailing) noexcept;

}  // namespace v0
}  // namespace seqguard

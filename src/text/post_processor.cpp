#include "text/post_processor.hpp"

#include <algorithm>

#include "seqguard/core/error.hpp"
#include "text/byte_level.hpp"
#include "text/unicode.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

bool is_space(char32_t c) { return c == k_byte_level_space || CharacterTable::instance().is(c, k_space); }

/// process_offsets of the crate (pre_tokenizers/byte_level.rs).
void trim(std::vector<PlacedToken>& tokens, bool add_prefix_space) {
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    PlacedToken& token = tokens[i];
    std::uint32_t leading = token.leading;
    // A single space before the first word was added, not found.
    if ((i == 0 || token.span.begin == 0) && add_prefix_space && leading == 1) leading = 0;
    token.span.begin = std::min(token.span.begin + leading, token.span.end);
    if (token.trailing > 0 && token.span.end >= token.trailing)
      token.span.end = std::max(token.span.end - token.trailing, token.span.begin);
  }
}

void cut(std::vector<PlacedToken>& tokens, std::size_t limit, TruncationSide side) {
  if (side == TruncationSide::left && tokens.size() > limit)
    tokens.erase(tokens.begin(), tokens.end() - static_cast<std::ptrdiff_t>(limit));
  tokens.resize(std::min(tokens.size(), limit));
}

/// The longer text is cut first (truncate_encodings of the crate, LongestFirst).
void truncate(std::vector<PlacedToken>& text, std::vector<PlacedToken>* pair, std::size_t limit, TruncationSide side) {
  if (pair == nullptr) return cut(text, limit, side);
  std::size_t n1 = text.size(), n2 = pair->size();
  if (n1 + n2 <= limit) return;
  const bool swapped = n1 > n2;
  if (swapped) std::swap(n1, n2);
  n2 = n1 > limit ? n1 : std::max(n1, limit - n1);
  if (n1 + n2 > limit) {
    n1 = limit / 2;
    n2 = n1 + limit % 2;
  }
  if (swapped) std::swap(n1, n2);
  cut(text, n1, side);
  cut(*pair, n2, side);
}

void append(Encoding& encoding, std::int32_t id, std::int32_t type_id, TextSpan span, std::int8_t sequence) {
  encoding.ids.push_back(id);
  encoding.type_ids.push_back(type_id);
  encoding.offsets.push_back(span);
  encoding.sequence.push_back(sequence);
}

}  // namespace

void set_cls_sep_frame(PostProcessor& processor, std::int32_t cls, std::int32_t sep, bool roberta) {
  using Kind = FramePiece::Kind;
  processor.single = {{Kind::special, 0, {cls}}, {Kind::text, 0, {}}, {Kind::special, 0, {sep}}};
  processor.pair = processor.single;
  if (roberta) processor.pair.push_back({Kind::special, 0, {sep}});
  processor.pair.push_back({Kind::pair, roberta ? 0 : 1, {}});
  processor.pair.push_back({Kind::special, roberta ? 0 : 1, {sep}});
}

void count_spaces(std::string_view token, std::uint32_t& leading, std::uint32_t& trailing) noexcept {
  leading = trailing = 0;
  std::size_t begin = 0, end = token.size();
  for (; begin < token.size() && is_space(decode_utf8(token.data() + begin)); begin += utf8_length(token[begin]))
    ++leading;
  while (end > 0) {
    const std::size_t last = previous_utf8(token, end);
    if (!is_space(decode_utf8(token.data() + last))) break;
    ++trailing;
    end = last;
  }
}

void PostProcessor::apply(std::vector<PlacedToken>& text, std::vector<PlacedToken>* pair_tokens,
                          const EncodeOptions& options, Encoding& encoding) const {
  const Frame& frame = pair_tokens == nullptr ? single : pair;
  std::size_t framing = 0;
  if (options.add_special_tokens)
    for (const FramePiece& piece : frame) framing += piece.ids.size();
  const std::size_t tokens = text.size() + (pair_tokens == nullptr ? 0 : pair_tokens->size());
  encoding.truncated = options.max_length != 0 && tokens + framing > options.max_length;
  if (options.max_length != 0 && options.max_length < framing)
    fail(ErrorCode::invalid_argument, "encode", "max_length", "at least " + std::to_string(framing) + " for the frame",
         std::to_string(options.max_length));
  if (encoding.truncated)
    truncate(text, pair_tokens, options.max_length - framing, options.truncation_side.value_or(truncation_side));
  for (const bool add_prefix_space : trim_passes) {
    trim(text, add_prefix_space);
    if (pair_tokens != nullptr) trim(*pair_tokens, add_prefix_space);
  }
  encoding.ids.clear();
  encoding.type_ids.clear();
  encoding.offsets.clear();
  encoding.sequence.clear();
  for (const FramePiece& piece : frame) {
    if (piece.kind == FramePiece::Kind::special) {
      if (options.add_special_tokens)
        for (const std::int32_t id : piece.ids) append(encoding, id, piece.type_id, {}, -1);
      continue;
    }
    const bool is_text = piece.kind == FramePiece::Kind::text;
    for (const PlacedToken& token : is_text ? text : *pair_tokens)
      append(encoding, token.id, piece.type_id, token.span, is_text ? 0 : 1);
  }
}

}  // namespace v0
}  // namespace seqguard

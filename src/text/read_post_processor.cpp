#include <utility>

#include "text/read_components.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

using Kind = FramePiece::Kind;

/// A frame is written around every text: a hostile one must not be long.
constexpr std::size_t k_max_pieces = 64;

/// ["[SEP]", 102]
std::int32_t read_token_pair(JsonValue value) {
  const auto token = value.demand(JsonValue::Kind::array).first_child();
  const auto id = token ? token->next_sibling() : std::nullopt;
  if (!id || value.size() != 2) value.refuse("a token and its id");
  token->text();
  return read_id(*id);
}

/// BertProcessing and RobertaProcessing: CLS A SEP, and behind it B SEP or SEP B SEP.
void read_cls_sep(JsonValue value, bool roberta, PostProcessor& processor) {
  const std::int32_t cls = read_token_pair(value.at("cls")), sep = read_token_pair(value.at("sep"));
  set_cls_sep_frame(processor, cls, sep, roberta);
}

std::vector<std::int32_t> read_special(JsonValue tokens, JsonValue name) {
  const auto entry = tokens.find(name.text());
  if (!entry) name.refuse("one of special_tokens");
  entry->allow_only({"id", "ids", "tokens"});
  std::vector<std::int32_t> ids;
  const JsonValue list = entry->at("ids").demand(JsonValue::Kind::array);
  if (list.size() > k_max_pieces) list.refuse("at most " + std::to_string(k_max_pieces) + " ids");
  list.for_each([&](JsonValue id) { ids.push_back(read_id(id)); });
  return ids;
}

Frame read_frame(JsonValue template_pieces, JsonValue tokens, bool is_pair) {
  if (template_pieces.demand(JsonValue::Kind::array).size() > k_max_pieces)
    template_pieces.refuse("at most " + std::to_string(k_max_pieces) + " pieces");
  Frame frame;
  bool has_text = false, has_pair = false;
  template_pieces.for_each([&](JsonValue piece) {
    piece.allow_only({"Sequence", "SpecialToken"});
    if (piece.size() != 1) piece.refuse("either Sequence or SpecialToken");
    const auto sequence = piece.find("Sequence");
    const JsonValue body = sequence ? *sequence : piece.at("SpecialToken");
    body.allow_only({"id", "type_id"});
    const JsonValue id = body.at("id");
    const std::int32_t type_id = read_id(body.at("type_id"));
    if (!sequence)
      frame.push_back({Kind::special, type_id, read_special(tokens, id)});
    else if (std::exchange(id.text() == "B" ? has_pair : has_text, true))
      id.refuse_unsupported("each text once");
    else if (id.text() == "A")
      frame.push_back({Kind::text, type_id, {}});
    else if (id.text() == "B" && is_pair)
      frame.push_back({Kind::pair, type_id, {}});
    else
      id.refuse(is_pair ? "A or B" : "A");
  });
  return frame;
}

/// Whether the component writes a frame (others may only follow before it).
bool read_one(JsonValue value, PostProcessor& processor) {
  const JsonValue type = value.at("type");
  const std::string_view name = type.text();
  if (name == "BertProcessing") {
    value.allow_only({"type", "sep", "cls"});
    read_cls_sep(value, false, processor);
    return true;
  }
  if (name == "RobertaProcessing") {
    value.allow_only({"type", "sep", "cls", "trim_offsets", "add_prefix_space"});
    read_cls_sep(value, true, processor);
    if (value.at("trim_offsets").boolean()) processor.trim_passes.push_back(value.at("add_prefix_space").boolean());
    return true;
  }
  if (name == "TemplateProcessing") {
    value.allow_only({"type", "single", "pair", "special_tokens"});
    const JsonValue tokens = value.at("special_tokens");
    processor.single = read_frame(value.at("single"), tokens, false);
    processor.pair = read_frame(value.at("pair"), tokens, true);
    return true;
  }
  if (name != "ByteLevel")
    type.refuse_unsupported("TemplateProcessing, BertProcessing, RobertaProcessing, ByteLevel or Sequence");
  value.allow_only({"type", "add_prefix_space", "trim_offsets", "use_regex"});
  if (value.at("trim_offsets").boolean()) processor.trim_passes.push_back(value.at("add_prefix_space").boolean());
  return false;
}

}  // namespace

PostProcessor read_post_processor(JsonValue value) {
  PostProcessor processor;
  if (value.at("type").text() != "Sequence") {
    read_one(value, processor);
    return processor;
  }
  value.allow_only({"type", "processors"});
  bool framed = false;
  if (value.at("processors").size() > k_max_pieces)
    value.refuse("at most " + std::to_string(k_max_pieces) + " processors");
  value.at("processors").demand(JsonValue::Kind::array).for_each([&](JsonValue step) {
    if (framed) step.refuse_unsupported("a Sequence that ends with the processor that adds special tokens");
    framed = read_one(step, processor);
  });
  return processor;
}

}  // namespace v0
}  // namespace seqguard

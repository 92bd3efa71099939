// The files beside a tokenizer's own: added and special tokens, the side that is cut off, the frame. The ids are those
// of transformers 5.23 for the same directories.
#include <doctest/doctest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "seqguard/core/error.hpp"
#include "seqguard/core/files.hpp"
#include "seqguard/text/tokenizer.hpp"
#include "support/temporary_directory.hpp"

using namespace seqguard;
using nlohmann::json;

namespace {

using Ids = std::vector<std::int32_t>;
using Files = std::vector<std::pair<std::string, std::string>>;

const std::vector<std::string> k_pieces = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "hello", "world",
                                           "user",  "<",     ">",     "##s",   "a",      "e"};

std::string lines(const std::vector<std::string>& pieces) {
  std::string text;
  for (const std::string& piece : pieces) text += piece + "\n";
  return text;
}

Tokenizer load(const Files& files) {
  const TemporaryDirectory directory;
  for (const auto& [name, text] : files) write_file_atomically(directory / name, text);
  return Tokenizer::load(directory.path());
}

/// vocab.txt of k_pieces with other files.
Tokenizer with(Files files) {
  files.emplace_back("vocab.txt", lines(k_pieces));
  return load(files);
}

std::string error_of(Files files) {
  try {
    with(std::move(files));
  } catch (const Error& error) {
    const std::string message = error.what();
    return std::string(to_string(error.code())) + " " + message.substr(message.rfind('/') + 1);
  }
  return "no error";
}

json added_token(int id, const std::string& content) {
  return {{"id", id},        {"content", content},  {"single_word", false}, {"lstrip", false},
          {"rstrip", false}, {"normalized", false}, {"special", true}};
}

/// The tokenizer.json that BertTokenizer saves for k_pieces.
json tokenizer_json() {
  json vocabulary, added = json::array();
  for (std::size_t i = 0; i < k_pieces.size(); ++i) vocabulary[k_pieces[i]] = i;
  for (int i = 0; i < 5; ++i) added.push_back(added_token(i, k_pieces[static_cast<std::size_t>(i)]));
  const auto special = [](const char* name, int type) {
    return json{{"SpecialToken", {{"id", name}, {"type_id", type}}}};
  };
  const auto text = [](const char* name, int type) { return json{{"Sequence", {{"id", name}, {"type_id", type}}}}; };
  const auto ids = [](const char* name, int id) { return json{{"id", name}, {"ids", {id}}, {"tokens", {name}}}; };
  return {{"version", "1.0"},
          {"added_tokens", added},
          {"normalizer",
           {{"type", "BertNormalizer"},
            {"clean_text", true},
            {"handle_chinese_chars", true},
            {"strip_accents", nullptr},
            {"lowercase", true}}},
          {"pre_tokenizer", {{"type", "BertPreTokenizer"}}},
          {"post_processor",
           {{"type", "TemplateProcessing"},
            {"single", {special("[CLS]", 0), text("A", 0), special("[SEP]", 0)}},
            {"pair", {special("[CLS]", 0), text("A", 0), special("[SEP]", 0), text("B", 1), special("[SEP]", 1)}},
            {"special_tokens", {{"[CLS]", ids("[CLS]", 2)}, {"[SEP]", ids("[SEP]", 3)}}}}},
          {"model",
           {{"type", "WordPiece"},
            {"unk_token", "[UNK]"},
            {"continuing_subword_prefix", "##"},
            {"max_input_chars_per_word", 100},
            {"vocab", vocabulary}}}};
}

Tokenizer with_json(const json& document, const std::string& config, const Files& more = {}) {
  Files files = more;
  files.emplace_back("tokenizer.json", document.dump());
  if (!config.empty()) files.emplace_back("tokenizer_config.json", config);
  return load(files);
}

Ids cut(const Tokenizer& tokenizer, std::size_t length) {
  EncodeOptions options;
  options.max_length = length;
  return tokenizer.encode("hello world user a e", options).ids;
}

constexpr const char* k_bert = R"({"tokenizer_class": "BertTokenizer"})";
constexpr const char* k_fast = R"({"tokenizer_class": "PreTrainedTokenizerFast"})";

std::string merged(const char* config, const std::string& fields) {
  json result = json::parse(config);
  result.update(json::parse(fields));
  return result.dump();
}

}  // namespace

TEST_CASE("added tokens beside vocab.txt, in each of the files that name them") {
  const std::string text = "hello <user> world";
  CHECK(with({}).encode(text).ids == Ids{2, 5, 8, 7, 9, 6, 3});
  const Ids whole{2, 5, 13, 6, 3};
  const Files added = {{"added_tokens.json", R"({"<user>":13,"<e1>":14})"}};
  CHECK(with(added).encode(text).ids == whole);
  CHECK(with(added).encode("hello <USER> world<e1>a").ids == Ids{2, 5, 13, 6, 14, 11, 3});
  CHECK(with(added).vocab_size() == 15);
  CHECK(with(added).id_to_token(14) == "<e1>");
  CHECK(with({{"added_tokens.json", R"({"<e1>":14,"<user>":13})"}}).encode(text).ids == whole);
  CHECK(with({{"added_tokens.json", R"({"user":7})"}}).encode("hello users world").ids == Ids{2, 5, 7, 1, 6, 3});
  for (const char* config :
       {R"({"additional_special_tokens": ["<user>", "<e1>"]})", R"({"extra_special_tokens": ["<user>", "<e1>"]})",
        R"({"extra_special_tokens": {"image_token": "<user>"}})", R"({"user_token": "<user>"})",
        R"({"additional_special_tokens": [{"content": "<user>", "lstrip": true, "__type": "AddedToken"}]})",
        R"({"added_tokens_decoder": {"13": {"content": "<user>"}}})",
        R"({"added_tokens_decoder": {"14": {"content": "<e1>", "special": true}, "13": {"content": "<user>"}}})"}) {
    CAPTURE(config);
    CHECK(with({{"tokenizer_config.json", config}}).encode(text).ids == whole);
  }
  const Tokenizer mapped =
      with({{"special_tokens_map.json", R"({"additional_special_tokens": ["<user>"], "cls_token": "hello",
                                   "mask_token": {"content": "[MASK]", "lstrip": true}})"}});
  CHECK(mapped.encode(text).ids == Ids{5, 1, 13, 6, 3});  // "hello" in a text is no frame: as_text
  EncodeOptions as_tokens;
  as_tokens.special_tokens_in_text = SpecialTokensInText::as_tokens;
  CHECK(mapped.encode(text, as_tokens).ids == Ids{5, 5, 13, 6, 3});
  // Both saved together, as transformers 4 did.
  CHECK(with({{"added_tokens.json", R"({"<user>":13})"},
              {"special_tokens_map.json", R"({"additional_special_tokens": ["<user>"]})"}})
            .encode(text)
            .ids == whole);
  // Then they are no special tokens in transformers, and are found in the normalized text.
  CHECK(with({{"added_tokens.json", R"({"<user>":13})"},
              {"special_tokens_map.json", R"({"additional_special_tokens": ["<user>"]})"}})
            .encode("hello <USER> world")
            .ids == whole);
  CHECK(with({{"tokenizer_config.json", R"({"additional_special_tokens": ["<user>"]})"}})
            .encode("hello <USER> world")
            .ids == Ids{2, 5, 8, 7, 9, 6, 3});
  for (const Tokenizer& tokenizer : {with(added), mapped}) CHECK(tokenizer.notes().empty());
}

TEST_CASE("special tokens without a role are tokens in texts, whichever file says that they are special") {
  const std::string text = "hello <user> world", framing = "hello [SEP] world";
  const Ids whole{2, 5, 13, 6, 3}, kept_out{2, 5, 1, 1, 1, 6, 3};
  const std::string decoder = R"({"added_tokens_decoder": {"13": {"content": "<user>", "special": true}}})";
  const auto check = [&](const Tokenizer& tokenizer) {
    CHECK(tokenizer.encode(text).ids == whole);
    CHECK(tokenizer.encode(framing).ids == kept_out);
    CHECK(tokenizer.encode("hello [MASK] world").ids == kept_out);
  };
  check(with({{"tokenizer_config.json", decoder}}));
  json with_user = tokenizer_json();
  with_user["added_tokens"].push_back(added_token(13, "<user>"));
  const std::string named = merged(k_fast, R"({"mask_token": "[MASK]"})");
  for (const std::string& config : {std::string(k_bert), named}) {
    CAPTURE(config);
    check(with_json(with_user, config));
    check(with_json(tokenizer_json(), merged(config.c_str(), decoder)));
    CHECK(with_json(with_user, merged(config.c_str(), R"({"pad_token": "<user>"})")).encode(text).ids ==
          Ids{2, 5, 8, 7, 9, 6, 3});
    CHECK(with_json(with_user, merged(config.c_str(), R"({"split_special_tokens": true})")).encode(text).ids ==
          Ids{2, 5, 8, 7, 9, 6, 3});
  }
}

TEST_CASE("special tokens that are kept out of texts because no file names a role are noted") {
  json with_users = tokenizer_json();
  with_users["added_tokens"].push_back(added_token(13, "<user>"));
  for (const char* config : {"", k_fast}) {
    CAPTURE(config);
    const Tokenizer one = with_json(with_users, config);
    CHECK(one.encode("hello <user> world").ids == Ids{2, 5, 8, 7, 9, 6, 3});
    REQUIRE(one.notes().size() == 1);
    CHECK(one.notes()[0].find(
              "tokenizer.json: added_tokens: no file names the role of 1 special token, kept out of texts "
              "like those with one (SpecialTokensInText::as_text): <user>; ") != std::string::npos);
  }
  json with_many = with_users;
  for (int i = 14; i < 30; ++i) with_many["added_tokens"].push_back(added_token(i, "<e" + std::to_string(i) + ">"));
  const Tokenizer many = with_json(with_many, "");
  REQUIRE(many.notes().size() == 1);
  CHECK(many.notes()[0].find("the role of 17 special tokens, kept") != std::string::npos);
  CHECK(many.notes()[0].find("<user>, <e14>, ") != std::string::npos);
  CHECK(many.notes()[0].find(" and 7 more; ") != std::string::npos);
  // What the note advises, a role, and where texts are to be cut up anyhow.
  const Tokenizer listed = with_json(with_users, merged(k_fast, R"({"additional_special_tokens": ["<user>"]})"));
  CHECK(listed.notes().empty());
  CHECK(listed.encode("hello <user> world").ids == Ids{2, 5, 13, 6, 3});
  CHECK(with_json(with_users, merged(k_fast, R"({"pad_token": "<user>"})")).notes().empty());
  CHECK(with_json(with_users, merged(k_fast, R"({"split_special_tokens": true})")).notes().empty());
}

TEST_CASE("named tokens that a vocabulary lacks come after the added ones") {
  std::vector<std::string> pieces = k_pieces;
  pieces.erase(pieces.begin() + 4);
  const Tokenizer tokenizer = load({{"vocab.txt", lines(pieces)}, {"added_tokens.json", R"({"<user>":12})"}});
  CHECK(tokenizer.encode("hello <user> world").ids == Ids{2, 4, 12, 5, 3});
  CHECK(tokenizer.token_to_id("[MASK]") == 13);
  CHECK(error_of({{"tokenizer_config.json", R"({"cls_token": "<cls>"})"}}) ==
        "bad_format vocab.txt: no piece \"<cls>\"");
  CHECK(with({{"tokenizer_config.json", R"({"cls_token": "<cls>"})"}, {"added_tokens.json", R"({"<cls>": 13})"}})
            .encode("hello")
            .ids == Ids{13, 5, 3});
}

TEST_CASE("added tokens whose files contradict are refused, or the one that does not count is named") {
  CHECK(error_of({{"added_tokens.json", R"({"<user>":20})"}}) ==
        "bad_format added_tokens.json: id of \"<user>\", expected 13, the next free one, found 20");
  CHECK(error_of({{"added_tokens.json", R"({"user":5})"}}) ==
        "bad_format added_tokens.json: id of \"user\", expected 7 as in the vocabulary, found 5");
  CHECK(error_of({{"added_tokens.json", R"({"<user>":"13"})"}}).find("bad_format added_tokens.json: <user>, ") == 0);
  CHECK(error_of({{"added_tokens.json", R"(["<user>"])"}}).find("bad_format added_tokens.json: document, ") == 0);
  CHECK(error_of({{"special_tokens_map.json", "3"}}).find("bad_format special_tokens_map.json: document, ") == 0);
  CHECK(error_of({{"tokenizer_config.json", R"({"additional_special_tokens": "<user>"})"}})
            .find("bad_format tokenizer_config.json: additional_special_tokens, expected an array") == 0);
  const Tokenizer decoded = with(
      {{"tokenizer_config.json", R"({"added_tokens_decoder": {"13": {"content": "<user>"}}, "cls_token": "[CLS]"})"},
       {"added_tokens.json", R"({"<e1>": 13})"},
       {"special_tokens_map.json", R"({"cls_token": "hello"})"}});
  CHECK(decoded.encode("hello <user> world").ids == Ids{2, 5, 13, 6, 3});
  REQUIRE(decoded.notes().size() == 2);
  CHECK(decoded.notes()[0].find("added_tokens.json: not read beside the added_tokens_decoder") != std::string::npos);
  CHECK(decoded.notes()[0].find("<e1>") != std::string::npos);
  CHECK(decoded.notes()[1].find("special_tokens_map.json: not read") != std::string::npos);
  CHECK(with({{"tokenizer_config.json", R"({"added_tokens_decoder": {"13": {"content": "<user>"}}})"},
              {"added_tokens.json", R"({"<user>": 13})"}})
            .notes()
            .empty());
}

TEST_CASE("tokenizer.json and the files beside it: which tokens each class of transformers takes") {
  const std::string text = "hello <user> world";
  const json plain = tokenizer_json();
  json with_user = plain;
  with_user["added_tokens"].push_back(added_token(13, "<user>"));
  with_user["added_tokens"].back()["special"] = false;
  const Ids whole{2, 5, 13, 6, 3};
  for (const char* config : {k_bert, k_fast}) {
    CAPTURE(config);
    CHECK(with_json(plain, merged(config, R"({"added_tokens_decoder": {"13": {"content": "<user>"}}})"))
              .encode(text)
              .ids == whole);
    CHECK(with_json(plain, merged(config, R"({"additional_special_tokens": ["<user>"]})")).encode(text).ids == whole);
    CHECK(with_json(plain, config, {{"added_tokens.json", R"({"<user>": 13})"}}).encode(text).ids == whole);
    CHECK(with_json(plain, config, {{"special_tokens_map.json", R"({"additional_special_tokens": ["<user>"]})"}})
              .encode(text)
              .ids == whole);
    CHECK(with_json(with_user, config).encode(text).ids == whole);
  }
  const std::string other = R"({"added_tokens_decoder": {"2": {"content": "[CLS]", "special": true}}})";
  CHECK(with_json(with_user, merged(k_fast, other)).encode(text).ids == whole);
  const Tokenizer rebuilt = with_json(with_user, merged(k_bert, other));
  CHECK(rebuilt.encode(text).ids == Ids{2, 5, 8, 7, 9, 6, 3});
  REQUIRE(rebuilt.notes().size() == 1);
  CHECK(rebuilt.notes()[0].find("tokenizer_config.json: added_tokens_decoder lacks added tokens of tokenizer.json, "
                                "which are not cut out of texts: ") != std::string::npos);
  CHECK(rebuilt.notes()[0].find("<user>") != std::string::npos);
}

TEST_CASE("the frame: ids of the post-processor and of the vocabulary") {
  json contradicting = tokenizer_json();
  contradicting["post_processor"]["special_tokens"]["[SEP]"]["ids"] = {5};
  const Tokenizer fast = with_json(contradicting, k_fast);
  CHECK(fast.encode("world").ids == Ids{2, 6, 5});
  REQUIRE(fast.notes().size() == 1);
  CHECK(
      fast.notes()[0].find("tokenizer.json: post_processor.special_tokens.[SEP]: \"[SEP]\" has the id 5 there, in the "
                           "vocabulary 3; 5 is used") != std::string::npos);
  const Tokenizer bert = with_json(contradicting, k_bert);
  CHECK(bert.encode("world").ids == Ids{2, 6, 3});
  REQUIRE(bert.notes().size() == 1);
  CHECK(bert.notes()[0].find("makes another frame than the tokenizer_class with its vocabulary: ids 2 and 3") !=
        std::string::npos);
  json none = tokenizer_json();
  none.erase("post_processor");
  CHECK(with_json(none, k_fast).encode("world").ids == Ids{6});
  CHECK(with_json(none, k_bert).encode("world").ids == Ids{2, 6, 3});
  CHECK(with_json(tokenizer_json(), merged(k_bert, R"({"cls_token": "hello"})")).encode("world").ids == Ids{5, 6, 3});
  CHECK(with_json(tokenizer_json(), merged(k_fast, R"({"cls_token": "hello"})")).encode("world").ids == Ids{2, 6, 3});
  for (const char* config : {k_bert, k_fast, ""}) CHECK(with_json(tokenizer_json(), config).notes().empty());
  json other = tokenizer_json();
  other["normalizer"] = {{"type", "Lowercase"}};
  other["pre_tokenizer"] = {{"type", "Whitespace"}};
  CHECK(with_json(other, k_bert).encode("HELL\xC3\x93 <user>").ids == Ids{2, 5, 8, 7, 9, 3});
  CHECK(with_json(other, k_bert).notes().size() == 2);
  CHECK(with_json(other, k_fast).encode("HELL\xC3\x93 a").ids == Ids{2, 1, 11, 3});
}

TEST_CASE("the side of a text that is cut off: tokenizer_config.json, else tokenizer.json, else the right") {
  CHECK(cut(with({}), 4) == Ids{2, 5, 6, 3});
  const Tokenizer left = with({{"tokenizer_config.json", R"({"truncation_side": "left"})"}});
  CHECK(left.truncation_side() == TruncationSide::left);
  CHECK(cut(left, 4) == Ids{2, 11, 12, 3});
  CHECK(cut(left, 2) == Ids{2, 3});
  EncodeOptions options;
  options.max_length = 8;
  CHECK(left.encode("hello world user a e", "a e hello world", options).ids == Ids{2, 7, 11, 12, 3, 5, 6, 3});
  CHECK(left.encode("hello world user a e", "a e hello world", options).offsets[1] == TextSpan{12, 16});
  options.truncation_side = TruncationSide::right;
  options.max_length = 4;
  CHECK(left.encode("hello world user a e", options).ids == Ids{2, 5, 6, 3});
  CHECK(error_of({{"tokenizer_config.json", R"({"truncation_side": "middle"})"}}) ==
        "bad_format tokenizer_config.json: truncation_side, expected left or right, found \"middle\"");
  json document = tokenizer_json();
  document["truncation"] = {{"direction", "Left"}, {"max_length", 4}, {"strategy", "LongestFirst"}, {"stride", 0}};
  for (const char* config : {"", k_bert, k_fast}) {
    CHECK(cut(with_json(document, config), 5) == Ids{2, 7, 11, 12, 3});
    if (*config != '\0')
      CHECK(cut(with_json(document, merged(config, R"({"truncation_side": "right"})")), 5) == Ids{2, 5, 6, 7, 3});
  }
}

TEST_CASE("type ids: what model_input_names or the class gives to the network") {
  const auto names = [](const char* config, const char* inputs) {
    return with_json(tokenizer_json(), merged(config, std::string(R"({"model_input_names": )") + inputs + "}"));
  };
  CHECK(with({}).gives_type_ids() == std::nullopt);
  CHECK(names("{}", R"(["input_ids", "attention_mask"])").gives_type_ids() == false);
  CHECK(names(k_bert, R"(["input_ids", "attention_mask"])").gives_type_ids() == false);
  CHECK(names(k_fast, R"(["input_ids", "token_type_ids"])").gives_type_ids() == true);
  CHECK(with_json(tokenizer_json(), "").gives_type_ids() == std::nullopt);
  CHECK(with_json(tokenizer_json(), k_bert).gives_type_ids() == true);
  CHECK(with_json(tokenizer_json(), k_fast).gives_type_ids() == false);
  CHECK(error_of({{"tokenizer_config.json", R"({"model_input_names": ["attention_mask"]})"}}) ==
        "bad_format tokenizer_config.json: model_input_names, expected input_ids among them, found an array of 1");
  const Tokenizer padded = with({{"tokenizer_config.json", R"({"padding_side": "left"})"}});
  REQUIRE(padded.notes().size() == 1);
  CHECK(padded.notes()[0].find("tokenizer_config.json: padding_side is left, but nothing is padded here") !=
        std::string::npos);
}

TEST_CASE("the tokenizer's class stands in config.json where tokenizer_config.json has none") {
  const Files fast = {{"config.json", R"({"model_type": "bert", "tokenizer_class": "PreTrainedTokenizerFast"})"}};
  const Files bert = {{"config.json", R"({"model_type": "bert", "tokenizer_class": "BertTokenizerFast"})"}};
  json none = tokenizer_json();
  none.erase("post_processor");
  CHECK(with_json(none, "{}", fast).encode("world").ids == Ids{6});
  CHECK(with_json(none, "", bert).encode("world").ids == Ids{2, 6, 3});
  CHECK(with_json(none, k_fast, bert).encode("world").ids == Ids{6});
  CHECK(with_json(none, "", fast).gives_type_ids() == false);
  CHECK(error_of(fast) ==
        "unsupported config.json: tokenizer_class is not supported, expected BertTokenizer, DistilBertTokenizer, "
        "ElectraTokenizer, MobileBertTokenizer, MPNetTokenizer (others need a tokenizer.json), found "
        "\"PreTrainedTokenizerFast\"");
}

TEST_CASE(
    "fields of tokenizer_config.json: split_special_tokens, unknown ones, code, and Infinity where nobody reads") {
  EncodeOptions as_tokens;
  as_tokens.special_tokens_in_text = SpecialTokensInText::as_tokens;
  CHECK(with({}).encode("hello [SEP] world", as_tokens).ids == Ids{2, 5, 3, 6, 3});
  CHECK(with({{"tokenizer_config.json", R"({"split_special_tokens": true})"}})
            .encode("hello [SEP] world", as_tokens)
            .ids == Ids{2, 5, 1, 1, 1, 6, 3});
  const Tokenizer unknown = with({{"tokenizer_config.json", R"({"colour": 3, "errors": Infinity, "shape": {}})"},
                                  {"special_tokens_map.json", R"({"model_type": "bert"})"}});
  REQUIRE(unknown.notes().size() == 2);
  CHECK(unknown.notes()[0].find("tokenizer_config.json: not read: colour, shape (docs/checkpoints.md") !=
        std::string::npos);
  CHECK(unknown.notes()[1].find("special_tokens_map.json: not read: model_type (") != std::string::npos);
  CHECK(error_of({{"tokenizer_config.json", R"({"auto_map": {"AutoTokenizer": ["a.B", null]}})"}}) ==
        "unsupported tokenizer_config.json: auto_map is not supported, expected none, found an object");
  CHECK(error_of({{"tokenizer_config.json", R"({"truncation_side": Infinity})"}})
            .find("bad_format tokenizer_config.json: truncation_side, expected a text, found Infinity") == 0);
}

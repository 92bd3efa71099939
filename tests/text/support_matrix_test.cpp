// The README's table of tokenizers. Exact: in a golden tokenizer, whose ids and offsets golden_test.cpp compares with
// those of the tokenizers package; refused: every other component that the package has, by name.
#include <doctest/doctest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "seqguard/core/files.hpp"
#include "support/readme_table.hpp"
#include "support/temporary_directory.hpp"
#include "text/small_tokenizers.hpp"

using namespace seqguard;

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

const std::string k_directory = std::string(SEQGUARD_SOURCE_DIR) + "/tests/golden/tokenizers/";

void collect_types(const json& component, std::set<std::string>& types) {
  if (!component.is_object()) return;
  types.insert(component.at("type"));
  for (const char* steps : {"normalizers", "pretokenizers", "processors"})
    if (component.contains(steps))
      for (const json& step : component[steps]) collect_types(step, types);
}

/// Types that stand in golden tokenizers.
std::set<std::string> golden_types(const std::string& part) {
  std::set<std::string> types;
  for (const auto& entry : fs::directory_iterator(k_directory)) {
    if (entry.path().extension() != ".json") continue;
    Tokenizer::load(entry.path());
    collect_types(json::parse(read_file(entry.path(), 1u << 20)).at(part), types);
  }
  return types;
}

std::string list(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text.empty() ? "-" : text;
}

/// A row: what the tokenizers package has of this part (0.23), golden or refused, and `further` things that are
/// refused.
std::string row(const std::string& title, const std::string& key, std::string TokenizerParts::*part,
                const std::vector<std::string>& all, const std::vector<std::string>& further = {}) {
  const std::set<std::string> golden = golden_types(key);
  std::vector<std::string> exact, refused;
  for (const std::string& name : all) {
    TokenizerParts parts;
    parts.*part = R"({"type": ")" + name + "\"}";
    const bool is_golden = golden.contains(name);
    (is_golden ? exact : refused).push_back(name);
    if (!is_golden) CHECK(parts.error().find("unsupported tokenizer.json: ") == 0);
    if (!is_golden) CHECK(parts.error().find(name) != std::string::npos);
  }
  CHECK(exact.size() == golden.size());
  refused.insert(refused.end(), further.begin(), further.end());
  return "| " + title + " | " + list(exact) + " | " + list(refused) + " |\n";
}

/// The ids of a text by the vocabulary files of a golden tokenizer.
std::vector<std::int32_t> ids_of(const TemporaryDirectory& directory) {
  return Tokenizer::load(directory.path()).encode("the customer's service").ids;
}

/// tokenizer.json; vocab.txt, and vocab.json with merges.txt, give the same ids; sentencepiece's files are refused.
std::string files_row() {
  const auto golden = [](const std::string& name) { return json::parse(read_file(k_directory + name, 1u << 20)); };
  const auto ids = [](const std::string& name) {
    return Tokenizer::load(k_directory + name).encode("the customer's service").ids;
  };
  const TemporaryDirectory words, merges;
  const json pieces = golden("bert_uncased.json")["model"]["vocab"];
  std::vector<std::string> lines(pieces.size());
  for (const auto& [piece, id] : pieces.items()) lines[id.get<std::size_t>()] = piece + "\n";
  std::string text;
  for (const std::string& line : lines) text += line;
  write_file_atomically(words / "vocab.txt", text);
  CHECK(ids_of(words) == ids("bert_uncased.json"));
  const json model = golden("roberta.json")["model"];
  text = "#version: 0.2\n";
  for (const json& merge : model["merges"])
    text += merge[0].get<std::string>() + " " + merge[1].get<std::string>() + "\n";
  write_file_atomically(merges / "vocab.json", model["vocab"].dump());
  write_file_atomically(merges / "merges.txt", text);
  CHECK(ids_of(merges) == ids("roberta.json"));
  std::vector<std::string> refused;
  for (const char* name : {"sentencepiece.bpe.model", "spiece.model", "tokenizer.model"}) {
    const TemporaryDirectory directory;
    write_file_atomically(directory / name, "x");
    CHECK_THROWS_WITH_AS(
        Tokenizer::load(directory.path()),
        (directory / name + ": a sentencepiece model alone is not read: transformers' save_pretrained() writes its "
                            "tokenizer.json")
            .c_str(),
        Error);
    refused.push_back("`" + std::string(name) + "`");
  }
  return "| file | `tokenizer.json`; `vocab.txt`; `vocab.json` with `merges.txt` | only " + list(refused) + " |\n";
}

}  // namespace

TEST_CASE("the README's table of tokenizers is the one of this build") {
  std::string table = "| tokenizer | exact | refused |\n|---|---|---|\n" + files_row();
  table += row("model", "model", &TokenizerParts::model, {"BPE", "Unigram", "WordLevel", "WordPiece"});
  table += row("normalizer", "normalizer", &TokenizerParts::normalizer,
               {"BertNormalizer", "ByteLevel", "Lowercase", "NFC", "NFD", "NFKC", "NFKD", "Nmt", "Precompiled",
                "Prepend", "Replace", "Sequence", "Strip", "StripAccents"});
  TokenizerParts expression;
  expression.pre_tokenizer =
      R"({"type": "Split", "pattern": {"Regex": "(a|b)+c"}, "behavior": "Isolated", "invert": false})";
  CHECK(expression.error().find("unsupported ") == 0);
  table += row("pre-tokenizer", "pre_tokenizer", &TokenizerParts::pre_tokenizer,
               {"BertPreTokenizer", "ByteLevel", "CharDelimiterSplit", "Digits", "FixedLength", "Metaspace",
                "Punctuation", "Sequence", "Split", "UnicodeScripts", "Whitespace", "WhitespaceSplit"},
               {"Split by an unknown expression"});
  table += row("post-processor", "post_processor", &TokenizerParts::post_processor,
               {"BertProcessing", "ByteLevel", "RobertaProcessing", "Sequence", "TemplateProcessing"});
  check_readme_table("tokenizers", "tests/text/support_matrix_test.cpp", table);
}

// Fields and files beside a text checkpoint's configuration and weights: what they change, and what a load says of
// them.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

#include "seqguard/core/error.hpp"
#include "seqguard/model/checkpoint.hpp"
#include "seqguard/model/sentence_embedding.hpp"
#include "sequence_scorer/text_golden.hpp"

using namespace seqguard;
using namespace seqguard::tests;

namespace {

const std::string k_two = R"([{"type": "x.Transformer", "path": ""}, {"type": "x.Pooling", "path": "1_Pooling"})";
const std::string k_dense = R"(, {"type": "x.Dense", "path": "2_Dense"})",
                  k_norm = R"(, {"type": "x.Normalize", "path": "3"})";

std::vector<float> embedding(const TextModel& model, std::string_view text) {
  auto scratch = model.make_scratch();
  std::vector<float> out(model.embedding_size());
  model.embed(text, out, scratch);
  return out;
}

/// Code and message of the error, without the directory.
std::string error_of(const Files& files) {
  try {
    load_with(files);
  } catch (const Error& error) {
    const std::string message = error.what();
    const std::size_t model = message.find("/model/");
    return std::string(to_string(error.code())) + " " + message.substr(model == std::string::npos ? 0 : model + 7);
  }
  return "loaded";
}

/// A golden checkpoint without the files that no model has.
std::string copy_golden(const std::string& name, const TemporaryDirectory& directory) {
  const std::string path = directory / "model";
  std::filesystem::copy(k_golden + name, path, std::filesystem::copy_options::recursive);
  for (const char* file : {"/texts.json", "/expected.safetensors"}) std::filesystem::remove(path + file);
  return path;
}

/// Notes of a load of text_sentence with other files, without the directory.
std::vector<std::string> notes_of(const Files& files) {
  const TemporaryDirectory directory;
  const std::string path = copy_golden("text_sentence", directory);
  for (const auto& [file, content] : files) write_file_atomically(path + "/" + file, content);
  const TextModel model = TextModel::load(path);
  std::vector<std::string> notes = model.load_report().notes;
  for (std::string& note : notes) {
    note.erase(0, path.size());
    if (note.starts_with('/')) note.erase(0, 1);
  }
  return notes;
}

/// A golden checkpoint's file with other fields.
std::string with_fields(const std::string& file, const std::string& fields) {
  auto json = nlohmann::json::parse(read_file(k_golden + file, 1u << 20));
  json.update(nlohmann::json::parse(fields));
  return json.dump();
}

std::string cut_to(const std::string& size) { return R"({"truncate_dim": )" + size + "}"; }

}  // namespace

TEST_CASE("truncate_dim cuts the embedding, which is normalised again where the modules end with Normalize") {
  const std::string file = "config_sentence_transformers.json";
  for (const std::string& modules : {k_two + "]", k_two + k_dense + "]", k_two + k_dense + k_norm + "]"}) {
    CAPTURE(modules);
    const std::vector<float> whole = embedding(load_with({{"modules.json", modules}}), "the fox");
    const TextModel cut = load_with({{"modules.json", modules}, {file, cut_to("4")}});
    REQUIRE(cut.embedding_size() == 4);
    const std::vector<float> part = embedding(cut, "the fox");
    const double norm = std::sqrt(std::inner_product(whole.begin(), whole.begin() + 4, whole.begin(), 0.0));
    const bool normalised = modules.find("Normalize") != std::string::npos;
    for (std::size_t i = 0; i < 4; ++i)
      CHECK(part[i] ==
            doctest::Approx(whole[i] / (normalised ? norm : 1.0)).epsilon(1e-6));  // a few roundings of float
    CHECK(embedding(load_with({{"modules.json", modules}, {file, cut_to("4000")}}), "the fox") == whole);
    CHECK(embedding(load_with({{"modules.json", modules}, {file, cut_to("null")}}), "the fox") == whole);
  }
  const TemporaryDirectory directory;
  const std::string path = copy_golden("text_sentence", directory);
  std::filesystem::remove(path + "/modules.json");
  write_file_atomically(path + "/" + file, cut_to("4"));
  const TextModel without = TextModel::load(path);
  CHECK(without.embedding_size() == 24);
  REQUIRE(without.load_report().notes.size() == 2);
  CHECK(without.load_report().notes[0].find(file + ": not read without a modules.json") != std::string::npos);
  for (const char* bad : {"0", "-1", "2.5", "\"4\"", "[4]", "Infinity"})
    CHECK(error_of({{file, cut_to(bad)}})
              .find("bad_checkpoint config_sentence_transformers.json: truncate_dim, expected a ") == 0);
}

TEST_CASE("a Dense module whose configuration contradicts its weights is refused by name") {
  const std::string file = "2_Dense/config.json", where = "bad_checkpoint 2_Dense/config.json: ";
  const auto with = [&](const std::string& fields) {
    return error_of({{file, with_fields("text_sentence/" + file, fields)}});
  };
  CHECK(with("{}") == "loaded");
  CHECK(with(R"({"out_features": 5})") == where + "out_features, expected 10 as in linear.weight, found 5");
  CHECK(with(R"({"out_features": 1099511627776})") ==
        where + "out_features, expected 10 as in linear.weight, found 1099511627776");
  CHECK(with(R"({"in_features": 9})") == where + "in_features, expected 72 as in linear.weight, found 9");
  CHECK(with(R"({"bias": false})") == where + "bias, expected true: there is a linear.bias, found false");
  CHECK(
      with(R"({"use_residual": true})").find("unsupported_model 2_Dense/config.json: use_residual is not supported") ==
      0);
  CHECK(with(R"({"module_input_name": "token_embeddings"})")
            .find("unsupported_model 2_Dense/config.json: module_input_name") == 0);
  CHECK(error_of({{"1_Pooling/config.json", R"({"pooling_mode": "mean"})"}})
            .find("bad_checkpoint 2_Dense/model.safetensors: columns of linear.weight, expected 24, the features "
                  "before it, "
                  "found 72") == 0);
}

TEST_CASE("Dropout is an identity, and how embeddings are compared can be asked for") {
  const std::string dropout = R"(, {"type": "sentence_transformers.models.Dropout", "path": "link"})";
  const std::vector<float> plain = embedding(load_with({{"modules.json", k_two + k_dense + "]"}}), "the fox");
  const Files files = {
      {"modules.json",
       k_two + R"(, {"type": "sentence_transformers.models.Dropout", "path": "3_Dropout"})" + k_dense + "]"},
      {"config_sentence_transformers.json", R"({"similarity_fn_name": "dot"})"}};
  CHECK(embedding(load_with(files), "the fox") == plain);
  CHECK(error_of({{"modules.json", k_two + dropout + "]"}}).find("symbolic link") != std::string::npos);
  const TemporaryDirectory directory;
  const std::string path = copy_golden("text_sentence", directory);
  const auto load = [&] { return SentenceEmbedding::load(make_context(default_isa()), path, load_model_config(path)); };
  CHECK(load().similarity().empty());
  write_file_atomically(path + "/config_sentence_transformers.json", files[1].second);
  CHECK(load().similarity() == "dot");
}

TEST_CASE("ids beyond the embeddings stop only the texts that have them") {
  const Files files = {{"added_tokens.json", R"({"<user>": 77, "<e1>": 78})"}};  // the embeddings have 77 rows
  const TextModel model = load_with(files);
  const std::vector<float> fox = embedding(model, "the fox");
  CHECK(fox == embedding(load_with({}), "the fox"));
  const std::string message = "text: token \"<e1>\" is beyond the embeddings, expected ids below 77, found 78";
  try {
    embedding(model, "the <e1> fox <user>");
    FAIL_CHECK("accepted");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::out_of_range);
    CHECK(error.what() == message);
  }
  const std::vector<std::string_view> texts = {"the <e1> fox", "the fox"};
  std::vector<float> out(2 * fox.size());
  std::vector<ItemStatus> status(2);
  model.embed_batch(texts, {out.data(), 2, fox.size()}, status);
  CHECK_FALSE(status[0].ok);
  CHECK(status[0].message == message);
  CHECK(std::equal(fox.begin(), fox.end(), out.begin() + static_cast<std::ptrdiff_t>(fox.size())));
  CHECK(notes_of(files) ==
        std::vector<std::string>{
            ": the embeddings have 77 rows; texts with tokens beyond them are refused: \"<user>\" (77), "
            "\"<e1>\" (78)"});
  auto tokenizer = nlohmann::json::parse(read_file(k_golden + "text_sentence/tokenizer.json", 100'000));
  tokenizer["post_processor"]["sep"] = {"[SEP]", 78};
  tokenizer["added_tokens"].push_back({{"id", 77},
                                       {"content", "<user>"},
                                       {"single_word", false},
                                       {"lstrip", false},
                                       {"rstrip", false},
                                       {"normalized", false},
                                       {"special", false}});
  tokenizer["added_tokens"].push_back({{"id", 78},
                                       {"content", "<e1>"},
                                       {"single_word", false},
                                       {"lstrip", false},
                                       {"rstrip", false},
                                       {"normalized", false},
                                       {"special", false}});
  CHECK(error_of({{"tokenizer.json", tokenizer.dump()}})
            .find("the tokenizer's ids do not fit the embeddings: \"<e1>\" frames every text, expected ids below 77, "
                  "found 78") != std::string::npos);
}

TEST_CASE("model_input_names without token_type_ids: the second text of a pair has type 0") {
  const auto load = [](const std::string& config) {
    const TemporaryDirectory directory;
    const std::string path = copy_golden("text_pairs", directory);
    write_file_atomically(path + "/tokenizer_config.json", config);
    return TextModel::load(path);
  };
  const auto types = [](const TextModel& model) {
    auto scratch = model.make_scratch();
    const TokenSequence tokens = model.encode("the fox", "a dog", scratch);
    return std::count(tokens.type_ids.begin(), tokens.type_ids.end(), 1);
  };
  const TextModel by_default = load("{}"), without = load(R"({"model_input_names": ["input_ids", "attention_mask"]})");
  CHECK(types(by_default) > 0);
  CHECK(types(without) == 0);
  CHECK(by_default.load_report().notes.empty());
  REQUIRE(without.load_report().notes.size() == 1);
  CHECK(without.load_report().notes[0].find("all types are 0") != std::string::npos);
  // The numbers are those of zeros.
  auto scratch = without.make_scratch(), other = by_default.make_scratch();
  const TokenSequence own = by_default.encode("the fox", "a dog", other);
  const std::vector<std::int32_t> ids(own.ids.begin(), own.ids.end()), zeros(ids.size(), 0);
  const MatrixView<const float> expected = by_default.logits({ids, zeros}, other);
  std::vector<float> out(3);
  const MatrixView<const float> found = without.logits(without.encode("the fox", "a dog", scratch), scratch);
  CHECK(std::equal(found.data, found.data + 3, expected.data));
}

TEST_CASE("a chat template beside modules is refused: sentence-transformers puts texts through it") {
  const std::string message = "none, or a modality_config in sentence_bert_config.json that keeps texts as they are";
  CHECK(error_of({{"chat_template.jinja", "x"}})
            .find("unsupported_model chat_template.jinja: a chat template, expected " + message) == 0);
  CHECK(error_of({{"tokenizer_config.json", R"({"chat_template": "x"})"}})
            .find("unsupported_model tokenizer_config.json: chat_template, expected " + message) == 0);
  const std::string plain =
      R"({"modality_config": {"text": {"method": "forward", "method_output_name": "last_hidden_state"}}})";
  CHECK(error_of({{"chat_template.jinja", "x"}, {"sentence_bert_config.json", plain}}) == "loaded");
  CHECK(error_of({{"sentence_bert_config.json", R"({"modality_config": {"message": {"method": "forward"}}})"}})
            .find("unsupported_model sentence_bert_config.json: modality_config is not supported") == 0);
}

TEST_CASE("what is in no table is noted, file by file, and Infinity that nobody reads is no reason to refuse") {
  CHECK(notes_of({}).empty());
  const Files files = {
      {"config.json",
       with_fields("text_sentence/config.json", R"({"colour": {"a": 1}, "dim": 3, "return_dict": true})")},
      {"notes.rtf", "x"},
      {"1_Pooling/config.json", R"({"pooling_mode": ["cls", "mean", "weightedmean"], "shade": Infinity})"}};
  CHECK(notes_of(files) ==
        std::vector<std::string>{": not read: notes.rtf (docs/checkpoints.md says what is)",
                                 "config.json: not read: colour (docs/checkpoints.md says what is)",
                                 "config.json: not read, because bert models have no such field: dim",
                                 "1_Pooling/config.json: not read: shade (docs/checkpoints.md says what is)"});
  std::string infinite = read_file(k_golden + "text_sentence/config.json", 1u << 20);
  infinite.insert(infinite.find('{') + 1, R"("return_dict": Infinity, "output_past": NaN, "prefix": -Infinity,)");
  CHECK(notes_of({{"config.json", infinite}}).empty());
  std::string read = read_file(k_golden + "text_sentence/config.json", 1u << 20);
  read.replace(read.find("1e-12"), 5, "Infinity");
  CHECK(error_of({{"config.json", read}}) ==
        "bad_checkpoint config.json: layer_norm_eps, expected a finite number, found Infinity");
}

TEST_CASE("notes of the weights and the configuration are reachable without texts too") {
  const TemporaryDirectory directory;
  const std::string path = copy_golden("weight_files/sharded", directory);
  LoadReport report;
  load_model_spec(path, {}, &report);
  CHECK(report.notes.empty());
  const std::string index = path + "/model.safetensors.index.json";
  auto json = nlohmann::json::parse(read_file(index, 1u << 20));
  json["metadata"]["total_size"] = 7;
  write_file_atomically(index, json.dump());
  const Context<float> context = make_context(LoadOptions{});
  load_model_spec(path, {}, &report);
  REQUIRE(report.notes.size() == 1);
  CHECK(report.notes[0].find("metadata.total_size is 7, but the shards hold ") != std::string::npos);
  for (const bool packed : {false, true}) {
    LoadReport again;
    packed ? load_scoring_model(context, path, {}, FileAccess::read, &again)
           : load_model(context, path, {}, FileAccess::read, &again);
    CHECK(again.notes == report.notes);
  }
}

TEST_CASE("DistilBERT's sizes under BERT's names are read, as by transformers, and must agree with its own") {
  const std::string text = read_file(k_golden + "distilbert_Model/config.json", 1u << 20);
  auto json = nlohmann::json::parse(text);
  const ModelConfig expected = parse_config(text, "config.json");
  json["num_attention_heads"] = json["n_heads"];
  CHECK(parse_config(json.dump(), "config.json").num_attention_heads == expected.num_attention_heads);
  json.erase("n_heads");
  CHECK(parse_config(json.dump(), "config.json").num_attention_heads == expected.num_attention_heads);
  json["n_heads"] = expected.num_attention_heads + 1;
  CHECK_THROWS_WITH_AS(parse_config(json.dump(), "config.json"),
                       doctest::Contains(("num_attention_heads, expected " +
                                          std::to_string(expected.num_attention_heads + 1) + " as n_heads")
                                             .c_str()),
                       Error);
}

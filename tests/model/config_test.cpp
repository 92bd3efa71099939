#include "seqguard/model/config.hpp"

#include <doctest/doctest.h>

#include <string>

#include "seqguard/core/error.hpp"

using namespace seqguard;

namespace {

/// Code and message of the error that a config.json of model_type bert with these further fields gives.
std::string error_of(const std::string& fields) {
  try {
    parse_config("{\"model_type\": \"bert\", " + fields + "}", "config.json");
  } catch (const Error& error) {
    return std::string(to_string(error.code())) + " " + error.what();
  }
  return "no error";
}

ModelConfig parse_with(const std::string& fields) {
  return parse_config("{\"model_type\": \"bert\", " + fields + "}", "config.json");
}

}  // namespace

TEST_CASE("absent fields of a config.json mean the defaults of transformers' ModelConfig") {
  const ModelConfig config = parse_config("{\"model_type\": \"bert\"}", "config.json");
  CHECK(config.vocab_size == 30522);
  CHECK(config.hidden_size == 768);
  CHECK(config.num_hidden_layers == 12);
  CHECK(config.num_attention_heads == 12);
  CHECK(config.head_size() == 64);
  CHECK(config.intermediate_size == 3072);
  CHECK(config.max_position_embeddings == 512);
  CHECK(config.type_vocab_size == 2);
  CHECK(config.hidden_act == Activation::gelu);
  CHECK(config.layer_norm_eps == 1e-12);
  CHECK(config.initializer_range == 0.02);
  CHECK(config.hidden_dropout_prob == 0.1);
  CHECK(config.attention_probs_dropout_prob == 0.1);
  CHECK(!config.classifier_dropout);
  CHECK(config.pad_token_id == 0);
  CHECK(config.labels == std::vector<std::string>{"LABEL_0", "LABEL_1"});
  CHECK(config.architectures.empty());
  CHECK(head_of(config) == Head::none);
}

TEST_CASE("every field of a config.json is read") {
  const ModelConfig config = parse_with(
      R"("vocab_size": 41, "hidden_size": 24, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 50,
         "max_position_embeddings": 20, "type_vocab_size": 1, "hidden_act": "gelu_new", "layer_norm_eps": 0.03,
         "initializer_range": 0.5, "hidden_dropout_prob": 0, "attention_probs_dropout_prob": 0.25,
         "classifier_dropout": 0.125, "pad_token_id": null, "id2label": {"1": "bad", "0": "good", "2": "odd"},
         "num_labels": 3, "problem_type": "regression", "architectures": ["BertForTokenClassification"])");
  CHECK(config.vocab_size == 41);
  CHECK(config.hidden_size == 24);
  CHECK(config.num_hidden_layers == 3);
  CHECK(config.num_attention_heads == 2);
  CHECK(config.intermediate_size == 50);
  CHECK(config.max_position_embeddings == 20);
  CHECK(config.type_vocab_size == 1);
  CHECK(config.hidden_act == Activation::gelu_tanh);
  CHECK(config.layer_norm_eps == 0.03);
  CHECK(config.initializer_range == 0.5);
  CHECK(config.hidden_dropout_prob == 0);
  CHECK(config.attention_probs_dropout_prob == 0.25);
  CHECK(config.classifier_dropout == 0.125);
  CHECK(!config.pad_token_id);
  CHECK(config.labels == std::vector<std::string>{"good", "bad", "odd"});
  CHECK(config.problem_type == "regression");
  CHECK(head_of(config) == Head::token_classification);
}

TEST_CASE("labels come from id2label or their number") {
  CHECK(parse_with(R"("num_labels": 1)").labels == std::vector<std::string>{"LABEL_0"});
  CHECK(error_of(R"("num_labels": 0)").find("bad_checkpoint config.json: number of labels") == 0);
  CHECK(error_of(R"("num_labels": 3, "id2label": {"0": "a", "1": "b"})") ==
        "bad_checkpoint config.json: num_labels, expected 2 as in id2label, found 3");
  CHECK(error_of(R"("id2label": {"0": "a", "2": "b"})") ==
        "bad_checkpoint config.json: id2label, expected keys \"0\" .. \"1\", found \"2\"");
}

TEST_CASE("each family's fields have its own names and defaults, and are written back under them") {
  const auto config = [](const std::string& type, const std::string& fields) {
    return parse_config("{\"model_type\": \"" + type + "\"" + (fields.empty() ? "" : ", ") + fields + "}",
                        "config.json");
  };
  CHECK(config("roberta", "").vocab_size == 50265);
  CHECK(config("roberta", "").max_tokens() == 510);
  CHECK(config("xlm-roberta", "").vocab_size == 30522);
  CHECK(config("camembert", "\"pad_token_id\": 4").max_tokens() == 507);
  CHECK(config("electra", "").embedding_width() == 128);
  CHECK(config("albert", "").hidden_act == Activation::gelu_tanh);
  const ModelConfig distil = config("distilbert", R"("dim": 24, "n_layers": 3, "n_heads": 2, "hidden_dim": 7,
                                                     "activation": "relu", "dropout": 0.3, "layer_norm_eps": 0.5)");
  CHECK(distil.hidden_size == 24);
  CHECK(distil.num_hidden_layers == 3);
  CHECK(distil.intermediate_size == 7);
  CHECK(distil.hidden_act == Activation::relu);
  CHECK(distil.hidden_dropout_prob == 0.3);
  CHECK(distil.layer_norm_eps == 1e-12);  // not a field of this family
  const std::string text = to_json(distil);
  CHECK(text.find("\"dim\": 24") != std::string::npos);
  CHECK(text.find("\"hidden_size\"") == std::string::npos);
  CHECK(text.find("\"type_vocab_size\"") == std::string::npos);
  CHECK(parse_config(text, "written").intermediate_size == 7);

  CHECK_THROWS_WITH_AS(config("distilbert", "\"n_heads\": 5"), doctest::Contains("num_attention_heads (5)"), Error);
  CHECK_THROWS_WITH_AS(config("distilbert", "\"activation\": \"mish\""), doctest::Contains("activation"), Error);
  CHECK_THROWS_WITH_AS(config("roberta", "\"pad_token_id\": null"), doctest::Contains("pad_token_id"), Error);
  CHECK_THROWS_WITH_AS(config("roberta", "\"max_position_embeddings\": 2"), doctest::Contains("max_position"), Error);
  CHECK_THROWS_WITH_AS(config("albert", "\"num_hidden_groups\": 13"), doctest::Contains("num_hidden_groups"), Error);
  CHECK_THROWS_WITH_AS(config("albert", "\"num_hidden_layers\": 300, \"inner_group_num\": 4"),
                       doctest::Contains("inner_group_num, expected at most 3 for 300 layers, found 4"), Error);
  CHECK_THROWS_WITH_AS(config("albert", "\"embedding_size\": 0"), doctest::Contains("embedding_size"), Error);
}

TEST_CASE("ModernBERT: the forms of transformers 4 and 5, written back as 5 does, and what would change it refused") {
  const auto config = [](const std::string& fields) {
    return parse_config(
        "{\"model_type\": \"modernbert\", \"num_hidden_layers\": 4" + (fields.empty() ? "" : ", " + fields) + "}",
        "config.json");
  };
  const std::vector<bool> every_third = {true, false, false, true};
  CHECK(config("").global_layers == every_third);
  CHECK(config("").global_rope_theta == 160'000);
  CHECK(!config("").norm_bias);
  const ModelConfig four =
      config(R"("global_attn_every_n_layers": 2, "global_rope_theta": 5, "local_rope_theta": null)");
  CHECK(four.global_layers == std::vector<bool>{true, false, true, false});
  CHECK(four.global_rope_theta == 5);
  CHECK(four.local_rope_theta == 5);
  const ModelConfig five = config(
      R"("layer_types": ["sliding_attention", "full_attention", "full_attention", "sliding_attention"],
         "rope_parameters": {"full_attention": {"rope_type": "default", "rope_theta": 7}, "sliding_attention": null},
         "norm_bias": true, "classifier_pooling": "mean", "classifier_activation": "relu", "local_attention": 10)");
  for (const ModelConfig& same : {five, parse_config(to_json(five), "written")}) {
    CHECK(same.global_layers == std::vector<bool>{false, true, true, false});
    CHECK(same.global_rope_theta == 7);
    CHECK(same.local_rope_theta == 10'000);
    CHECK(same.norm_bias);
    CHECK(same.classifier_mean_pooling);
    CHECK(same.classifier_activation == Activation::relu);
    CHECK(same.local_attention == 10);
  }
  const auto refused = [&](const std::string& fields, const char* message) {
    CHECK_THROWS_WITH_AS(config(fields), doctest::Contains(message), Error);
  };
  refused(R"("layer_types": ["full_attention"])", "layer_types, expected one for each of the 4 layers, found 1");
  refused(R"("layer_types": ["chunked_attention"])", "layer_types");
  refused(R"("rope_parameters": {"full_attention": {"rope_type": "yarn"}})",
          "rope_parameters.full_attention.rope_type");
  refused(R"("rope_parameters": {"full_attention": {"factor": 2}})",
          "rope_parameters.full_attention: unknown field \"factor\"");
  refused(R"("rope_parameters": {"full_attention": {"rope_theta": 0}})", "a number above 0");
  refused(R"("classifier_pooling": "max")", "classifier_pooling");
  refused(R"("mlp_bias": 1)", "mlp_bias, expected true or false");
  refused(R"("global_attn_every_n_layers": 0)", "global_attn_every_n_layers");
  refused(R"("num_attention_heads": 256)", "even width of heads");
  refused(R"("hidden_size": 4, "num_attention_heads": 8)", "a multiple of num_attention_heads");  // heads of width 0
  refused(R"("max_position_embeddings": 1000000)", "max_position_embeddings, expected at most 262144");
}

TEST_CASE("ALBERT runs its groups in the order of transformers") {
  ModelConfig config = default_config(Family::albert);
  config.num_hidden_layers = 5;
  config.num_hidden_groups = 2;
  config.inner_group_num = 3;
  CHECK(config.distinct_layers() == 6);
  REQUIRE(config.layer_calls() == 15);
  std::vector<std::size_t> order;
  for (std::size_t call = 0; call < 15; ++call) order.push_back(config.layer_of(call));
  // Group int(layer / 2.5): 0 0 0 1 1, each with all its three layers.
  CHECK(order == std::vector<std::size_t>{0, 1, 2, 0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5});
}

TEST_CASE("settings that change the computation are refused by name") {
  const struct {
    const char* fields;
    const char* name;
  } cases[] = {
      {R"("position_embedding_type": "relative_key")", "position_embedding_type"},
      {R"("position_embedding_type": null)", "position_embedding_type"},
      {R"("is_decoder": true)", "is_decoder"},
      {R"("add_cross_attention": true)", "add_cross_attention"},
      {R"("is_encoder_decoder": true)", "is_encoder_decoder"},
      {R"("auto_map": {"AutoModel": "modeling.Model"})", "auto_map"},
      {R"("quantization_config": {"bits": 4})", "quantization_config"},
      {R"("pruned_heads": {"0": [1]})", "pruned_heads"},
      {R"("hidden_act": "mish")", "hidden_act"},
      {R"("hidden_act": "gelu_10")", "hidden_act"},
      {R"("architectures": ["BertForQuestionAnswering"])", "architectures[0]"},
  };
  for (const auto& test : cases) {
    CAPTURE(std::string(test.fields));
    CHECK(error_of(test.fields)
              .find("unsupported_model config.json: " + std::string(test.name) + " is not supported, expected ") == 0);
  }
  CHECK_THROWS_WITH_AS(parse_config("{\"model_type\": \"gpt2\"}", "c"),
                       doctest::Contains("xlm-roberta, camembert, distilbert, electra, albert, mpnet, modernbert"),
                       Error);
  CHECK_THROWS_WITH_AS(parse_config("{\"model_type\": \"gpt2\"}", "c"), doctest::Contains("found \"gpt2\""), Error);
  CHECK_THROWS_WITH_AS(parse_config("{}", "c"),
                       doctest::Contains("c: model_type is not supported, expected one of bert, roberta"), Error);
  CHECK_THROWS_WITH_AS(parse_config(R"({"model_type": "bert", "architectures": ["X"]})", "model/config.json"),
                       doctest::Contains("model/config.json: architectures[0] is not supported"), Error);
  // Their neutral values are accepted.
  CHECK(error_of(R"("position_embedding_type": "absolute", "is_decoder": false, "add_cross_attention": false,
                    "is_encoder_decoder": false, "pruned_heads": {}, "quantization_config": null,
                    "chunk_size_feed_forward": 4, "architectures": ["BertModel"], "tie_word_embeddings": true)") ==
        "no error");
}

TEST_CASE("absurd sizes and numbers in a config.json are refused with range and value") {
  const struct {
    const char* fields;
    const char* message;
  } cases[] = {
      {R"("hidden_size": 0)", "hidden_size, expected 1 .. 65536, found 0"},
      {R"("hidden_size": 65544)", "hidden_size, expected 1 .. 65536, found 65544"},
      {R"("hidden_size": -12)", "hidden_size, expected a non-negative integer, found -12"},
      {R"("hidden_size": 768.0)", "hidden_size, expected a non-negative integer, found 768.0"},
      {R"("hidden_size": "768")", "hidden_size, expected a non-negative integer, found \"768\""},
      {R"("hidden_size": null)", "hidden_size, expected a positive integer, found null"},
      {R"("hidden_size": 30)", "hidden_size, expected a multiple of num_attention_heads (12), found 30"},
      {R"("num_hidden_layers": 1001)", "num_hidden_layers, expected 1 .. 1000, found 1001"},
      {R"("num_attention_heads": 0)", "num_attention_heads, expected 1 .. 65536, found 0"},
      {R"("max_position_embeddings": 1000001)", "max_position_embeddings, expected 1 .. 1000000, found 1000001"},
      {R"("vocab_size": 100000001)", "vocab_size, expected 1 .. 100000000, found 100000001"},
      {R"("vocab_size": 18446744073709551616)",
       "vocab_size, expected a non-negative integer, found 1.8446744073709552e+19"},
      {R"("layer_norm_eps": 0)", "layer_norm_eps, expected a number in (0, 1], found 0.0"},
      {R"("layer_norm_eps": 1.5)", "layer_norm_eps, expected a number in (0, 1], found 1.5"},
      {R"("layer_norm_eps": true)", "layer_norm_eps, expected a number in (0, 1], found true"},
      {R"("hidden_dropout_prob": 1)", "hidden_dropout_prob, expected a number in [0, 1), found 1.0"},
      {R"("classifier_dropout": -0.5)", "classifier_dropout, expected a number in [0, 1), found -0.5"},
      {R"("pad_token_id": 30522)", "pad_token_id, expected below vocab_size (30522), found 30522"},
      {R"("architectures": "BertModel")", "architectures, expected an array of strings, found \"BertModel\""},
      {R"("problem_type": "other")",
       "problem_type, expected regression, single_label_classification, multi_label_classification or null, found "
       "other"},
      {R"("hidden_size": 12, "hidden_size": 24)", "duplicate key \"hidden_size\""},
  };
  for (const auto& test : cases) {
    CAPTURE(test.fields);
    CHECK(error_of(test.fields) == "bad_checkpoint config.json: " + std::string(test.message));
  }
}

TEST_CASE("a field that nobody reads stays as it was, Python's Infinity too") {
  const ModelConfig config = parse_config(R"({"model_type": "bert", "far": Infinity, "task": [NaN]})", "config.json");
  const std::string saved = to_json(config);
  CHECK(saved.find("\"far\": Infinity") != std::string::npos);
  CHECK(parse_config(saved, "config.json").other_fields == parse_config(to_json(config), "config.json").other_fields);
}

TEST_CASE("a config.json that is no JSON object is refused") {
  const std::string deep(100'000, '[');
  const std::string texts[] = {"",
                               "null",
                               "[]",
                               "{\"model_type\": \"bert\"",
                               "{} x",
                               "\xff",
                               "{\"model_type\": \"bert\", \"layer_norm_eps\": NaN}",
                               "{\"model_type\": \"bert\", \"vocab_size\": 1e999}",
                               deep,
                               "{\"a\":" + deep,
                               std::string("{\"model_type\": \"bert\"}\0{", 23)};
  for (const std::string& text : texts) {
    CAPTURE(text.substr(0, 40));
    try {
      parse_config(text, "config.json");
      FAIL_CHECK("accepted");
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::bad_checkpoint);
      CHECK(std::string(error.what()).find("config.json: ") == 0);
    }
  }
}

TEST_CASE("a configuration survives writing and reading, with the fields that nobody here knows") {
  ModelConfig config = parse_with(
      R"("hidden_size": 24, "num_attention_heads": 2, "hidden_act": "gelu_pytorch_tanh", "layer_norm_eps": 1e-5,
         "classifier_dropout": 0.3, "pad_token_id": null, "id2label": {"0": "a", "1": "b", "2": "c"},
         "problem_type": "multi_label_classification", "architectures": ["BertForSequenceClassification"],
         "torch_dtype": "float16", "my_note": {"kept": [1, 2.5, "x"]})");
  config.num_hidden_layers = 5;
  const std::string text = to_json(config);
  const ModelConfig again = parse_config(text, "written");
  CHECK(again.hidden_size == 24);
  CHECK(again.num_hidden_layers == 5);
  CHECK(again.hidden_act == Activation::gelu_tanh);
  CHECK(again.layer_norm_eps == 1e-5);
  CHECK(again.classifier_dropout == 0.3);
  CHECK(!again.pad_token_id);
  CHECK(again.labels == config.labels);
  CHECK(again.problem_type == config.problem_type);
  CHECK(again.architectures == config.architectures);
  CHECK(text.find("\"my_note\"") != std::string::npos);
  CHECK(text.find("float16") == std::string::npos);
  CHECK(to_json(again) == text);
  CHECK(parse_config(to_json(ModelConfig{}), "default").architectures == std::vector<std::string>{"BertModel"});

  config.hidden_size = 25;
  CHECK_THROWS_AS(to_json(config), Error);
}

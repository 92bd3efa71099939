// The README's table of families and heads is what this build loads: generated from the traits and the golden
// checkpoints, each of which the golden test compares with transformers.
#include <doctest/doctest.h>

#include <string>

#include "seqguard/core/error.hpp"
#include "seqguard/core/files.hpp"
#include "seqguard/model/checkpoint.hpp"

using namespace seqguard;

namespace {

const std::string k_root = std::string(SEQGUARD_SOURCE_DIR) + "/";
constexpr const char *k_begin = "<!-- families: generated and checked by tests/model/support_matrix_test.cpp -->\n",
                     *k_end = "<!-- end of families -->\n";

constexpr Head k_heads[] = {Head::none, Head::masked_lm, Head::sequence_classification, Head::token_classification,
                            Head::replaced_token_detection};

/// A checkpoint of transformers with this family and head.
std::string golden_of(const FamilyTraits& traits, Head head) {
  if (traits.family == Family::bert) {
    constexpr const char* k_bert[] = {"model_d12", "masked_lm_d20", "sequence_classification_d64",
                                      "token_classification_d12"};
    return k_bert[static_cast<std::size_t>(head)];
  }
  return std::string(traits.model_type) + "_" +
         architecture_name(traits.family, head).substr(traits.class_prefix.size());
}

/// "exact": it loads with the head; "refused": its class is refused by name.
std::string verdict(const FamilyTraits& traits, Head head) {
  if (head == Head::replaced_token_detection && !traits.detects_replaced_tokens) {
    ModelConfig config = default_config(traits.family);
    config.architectures = {std::string(traits.class_prefix) + "ForPreTraining"};
    return head_of(config) == Head::replaced_token_detection ? "?" : "-";
  }
  const Model<float> model =
      load_model(make_context(default_isa()), k_root + "tests/golden/" + golden_of(traits, head));
  CHECK(model.config().family == traits.family);
  return head_of(model.config()) == head ? "exact" : "?";
}

std::string table() {
  std::string text =
      "| `model_type` | base, pooler | masked LM | sequence classes | token classes | replaced tokens |\n"
      "|---|---|---|---|---|---|\n";
  for (const FamilyTraits* traits : families()) {
    text += "| " + std::string(traits->model_type);
    for (const Head head : k_heads) text += " | " + verdict(*traits, head);
    text += " |\n";
  }
  ModelConfig other = default_config(Family::bert);
  other.architectures = {"BertForQuestionAnswering"};
  CHECK_THROWS_AS(head_of(other), Error);
  CHECK_THROWS_AS(parse_config(R"({"model_type": "deberta-v2"})", "config.json"), Error);
  return text + "| any other | refused | refused | refused | refused | refused |\n";
}

}  // namespace

TEST_CASE("the README's table of families and heads is the one of this build") {
  const std::string readme = read_file(k_root + "README.md", 1u << 20);
  const std::size_t begin = readme.find(k_begin), end = readme.find(k_end);
  REQUIRE(begin != std::string::npos);
  REQUIRE(end != std::string::npos);
  const std::size_t first = begin + std::string(k_begin).size();
  CHECK(readme.substr(first, end - first) == table());
}

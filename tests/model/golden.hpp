// Golden checkpoints (tests/reference/make_goldens.py says what the files hold), and how a model is compared with one.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <string>
#include <vector>

#include "seqguard/core/isa.hpp"
#include "seqguard/model/checkpoint.hpp"
#include "seqguard/model/encoder.hpp"
#include "seqguard/model/heads.hpp"

namespace seqguard {

inline const std::string k_golden = std::string(SEQGUARD_SOURCE_DIR) + "/tests/golden/";

/// max |found - expected| / max |expected|.
template <class Real>
double difference(std::span<const Real> found, std::span<const float> expected) {
  REQUIRE(found.size() == expected.size());
  double worst = 0, largest = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const double distance = std::abs(static_cast<double>(found[i]) - expected[i]);
    worst = std::isnan(distance) ? distance : std::max(worst, distance);
    largest = std::max(largest, std::abs(static_cast<double>(expected[i])));
  }
  return worst / largest;
}

inline constexpr Head k_heads[] = {Head::none, Head::masked_lm, Head::sequence_classification,
                                   Head::token_classification, Head::replaced_token_detection};

inline bool has_head(const FamilyTraits& traits, Head head) {
  return head != Head::replaced_token_detection || traits.detects_replaced_tokens;
}

/// The checkpoint of transformers with this family and head.
inline std::string golden_of(const FamilyTraits& traits, Head head) {
  constexpr const char* k_bert[] = {"model_d12", "masked_lm_d20", "sequence_classification_d64",
                                    "token_classification_d12"};
  if (traits.family == Family::bert) return k_bert[static_cast<std::size_t>(head)];
  return std::string(traits.model_type) + "_" +
         architecture_name(traits.family, head).substr(traits.class_prefix.size());
}

/// All of a family.
inline std::vector<std::string> goldens_of(const FamilyTraits& traits) {
  std::vector<std::string> names;
  for (const Head head : k_heads)
    if (has_head(traits, head)) names.push_back(golden_of(traits, head));
  if (traits.family == Family::bert) names.push_back("model_d32_long");
  return names;
}

struct Golden {
  SafetensorsFile file;
  std::vector<std::int32_t> ids, types;
  std::vector<std::size_t> offsets;

  explicit Golden(const std::string& name, const std::string& ids_name = "input_ids")
      : file(k_golden + name + "/expected.safetensors") {
    for (const std::int64_t id : file.read_vector<std::int64_t>(ids_name, Dtype::i64))
      ids.push_back(static_cast<std::int32_t>(id));
    for (const std::int64_t type : file.read_vector<std::int64_t>("token_type_ids", Dtype::i64))
      types.push_back(static_cast<std::int32_t>(type));
    for (const std::int64_t offset : file.read_vector<std::int64_t>("offsets", Dtype::i64))
      offsets.push_back(static_cast<std::size_t>(offset));
  }
  EncoderInput input() const {
    EncoderInput input;
    input.ids = ids;
    input.token_type_ids = types;
    input.offsets = offsets;
    return input;
  }
  bool has(const std::string& name) const { return file.tensors().find(name) != file.tensors().end(); }
  /// The difference, which must stay within the project's bound: 2e-5 of the largest output, some 170 roundings of
  /// float along the longest path.
  double check(const std::string& name, MatrixView<float> found, double bound = 2e-5) const {
    CAPTURE(name);
    const double worst =
        difference<float>({found.data, found.rows * found.cols}, file.read_vector<float>(name, Dtype::f32));
    CHECK(worst <= bound);
    return worst;
  }
};

inline MatrixView<float> golden_matrix(Arena& arena, std::size_t rows, std::size_t cols) {
  return {arena.allocate<float>(rows * cols).data(), rows, cols};
}

/// The largest difference over all outputs that the golden has under this mask.
inline double compare(const Model<float>& model, const Golden& golden, AttentionMask mask, double bound = 2e-5) {
  const std::string prefix = mask == AttentionMask::causal ? "causal." : "";
  const std::size_t sequences = golden.offsets.size() - 1, hidden = model.config().hidden_size;
  Workspace workspace;
  const auto encoder = run_encoder<float>(model, golden.input(), {.mask = mask}, workspace);
  const MatrixView<float> h = encoder.last_hidden_state();
  double worst = golden.check(prefix + "last_hidden_state", h, bound);

  if (golden.has(prefix + "pooler_output")) {
    REQUIRE(has_pooler(model.spec()));
    const MatrixView<float> pooled = golden_matrix(workspace.activations, sequences, hidden);
    pooler_output<float>(model, pooled, h, golden.offsets, workspace.scratch);
    worst = std::max(worst, golden.check(prefix + "pooler_output", pooled, bound));
  }
  if (!golden.has(prefix + "logits")) return worst;
  const HeadSpec& head = model.spec().heads.at(0);
  const MatrixView<float> logits =
      golden_matrix(workspace.activations, head_rows(head, golden.offsets), head_outputs(model.config(), head));
  if (head.kind == Head::masked_lm)
    masked_lm_logits<float>(model, logits, h, workspace.scratch);
  else
    run_head<float>(model, 0, logits, h, golden.offsets, {}, workspace);
  return std::max(worst, golden.check(prefix + "logits", logits, bound));
}

}  // namespace seqguard

#include "seqguard/model/model_spec.hpp"

#include <set>
#include <utility>

#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {

bool has_pooler(const ModelSpec& spec) noexcept {
  return spec.pooler ||
         (spec.checkpoint_head(Head::sequence_classification) != nullptr && spec.config.traits().classifies_by_pooler);
}

std::size_t head_outputs(const ModelConfig& config, const HeadSpec& head) noexcept {
  if (head.kind == Head::masked_lm) return config.vocab_size;
  return head.kind == Head::replaced_token_detection ? 1 : head.labels.size();
}

ModelSpec with_head(ModelSpec spec, HeadSpec head) {
  head.name.clear();
  spec.pooler = false;  // has_pooler() adds one that the head reads
  if (!head.labels.empty()) spec.config.labels = head.labels;
  switch (head.loss) {
    case HeadLoss::softmax:
      spec.config.problem_type = "single_label_classification";
      break;
    case HeadLoss::binary:
      spec.config.problem_type = "multi_label_classification";
      break;
    case HeadLoss::squared_error:
      spec.config.problem_type = "regression";
      break;
  }
  spec.config.architectures = {architecture_name(spec.config.family, head.kind)};
  spec.heads = {std::move(head)};
  return spec;
}

void check_heads(std::span<const HeadSpec> heads) {
  std::set<std::string> names;
  for (const HeadSpec& head : heads) {
    const std::string where = "head \"" + head.name + "\"";
    const auto refuse = [&](std::string_view what, std::string_view expected, std::string_view found) {
      fail(ErrorCode::invalid_argument, where, what, expected, found);
    };
    if (!names.insert(head.name).second) refuse("name", "one of its own", "twice");
    if (head.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") != std::string::npos)
      refuse("name", "a-z, 0-9 and _", head.name);
    const bool of_gaps = head.kind == Head::gap_classification;
    const bool classifies =
        of_gaps || head.kind == Head::sequence_classification || head.kind == Head::token_classification;
    if (head.kind == Head::none || (!head.name.empty() && !classifies))
      refuse("kind", "sequence, token or gap classification (others have no name)", "another");
    if (head.name.empty() && of_gaps) refuse("kind", "one that a class of transformers has", "gap_classification");
    if (head.hidden_layer && (head.name.empty() || head.kind != Head::token_classification))
      refuse("hidden_layer", "false for all but token classifications with a name", "true");
    if (classifies && head.labels.empty()) refuse("labels", "at least one", "none");
    if (head.pooling != Pooling::cls && head.pooling != Pooling::mean)
      refuse("pooling", "cls or mean", to_string(head.pooling));
  }
}

}  // namespace v0
}  // namespace seqguard

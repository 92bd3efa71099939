#include <algorithm>
#include <vector>

#include "model/checkpoint_rows.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

using enum Treatment;

constexpr const char* k_file = "config.json";
constexpr const char *k_size = "size of the network", *k_training = "of training", *k_generation = "of text generation",
                     *k_python = "of transformers' own objects", *k_special_id = "the tokenizer's files have the ids",
                     *k_initial = "of fresh weights", *k_decoder = "decoders are not computed",
                     *k_old = "of older versions; no number depends on it";

constexpr KnownField k_rows[] = {
    {k_file, "model_type", obeyed, "the family", R"("bert")"},
    {k_file, "architectures", obeyed, "the head; the first one counts", R"(["BertModel"])"},
    {k_file, "vocab_size", obeyed, k_size},
    {k_file, "hidden_size", obeyed, k_size},
    {k_file, "num_hidden_layers", obeyed, k_size},
    {k_file, "num_attention_heads", obeyed, k_size},
    {k_file, "intermediate_size", obeyed, k_size},
    {k_file, "max_position_embeddings", obeyed, k_size},
    {k_file, "type_vocab_size", obeyed, k_size},
    {k_file, "dim", obeyed, "DistilBERT's hidden_size"},
    {k_file, "n_layers", obeyed, "DistilBERT's num_hidden_layers"},
    {k_file, "n_heads", obeyed, "DistilBERT's num_attention_heads"},
    {k_file, "hidden_dim", obeyed, "DistilBERT's intermediate_size"},
    {k_file, "embedding_size", obeyed, "of ELECTRA and ALBERT"},
    {k_file, "num_hidden_groups", obeyed, "of ALBERT"},
    {k_file, "inner_group_num", obeyed, "of ALBERT"},
    {k_file, "relative_attention_num_buckets", obeyed, "of MPNet"},
    {k_file, "local_attention", obeyed, "of ModernBERT"},
    {k_file, "layer_types", obeyed, "of ModernBERT"},
    {k_file, "global_attn_every_n_layers", obeyed, "of ModernBERT"},
    {k_file, "rope_parameters", obeyed, "of ModernBERT"},
    {k_file, "global_rope_theta", obeyed, "of ModernBERT"},
    {k_file, "local_rope_theta", obeyed, "of ModernBERT"},
    {k_file, "attention_bias", obeyed, "of ModernBERT"},
    {k_file, "mlp_bias", obeyed, "of ModernBERT"},
    {k_file, "norm_bias", obeyed, "of ModernBERT"},
    {k_file, "classifier_bias", obeyed, "of ModernBERT"},
    {k_file, "decoder_bias", obeyed, "of ModernBERT"},
    {k_file, "classifier_activation", obeyed, "of ModernBERT"},
    {k_file, "classifier_pooling", obeyed, "of ModernBERT"},
    {k_file, "norm_eps", obeyed, "ModernBERT's layer_norm_eps"},
    {k_file, "hidden_activation", obeyed, "ModernBERT's hidden_act"},
    {k_file, "activation", obeyed, "DistilBERT's hidden_act"},
    {k_file, "hidden_act", obeyed, "one that is not computed is refused by name", R"("gelu")"},
    {k_file, "layer_norm_eps", obeyed, "of every LayerNorm", "1e-12"},
    {k_file, "pad_token_id", obeyed, "where RoBERTa's positions begin", "0"},
    {k_file, "id2label", obeyed, "names of the classes", R"({"0": "no", "1": "yes"})"},
    {k_file, "label2id", harmless, "the inverse of id2label", R"({"no": 0, "yes": 1})"},
    {k_file, "num_labels", obeyed, "with id2label, or instead of it", "2"},
    {k_file, "problem_type", obeyed, "what logits become", R"("single_label_classification")"},
    {k_file, "tie_word_embeddings", obeyed, "whether the masked LM has a table of its own", "true"},
    {k_file, "tokenizer_class", obeyed, "where tokenizer_config.json has none", R"("BertTokenizer")"},
    {k_file, "sentence_transformers", obeyed, "its activation_fn, of a cross-encoder", R"({"activation_fn": null})"},
    {k_file, "sbert_ce_default_activation_function", obeyed, "of a cross-encoder",
     R"("torch.nn.modules.linear.Identity")"},
    {k_file, "hidden_dropout_prob", obeyed, k_training, "0.1"},
    {k_file, "attention_probs_dropout_prob", obeyed, k_training, "0.1"},
    {k_file, "classifier_dropout", obeyed, k_training, "0.1"},
    {k_file, "classifier_dropout_prob", obeyed, "ALBERT's classifier_dropout"},
    {k_file, "dropout", obeyed, "DistilBERT's hidden_dropout_prob"},
    {k_file, "attention_dropout", obeyed, "DistilBERT's and ModernBERT's attention_probs_dropout_prob"},
    {k_file, "seq_classif_dropout", obeyed, "DistilBERT's classifier_dropout"},
    {k_file, "embedding_dropout", harmless, k_training, "0.0"},
    {k_file, "mlp_dropout", harmless, k_training, "0.0"},
    {k_file, "qa_dropout", harmless, k_training, "0.1"},
    {k_file, "initializer_range", obeyed, k_initial, "0.02"},
    {k_file, "initializer_cutoff_factor", harmless, k_initial, "2.0"},
    {k_file, "sinusoidal_pos_embds", harmless, "of fresh weights: the table is stored", "true"},
    {k_file, "dtype", shown, "of the stored weights; they become fp32", R"("float16")"},
    {k_file, "torch_dtype", shown, "the same, in older files", R"("float32")"},

    {k_file, "is_decoder", refused, k_decoder, "true", "false"},
    {k_file, "add_cross_attention", refused, k_decoder, "true", "false"},
    {k_file, "is_encoder_decoder", refused, k_decoder, "true", "false"},
    {k_file, "position_embedding_type", refused, "positions are absolute", R"("relative_key")", R"("absolute")"},
    {k_file, "auto_map", refused, "code of the checkpoint is never run", R"({"AutoModel": "m.M"})", "null {} []"},
    {k_file, "quantization_config", refused, "dequantise the weights first", R"({"quant_method": "gptq"})",
     R"(null {} [] {"format":"seqguard_int8"})"},
    {k_file, "pruned_heads", refused, "heads are all there", R"({"0": [1]})", "null {} []"},
    {k_file, "per_layer_config", refused, "layers are alike", R"({"0": {"hidden_act": "relu"}})", "null {} []"},
    {k_file, "rope_scaling", refused, "rotary angles are not scaled", R"({"rope_type": "linear", "factor": 2.0})",
     "null {}"},
    {k_file, "adapters", refused, "adapters are not computed", R"({"a": 1})", "null {} []"},

    {k_file, "chunk_size_feed_forward", harmless, "memory, not numbers", "64"},
    {k_file, "transformers_version", harmless, k_python, R"("5.0.0")"},
    {k_file, "_name_or_path", harmless, k_python, R"("elsewhere")"},
    {k_file, "name_or_path", harmless, k_python, R"("elsewhere")"},
    {k_file, "_commit_hash", harmless, k_python, "null"},
    {k_file, "return_dict", harmless, k_python, "true"},
    {k_file, "use_return_dict", harmless, k_python, "true"},
    {k_file, "output_hidden_states", harmless, k_python, "true"},
    {k_file, "output_attentions", harmless, k_python, "true"},
    {k_file, "output_past", harmless, k_old, "true"},
    {k_file, "attn_implementation", harmless, "the same numbers", R"("sdpa")"},
    {k_file, "_attn_implementation", harmless, "the same numbers", R"("sdpa")"},
    {k_file, "_attn_implementation_autoset", harmless, "the same numbers", "true"},
    {k_file, "experts_implementation", harmless, "the families have no experts", "null"},
    {k_file, "deterministic_flash_attn", harmless, "the same numbers", "false"},
    {k_file, "reference_compile", harmless, "the same numbers", "false"},
    {k_file, "repad_logits_with_grad", harmless, k_training, "false"},
    {k_file, "sparse_prediction", harmless, k_training, "false"},
    {k_file, "sparse_pred_ignore_index", harmless, k_training, "-100"},
    {k_file, "keep_in_fp32_modules", harmless, "everything is fp32", "null"},
    {k_file, "gradient_checkpointing", harmless, k_training, "false"},
    {k_file, "finetuning_task", harmless, k_training, R"("sst2")"},
    {k_file, "task_specific_params", harmless, k_generation, "null"},
    {k_file, "bos_token_id", harmless, k_special_id, "0"},
    {k_file, "eos_token_id", harmless, k_special_id, "0"},
    {k_file, "cls_token_id", harmless, k_special_id, "0"},
    {k_file, "sep_token_id", harmless, k_special_id, "0"},
    {k_file, "mask_token_id", harmless, k_special_id, "0"},
    {k_file, "unk_token_id", harmless, k_special_id, "0"},
    {k_file, "decoder_start_token_id", harmless, k_generation, "null"},
    {k_file, "cross_attention_hidden_size", harmless, "refused with decoders", "null"},
    {k_file, "tie_encoder_decoder", harmless, "refused with decoders", "false"},
    {k_file, "tie_weights_", harmless, k_old, "true"},
    {k_file, "torchscript", harmless, k_old, "false"},
    {k_file, "use_bfloat16", harmless, k_old, "false"},
    {k_file, "tf_legacy_loss", harmless, k_old, "false"},
    {k_file, "xla_device", harmless, k_old, "null"},
    {k_file, "prefix", harmless, k_generation, "null"},
    {k_file, "directionality", harmless, k_old, R"("bidi")"},
    {k_file, "pooler_type", harmless, k_old, R"("first_token_transform")"},
    {k_file, "pooler_fc_size", harmless, k_old, "768"},
    {k_file, "pooler_num_fc_layers", harmless, k_old, "3"},
    {k_file, "pooler_num_attention_heads", harmless, k_old, "12"},
    {k_file, "pooler_size_per_head", harmless, k_old, "128"},
    {k_file, "summary_type", harmless, "of multiple choice, which is not computed", R"("first")"},
    {k_file, "summary_use_proj", harmless, "the same", "true"},
    {k_file, "summary_activation", harmless, "the same", R"("gelu")"},
    {k_file, "summary_last_dropout", harmless, "the same", "0.1"},
    {k_file, "summary_first_dropout", harmless, "the same", "0.1"},
    {k_file, "summary_proj_to_labels", harmless, "the same", "true"},
    {k_file, "net_structure_type", harmless, k_old, "0"},
    {k_file, "gap_size", harmless, k_old, "0"},
    {k_file, "num_memory_blocks", harmless, k_old, "0"},
    {k_file, "down_scale_factor", harmless, k_old, "1"},

    {k_file, "use_cache", harmless, k_generation, "true"},
    {k_file, "assistant_confidence_threshold", harmless, k_generation, "0.4"},
    {k_file, "assistant_lookbehind", harmless, k_generation, "10"},
    {k_file, "bad_words_ids", harmless, k_generation, "null"},
    {k_file, "begin_suppress_tokens", harmless, k_generation, "null"},
    {k_file, "diversity_penalty", harmless, k_generation, "0.0"},
    {k_file, "do_sample", harmless, k_generation, "false"},
    {k_file, "early_stopping", harmless, k_generation, "false"},
    {k_file, "encoder_no_repeat_ngram_size", harmless, k_generation, "0"},
    {k_file, "encoder_repetition_penalty", harmless, k_generation, "1.0"},
    {k_file, "epsilon_cutoff", harmless, k_generation, "0.0"},
    {k_file, "eta_cutoff", harmless, k_generation, "0.0"},
    {k_file, "exponential_decay_length_penalty", harmless, k_generation, "null"},
    {k_file, "forced_bos_token_id", harmless, k_generation, "null"},
    {k_file, "forced_eos_token_id", harmless, k_generation, "null"},
    {k_file, "length_penalty", harmless, k_generation, "1.0"},
    {k_file, "max_length", harmless, k_generation, "20"},
    {k_file, "min_length", harmless, k_generation, "0"},
    {k_file, "no_repeat_ngram_size", harmless, k_generation, "0"},
    {k_file, "num_assistant_tokens", harmless, k_generation, "20"},
    {k_file, "num_assistant_tokens_schedule", harmless, k_generation, R"("constant")"},
    {k_file, "num_beam_groups", harmless, k_generation, "1"},
    {k_file, "num_beams", harmless, k_generation, "1"},
    {k_file, "num_return_sequences", harmless, k_generation, "1"},
    {k_file, "output_scores", harmless, k_generation, "false"},
    {k_file, "remove_invalid_values", harmless, k_generation, "false"},
    {k_file, "repetition_penalty", harmless, k_generation, "1.0"},
    {k_file, "return_dict_in_generate", harmless, k_generation, "false"},
    {k_file, "suppress_tokens", harmless, k_generation, "null"},
    {k_file, "target_lookbehind", harmless, k_generation, "10"},
    {k_file, "temperature", harmless, k_generation, "1.0"},
    {k_file, "top_k", harmless, k_generation, "50"},
    {k_file, "top_p", harmless, k_generation, "1.0"},
    {k_file, "typical_p", harmless, k_generation, "1.0"},
};

/// Obeyed fields that stay among ModelConfig::other_fields.
constexpr std::string_view k_read_later[] = {"model_type", "tokenizer_class", "sentence_transformers",
                                             "sbert_ce_default_activation_function"};

}  // namespace

std::span<const KnownField> config_rows() noexcept { return k_rows; }

void note_config(const ModelConfig& config, const std::string& path, LoadReport& report) {
  const JsonTree others(config.other_fields, path, ErrorCode::bad_checkpoint);
  std::vector<std::string> unread, of_others;
  others.root().for_each([&](JsonValue member) {
    const std::string_view name = member.key();
    const KnownField* const row = find_field(k_rows, name);
    if (row == nullptr)
      unread.emplace_back(name);
    else if (row->treatment == obeyed &&
             std::find(std::begin(k_read_later), std::end(k_read_later), name) == std::end(k_read_later))
      of_others.emplace_back(name);
  });
  note_unread(path, unread, report);
  if (!of_others.empty())
    report.notes.push_back(path + ": not read, because " + std::string(config.traits().model_type) +
                           " models have no such field: " + listed_names(of_others));
}

}  // namespace v0
}  // namespace seqguard

#include <vector>

#include "model/checkpoint_rows.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

using enum Treatment;

constexpr const char *k_model = "config_sentence_transformers.json", *k_modules = "modules.json",
                     *k_network = "sentence_bert_config.json", *k_pooling = "1_Pooling/config.json",
                     *k_dense = "2_Dense/config.json", *k_normalize = "3_Normalize/config.json",
                     *k_dropout = "2_Dropout/config.json";
constexpr const char *k_mode = "of versions before 6: several are concatenated in this order",
                     *k_name = "modules hand on the sentence embedding",
                     *k_arguments = "arguments of transformers' loaders: set them in the files that they change";

constexpr KnownField k_rows[] = {
    {k_modules, "", obeyed, "without it the mean of the hidden states"},
    {k_modules, "idx", harmless, "the order of the list counts", "0"},
    {k_modules, "name", harmless, "only a name", R"("0")"},
    {k_modules, "path", obeyed, "a folder of the directory; the network lies in the directory itself"},
    {k_modules, "type", obeyed, "Transformer, Pooling, then Dense, Normalize, Dropout; others are refused by name"},
    {k_modules, "kwargs", refused, "arguments of single calls", R"(["task"])", "null []"},

    {k_model, "", obeyed, "field by field, beside modules.json"},
    {k_model, "model_type", refused, "sparse and multi-vector models are not computed", R"("SparseEncoder")",
     R"("SentenceTransformer" "CrossEncoder")"},
    {k_model, "prompts", obeyed, "by name: TextOptions::prompt_name", R"({"query": "the fox "})"},
    {k_model, "default_prompt_name", obeyed, "the prompt before every text", "null"},
    {k_model, "truncate_dim", obeyed,
     "the embedding is cut to so many numbers, and normalised again where the modules end with Normalize "
     "(sentence-transformers leaves the cut vector shorter than 1)",
     "4"},
    {k_model, "similarity_fn_name", shown, "how embeddings are compared is the caller's", R"("dot")"},
    {k_model, "activation_fn", obeyed, "of a cross-encoder: Sigmoid or Identity", "null"},
    {k_model, "keep_in_fp32_modules", harmless, "everything is fp32", "null"},
    {k_model, "requirements", harmless, "versions of Python's packages", "null"},
    {k_model, "__version__", harmless, "versions of Python's packages", R"({"sentence_transformers": "6.2.0"})"},

    {k_network, "", obeyed, "beside modules.json, also under its older names (sentence_roberta_config.json, ..)"},
    {k_network, "max_seq_length", obeyed,
     "how long a text may be, in tokens: an integer, as the tokenizers package demands", "16"},
    {k_network, "do_lower_case", obeyed, "texts are lower-cased first", "true"},
    {k_network, "transformer_task", refused, "what follows the network is said by modules.json", R"("fill-mask")",
     R"("feature-extraction" "sequence-classification")"},
    {k_network, "modality_config", refused, "texts only", R"({"image": {"method": "forward"}})",
     R"(null {"text":{"method":"forward","method_output_name":"last_hidden_state"}} )"
     R"({"text":{"method":"forward","method_output_name":"logits"}})"},
    {k_network, "module_output_name", refused, k_name, R"("other")", R"("token_embeddings" "scores" null)"},
    {k_network, "processing_kwargs", refused, k_arguments, R"({"text": {"max_length": 8}})", "null {}"},
    {k_network, "query_length", refused, "one length for all texts", "8", "null"},
    {k_network, "document_length", refused, "one length for all texts", "8", "null"},
    {k_network, "query_expansion", refused, "texts are not padded", R"({"length": 8})", "null"},
    {k_network, "model_args", refused, k_arguments, R"({"a": 1})", "null {}"},
    {k_network, "model_kwargs", refused, k_arguments, R"({"a": 1})", "null {}"},
    {k_network, "tokenizer_args", refused, k_arguments, R"({"a": 1})", "null {}"},
    {k_network, "processor_kwargs", refused, k_arguments, R"({"a": 1})", "null {}"},
    {k_network, "config_args", refused, k_arguments, R"({"a": 1})", "null {}"},
    {k_network, "config_kwargs", refused, k_arguments, R"({"a": 1})", "null {}"},
    {k_network, "tokenizer_name_or_path", refused, "the tokenizer lies in the directory", R"("bert")", "null"},
    {k_network, "unpad_inputs", harmless, "nothing is padded", "null"},

    {k_pooling, "word_embedding_dimension", obeyed, "must be the network's", "24"},
    {k_pooling, "embedding_dimension", obeyed, "the same since version 6", "24"},
    {k_pooling, "pooling_mode", obeyed, "one mode, or several to concatenate", R"("cls")"},
    {k_pooling, "pooling_mode_cls_token", obeyed, k_mode, "true"},
    {k_pooling, "pooling_mode_max_tokens", obeyed, k_mode, "true"},
    {k_pooling, "pooling_mode_mean_tokens", obeyed, k_mode, "true"},
    {k_pooling, "pooling_mode_mean_sqrt_len_tokens", obeyed, k_mode, "true"},
    {k_pooling, "pooling_mode_weightedmean_tokens", obeyed, k_mode, "true"},
    {k_pooling, "pooling_mode_lasttoken", obeyed, k_mode, "true"},
    {k_pooling, "include_prompt", obeyed, "false: the prompt's tokens are left out", "true"},

    {k_dense, "in_features", obeyed, "must be the columns of linear.weight"},
    {k_dense, "out_features", obeyed, "must be the rows of linear.weight"},
    {k_dense, "bias", obeyed, "whether linear.bias is there"},
    {k_dense, "activation_function", obeyed, "Identity, Tanh, GELU, ReLU, SiLU",
     R"("torch.nn.modules.activation.Tanh")"},
    {k_dense, "module_input_name", refused, k_name, R"("token_embeddings")", R"("sentence_embedding")"},
    {k_dense, "module_output_name", refused, k_name, R"("token_embeddings")", R"("sentence_embedding" null)"},
    {k_dense, "use_residual", refused, "not computed", "true", "false"},

    {k_normalize, "module_input_name", refused, k_name, R"("token_embeddings")", R"("sentence_embedding")"},
    {k_normalize, "module_output_name", refused, k_name, R"("token_embeddings")", R"("sentence_embedding" null)"},

    {k_dropout, "dropout", harmless, "of training: what is scored passes as it is", "0.5"},
};

}  // namespace

std::span<const KnownField> sentence_rows() noexcept { return k_rows; }

std::vector<KnownField> sentence_rows_of(std::string_view file) {
  std::vector<KnownField> rows;
  for (const KnownField& row : k_rows)
    if (row.file == file && !row.field.empty()) rows.push_back(row);
  return rows;
}

}  // namespace v0
}  // namespace seqguard

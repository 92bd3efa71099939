// The same comments as in comment_spam.cpp, but all of the checkpoint learns: the encoder and a new head on top of it.
// What comes out is a Hugging Face directory, for TextModel and for transformers.
//
//   fine_tune_text MODEL_DIR OUTPUT_DIR [LEARNING_RATE]      (.0001)
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <seqguard/model/checkpoint.hpp>
#include <seqguard/model/encoder.hpp>
#include <seqguard/model/heads.hpp>
#include <seqguard/model/sentence_embedding.hpp>
#include <seqguard/seqguard.hpp>
#include <seqguard/training/optimizer.hpp>

#include "comments.hpp"

namespace {

using namespace seqguard;

/// The encoder of `base` with a fresh head for one label.
Model<float> with_spam_head(const Model<float>& base) {
  ModelSpec spec = base.spec();
  spec.heads = {{"", Head::sequence_classification, {"spam"}}};
  spec.config.labels = {"spam"};
  spec.config.problem_type = "multi_label_classification";  // a probability of its own
  Model<float> model(base.context(), spec);
  model.initialize(1);
  for (const ParameterInfo& info : model.table().entries())
    if (const ParameterInfo* known = base.table().find(info.name); known != nullptr && known->shape == info.shape)
      std::copy_n(base.values().begin() + static_cast<std::ptrdiff_t>(known->offset), info.count,
                  model.values().begin() + static_cast<std::ptrdiff_t>(info.offset));
  return model;
}

/// Loss of one comment; its gradient is added to `gradient`.
float learn_one(const Model<float>& model, const Encoding& tokens, float target, std::vector<float>& gradient) {
  Workspace workspace;
  const std::size_t n = tokens.ids.size(), hidden = model.config().hidden_size, offsets[] = {0, n};
  EncoderInput input;
  input.ids = tokens.ids;
  input.offsets = offsets;
  const EncoderOptions options{.for_training = true};
  const auto cache = run_encoder<float>(model, input, options, workspace);
  const MatrixView<const float> h = cache.last_hidden_state();
  float logit = 0, d_logit = 0;
  const auto head = run_head<float>(model, 0, {&logit, 1, 1}, h, offsets, {}, workspace);
  const float loss = model.context().kernels->bce_with_logits(&d_logit, &logit, &target, nullptr, 1);

  const auto d_p = bind_parameters<float>(model.table(), model.spec(), gradient.data());
  std::vector<float> d_hidden(n * hidden);
  const MatrixView<float> d(d_hidden.data(), n, hidden);
  run_head_backward<float>(model, 0, d, d_p, {&d_logit, 1, 1}, head, h, offsets, workspace);
  run_encoder_backward<float>(model, d_p, d, cache, input, options, workspace);
  return loss;
}

void save(const std::string& directory, const Model<float>& model, const std::string& from) {
  save_model(directory, model);
  for (const char* file : {"tokenizer.json", "tokenizer_config.json", "vocab.txt", "vocab.json", "merges.txt"})
    if (std::filesystem::exists(from + "/" + file))
      std::filesystem::copy_file(from + "/" + file, directory + "/" + file,
                                 std::filesystem::copy_options::overwrite_existing);
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 3 && argc != 4) {
    std::fprintf(stderr, "usage: fine_tune_text MODEL_DIR OUTPUT_DIR [LEARNING_RATE]\n");
    return 2;
  }
  const std::string from = argv[1], to = argv[2];
  const double learning_rate = argc == 4 ? std::strtod(argv[3], nullptr) : 1e-4;
  if (!(learning_rate > 0)) {
    std::fprintf(stderr, "fine_tune_text: LEARNING_RATE, expected a number above 0, found \"%s\"\n", argv[3]);
    return 2;
  }
  if (std::filesystem::exists(to) && std::filesystem::equivalent(from, to)) {
    std::fprintf(stderr, "fine_tune_text: OUTPUT_DIR is MODEL_DIR, which stays as it is\n");
    return 2;
  }
  Model<float> model = with_spam_head(load_model(make_context(default_isa()), from));
  const TextInput texts =
      TextInput::load(from, model.config(), SentenceEmbedding::load(model.context(), from, model.config()));
  std::vector<Encoding> tokens;
  for (const Comment& comment : k_known) tokens.push_back(texts.tokenizer.encode(comment.text, texts.options));

  Optimizer<float> optimizer(model.table(), {});
  float loss = 0;
  for (int epoch = 1; epoch <= 20; ++epoch) {
    model.pack(true);
    loss = 0;
    for (std::size_t i = 0; i < tokens.size(); ++i)
      loss += learn_one(model, tokens[i], k_known[i].spam ? 1.0F : 0.0F, optimizer.lane(i % k_gradient_lanes));
    optimizer.apply(model, optimizer.reduce(model), learning_rate);
    if (epoch % 5 == 0) std::printf("epoch %d: loss %.4f\n", epoch, loss / static_cast<float>(tokens.size()));
  }
  save(to, model, from);

  const SequenceScorer scorer = SequenceScorer::load(to);
  for (const Comment& comment : k_new)
    std::printf("  spam %5.1f %%  %s\n", 100.0 * static_cast<double>(scorer.score(comment.text).probabilities[0]),
                std::string(comment.text).c_str());
  return loss < 0.69F * static_cast<float>(tokens.size()) ? 0 : 1;  // log 2 = .693: a head that knows nothing
} catch (const std::exception& error) {
  std::fprintf(stderr, "fine_tune_text: %s\n", error.what());
  return 1;
}

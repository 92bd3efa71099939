// The same comments as in comment_spam.cpp, but all of the checkpoint learns: the encoder and a new head on top of it.
// What comes out is a Hugging Face directory, for TextModel and for transformers.
//
//   fine_tune_text MODEL_DIR OUTPUT_DIR [LEARNING_RATE]      (.0001)
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <seqguard/model/checkpoint.hpp>
#include <seqguard/model/sentence_embedding.hpp>
#include <seqguard/seqguard.hpp>
#include <seqguard/sequence_scorer/text_input.hpp>
#include <seqguard/training/classification.hpp>
#include <seqguard/training/text_source.hpp>
#include <seqguard/training/trainer.hpp>

#include "comments.hpp"

using namespace seqguard;

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

  // The checkpoint, with a fresh head: a probability of its own for the one label.
  const Model<float> base = load_model(make_context(default_isa()), from);
  const HeadSpec head{"", Head::sequence_classification, {"spam"}, Pooling::cls, HeadLoss::binary};
  Model<float> model = begin_from(base, with_head(base.spec(), head), 1);

  // Texts and labels.
  const TextInput input =
      TextInput::load(from, model.config(), SentenceEmbedding::load(model.context(), from, model.config()));
  std::vector<Encoding> texts;
  LabelTable labels{1, {}, {}};
  for (const Comment& comment : k_known) {
    texts.push_back(input.tokenizer.encode(comment.text, input.options));
    labels.values.push_back(comment.spam ? 1.0F : 0.0F);
  }

  TrainingOptions options;
  options.steps = 100;
  options.tokens_per_step = 256;
  options.schedule.peak = learning_rate;
  const TextSource source(model.config(), texts, {}, {&labels, 1}, options.seed);
  const Classification<float> objective(model.spec(), 0);
  Trainer<float> trainer(model, {{&source, {{&objective}}}}, options);
  const auto print = [](const Progress& progress, void*) {
    if (progress.done % 20 == 0) std::printf("step %zu: loss %.4f\n", progress.done, progress.loss);
    return true;
  };
  trainer.run(*make_thread_pool(2), "fine-tuning", {print, nullptr}, [] {});

  DirectoryWriter writer(to);
  write_model(writer, model, model.values());
  for (const char* file : {"tokenizer.json", "tokenizer_config.json", "vocab.txt", "vocab.json", "merges.txt"})
    if (std::filesystem::exists(from + "/" + file)) writer.copy(from + "/" + file, file);
  writer.commit();

  const TextModel judge = TextModel::load(to);
  TextModel::Scratch scratch = judge.make_scratch();
  float spam = 0;
  std::size_t right = 0;
  for (const Comment& comment : k_known) {
    judge.classify(comment.text, {}, {&spam, 1}, scratch);
    right += (spam > 0.5F) == comment.spam ? 1 : 0;
  }
  std::printf("%zu of %zu known comments judged right\nnew comments:\n", right, std::size(k_known));
  for (const Comment& comment : k_new) {
    judge.classify(comment.text, {}, {&spam, 1}, scratch);
    std::printf("  spam %5.1f %%  %s\n", 100.0 * static_cast<double>(spam), std::string(comment.text).c_str());
  }
  return right > std::size(k_known) / 2 ? 0 : 1;
} catch (const std::exception& error) {
  std::fprintf(stderr, "fine_tune_text: %s\n", error.what());
  return 1;
}

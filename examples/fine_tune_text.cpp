// The same comments as in comment_spam.cpp, but all of the checkpoint learns: the encoder and a new head on top of it.
// What comes out is a Hugging Face directory, for TextModel and for transformers.
//
//   fine_tune_text MODEL_DIR OUTPUT_DIR [LEARNING_RATE]      (.0001)
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <seqguard/seqguard.hpp>
#include <seqguard/sequence_scorer/fine_tune_text.hpp>

#include "comments.hpp"

using namespace seqguard;

int main(int argc, char** argv) try {
  if (argc != 3 && argc != 4) {
    std::fprintf(stderr, "usage: fine_tune_text MODEL_DIR OUTPUT_DIR [LEARNING_RATE]\n");
    return 2;
  }
  LabelledTexts texts{"comments",
                      TextProblem::single_label_classification,
                      {"fine", "spam"},
                      {}};  // or read_labelled_texts("comments.csv")
  for (const Comment& comment : k_known)
    texts.texts.push_back({std::string(comment.text), "", comment.spam ? 1u : 0u, {}, 0});

  FineTuneTextOptions options;
  options.loss = TextLoss::bce;  // a probability of its own for the one label
  options.learning_rate = argc == 4 ? std::strtod(argv[3], nullptr) : 1e-4;
  options.steps = 100;
  options.valid_fraction = 0;  // too few to hold some out
  const auto print = [](const Progress& progress, void*) {
    if (progress.done % 20 == 0) std::printf("step %zu: loss %.4f\n", progress.done, progress.loss);
    return true;
  };
  fine_tune_text(argv[1], texts, argv[2], options, *make_thread_pool(2), {print, nullptr});

  const TextModel judge = TextModel::load(argv[2]);
  std::size_t right = 0;
  for (const Comment& comment : k_known)
    right += (judge.score(comment.text).probabilities[0] > 0.5F) == comment.spam ? 1 : 0;
  std::printf("%zu of %zu known comments judged right\nnew comments:\n", right, std::size(k_known));
  for (const Comment& comment : k_new)
    std::printf("  spam %5.1f %%  %s\n", 100.0 * static_cast<double>(judge.score(comment.text).probabilities[0]),
                std::string(comment.text).c_str());
  return right > std::size(k_known) / 2 ? 0 : 1;
} catch (const std::exception& error) {
  std::fprintf(stderr, "fine_tune_text: %s\n", error.what());
  return 1;
}

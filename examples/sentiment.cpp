// Sentiment of reviews as a number: how many stars a text would have. A number knows that four stars are nearer to five
// than one is, which classes do not. What comes out is a Hugging Face directory (problem_type "regression").
//
//   sentiment MODEL_DIR OUTPUT_DIR [LEARNING_RATE]      (.0001) a sentence encoder, e.g. all-MiniLM-L6-v2
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <seqguard/seqguard.hpp>
#include <seqguard/sequence_scorer/fine_tune_text.hpp>
#include <string_view>

using namespace seqguard;

namespace {

// A file of labelled texts; read_labelled_texts("reviews.csv") reads one from a disk.
constexpr std::string_view k_reviews =
    "text,stars\n"
    "\"Best headphones I ever had, the sound is wonderful.\",5\n"
    "\"I love this jacket, warm, light and beautiful.\",5\n"
    "\"Perfect gift, my daughter plays with it every day.\",5\n"
    "\"Excellent quality and very fast delivery, thank you!\",5\n"
    "\"Works very well, the battery could last a little longer.\",4\n"
    "\"Good shoes for the price, comfortable after a few days.\",4\n"
    "\"Nice lamp, though the cable is a bit short.\",4\n"
    "\"It is okay, nothing special, does what it should.\",3\n"
    "\"Average. Some things are good, others are not.\",3\n"
    "\"Neither good nor bad, I expected a bit more.\",3\n"
    "\"The colour is not as shown and the zip feels cheap.\",2\n"
    "\"Disappointing, it got slow after two weeks.\",2\n"
    "\"Too small, and the fabric is thin.\",2\n"
    "\"Broke on the first day, what a waste of money.\",1\n"
    "\"Terrible, it never worked and nobody answers my mails.\",1\n"
    "\"Awful smell, I sent it back at once. Do not buy this.\",1\n"
    "\"The worst phone I have ever owned.\",1\n";

constexpr std::string_view k_new[] = {"I am very happy with it, great sound!", "It is fine, but nothing special.",
                                      "Horrible, it was broken when it arrived."};

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 3 && argc != 4) {
    std::fprintf(stderr, "usage: sentiment MODEL_DIR OUTPUT_DIR [LEARNING_RATE]\n");
    return 2;
  }
  // Whole numbers are taken for classes unless somebody says what they are.
  const LabelledTexts reviews = read_labelled_texts_from_text(
      k_reviews, "reviews.csv", {.label_column = "stars", .problem = TextProblem::regression});
  FineTuneTextOptions options;
  options.learning_rate = argc == 4 ? std::strtod(argv[3], nullptr) : 1e-4;
  options.steps = 100;
  options.valid_fraction = 0;  // too few to hold some out
  const auto print = [](const Progress& progress, void*) {
    if (progress.done % 20 == 0) std::printf("step %zu: loss %.4f\n", progress.done, progress.loss);
    return true;
  };
  fine_tune_text(argv[1], reviews, argv[2], options, *make_thread_pool(2), {print, nullptr});

  const TextModel judge = TextModel::load(argv[2]);
  const auto stars = [&](std::string_view text) { return static_cast<double>(judge.score(text).probabilities[0]); };
  double error = 0;
  for (const LabelledText& review : reviews.texts) error += std::abs(stars(review.text) - review.number);
  error /= static_cast<double>(reviews.texts.size());
  std::printf("known reviews: off by %.2f stars in the mean\nnew reviews:\n", error);
  for (const std::string_view text : k_new)
    std::printf("  %.1f stars  %s\n", std::clamp(stars(text), 1.0, 5.0), std::string(text).c_str());
  return error < 1 ? 0 : 1;  // always 3 stars: 1.3
} catch (const std::exception& error) {
  std::fprintf(stderr, "sentiment: %s\n", error.what());
  return 1;
}

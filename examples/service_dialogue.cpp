// What customers of a service want: intents of a message, of which it may have several, or none. The turn before it is
// the second text of the pair: "yes" alone says nothing.
//
//   service_dialogue MODEL_DIR OUTPUT_DIR [LEARNING_RATE]      (.0002) a sentence encoder, e.g. all-MiniLM-L6-v2
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <seqguard/seqguard.hpp>
#include <seqguard/sequence_scorer/fine_tune_text.hpp>
#include <string_view>
#include <vector>

using namespace seqguard;

namespace {

// A file of labelled texts; read_labelled_texts("dialogue.jsonl") reads one from a disk.
constexpr std::string_view k_messages = R"(
{"text": "Where is my parcel?", "text_pair": "How can I help you?", "label": ["delivery"]}
{"text": "My order should have been here on Monday", "text_pair": "What can I do for you?", "label": ["delivery"]}
{"text": "The tracking page has not changed for a week", "text_pair": "Hello!", "label": ["delivery"]}
{"text": "When will it be delivered?", "text_pair": "Your order has been sent.", "label": ["delivery"]}
{"text": "I want my money back", "text_pair": "How can I help you?", "label": ["refund"]}
{"text": "Please refund the second pair of shoes", "text_pair": "What can I do for you?", "label": ["refund"]}
{"text": "I returned the lamp and was never paid back", "text_pair": "Hello!", "label": ["refund"]}
{"text": "Yes please, pay it back", "text_pair": "Shall we refund the amount?", "label": ["refund"]}
{"text": "Yes", "text_pair": "Shall we refund the amount?", "label": ["refund"]}
{"text": "I cannot log in any more", "text_pair": "How can I help you?", "label": ["account"]}
{"text": "How do I change my password?", "text_pair": "What can I do for you?", "label": ["account"]}
{"text": "Please change the email address of my account", "text_pair": "Hello!", "label": ["account"]}
{"text": "Yes", "text_pair": "Shall we reset your password?", "label": ["account"]}
{"text": "The parcel is lost, I want my money back", "text_pair": "Hello!", "label": ["delivery", "refund"]}
{"text": "It never arrived, please refund it", "text_pair": "How can I help you?", "label": ["delivery", "refund"]}
{"text": "My delivery is late and I cannot log in to see where it is", "text_pair": "Hello!", "label": ["delivery", "account"]}
{"text": "Thank you very much", "text_pair": "It is on its way.", "label": []}
{"text": "Good morning", "text_pair": "Hello!", "label": []}
{"text": "That is all, bye", "text_pair": "Can I do anything else?", "label": []}
)";

struct Message {
  std::string_view text, before;
};
constexpr Message k_new[] = {{"My package has not arrived yet", "Hello!"},
                             {"I would like a refund because the parcel never came", "How can I help you?"},
                             {"I forgot my password", "What can I do for you?"},
                             {"Thanks, bye", "Can I do anything else?"}};

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 3 && argc != 4) {
    std::fprintf(stderr, "usage: service_dialogue MODEL_DIR OUTPUT_DIR [LEARNING_RATE]\n");
    return 2;
  }
  const LabelledTexts messages = read_labelled_texts_from_text(k_messages, "dialogue.jsonl");
  FineTuneTextOptions options;  // arrays of labels: a probability for each class by itself
  options.learning_rate = argc == 4 ? std::strtod(argv[3], nullptr) : 2e-4;
  options.steps = 100;
  options.valid_fraction = 0;  // too few to hold some out
  const auto print = [](const Progress& progress, void*) {
    if (progress.done % 20 == 0) std::printf("step %zu: loss %.4f\n", progress.done, progress.loss);
    return true;
  };
  fine_tune_text(argv[1], messages, argv[2], options, *make_thread_pool(2), {print, nullptr});

  const TextModel judge = TextModel::load(argv[2]);
  auto scratch = judge.make_scratch();
  const std::span<const std::string> intents = judge.labels();
  std::vector<float> p(intents.size());
  std::size_t right = 0, decisions = 0;
  for (const LabelledText& message : messages.texts) {
    judge.classify(message.text, message.pair, p, scratch);
    for (std::size_t c = 0; c < intents.size(); ++c, ++decisions)
      right += (p[c] > 0.5F) == (std::count(message.labels.begin(), message.labels.end(), c) > 0) ? 1 : 0;
  }
  std::printf("known messages: %zu of %zu decisions right\nnew messages:\n", right, decisions);
  for (const Message& message : k_new) {
    judge.classify(message.text, message.before, p, scratch);
    std::printf("  %s:", std::string(message.text).c_str());
    for (std::size_t c = 0; c < intents.size(); ++c)
      std::printf(" %s %.0f %%", intents[c].c_str(), 100 * static_cast<double>(p[c]));
    std::printf("\n");
  }
  return 4 * right > 3 * decisions ? 0 : 1;  // always "none of them": 38 of 57, two thirds
} catch (const std::exception& error) {
  std::fprintf(stderr, "service_dialogue: %s\n", error.what());
  return 1;
}

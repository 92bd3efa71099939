// Four threads that share one text model, and a batch of texts on a pool.
#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "concurrency/threads_agree.hpp"
#include "seqguard/sequence_scorer/text_model.hpp"

using namespace seqguard;

namespace {

TextModel load_golden(const char* name) {
  return TextModel::load(std::string(SEQGUARD_SOURCE_DIR) + "/tests/golden/" + name);
}

/// Texts of one word to many, some of them not ASCII.
std::vector<std::string> make_texts() {
  std::vector<std::string> texts(40);
  for (std::size_t i = 0; i < texts.size(); ++i)
    for (std::size_t w = 0; w <= i * 7 % 23; ++w) texts[i] += w % 4 == 3 ? "n\u00e4ive " : "fox spam ";
  return texts;
}

}  // namespace

TEST_CASE("threads that share a text model get the same bits") {
  const TextModel sentences = load_golden("text_sentence"), pairs = load_golden("text_pairs");
  const std::vector<std::string> texts = make_texts();
  check_threads_agree(texts.size(), [&] {
    auto a = std::make_shared<TextModel::Scratch>(sentences.make_scratch());
    auto b = std::make_shared<TextModel::Scratch>(pairs.make_scratch());
    return [&, a, b](std::size_t i) {
      std::vector<float> out(sentences.embedding_size() + 3);
      sentences.embed(texts[i], std::span(out).subspan(3), *a);
      pairs.classify(texts[i], "a pair", std::span(out).first(3), *b);
      return out;
    };
  });
}

TEST_CASE("a batch of texts on a pool of threads gives the bits of one thread") {
  const TextModel model = load_golden("text_sentence");
  const std::vector<std::string> texts = make_texts();
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  const std::size_t n = texts.size(), width = model.embedding_size();
  std::vector<float> alone(n * width), shared(n * width);
  std::vector<ItemStatus> status(n);
  model.embed_batch(views, {alone.data(), n, width}, status);
  const auto pool = make_thread_pool(4);
  model.embed_batch(views, {shared.data(), n, width}, status, *pool);
  CHECK(alone == shared);
}

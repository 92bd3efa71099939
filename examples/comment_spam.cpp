// Spam among comments: a classification head trained on a handful of examples, on top of a frozen text checkpoint.
//
//   comment_spam MODEL_DIR      a sentence encoder, e.g. all-MiniLM-L6-v2
#include <cmath>
#include <cstdio>
#include <seqguard/kernels/matmul.hpp>
#include <seqguard/seqguard.hpp>
#include <string_view>
#include <vector>

#include "comments.hpp"

int main(int argc, char** argv) try {
  using namespace seqguard;
  if (argc != 2) {
    std::fprintf(stderr, "usage: comment_spam MODEL_DIR\n");
    return 2;
  }
  const TextModel model = TextModel::load(argv[1]);
  const std::size_t known = std::size(k_known), width = model.embedding_size();
  std::vector<std::string_view> texts;
  std::vector<float> targets;
  for (const Comment& comment : k_known) {
    texts.push_back(comment.text);
    targets.push_back(comment.spam ? 1.0F : 0.0F);
  }
  // The checkpoint stays as it is: each comment is embedded once.
  std::vector<float> features(known * width);
  std::vector<ItemStatus> status(known);
  model.embed_batch(texts, {features.data(), known, width}, status);

  // The head: one linear layer, binary cross-entropy, AdamW.
  const KernelTable<float>& kernels = kernels_for(default_isa());
  std::vector<float> head(width + 1), gradient(width + 1), m(width + 1), v(width + 1), logits(known), d_logits(known);
  const auto logit = [&](const float* x) {
    double sum = head[width];
    for (std::size_t c = 0; c < width; ++c) sum += static_cast<double>(head[c]) * x[c];
    return static_cast<float>(sum);
  };
  float loss = 0;
  for (int step = 1; step <= 300; ++step) {
    for (std::size_t i = 0; i < known; ++i) logits[i] = logit(&features[i * width]);
    loss = kernels.bce_with_logits(d_logits.data(), logits.data(), targets.data(), nullptr, known) /
           static_cast<float>(known);
    if (step % 100 == 0) std::printf("step %d: loss %.4f\n", step, loss);
    std::fill(gradient.begin(), gradient.end(), 0.0F);
    for (std::size_t i = 0; i < known; ++i) {
      kernels.axpy(gradient.data(), &features[i * width], width, d_logits[i]);
      gradient[width] += d_logits[i];
    }
    kernels.adamw({head.data(), m.data(), v.data(), gradient.data(), width + 1, 1.0F / static_cast<float>(known), 0.05F,
                   0.9F, 0.999F, 1e-8F, 0.01F, static_cast<float>(1 - std::pow(0.9, step)),
                   static_cast<float>(1 - std::pow(0.999, step))});
  }

  std::size_t learned = 0;
  for (std::size_t i = 0; i < known; ++i) learned += (logit(&features[i * width]) > 0) == k_known[i].spam ? 1 : 0;
  std::printf("%zu of %zu known comments judged right\nnew comments:\n", learned, known);
  auto scratch = model.make_scratch();
  std::vector<float> vector(width);
  for (const Comment& comment : k_new) {
    model.embed(comment.text, vector, scratch);
    std::printf("  spam %5.1f %%  %s\n", 100 / (1 + std::exp(-static_cast<double>(logit(vector.data())))),
                std::string(comment.text).c_str());
  }
  return loss < 0.69F ? 0 : 1;  // log 2 = .693 is what a head that knows nothing has
} catch (const seqguard::Error& error) {
  std::fprintf(stderr, "comment_spam: %s\n", error.what());
  return 1;
}

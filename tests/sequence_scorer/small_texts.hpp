// Labelled texts that the small checkpoints of text_golden.hpp can learn.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "seqguard/sequence_scorer/labelled_texts.hpp"

namespace seqguard::tests {

/// Texts of a few words; "spam" in every second.
inline LabelledTexts comments(std::size_t n, std::size_t classes = 2) {
  const std::vector<std::string> words = {"hello", "the", "quick", "dog", "fox", "world", "an", "answer"};
  const std::vector<std::string> marks = {"", " spam", " eggs"};
  LabelledTexts texts{"comments", TextProblem::single_label_classification, {"normal", "spam", "eggs"}, {}};
  texts.classes.resize(classes);
  for (std::size_t i = 0; i < n; ++i) {
    std::string text = words[i % 8] + " " + words[(i / 8) % 8] + " " + words[(i / 3) % 8] + marks[i % classes];
    texts.texts.push_back({text + " " + std::string(1, static_cast<char>('a' + i % 26)), "", i % classes, {}, i + 1});
  }
  return texts;
}

/// Texts in which "fox" and "quick dog" are marked.
inline LabelledTexts spans(std::size_t n) {
  LabelledTexts texts{"spans", TextProblem::spans, {"ANIMAL"}, {}};
  for (std::size_t i = 0; i < n; ++i) {
    const std::string before = i % 3 == 0 ? "the " : "hello world ", name = i % 2 == 0 ? "fox" : "quick dog";
    const auto first = static_cast<std::uint32_t>(before.size());
    texts.texts.push_back({before + name + " " + std::string(1, static_cast<char>('a' + i % 26)),
                           "",
                           0,
                           {{{first, first + static_cast<std::uint32_t>(name.size())}, 0}},
                           i + 1});
  }
  return texts;
}

}  // namespace seqguard::tests

// The texts that the benchmarks speak of.
#pragma once

#include <cstddef>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "seqguard/core/random.hpp"

namespace seqguard {

inline constexpr std::string_view k_english[] = {
    "the",  "of",      "and",       "delivery", "was",      "late",     "again",    "customer", "service,",
    "did",  "not",     "answer",    "my",       "question", "about",    "refund.",  "Great",    "price",
    "but",  "quality", "terrible!", "don't",    "buy",      "from",     "seller",   "2024",     "unbelievable",
    "I'm",  "very",    "happy",     "with",     "this",     "purchase", "(really)", "shipping", "internationalization",
    "best", "ever"};
inline constexpr std::string_view k_mixed[] = {"доставка", "опоздала", "客户",     "服务",  "très",  "déçu",
                                               "größer",   "배송이",   "늦었어요", "ราคาดี", "भुगतान", "günstig",
                                               "the",      "price",    "😀",        "¿qué?"};

/// `count` texts of 128 bytes or, where the words are not ASCII, about as many characters.
template <std::size_t N>
std::vector<std::string> make_texts(std::size_t count, const std::string_view (&words)[N]) {
  constexpr std::size_t k_characters = 128;
  std::vector<std::string> texts(count);
  Random random(1);
  for (std::string& text : texts) {
    std::size_t characters = 0;
    while (characters <= k_characters) {  // counts the space behind the last word
      const std::string_view word = words[random.below(N)];
      text += std::string(text.empty() ? "" : " ") + std::string(word);
      for (const char byte : word) characters += (static_cast<unsigned char>(byte) & 0xC0) != 0x80;
      ++characters;
    }
    if (text.size() == characters - 1) text.resize(k_characters);
  }
  return texts;
}

inline std::vector<std::string> read_lines(const char* path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

}  // namespace seqguard

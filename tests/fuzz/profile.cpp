#include <cmath>

#include "detection/sequences.hpp"
#include "fuzz/read_all.hpp"
#include "seqguard/detection/sequence_detector.hpp"

// A recipe that has every view; the seed was fitted by it.
void seqguard::fuzz_profile(std::string_view input) {
  static const Recipe recipe = [] {
    Recipe all = Recipe::broad({"next"});
    all.views.push_back({"typeset", Sidedness::upper, 1.0, {}});
    return all;
  }();
  static const Sequences sequences = random_walks(3, 5, 4, 9);
  SequenceDetector detector(recipe);
  detector.load(SafetensorsFile(bytes_of(input), "profile"));
  SequenceDetector::Scratch scratch;
  const double next[] = {1.5};
  for (const std::vector<TypeId>& events : sequences) {
    const Judgement judgement = detector.judge(events, next, scratch);
    keep(judgement.p_value >= 0 && judgement.p_value <= 1, "p-values are numbers in [0, 1]");
    keep(judgement.worst_view < recipe.views.size(), "one of the views is the worst");
  }
}

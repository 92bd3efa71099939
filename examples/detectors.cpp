// Each detector alone: fit, decision_function, threshold, predict. Higher = more abnormal.
#include <cstdio>
#include <seqguard/core/random.hpp>
#include <seqguard/detection/sequence_detector.hpp>
#include <vector>

int main() {
  using namespace seqguard;
  // Events are numbers of types: normal visits walk up from a random start, 0 1 2 3 .. modulo 12.
  Random random(1);
  std::vector<std::vector<TypeId>> visits(400);
  for (auto& visit : visits) {
    const std::size_t start = random.below(12), length = 8 + random.below(12);
    for (std::size_t i = 0; i < length; ++i) visit.push_back(static_cast<TypeId>((start + i) % 12));
  }
  const std::vector<TypeSequence> normals(visits.begin(), visits.end());
  const std::vector<TypeId> normal = {3, 4, 5, 6, 7, 8, 9, 10, 11, 0}, shuffled = {8, 3, 0, 9, 5, 11, 4, 7, 10, 6},
                            loop = {3, 4, 3, 4, 3, 4, 3, 4, 3, 4, 3, 4, 3, 4, 3, 4, 3, 4, 3, 4};

  std::printf("%-10s %10s %10s %10s %10s\n", "detector", "threshold", "normal", "shuffled", "loop");
  std::size_t shuffled_found = 0, loop_found = 0;
  for (const std::string_view name : detector_names()) {
    SequenceDetector detector(Recipe::single(name), {.profile = {}, .contamination = 0.01});
    detector.fit(normals);
    SequenceDetector::Scratch scratch;
    std::printf("%-10s %10.2f", std::string(name).c_str(), detector.threshold());
    for (const auto& visit : {normal, shuffled, loop})
      std::printf(" %9.2f%s", detector.decision_function(visit, scratch), detector.predict(visit, scratch) ? "*" : " ");
    std::printf("\n");
    shuffled_found += detector.predict(shuffled, scratch) ? 1 : 0;
    loop_found += detector.predict(loop, scratch) ? 1 : 0;
  }
  std::printf("* called abnormal: what one detector overlooks, another one sees\n");
  return shuffled_found > 0 && loop_found > 0 ? 0 : 1;
}

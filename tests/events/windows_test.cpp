// Windows cover every position; crops are a pure function and see both ends.
#include "seqguard/events/windows.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace seqguard;

TEST_CASE("scoring windows: full length, cover everything, end aligned") {
  std::vector<Window> windows;
  scoring_windows(10, 4, 4, windows);
  CHECK(windows == std::vector<Window>{{0, 4}, {4, 4}, {6, 4}});
  scoring_windows(8, 4, 4, windows);
  CHECK(windows == std::vector<Window>{{0, 4}, {4, 4}});
  scoring_windows(7, 4, 2, windows);
  CHECK(windows == std::vector<Window>{{0, 4}, {2, 4}, {3, 4}});
  scoring_windows(4, 4, 1, windows);
  CHECK(windows == std::vector<Window>{{0, 4}});
  scoring_windows(2, 4, 4, windows);
  CHECK(windows == std::vector<Window>{{0, 2}});
  scoring_windows(0, 4, 4, windows);
  CHECK(windows.empty());
}

TEST_CASE("training crops: number, bounds, determinism, both ends") {
  constexpr std::size_t k_positions = 100, k_window = 16;
  std::vector<Window> crops, again;
  std::size_t at_begin = 0, at_end = 0, total = 0;
  for (std::uint64_t epoch = 0; epoch < 300; ++epoch) {
    training_crops(k_positions, k_window, 7, 3, epoch, crops);
    training_crops(k_positions, k_window, 7, 3, epoch, again);
    REQUIRE(crops == again);
    REQUIRE(crops.size() == 7);  // ceil(100 / 16)
    for (const Window& crop : crops) {
      REQUIRE(crop.size == k_window);
      REQUIRE(crop.begin + crop.size <= k_positions);
      at_begin += crop.begin == 0;
      at_end += crop.begin + crop.size == k_positions;
      ++total;
    }
  }
  // P(start clamped to 0) = 9 / 101 (shifts 0 .. 8), the same at the end; five standard deviations of 2,100 draws: .031
  CHECK(static_cast<double>(at_begin) / static_cast<double>(total) == doctest::Approx(9.0 / 101).epsilon(0.35));
  CHECK(static_cast<double>(at_end) / static_cast<double>(total) == doctest::Approx(9.0 / 101).epsilon(0.35));
  training_crops(k_positions, k_window, 7, 4, 299, again);
  CHECK(crops != again);
  training_crops(5, k_window, 7, 3, 0, crops);
  CHECK(crops == std::vector<Window>{{0, 5}});
}

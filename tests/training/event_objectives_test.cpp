// What the objectives ask: rates, targets, marks, determinism.
#include "seqguard/training/event_objectives.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

#include "training/patterns.hpp"

using namespace seqguard;

namespace {

constexpr std::size_t k_windows = 2000, k_positions = Patterns::k_length + 2;

/// One window of one pattern, as it was and after an objective has changed it.
struct Window22 {
  std::vector<std::int32_t> before, after;
  ChunkTargets targets;
};

Window22 ask(const Objective<float>& objective, const Patterns& patterns, std::size_t sequence, std::uint64_t seed) {
  TrainingChunk chunk;
  chunk.batch.prepare(patterns.schema, 64);
  // A window before it shows that only the second one is touched.
  chunk.batch.append(patterns.sequences[0], 0, 5);
  chunk.batch.append(patterns.sequences[sequence], 0, k_positions);
  Window22 result;
  const auto copy = [&] {
    const EncoderInput input = chunk.batch.input();
    return std::vector<std::int32_t>(input.ids.begin(), input.ids.end());
  };
  result.before = copy();
  result.targets.clear(chunk.batch.decoders());
  Random random(seed);
  objective.corrupt(chunk, result.targets, 1, random);
  result.after = copy();
  return result;
}

/// |share - rate| within 5 standard deviations of a mean of `n` draws of deviation `sigma`: fails by chance once in a
/// million.
bool near(double share, double rate, double sigma, double n) {
  return std::abs(share - rate) < 5 * sigma / std::sqrt(n);
}

double binomial_sigma(double rate) { return std::sqrt(rate * (1 - rate)); }

std::vector<std::uint64_t> counts_of(const Patterns& patterns) {
  return std::vector<std::uint64_t>(patterns.schema.primary_column().vocabulary.size(), 100);
}

}  // namespace

TEST_CASE("next event: every position predicts the true next one, a share of the inputs is unknown") {
  const Patterns patterns(8);
  const NextEvent<float> objective(0.05);
  CHECK(objective.mask() == AttentionMask::causal);
  std::size_t unknown = 0;
  for (std::size_t w = 0; w < k_windows; ++w) {
    const Window22 window = ask(objective, patterns, w % 8, w);
    REQUIRE(window.targets.rows.size() == k_positions - 1);
    for (std::size_t r = 0; r + 1 < k_positions; ++r) {
      REQUIRE(window.targets.rows[r] == 5 + r);
      REQUIRE(window.targets.columns[0][r] == window.before[5 + r + 1]);
    }
    for (std::size_t t = 0; t < window.before.size(); ++t) {
      if (window.after[t] == window.before[t]) continue;
      REQUIRE(t >= 5);
      REQUIRE(window.after[t] == k_unk_id);
      ++unknown;
    }
  }
  const double draws = k_windows * k_positions;
  CHECK(near(static_cast<double>(unknown) / draws, 0.05, binomial_sigma(0.05), draws));
}

TEST_CASE("masked events: targets hold what was there, marks stay, every window asks something") {
  const Patterns patterns(8);
  const MaskedEvents<float> objective(counts_of(patterns));
  CHECK(objective.mask() == AttentionMask::full);
  for (std::size_t w = 0; w < k_windows; ++w) {
    const Window22 window = ask(objective, patterns, w % 8, w);
    REQUIRE(!window.targets.rows.empty());
    std::set<std::size_t> asked;
    for (std::size_t r = 0; r < window.targets.rows.size(); ++r) {
      const std::size_t t = window.targets.rows[r];
      REQUIRE(t > 5);  // the first position of the window is its beginning mark
      REQUIRE(t < 5 + k_positions - 1);
      REQUIRE(window.targets.columns[0][r] == window.before[t]);
      REQUIRE(asked.insert(t).second);
    }
    for (std::size_t t = 0; t < window.before.size(); ++t)
      if (window.after[t] != window.before[t]) REQUIRE(asked.count(t) == 1);
  }
}

TEST_CASE("masked events: rates") {
  const Patterns patterns(8);
  const double events = k_windows * Patterns::k_length;
  MaskedEventsOptions options;
  options.kept_targets = 0;
  std::size_t hidden = 0, changed = 0, asked = 0;
  const auto count = [&] {
    const MaskedEvents<float> objective(counts_of(patterns), options);
    hidden = changed = asked = 0;
    for (std::size_t w = 0; w < k_windows; ++w) {
      const Window22 window = ask(objective, patterns, w % 8, w);
      asked += window.targets.rows.size();
      for (std::size_t t = 0; t < window.before.size(); ++t) {
        if (window.after[t] == k_mask_id)
          ++hidden;
        else if (window.after[t] != window.before[t])
          ++changed;
      }
    }
  };
  SUBCASE("single positions are hidden at the rate of their window") {
    options.replaced_only = options.replace_high = options.block = 0;
    options.mask_low = options.mask_high = 0.3;
    count();
    CHECK(near(static_cast<double>(hidden) / events, 0.3, binomial_sigma(0.3), events));
    CHECK(changed == 0);
    CHECK(asked == hidden);
  }
  SUBCASE("blocks hide about the same share") {
    options.replaced_only = options.replace_high = 0;
    options.block = 1;
    options.mask_low = options.mask_high = 0.2;
    count();
    // Blocks of 4 start at rate .2 / 4 where none is open: 4 p / (1 + 3 p) of the positions with p = .05, that is .174;
    // the window's begin and end take or give less than a block. A window has 20 / 4 independent blocks at most.
    CHECK(near(static_cast<double>(hidden) / events, 0.174, 0.4, events / 8));
    CHECK(changed == 0);
  }
  SUBCASE("windows without a mask replace events") {
    options.replaced_only = 1;
    options.copied = 0;
    options.replace_high = 0.4;
    count();
    // Rates are uniform in (0, .4), mean .2: deviation .4 / sqrt(12) between windows, and the draws within. Of windows
    // that draw nothing, about 1 in 9, one event is hidden.
    const double sigma = std::sqrt(0.4 * 0.4 / 12 + 0.2 * 0.8 / Patterns::k_length);
    CHECK(near(static_cast<double>(asked - hidden) / events, 0.2, sigma, k_windows));
    CHECK(hidden < k_windows / 4);
    // New values are uniform over 4: a quarter is what was there.
    CHECK(near(static_cast<double>(changed) / static_cast<double>(asked - hidden), 0.75, binomial_sigma(0.75),
               static_cast<double>(asked - hidden)));
  }
  SUBCASE("untouched events are asked as well") {
    options.replaced_only = 1;
    options.replace_high = 0;
    options.kept_targets = 0.3;
    count();
    // A window that draws nothing (.7^20 = 1e-3) hides one event instead.
    CHECK(near(static_cast<double>(asked) / events, 0.3, binomial_sigma(0.3), events));
    CHECK(changed == 0);
  }
}

TEST_CASE("objectives depend on the random stream only") {
  const Patterns patterns(8);
  const MaskedEvents<float> masked(counts_of(patterns));
  const NextEvent<float> next(0.3);
  for (const Objective<float>* objective :
       {static_cast<const Objective<float>*>(&masked), static_cast<const Objective<float>*>(&next)}) {
    bool differs = false;
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      const Window22 first = ask(*objective, patterns, 1, seed), second = ask(*objective, patterns, 1, seed);
      CHECK(first.after == second.after);
      CHECK(first.targets.rows == second.targets.rows);
      CHECK(first.targets.columns == second.targets.columns);
      differs |= first.after != ask(*objective, patterns, 1, seed + 100).after;
    }
    CHECK(differs);
  }
}

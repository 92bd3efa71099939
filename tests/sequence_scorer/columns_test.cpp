// Events of several columns: what each column and the time say about a sequence.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "seqguard/core/files.hpp"
#include "sequence_scorer/small_shop.hpp"
#include "support/temporary_directory.hpp"

using namespace seqguard;
using namespace seqguard::tests;

TEST_CASE("each predicted column has a view: visits at the speed of a script are found by their times") {
  const SequenceScorer& scorer = times_scorer();
  std::vector<std::string> given;
  for (const ViewSpec& view : scorer.model().detector.recipe().views)
    if (is_next_view(view.name)) given.push_back(view.name);
  CHECK(given == std::vector<std::string>{"next", "next:event", "next:device", "next:time"});

  const Dataset bots = timed_visits(20, 2, true);
  std::size_t found = 0, by_time = 0;
  for (std::size_t i = 0; i < bots.sequences().size(); ++i) {
    const Score score = scorer.score(bots.view(i));
    found += score.is_anomaly ? 1 : 0;
    by_time += score.view == "next:time" ? 1 : 0;
  }
  CHECK(found == 20);
  CHECK(by_time >= 15);  // the others by the sum of the columns

  const TemporaryDirectory directory;
  const std::string path = directory / "model", sidecar = path + "/detector.json";
  save_behaviour_model(scorer.model(), path);
  CHECK(SequenceScorer::load(path).score(bots.view(0)).value == scorer.score(bots.view(0)).value);
  std::string text = read_file(sidecar, 1u << 20);
  text.replace(text.find("next:device"), 11, "next:nobody");
  write_file_atomically(sidecar, text);
  CHECK_THROWS_WITH_AS(SequenceScorer::load(path), doctest::Contains("next:nobody"), Error);
}

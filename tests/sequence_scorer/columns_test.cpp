// Events of several columns: what each column and the time say about a sequence.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "events/dependent_values.hpp"
#include "seqguard/core/files.hpp"
#include "sequence_scorer/small_shop.hpp"
#include "support/temporary_directory.hpp"

using namespace seqguard;
using namespace seqguard::tests;

TEST_CASE("each predicted column has a view: visits at the speed of a script are found by their times") {
  const SequenceScorer& scorer = times_scorer();
  CHECK(scorer.model()->detector.recipe().given() ==
        std::vector<std::string>{"next", "next:event", "next:device", "next:time", "numbers", "numbers:device",
                                 "nearest:device", "numbers:time", "nearest:time"});

  const Dataset bots = timed_visits(20, 2, true);
  std::size_t found = 0, by_time = 0;
  for (std::size_t i = 0; i < bots.sequences().size(); ++i) {
    const Score score = scorer.score(bots.view(i));
    found += score.is_anomaly ? 1 : 0;
    by_time += std::string_view(score.view.data()).ends_with(":time") ? 1 : 0;
  }
  CHECK(found == 20);
  CHECK(by_time >= 15);  // the others by the sum of the columns

  const TemporaryDirectory directory;
  const std::string path = directory / "model", sidecar = path + "/detector.json";
  save_behaviour_model(*scorer.model(), path);
  CHECK(SequenceScorer::load(path).score(bots.view(0)).value == scorer.score(bots.view(0)).value);
  std::string text = read_file(sidecar, 1u << 20);
  text.replace(text.find("next:device"), 11, "next:nobody");
  write_file_atomically(sidecar, text);
  CHECK_THROWS_WITH_AS(SequenceScorer::load(path), doctest::Contains("next:nobody"), Error);
}

namespace {

/// One visit of visits_with_kinds(), to be changed.
struct Visit {
  explicit Visit(const EventsView& clean) {
    for (std::size_t i = 0; i < clean.n; ++i) {
      events.push_back(clean.columns[0].text(i));
      kinds.push_back(clean.columns[1].text(i));
      costs.push_back(clean.columns[2].floats()[i]);
    }
  }
  /// Columns refer to this object.
  EventsView view() {
    columns = {std::span<const std::string_view>(events), std::span<const std::string_view>(kinds),
               std::span<const float>(costs)};
    return {events.size(), columns, {}};
  }
  EventsView view_with_ids(const EventSchema& schema) {
    view();
    kind_ids.clear();
    for (const std::string_view kind : kinds) kind_ids.push_back(schema.columns[1].vocabulary.type(kind));
    columns[1] = std::span<const TypeId>(kind_ids);
    return {events.size(), columns, {}};
  }
  void apply(const Edit& edit) {
    events[edit.position] = edit.after;
    for (const FollowingColumn& following : edit.followed) {
      if (following.column == 1) {
        CHECK(following.before == kinds[edit.position]);
        kinds[edit.position] = following.after;
      } else {
        CHECK(following.before == number_text(costs[edit.position]));
        costs[edit.position] = *number_of(following.after);
      }
    }
  }

  std::vector<std::string_view> events, kinds;
  std::vector<float> costs;
  std::vector<TypeId> kind_ids;
  std::vector<ColumnView> columns;
};

}  // namespace

TEST_CASE("a replaced event takes the columns with it that always go with it") {
  FitOptions options = quick_fit();
  options.repair = true;
  options.target_fpr = 0.05;
  FitInput input = prepare_fit(visits_with_kinds(400, 1), options);
  input.plan.tagger_steps = 600;
  const SequenceScorer scorer(fit(input));
  const Dataset data = visits_with_kinds(60, 2);
  std::size_t paid = 0;
  for (std::size_t s = 0; s < data.sequences().size(); ++s) {
    Visit visit(data.view(s));
    const auto payment = std::find(visit.events.begin(), visit.events.end(), "pay");
    if (payment == visit.events.end()) continue;
    // A payment becomes something unknown, row and all.
    const auto position = static_cast<std::size_t>(payment - visit.events.begin());
    *payment = "drop_table";
    visit.kinds[position] = "browse";
    visit.costs[position] = NAN;
    const Repair repair = scorer.repair(visit.view(), {.max_false_edits = 0.05});
    const Repair of_ids = scorer.repair(visit.view_with_ids(*scorer.schema()), {.max_false_edits = 0.05});
    CHECK(of_ids.score_after == repair.score_after);
    if (repair.edits.size() != 1 || repair.edits[0].after != "pay") continue;
    ++paid;
    const Edit& edit = repair.edits[0];
    CHECK(edit.position == position);
    REQUIRE(edit.followed.size() == 2);
    CHECK(edit.followed[0].after == "order");
    CHECK(edit.followed[1].after == "9.5");
    visit.apply(edit);
    CHECK(scorer.score(visit.view()).value == repair.score_after);  // the report says what was judged
  }
  MESSAGE("payments that were put back: " << paid);
  CHECK(paid >= 10);
}

// Lessons of an edit tagger: labels that belong to the tokens beside them, the same ones whenever a draw is asked for.
#include "seqguard/training/damaged_source.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "seqguard/core/random.hpp"
#include "seqguard/events/encoded_data.hpp"
#include "seqguard/events/fit_schema.hpp"
#include "seqguard/events/reader.hpp"
#include "seqguard/events/simulator.hpp"

using namespace seqguard;

namespace {

struct Shop {
  EventSchema schema, with;
  EncodedData data;
  std::vector<const EncodedEvents*> normals;

  explicit Shop(const Dataset& dataset)
      : schema(fit_schema(dataset)), with(with_repeats(schema, 32)), data(dataset, schema) {
    for (std::size_t i = 0; i < data.size(); ++i) normals.push_back(&data[i]);
  }
};

Shop shop() { return Shop(read_events_from_text(shop_clean_csv(simulate_shop(60, 3)), "shop.csv")); }

}  // namespace

TEST_CASE("an epoch is a function of its number, and a lesson of its draw") {
  const Shop s = shop();
  const Damage damage(s.schema, s.normals);
  const std::span<const EncodedEvents* const> all = s.normals;
  const DamagedSource source(s.with, damage, all.first(50), all.subspan(50), 7);
  std::vector<Example> first, again, second;
  source.epoch(3, first);
  source.epoch(3, again);
  source.epoch(4, second);
  CHECK(first == again);
  CHECK(first != second);
  TrainingChunk a = source.make_chunk(), b = source.make_chunk();
  for (std::size_t k = 0; k < 20; ++k) source.append(first[k], a);
  source.append(second[0], b);
  b.clear();
  for (std::size_t k = 0; k < 20; ++k) source.append(first[k], b);
  REQUIRE(a.batch.tokens() == b.batch.tokens());
  for (std::size_t t = 0; t < k_edit_tables; ++t) {
    REQUIRE(a.labels[t].size() == b.labels[t].size());
    for (std::size_t i = 0; i < a.labels[t].size(); ++i)
      CHECK((a.labels[t][i] == b.labels[t][i] || (std::isnan(a.labels[t][i]) && std::isnan(b.labels[t][i]))));
  }
  for (const Example& example : source.held_out()) CHECK(example.sequence >= 50);
  CHECK(!source.held_out().empty());
}

TEST_CASE("tokens of a lesson have the labels that belong to them") {
  const Shop s = shop();
  const Damage damage(s.schema, s.normals);
  const DamagedSource source(s.with, damage, s.normals, {}, 7);
  std::vector<Example> examples;
  source.epoch(0, examples);
  TrainingChunk chunk = source.make_chunk();
  for (const Example& example : examples) source.append(example, chunk);
  const std::vector<float>&tags = chunk.labels[k_tag_table], &values = chunk.labels[k_value_table],
        &gaps = chunk.labels[k_gap_table], &missing = chunk.labels[k_missing_value_table];
  REQUIRE(tags.size() == 3 * chunk.batch.tokens());
  REQUIRE(gaps.size() == chunk.batch.tokens());
  std::size_t removed = 0, replaced = 0, hidden = 0, holes = 0, asked = 0;
  for (std::size_t t = 0; t < chunk.batch.tokens(); ++t) {
    const std::int32_t id = chunk.batch.target(0, t);
    const bool is_mark = id == k_cls_id || id == k_sep_id;
    if (is_mark || id == k_mask_id) {
      CHECK(std::isnan(tags[3 * t]));
      hidden += id == k_mask_id ? 1 : 0;
    } else {
      CHECK(tags[3 * t] + tags[3 * t + 1] + tags[3 * t + 2] == 1);
      removed += tags[3 * t + 1] == 1 ? 1 : 0;
      replaced += tags[3 * t + 2] == 1 ? 1 : 0;
    }
    if (is_mark) CHECK(std::isnan(values[t]));
    if (!std::isnan(values[t])) {
      ++asked;
      CHECK(values[t] >= k_reserved_ids);
      CHECK(values[t] < static_cast<float>(s.schema.primary_column().vocabulary.size()));
      if (tags[3 * t + 2] == 1) CHECK(values[t] != static_cast<float>(id));  // something else would be right
      if (tags[3 * t] == 1) CHECK(values[t] == static_cast<float>(id));
    }
    if (!std::isnan(missing[t])) CHECK(gaps[t] == 1);
    holes += gaps[t] == 1 ? 1 : 0;
    if (id == k_sep_id) CHECK(std::isnan(gaps[t]));
  }
  for (const std::size_t count : {removed, replaced, hidden, holes, asked}) CHECK(count > 20);
  // The last token of a window has nothing behind it.
  for (std::size_t b = 0; b < chunk.batch.sequences(); ++b) CHECK(std::isnan(gaps[chunk.batch.offsets()[b + 1] - 1]));
}

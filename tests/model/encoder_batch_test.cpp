// The ragged input of an encoder call: layout, windows, marks, hiding and copying.
#include "seqguard/model/encoder_batch.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <span>
#include <string>
#include <vector>

using namespace seqguard;

namespace {

/// Columns: action (primary), price, shop; with time.
EventSchema make_schema() {
  const auto vocabulary = [](const std::vector<std::string>& values) {
    std::vector<ValueCount> counts;
    for (const std::string& value : values) counts.push_back({value, 10});
    return Vocabulary::from_counts(counts);
  };
  EventSchema schema = lines_schema(vocabulary({"buy", "see", "sell"}));
  EventColumn price, shop;
  price.name = "price";
  price.kind = ColumnKind::numeric;
  shop.name = "shop";
  shop.vocabulary = vocabulary({"east", "west"});
  schema.columns.push_back(price);
  schema.columns.push_back(shop);
  schema.time = TimeColumn{};
  return schema;
}

EncodedEvents make_sequence(const EventSchema& schema) {
  const std::vector<std::string> actions{"see", "buy", "sell"}, shops{"west", "east", "west"};
  const std::vector<float> prices{1.5F, std::numeric_limits<float>::quiet_NaN(), 3};
  const std::vector<std::int64_t> times{1000, 2000, 60000};
  const ColumnView columns[] = {std::span(actions), std::span(prices), std::span(shops)};
  EncodedEvents encoded;
  encode({3, columns, times}, schema, encoded);
  return encoded;
}

struct Filled {
  EventSchema schema = make_schema();
  EncodedEvents sequence = make_sequence(schema);
  EncoderBatch batch;
  Filled() {
    batch.prepare(schema, 16);
    batch.append(sequence, 0, 5);
    batch.append(sequence, 1, 3);
  }
};

}  // namespace

TEST_CASE("batch: features of a schema") {
  const ModelFeatures features = model_features(make_schema());
  REQUIRE(features.categorical.size() == 1);
  CHECK(features.categorical[0].name == "shop");
  CHECK(features.categorical[0].size == 2 + k_reserved_ids);
  CHECK(features.numeric == std::vector<std::string>{"price"});
  CHECK(features.time_gap_buckets == 64);
}

TEST_CASE("batch: whole sequences and windows lie one after another") {
  Filled f;
  CHECK(f.batch.tokens() == 8);
  CHECK(f.batch.sequences() == 2);
  CHECK(f.batch.offsets() == std::vector<std::size_t>{0, 5, 8});
  const EncoderInput input = f.batch.input();
  REQUIRE(input.ids.size() == 8);
  CHECK(input.ids[0] == k_cls_id);
  CHECK(input.ids[4] == k_sep_id);
  for (std::size_t t = 0; t < 3; ++t) {
    CHECK(input.ids[5 + t] == f.sequence.ids[0][1 + t]);
    CHECK(input.features[0][5 + t] == f.sequence.ids[2][1 + t]);
    CHECK(input.time_gaps[5 + t] == f.sequence.gaps[1 + t]);
    CHECK(input.numerics[0].values[5 + t] == f.sequence.values[1][1 + t]);
  }
  const NumericState hidden = NumericState::hidden, present = NumericState::present, missing = NumericState::missing;
  const std::vector<NumericState> states(input.numerics[0].state.begin(), input.numerics[0].state.end());
  // The marks carry no number; the event without a price lacks one.
  CHECK(states == std::vector<NumericState>{hidden, present, missing, present, hidden, present, missing, present});
  f.batch.clear();
  CHECK(f.batch.tokens() == 0);
  CHECK(f.batch.sequences() == 0);
  CHECK(f.batch.input().features.size() == 1);
}

TEST_CASE("batch: targets per predicted column") {
  Filled f;
  REQUIRE(f.batch.decoders() == 3);
  CHECK(f.batch.target(0, 1) == f.schema.columns[0].vocabulary.id("see"));
  CHECK(f.batch.target(1, 1) == f.schema.columns[2].vocabulary.id("west"));
  CHECK(f.batch.target(2, 1) == k_gap_first);
  CHECK(f.batch.target(2, 0) == -1);  // a mark has no gap
  CHECK(f.batch.target(2, 4) == -1);
}

TEST_CASE("batch: hiding takes all columns") {
  Filled f;
  f.batch.hide(1);
  const EncoderInput input = f.batch.input();
  CHECK(input.ids[1] == k_mask_id);
  CHECK(input.features[0][1] == k_mask_id);
  CHECK(input.time_gaps[1] == k_gap_pad);
  CHECK(input.numerics[0].state[1] == NumericState::hidden);
  CHECK(input.ids[2] == f.sequence.ids[0][2]);
  CHECK(f.batch.target(2, 1) == -1);
}

TEST_CASE("batch: copying takes all columns") {
  Filled f;
  f.batch.copy_token(3, 2);
  const EncoderInput input = f.batch.input();
  CHECK(input.ids[3] == f.sequence.ids[0][2]);
  CHECK(input.features[0][3] == f.sequence.ids[2][2]);
  CHECK(input.time_gaps[3] == f.sequence.gaps[2]);
  CHECK(input.numerics[0].values[3] == f.sequence.values[1][2]);
  CHECK(input.numerics[0].state[3] == NumericState::missing);
  f.batch.set_primary(3, k_unk_id);
  CHECK(f.batch.input().ids[3] == k_unk_id);
  CHECK(f.batch.input().features[0][3] == f.sequence.ids[2][2]);
}

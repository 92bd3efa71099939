// Where examples come from: epochs that can be entered anywhere, held-out examples that stay, labels beside their text.
#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

#include "seqguard/core/error.hpp"
#include "seqguard/training/event_source.hpp"
#include "seqguard/training/text_source.hpp"
#include "training/patterns.hpp"

using namespace seqguard;

namespace {

std::vector<Example> epoch_of(const BatchSource& source, std::uint64_t number) {
  std::vector<Example> examples = {{7, 7, 7}};  // what was there is dropped
  source.epoch(number, examples);
  return examples;
}

bool by_place(const Example& a, const Example& b) {
  return a.sequence != b.sequence ? a.sequence < b.sequence : a.begin < b.begin;
}

std::vector<std::int32_t> ids_of(TrainingChunk& chunk) {
  const EncoderInput input = chunk.batch.input();
  return {input.ids.begin(), input.ids.end()};
}

/// Texts of 1, 2, 3 .. tokens; token t of text i is 10 i + t, its type t mod 2.
std::vector<Encoding> texts(std::size_t count, std::int32_t first = 0) {
  std::vector<Encoding> result(count);
  for (std::size_t i = 0; i < count; ++i)
    for (std::size_t t = 0; t <= i; ++t) {
      result[i].ids.push_back(first + static_cast<std::int32_t>(10 * i + t));
      result[i].type_ids.push_back(static_cast<std::int32_t>(t % 2));
    }
  return result;
}

}  // namespace

TEST_CASE("events: an epoch is a function of seed and number, whatever was asked before") {
  const Patterns patterns(12);
  const auto train = patterns.range(0, 10), held_out = patterns.range(10, 12);
  const EventSource source(patterns.schema, train, held_out, 8, 5);
  const std::vector<Example> first = epoch_of(source, 0), third = epoch_of(source, 2);
  const auto in_order = [](std::vector<Example> examples) {
    std::sort(examples.begin(), examples.end(), by_place);
    return examples;
  };
  CHECK(in_order(first) != in_order(third));  // other crops, not only in another order
  // Sequences of 22 positions are cut into ceil(22 / 8) crops.
  CHECK(first.size() == 30);
  CHECK_FALSE(std::is_sorted(first.begin(), first.end(), by_place));
  for (const Example& example : third) {
    CHECK(example.sequence < 10);
    CHECK(example.size == 8);
    CHECK(example.begin + example.size <= 22);
  }
  const EventSource again(patterns.schema, train, held_out, 8, 5), other(patterns.schema, train, held_out, 8, 6);
  CHECK(epoch_of(again, 2) == third);
  CHECK(epoch_of(again, 0) == first);
  CHECK(epoch_of(other, 0) != first);
}

TEST_CASE("events: held-out windows cover their sequences, and chunks hold what examples say") {
  const Patterns patterns(3);
  const auto train = patterns.range(0, 2), held_out = patterns.range(2, 3);
  const EventSource source(patterns.schema, train, held_out, 9, 5);
  const std::vector<Example> expected = {{2, 0, 9}, {2, 9, 9}, {2, 13, 9}};
  CHECK(std::equal(source.held_out().begin(), source.held_out().end(), expected.begin(), expected.end()));
  TrainingChunk chunk = source.make_chunk();
  source.append({1, 3, 4}, chunk);
  source.append({2, 13, 9}, chunk);
  CHECK(chunk.batch.offsets() == std::vector<std::size_t>{0, 4, 13});
  CHECK(chunk.labels.empty());
  std::vector<std::int32_t> ids;
  for (std::size_t t = 3; t < 7; ++t) ids.push_back(patterns.sequences[1].ids[0][t]);
  for (std::size_t t = 13; t < 22; ++t) ids.push_back(patterns.sequences[2].ids[0][t]);
  CHECK(ids_of(chunk) == ids);
  CHECK(EventSource(patterns.schema, train, {}, 9, 5).held_out().empty());
}

TEST_CASE("events: a crop has the labels of its sequence, and those of its positions") {
  const Patterns patterns(3);
  LabelTable tables[] = {{1, {10, 20, 30}, {}}, {2, {}, {0, 22, 44, 66}}};
  for (int i = 0; i < 2 * 66; ++i) tables[1].values.push_back(static_cast<float>(i));
  const EventSource source(patterns.schema, patterns.range(0, 2), patterns.range(2, 3), 9, 5, tables);
  TrainingChunk chunk = source.make_chunk();
  source.append({1, 3, 2}, chunk);
  source.append({2, 21, 1}, chunk);
  CHECK(chunk.labels == std::vector<std::vector<float>>{{20, 30}, {50, 51, 52, 53, 130, 131}});
  tables[1].values.pop_back();
  CHECK_THROWS_AS(EventSource(patterns.schema, patterns.range(0, 2), patterns.range(2, 3), 9, 5, tables), Error);
}

TEST_CASE("texts: every epoch is every text once in an order of its own") {
  const std::vector<Encoding> train = texts(9), held_out = texts(2, 500);
  const TextSource source({}, train, held_out, {}, 3);
  const std::vector<Example> first = epoch_of(source, 0), second = epoch_of(source, 1);
  CHECK(first != second);
  CHECK(epoch_of(TextSource({}, train, held_out, {}, 3), 1) == second);
  CHECK(epoch_of(TextSource({}, train, held_out, {}, 4), 1) != second);
  std::vector<Example> sorted = second;
  std::sort(sorted.begin(), sorted.end(), by_place);
  REQUIRE(sorted.size() == 9);
  for (std::uint32_t i = 0; i < 9; ++i) CHECK(sorted[i] == Example{i, 0, i + 1});
  REQUIRE(source.held_out().size() == 2);
  CHECK(source.held_out()[1] == Example{10, 0, 2});
}

TEST_CASE("texts: a chunk holds tokens, type ids and labels side by side") {
  const std::vector<Encoding> train = texts(3), held_out = texts(2, 500);
  // Two labels of each text, and one of each token.
  const LabelTable tables[] = {{2, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {}},
                               {1, {0, 1, 2, 3, 4, 5, 6, 7, 8}, {0, 1, 3, 6, 7, 9}}};
  ModelConfig config;
  for (const std::size_t types : {1U, 2U}) {
    config.type_vocab_size = types;
    const TextSource source(config, train, held_out, tables, 3);
    TrainingChunk chunk = source.make_chunk();
    source.append({2, 0, 3}, chunk);
    source.append(source.held_out()[1], chunk);
    CHECK(ids_of(chunk) == std::vector<std::int32_t>{20, 21, 22, 510, 511});
    CHECK(chunk.labels == std::vector<std::vector<float>>{{4, 5, 8, 9}, {3, 4, 5, 7, 8}});
    const EncoderInput input = chunk.batch.input();
    const std::vector<std::int32_t> type_ids(input.token_type_ids.begin(), input.token_type_ids.end());
    CHECK(type_ids == (types == 1 ? std::vector<std::int32_t>{} : std::vector<std::int32_t>{0, 1, 0, 0, 1}));
    chunk.clear();
    source.append({0, 0, 1}, chunk);
    CHECK(ids_of(chunk) == std::vector<std::int32_t>{0});
    CHECK(chunk.batch.input().token_type_ids.size() == (types == 1 ? 0 : 1));
    CHECK(chunk.labels == std::vector<std::vector<float>>{{0, 1}, {0}});
  }
}

TEST_CASE("texts without tokens and labels that do not fit are refused") {
  std::vector<Encoding> train = texts(3);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const auto refuses = [&](const LabelTable& table, std::span<const Encoding> held_out, const char* why) {
    CHECK_THROWS_WITH_AS(TextSource({}, train, held_out, {&table, 1}, 3), doctest::Contains(why), Error);
  };
  refuses({1, {0, 1, 2, 3}, {}}, {}, "number of labels, expected 3, found 4");
  refuses({1, {0, 1, 2}, {}}, train, "number of labels, expected 6, found 3");
  refuses({0, {}, {}}, {}, "expected at least 1, found 0");
  refuses({1, {0, 1, 2, 3}, {0, 1, 4}}, {}, "sequences with labels of tokens, expected 3, found 2");
  refuses({1, {0, 1, 2, 3}, {0, 1, 3, 6}}, {}, "number of labels, expected 6, found 4");
  // What is known of held-out texts alone teaches nothing.
  refuses({1, {nan, nan, nan, 1, 1, 1}, {}}, train, "no label of the sequences to learn from is known");
  train[1].ids.clear();
  CHECK_THROWS_WITH_AS(TextSource({}, train, {}, {}, 3), doctest::Contains("text 1 has no tokens"), Error);
}

// What a caller gives the encoder is checked before a table is indexed with it.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "model/whole_model.hpp"
#include "seqguard/core/error.hpp"

using namespace seqguard;

namespace {

/// Code and message of a forward pass over a batch of 5 and 3 tokens that `change` has changed, or "".
template <class Change>
std::string error_after(const Change& change) {
  static const Model<float> model = whole_model(make_context(default_isa()), whole_spec(12, 2, 8));
  WholeBatch batch;
  batch.append(1, 5);
  batch.append(2, 3);
  change(batch);
  const std::span<const std::int32_t> features[] = {batch.features};
  const NumericInput numerics[] = {{batch.numbers, batch.states}};
  std::vector<std::int32_t> types(batch.ids.size());
  if (!types.empty() && batch.ids[0] == 7) types[0] = 1;
  EncoderInput input;
  input.ids = batch.ids;
  input.token_type_ids = types;
  input.features = features;
  input.numerics = numerics;
  input.time_gaps = batch.gaps;
  input.offsets = batch.offsets;
  Workspace workspace;
  try {
    run_encoder<float>(model, input, {}, workspace);
  } catch (const Error& error) {
    return std::string(to_string(error.code())) + " " + error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("ids beyond their tables and sequences of a wrong length are refused by name") {
  CHECK(error_after([](WholeBatch&) {}) == "");
  CHECK(error_after([](WholeBatch& b) { b.ids[6] = 599; }) == "");
  CHECK(error_after([](WholeBatch& b) { b.ids[6] = 600; }) ==
        "out_of_range encoder input: id, expected 0 .. 599, found 600 at token 6");
  CHECK(error_after([](WholeBatch& b) { b.ids[2] = -1; }) ==
        "out_of_range encoder input: id, expected 0 .. 599, found -1 at token 2");
  CHECK(error_after([](WholeBatch& b) { b.ids[0] = 7; }) ==  // and the type of that token 1, of one type
        "out_of_range encoder input: token type id, expected 0 .. 0, found 1 at token 0");
  CHECK(error_after([](WholeBatch& b) { b.features[1] = 9; }) ==
        "out_of_range encoder input: id of a feature, expected 0 .. 8, found 9 at token 1");
  CHECK(error_after([](WholeBatch& b) { b.gaps[7] = 8; }) ==
        "out_of_range encoder input: time gap, expected 0 .. 7, found 8 at token 7");
  CHECK(error_after([](WholeBatch& b) { b.gaps.pop_back(); }) ==
        "invalid_argument encoder input: time gap, expected 8 of them, found 7");
  CHECK(error_after([](WholeBatch& b) {
          b.offsets = {0, 5, 5, 8};
        }) == "out_of_range encoder input: tokens of sequence 1, expected 1 .. 80, found 0");
  CHECK(error_after([](WholeBatch& b) { b.offsets = {0, 9, 8}; }).find("out_of_range") == 0);
  CHECK(error_after([](WholeBatch& b) {
          b.offsets = {0, 5};
        }) == "invalid_argument encoder input: offsets, expected 0 .. 8, found others");
  CHECK(error_after([](WholeBatch& b) { b.append(3, 81); }) ==
        "out_of_range encoder input: tokens of sequence 2, expected 1 .. 80, found 81");
}

// A checkpoint begins anew with another head: what it knows it keeps, and what is saved says what it is.
#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "model/head_problem.hpp"
#include "seqguard/model/checkpoint.hpp"
#include "support/temporary_directory.hpp"

using namespace seqguard;

namespace {

std::vector<float> values_of(const Model<float>& model, const ParameterInfo& info) {
  const float* const first = model.values().data() + info.offset;
  return {first, first + info.count};
}

}  // namespace

TEST_CASE("a model begun from another has its parameters where name and shape agree") {
  HeadProblem<float> problem(make_context(default_isa()), Family::bert, Head::masked_lm);
  const Model<float>& base = problem.model();
  ModelSpec spec = with_head(base.spec(), {"", Head::sequence_classification, {"a", "b"}});
  spec.config.max_position_embeddings += 1;  // one table of another shape
  const Model<float> model = begin_from(base, spec, 4), other = begin_from(base, spec, 5);
  Model<float> fresh(base.context(), spec);
  fresh.initialize(4);
  std::size_t taken = 0, drawn = 0;
  for (const ParameterInfo& info : model.table().entries()) {
    CAPTURE(info.name);
    const ParameterInfo* const known = base.table().find(info.name);
    if (known != nullptr && known->shape == info.shape) {
      ++taken;
      CHECK(values_of(model, info) == values_of(base, *known));
    } else {
      ++drawn;
      CHECK(values_of(model, info) == values_of(fresh, info));
      if (info.role == ParameterRole::weight || info.role == ParameterRole::embedding) {
        CHECK(values_of(model, info) != values_of(other, info));
      }
    }
  }
  CHECK(taken > 15);  // the layer and the embeddings
  CHECK(drawn == 5);  // positions, pooler, classifier
}

TEST_CASE("a new head is what a saved directory says") {
  for_each_trainable_head([](Family family, Head kind) {
    if (kind != Head::sequence_classification && kind != Head::token_classification) return;
    HeadProblem<float> problem(make_context(default_isa()), family, Head::masked_lm);
    for (const HeadLoss loss : {HeadLoss::softmax, HeadLoss::binary, HeadLoss::squared_error}) {
      CAPTURE(architecture_name(family, kind));
      const HeadSpec head{"", kind, {"x", "y", "z", "w"}, Pooling::cls, loss};
      ModelSpec base = problem.model().spec();
      base.pooler = true;
      const ModelSpec spec = with_head(base, head);
      CHECK_FALSE(spec.pooler);  // one that no head reads would be saved for nothing
      CHECK(head_of(spec.config) == kind);
      const TemporaryDirectory directory;
      save_model(directory / "model", begin_from(problem.model(), spec, 1));
      const ModelSpec loaded = load_model_spec(directory / "model");
      REQUIRE(loaded.heads.size() == 1);
      CHECK(loaded.heads[0] == head);
      CHECK(loaded.config.labels == head.labels);
    }
  });
}

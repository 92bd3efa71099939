// Every family and head learns in float, with the optimizer, and what it learned is what a saved directory holds.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "model/head_problem.hpp"
#include "seqguard/model/checkpoint.hpp"
#include "seqguard/training/optimizer.hpp"
#include "support/temporary_directory.hpp"

using namespace seqguard;

TEST_CASE("gradients in float are those in double, for every family and head") {
  for_each_trainable_head([](Family family, Head head) {
    CAPTURE(architecture_name(family, head));
    HeadProblem<float> problem(make_context(default_isa()), family, head);
    HeadProblem<double> exact(make_reference_context(), family, head);
    std::copy(problem.model().values().begin(), problem.model().values().end(), exact.model().values().begin());
    std::vector<float> found;
    std::vector<double> expected;
    problem.run(&found);
    exact.run(&expected);
    double worst = 0, largest = 0;
    for (std::size_t i = 0; i < found.size(); ++i) {
      worst = std::max(worst, std::abs(found[i] - expected[i]));
      largest = std::max(largest, std::abs(expected[i]));
    }
    // The bound of the project for outputs; a gradient passes each layer twice.
    CHECK(worst <= 2 * 2e-5 * largest);
  });
}

TEST_CASE("every family and head can be fine-tuned, saved and opened again") {
  for_each_trainable_head([](Family family, Head head) {
    CAPTURE(architecture_name(family, head));
    HeadProblem<float> problem(make_context(default_isa()), family, head);
    Model<float>& model = problem.model();
    Optimizer<float> optimizer(model.table(), {});
    const double before = problem.run(nullptr);
    for (int step = 0; step < 150; ++step) {
      problem.run(&optimizer.lane(0));
      optimizer.apply(model, optimizer.reduce(model), 3e-3);
    }
    const double after = problem.run(nullptr);
    CHECK(after < before / 2);  // eleven tokens and 3,000 parameters: they are learned by heart

    const TemporaryDirectory directory;
    save_model(directory / "model", model);
    const Model<float> loaded = load_model(model.context(), directory / "model");
    CHECK(loaded.values() == model.values());
    CHECK(architecture_name(loaded.config().family, head_of(loaded.config())) == architecture_name(family, head));
  });
}

// A fit in two steps: first what it will do, then the fit.
#pragma once

#include <memory>
#include <optional>

#include "seqguard/events/encoded_data.hpp"
#include "seqguard/sequence_scorer/fit.hpp"

namespace seqguard {
inline namespace v0 {

/// A data set made ready to be learned from.
struct FitInput {
  FitOptions options;
  EventSchema schema;  ///< with the window of the plan
  EncodedData data;
  FitPlan plan;
  std::optional<EncodedData> valid =
      {};  ///< what early stopping watches, by set_validation(); empty: a share of `data`
};

/// Makes schema, numbers and plan, for programs that show the plan before they begin; the data set may go afterwards.
/// @throws Error bad_format (no events), invalid_argument (fewer than 20 sequences, options out of range).
FitInput prepare_fit(const Dataset& data, const FitOptions& options);

/// Early stopping watches these normals of `valid`, of which nothing is learned, instead of FitOptions::valid_fraction
/// of the data, which becomes 0. They calibrate nothing. @throws Error invalid_argument: no sequences; bad_event: other
/// columns than those of the schema.
void set_validation(FitInput& input, const Dataset& valid);

/// Learns from what prepare_fit() made; else as fit() of a data set.
std::shared_ptr<const BehaviourModel> fit(const FitInput& input, FitReport* report = nullptr,
                                          Executor& executor = inline_executor(), ProgressSink progress = {});

}  // namespace v0
}  // namespace seqguard

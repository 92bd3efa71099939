// The keys' part of a fit: a profile for each, and what each normal is to its own.
#pragma once

#include <memory>
#include <vector>

#include "seqguard/core/executor.hpp"
#include "seqguard/detection/key_store.hpp"
#include "seqguard/detection/self_views.hpp"
#include "seqguard/events/encoded_data.hpp"
#include "sequence_scorer/finished_numbers.hpp"

namespace seqguard {
inline namespace v0 {

/// What a fit learns of keys.
struct FittedKeys {
  SelfViews views;
  std::shared_ptr<KeyStore> profiles;
  ProfileFigures figures;
  FinishedNumbers numbers;  ///< self_views() of each normal under the profile of its key without that normal; NaN for
                            ///< keys with too few
};

/// The same bits at any concurrency. @throws Error invalid_argument: fewer keys with enough normals than it takes to
/// compare one with another.
FittedKeys fit_keys(const EncodedData& data, std::size_t max_bytes, Executor& executor);

}  // namespace v0
}  // namespace seqguard

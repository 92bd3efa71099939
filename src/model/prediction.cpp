#define SEQGUARD_INSTANTIATES  // keeps the lists of instantiations that the headers end with
#include "seqguard/model/prediction.hpp"

#include "seqguard/model/gap_prediction.hpp"

namespace seqguard {
inline namespace v0 {

SEQGUARD_PREDICTION(, float)
SEQGUARD_PREDICTION(, double)
SEQGUARD_GAP_PREDICTION(, float)
SEQGUARD_GAP_PREDICTION(, double)

}  // namespace v0
}  // namespace seqguard

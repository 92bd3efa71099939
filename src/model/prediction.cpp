#include "seqguard/model/prediction.hpp"

namespace seqguard {

SEQGUARD_PREDICTION(, float)
SEQGUARD_PREDICTION(, double)

}  // namespace seqguard

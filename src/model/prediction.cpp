#define SEQGUARD_INSTANTIATES  // keeps the lists of instantiations that the headers end with
#include "seqguard/model/prediction.hpp"

namespace seqguard {

SEQGUARD_PREDICTION(, float)
SEQGUARD_PREDICTION(, double)

}  // namespace seqguard

#define SEQGUARD_INSTANTIATES  // keeps the list of instantiations that the header ends with
#include "seqguard/training/feature_classifier.hpp"

namespace seqguard {
inline namespace v0 {

SEQGUARD_FEATURE_CLASSIFIER(, float)
SEQGUARD_FEATURE_CLASSIFIER(, double)

}  // namespace v0
}  // namespace seqguard

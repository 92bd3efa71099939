// The header code of training, instantiated once with the library's flags.
#include "seqguard/training/early_stopping.hpp"
#include "seqguard/training/optimizer.hpp"
#include "seqguard/training/schedule.hpp"

namespace seqguard {

template double learning_rate(const Schedule&, std::size_t, std::size_t);
template struct EarlyStopping<float>;
template struct EarlyStopping<double>;
template class Optimizer<float>;
template class Optimizer<double>;

}  // namespace seqguard

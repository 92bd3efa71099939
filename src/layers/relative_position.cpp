#include "seqguard/layers/relative_position.hpp"

#include <cmath>

namespace seqguard {
inline namespace v0 {

std::size_t relative_position_bucket(std::ptrdiff_t key_minus_query) {
  constexpr std::size_t half = k_relative_buckets / 2, exact = half / 2;
  const std::size_t side = key_minus_query > 0 ? half : 0;
  const auto distance = static_cast<std::size_t>(key_minus_query < 0 ? -key_minus_query : key_minus_query);
  if (distance < exact) return side + distance;
  const float octaves = std::log(static_cast<float>(distance) / static_cast<float>(exact)) /
                        static_cast<float>(std::log(static_cast<double>(k_relative_max_distance) / exact)) *
                        static_cast<float>(half - exact);
  const std::size_t bucket = exact + static_cast<std::size_t>(octaves);
  return side + (bucket < half ? bucket : half - 1);
}

}  // namespace v0
}  // namespace seqguard

// A token on its way from the model to the result.
#pragma once

#include <cstdint>

namespace seqguard {
inline namespace v0 {

/// One id and the bytes [begin, end) of the word that it stands for.
struct Token {
  std::int32_t id = 0;
  std::uint32_t begin = 0, end = 0;
};

}  // namespace v0
}  // namespace seqguard

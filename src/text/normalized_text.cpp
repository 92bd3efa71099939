#include "text/normalized_text.hpp"

#include <numeric>

namespace seqguard {
inline namespace v0 {

void NormalizedText::assign(std::string_view input, std::uint32_t first) {
  text.assign(input);
  origin.resize(input.size());
  std::size_t i = 0;
  while (i < input.size() && static_cast<unsigned char>(input[i]) < 0x80) ++i;
  std::iota(origin.begin(), origin.begin() + static_cast<std::ptrdiff_t>(i), first);
  for (std::uint32_t character = first + static_cast<std::uint32_t>(i) - 1; i < input.size(); ++i)
    origin[i] = is_utf8_start(input[i]) ? ++character : character;
}

}  // namespace v0
}  // namespace seqguard

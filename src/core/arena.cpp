#include "seqguard/core/arena.hpp"

#include <sys/mman.h>

namespace seqguard {
inline namespace v0 {

void advise_large_pages([[maybe_unused]] void* begin, [[maybe_unused]] std::size_t bytes) noexcept {
#ifdef MADV_HUGEPAGE
  ::madvise(begin, bytes, MADV_HUGEPAGE);  // a request: whether it was heard changes nothing but the time
#endif
}

}  // namespace v0
}  // namespace seqguard

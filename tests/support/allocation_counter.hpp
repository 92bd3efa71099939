// Counts allocations of the whole program, and the bytes that they hold: include in one translation unit of a test
// program.
#pragma once

#include <malloc.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdlib>

namespace seqguard {

inline std::atomic<std::size_t> allocation_count{0};
inline std::atomic<std::size_t> bytes_held{0}, most_bytes_held{0};  ///< in all blocks that are not freed

inline void* count_block(void* block) {
  ++allocation_count;
  const std::size_t held = bytes_held += malloc_usable_size(block);
  for (std::size_t most = most_bytes_held; held > most && !most_bytes_held.compare_exchange_weak(most, held);) {
  }
  return block;
}
inline void forget_block(void* block) { bytes_held -= malloc_usable_size(block); }

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__GLIBC__)
/// Sanitizers bring an allocator of their own: nothing is counted under them.
inline constexpr bool k_allocations_counted = false;
#else
inline constexpr bool k_allocations_counted = true;
#endif

}  // namespace seqguard

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && defined(__GLIBC__)
// glibc's own entry points under the public names; operator new ends here too.
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
void __libc_free(void*);

void* malloc(std::size_t bytes) { return seqguard::count_block(__libc_malloc(bytes)); }
void* calloc(std::size_t count, std::size_t bytes) { return seqguard::count_block(__libc_calloc(count, bytes)); }
void* realloc(void* old, std::size_t bytes) {
  seqguard::forget_block(old);
  return seqguard::count_block(__libc_realloc(old, bytes));
}
void free(void* block) {
  seqguard::forget_block(block);
  __libc_free(block);
}
void* aligned_alloc(std::size_t alignment, std::size_t bytes) {
  return seqguard::count_block(__libc_memalign(alignment, bytes));
}
int posix_memalign(void** result, std::size_t alignment, std::size_t bytes) {
  *result = seqguard::count_block(__libc_memalign(alignment, bytes));
  return *result != nullptr ? 0 : ENOMEM;
}
}
#endif

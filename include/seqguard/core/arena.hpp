// Scratch memory: a bump allocator that stops allocating once it has seen the largest demand.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <span>
#include <type_traits>
#include <vector>

namespace seqguard {
inline namespace v0 {

/// Asks the system for large pages (2 MB) in a part of memory that was not touched yet; without them nothing changes.
/// A first touch costs a fault per page: 91 MB take 7 ms in large pages and 40 ms in those of 4 KB (virtual Zen 5).
void advise_large_pages(void* begin, std::size_t bytes) noexcept;

/// 64-byte aligned bump allocator. Demand beyond the reserve is served from an extra block; the next reset() joins all
/// blocks into one, so that a repeated computation allocates nothing from its second run on. Memory is not initialised.
/// Not thread-safe: one arena per thread.
class Arena {
 public:
  static constexpr std::size_t k_alignment = 64;
  /// Blocks from four large pages on are aligned to them and ask for them: at most a quarter is rounded up.
  static constexpr std::size_t k_large_page = std::size_t{2} << 20, k_large_block = 4 * k_large_page;

  Arena() = default;
  explicit Arena(std::size_t bytes) { reserve(bytes); }

  /// Room for `bytes` in one block. Call while nothing is allocated.
  void reserve(std::size_t bytes) {
    if (capacity_ >= bytes) return;
    blocks_.clear();
    add_block(bytes);
    capacity_ = bytes;
  }

  /// `count` uninitialised elements; valid until reset() or the release of an enclosing Frame.
  template <class T>
  std::span<T> allocate(std::size_t count) {
    static_assert(std::is_trivially_copyable_v<T> && alignof(T) <= k_alignment);
    return {static_cast<T*>(static_cast<void*>(take(count * sizeof(T)))), count};
  }

  /// Forgets all allocations; joins the blocks if there were several.
  void reset() {
    if (blocks_.size() > 1) {
      std::size_t total = 0;
      for (const Block& block : blocks_) total += block.size;
      blocks_.clear();
      add_block(total);
      capacity_ = total;
    }
    block_ = 0;
    used_ = 0;
  }

  std::size_t capacity() const noexcept { return capacity_; }

  /// Releases everything allocated since its construction. Frames nest like scopes.
  class Frame {
   public:
    explicit Frame(Arena& arena) : arena_(arena), block_(arena.block_), used_(arena.used_) {}
    ~Frame() {
      arena_.block_ = block_;
      arena_.used_ = used_;
      if (block_ == 0 && used_ == 0) arena_.reset();
    }
    Frame(const Frame&) = delete;
    Frame& operator=(const Frame&) = delete;

   private:
    Arena& arena_;
    std::size_t block_, used_;
  };

 private:
  struct Free {
    std::align_val_t alignment;
    void operator()(std::byte* p) const { ::operator delete[](p, alignment); }
  };
  struct Block {
    std::unique_ptr<std::byte[], Free> data;
    std::size_t size;
  };

  static std::size_t round_up(std::size_t bytes) { return (bytes + k_alignment - 1) / k_alignment * k_alignment; }

  void add_block(std::size_t bytes) {
    const std::size_t size = round_up(bytes > 0 ? bytes : 1);
    const std::align_val_t alignment{size >= k_large_block ? k_large_page : k_alignment};
    void* const memory = ::operator new[](size, alignment);
    if (size >= k_large_block) advise_large_pages(memory, size);
    blocks_.push_back({std::unique_ptr<std::byte[], Free>(static_cast<std::byte*>(memory), Free{alignment}), size});
  }

  std::byte* take(std::size_t bytes) {
    bytes = round_up(bytes);
    while (block_ < blocks_.size() && used_ + bytes > blocks_[block_].size) {
      ++block_;
      used_ = 0;
    }
    if (block_ == blocks_.size()) {
      const std::size_t doubled = blocks_.empty() ? 0 : 2 * blocks_.back().size;
      add_block(bytes > doubled ? bytes : doubled);
    }
    std::byte* result = blocks_[block_].data.get() + used_;
    used_ += bytes;
    return result;
  }

  std::vector<Block> blocks_;
  std::size_t block_ = 0, used_ = 0, capacity_ = 0;
};

}  // namespace v0
}  // namespace seqguard

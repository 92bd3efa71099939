// Scratch memory: a bump allocator that stops allocating once it has seen the largest demand.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <span>
#include <type_traits>
#include <vector>

namespace seqguard {

/// 64-byte aligned bump allocator. Demand beyond the reserve is served from an extra block; the next reset() joins all
/// blocks into one, so that a repeated computation allocates nothing from its second run on. Memory is not initialised.
/// Not thread-safe: one arena per thread.
class Arena {
 public:
  static constexpr std::size_t k_alignment = 64;

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
    void operator()(std::byte* p) const { ::operator delete[](p, std::align_val_t{k_alignment}); }
  };
  struct Block {
    std::unique_ptr<std::byte[], Free> data;
    std::size_t size;
  };

  static std::size_t round_up(std::size_t bytes) { return (bytes + k_alignment - 1) / k_alignment * k_alignment; }

  void add_block(std::size_t bytes) {
    const std::size_t size = round_up(bytes > 0 ? bytes : 1);
    blocks_.push_back({std::unique_ptr<std::byte[], Free>(
                           static_cast<std::byte*>(::operator new[](size, std::align_val_t{k_alignment}))),
                       size});
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

}  // namespace seqguard

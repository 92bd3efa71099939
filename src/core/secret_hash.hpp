// A hash of texts for tables whose keys come from strangers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace seqguard {
inline namespace v0 {

/// SipHash-1-3 (Aumasson and Bernstein) under a key that the system drew for this object: whoever writes the texts
/// cannot make them collide, which std::hash lets anybody do (MurmurHash2; a table then takes quadratic time). The
/// values differ from run to run: for the places of a table alone, never for anything that is seen.
class SecretHash {
 public:
  SecretHash();
  /// A key that is known: for tests.
  constexpr SecretHash(std::uint64_t k0, std::uint64_t k1) noexcept : key_{k0, k1} {}
  std::size_t operator()(std::string_view text) const noexcept;

 private:
  std::uint64_t key_[2];
};

}  // namespace v0
}  // namespace seqguard

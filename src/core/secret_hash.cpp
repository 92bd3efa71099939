#include "core/secret_hash.hpp"

#include <sys/random.h>

#include <bit>
#include <cerrno>
#include <cstring>

#include "core/descriptor.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

class SipState {
 public:
  SipState(std::uint64_t k0, std::uint64_t k1)
      : v0_(k0 ^ 0x736f6d6570736575u),
        v1_(k1 ^ 0x646f72616e646f6du),
        v2_(k0 ^ 0x6c7967656e657261u),
        v3_(k1 ^ 0x7465646279746573u) {}

  void add(std::uint64_t word) noexcept {
    v3_ ^= word;
    round();
    v0_ ^= word;
  }
  std::uint64_t finish() noexcept {
    v2_ ^= 0xFF;
    for (int i = 0; i < 3; ++i) round();
    return v0_ ^ v1_ ^ v2_ ^ v3_;
  }

 private:
  void round() noexcept {
    v0_ += v1_;
    v2_ += v3_;
    v1_ = std::rotl(v1_, 13) ^ v0_;
    v3_ = std::rotl(v3_, 16) ^ v2_;
    v0_ = std::rotl(v0_, 32);
    v2_ += v1_;
    v0_ += v3_;
    v1_ = std::rotl(v1_, 17) ^ v2_;
    v3_ = std::rotl(v3_, 21) ^ v0_;
    v2_ = std::rotl(v2_, 32);
  }
  std::uint64_t v0_, v1_, v2_, v3_;
};

}  // namespace

SecretHash::SecretHash() {
  if (::getrandom(key_, sizeof key_, 0) != static_cast<ssize_t>(sizeof key_)) fail_errno("getrandom", "draw a key");
}

std::size_t SecretHash::operator()(std::string_view text) const noexcept {
  SipState state(key_[0], key_[1]);
  std::uint64_t word = 0;
  std::size_t i = 0;
  for (; i + sizeof word <= text.size(); i += sizeof word) {
    std::memcpy(&word, text.data() + i, sizeof word);
    state.add(word);
  }
  word = 0;
  if (i < text.size()) std::memcpy(&word, text.data() + i, text.size() - i);
  state.add(word | static_cast<std::uint64_t>(text.size()) << 56);
  return static_cast<std::size_t>(state.finish());
}

}  // namespace v0
}  // namespace seqguard

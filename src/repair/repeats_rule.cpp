#include "seqguard/repair/repeats_rule.hpp"

#include <algorithm>

namespace seqguard {
inline namespace v0 {
namespace {

/// buffer becomes the positions, ascending, of the events whose value stood before.
void find_repeats(const EncodedEvents& events, std::vector<std::uint64_t>& buffer) {
  buffer.clear();
  for (std::size_t i = 0; i < events.n; ++i) buffer.push_back((std::uint64_t{events.types[i]} << 32) | i);
  std::sort(buffer.begin(), buffer.end());
  std::size_t found = 0;
  TypeId type_before = 0;
  for (std::size_t k = 0; k < buffer.size(); ++k) {
    const auto type = static_cast<TypeId>(buffer[k] >> 32);
    if (k > 0 && type == type_before) buffer[found++] = buffer[k] & 0xFFFF'FFFFu;
    type_before = type;
  }
  buffer.resize(found);
  std::sort(buffer.begin(), buffer.end());
}

}  // namespace

void RepeatsRule::fit(std::span<const EncodedEvents* const> normals) {
  *this = {};
  std::vector<std::uint64_t> buffer;
  for (const EncodedEvents* events : normals) {
    find_repeats(*events, buffer);
    events_ += events->n;
    repeats_ += buffer.size();
    sequences_ += events->n > 0 ? 1 : 0;
    sequences_with_repeats_ += buffer.empty() ? 0 : 1;
  }
}

bool RepeatsRule::holds() const noexcept { return repeats_ * 20 < events_; }

void RepeatsRule::strike(const EncodedEvents& events, std::vector<std::uint64_t>& buffer,
                         std::vector<EventEdit>& out) const {
  if (!holds()) return;
  find_repeats(events, buffer);
  const std::size_t first = out.size();
  for (const std::uint64_t position : buffer) {
    if (out.size() > first && out.back().position + out.back().count == position)
      ++out.back().count;
    else
      out.push_back({EditOperation::remove, static_cast<std::size_t>(position)});
  }
}

void RepeatsRule::save(ProfileWriter& writer) const {
  writer.write("repeats", std::vector<std::uint64_t>{events_, repeats_, sequences_, sequences_with_repeats_});
}

void RepeatsRule::load(const ProfileReader& reader) {
  const auto counts = reader.u64("repeats");
  reader.require_size("repeats", counts.size(), 4);
  reader.require(counts[1] <= counts[0] && counts[2] <= counts[0] && counts[3] <= counts[2] && counts[3] <= counts[1],
                 "repeats", "parts above the whole");
  events_ = counts[0];
  repeats_ = counts[1];
  sequences_ = counts[2];
  sequences_with_repeats_ = counts[3];
}

}  // namespace v0
}  // namespace seqguard

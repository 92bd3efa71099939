#include "seqguard/events/repeats.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <string>
#include <string_view>

namespace seqguard {
inline namespace v0 {
namespace {

/// Largest distance of each bucket behind "none"; one more for what is farther.
constexpr std::array<std::size_t, 8> k_distances = {1, 2, 3, 4, 6, 9, 15, 31};
constexpr std::size_t k_buckets = k_distances.size() + 2;

constexpr GapBuckets k_fine_gaps{.buckets = 32, .unit_ms = 100, .per_octave = 1};

/// The id of a distance in the vocabulary of with_repeats(); 0: there is none.
std::int32_t distance_id(std::size_t distance) {
  const auto bucket =
      distance == 0 ? 0
                    : 1 + (std::lower_bound(k_distances.begin(), k_distances.end(), distance) - k_distances.begin());
  return k_reserved_ids + static_cast<std::int32_t>(bucket);
}

EventColumn distance_column(const EventSchema& schema, std::string name) {
  const auto is_taken = [&] {
    return std::any_of(schema.columns.begin(), schema.columns.end(),
                       [&](const EventColumn& column) { return column.name == name; });
  };
  while (is_taken() || (schema.time && schema.time->name == name)) name += "'";
  std::vector<ValueCount> buckets;
  for (std::size_t b = 0; b < k_buckets; ++b) buckets.push_back({std::to_string(b), 1});
  EventColumn column;
  column.name = std::move(name);
  column.vocabulary = Vocabulary::from_ordered(buckets, buckets.size());
  return column;
}

}  // namespace

EventSchema with_repeats(const EventSchema& schema, std::size_t window) {
  EventSchema result = schema;
  result.columns.push_back(distance_column(result, "same event before"));
  result.columns.push_back(distance_column(result, "same event behind"));
  if (result.time) result.time->gap = k_fine_gaps;
  result.sequence.window = window;
  result.sequence.stride = std::max<std::size_t>(1, window / 2);
  return result;
}

void add_repeats(const EncodedEvents& events, std::span<const std::uint8_t> hidden, const EventSchema& schema,
                 RepeatScratch& scratch, EncodedEvents& out) {
  const std::size_t columns = schema.columns.size() - 2, n = events.n, positions = events.positions();
  const auto is_hidden = [&](std::size_t i) { return !hidden.empty() && hidden[i] != 0; };
  out.n = n;
  out.types = events.types;
  out.time_ms = events.time_ms;
  out.ids.resize(columns + 2);
  out.values.resize(columns + 2);
  out.missing.resize(columns + 2);
  for (std::size_t c = 0; c < columns; ++c) {
    out.ids[c] = events.ids[c];
    out.values[c] = events.values[c];
    out.missing[c] = events.missing[c];
    const bool is_number = schema.columns[c].kind == ColumnKind::numeric;
    for (std::size_t i = 0; i < n; ++i) {
      if (!is_hidden(i) || schema.columns[c].persistent) continue;
      if (is_number) {
        out.values[c][i + 1] = 0;
        out.missing[c][i + 1] = 1;
      } else {
        out.ids[c][i + 1] = k_mask_id;
      }
    }
  }
  const Vocabulary& vocabulary = schema.primary_column().vocabulary;
  for (std::size_t i = 0; i < n; ++i)
    if (!is_hidden(i) && events.types[i] < vocabulary.kept() && vocabulary.count(events.types[i]) < 2)
      out.ids[schema.primary][i + 1] = k_unk_id;
  out.gaps.resize(schema.time ? positions : 0);
  if (schema.time) {
    out.gaps.front() = out.gaps.back() = k_gap_pad;
    encode_gaps(out, schema, 0, n);
  }
  auto& before = out.ids[columns];
  auto& behind = out.ids[columns + 1];
  for (auto* const ids : {&before, &behind}) {
    ids->assign(positions, distance_id(0));
    ids->front() = k_cls_id;
    ids->back() = k_sep_id;
  }
  scratch.order.resize(n);
  std::iota(scratch.order.begin(), scratch.order.end(), 0U);
  std::sort(scratch.order.begin(), scratch.order.end(), [&](std::uint32_t a, std::uint32_t b) {
    return events.types[a] != events.types[b] ? events.types[a] < events.types[b] : a < b;
  });
  std::size_t last = n;  // the last visible event in this order
  for (const std::uint32_t i : scratch.order) {
    if (is_hidden(i)) {
      before[i + 1] = behind[i + 1] = k_mask_id;
      continue;
    }
    if (last < n && events.types[last] == events.types[i]) behind[last + 1] = before[i + 1] = distance_id(i - last);
    last = i;
  }
}

}  // namespace v0
}  // namespace seqguard

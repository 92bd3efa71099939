#include "detection/ngram_model.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <string>
#include <tuple>
#include <utility>

#include "seqguard/core/error.hpp"
#include "seqguard/core/random.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

/// Hash of the empty context.
constexpr std::uint64_t k_empty = 0x243F'6A88'85A3'08D3u;

/// Mixed number of what stands at position t; before the sequence: the padding; at its end: the end.
std::uint64_t symbol(TypeSequence events, std::size_t t) noexcept {
  const std::uint64_t number = t < events.size() ? events[t] + std::uint64_t{2} : t == events.size() ? 1 : 0;
  return mix64(number);
}
/// Context longer by one older symbol.
std::uint64_t extend(std::uint64_t context, std::uint64_t older) noexcept { return mix64(context ^ older); }
/// Context and the event after it. The rotation keeps it apart from a longer context.
std::uint64_t follow(std::uint64_t context, std::uint64_t next) noexcept {
  return mix64(context ^ std::rotl(next, 17));
}
/// Position of the m-th event before t; wraps to "before the sequence" (neither an event nor the end).
std::size_t before(std::size_t t, std::size_t m) noexcept {
  return m <= t ? t - m : std::numeric_limits<std::size_t>::max();
}

struct Occurrence {
  std::uint64_t context, successor;
  std::uint64_t count;
};

/// All contexts of k - 1 events with their successors, sorted, equal ones not joined.
std::vector<Occurrence> occurrences(const Normals& normals, std::size_t k) {
  std::vector<Occurrence> result;
  for (std::size_t i = 0; i < normals.size(); ++i) {
    const TypeSequence events = normals.sequence(i);
    for (std::size_t t = 0; t <= events.size(); ++t) {
      std::uint64_t context = k_empty;
      for (std::size_t m = 1; m < k; ++m) context = extend(context, symbol(events, before(t, m)));
      result.push_back({context, follow(context, symbol(events, t)), normals.copies(i)});
    }
  }
  std::sort(result.begin(), result.end(), [](const Occurrence& a, const Occurrence& b) {
    return std::pair(a.context, a.successor) < std::pair(b.context, b.successor);
  });
  return result;
}

/// Sorts `counted` by key and splits it.
template <class Count>
std::pair<KeyIndex, std::vector<Count>> indexed(std::vector<std::pair<std::uint64_t, Count>>& counted) {
  std::sort(counted.begin(), counted.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::uint64_t> keys;
  std::vector<Count> counts;
  keys.reserve(counted.size());
  counts.reserve(counted.size());
  for (const auto& [key, count] : counted) {
    if (!keys.empty() && keys.back() == key) continue;  // two contexts with one 64-bit hash: the first one stays
    keys.push_back(key);
    counts.push_back(count);
  }
  return {KeyIndex(std::move(keys)), std::move(counts)};
}

}  // namespace

void NgramModel::fit(const Normals& normals, std::size_t order) {
  if (order < 1 || order > k_max_order) {
    fail(ErrorCode::invalid_argument, "ngram", "order", "1 to " + std::to_string(k_max_order), std::to_string(order));
  }
  std::uint64_t positions = 0;
  for (std::size_t i = 0; i < normals.size(); ++i) {
    positions += std::uint64_t{normals.copies(i)} * (normals.sequence(i).size() + 1);
  }
  if (positions > std::numeric_limits<std::uint32_t>::max()) {
    fail(ErrorCode::invalid_argument, "ngram", "events of the normals", "fewer than 2^32", std::to_string(positions));
  }
  order_ = order;
  uniform_ = 1.0 / static_cast<double>(normals.alphabet() + 2);
  std::vector<std::pair<std::uint64_t, Context>> contexts;
  std::vector<std::pair<std::uint64_t, std::uint32_t>> successors;
  for (std::size_t k = 1; k <= order; ++k) {
    const std::vector<Occurrence> found = occurrences(normals, k);
    for (std::size_t i = 0; i < found.size(); ++i) {
      const bool same_context = i > 0 && found[i].context == found[i - 1].context;
      const bool same_successor = same_context && found[i].successor == found[i - 1].successor;
      if (!same_context) contexts.push_back({found[i].context, {}});
      if (!same_successor) successors.push_back({found[i].successor, 0});
      contexts.back().second.total += static_cast<std::uint32_t>(found[i].count);
      contexts.back().second.distinct += same_successor ? 0 : 1;
      successors.back().second += static_cast<std::uint32_t>(found[i].count);
    }
  }
  std::tie(contexts_, context_counts_) = indexed(contexts);
  std::tie(successors_, successor_counts_) = indexed(successors);
}

double NgramModel::probability(TypeSequence events, std::size_t t) const noexcept {
  const std::uint64_t next = symbol(events, t);
  std::uint64_t context = k_empty;
  double p = uniform_;
  bool seen = true;  // what never followed a context never followed a longer one
  for (std::size_t k = 1; k <= order_; ++k) {
    if (k > 1) context = extend(context, symbol(events, before(t, k - 1)));
    const std::size_t at = contexts_.find(context);
    if (at == KeyIndex::k_absent) break;  // then no longer context occurred either
    const Context& counts = context_counts_[at];
    double count = 0;
    if (seen) {
      const std::size_t pair = successors_.find(follow(context, next));
      seen = pair != KeyIndex::k_absent;
      if (seen) count = successor_counts_[pair];
    }
    p = (count + counts.distinct * p) / (static_cast<double>(counts.total) + counts.distinct);
  }
  return p;
}

double NgramModel::surprise(TypeSequence events) const noexcept {
  double sum = 0;
  for (std::size_t t = 0; t <= events.size(); ++t) sum -= std::log(probability(events, t));
  return sum / static_cast<double>(events.size() + 1);
}

std::size_t NgramModel::bytes() const noexcept {
  return contexts_.bytes() + successors_.bytes() + context_counts_.size() * sizeof(context_counts_[0]) +
         successor_counts_.size() * sizeof(successor_counts_[0]);
}

void NgramModel::save(ProfileWriter& writer) const {
  std::vector<std::uint32_t> totals, distinct;
  for (const Context& context : context_counts_) {
    totals.push_back(context.total);
    distinct.push_back(context.distinct);
  }
  writer.write("order", std::vector<std::uint32_t>{static_cast<std::uint32_t>(order_)});
  writer.write("uniform", std::vector<double>{uniform_});
  writer.write("contexts", contexts_.keys());
  writer.write("context_totals", totals);
  writer.write("context_distinct", distinct);
  writer.write("successors", successors_.keys());
  writer.write("successor_counts", successor_counts_);
}

void NgramModel::load(const ProfileReader& reader) {
  const auto order = reader.u32("order");
  reader.require(order.size() == 1 && order[0] >= 1 && order[0] <= k_max_order, "order", "not one number in [1, 16]");
  const auto uniform = reader.f64("uniform");
  reader.require(uniform.size() == 1 && uniform[0] > 0 && uniform[0] < 1, "uniform", "not one number in (0, 1)");
  auto contexts = reader.u64("contexts"), successors = reader.u64("successors");
  const auto totals = reader.u32("context_totals"), distinct = reader.u32("context_distinct");
  auto counts = reader.u32("successor_counts");
  reader.require_strictly_ascending("contexts", contexts);
  reader.require_strictly_ascending("successors", successors);
  reader.require_size("context_totals", totals.size(), contexts.size());
  reader.require_size("context_distinct", distinct.size(), contexts.size());
  reader.require_size("successor_counts", counts.size(), successors.size());
  context_counts_.resize(contexts.size());
  for (std::size_t i = 0; i < contexts.size(); ++i) {
    reader.require(distinct[i] >= 1 && distinct[i] <= totals[i], "context_distinct", "not in [1, context_totals]");
    context_counts_[i] = {totals[i], distinct[i]};
  }
  order_ = order[0];
  uniform_ = uniform[0];
  contexts_ = KeyIndex(std::move(contexts));
  successors_ = KeyIndex(std::move(successors));
  successor_counts_ = std::move(counts);
}

}  // namespace v0
}  // namespace seqguard

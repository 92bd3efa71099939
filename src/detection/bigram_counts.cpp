#include "seqguard/detection/bigram_counts.hpp"

#include <algorithm>
#include <limits>

namespace seqguard {
inline namespace v0 {
namespace {

TypeId before_of(std::uint64_t bigram) noexcept { return static_cast<TypeId>(bigram >> 32); }
TypeId after_of(std::uint64_t bigram) noexcept { return static_cast<TypeId>(bigram); }

/// The element of a sorted range whose `member` is `value`; null: there is none.
template <class Element, class Value>
const Element* find_by(std::span<const Element> sorted, Value Element::*member, Value value) noexcept {
  const auto found = std::lower_bound(sorted.begin(), sorted.end(), value,
                                      [&](const Element& element, Value v) { return element.*member < v; });
  return found != sorted.end() && (*found).*member == value ? &*found : nullptr;
}

}  // namespace

BigramCounts::BigramCounts(std::vector<Entry> entries) : entries_(std::move(entries)) { count(); }

void BigramCounts::read(FunctionRef<void(std::vector<Entry>&)> fill) {
  fill(entries_);
  count();
}

void BigramCounts::count() {
  contexts_.clear();
  events_.clear();
  total_ = 0;
  constexpr std::uint64_t k_most = std::numeric_limits<std::uint32_t>::max();
  if (!std::is_sorted(entries_.begin(), entries_.end())) std::sort(entries_.begin(), entries_.end());
  std::size_t kept = 0;
  for (const auto& [bigram, count] : entries_) {
    if (count == 0) continue;
    if (kept > 0 && entries_[kept - 1].first == bigram)
      entries_[kept - 1].second =
          static_cast<std::uint32_t>(std::min(k_most, std::uint64_t{entries_[kept - 1].second} + count));
    else
      entries_[kept++] = {bigram, count};
  }
  entries_.resize(kept);
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const auto [bigram, count] = entries_[i];
    const auto at = static_cast<std::uint32_t>(i);
    if (contexts_.empty() || contexts_.back().before != before_of(bigram))
      contexts_.push_back({before_of(bigram), at, at, 0});
    contexts_.back().last = at + 1;
    contexts_.back().total += count;
    events_.push_back({after_of(bigram), count});
    total_ += count;
  }
  std::sort(events_.begin(), events_.end(), [](const Event& a, const Event& b) { return a.type < b.type; });
  std::size_t types = 0;
  for (const Event& event : events_) {
    if (types > 0 && events_[types - 1].type == event.type)
      events_[types - 1].count += event.count;
    else
      events_[types++] = event;
  }
  events_.resize(types);
}

double BigramCounts::probability(std::uint64_t bigram, double base) const noexcept {
  if (total_ == 0) return base;
  const Event* event = find_by(std::span(events_), &Event::type, after_of(bigram));
  const auto distinct = static_cast<double>(events_.size());
  double p = ((event != nullptr ? static_cast<double>(event->count) : 0) + distinct * base) /
             (static_cast<double>(total_) + distinct);
  const Context* context = find_by(std::span(contexts_), &Context::before, before_of(bigram));
  if (context == nullptr) return p;
  const std::span<const Entry> successors = std::span(entries_).subspan(context->first, context->last - context->first);
  const Entry* pair = event != nullptr ? find_by(successors, &Entry::first, bigram) : nullptr;
  const auto branches = static_cast<double>(successors.size());
  return ((pair != nullptr ? static_cast<double>(pair->second) : 0) + branches * p) /
         (static_cast<double>(context->total) + branches);
}

std::size_t BigramCounts::bytes() const noexcept {
  return entries_.size() * sizeof(Entry) + contexts_.size() * sizeof(Context) + events_.size() * sizeof(Event);
}

BigramCounts BigramCounts::plus(const Counted<std::uint64_t>& bigrams) const {
  std::vector<Entry> entries = entries_;
  for (std::size_t b = 0; b < bigrams.size(); ++b) entries.emplace_back(bigrams.items[b], bigrams.counts[b]);
  return BigramCounts(std::move(entries));
}

BigramCounts BigramCounts::minus(const Counted<std::uint64_t>& bigrams) const {
  std::vector<Entry> entries = entries_;
  std::size_t b = 0;
  for (Entry& entry : entries) {
    while (b < bigrams.size() && bigrams.items[b] < entry.first) ++b;
    if (b < bigrams.size() && bigrams.items[b] == entry.first)
      entry.second -= std::min(entry.second, bigrams.counts[b]);
  }
  return BigramCounts(std::move(entries));
}

}  // namespace v0
}  // namespace seqguard

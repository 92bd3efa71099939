#include "seqguard/events/damage.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

#include "events/additions.hpp"
#include "events/draft.hpp"
#include "events/normal_events.hpp"
#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

using Difference = std::ptrdiff_t;

/// Failures up to the first success of probability p, and the success: 1, 2, ..
std::size_t geometric(double p, Random& random) {
  return 1 + static_cast<std::size_t>(std::log1p(-random.uniform()) / std::log1p(-p));
}

/// Damages one draft.
class Editor {
 public:
  Editor(const EncodedEvents& clean, const NormalEvents& normals, const DamageOptions& options, Random& random)
      : clean_(clean),
        normals_(normals),
        options_(options),
        random_(random),
        manner_(random),
        draft_(draft_of(clean)) {}

  Draft& draft() { return draft_; }

  void apply(DamageKind kind) {
    switch (kind) {
      case DamageKind::replaced:
        return replace();
      case DamageKind::spurious:
        return put_in_spurious();
      case DamageKind::duplicated:
        return duplicate();
      case DamageKind::lost:
        return lose();
      case DamageKind::disorder:
        return shuffle_blocks();
      case DamageKind::foreign_stretch:
        return put_in_stretch();
      case DamageKind::overwritten_stretch:
        return overwrite_stretch();
      case DamageKind::lost_stretch:
        return lose_stretch();
    }
  }

  /// As events look that a repair has put in.
  void forget_columns(double share) {
    for (DraftEvent& event : draft_) event.only_type = random_.uniform() < share;
  }

 private:
  std::size_t n() const { return draft_.size(); }
  /// How many events a kind touches.
  std::size_t some() {
    const double rate = options_.least_rate + (options_.largest_rate - options_.least_rate) * random_.uniform();
    return std::max<std::size_t>(1, static_cast<std::size_t>(rate * static_cast<double>(n()) + random_.uniform()));
  }

  static DraftEvent event_at(const EventPlace& place) { return {place, place, place.type(), k_no_time}; }
  /// A copy of an event of the draft, without its slot; k_no_time stands until it is put somewhere.
  DraftEvent copy_of(std::size_t i) const {
    DraftEvent copy = draft_[i];
    copy.slot = k_put_in;
    copy.time_ms = k_no_time;
    return copy;
  }

  /// An event that does not belong before or in place of event i.
  DraftEvent wrong_event(std::size_t i) {
    if (random_.uniform() < options_.unseen_share) {
      DraftEvent event = event_at(normals_.any(random_));
      event.type = k_unseen_type | static_cast<TypeId>(random_.bits() >> 33);
      return event;
    }
    const double u = random_.uniform();
    if (u < .25) return copy_of(random_.uniform() < .5 ? near(i) : random_.below(n()));
    return event_at(u < .6 ? normals_.of_random_type(random_) : normals_.any(random_));
  }
  std::size_t near(std::size_t i) {
    constexpr std::size_t k_reach = 5;
    const std::size_t first = i < k_reach ? 0 : i - k_reach, last = std::min(n() - 1, i + k_reach);
    return first + random_.below(last - first + 1);
  }

  /// Event i looks like another, at its own place and time.
  void overwrite(std::size_t i, const DraftEvent& with) {
    draft_[i].type = with.type;
    draft_[i].columns = with.columns;
    if (manner_.random_persistent) draft_[i].persistent = with.persistent;
  }

  void replace() {
    for (std::size_t left = some(); left > 0; --left) {
      const std::size_t i = random_.below(n());
      DraftEvent event = wrong_event(i);
      // Of a sequence of one value copies do not differ, of a vocabulary of one value nothing does: then it stays.
      for (int tries = 0; tries < 10 && event.type == draft_[i].type; ++tries) event = wrong_event(i);
      if (event.type != draft_[i].type) overwrite(i, event);
    }
  }

  void put_in_spurious() {
    std::vector<Addition> added;
    for (std::size_t left = some(); left > 0; --left) {
      const std::size_t i = random_.below(n());
      added.push_back({i, wrong_event(i)});
    }
    put_in(added, manner_, random_, draft_);
  }

  void duplicate() {
    std::vector<Addition> added;
    for (std::size_t left = some(); left > 0; --left) {
      const std::size_t i = random_.below(n());
      for (std::size_t copies = 1 + random_.below(3); copies > 0; --copies) added.push_back({i + 1, copy_of(i)});
    }
    put_in(added, manner_, random_, draft_);
  }

  void lose() {
    std::vector<char> lost(n(), 0);
    for (std::size_t left = some(); left > 0; --left) lost[random_.below(n())] = 1;
    if (std::find(lost.begin(), lost.end(), 0) == lost.end()) lost[random_.below(n())] = 0;
    std::size_t kept = 0;
    for (std::size_t i = 0; i < n(); ++i)
      if (lost[i] == 0) draft_[kept++] = draft_[i];
    draft_.resize(kept);
  }

  void lose_stretch() {
    const std::size_t count = std::min(n() - 1, 1 + std::min<std::size_t>(8, geometric(.4, random_)));
    const auto first = draft_.begin() + static_cast<Difference>(random_.below(n() - count + 1));
    draft_.erase(first, first + static_cast<Difference>(count));
  }

  void shuffle_blocks() {
    for (std::size_t left = std::max<std::size_t>(1, some() / 2); left > 0; --left) {
      const std::size_t count = std::min(n(), 2 + random_.below(3)), first = random_.below(n() - count + 1);
      for (std::size_t i = count; i > 1; --i) {
        DraftEvent &a = draft_[first + i - 1], &b = draft_[first + random_.below(i)];
        std::swap(a, b);
        std::swap(a.slot, b.slot);
        std::swap(a.time_ms, b.time_ms);
      }
    }
  }

  void put_in_stretch() {
    const std::size_t before = random_.below(n() + 1);
    const std::size_t count = 2 + std::min<std::size_t>(24, geometric(.1, random_));
    std::vector<Addition> added;
    for (const DraftEvent& event : foreign_events(std::min(before, n() - 1), count)) added.push_back({before, event});
    put_in(added, manner_, random_, draft_);
  }

  void overwrite_stretch() {
    const std::size_t most = std::max<std::size_t>(10, n() / 2);
    const std::size_t count = std::min(n(), 3 + std::min(most, geometric(.08, random_)));
    const std::size_t first = random_.below(n() - count + 1);
    const Draft events = foreign_events(first, count);
    for (std::size_t k = 0; k < events.size(); ++k) overwrite(first + k, events[k]);
  }

  /// Up to `count` events that stand together elsewhere, or the repetitions of a motif.
  Draft foreign_events(std::size_t i, std::size_t count) {
    Draft events;
    if (random_.uniform() < .4) {
      const EncodedEvents& other = normals_.another(clean_, random_);
      count = std::min(count, other.n);
      const std::size_t first = random_.below(other.n - count + 1);
      for (std::size_t k = 0; k < count; ++k) events.push_back(event_at({&other, first + k}));
      return events;
    }
    const Draft motif = make_motif(i);
    const bool in_turn = random_.uniform() < .5;
    for (std::size_t k = 0; k < count; ++k)
      events.push_back(motif[in_turn ? k % motif.size() : random_.below(motif.size())]);
    return events;
  }

  Draft make_motif(std::size_t i) {
    const std::size_t size = 1 + random_.below(4);
    Draft motif;
    if (random_.uniform() < .5) {
      const std::size_t run = 1 + random_.below(size), first = random_.below(n());
      for (std::size_t k = first; k < std::min(n(), first + run); ++k) motif.push_back(copy_of(k));
    }
    while (motif.size() < size) motif.push_back(random_.uniform() < .5 ? wrong_event(i) : copy_of(random_.below(n())));
    return motif;
  }

  const EncodedEvents& clean_;
  const NormalEvents& normals_;
  const DamageOptions& options_;
  Random& random_;
  const DamageManner manner_;
  Draft draft_;
};

/// One of the kinds that have a share; nothing if none has.
std::optional<DamageKind> draw_kind(const std::array<double, k_damage_kinds>& shares, Random& random) {
  double left = random.uniform() * std::accumulate(shares.begin(), shares.end(), 0.0);
  std::optional<DamageKind> kind;
  for (std::size_t k = 0; k < k_damage_kinds; ++k) {
    if (!(shares[k] > 0)) continue;
    kind = static_cast<DamageKind>(k);
    if (left < shares[k]) break;
    left -= shares[k];
  }
  return kind;
}

void draw_kinds(const DamageOptions& options, Random& random, std::vector<DamageKind>& kinds) {
  kinds.clear();
  const bool clean = random.uniform() < options.clean_share, two = random.uniform() < options.two_kinds_share;
  if (clean) return;
  std::array<double, k_damage_kinds> shares = options.shares;
  for (int left = two ? 2 : 1; left > 0; --left) {
    const auto kind = draw_kind(shares, random);
    if (!kind) return;
    kinds.push_back(*kind);
    shares[static_cast<std::size_t>(*kind)] = 0;
  }
}

void check_share(double share, std::string_view name) {
  if (!(share >= 0 && share <= 1))
    fail(ErrorCode::invalid_argument, "damage", std::string(name) + " is no share", "0 .. 1", std::to_string(share));
}

void check(const DamageOptions& options) {
  double sum = 0;
  for (std::size_t k = 0; k < k_damage_kinds; ++k) {
    const double share = options.shares[k];
    if (!(share >= 0 && std::isfinite(share)))
      fail(ErrorCode::invalid_argument, "damage",
           "the share of " + std::string(to_string(static_cast<DamageKind>(k))) + " events is out of range",
           "0 or above", std::to_string(share));
    sum += share;
  }
  if (!(sum > 0)) fail(ErrorCode::invalid_argument, "damage", "no kind has a share");
  check_share(options.least_rate, "least_rate");
  check_share(options.largest_rate, "largest_rate");
  if (options.least_rate > options.largest_rate)
    fail(ErrorCode::invalid_argument, "damage", "least_rate is above largest_rate",
         "at most " + std::to_string(options.largest_rate), std::to_string(options.least_rate));
  check_share(options.clean_share, "clean_share");
  check_share(options.two_kinds_share, "two_kinds_share");
  check_share(options.unknown_share, "unknown_share");
  check_share(options.unseen_share, "unseen_share");
}

}  // namespace

std::string_view to_string(DamageKind kind) noexcept {
  switch (kind) {
    case DamageKind::replaced:
      return "replaced";
    case DamageKind::spurious:
      return "spurious";
    case DamageKind::duplicated:
      return "duplicated";
    case DamageKind::lost:
      return "lost";
    case DamageKind::disorder:
      return "disorder";
    case DamageKind::foreign_stretch:
      return "foreign stretch";
    case DamageKind::overwritten_stretch:
      return "overwritten stretch";
    case DamageKind::lost_stretch:
      return "lost stretch";
  }
  return "unknown";
}

Damage::Damage(const EventSchema& schema, std::span<const EncodedEvents* const> normals, const DamageOptions& options)
    : schema_(&schema), options_(options) {
  check(options);
  normals_ = std::make_unique<const NormalEvents>(schema, normals);
}
Damage::~Damage() = default;
Damage::Damage(Damage&&) noexcept = default;
Damage& Damage::operator=(Damage&&) noexcept = default;

void Damage::apply(const EncodedEvents& clean, Random& random, DamagedEvents& out) const {
  draw_kinds(options_, random, out.kinds);
  Editor editor(clean, *normals_, options_, random);
  for (const DamageKind kind : out.kinds) editor.apply(kind);
  if (random.uniform() < options_.unknown_share) editor.forget_columns(.1);
  write_draft(editor.draft(), clean, *schema_, out);
}

}  // namespace v0
}  // namespace seqguard

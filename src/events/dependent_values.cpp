#include "events/dependent_values.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/secret_hash.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

/// What one column holds beside each value of the primary one.
class Companions {
 public:
  explicit Companions(std::size_t primary_values) : beside_(primary_values) {}

  void add(TypeId primary, std::string value, std::size_t sequence) {
    const auto number = static_cast<std::uint32_t>(numbers_.size());
    const auto [entry, is_new] = numbers_.try_emplace(std::move(value), number);
    if (is_new) values_.push_back({&entry->first, 0});
    ++values_[entry->second].events;
    ++events_;
    if (primary >= beside_.size()) return;  // not among the values that a repair can put in
    Beside& beside = beside_[primary];
    if (beside.sequences == 0) beside.value = entry->second;
    beside.varies = beside.varies || beside.value != entry->second;
    if (beside.sequences == 0 || beside.last_sequence != sequence) ++beside.sequences;
    beside.last_sequence = sequence;
  }

  /// Were the column independent of the primary one, a value of which a share p of the events has it would be alone
  /// beside a primary value of n sequences with a probability of p^(n - 1). Events of one sequence often agree (all are
  /// made on one device), so that they count once.
  std::vector<std::optional<std::string>> dependent_values() const {
    const double most = std::log(1e-6);
    double all = 0;
    bool is_function = true;
    for (const Beside& beside : beside_) {
      is_function = is_function && !beside.varies;
      if (!beside.varies) all += log_probability(beside);
    }
    is_function = is_function && all <= most;
    std::vector<std::optional<std::string>> result(beside_.size());
    bool any = false;
    for (std::size_t type = 0; type < beside_.size(); ++type) {
      const Beside& beside = beside_[type];
      if (beside.varies || beside.sequences == 0 || (!is_function && log_probability(beside) > most)) continue;
      result[type] = *values_[beside.value].text;
      any = true;
    }
    if (!any) result.clear();
    return result;
  }

 private:
  struct Beside {
    std::uint32_t value = 0;
    bool varies = false;
    std::size_t sequences = 0, last_sequence = 0;
  };
  struct Value {
    const std::string* text;
    std::size_t events;
  };

  double log_probability(const Beside& beside) const {
    if (beside.sequences < 2) return 0;
    const double share = static_cast<double>(values_[beside.value].events) / static_cast<double>(events_);
    return static_cast<double>(beside.sequences - 1) * std::log(share);
  }

  std::unordered_map<std::string, std::uint32_t, SecretHash> numbers_;
  std::vector<Value> values_;
  std::vector<Beside> beside_;
  std::size_t events_ = 0;
};

}  // namespace

void fit_dependent_values(const Dataset& data, EventSchema& schema) {
  const Vocabulary& primary = schema.primary_column().vocabulary;
  for (std::size_t c = 0; c < schema.columns.size(); ++c) {
    if (c == schema.primary) continue;
    Companions companions(primary.kept());
    for (std::size_t s = 0; s < data.sequences().size(); ++s) {
      const EventsView events = data.view(s);
      const ColumnView &keys = events.columns[schema.primary], &values = events.columns[c];
      const bool is_text = values.is_text();
      for (std::size_t i = 0; i < events.n; ++i)
        companions.add(primary.type(keys.text(i)),
                       is_text ? std::string(values.text(i)) : number_text(values.floats()[i]), s);
    }
    schema.columns[c].dependent_values = companions.dependent_values();
  }
}

std::string number_text(float value) {
  if (!std::isfinite(value)) return "";
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

std::optional<float> number_of(const std::string& text) {
  if (text.empty()) return std::numeric_limits<float>::quiet_NaN();
  float value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && stop == end && std::isfinite(value) ? std::optional(value) : std::nullopt;
}

}  // namespace v0
}  // namespace seqguard

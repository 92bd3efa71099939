#include "events/dependent_values.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace seqguard {
inline namespace v0 {
namespace {

/// What one column holds beside each value of the primary one.
class Companions {
 public:
  Companions(std::size_t primary_values, const ColumnNumbers& values)
      : values_(values), events_of_(values.distinct()), beside_(primary_values) {}

  void add(TypeId primary, std::uint32_t value, std::size_t sequence) {
    ++events_of_[value];
    ++events_;
    if (primary >= beside_.size()) return;  // not among the values that a repair can put in
    Beside& beside = beside_[primary];
    if (beside.sequences == 0) beside.value = value;
    beside.varies = beside.varies || beside.value != value;
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
      result[type] =
          values_.texts.empty() ? number_text(values_.floats[beside.value]) : std::string(values_.texts[beside.value]);
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

  double log_probability(const Beside& beside) const {
    if (beside.sequences < 2) return 0;
    const double share = static_cast<double>(events_of_[beside.value]) / static_cast<double>(events_);
    return static_cast<double>(beside.sequences - 1) * std::log(share);
  }

  const ColumnNumbers& values_;
  std::vector<std::size_t> events_of_;  // by number of the value
  std::vector<Beside> beside_;
  std::size_t events_ = 0;
};

}  // namespace

void fit_dependent_values(const Dataset& data, std::span<const ColumnNumbers> numbers, EventSchema& schema) {
  const Vocabulary& vocabulary = schema.primary_column().vocabulary;
  const ColumnNumbers& primary = numbers[schema.primary];
  std::vector<TypeId> types;
  for (const std::string_view text : primary.texts) types.push_back(vocabulary.type(text));
  for (std::size_t c = 0; c < schema.columns.size(); ++c) {
    if (c == schema.primary) continue;
    Companions companions(vocabulary.kept(), numbers[c]);
    for (std::size_t s = 0; s < data.sequences().size(); ++s) {
      const DataSequence& sequence = data.sequences()[s];
      for (std::size_t event = sequence.first; event < sequence.first + sequence.count; ++event)
        companions.add(types[primary.of_event[event]], numbers[c].of_event[event], s);
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

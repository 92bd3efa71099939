#include "cli/alarms.hpp"

#include "cli/console.hpp"

namespace seqguard::cli {

std::string alarms_text(std::size_t alarms, std::size_t judged) {
  const double share = judged > 0 ? static_cast<double>(alarms) / static_cast<double>(judged) : 0;
  return percent(share) + " (" + with_commas(alarms) + " of " + with_commas(judged) + ")";
}

void write_alarms(const AlarmRates& alarms, std::span<const std::string> warnings, JsonWriter& json) {
  json.field("target_fpr", alarms.target);
  json.field("own_judged", alarms.own_judged).field("own_alarms", alarms.own_alarms);
  json.field("held_out", alarms.held_out).field("held_out_alarms", alarms.held_out_alarms);
  json.key("warnings").values(warnings);
}

}  // namespace seqguard::cli

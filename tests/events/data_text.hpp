// What a reader made of a small text, as one line that a table of cases can hold.
#pragma once

#include <cmath>
#include <sstream>
#include <string>
#include <string_view>

#include "seqguard/core/error.hpp"
#include "seqguard/events/reader.hpp"

namespace seqguard {

/// "user time=ts *event amount# | u: a@1000,2.5 b@?,? | v: .. | 3: reason": key, order and time columns and those of
/// events (the primary one with *, numeric ones with #); the events of each sequence with their time in ms ("?":
/// unknown) and the values of the columns behind the primary one's; rejected rows.
inline std::string text_of(const Dataset& data) {
  std::ostringstream out;
  out << data.key_column();
  if (!data.order_column().empty()) out << " order=" << data.order_column();
  if (!data.time_column().empty()) out << " time=" << data.time_column();
  for (std::size_t c = 0; c < data.columns().size(); ++c)
    out << (c == data.primary() ? " *" : " ") << data.columns()[c].name
        << (data.columns()[c].kind == ColumnKind::numeric ? "#" : "");
  for (std::size_t s = 0; s < data.sequences().size(); ++s) {
    out << " | " << data.sequences()[s].key << ":";
    const EventsView view = data.view(s);
    for (std::size_t i = 0; i < view.n; ++i) {
      out << " " << view.columns[data.primary()].text(i);
      if (!view.time_ms.empty()) out << "@" << (view.time_ms[i] == k_no_time ? "?" : std::to_string(view.time_ms[i]));
      for (std::size_t c = 0; c < view.columns.size(); ++c) {
        if (c == data.primary()) continue;
        out << ",";
        if (view.columns[c].is_text())
          out << view.columns[c].text(i);
        else if (std::isnan(view.columns[c].floats()[i]))
          out << "?";
        else
          out << view.columns[c].floats()[i];
      }
    }
  }
  for (const RejectedRow& row : data.rejected().rows) out << " | " << row.line << ": " << row.reason;
  return out.str();
}

/// The same of a text, or the message of the error.
inline std::string text_of(std::string_view text, const std::string& name, const ReadOptions& options = {}) {
  try {
    return text_of(read_events_from_text(text, name, options));
  } catch (const Error& error) {
    return error.what();
  }
}

}  // namespace seqguard

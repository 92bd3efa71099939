#include "seqguard/events/edit_events.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "events/dependent_values.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

using Difference = std::ptrdiff_t;

/// to[first, first + count) becomes from[begin, begin + n).
template <class T>
void splice(std::vector<T>& to, std::size_t first, std::size_t count, const std::vector<T>& from, std::size_t begin,
            std::size_t n) {
  const auto place = to.begin() + static_cast<Difference>(first), stop = place + static_cast<Difference>(count);
  if (n == 0) {
    to.erase(place, stop);
    return;
  }
  const auto source = from.begin() + static_cast<Difference>(begin);
  const auto common = static_cast<Difference>(std::min(count, n));
  std::copy(source, source + common, place);
  if (count > n)
    to.erase(place + common, stop);
  else
    to.insert(stop, source + common, source + static_cast<Difference>(n));
}

void splice_times(EncodedEvents& events, std::size_t first, std::size_t count, const EncodedEvents& with) {
  const bool unknown = events.time_ms.empty() && events.n > 0;
  if (unknown) return;
  if (with.time_ms.size() == with.n)
    splice(events.time_ms, first, count, with.time_ms, 0, with.n);
  else
    splice(events.time_ms, first, count, std::vector<std::int64_t>(with.n, k_no_time), 0, with.n);
}

/// Position p of column c holds what stands for a number that is missing or not.
void put_number(EncodedEvents& events, const EventSchema& schema, std::size_t c, std::size_t p, float number) {
  const bool known = std::isfinite(number);
  events.values[c][p] = known ? schema.columns[c].transform(number) : 0.0f;
  events.missing[c][p] = known ? 0 : 1;
}

/// The columns that follow from event i's new value of the primary one.
void put_dependent_values(EncodedEvents& events, const EventSchema& schema, std::size_t i, TypeId type) {
  for (std::size_t c = 0; c < schema.columns.size(); ++c) {
    const EventColumn& column = schema.columns[c];
    if (type >= column.dependent_values.size() || !column.dependent_values[type]) continue;
    const std::string& value = *column.dependent_values[type];
    if (column.kind == ColumnKind::numeric)
      put_number(events, schema, c, i + 1, *number_of(value));  // check(schema) has read it
    else
      events.ids[c][i + 1] = column.vocabulary.id(value);
  }
}

}  // namespace

void replace_event(EncodedEvents& events, const EventSchema& schema, std::size_t i, TypeId type) {
  events.types[i] = type;
  events.ids[schema.primary][i + 1] = schema.primary_column().vocabulary.id(type);
  put_dependent_values(events, schema, i, type);
}

void remove_events(EncodedEvents& events, const EventSchema& schema, std::size_t first, std::size_t count) {
  EncodedEvents nothing;
  nothing.ids.resize(schema.columns.size());
  nothing.values.resize(schema.columns.size());
  nothing.missing.resize(schema.columns.size());
  replace_events(events, schema, first, count, nothing);
}

void insert_events(EncodedEvents& events, const EventSchema& schema, std::size_t at, const EncodedEvents& inserted) {
  replace_events(events, schema, at, 0, inserted);
}

void replace_events(EncodedEvents& events, const EventSchema& schema, std::size_t first, std::size_t count,
                    const EncodedEvents& with) {
  // Positions are one further than events: the first is the mark of the beginning.
  const auto splice_column = [&](auto& to, const auto& from) { splice(to, first + 1, count, from, 1, with.n); };
  splice(events.types, first, count, with.types, 0, with.n);
  for (std::size_t c = 0; c < schema.columns.size(); ++c) {
    if (schema.columns[c].kind == ColumnKind::numeric) {
      splice_column(events.values[c], with.values[c]);
      splice_column(events.missing[c], with.missing[c]);
    } else {
      splice_column(events.ids[c], with.ids[c]);
    }
  }
  if (schema.time) {
    splice_column(events.gaps, with.gaps);
    splice_times(events, first, count, with);
  }
  events.n = events.n - count + with.n;
  encode_gaps(events, schema, first, std::min(events.n, first + with.n + 1));
}

void make_event(EncodedEvents& out, const EventSchema& schema, TypeId type, std::int64_t time_ms,
                const EncodedEvents* beside, std::size_t at) {
  const std::size_t columns = schema.columns.size();
  out.n = 1;
  out.types.assign(1, type);
  out.ids.resize(columns);
  out.values.resize(columns);
  out.missing.resize(columns);
  for (std::size_t c = 0; c < columns; ++c) {
    if (schema.columns[c].kind == ColumnKind::numeric) {
      out.values[c].assign(3, 0.0f);
      out.missing[c] = {0, 1, 0};
    } else {
      const EventColumn& column = schema.columns[c];
      const bool is_known = column.persistent && beside != nullptr;
      out.ids[c] = {k_cls_id, is_known ? beside->ids[c][at + 1] : column.vocabulary.id(""), k_sep_id};
    }
  }
  replace_event(out, schema, 0, type);
  if (!schema.time) return;
  out.gaps = {k_gap_pad, k_gap_first, k_gap_pad};
  out.time_ms.assign(1, time_ms);
}

}  // namespace v0
}  // namespace seqguard

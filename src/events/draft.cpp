#include "events/draft.hpp"

#include <algorithm>

#include "seqguard/events/edit_events.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

/// Where column c of an event comes from. What follows from the value stays with the value.
const EventPlace& place_of(const DraftEvent& event, const EventColumn& column) {
  const bool follows = event.type < column.dependent_values.size() && column.dependent_values[event.type];
  return column.persistent && !follows ? event.persistent : event.columns;
}

bool is_same(const DraftEvent& a, const DraftEvent& b, const EventSchema& schema) {
  if (a.type != b.type || a.only_type != b.only_type) return false;
  for (std::size_t c = 0; c < schema.columns.size(); ++c) {
    if (c == schema.primary) continue;
    const EventPlace &x = place_of(a, schema.columns[c]), &y = place_of(b, schema.columns[c]);
    if (schema.columns[c].kind == ColumnKind::categorical) {
      if (x.sequence->ids[c][x.at + 1] != y.sequence->ids[c][y.at + 1]) return false;
    } else if (x.sequence->values[c][x.at + 1] != y.sequence->values[c][y.at + 1] ||
               x.sequence->missing[c][x.at + 1] != y.sequence->missing[c][y.at + 1]) {
      return false;
    }
  }
  return true;
}

DraftEvent clean_event(const EncodedEvents& clean, std::size_t i) {
  const EventPlace place{&clean, i};
  return {place, place, clean.types[i], clean.time_ms.empty() ? k_no_time : clean.time_ms[i], i};
}

/// In each run of equal events those that were put in are the last ones.
void keep_first_of_runs(Draft& draft, const EventSchema& schema) {
  for (std::size_t begin = 0, end = 0; begin < draft.size(); begin = end) {
    for (end = begin + 1; end < draft.size() && is_same(draft[begin], draft[end], schema);) ++end;
    std::size_t kept = begin;
    for (std::size_t i = begin; i < end; ++i)
      if (draft[i].slot != k_put_in) std::swap(draft[kept++].slot, draft[i].slot);
  }
}

/// An event behind lost ones takes the slot of the first of them if it might as well be that one.
void lose_last_of_runs(Draft& draft, const EncodedEvents& clean, const EventSchema& schema) {
  std::size_t next = 0;
  for (DraftEvent& event : draft) {
    if (event.slot == k_put_in) continue;
    if (event.slot > next && is_same(event, clean_event(clean, next), schema)) event.slot = next;
    next = event.slot + 1;
  }
}

void write_labels(const Draft& draft, const EncodedEvents& clean, DamagedEvents& out) {
  const std::size_t n = draft.size();
  out.tags.assign(n, EventTag::remove);
  out.originals.resize(n);
  out.missing.assign(n + 1, k_nothing_missing);
  std::size_t next = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const DraftEvent& event = draft[i];
    out.originals[i] = event.type;
    if (event.slot == k_put_in) continue;
    if (event.slot > next) out.missing[i] = clean.types[next];
    next = event.slot + 1;
    out.originals[i] = clean.types[event.slot];
    out.tags[i] = event.type == out.originals[i] ? EventTag::keep : EventTag::replace;
  }
  if (next < clean.n) out.missing[n] = clean.types[next];
}

void write_categorical(const Draft& draft, const EventSchema& schema, std::size_t c, std::vector<std::int32_t>& ids) {
  const EventColumn& column = schema.columns[c];
  ids.resize(draft.size() + 2);
  ids.front() = k_cls_id;
  ids.back() = k_sep_id;
  for (std::size_t i = 0; i < draft.size(); ++i) {
    const EventPlace& place = place_of(draft[i], column);
    ids[i + 1] = c == schema.primary                        ? column.vocabulary.id(draft[i].type)
                 : draft[i].only_type && !column.persistent ? column.vocabulary.id("")
                                                            : place.sequence->ids[c][place.at + 1];
  }
}

void write_numeric(const Draft& draft, const EventColumn& column, std::size_t c, EncodedEvents& out) {
  out.values[c].assign(draft.size() + 2, 0.0f);
  out.missing[c].assign(draft.size() + 2, 0);
  for (std::size_t i = 0; i < draft.size(); ++i) {
    const EventPlace& place = place_of(draft[i], column);
    out.values[c][i + 1] = draft[i].only_type ? 0.0f : place.sequence->values[c][place.at + 1];
    out.missing[c][i + 1] = draft[i].only_type ? 1 : place.sequence->missing[c][place.at + 1];
  }
}

void write_times(const Draft& draft, bool known, const EventSchema& schema, EncodedEvents& out) {
  out.time_ms.clear();
  if (known)
    for (const DraftEvent& event : draft) out.time_ms.push_back(event.only_type ? k_no_time : event.time_ms);
  out.gaps.assign(draft.size() + 2, k_gap_pad);
  encode_gaps(out, schema, 0, draft.size());
}

void write_events(const Draft& draft, bool with_times, const EventSchema& schema, EncodedEvents& out) {
  const std::size_t columns = schema.columns.size();
  out.n = draft.size();
  out.types.resize(out.n);
  for (std::size_t i = 0; i < out.n; ++i) out.types[i] = draft[i].type;
  out.ids.resize(columns);
  out.values.resize(columns);
  out.missing.resize(columns);
  for (std::size_t c = 0; c < columns; ++c) {
    if (schema.columns[c].kind == ColumnKind::numeric)
      write_numeric(draft, schema.columns[c], c, out);
    else
      write_categorical(draft, schema, c, out.ids[c]);
  }
  if (schema.time) write_times(draft, with_times, schema, out);
  for (std::size_t i = 0; i < out.n; ++i)
    if (draft[i].only_type) replace_event(out, schema, i, draft[i].type);  // with what follows from the value
}

}  // namespace

Draft draft_of(const EncodedEvents& clean) {
  Draft draft(clean.n);
  for (std::size_t i = 0; i < clean.n; ++i) draft[i] = clean_event(clean, i);
  return draft;
}

void write_draft(Draft& draft, const EncodedEvents& clean, const EventSchema& schema, DamagedEvents& out) {
  const bool with_times = schema.time && !clean.time_ms.empty();
  if (!with_times) {
    keep_first_of_runs(draft, schema);
    lose_last_of_runs(draft, clean, schema);
  }
  write_labels(draft, clean, out);
  write_events(draft, with_times, schema, out.events);
}

}  // namespace v0
}  // namespace seqguard

#include "seqguard/events/encode.hpp"

#include <cmath>
#include <string>

#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

[[noreturn]] void fail_column(const EventColumn& column, std::string_view what, std::string_view expected,
                              std::string_view found) {
  fail(ErrorCode::bad_event, "column \"" + column.name + "\"", what, expected, found);
}

void check_columns(const EventsView& events, const EventSchema& schema) {
  if (events.columns.size() != schema.columns.size())
    fail(ErrorCode::bad_event, "events", "the number of columns differs from the schema",
         std::to_string(schema.columns.size()), std::to_string(events.columns.size()));
  for (std::size_t c = 0; c < schema.columns.size(); ++c) {
    const ColumnView& view = events.columns[c];
    const EventColumn& column = schema.columns[c];
    const bool fits = column.kind == ColumnKind::numeric ? view.kind() == ColumnView::Kind::floats
                                                         : view.is_text() || view.kind() == ColumnView::Kind::ids;
    if (!fits && events.n > 0)
      fail_column(column, "wrong kind of values", column.kind == ColumnKind::numeric ? "floats" : "strings or ids",
                  view.is_text()                            ? "strings"
                  : view.kind() == ColumnView::Kind::floats ? "floats"
                                                            : "ids or none");
    if (view.size() != events.n)
      fail_column(column, "wrong number of values", std::to_string(events.n), std::to_string(view.size()));
  }
  if (!events.time_ms.empty() && events.time_ms.size() != events.n)
    fail(ErrorCode::bad_event, "time", "wrong number of values", std::to_string(events.n),
         std::to_string(events.time_ms.size()));
}

TypeId type_at(const ColumnView& view, const EventColumn& column, std::size_t i) {
  if (view.is_text()) return column.vocabulary.type(view.text(i));
  const TypeId type = view.ids()[i];
  if (type >= column.vocabulary.types() && type < k_unseen_type)
    fail_column(column, "id of event " + std::to_string(i) + " is no type",
                "below " + std::to_string(column.vocabulary.types()), std::to_string(type));
  return type;
}

void encode_categorical(const ColumnView& view, const EventColumn& column, std::vector<std::int32_t>& ids,
                        std::vector<TypeId>* types) {
  const std::size_t n = view.size();
  ids.resize(n + 2);
  ids[0] = k_cls_id;
  ids[n + 1] = k_sep_id;
  if (types != nullptr) types->resize(n);
  for (std::size_t i = 0; i < n; ++i) {
    const TypeId type = type_at(view, column, i);
    ids[i + 1] = column.vocabulary.id(type);
    if (types != nullptr) (*types)[i] = type;
  }
}

void encode_numeric(std::span<const float> numbers, const EventColumn& column, std::vector<float>& values,
                    std::vector<std::uint8_t>& missing) {
  const std::size_t n = numbers.size();
  values.assign(n + 2, 0.0f);
  missing.assign(n + 2, 0);
  for (std::size_t i = 0; i < n; ++i) {
    if (std::isfinite(numbers[i]))
      values[i + 1] = column.transform(numbers[i]);
    else
      missing[i + 1] = 1;
  }
}

}  // namespace

std::uint64_t key_number(std::string_view key) noexcept { return hash_bytes(key); }

void encode_gaps(EncodedEvents& events, const EventSchema& schema, std::size_t first, std::size_t last) {
  if (!schema.time) return;
  for (std::size_t i = first; i < last; ++i) {
    if (i == 0)
      events.gaps[i + 1] = k_gap_first;
    else
      events.gaps[i + 1] =
          events.time_ms.empty() ? k_gap_unknown : schema.time->gap(events.time_ms[i - 1], events.time_ms[i]);
  }
}

void encode(const EventsView& events, const EventSchema& schema, EncodedEvents& out) {
  check_columns(events, schema);
  out.n = events.n;
  out.key = events.key.empty() || schema.sequence.profile_key.empty() ? 0 : key_number(events.key);
  const std::size_t columns = schema.columns.size();
  out.ids.resize(columns);
  out.values.resize(columns);
  out.missing.resize(columns);
  for (std::size_t c = 0; c < columns; ++c) {
    const EventColumn& column = schema.columns[c];
    if (column.kind == ColumnKind::numeric)
      encode_numeric(events.columns[c].floats(), column, out.values[c], out.missing[c]);
    else
      encode_categorical(events.columns[c], column, out.ids[c], c == schema.primary ? &out.types : nullptr);
  }
  if (!schema.time) return;
  out.time_ms.assign(events.time_ms.begin(), events.time_ms.end());
  out.gaps.assign(events.n + 2, k_gap_pad);
  encode_gaps(out, schema, 0, events.n);
}

void reserve(EncodedEvents& out, const EventSchema& schema, std::size_t n) {
  const std::size_t columns = schema.columns.size();
  out.types.reserve(n);
  out.ids.resize(columns);
  out.values.resize(columns);
  out.missing.resize(columns);
  for (std::size_t c = 0; c < columns; ++c) {
    if (schema.columns[c].kind == ColumnKind::numeric) {
      out.values[c].reserve(n + 2);
      out.missing[c].reserve(n + 2);
    } else {
      out.ids[c].reserve(n + 2);
    }
  }
  if (!schema.time) return;
  out.gaps.reserve(n + 2);
  out.time_ms.reserve(n);
}

}  // namespace v0
}  // namespace seqguard

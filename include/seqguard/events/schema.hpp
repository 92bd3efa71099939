// What an event consists of, and how its columns become numbers. Stored beside the model as event_schema.json.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "seqguard/events/vocabulary.hpp"

namespace seqguard {
inline namespace v0 {

/// The nature of a column. `time` stands apart from the others (EventSchema::time); `hash` is a reserved name.
enum class ColumnKind { categorical, numeric, time };

/// "categorical", "numeric", "time".
std::string_view to_string(ColumnKind kind) noexcept;
/// @throws Error unsupported for "hash"; invalid_argument for a name that is no kind.
ColumnKind column_kind_from_string(std::string_view name);

/// Numeric values enter the encoder as clip((sign(x) log(1 + |x|) - mean) / std, low, high).
struct NumericTransform {
  double mean = 0;
  double std = 1;
  double low = -8;
  double high = 8;

  float operator()(float value) const noexcept;
};

/// Time gaps enter as one of `buckets` ids: 0 padding, 1 first event, 2 negative or unknown, and
///   3 + min(buckets - 4, floor(log2(1 + gap / unit) * per_octave))
/// for a gap >= 0 to the event before.
struct GapBuckets {
  std::int32_t buckets = 64;
  std::int64_t unit_ms = 1000;
  /// The last bucket begins at ten years: 60 / log2(1 + 10 years / 1 s).
  double per_octave = 2.12;

  std::int32_t operator()(std::int64_t before_ms, std::int64_t time_ms) const noexcept;
};
inline constexpr std::int32_t k_gap_pad = 0;
inline constexpr std::int32_t k_gap_first = 1;
inline constexpr std::int32_t k_gap_unknown = 2;
inline constexpr std::int32_t k_gap_values = 3;  ///< the first bucket of an ordinary gap

/// What the fit saw of a numeric column, or of the gaps between times: later data are held against it
/// (compare_with_schema.hpp).
struct SeenSizes {
  /// Of the sizes |x| of the values that are there and not 0; of gaps: in milliseconds, of those above 0. All 0 where
  /// there are none.
  std::array<double, 3> quartiles = {};
  double missing_share = 0;  ///< of the events: no number, no time
};

/// Numbers outside are outliers (CleaningRules::outliers).
struct UsualNumbers {
  double low = 0, high = 0;
};

/// A categorical or numeric column.
struct EventColumn {
  std::string name;
  ColumnKind kind = ColumnKind::categorical;
  Vocabulary vocabulary;       ///< categorical columns
  NumericTransform transform;  ///< numeric columns
  /// What the column always holds beside a value of the primary column, by type of that (Vocabulary::kept() of them, or
  /// none at all); nullopt: it varies, or was seen too rarely. Numbers in their shortest form, missing ones as "".
  /// A repair that replaces the primary value puts this beside it.
  std::vector<std::optional<std::string>> dependent_values = {};
  std::optional<SeenSizes> seen = {};  ///< numeric columns; nullopt: the file of the schema does not say
  /// A categorical column that is constant over stretches, as the device of a visit is: an event that is put in has
  /// what the event before it has. Never the primary column, nor one that follows from it.
  bool persistent = false;
  std::optional<UsualNumbers> usual = {};  ///< of a numeric column whose outliers are cleaned
};

/// What 01/02/2024 is: unknown (no date), 1 February, or 2 January.
enum class DateOrder { unknown, day_first, month_first };

/// The time column: a feature (the gap to the event before), never an order.
struct TimeColumn {
  std::string name;
  std::string unit = "ms";  ///< of plain numbers in files: "s", "ms", "us" or "ns"; ISO-8601 text is read under any
  GapBuckets gap;
  std::optional<SeenSizes> seen = {};  ///< nullopt: the file of the schema does not say
  DateOrder date_order = DateOrder::unknown;
  std::string format = {};  ///< of all its texts, as of strptime (TimeReading); empty: the forms that are known
};

/// Which events make a sequence, and how long sequences are cut.
struct SequenceRules {
  std::string key;               ///< column that names the sequence; empty: a sequence is a line
  std::string order_by;          ///< column that orders its events; empty: the order of the rows
  std::size_t window = 64;       ///< positions the encoder sees at once, beginning and end marks included; >= 3
  std::size_t stride = 64;       ///< positions between the beginnings of two windows; 1 .. window
  std::string profile_key = {};  ///< column that names whose profile a sequence is judged by; empty: there are none
  DateOrder order_dates = DateOrder::unknown;  ///< of an order column that is not the time column
};

struct EventSchema {
  SequenceRules sequence;
  std::vector<EventColumn> columns;  ///< in the order of EventsView::columns
  std::size_t primary = 0;           ///< the categorical column that the statistics read and that a repair changes
  std::optional<TimeColumn> time;
  std::vector<std::string> missing = {};  ///< texts of keys and categories that are read as "", at most 100
  std::string cleaning = {};  ///< what is done to events that are read (cleaning_from_string()); empty: nothing

  const EventColumn& primary_column() const { return columns[primary]; }
};

/// A one-column schema named "event", without key: the schema of `lines`.
EventSchema lines_schema(Vocabulary vocabulary);

/// @throws Error bad_format if something is out of its range: no categorical primary, names missing or twice, a window
/// below 3 or above 1,000,000, a stride outside 1 .. window, std <= 0, low >= high, buckets outside 8 .. 4096, a value
/// that is not finite, a format of times that names no date.
void check(const EventSchema& schema);

/// The text of event_schema.json. @throws Error bad_format as check().
std::string to_json(const EventSchema& schema);
/// Reads it; `where` names the file in errors. Unknown, missing, duplicate and mistyped fields are refused by name.
/// @throws Error bad_format; unsupported (a column kind, version or feature that this build does not have).
EventSchema schema_from_json(std::string_view json, std::string_view where = "event_schema.json");

}  // namespace v0
}  // namespace seqguard

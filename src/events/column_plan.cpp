#include "events/column_plan.hpp"

#include <algorithm>
#include <set>
#include <span>
#include <string_view>

#include "events/column_values.hpp"
#include "events/date.hpp"
#include "events/dialect.hpp"
#include "events/parse_value.hpp"
#include "events/reading_choices.hpp"
#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

using Names = std::span<const std::string_view>;

constexpr std::string_view k_key_names[] = {
    "user",      "user_id",    "userid",      "uid",      "session",     "session_id", "sessionid",
    "account",   "account_id", "key",         "customer", "customer_id", "visitor",    "visitor_id",
    "visitorid", "client_id",  "sequence_id", "seq_id",   "trace_id",    "case_id",    "case"};
constexpr std::string_view k_time_names[] = {"time",    "ts",         "timestamp",  "datetime",  "date",
                                             "time_ms", "event_time", "created_at", "unix_time", "timestamp_ms"};
constexpr std::string_view k_order_names[] = {"order",    "position", "pos",   "seq",        "seq_no",
                                              "sequence", "step",     "index", "event_index"};
constexpr std::string_view k_primary_names[] = {"event",      "event_type", "event_name", "action", "activity",
                                                "operation",  "command",    "item_id",    "item",   "itemid",
                                                "product_id", "page",       "type"};

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  return result;
}

/// "user.id", as a nested field of JSON is called, counts as "user_id".
bool is_one_of(std::string_view name, Names names) {
  std::string plain = lower(name);
  std::replace(plain.begin(), plain.end(), '.', '_');
  return std::find(names.begin(), names.end(), plain) != names.end();
}

/// Numbers under such a name are identifiers: their size means nothing.
bool names_an_identifier(std::string_view name) {
  constexpr std::string_view names[] = {"item",     "itemid", "product", "sku",   "code",
                                        "category", "zip",    "page",    "event", "action"};
  const std::string text = lower(name);
  return text == "id" || text.ends_with("_id") || text.ends_with("_code") || text.ends_with("_no") ||
         is_one_of(text, names);
}

ColumnKind kind_of(const SourceInfo& source, const SourceColumn& column, const std::vector<std::string_view>& values,
                   ColumnPlan& plan) {
  if (!column.kind && names_an_identifier(column.name)) return ColumnKind::categorical;
  return infer_kind(source, column, values, plan);
}

std::optional<std::size_t> find(const SourceInfo& source, std::string_view name) {
  for (std::size_t i = 0; i < source.columns.size(); ++i)
    if (source.columns[i].name == name) return i;
  return std::nullopt;
}

/// "price:nmeric": the name of no column, in front of which stands one.
void refuse_unknown_kind(const SourceInfo& source, const std::string& name) {
  const std::size_t colon = name.rfind(':');
  if (colon != std::string::npos && find(source, std::string_view(name).substr(0, colon)))
    fail(ErrorCode::invalid_argument, "columns (--columns)", "column kind of " + quoted(name),
         "categorical, numeric or time (or RecBole's token, float)", std::string_view(name).substr(colon + 1));
}

ColumnPlan::Field require_column(const SourceInfo& source, const std::string& name) {
  if (const auto found = find(source, name)) {
    const std::string& unusable = source.columns[*found].unusable;
    if (!unusable.empty())
      fail(ErrorCode::bad_format, source.name, "column " + quoted(name) + " cannot be used",
           "one value a row, and one name", unusable);
    return {name, *found};
  }
  refuse_unknown_kind(source, name);
  std::string names;
  for (const SourceColumn& column : source.columns) {
    if (names.size() > 200) {
      names += ", ..";
      break;
    }
    names += (names.empty() ? "" : ", ") + column.name;
  }
  fail(ErrorCode::bad_format, source.name,
       "no column \"" + name + (source.format == DataFormat::jsonl ? "\" in its lines" : "\" in the header"),
       "\"" + name + "\"", names);
}

std::optional<ColumnPlan::Field> first_named(const SourceInfo& source, Names names,
                                             const std::set<std::size_t>& taken) {
  for (std::size_t i = 0; i < source.columns.size(); ++i)
    if (!taken.contains(i) && source.columns[i].unusable.empty() && is_one_of(source.columns[i].name, names))
      return {{source.columns[i].name, i}};
  return std::nullopt;
}

/// Every row has a value of its own: a row identifier tells nothing about behaviour.
bool identifies_rows(const SourceColumn& column, const std::vector<std::string_view>& values) {
  return values.size() >= 100 && !is_one_of(column.name, k_primary_names) && distinct_values(values) == values.size();
}

/// A number or a date among the names, other than numbers by position.
bool holds_data(const SourceInfo& source) {
  for (std::size_t i = 0; i < source.columns.size(); ++i) {
    const std::string& name = source.columns[i].name;
    double number = 0;
    ExactTime time;
    if (name == std::to_string(i + 1)) continue;
    if (parse_number(name, number) == ParseStatus::ok || parse_time(name, {}, time) == ParseStatus::ok ||
        day_and_month(name))
      return true;
  }
  return false;
}

std::size_t choose_primary(const SourceInfo& source, const ColumnPlan& plan, std::span<const SourceRow> sample,
                           bool listed) {
  std::optional<std::size_t> first, varied;
  for (std::size_t c = 0; c < plan.columns.size(); ++c) {
    const DataColumn& column = plan.columns[c];
    if (column.kind != ColumnKind::categorical) continue;
    if (!first) first = c;
    if (!listed && is_one_of(column.name, k_primary_names)) return c;
    if (!varied && distinct_values(values_of(sample, column.field)) >= 2) varied = c;
  }
  if (!first) {
    const auto list =
        std::find_if(source.columns.begin(), source.columns.end(), [](const auto& c) { return c.is_list; });
    fail(ErrorCode::bad_format, source.name,
         list == source.columns.end()
             ? "no categorical column of events; name one with --columns NAME:categorical"
             : "no categorical column of events; --columns " + list->name + " reads its lists as sequences");
  }
  return listed || !varied ? *first : *varied;
}

/// A column that is called "price:numeric" is meant by that.
ColumnRequest resolved(const SourceInfo& source, const ColumnRequest& request) {
  return !request.whole.empty() && find(source, request.whole) ? ColumnRequest{request.whole} : request;
}

/// The columns that --columns lists; a requested time column becomes the plan's time.
void plan_listed(const SourceInfo& source, std::span<const SourceRow> sample, const ReadOptions& options,
                 ColumnPlan& plan) {
  std::set<std::size_t> listed;
  std::string time = options.time;
  for (const ColumnRequest& asked : options.columns) {
    const ColumnRequest request = resolved(source, asked);
    const ColumnPlan::Field field = require_column(source, request.name);
    if (!listed.insert(field.field).second)
      fail(ErrorCode::invalid_argument, "columns (--columns)", "\"" + request.name + "\" is listed twice");
    const ColumnKind kind = request.kind
                                ? *request.kind
                                : kind_of(source, source.columns[field.field], values_of(sample, field.field), plan);
    if (kind == ColumnKind::time) {
      if (!time.empty() && time != request.name)
        fail(ErrorCode::invalid_argument, "columns (--columns, --time)", "a second time column", "one",
             "\"" + time + "\" and \"" + request.name + "\"");
      time = request.name;
      plan.time = field;
    } else {
      plan.columns.push_back({request.name, kind, field.field});
    }
  }
}

void plan_all(const SourceInfo& source, std::span<const SourceRow> sample, const std::set<std::size_t>& taken,
              ColumnPlan& plan) {
  for (std::size_t field = 0; field < source.columns.size(); ++field) {
    const SourceColumn& column = source.columns[field];
    if (taken.contains(field)) continue;
    if (!column.unusable.empty()) {
      plan.ignored.push_back((column.name.empty() ? "column " + std::to_string(field + 1) : column.name) + " (" +
                             column.unusable + ")");
      continue;
    }
    if (is_one_of(column.name, k_key_names)) {
      plan.ignored.push_back(column.name + " (another key)");
      continue;
    }
    const std::vector<std::string_view> values = values_of(sample, field);
    const ColumnKind kind = kind_of(source, column, values, plan);
    if (kind == ColumnKind::categorical && identifies_rows(column, values))
      plan.ignored.push_back(column.name + " (a value of its own in every row)");
    else
      plan.columns.push_back({column.name, kind, field});
  }
}

/// What stands before a tab names the profile, and the sequence is a line; else it names the sequence.
ColumnPlan plan_of_lines(const SourceInfo& source, bool names_profiles) {
  ColumnPlan plan;
  plan.columns.push_back({source.columns[0].name, ColumnKind::categorical, 0});
  if (source.columns.size() > 1) (names_profiles ? plan.profile_key : plan.key) = {source.columns[1].name, 1};
  return plan;
}

/// Where lists make a sequence of each row, its events are elements of one.
void require_list(const SourceInfo& source, const ColumnPlan& plan) {
  const DataColumn& primary = plan.columns[plan.primary];
  if (source.columns[primary.field].is_list) return;
  for (const SourceColumn& column : source.columns)
    if (column.is_list && column.unusable.empty())
      fail(ErrorCode::invalid_argument, source.name,
           "column " + quoted(column.name) +
               " holds lists, so that each row is a sequence of its elements, but the judged column " +
               quoted(primary.name) + " is no list: name a list first in --columns, or none at all");
}

}  // namespace

bool names_a_key(std::string_view name) { return is_one_of(name, k_key_names); }

ColumnPlan plan_from_schema(const SourceInfo& source, const EventSchema& schema) {
  if (source.format == DataFormat::lines) return plan_of_lines(source, !schema.sequence.profile_key.empty());
  ColumnPlan plan;
  plan.decimal = source.decimal;
  if (schema.sequence.key.empty() && !source.line_is_sequence)
    fail(ErrorCode::bad_format, source.name, "a table needs a schema with a key column; this one is for lines");
  if (!schema.sequence.key.empty()) plan.key = require_column(source, schema.sequence.key);
  if (!schema.sequence.profile_key.empty()) plan.profile_key = require_column(source, schema.sequence.profile_key);
  if (!schema.sequence.order_by.empty()) plan.order = require_column(source, schema.sequence.order_by);
  if (schema.time) {
    plan.time = require_column(source, schema.time->name);
    plan.reading.time = {schema.time->unit, source.decimal, schema.time->date_order, schema.time->format};
  }
  for (const EventColumn& column : schema.columns)
    plan.columns.push_back({column.name, column.kind, require_column(source, column.name).field});
  plan.reading.order = {"ms", source.decimal, schema.sequence.order_dates};
  plan.reading.missing = schema.missing;
  plan.primary = schema.primary;
  require_list(source, plan);
  return plan;
}

ColumnPlan infer_plan(const SourceInfo& source, std::span<const SourceRow> sample, const ReadOptions& options) {
  if (source.format == DataFormat::lines) return plan_of_lines(source, !options.profile_key.empty());
  ColumnPlan plan;
  if (source.format == DataFormat::jsonl && sample.empty())
    fail(ErrorCode::bad_format, source.name, "the file is empty", "an object a line", "nothing");
  plan.decimal = source.decimal;
  std::set<std::size_t> taken;
  const auto choose = [&](const std::string& wanted, Names names) {
    auto field = wanted.empty() ? first_named(source, names, taken) : std::optional(require_column(source, wanted));
    if (field) taken.insert(field->field);
    return field;
  };
  for (const std::string* wanted : {&options.key, &options.profile_key, &options.time})
    if (!wanted->empty()) taken.insert(require_column(source, *wanted).field);
  for (const ColumnRequest& request : options.columns)
    taken.insert(require_column(source, resolved(source, request).name).field);
  plan.key = choose(options.key, k_key_names);
  if (!plan.key && !source.line_is_sequence) {
    fail(
        ErrorCode::bad_format, source.name,
        source.format == DataFormat::jsonl
            ? "no field of its lines looks like a key (user, session, ..); name it with --key"
        : holds_data(source)
            ? "the first row looks like data, not like a header; --no-header --columns user,time,-,event names the "
              "columns by position"
            : "no column of the header looks like a key (user, session, ..); name it with --key, or the separator with "
              "--separator if columns are not parted");
  }
  if (!options.profile_key.empty()) plan.profile_key = require_column(source, options.profile_key);
  if (plan.profile_key && plan.key && plan.profile_key->field == plan.key->field)
    fail(ErrorCode::invalid_argument, source.name,
         "--profile-key \"" + options.profile_key +
             "\" names the sequences themselves, so that each would have a profile "
             "of its own; name the column of the sequences with --key, and that of whoever makes them with "
             "--profile-key");
  plan.time = choose(options.time, k_time_names);  // before the order, which may be the time if it is asked for
  plan.order = choose(options.order, k_order_names);
  const std::optional<ColumnPlan::Field> by_name = plan.time;
  if (!options.columns.empty()) plan_listed(source, sample, options, plan);
  take_given(options, plan);
  choose_date_order(source, sample, plan);
  const bool is_listed = plan.time && (!by_name || by_name->field != plan.time->field);
  const bool time_is_asked = is_listed || !options.time.empty() || !options.time_format.empty();
  if (plan.time && !time_is_asked && is_left_out(source, *plan.time, sample, true, plan)) plan.time.reset();
  if (plan.order && options.order.empty() && is_left_out(source, *plan.order, sample, false, plan)) plan.order.reset();
  if (options.columns.empty()) plan_all(source, sample, taken, plan);
  if (plan.time) plan.reading.time.unit = infer_time_unit(values_of(sample, plan.time->field), plan.decimal);
  plan.primary = choose_primary(source, plan, sample, !options.columns.empty());
  require_list(source, plan);
  return plan;
}

}  // namespace v0
}  // namespace seqguard

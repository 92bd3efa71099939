#include "events/column_plan.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <span>
#include <string_view>
#include <unordered_set>

#include "core/secret_hash.hpp"
#include "events/parse_value.hpp"
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

std::optional<std::size_t> find(const SourceInfo& source, std::string_view name) {
  for (std::size_t i = 0; i < source.columns.size(); ++i)
    if (source.columns[i].name == name) return i;
  return std::nullopt;
}

ColumnPlan::Field require_column(const SourceInfo& source, const std::string& name) {
  if (const auto found = find(source, name)) {
    const std::string& unusable = source.columns[*found].unusable;
    if (!unusable.empty())
      fail(ErrorCode::unsupported, source.name, "column " + quoted(name) + " holds lists (" + unusable + ")",
           "a column with one value a row", unusable);
    return {name, *found};
  }
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
    if (!taken.contains(i) && is_one_of(source.columns[i].name, names)) return {{source.columns[i].name, i}};
  return std::nullopt;
}

/// The values of one field in the sound rows of a sample.
std::vector<std::string_view> values_of(std::span<const SourceRow> sample, std::size_t field) {
  std::vector<std::string_view> values;
  values.reserve(sample.size());
  for (const SourceRow& row : sample)
    if (row.problem.empty()) values.push_back(row.fields[field]);
  return values;
}

std::size_t distinct_values(const std::vector<std::string_view>& values) {
  return std::unordered_set<std::string_view, SecretHash>(values.begin(), values.end()).size();
}

bool all_numbers(const std::vector<std::string_view>& values) {
  bool any = false;
  for (const std::string_view value : values) {
    double number = 0;
    const ParseStatus status = parse_number(value, number);
    if (status == ParseStatus::bad) return false;
    any = any || status == ParseStatus::ok;
  }
  return any;
}

ColumnKind infer_kind(const SourceColumn& column, const std::vector<std::string_view>& values) {
  constexpr std::size_t k_few = 20;  // a rating or an hour tells more as a category
  if (column.kind) return *column.kind;
  return !names_an_identifier(column.name) && all_numbers(values) && distinct_values(values) > k_few
             ? ColumnKind::numeric
             : ColumnKind::categorical;
}

/// Every row has a value of its own: a row identifier tells nothing about behaviour.
bool identifies_rows(const SourceColumn& column, const std::vector<std::string_view>& values) {
  return values.size() >= 100 && !is_one_of(column.name, k_primary_names) && distinct_values(values) == values.size();
}

std::string infer_time_unit(const std::vector<std::string_view>& values) {
  std::vector<double> sizes;
  for (const std::string_view value : values) {
    double number = 0;
    if (parse_number(value, number) == ParseStatus::ok) sizes.push_back(std::abs(number));
  }
  if (sizes.empty()) return "ms";
  const auto middle = sizes.begin() + static_cast<std::ptrdiff_t>(sizes.size() / 2);
  std::nth_element(sizes.begin(), middle, sizes.end());
  return std::string(guess_time_unit(*middle));
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
  if (!first)
    fail(ErrorCode::bad_format, source.name,
         "no categorical column of events; name one with --columns NAME:categorical");
  return listed || !varied ? *first : *varied;
}

/// The columns that --columns lists; a requested time column becomes the plan's time.
void plan_listed(const SourceInfo& source, std::span<const SourceRow> sample, const ReadOptions& options,
                 ColumnPlan& plan) {
  std::set<std::size_t> listed;
  std::string time = options.time;
  for (const ColumnRequest& request : options.columns) {
    const ColumnPlan::Field field = require_column(source, request.name);
    if (!listed.insert(field.field).second)
      fail(ErrorCode::invalid_argument, "columns (--columns)", "\"" + request.name + "\" is listed twice");
    const ColumnKind kind =
        request.kind ? *request.kind : infer_kind(source.columns[field.field], values_of(sample, field.field));
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
      plan.ignored.push_back(column.name + " (" + column.unusable + ")");
      continue;
    }
    if (is_one_of(column.name, k_key_names)) {
      plan.ignored.push_back(column.name + " (another key)");
      continue;
    }
    const std::vector<std::string_view> values = values_of(sample, field);
    const ColumnKind kind = infer_kind(column, values);
    if (kind == ColumnKind::categorical && identifies_rows(column, values))
      plan.ignored.push_back(column.name + " (a value of its own in every row)");
    else
      plan.columns.push_back({column.name, kind, field});
  }
}

ColumnPlan plan_of_lines(const SourceInfo& source) {
  ColumnPlan plan;
  plan.columns.push_back({source.columns[0].name, ColumnKind::categorical, 0});
  if (source.columns.size() > 1) plan.key = {source.columns[1].name, 1};
  return plan;
}

}  // namespace

ColumnPlan plan_from_schema(const SourceInfo& source, const EventSchema& schema) {
  if (source.format == DataFormat::lines) return plan_of_lines(source);
  ColumnPlan plan;
  if (schema.sequence.key.empty() && !source.line_is_sequence)
    fail(ErrorCode::bad_format, source.name, "a table needs a schema with a key column; this one is for lines");
  if (!schema.sequence.key.empty()) plan.key = require_column(source, schema.sequence.key);
  if (!schema.sequence.order_by.empty()) plan.order = require_column(source, schema.sequence.order_by);
  if (schema.time) {
    plan.time = require_column(source, schema.time->name);
    plan.time_unit = schema.time->unit;
  }
  for (const EventColumn& column : schema.columns)
    plan.columns.push_back({column.name, column.kind, require_column(source, column.name).field});
  plan.primary = schema.primary;
  return plan;
}

ColumnPlan infer_plan(const SourceInfo& source, std::span<const SourceRow> sample, const ReadOptions& options) {
  if (source.format == DataFormat::lines) return plan_of_lines(source);
  ColumnPlan plan;
  std::set<std::size_t> taken;
  const auto choose = [&](const std::string& wanted, Names names) {
    auto field = wanted.empty() ? first_named(source, names, taken) : std::optional(require_column(source, wanted));
    if (field) taken.insert(field->field);
    return field;
  };
  for (const std::string* wanted : {&options.key, &options.time})
    if (!wanted->empty()) taken.insert(require_column(source, *wanted).field);
  for (const ColumnRequest& request : options.columns) taken.insert(require_column(source, request.name).field);
  plan.key = choose(options.key, k_key_names);
  if (!plan.key && !source.line_is_sequence) {
    const bool semicolons = source.columns.size() == 1 && source.columns[0].name.find(';') != std::string::npos;
    fail(ErrorCode::bad_format, source.name,
         source.format == DataFormat::jsonl
             ? "no field of its lines looks like a key (user, session, ..); name it with --key"
         : semicolons ? "the header is separated by semicolons, expected commas"
                      : "no column of the header looks like a key (user, session, ..); name it with --key");
  }
  plan.time = choose(options.time, k_time_names);  // before the order, which may be the time if it is asked for
  plan.order = choose(options.order, k_order_names);
  if (options.columns.empty())
    plan_all(source, sample, taken, plan);
  else
    plan_listed(source, sample, options, plan);
  if (plan.time) plan.time_unit = infer_time_unit(values_of(sample, plan.time->field));
  plan.primary = choose_primary(source, plan, sample, !options.columns.empty());
  return plan;
}

}  // namespace v0
}  // namespace seqguard

#include "events/column_plan.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <span>
#include <string_view>
#include <unordered_set>

#include "events/parse_value.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/core/secret_hash.hpp"

namespace seqguard {
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

bool is_one_of(std::string_view name, Names names) {
  return std::find(names.begin(), names.end(), lower(name)) != names.end();
}

/// Numbers under such a name are identifiers: their size means nothing.
bool names_an_identifier(std::string_view name) {
  constexpr std::string_view names[] = {"item",     "itemid", "product", "sku",   "code",
                                        "category", "zip",    "page",    "event", "action"};
  const std::string text = lower(name);
  return text == "id" || text.ends_with("_id") || text.ends_with("_code") || text.ends_with("_no") ||
         is_one_of(text, names);
}

std::optional<std::size_t> find(const std::vector<HeaderCell>& header, std::string_view name) {
  for (std::size_t i = 0; i < header.size(); ++i)
    if (header[i].name == name) return i;
  return std::nullopt;
}

std::size_t require_column(const std::vector<HeaderCell>& header, const std::string& name, const std::string& file) {
  if (const auto found = find(header, name)) return *found;
  std::string names;
  for (const HeaderCell& cell : header) {
    if (names.size() > 200) {
      names += ", ..";
      break;
    }
    names += (names.empty() ? "" : ", ") + cell.name;
  }
  fail(ErrorCode::bad_format, file, "no column \"" + name + "\" in the header", "\"" + name + "\"", names);
}

std::optional<std::size_t> first_named(const std::vector<HeaderCell>& header, Names names,
                                       const std::set<std::size_t>& taken) {
  for (std::size_t i = 0; i < header.size(); ++i)
    if (!taken.contains(i) && is_one_of(header[i].name, names)) return i;
  return std::nullopt;
}

std::size_t distinct_values(const std::vector<std::string>& values) {
  return std::unordered_set<std::string_view, SecretHash>(values.begin(), values.end()).size();
}

bool all_numbers(const std::vector<std::string>& values) {
  bool any = false;
  for (const std::string& value : values) {
    double number = 0;
    const ParseStatus status = parse_number(value, number);
    if (status == ParseStatus::bad) return false;
    any = any || status == ParseStatus::ok;
  }
  return any;
}

ColumnKind infer_kind(const HeaderCell& cell, const std::vector<std::string>& values) {
  constexpr std::size_t k_few = 20;  // a rating or an hour tells more as a category
  if (cell.kind) return *cell.kind;
  return !names_an_identifier(cell.name) && distinct_values(values) > k_few && all_numbers(values)
             ? ColumnKind::numeric
             : ColumnKind::categorical;
}

/// Every row has a value of its own: a row identifier tells nothing about behaviour.
bool identifies_rows(const HeaderCell& cell, const std::vector<std::string>& values) {
  return values.size() >= 100 && !is_one_of(cell.name, k_primary_names) && distinct_values(values) == values.size();
}

std::string infer_time_unit(const std::vector<std::string>& values) {
  std::vector<double> sizes;
  for (const std::string& value : values) {
    double number = 0;
    if (parse_number(value, number) == ParseStatus::ok) sizes.push_back(std::abs(number));
  }
  if (sizes.empty()) return "ms";
  const auto middle = sizes.begin() + static_cast<std::ptrdiff_t>(sizes.size() / 2);
  std::nth_element(sizes.begin(), middle, sizes.end());
  return std::string(guess_time_unit(*middle));
}

std::size_t choose_primary(const ColumnPlan& plan, const ColumnSample& sample, bool listed, const std::string& file) {
  std::optional<std::size_t> first, varied;
  for (std::size_t c = 0; c < plan.columns.size(); ++c) {
    const DataColumn& column = plan.columns[c];
    if (column.kind != ColumnKind::categorical) continue;
    if (!first) first = c;
    if (!listed && is_one_of(column.name, k_primary_names)) return c;
    if (!varied && distinct_values(sample[column.field]) >= 2) varied = c;
  }
  if (!first)
    fail(ErrorCode::bad_format, file, "no categorical column of events; name one with --columns NAME:categorical");
  return listed || !varied ? *first : *varied;
}

/// The columns that --columns lists; a requested time column becomes the plan's time.
void plan_listed(const std::vector<HeaderCell>& header, const ColumnSample& sample, const ReadOptions& options,
                 const std::string& file, ColumnPlan& plan) {
  std::set<std::size_t> listed;
  for (const ColumnRequest& request : options.columns) {
    const std::size_t field = require_column(header, request.name, file);
    if (!listed.insert(field).second)
      fail(ErrorCode::invalid_argument, "columns", "\"" + request.name + "\" is listed twice");
    const ColumnKind kind = request.kind ? *request.kind : infer_kind(header[field], sample[field]);
    if (kind == ColumnKind::time)
      plan.time = field;
    else
      plan.columns.push_back({request.name, kind, field});
  }
}

void plan_all(const std::vector<HeaderCell>& header, const ColumnSample& sample, const std::set<std::size_t>& taken,
              ColumnPlan& plan) {
  for (std::size_t field = 0; field < header.size(); ++field) {
    const HeaderCell& cell = header[field];
    if (taken.contains(field)) continue;
    if (!cell.unusable.empty()) {
      plan.ignored.push_back(cell.name + " (" + cell.unusable + ")");
      continue;
    }
    const ColumnKind kind = infer_kind(cell, sample[field]);
    if (is_one_of(cell.name, k_key_names))
      plan.ignored.push_back(cell.name + " (another key)");
    else if (kind == ColumnKind::categorical && identifies_rows(cell, sample[field]))
      plan.ignored.push_back(cell.name + " (a value of its own in every row)");
    else
      plan.columns.push_back({cell.name, kind, field});
  }
}

}  // namespace

std::vector<HeaderCell> read_header(const std::vector<std::string_view>& fields, DataFormat format,
                                    const std::string& file) {
  std::vector<HeaderCell> header;
  std::unordered_set<std::string, SecretHash> names;
  for (const std::string_view field : fields) {
    HeaderCell cell{std::string(field), std::nullopt, {}};
    const std::size_t colon = field.rfind(':');
    if (format == DataFormat::recbole && colon != std::string_view::npos) {
      const std::string_view type = field.substr(colon + 1);
      if (type == "token") cell.kind = ColumnKind::categorical;
      if (type == "float") cell.kind = ColumnKind::numeric;
      if (type == "token_seq" || type == "float_seq") cell.unusable = type;
      if (cell.kind || !cell.unusable.empty()) cell.name = field.substr(0, colon);
    }
    if (cell.name.empty())
      fail(ErrorCode::bad_format, file + ":1",
           "column " + std::to_string(header.size() + 1) + " of the header has no name");
    if (!names.insert(cell.name).second)
      fail(ErrorCode::bad_format, file + ":1", "column " + quoted(cell.name) + " stands twice in the header");
    header.push_back(std::move(cell));
  }
  return header;
}

ColumnPlan plan_from_schema(const std::vector<HeaderCell>& header, const EventSchema& schema, const std::string& file) {
  ColumnPlan plan;
  if (schema.sequence.key.empty())
    fail(ErrorCode::bad_format, file, "a table needs a schema with a key column; this one is for lines");
  plan.key = require_column(header, schema.sequence.key, file);
  if (!schema.sequence.order_by.empty()) plan.order = require_column(header, schema.sequence.order_by, file);
  if (schema.time) {
    plan.time = require_column(header, schema.time->name, file);
    plan.time_unit = schema.time->unit;
  }
  for (const EventColumn& column : schema.columns)
    plan.columns.push_back({column.name, column.kind, require_column(header, column.name, file)});
  plan.primary = schema.primary;
  return plan;
}

ColumnPlan infer_plan(const std::vector<HeaderCell>& header, const ColumnSample& sample, const ReadOptions& options,
                      const std::string& file) {
  ColumnPlan plan;
  std::set<std::size_t> taken;
  const auto choose = [&](const std::string& wanted, Names names) {
    std::optional<std::size_t> field =
        wanted.empty() ? first_named(header, names, taken) : std::optional(require_column(header, wanted, file));
    if (field) taken.insert(*field);
    return field;
  };
  for (const std::string* wanted : {&options.key, &options.time})
    if (!wanted->empty()) taken.insert(require_column(header, *wanted, file));
  for (const ColumnRequest& request : options.columns) taken.insert(require_column(header, request.name, file));
  const std::optional<std::size_t> key = choose(options.key, k_key_names);
  if (!key) {
    const bool semicolons = header.size() == 1 && header[0].name.find(';') != std::string::npos;
    fail(ErrorCode::bad_format, file,
         semicolons ? "the header is separated by semicolons, expected commas"
                    : "no column of the header looks like a key (user, session, ..); name it with --key");
  }
  plan.key = *key;
  plan.time = choose(options.time, k_time_names);  // before the order, which may be the time if it is asked for
  plan.order = choose(options.order, k_order_names);
  if (options.columns.empty())
    plan_all(header, sample, taken, plan);
  else
    plan_listed(header, sample, options, file, plan);
  if (plan.time) plan.time_unit = infer_time_unit(sample[*plan.time]);
  plan.primary = choose_primary(plan, sample, !options.columns.empty(), file);
  return plan;
}

}  // namespace seqguard

#include "seqguard/sequence_scorer/labelled_texts.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <utility>

#include "core/json_tree.hpp"
#include "events/class_order.hpp"
#include "events/line_reader.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/events/reader.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

/// Characters of a well-formed text before each place that the numbers of spans can name.
class CharacterPlaces {
 public:
  CharacterPlaces(std::string_view text, SpanUnit unit) : unit_(unit) {
    for (std::size_t at = 0; at < text.size(); ++at) {
      const bool begins = (static_cast<unsigned char>(text[at]) & 0xC0u) != 0x80u;
      if (unit == SpanUnit::bytes) places_.push_back(begins ? characters_ : k_inside);
      characters_ += begins ? 1 : 0;
    }
    if (unit == SpanUnit::bytes) places_.push_back(characters_);
  }

  /// Of a number of a span. @throws Error of JsonValue: beyond the text, or inside of a character.
  std::uint32_t operator()(const JsonValue& number) const {
    const std::uint64_t at = number.natural();
    if (unit_ == SpanUnit::characters) {
      if (at > characters_) number.refuse("at most " + std::to_string(characters_) + ", the characters of the text");
      return static_cast<std::uint32_t>(at);
    }
    if (at >= places_.size() || places_[at] == k_inside)
      number.refuse("a byte of the text at which a character begins, or its end, " +
                    std::to_string(places_.size() - 1));
    return places_[at];
  }

 private:
  static constexpr std::uint32_t k_inside = 0xFFFFFFFF;
  SpanUnit unit_;
  std::uint32_t characters_ = 0;
  std::vector<std::uint32_t> places_;  // by byte
};

/// Takes rows as they come; classes are numbered by first sight, and put in order at the end.
class Collector {
 public:
  Collector(std::string file, const LabelledTextOptions& options) : options_(options) {
    result_.file = std::move(file);
    for (const std::string& name : options.classes)
      if (!ids_.emplace(name, ids_.size()).second)
        fail(ErrorCode::invalid_argument, "classes", "each once", "\"" + name + "\" once", "twice");
  }

  std::string place(std::uint64_t line) const { return result_.file + ":" + std::to_string(line); }
  [[noreturn]] void refuse(std::uint64_t line, std::string_view what) const {
    fail(ErrorCode::bad_event, place(line), what);
  }

  LabelledText& add_text(std::string_view text, std::string_view pair, std::uint64_t line) {
    return result_.texts.emplace_back(std::string(text), std::string(pair), std::size_t{0}, std::vector<LabelledSpan>(),
                                      line);
  }

  /// Every row has a class, or every row has spans.
  void demand_kind(bool of_spans, std::uint64_t line) {
    if (result_.texts.size() == 1) result_.of_spans = of_spans;
    if (of_spans == result_.of_spans) return;
    refuse(line, of_spans ? "has \"spans\", but the rows before it have a label"
                          : "has a label, but the rows before it have \"spans\"");
  }

  std::size_t id_of(std::string_view label, std::uint64_t line) {
    const auto found = ids_.find(label);
    if (found != ids_.end()) return found->second;
    if (!options_.classes.empty()) {
      std::string known;
      for (const std::string& name : options_.classes) known += (known.empty() ? "\"" : ", \"") + name + "\"";
      fail(ErrorCode::bad_event, place(line), "label", "one of " + known, "\"" + std::string(label) + "\"");
    }
    return ids_.emplace(label, ids_.size()).first->second;
  }

  LabelledTexts finish() && {
    if (result_.texts.empty()) fail(ErrorCode::bad_format, result_.file, "no text");
    order_classes();
    const std::size_t least = result_.of_spans ? 1 : 2;
    std::vector<std::size_t> counts(result_.classes.size());
    for (const LabelledText& text : result_.texts)
      if (result_.of_spans)
        for (const LabelledSpan& span : text.spans) ++counts[span.label];
      else
        ++counts[text.label];
    const auto used = counts.size() - static_cast<std::size_t>(std::count(counts.begin(), counts.end(), 0u));
    if (used >= least) return std::move(result_);
    if (result_.of_spans) fail(ErrorCode::bad_format, result_.file, "no span has a class");
    fail(ErrorCode::bad_format, result_.file,
         "one class only: every label says \"" + result_.classes[result_.texts.front().label] +
             "\"; a model learns from two or more");
  }

 private:
  void order_classes() {
    std::vector<std::pair<std::string, std::size_t>> names(ids_.begin(), ids_.end());
    const bool given = !options_.classes.empty();
    std::sort(names.begin(), names.end(), [&](const auto& a, const auto& b) {
      return given ? a.second < b.second : class_precedes(a.first, b.first);
    });
    if (!given)
      std::stable_partition(names.begin(), names.end(), [](const auto& name) { return means_normal(name.first); });
    std::vector<std::size_t> places(names.size());
    for (std::size_t c = 0; c < names.size(); ++c) {
      places[names[c].second] = c;
      result_.classes.push_back(names[c].first);
    }
    for (LabelledText& text : result_.texts) {
      if (!result_.of_spans) text.label = places[text.label];
      for (LabelledSpan& span : text.spans) span.label = places[span.label];
    }
  }

  const LabelledTextOptions& options_;
  std::map<std::string, std::size_t, std::less<>> ids_;
  LabelledTexts result_;
};

LabelledTexts read_csv(RowSource& source, const LabelledTextOptions& options) {
  const SourceInfo& info = source.info();
  std::string header;
  for (const SourceColumn& column : info.columns) header += (header.empty() ? "" : ",") + column.name;
  const auto place_of = [&](std::string_view name) {
    const auto found = std::find_if(info.columns.begin(), info.columns.end(),
                                    [&](const SourceColumn& column) { return column.name == name; });
    return static_cast<std::size_t>(found - info.columns.begin());
  };
  const auto require = [&](std::string_view name) {
    if (place_of(name) == info.columns.size())
      fail(ErrorCode::bad_format, info.name, "columns of labelled texts", "\"" + std::string(name) + "\"", header);
    return place_of(name);
  };
  const std::size_t text = require("text"), label = require(options.label_column), pair = place_of("text_pair");
  Collector collector(info.name, options);
  SourceRow row;
  while (source.next(row)) {
    if (!row.problem.empty()) collector.refuse(row.line, row.problem);
    if (row.fields[label].empty()) collector.refuse(row.line, "no label");
    LabelledText& found = collector.add_text(
        row.fields[text], pair < info.columns.size() ? row.fields[pair] : std::string_view(), row.line);
    found.label = collector.id_of(row.fields[label], row.line);
  }
  return std::move(collector).finish();
}

std::string label_text(const JsonValue& value) {
  if (value.is(JsonValue::Kind::integer)) return std::to_string(value.integer());
  if (value.is(JsonValue::Kind::boolean)) return value.boolean() ? "true" : "false";
  if (!value.is(JsonValue::Kind::text)) value.refuse("a text, an integer or a boolean");
  return std::string(value.text());
}

/// [begin, end, "CLASS"].
LabelledSpan parse_span(const JsonValue& value, const CharacterPlaces& places, Collector& collector,
                        std::uint64_t line) {
  const auto begin = value.demand(JsonValue::Kind::array).first_child();
  if (value.size() != 3) value.refuse("[begin, end, \"CLASS\"]");
  const auto end = begin->next_sibling(), label = end->next_sibling();
  const LabelledSpan span{{places(*begin), places(*end)}, collector.id_of(label_text(*label), line)};
  if (span.characters.begin >= span.characters.end) value.refuse("a begin before the end");
  return span;
}

void parse_line(std::string_view content, std::uint64_t line, const LabelledTextOptions& options,
                Collector& collector) {
  const JsonTree tree(content, collector.place(line), ErrorCode::bad_event);
  const JsonValue json = tree.root();
  const auto pair = json.find("text_pair"), label = json.find(options.label_column), spans = json.find("spans");
  LabelledText& found = collector.add_text(json.at("text").text(), pair ? pair->text() : std::string_view(), line);
  if (spans && label) spans->refuse("a label or spans, not both");
  if (!spans && !label) collector.refuse(line, "no label (\"" + options.label_column + "\", or \"spans\")");
  collector.demand_kind(spans.has_value(), line);
  if (label) {
    found.label = collector.id_of(label_text(*label), line);
    return;
  }
  if (pair) pair->refuse("nothing beside \"spans\"");
  const CharacterPlaces places(found.text, options.unit);
  spans->demand(JsonValue::Kind::array).for_each([&](const JsonValue& span) {
    found.spans.push_back(parse_span(span, places, collector, line));
  });
  std::sort(found.spans.begin(), found.spans.end(),
            [](const LabelledSpan& a, const LabelledSpan& b) { return a.characters.begin < b.characters.begin; });
  for (std::size_t i = 1; i < found.spans.size(); ++i)
    if (found.spans[i].characters.begin < found.spans[i - 1].characters.end)
      collector.refuse(line, "spans overlap at character " + std::to_string(found.spans[i].characters.begin));
}

LabelledTexts read_jsonl(LineReader& lines, const LabelledTextOptions& options) {
  Collector collector(lines.name(), options);
  while (lines.next()) {
    if (const std::string problem = lines.problem(); !problem.empty()) collector.refuse(lines.line(), problem);
    const std::string_view content = lines.content();
    if (content.find_first_not_of(" \t") == std::string_view::npos) continue;
    parse_line(content, lines.line(), options, collector);
  }
  return std::move(collector).finish();
}

TextFileFormat format_of(const std::string& path, TextFileFormat format) {
  if (format != TextFileFormat::guess) return format;
  if (path.ends_with(".csv")) return TextFileFormat::csv;
  if (path.ends_with(".jsonl") || path.ends_with(".ndjson")) return TextFileFormat::jsonl;
  fail(ErrorCode::invalid_argument, path, "form of labelled texts", ".csv or .jsonl, or a format", "neither");
}

}  // namespace

LabelledTexts read_labelled_texts(const std::string& path, const LabelledTextOptions& options) {
  if (format_of(path, options.format) == TextFileFormat::csv)
    return read_csv(*open_rows(path, {.format = DataFormat::csv}), options);
  LineReader lines(path, ReadOptions{}.max_line_bytes);
  return read_jsonl(lines, options);
}

LabelledTexts read_labelled_texts_from_text(std::string_view text, const std::string& name,
                                            const LabelledTextOptions& options) {
  if (format_of(name, options.format) == TextFileFormat::csv)
    return read_csv(*open_rows_from_text(text, name, {.format = DataFormat::csv}), options);
  LineReader lines(text, name, ReadOptions{}.max_line_bytes);
  return read_jsonl(lines, options);
}

}  // namespace v0
}  // namespace seqguard

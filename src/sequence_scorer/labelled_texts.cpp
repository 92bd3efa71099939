#include "seqguard/sequence_scorer/labelled_texts.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "core/json_tree.hpp"
#include "events/line_reader.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/events/reader.hpp"
#include "sequence_scorer/label_collector.hpp"

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

/// The classes in a field, parted by the separator; none in an empty one.
std::vector<std::string> split_labels(std::string_view field, char separator, const LabelCollector& collector,
                                      std::uint64_t line) {
  const auto without_blanks = [](std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t");
    return first == std::string_view::npos ? std::string_view()
                                           : text.substr(first, text.find_last_not_of(" \t") + 1 - first);
  };
  std::vector<std::string> labels;
  if (without_blanks(field).empty()) return labels;
  for (std::size_t begin = 0; begin <= field.size();) {
    const std::size_t end = std::min(field.find(separator, begin), field.size());
    labels.emplace_back(without_blanks(field.substr(begin, end - begin)));
    if (labels.back().empty()) collector.refuse(line, "a class without a name in \"" + std::string(field) + "\"");
    begin = end + 1;
  }
  return labels;
}

LabelledTexts read_csv(RowSource& source, const LabelledTextOptions& options) {
  const SourceInfo& info = source.info();
  std::string header;
  for (const SourceColumn& column : info.columns) header += (header.empty() ? "" : ",") + column.name;
  const auto place_of = [&](std::string_view name) {
    const auto found = std::find_if(info.columns.begin(), info.columns.end(),
                                    [&](const SourceColumn& c) { return c.name == name && c.unusable.empty(); });
    return static_cast<std::size_t>(found - info.columns.begin());
  };
  const auto require = [&](std::string_view name) {
    if (place_of(name) == info.columns.size())
      fail(ErrorCode::bad_format, info.name, "columns of labelled texts", "\"" + std::string(name) + "\"", header);
    return place_of(name);
  };
  const std::size_t text = require("text"), label = require(options.label_column), pair = place_of("text_pair");
  LabelCollector collector(info.name, options);
  SourceRow row;
  while (source.next(row)) {
    if (!row.problem.empty()) collector.refuse(row.line, row.problem);
    LabelledText& found = collector.add_text(
        row.fields[text], pair < info.columns.size() ? row.fields[pair] : std::string_view(), row.line);
    if (collector.wants_sets()) {
      collector.set_labels(found, split_labels(row.fields[label], options.separator, collector, row.line));
      continue;
    }
    if (row.fields[label].empty()) collector.refuse(row.line, "no label");
    collector.set_label(found, row.fields[label], false);
  }
  return std::move(collector).finish();
}

std::string label_text(const JsonValue& value, bool may_be_real = false) {
  if (value.is(JsonValue::Kind::integer)) return std::to_string(value.integer());
  if (value.is(JsonValue::Kind::boolean)) return value.boolean() ? "true" : "false";
  if (may_be_real && value.is(JsonValue::Kind::real)) {
    value.number();  // refuses NaN and infinities
    return std::string(value.number_text());
  }
  if (!value.is(JsonValue::Kind::text))
    value.refuse(may_be_real ? "a text, a number, a boolean or an array of labels" : "a text, an integer or a boolean");
  return std::string(value.text());
}

/// [begin, end, "CLASS"].
LabelledSpan parse_span(const JsonValue& value, const CharacterPlaces& places, LabelCollector& collector,
                        std::uint64_t line) {
  const auto begin = value.demand(JsonValue::Kind::array).first_child();
  if (value.size() != 3) value.refuse("[begin, end, \"CLASS\"]");
  const auto end = begin->next_sibling(), label = end->next_sibling();
  const LabelledSpan span{{places(*begin), places(*end)}, collector.id_of(label_text(*label), line)};
  if (span.characters.begin >= span.characters.end) value.refuse("a begin before the end");
  return span;
}

/// The member of the label: one, or an array.
void parse_label(const JsonValue& label, LabelledText& text, LabelCollector& collector) {
  if (!label.is(JsonValue::Kind::array) && !collector.wants_sets())
    return collector.set_label(text, label_text(label, true), !label.is_number());
  std::vector<std::string> labels;
  if (label.is(JsonValue::Kind::array))
    label.for_each([&](const JsonValue& one) { labels.push_back(label_text(one)); });
  else
    labels.push_back(label_text(label));
  collector.set_labels(text, labels);
}

void parse_line(std::string_view content, std::uint64_t line, const LabelledTextOptions& options,
                LabelCollector& collector) {
  const JsonTree tree(content, collector.place(line), ErrorCode::bad_event);
  const JsonValue json = tree.root();
  const auto pair = json.find("text_pair"), label = json.find(options.label_column), spans = json.find("spans");
  LabelledText& found = collector.add_text(json.at("text").text(), pair ? pair->text() : std::string_view(), line);
  if (spans && label) spans->refuse("a label or spans, not both");
  if (!spans && !label) collector.refuse(line, "no label (\"" + options.label_column + "\", or \"spans\")");
  if (label) return parse_label(*label, found, collector);
  collector.begin_spans(found);
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
  LabelCollector collector(lines.name(), options);
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
  LineReader lines(path, ReadOptions{});
  return read_jsonl(lines, options);
}

LabelledTexts read_labelled_texts_from_text(std::string_view text, const std::string& name,
                                            const LabelledTextOptions& options) {
  if (format_of(name, options.format) == TextFileFormat::csv)
    return read_csv(*open_rows_from_text(text, name, {.format = DataFormat::csv}), options);
  LineReader lines(text, name, ReadOptions{});
  return read_jsonl(lines, options);
}

}  // namespace v0
}  // namespace seqguard

// What a model does, as text that is compared to the letter: every number in hexadecimal, so that one bit is a
// difference.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "seqguard/core/files.hpp"
#include "seqguard/core/progress.hpp"
#include "seqguard/seqguard.hpp"

namespace seqguard::tests {

/// Lines of words.
class Record {
 public:
  Record& word(std::string_view text) {
    text_.append(at_begin_ ? "" : " ").append(text);
    at_begin_ = false;
    return *this;
  }
  Record& number(double value) {
    char digits[40];
    std::snprintf(digits, sizeof digits, "%a", value);
    return word(digits);
  }
  Record& count(std::size_t value) { return word(std::to_string(value)); }
  void end() {
    text_ += '\n';
    at_begin_ = true;
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
  bool at_begin_ = true;
};

/// Writes the loss of every report of a training down.
inline ProgressSink loss_sink(Record& losses) {
  return {[](const Progress& progress, void* user) {
            auto& record = *static_cast<Record*>(user);
            if (progress.loss == 0) return true;
            record.word("loss").word(progress.phase).count(progress.done).number(progress.loss);
            record.number(progress.validation_loss).end();
            return true;
          },
          &losses};
}

inline void add_score(Record& record, const Score& score) {
  record.word("score").number(score.value).number(score.p_value).number(score.p_conformal);
  record.word(score.is_anomaly ? "abnormal" : "normal").word("worst").count(score.worst).word("by");
  record.word(to_string(score.worst_by)).word(score.view).end();
  record.word("events");
  for (const EventScore& event : score.events) record.number(event.value).number(event.p_value);
  record.end();
}

inline void add_repair(Record& record, const Repair& repair) {
  record.word("repair").word(to_string(repair.result)).number(repair.largest_gain);
  record.number(repair.score_before).number(repair.score_after).number(repair.p_before).number(repair.p_after).end();
  for (const Edit& edit : repair.edits) {
    record.word("edit").count(edit.position).word(to_string(edit.operation)).word("\"" + edit.before + "\"");
    record.word("\"" + edit.after + "\"").number(edit.probability).number(edit.gain).count(edit.count);
    for (const FollowingColumn& column : edit.followed)
      record.word("column").count(column.column).word("\"" + column.before + "\"").word("\"" + column.after + "\"");
    record.end();
  }
}

/// Everything that the scorer says of the first sequences of a data set.
inline void add_sequences(Record& record, const SequenceScorer& scorer, const Dataset& data, std::size_t count) {
  for (std::size_t s = 0; s < count; ++s) {
    const EventsView events = data.view(s);
    record.word("sequence").count(s).end();
    add_score(record, scorer.score(events));
    const Score both = scorer.score(events, {.masked = true, .masked_if_anomalous = true});
    add_score(record, both);
    auto scratch = scorer.make_scratch(events.n);
    record.word("expected");
    for (const Candidate& candidate : scorer.expected(events, both.worst, 3, scratch))
      record.word("\"" + candidate.value + "\"").number(candidate.probability);
    record.end();
    if (scorer.can_repair()) add_repair(record, scorer.repair(events));
  }
}

/// The number of the first line in which two texts differ, from 1; 0: they are the same.
inline std::size_t first_difference(std::string_view a, std::string_view b) {
  if (a == b) return 0;
  std::size_t line = 1;
  for (std::size_t i = 0; i < a.size() && i < b.size() && a[i] == b[i]; ++i) line += a[i] == '\n' ? 1 : 0;
  return line;
}

/// Line `number` of a text, from 1.
inline std::string line_of(std::string_view text, std::size_t number) {
  while (--number > 0 && !text.empty()) text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
  return std::string(text.substr(0, text.find('\n')));
}

}  // namespace seqguard::tests

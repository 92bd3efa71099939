#include "events/parse_value.hpp"
#include "events/reading_choices.hpp"
#include "events/time_format.hpp"
#include "events/time_text.hpp"
#include "fuzz/targets.hpp"

namespace seqguard {
namespace {

/// A time that is read is written so that it is read again as the same.
void read_and_write(std::string_view text, const TimeReading& reading) {
  ExactTime time, again;
  OrderKey order;
  TimeForm form = TimeForm::none;
  const ParseStatus status = parse_time(text, reading, time);
  const ParseStatus as_order = parse_order(text, reading, order, form);
  if (status == ParseStatus::bad || status == ParseStatus::missing)
    keep(as_order == status, "orders are read as times");
  if (status != ParseStatus::ok) return;
  keep(time.ns >= 0 && time.ns < 1'000'000, "nanoseconds come on top of milliseconds");
  const auto style = time_style(text, reading);
  keep(style.has_value(), "a time that is read has a style");
  const std::string written = time_text(*style, time.ms, time.ns);
  keep(parse_time(written, reading, again) == ParseStatus::ok && again.ms == time.ms && again.ns == time.ns,
       "a time is written as it is read");
}

}  // namespace

// The first line is a format, each further one a time.
void fuzz_times(std::string_view input) {
  const auto take_line = [&] {
    const std::string_view line = input.substr(0, std::min(input.find('\n'), input.size()));
    input.remove_prefix(std::min(line.size() + 1, input.size()));
    return line;
  };
  const std::string format(take_line());
  const bool is_sound = problem_of_format(format).empty();
  while (!input.empty()) {
    const std::string_view text = take_line();
    for (const DateOrder order : {DateOrder::unknown, DateOrder::day_first, DateOrder::month_first})
      for (const char* unit : {"s", "ns"}) read_and_write(text, {unit, ',', order});
    if (is_sound) read_and_write(text, {.format = format});
    DateGuess guess;
    guess.add(std::span(&text, 1));
    keep(guess.order() == DateOrder::unknown || !guess.reason().empty(), "a guess has its reason");
  }
}

}  // namespace seqguard

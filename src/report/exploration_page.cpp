#include <algorithm>
#include <cmath>
#include <span>

#include "report/charts.hpp"
#include "report/judged_sections.hpp"
#include "report/number_text.hpp"
#include "report/page.hpp"
#include "report/plot.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

double share(std::size_t part, std::size_t whole) {
  return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : 0;
}

std::string period(const Exploration& e) {
  if (!e.time) return "no time column";
  if (!e.time->is_calendar) return seconds_text(static_cast<double>(e.time->last_ms - e.time->first_ms) / 1000);
  return date_text(e.time->first_ms) + " to " + date_text(e.time->last_ms);
}

void write_overview(Page& page, const Exploration& e) {
  std::vector<Tile> tiles{
      {"Sequences", with_commas(e.sequences), e.key_column.empty() ? "one a line" : "by " + e.key_column},
      {"Events", with_commas(e.events),
       fixed(static_cast<double>(e.events) / static_cast<double>(e.sequences), 1) + " a sequence on average"},
      {"Median length", tidy(e.lengths.median), "90 % have at most " + tidy(e.lengths.p90)},
      {"Rejected rows", with_commas(e.rejected.count),
       e.rejected.count > 0 ? percent(share(e.rejected.count, e.events + e.rejected.count)) + " of all rows"
                            : "every row could be read",
       e.rejected.count > 0},
      {"Repeated sequences", with_commas(e.repeated_sequences),
       percent(share(e.repeated_sequences, e.sequences)) + " equal an earlier one"},
      {"Repeated events", with_commas(e.repeated_events),
       percent(share(e.repeated_events, e.events)) + " equal the one before in all columns and time"}};
  const ColumnFacts& judged =
      *std::find_if(e.columns.begin(), e.columns.end(), [](const auto& c) { return c.is_primary; });
  tiles.push_back({"Judged column", shortened(judged.name, 20), counted(judged.distinct, "value")});
  if (e.time && e.time->is_calendar)
    tiles.push_back({"First event", date_text(e.time->first_ms), "last one " + date_text(e.time->last_ms) + ", UTC"});
  else if (e.time)
    tiles.push_back({"Time", period(e), "from the first to the last event"});
  else
    tiles.push_back({"Time", "none", "no time column: order by rows"});
  write_tiles(page.html(), tiles);
  std::vector<std::string> findings;
  for (const DataFinding& finding : e.findings) findings.push_back(finding.message);
  if (!findings.empty())
    write_notice(page.html(), Tone::warning, "To look at before you learn from these data", findings);
  if (e.rejected.count > 0) {
    constexpr std::size_t k_examples = 8;
    std::vector<std::string> examples;
    for (std::size_t i = 0; i < std::min(k_examples, e.rejected.rows.size()); ++i)
      examples.push_back(e.rejected.message(i));
    if (e.rejected.count > examples.size())
      examples.push_back("and " + with_commas(e.rejected.count - examples.size()) + " more");
    write_notice(page.html(), Tone::warning, counted(e.rejected.count, "row") + " could not be read", examples);
  }
  if (!e.ignored.empty()) write_notice(page.html(), Tone::plain, "Columns that are not used", e.ignored);
  std::vector<std::string> reading;
  for (const auto& [name, value] : e.reading) reading.push_back(name + ": " + value);
  if (!reading.empty()) write_notice(page.html(), Tone::plain, "How the file was read", reading);
}

/// Which scale a histogram has, and what it leaves out.
std::string scale_words(const Distribution& d, std::string_view noun) {
  if (d.is_log) return ", on a logarithmic scale.";
  if (d.outside == 0) return ".";
  return "; " + with_commas(d.outside) + " " + std::string(noun) + " lie outside, from " + tidy(d.min) + " to " +
         tidy(d.max) + ".";
}

std::string count_of(double value) { return tidy(value); }

void write_rhythm(Page& page, const TimeFacts& time) {
  static constexpr const char* days[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
  static constexpr const char* names[] = {"Mondays", "Tuesdays",  "Wednesdays", "Thursdays",
                                          "Fridays", "Saturdays", "Sundays"};
  HeatMap map;
  map.cell_width = 17.5;
  map.cell_height = 26;
  map.name_width = 40;
  std::size_t most = 1, best_day = 0, best_hour = 0;
  for (std::size_t d = 0; d < 7; ++d)
    for (std::size_t h = 0; h < 24; ++h)
      if (time.rhythm[d][h] > most) {
        most = time.rhythm[d][h];
        best_day = d;
        best_hour = h;
      }
  for (std::size_t h = 0; h < 24; ++h) map.columns.push_back(h % 3 == 0 ? std::to_string(h) : "");
  for (std::size_t d = 0; d < 7; ++d) {
    map.rows.emplace_back(days[d]);
    for (std::size_t h = 0; h < 24; ++h) {
      map.shades.push_back(share(time.rhythm[d][h], most));
      map.tips.push_back(std::string(days[d]) + " " + std::to_string(h) +
                         ":00 UTC: " + counted(time.rhythm[d][h], "event"));
    }
  }
  page.figure("rhythm",
              std::string("Busiest: ") + names[best_day] + " at " + std::to_string(best_hour) + ":00 UTC, " +
                  counted(most, "event"),
              "Events by weekday and hour of the day, UTC. The darker, the more; rest on a cell for its number.",
              [&](Html& html) { draw_heat_map(html, "events by weekday and hour", map); });
}

void write_activity(Page& page, const TimeFacts& time) {
  if (time.activity.empty()) return;
  const double begin = time.activity.front().low, end = time.activity.back().high;
  std::size_t most = 1;
  for (const Bin& bin : time.activity) most = std::max(most, bin.count);
  Axis axis{"time, UTC", begin, end, false, {}};
  for (int k = 0; k <= 3; ++k) {
    const double at = begin + (end - begin) * (0.08 + 0.28 * k);
    axis.ticks.push_back({at, date_text(static_cast<std::int64_t>(at))});
  }
  page.figure(
      "activity", "When the events happen: " + seconds_text((end - begin) / 1000) + " of traffic",
      "Events in forty equal stretches of time; the first and the last 0.2 % of the times are left out, which "
      "wrong clocks move far away.",
      [&](Html& html) {
        Plot plot(html, "events over time", std::move(axis), linear_axis("events", 0, 1.1 * static_cast<double>(most)));
        for (const Bin& bin : time.activity)
          plot.box(bin.low, bin.high, 0, static_cast<double>(bin.count), "fill-blue",
                   "from " + date_text(static_cast<std::int64_t>(bin.low)) + ": " + counted(bin.count, "event"));
      });
}

void write_shape(Page& page, const Exploration& e) {
  page.section("shape", "Lengths and times", "How long sequences are, and how their events follow each other in time.");
  page.figure("lengths",
              "Half of the sequences have " + tidy(e.lengths.median) +
                  (e.lengths.median == 1 ? " event; the longest has " : " events or fewer; the longest has ") +
                  tidy(e.lengths.max),
              "Events of a sequence" + scale_words(e.lengths, "sequences"),
              [&](Html& html) { draw_distribution(html, e.lengths, "events of a sequence", "sequences", count_of); });
  if (!e.time) return;
  const TimeFacts& time = *e.time;
  std::string caption = "Time from one event of a sequence to the next, seconds on a logarithmic scale.";
  if (time.backwards > 0)
    caption += " " + counted(time.backwards, "event") + (time.backwards == 1 ? " is" : " are") +
               " earlier than the one before and left out.";
  if (time.unknown > 0)
    caption += " " + counted(time.unknown, "event") + (time.unknown == 1 ? " has" : " have") + " no time.";
  if (time.gaps.count > 0)
    page.figure("gaps",
                "The median gap is " + seconds_text(time.gaps.median) + "; one in a hundred exceeds " +
                    seconds_text(time.gaps.p99),
                caption, [&](Html& html) { draw_distribution(html, time.gaps, "gap, seconds", "gaps", seconds_text); });
  if (time.is_calendar) {
    write_activity(page, time);
    write_rhythm(page, time);
  }
}

void write_categorical(Page& page, const Exploration& e, const ColumnFacts& column) {
  std::size_t covered = 0;
  for (const CountedValue& value : column.top) covered += value.count;
  const std::size_t shown = column.top.size();
  const std::string title = column.name + ": " + counted(column.distinct, "value") +
                            (shown < column.distinct ? ", the " + with_commas(shown) + " most frequent cover " +
                                                           percent(share(covered, e.events))
                                                     : "");
  std::string caption = "Share of the events.";
  if (column.once > 0)
    caption += " " + counted(column.once, "value") + (column.once == 1 ? " occurs" : " occur") + " only once.";
  page.figure(
      "values-" + shortened(column.name, k_name), title + (column.is_primary ? " (judged)" : ""), caption,
      [&](Html& html) {
        std::vector<Bar> bars;
        for (const CountedValue& value : column.top)
          bars.push_back({value.value, static_cast<double>(value.count), percent(share(value.count, e.events)),
                          (value.value.empty() ? "(empty)" : value.value) + ": " + counted(value.count, "event")});
        write_bars(html, bars);
      });
}

void write_missing(Page& page, const Exploration& e) {
  constexpr std::size_t k_most = 30;
  std::vector<Bar> bars;
  const auto add = [&](const std::string& name, std::size_t missing) {
    bars.push_back({name, static_cast<double>(missing), percent(share(missing, e.events)), {}, false});
  };
  for (const ColumnFacts& column : e.columns) add(column.name, column.missing);
  if (e.time) add(e.time->column + " (time)", e.time->unknown);
  const auto incomplete =
      static_cast<std::size_t>(std::count_if(bars.begin(), bars.end(), [](const Bar& bar) { return bar.value > 0; }));
  std::string caption =
      "Share of the events whose field is empty or, in a column of numbers, no number. An empty text is a category of "
      "its "
      "own to a model.";
  if (bars.size() > k_most) {
    std::stable_sort(bars.begin(), bars.end(), [](const Bar& a, const Bar& b) { return a.value > b.value; });
    caption += " The " + with_commas(k_most) + " columns with the most of " + with_commas(bars.size()) + ".";
    bars.resize(k_most);
  }
  page.figure("missing",
              incomplete == 0
                  ? "No value is missing"
                  : counted(incomplete, "column") + (incomplete == 1 ? " has" : " have") + " missing values",
              caption, [&](Html& html) { write_bars(html, bars, static_cast<double>(e.events)); });
}

void write_values(Page& page, const Exploration& e) {
  constexpr std::size_t k_most_columns = 30;
  page.section("values", "Values",
               e.columns.size() <= k_most_columns
                   ? "What stands in each column."
                   : "What stands in the first " + with_commas(k_most_columns) + " columns of " +
                         with_commas(e.columns.size()) + "; --json has all.");
  for (const ColumnFacts& column : std::span(e.columns).first(std::min(k_most_columns, e.columns.size())))
    if (!column.numbers)
      write_categorical(page, e, column);
    else
      page.figure("values-" + shortened(column.name, k_name),
                  shortened(column.name, k_name) + ": median " + tidy(column.numbers->median) + ", from " +
                      tidy(column.numbers->min) + " to " + tidy(column.numbers->max),
                  "Numbers of the column" + scale_words(*column.numbers, "events"), [&](Html& html) {
                    draw_distribution(html, *column.numbers, shortened(column.name, k_name), "events", count_of);
                  });
  write_missing(page, e);
}

void write_order(Page& page, const Exploration& e) {
  const Transitions& t = e.transitions;
  const std::size_t n = t.values.size();
  if (t.pairs == 0) return;
  std::size_t best = 0, shown = 0;
  HeatMap map;
  map.slanted = true;
  map.cell_width = 46;
  map.cell_height = 26;
  map.name_width = 130;
  map.rows = map.columns = t.values;
  for (auto* names : {&map.rows, &map.columns})
    for (std::string& name : *names)
      if (name.empty()) name = "(empty)";
  for (std::size_t i = 0; i < n * n; ++i) {
    const double part = share(t.counts[i], t.leaving[i / n]);
    if (t.counts[i] > t.counts[best]) best = i;
    shown += t.counts[i];
    map.shades.push_back(part);
    map.words.push_back(part >= 0.1 ? fixed(100 * part, 0) : "");
    map.tips.push_back(map.rows[i / n] + " \xE2\x86\x92 " + map.columns[i % n] + ": " + with_commas(t.counts[i]) +
                       ", " + percent(part) + " of what follows");
  }
  page.section("order", "Order",
               "Which event follows which. Strong cells are habits; what normal sequences never do stays empty.");
  page.figure(
      "transitions",
      "The most frequent step: " + map.rows[best / n] + " \xE2\x86\x92 " + map.columns[best % n] + ", " +
          with_commas(t.counts[best]) + " times",
      "Row: an event; column: the next one; number: per cent of what follows the row's event, from 10 on. The " +
          with_commas(n) + " most frequent values, which make up " + percent(share(shown, t.pairs)) + " of all steps.",
      [&](Html& html) {
        html.open("div", {{"class", "scroll"}});
        draw_heat_map(html, "transitions between events", map);
        html.close();
      },
      true);
}

void draw_novelty(Html& html, const Exploration& e) {
  double most = 0.001;
  for (const NoveltySlice& slice : e.novelty) most = std::max(most, share(slice.new_values, slice.events));
  Plot plot(html, "share of new values over time",
            linear_axis(e.by_time ? "share of the events, in the order of their times, %"
                                  : "share of the events, in the order of the rows, %",
                        0, 100),
            share_axis("events with a value that nobody has seen before", most * 1.08));
  std::vector<std::pair<double, double>> points;
  const double width = 100 / static_cast<double>(e.novelty.size());
  for (std::size_t k = 0; k < e.novelty.size(); ++k)
    points.emplace_back(width * (static_cast<double>(k) + 0.5), share(e.novelty[k].new_values, e.novelty[k].events));
  plot.line(points, "line-blue");
  for (std::size_t k = 0; k < points.size(); ++k) {
    const NoveltySlice& slice = e.novelty[k];
    const std::string from =
        slice.begin_ms != k_no_time && e.time && e.time->is_calendar ? "from " + date_text(slice.begin_ms) + ": " : "";
    plot.point(points[k].first, points[k].second, 4, "dot-blue",
               from + with_commas(slice.new_values) + " of " + counted(slice.events, "event") + ", " +
                   percent(points[k].second));
  }
}

void draw_halves(Html& html, const HalvesFacts& halves) {
  double most = 0;
  for (const ShareChange& change : halves.changes) most = std::max({most, change.first, change.last});
  write_legend(html, {{"fill-blue", "first half"}, {"fill-bad", "last half"}});
  std::vector<Bar> bars;
  const std::span shown(halves.changes.data(), std::min<std::size_t>(6, halves.changes.size()));
  for (const ShareChange& change : shown) {
    const std::string name = change.value.empty() ? "(empty)" : change.value;
    bars.push_back({name, change.first, percent(change.first), name + " in the first half: " + percent(change.first)});
    bars.push_back({" ", change.last, percent(change.last), name + " in the last half: " + percent(change.last), true});
  }
  write_bars(html, bars, most);
}

void write_stability(Page& page, const Exploration& e) {
  page.section("stability", "Does it stay the same?",
               "What a model learns from the first days must hold on the last ones. Order of the events: " +
                   std::string(e.by_time ? "their times." : "their rows."));
  const NoveltySlice& last = e.novelty.back();
  page.figure("novelty", percent(share(last.new_values, last.events)) + " of the last events bring a value that is new",
              "Twenty parts with equally many events. The curve falls while the vocabulary fills; where it stays high "
              "or rises, new values never stop coming.",
              [&](Html& html) { draw_novelty(html, e); });
  const HalvesFacts& halves = e.halves;
  // Twice what chance does: two halves of the same traffic differ by about that.
  constexpr std::size_t k_fewest = 20;  // sequences: halves of fewer say nothing
  const bool drifts = halves.distance > 2 * halves.chance && halves.distance > 0.01;
  page.figure("drift",
              (e.sequences < k_fewest ? "Too few sequences to tell a drift: "
               : drifts               ? "The last half differs from the first: "
                                      : "No drift beyond chance: ") +
                  percent(halves.distance) + " of the events would have to change",
              "Shares of the values that moved most. Every other sequence against the rest: " + percent(halves.chance) +
                  ", which is chance. Median length: " + tidy(halves.median_length_first) + " events, then " +
                  tidy(halves.median_length_last) + ".",
              [&](Html& html) { draw_halves(html, halves); });
}

void write_judged(Page& page, const JudgedData& judged) {
  page.section("judged", "How a model judges these sequences",
               judged_words(judged) + " Model: \"" + judged.model + "\".");
  write_judged_figures(page, judged);
  write_maps(page, judged);
  page.section("worst", "The most abnormal sequences");
  write_worst(page, judged);
}

}  // namespace

std::string exploration_page(const Exploration& e, const JudgedData* judged) {
  Page page("Data exploration", e.file,
            counted(e.sequences, "sequence") + " with " + counted(e.events, "event") +
                (e.time && e.time->is_calendar ? " from " + period(e) : "") +
                ": what they look like, and whether they stay the same.");
  write_overview(page, e);
  write_shape(page, e);
  write_values(page, e);
  write_order(page, e);
  write_stability(page, e);
  if (judged != nullptr) write_judged(page, *judged);
  return page.finish(footer_text("The numbers are those of seqguard inspect --json."));
}

}  // namespace v0
}  // namespace seqguard

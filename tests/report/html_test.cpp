// Whatever the data say, a page stays a page.
#include "report/html.hpp"

#include <doctest/doctest.h>

#include "report/charts.hpp"
#include "report/number_text.hpp"
#include "report/plot.hpp"
#include "seqguard/events/reader.hpp"
#include "seqguard/report/exploration_report.hpp"

using namespace seqguard;

namespace {

std::size_t count(const std::string& text, std::string_view part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

}  // namespace

TEST_CASE("html: text and attributes are escaped, what is no text is replaced") {
  Html html;
  html.open("p", {{"title", "\"><script>"}}).text("<b> & 'c' \x01\xff\xED\xA0\x80 \xC3\xA9").close();
  const std::string replaced = "\xEF\xBF\xBD";
  CHECK(html.finish() == "<p title=\"&quot;&gt;&lt;script&gt;\">&lt;b&gt; &amp; &#39;c&#39; " + replaced + replaced +
                             replaced + replaced + replaced + " \xC3\xA9</p>\n");
}

TEST_CASE("html: what is open is closed, numbers are short") {
  Html html;
  html.open("a").open("b", {{"x", 0.125}, {"y", 2.0}, {"z", -0.001}});
  CHECK(html.finish() == "<a><b x=\"0.12\" y=\"2\" z=\"0\"></b></a>\n");
}

TEST_CASE("long texts are cut between characters") {
  CHECK(shortened("abcd", 4) == "abcd");
  CHECK(shortened("abcde", 4) == "abc\xE2\x80\xA6");
  CHECK(shortened("\xC3\xA9\xC3\xA9\xC3\xA9", 2) == "\xC3\xA9\xE2\x80\xA6");
}

TEST_CASE("axes: round ticks within the range") {
  const Axis linear = linear_axis("x", 0, 97);
  REQUIRE(linear.ticks.size() == 5);
  CHECK(linear.ticks[1].text == "20");
  const Axis log = log_axis("x", 0.5, 2000);
  REQUIRE(log.ticks.size() == 4);
  CHECK(log.ticks[0].text == "1");
  CHECK(log.ticks[3].text == "1,000");
  CHECK(log_axis("x", 1e-3, 1e8).ticks.size() <= 5);
  CHECK(share_axis("x").ticks.back().text == "100 %");
  CHECK(linear_axis("x", 3, 3).high > 3);
}

TEST_CASE("numbers: three digits that count") {
  CHECK(tidy(1234.4) == "1,234");
  CHECK(tidy(12.34) == "12.3");
  CHECK(tidy(-3) == "-3");
  CHECK(tidy(0.001234) == "0.00123");
  CHECK(date_text(0) == "1970-01-01");
  CHECK(date_text(-1) == "1969-12-31");
  CHECK(date_text(1'710'331'980'000) == "2024-03-13");
}

TEST_CASE("exploration page: a hostile file stays text, and nothing is loaded or run") {
  const std::string evil = "</style><script>alert(1)</script><img src=http://x.test/a onerror=alert(1)>";
  std::string csv = "user,time,event,<script>\n";
  for (int i = 0; i < 40; ++i)
    csv += "u" + std::to_string(i / 4) + ",2024-01-0" + std::to_string(1 + i % 4) + "T00:00:00Z," +
           (i % 3 == 0 ? evil : "view") + "," + (i % 2 == 0 ? "\"\"\"'><b>\"" : "") + "\n";
  csv += evil + ",never,view,1\n";
  const Dataset data = read_events_from_text(csv, "<script>.csv");
  const std::string page = exploration_page(explore(data));
  CHECK(count(page, "<script") == 0);
  CHECK(count(page, "<img") == 0);
  CHECK(count(page, "<b>") == count(page, "</b>"));
  CHECK(count(page, "<style>") == 1);
  CHECK(count(page, "</style>") == 1);
  CHECK(count(page, "&lt;script&gt;alert(1)") > 0);
  CHECK(count(page, "url(") == 0);
  CHECK(count(page, "@import") == 0);
  CHECK(count(page, "default-src &#39;none&#39;") == 1);
  for (const char* figure : {"lengths", "gaps", "rhythm", "transitions", "novelty", "drift", "missing"})
    CHECK(count(page, "<figure id=\"" + std::string(figure) + "\"") == 1);
  for (const char* tag : {"figure", "svg", "section", "div", "text", "title"})
    CHECK(count(page, "<" + std::string(tag) + " ") + count(page, "<" + std::string(tag) + ">") ==
          count(page, "</" + std::string(tag) + ">"));
  CHECK(page.size() < 200'000);
}

TEST_CASE("exploration page: data with nothing to show have a page too") {
  for (const char* lines : {"a\n", "a\na\n", "a b c\n"}) {
    const std::string page = exploration_page(explore(read_events_from_text(lines, "log.txt")));
    CHECK(count(page, "<figure id=\"lengths\"") == 1);
    CHECK(count(page, "nan") == 0);
    CHECK(count(page, "inf") == 0);
  }
}

TEST_CASE("exploration page: long values and many columns do not make it large") {
  std::string csv = "user";
  for (int c = 0; c < 200; ++c) csv += ",column" + std::to_string(c);
  csv += "\n";
  for (int i = 0; i < 40; ++i) {
    csv += "u" + std::to_string(i / 4);
    for (int c = 0; c < 200; ++c) csv += "," + std::string(500, static_cast<char>('a' + (i + c) % 20));
    csv += "\n";
  }
  const std::string page = exploration_page(explore(read_events_from_text(csv, std::string(3000, 'n') + ".csv")));
  CHECK(page.size() < 2'000'000);
  CHECK(count(page, "<figure id=\"values-") == 30);
  CHECK(count(page, std::string(k_longest_text, 'a')) == 0);
}

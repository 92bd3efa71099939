// Labels of sequences and events: from a file beside the data, and from a column of the data.
#include "seqguard/events/class_labels.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <string>
#include <vector>

#include "seqguard/core/error.hpp"
#include "seqguard/events/reader.hpp"
#include "support/temporary_directory.hpp"

using namespace seqguard;

namespace {

constexpr std::size_t k_none = k_unknown_class;
constexpr const char* k_rows =
    "user,position,event,verdict\n"
    "u1,10,login,\nu2,10,login,fraud\nu1,20,view,ok\nu1,30,pay,\nu2,20,pay,fraud\nu3,10,login,\n";

Dataset data(const char* column = "event") {
  return read_events_from_text(k_rows, "visits.csv", {.columns = {{column, ColumnKind::categorical}}});
}

ClassLabels read(const std::string& text, const ClassLabelOptions& options = {}) {
  const TemporaryDirectory directory;
  std::ofstream(directory / "labels.csv") << text;
  return read_class_labels(directory / "labels.csv", data(), options);
}

void refuses(const std::string& text, const char* why, const ClassLabelOptions& options = {}) {
  CAPTURE(text);
  CHECK_THROWS_WITH_AS(read(text, options), doctest::Contains(why), Error);
}

}  // namespace

TEST_CASE("a file labels sequences, and what it does not name is unknown or normal") {
  const ClassLabels labels = read("user,label\nu2,fraud\nu1,normal\n");
  CHECK(labels.classes == std::vector<std::string>{"normal", "fraud"});
  CHECK(!labels.of_events);
  CHECK(labels.values == std::vector<std::size_t>{0, 1, k_none});
  CHECK(labels.counts() == std::vector<std::size_t>{1, 1});
  CHECK(read("user,label\nu2,fraud\n", {.unlabelled_are_normal = true}).values == std::vector<std::size_t>{0, 1, 0});
  // Another column than the label, other names of it, and said twice alike.
  CHECK(read("note,kind,user\nx,1,u2\ny,0,u1\ny,0,u1\n").values == std::vector<std::size_t>{0, 1, k_none});
  CHECK(read("user,how\nu2,bad\nu1,good\n", {.column = "how", .normal = "good"}).classes ==
        std::vector<std::string>{"good", "bad"});
}

TEST_CASE("a file with positions labels events") {
  const ClassLabels labels = read("user,position,label\nu1,20,odd\nu1,30,none\nu3,10,\n");
  CHECK(labels.of_events);
  CHECK(labels.values == std::vector<std::size_t>{k_none, 1, 0, k_none, k_none, 0});
}

TEST_CASE("labels of events become labels of sequences, and kinds become one class") {
  const Dataset visits = data();
  const ClassLabels events = read("user,position,label\nu1,10,none\nu1,20,odd\nu1,30,bad\nu2,20,0\nu3,10,bad\n");
  CHECK(events.classes == std::vector<std::string>{"normal", "bad", "odd"});
  const ClassLabels sequences = sequence_labels(events, visits);
  CHECK(!sequences.of_events);
  CHECK(sequences.values == std::vector<std::size_t>{2, 0, 1});
  CHECK(sequence_labels(sequences, visits).values == sequences.values);
  const ClassLabels two = normal_or_abnormal(sequences);
  CHECK(two.classes == std::vector<std::string>{"normal", "abnormal"});
  CHECK(two.values == std::vector<std::size_t>{1, 0, 1});
  CHECK(sequence_labels(read("user,position,label\nu1,20,odd\nu2,10,0\n"), visits).values ==
        std::vector<std::size_t>{1, 0, k_none});
}

TEST_CASE("classes are in the order of their numbers, the normal one first") {
  const ClassLabels labels = read("user,label\nu1,10\nu2,9\nu3,0\n");
  CHECK(labels.classes == std::vector<std::string>{"normal", "9", "10"});
  CHECK(labels.values == std::vector<std::size_t>{2, 1, 0});
}

TEST_CASE("labels that do not fit are refused by place and reason") {
  refuses("user,label\nu9,fraud\n", ":2: the data have no sequence \"u9\"");
  refuses("user,position,label\nu1,11,fraud\n", ":2: sequence \"u1\" has no event at position 11");
  refuses("user,label\nu1,a\nu2,b\nu1,b\n", ":4: a second label for what line 2 has labelled, expected a, found b");
  refuses("user,label\nu1,normal\nu2,0\n", "one class only: every label says \"normal\"");
  refuses("user,label\nu1,fraud\nu2,fraud\n", "no label says that something is normal");
  refuses("user,label\nu1,fraud\nu2,0\n", "no label is \"good\", the normal one", {.normal = "good"});
  refuses("user,mark\nu1,fraud\n", "columns of the labels, expected \"label\" or \"kind\", found user,mark");
  refuses("name,label\nu1,fraud\n", "expected \"user\", which names the sequence, found name,label");
  refuses("user,label\nu1,fraud,more\n", ":2: ");
  const Dataset ties = read_events_from_text("user,position,event\nu1,1,a\nu1,1,b\n", "ties.csv",
                                             {.columns = {{"event", ColumnKind::categorical}}});
  const TemporaryDirectory directory;
  std::ofstream(directory / "labels.csv") << "user,position,label\nu1,1,odd\n";
  CHECK_THROWS_WITH_AS(read_class_labels(directory / "labels.csv", ties),
                       doctest::Contains("has several events at position 1"), Error);
}

TEST_CASE("a column of the data labels its events, or the sequences whose rows agree") {
  const ClassLabelOptions ok{.normal = "ok"};
  const ClassLabels events = class_labels_of_column(data("verdict"), data(), true, ok);
  CHECK(events.classes == std::vector<std::string>{"ok", "fraud"});
  CHECK(events.values == std::vector<std::size_t>{k_none, 0, k_none, 1, 1, k_none});
  const ClassLabels sequences = class_labels_of_column(data("verdict"), data(), false, ok);
  CHECK(sequences.values == std::vector<std::size_t>{0, 1, k_none});
  CHECK_THROWS_WITH_AS(class_labels_of_column(data("event"), data(), false, ok),
                       doctest::Contains("visits.csv:4: a second label for what line 2 has labelled"), Error);
}

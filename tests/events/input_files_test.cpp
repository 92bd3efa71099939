// Several files as one input.
#include "seqguard/events/input_files.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "events/byte_source.hpp"
#include "events/data_text.hpp"
#include "events/findings.hpp"
#include "seqguard/core/files.hpp"
#include "seqguard/events/fit_schema.hpp"
#include "support/error_message.hpp"
#include "support/temporary_directory.hpp"

using namespace seqguard;

namespace {

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// A folder with some files, whose path is taken out of what is said.
class Folder {
 public:
  std::string path(const std::string& name) const { return directory_.path() + "/" + name; }
  void write(const std::string& name, const std::string& text) const { write_file_atomically(path(name), text); }
  std::vector<std::string> paths(const std::vector<std::string>& names) const {
    std::vector<std::string> result;
    for (const std::string& name : names) result.push_back(path(name));
    return result;
  }
  std::string without_path(std::string text) const {
    const std::string folder = directory_.path() + "/";
    for (std::size_t at; (at = text.find(folder)) != std::string::npos;) text.erase(at, folder.size());
    return text;
  }
  /// text_of() of files, with their findings, or the message of the error.
  std::string read(const std::vector<std::string>& names, const ReadOptions& options = {}) const {
    try {
      const Dataset data = read_event_files(input_files(paths(names)), options);
      std::string text = text_of(data);
      for (std::size_t i = 0; i < data.rejected().rows.size(); ++i) text += "\n" + data.rejected().message(i);
      for (const DataFinding& finding : data.findings()) text += "\n" + finding.message;
      return without_path(text);
    } catch (const Error& error) {
      return without_path(error.what());
    }
  }

 private:
  TemporaryDirectory directory_;
};

}  // namespace

TEST_CASE("input files: patterns and names, in the order of names") {
  const Folder folder;
  for (const char* name : {"b.csv", "a.csv", "c.csv.gz", "x[1].csv"}) folder.write(name, "");
  std::filesystem::create_directory(folder.path("d.csv"));
  const auto files = [&](const std::vector<std::string>& names) {
    try {
      std::string text;
      for (const std::string& file : input_files(folder.paths(names))) text += (text.empty() ? "" : " ") + file;
      return folder.without_path(text);
    } catch (const Error& error) {
      return folder.without_path(error.what());
    }
  };
  CHECK(files({"b.csv", "a.csv"}) == "a.csv b.csv");
  CHECK(files({"*.csv"}) == "a.csv b.csv x[1].csv");
  CHECK(files({"c*", "[ab].csv"}) == "a.csv b.csv c.csv.gz");
  CHECK(files({"?.csv"}) == "a.csv b.csv");
  CHECK(files({"x[1].csv"}) == "x[1].csv");  // a file of that name is no pattern
  CHECK(files({"absent.csv"}) == "absent.csv");
  CHECK(files({"z*"}) == "z*: no file matches the pattern");
  CHECK(files({"d*"}) == "d*: no file matches the pattern");
  CHECK(files({"*.csv", "a.csv"}) == "a.csv: the file is named twice, and its rows would count twice");
  const std::string stdin_and_file[] = {"-", "a.csv"}, only_stdin[] = {"-"};
  CHECK(contains(message_of([&] { input_files(stdin_and_file); }), "stdin beside files"));
  CHECK(input_files(only_stdin) == std::vector<std::string>{"-"});
  CHECK(contains(message_of([] { open_row_files({}); }), "no file"));
}

TEST_CASE("input files: rows of one sequence stand in several files, by columns of any order") {
  const Folder folder;
  folder.write("a.csv", "user,time,event,price\nu,1,a,1.5\nv,2,b,2\n");
  folder.write("b.csv.gz", pack("event,price,time,user\nc,3,4,v\nd,4,5,u\n", Compression::gzip));
  folder.write("c.csv", "user;time;event;price\nw;6;\"e\nf\";5\n");
  const std::string read =
      "user time=time *event price | u: a@1000,1.5 d@5000,4 | v: b@2000,2 c@4000,3 | w: e\nf@6000,5";
  CHECK(folder.read({"*"}) == read);
  const std::vector<std::string> paths = input_files(folder.paths({"*"}));
  const Dataset data = read_event_files(paths, {.keep_raw = true});
  REQUIRE(data.files().size() == 3);
  CHECK(folder.without_path(data.rejected().file) == "a.csv and 2 more files");
  const char* places[] = {"a.csv:2", "b.csv.gz:3", "a.csv:3", "b.csv.gz:2", "c.csv:2"};
  for (std::size_t e = 0; e < data.events(); ++e)
    CHECK(folder.without_path(data.place(data.row(e)).text()) == places[e]);
  CHECK(data.file_order() == std::vector<std::size_t>{0, 2, 3, 1, 4});
  // Under a schema, and one file of its own.
  const EventSchema schema = fit_schema(data);
  CHECK(folder.read({"a.csv", "b.csv.gz", "c.csv"}, {.schema = &schema}) == read);
  CHECK(folder.read({"a.csv"}) == "user time=time *event price | u: a@1000,1.5 | v: b@2000,2");
  CHECK(read_event_files(folder.paths({"a.csv"})).files().empty());
}

TEST_CASE("input files: errors, bad rows and findings name the file and its line") {
  const Folder folder;
  folder.write("a.csv", "user,time,event\nu,1,a\nu,x,b\n");
  folder.write("b.csv", "\nuser,time,event\n\nu,0,c\nu,y,d\nu,3,\n");
  folder.write("empty.csv", "user,time,event\n");
  const std::string said = folder.read({"*.csv"});
  CHECK(contains(said, "\na.csv:3: column \"time\": not a time: \"x\"\nb.csv:5: column \"time\": not a time: \"y\"\n"));
  CHECK(contains(said, "\nb.csv:6: column \"event\": 1 of 3 events have no value of the judged column (b.csv:6)"));
  CHECK(
      contains(said, "\nb.csv:4: column \"time\": 1 of 3 rows are earlier than the row before them of the same user"));
  CHECK(read_event_files(input_files(folder.paths({"*.csv"}))).blank_lines() == 2);
  folder.write("a.csv", "user,time,event\nu,1,a\n");
  CHECK(folder.read({"a.csv", "b.csv"}, {.strict = true}) == "b.csv:5: column \"time\": not a time: \"y\"");
  folder.write("b.csv", "user,event,extra,time\nu,a,1,2\n");
  CHECK(
      folder.read({"a.csv", "b.csv"}) ==
      "b.csv: column \"extra\", which a.csv does not have: the files of one call have the same columns, in any order");
  folder.write("b.csv", "user,when,event\nu,2,a\n");
  CHECK(contains(folder.read({"a.csv", "b.csv"}), "b.csv: no column \"time\", which a.csv has: the files of one call"));
  CHECK(contains(folder.read({"a.csv", "b.csv"}), "found user, when, event"));
  CHECK(folder.read({"a.csv", "absent.csv"}).starts_with("absent.csv: cannot open"));
  folder.write("b.jsonl", "{\"user\":\"u\",\"time\":1,\"event\":\"a\"}\n");
  CHECK(contains(folder.read({"a.csv", "b.jsonl"}),
                 "b.jsonl: the files of one call have one form (--format says which)"));
  folder.write("a.inter", "user:token\tprice:float\tevent:token\nu\t1\ta\n");
  folder.write("b.inter", "user:token\tprice:token\tevent:token\nu\t1\ta\n");
  CHECK(contains(folder.read({"a.inter", "b.inter"}), "b.inter: column \"price\" has another type in its header"));
}

TEST_CASE("input files: what the first file shows holds for all") {
  const Folder folder;
  std::string points = "user;event;price\n", commas = "user;event;price\n";
  for (int i = 0; i < 30; ++i) points += "u;a;" + std::to_string(i) + "." + std::to_string(i) + "\n";
  for (int i = 0; i < 30; ++i) commas += "u;a;" + std::to_string(i) + ",5\n";
  folder.write("a.csv", points);
  folder.write("b.csv", commas);
  const ReadOptions as_numbers{.columns = {{"event"}, {"price", ColumnKind::numeric}}};
  const Dataset data = read_event_files(folder.paths({"a.csv", "b.csv"}), as_numbers);
  CHECK(data.events() == 30);
  CHECK(data.rejected().count == 30);
  CHECK(data.findings().empty());  // nobody guesses a decimal comma for the second one
  // Lines of events by the first file, and a table whose name says nothing.
  folder.write("1.txt", "login view\nview\n");
  folder.write("2.txt", "user,event\nu,a\n");
  CHECK(folder.read({"1.txt", "2.txt"}) == " *event | : login view | : view | : user,event | : u,a");
  CHECK(contains(folder.read({"2.txt"}), "read as csv, by its header"));
  CHECK(contains(folder.read({"1.txt", "a.csv"}), "a.csv: the files of one call have one form"));
}

TEST_CASE("input files: fields of JSON lines may be missing, and further ones are said") {
  const Folder folder;
  folder.write("a.jsonl", "{\"user\":\"u\",\"event\":\"a\",\"x\":\"p\"}\n");
  folder.write("b.jsonl", "{\"event\":\"b\",\"late\":1,\"user\":\"u\"}\n");
  CHECK(folder.read({"*.jsonl"}) ==
        "user *event x | u: a,p b,\nb.jsonl: field \"late\" is in none of the first lines of a.jsonl: such fields are "
        "not read; a file whose name comes first brings them");
  folder.write("b.jsonl", "{\"key\":\"u\",\"events\":[\"a\"]}\n");
  CHECK(contains(folder.read({"*.jsonl"}), "b.jsonl: the files of one call have one form, expected an event a line"));
  folder.write("a.jsonl", "{\"key\":\"u\",\"events\":[\"a\",\"b\"]}\n");
  CHECK(folder.read({"*.jsonl"}) == "key *event | u: a b | u: a");
}

TEST_CASE("input files: progress counts the bytes of all, and can stop the reading") {
  const Folder folder;
  std::string text = "user,event\n";
  while (text.size() < 12'000'000) text += "user number one,an event with a rather long name\n";
  folder.write("a.csv", text);
  folder.write("b.csv", text);
  struct Seen {
    std::size_t reports = 0, done = 0, total = 0, most = 100;
  } seen;
  const ProgressCallback count = [](const Progress& progress, void* user) {
    Seen& into = *static_cast<Seen*>(user);
    into.done = progress.done;
    into.total = progress.total;
    return ++into.reports < into.most;
  };
  read_event_files(folder.paths({"a.csv", "b.csv"}), {.progress = {count, &seen}});
  CHECK(seen.reports == 2);  // after 16 MiB, and at the end
  CHECK(seen.done == 24);
  CHECK(seen.total == 24);
  seen = {.most = 1};
  CHECK(contains(message_of([&] {
                   read_event_files(folder.paths({"a.csv", "b.csv"}), {.progress = {count, &seen}});
                 }),
                 "stopped on request"));
}

// Packed input: read as what was packed; damage is an error at its offset, and nothing grows without bound. Files that
// are no text are refused by name.
#include <doctest/doctest.h>

#include <string>

#include "events/byte_source.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/events/fit_schema.hpp"
#include "seqguard/events/reader.hpp"

using namespace seqguard;

namespace {

constexpr Compression k_kinds[] = {Compression::gzip, Compression::zstd};

std::string table(std::size_t rows) {
  std::string text = "user,time,event\n";
  for (std::size_t i = 0; i < rows; ++i)
    text += "u" + std::to_string(i % 50) + "," + std::to_string(1717000000 + i * 37) + ",e" +
            std::to_string(i * i % 17) + "\n";
  return text;
}

std::string refusal(std::string_view bytes, const ReadOptions& options = {}) {
  try {
    read_events_from_text(bytes, "x.csv", options);
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

std::string all_raw(const Dataset& data) {
  std::string result(data.head());
  for (const std::size_t e : data.file_order()) result += data.raw(e);
  return result;
}

}  // namespace

TEST_CASE("unpack: an archive is what was packed, whatever its name, and several in a row are one") {
  const std::string text = table(20'000);
  const Dataset plain = read_events_from_text(text, "x.csv");
  CHECK(plain.compression() == Compression::none);
  for (const Compression kind : k_kinds) {
    for (const char* name : {"x.csv.gz", "x.csv", "x.csv.zst"}) {
      const Dataset data = read_events_from_text(pack(text, kind), name, {.keep_raw = true});
      CHECK(data.compression() == kind);
      CHECK(data.rejected().count == 0);
      CHECK(to_json(fit_schema(data)) == to_json(fit_schema(plain)));
      CHECK(all_raw(data) == text);
    }
    const std::string parts = pack(text.substr(0, 1000), kind) + pack("", kind) + pack(text.substr(1000), kind);
    CHECK(all_raw(read_events_from_text(parts, "x.csv", {.keep_raw = true})) == text);
  }
  CHECK(pack(text, Compression::none) == text);
  CHECK(read_events_from_text(pack("a b\nc d\n", Compression::gzip), "x.txt.gz").sequences().size() == 2);
}

TEST_CASE("unpack: an archive that was cut off or damaged is an error with its place") {
  const std::string text = table(20'000);
  for (const Compression kind : k_kinds) {
    const std::string packed = pack(text, kind);
    const std::string name = kind == Compression::gzip ? "gzip" : "zstd";
    for (const std::size_t size : {std::size_t{5}, packed.size() / 2, packed.size() - 1}) {
      CAPTURE(size);
      CHECK(refusal(packed.substr(0, size)) == "x.csv: byte " + std::to_string(size) + " of the archive: the " + name +
                                                   " archive ends in the middle of its data: it was cut off");
    }
    std::string damaged = packed;
    for (std::size_t i = 0; i < 40; ++i) damaged[packed.size() / 2 + i] ^= '\x5A';
    CHECK(refusal(damaged).find("of the archive: the " + name + " archive is damaged: ") != std::string::npos);
    CHECK(refusal(packed + "and more").find(name + " archive is damaged: ") != std::string::npos);
  }
  std::string wrong_sum = pack(text, Compression::gzip);
  wrong_sum[wrong_sum.size() - 6] ^= 1;
  CHECK(refusal(wrong_sum).find("incorrect data check") != std::string::npos);
}

TEST_CASE("unpack: an archive that grows beyond its limits is refused") {
  const std::string text = "user,event\n" + std::string(70 << 20, 'a');
  for (const Compression kind : k_kinds) {
    const std::string packed = pack(text, kind);
    CHECK(packed.size() < text.size() / 250);
    CHECK(refusal(packed, {.max_line_bytes = 1000}).find("unpacks to far more than its size") != std::string::npos);
    CHECK(refusal(packed, {.max_line_bytes = 1000, .max_unpacked_ratio = 1'000'000}) == "accepted");
    CHECK(refusal(packed, {.max_line_bytes = 1000, .max_unpacked_ratio = 1'000'000, .max_unpacked_bytes = 1'000'000})
              .find("and 1000000 in all") != std::string::npos);
  }
}

TEST_CASE("unpack: what is no text in UTF-8 is refused by its name, with the command that converts it") {
  const auto utf16 = [](std::string_view text, bool little) {
    std::string result;
    for (const char c : text) result += little ? std::string{c, '\0'} : std::string{'\0', c};
    return result;
  };
  struct Case {
    std::string bytes, name, command;
  };
  const Case cases[] = {
      {std::string("PAR1\x15\x04\0\0", 8), "a Parquet file", "duckdb -c \"COPY (FROM 'x.csv') TO"},
      {std::string("ARROW1\0\0", 8), "an Arrow (Feather) file", "read_table('x.csv')"},
      {"BZh91AY&SY", "a bzip2 archive", "bzcat x.csv | seqguard"},
      {std::string("\xFD\x37zXZ\0\0", 7), "an xz archive", "xzcat x.csv"},
      {"PK\x03\x04\x14", "a zip archive (or a spreadsheet)", "unzip -p x.csv"},
      {"\xFF\xFE" + utf16("user,event\n", true), "text in UTF-16", "iconv -f UTF-16 -t UTF-8 x.csv"},
      {"\xFE\xFF" + utf16("user,event\n", false), "text in UTF-16", "iconv -f UTF-16 -t UTF-8 x.csv"},
      {utf16("user,event\nu,a\n", true), "text in UTF-16", "iconv -f UTF-16LE"},
      {utf16("user,event\nu,a\n", false), "text in UTF-16", "iconv -f UTF-16BE"},
      {"user,event\nJos\xE9,\xE9t\xE9\nM\xFCller,caf\xE9\n", "text in Latin-1", "iconv -f WINDOWS-1252"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    for (const Compression kind : {Compression::none, Compression::gzip}) {
      const std::string said = refusal(pack(c.bytes, kind));
      CHECK(said.find("x.csv: " + c.name) != std::string::npos);
      CHECK(said.find(c.command) != std::string::npos);
    }
  }
  CHECK(refusal(pack(pack("user,event\n", Compression::zstd), Compression::gzip)).find("inside an archive") !=
        std::string::npos);
  // A bad row of a file in UTF-8 costs that row.
  for (const char* text : {"user,event\nJos\xE9,a\nu,b\n", "user,event\nJos\xC3\xA9,a\nv\xE9x,a\nv\xE9x,a\nv\xE9x,b\n",
                           "user,event\n\xFF,a\n\xFF,a\n\xFF,a\nu,b\n"})
    CHECK(refusal(text) == "accepted");
}

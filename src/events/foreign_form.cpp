#include "events/foreign_form.hpp"

#include <algorithm>
#include <cstddef>

#include "core/utf8.hpp"
#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

struct ForeignForm {
  std::string_view begin;  ///< the first bytes
  std::string_view name;
  std::string_view command;  ///< prints the rows as text; FILE stands for the file
};

constexpr std::string_view k_duckdb = "duckdb -c \"COPY (FROM 'FILE') TO '/dev/stdout' (HEADER)\"";
constexpr ForeignForm k_forms[] = {
    {"PAR1", "a Parquet file", k_duckdb},
    {"ARROW1", "an Arrow (Feather) file",
     "python3 -c \"import pyarrow.feather as f; print(f.read_table('FILE').to_pandas().to_csv(index=False), end='')\""},
    {"ORC", "an ORC file",
     "python3 -c \"import pyarrow.orc as o; print(o.read_table('FILE').to_pandas().to_csv(index=False), end='')\""},
    {std::string_view("Obj\x01", 4), "an Avro file",
     "duckdb -c \"INSTALL avro; LOAD avro; COPY (FROM "
     "read_avro('FILE')) TO '/dev/stdout' (HEADER)\""},
    {"SQLite format 3", "an SQLite database", "sqlite3 -header -csv FILE 'SELECT * FROM TABLE'"},
    {"BZh", "a bzip2 archive", "bzcat FILE"},
    {std::string_view("\xFD\x37zXZ\0", 6), "an xz archive", "xzcat FILE"},
    {std::string_view("\x04\x22\x4D\x18", 4), "an lz4 archive", "lz4cat FILE"},
    {std::string_view("PK\x03\x04", 4), "a zip archive (or a spreadsheet)", "unzip -p FILE"},
    {std::string_view("\x1F\x8B", 2), "a gzip archive inside an archive", "zcat FILE | zcat"},
    {std::string_view("\x28\xB5\x2F\xFD", 4), "a zstd archive inside an archive", "zstdcat FILE | zstdcat"},
    {std::string_view("\xFF\xFE\0\0", 4), "text in UTF-32", "iconv -f UTF-32 -t UTF-8 FILE"},
    {std::string_view("\0\0\xFE\xFF", 4), "text in UTF-32", "iconv -f UTF-32 -t UTF-8 FILE"},
    {"\xFF\xFE", "text in UTF-16", "iconv -f UTF-16 -t UTF-8 FILE"},
    {"\xFE\xFF", "text in UTF-16", "iconv -f UTF-16 -t UTF-8 FILE"},
};

/// Whether the bytes are text: no NUL, valid UTF-8 (the last character may be cut off).
bool is_text(std::string_view head) {
  if (head.find('\0') != std::string_view::npos) return false;
  for (std::size_t i = 0; i < head.size();) {
    const Utf8Part part = first_utf8_part(head.substr(i));
    i += part.size;
    if (!part.well_formed && i < head.size()) return false;
  }
  return true;
}

/// Letters that an ordinary text may begin with ("ORCID,user") name a format only where no text follows.
bool begins(std::string_view head, std::string_view magic) {
  if (!head.starts_with(magic)) return false;
  const bool is_printable = std::all_of(magic.begin(), magic.end(), [](char c) { return c >= ' ' && c <= '~'; });
  if (!is_printable || !is_text(head)) return true;
  return magic == "BZh" && head.size() > 4 && head[3] >= '1' && head[3] <= '9' && head.substr(4).starts_with("1AY&SY");
}

constexpr bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// "LE" or "BE" where every second byte of the first characters is 0 and no other is: UTF-16 without a byte order mark.
std::string_view utf16_order(std::string_view head) {
  const std::string_view first = head.substr(0, std::min<std::size_t>(head.size(), 64) & ~std::size_t{1});
  if (first.size() < 8) return {};
  std::size_t zeros[2] = {0, 0};
  for (std::size_t i = 0; i < first.size(); ++i) zeros[i % 2] += first[i] == '\0' ? 1 : 0;
  if (zeros[0] == 0 && zeros[1] == first.size() / 2) return "LE";
  return zeros[1] == 0 && zeros[0] == first.size() / 2 ? "BE" : "";
}

/// Accented letters of one byte, beside others: at least three, and no character of several bytes. A single bad row of
/// a file in UTF-8 looks otherwise, and costs that row only.
bool looks_like_latin1(std::string_view head) {
  std::size_t beside_letters = 0, others = 0;
  for (std::size_t i = 0; i < head.size();) {
    const Utf8Part part = first_utf8_part(head.substr(i));
    if (part.well_formed && part.size > 1) return false;
    if (!part.well_formed && i + part.size < head.size()) {  // the last character may be cut off
      const bool beside =
          part.size == 1 && ((i > 0 && is_letter(head[i - 1])) || is_letter(head[i + 1])) && (head[i] & 0x40) != 0;
      ++(beside ? beside_letters : others);
    }
    i += part.size;
  }
  return beside_letters >= 3 && others * 4 <= beside_letters;
}

[[noreturn]] void refuse(const std::string& file, std::string_view what, std::string_view command) {
  std::string line(command);
  // A name that a shell would take apart stays FILE.
  const bool is_plain = !file.empty() && file.find_first_not_of(
                                             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                             "0123456789_./-") == std::string::npos;
  if (is_plain && file != "stdin")
    if (const std::size_t at = line.find("FILE"); at != std::string::npos) line.replace(at, 4, file);
  fail(ErrorCode::unsupported, file,
       std::string(what) + ", which is not read here: `" + line +
           " | seqguard ... -` makes text of it (with --format csv where it is a table)");
}

}  // namespace

void refuse_foreign_form(std::string_view head, const std::string& name) {
  for (const ForeignForm& form : k_forms)
    if (begins(head, form.begin)) refuse(name, form.name, form.command);
  if (const std::string_view order = utf16_order(head); !order.empty())
    refuse(name, "text in UTF-16", "iconv -f UTF-16" + std::string(order) + " -t UTF-8 FILE");
  if (looks_like_latin1(head))
    refuse(name, "text in Latin-1 (ISO 8859-1, Windows-1252), no UTF-8", "iconv -f WINDOWS-1252 -t UTF-8 FILE");
}

}  // namespace v0
}  // namespace seqguard

// How a delimited file is written: what its first lines say, where nobody has said it.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "seqguard/events/reader.hpp"

namespace seqguard {
inline namespace v0 {

struct Dialect {
  DataFormat format = DataFormat::csv;  ///< recbole: tabs, and no quotes
  char separator = ',';
  char decimal = '.';
  std::string decimal_shown;      ///< a number by which a comma was guessed to be the decimal sign; else empty
  std::size_t comment_lines = 0;  ///< in front, each beginning with '#', and Excel's "sep=;"
};

/// By the first lines of a file, without their line ends; what the options give is taken.
/// - Comments: lines with '#' in front. The first of them is the header if one of its cells is a key and the line
///   after it has as many cells; the last of them if it has as many as the line after it, and that has no key. Without
///   a header they are rows where they have as many cells as the first line without '#' (no such line: as the last).
/// - Separator: what Excel's first line "sep=;" says; else the one of comma, semicolon, tab, pipe and blank that stands
///   most often in the header outside of quotes, the first of them among equals; a blank only where there is no other
///   and each line has as many. Without a header: the one that stands equally often in most lines.
/// - Decimal sign: a comma where more cells are numbers with one than with a point; "1,234" decides nothing. Where the
///   comma separates, only cells in quotes could have one, and none has where a cell without quotes has a point.
Dialect guess_dialect(std::span<const std::string> lines, DataFormat format, const ReadOptions& options);

/// Whether a line is the header of a table: two cells or more by comma, semicolon, tab or pipe, and one has the name of
/// `key`, or, if that is empty, a name such as user, session, customer.
bool looks_like_header(std::string_view line, std::string_view key);

/// Whether a file begins with a header and a row of as many cells; there no cell of the header has a blank inside.
bool begins_table(std::string_view header, std::string_view row, std::string_view key);

/// Whether `name` is one of those that a key has by itself: user, user_id, session, customer, ..
bool names_a_key(std::string_view name);

}  // namespace v0
}  // namespace seqguard

// Files that hold no text in UTF-8, known by how they begin.
#pragma once

#include <string>
#include <string_view>

namespace seqguard {
inline namespace v0 {

/// `head` is how the file begins: all of it, or 64 KiB. @throws Error unsupported: it is Parquet, Arrow, ORC, Avro, a
/// database, another archive, UTF-16, UTF-32 or Latin-1; the message has the command that makes it readable.
void refuse_foreign_form(std::string_view head, const std::string& name);

}  // namespace v0
}  // namespace seqguard

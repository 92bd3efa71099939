// Tables of the README, or of another text, that tests generate: between "<!-- NAME: generated and checked by FILE -->"
// and
// "<!-- end of NAME -->".
#pragma once

#include <doctest/doctest.h>

#include <string>

#include "seqguard/core/files.hpp"

namespace seqguard {

inline void check_readme_table(const std::string& name, const std::string& file, const std::string& table,
                               const std::string& text = "README.md") {
  const std::string readme = read_file(std::string(SEQGUARD_SOURCE_DIR) + "/" + text, 1u << 20);
  const std::string begin = "<!-- " + name + ": generated and checked by " + file + " -->\n";
  const std::size_t first = readme.find(begin), end = readme.find("<!-- end of " + name + " -->\n");
  REQUIRE(first != std::string::npos);
  REQUIRE(end != std::string::npos);
  CHECK(readme.substr(first + begin.size(), end - first - begin.size()) == table);
}

}  // namespace seqguard

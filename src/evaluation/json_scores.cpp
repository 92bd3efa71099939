#include "evaluation/json_scores.hpp"

#include <algorithm>
#include <cmath>

namespace seqguard {
inline namespace v0 {

void for_each_json_line(std::string_view text, const std::string& name,
                        FunctionRef<void(const JsonValue&, const std::string&)> f) {
  std::size_t number = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = text.substr(begin, end - begin);
    ++number;
    begin = end + 1;
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const std::string where = name + ":" + std::to_string(number);
    const JsonTree tree(line, where, ErrorCode::bad_format);
    f(tree.root(), where);
  }
}

double score_of(const JsonValue& line) {
  const JsonValue score = line.at("score");
  const double number = score.number();
  if (!(std::abs(number) <= 1e300)) score.refuse("a number between -1e300 and 1e300");
  return number;
}

}  // namespace v0
}  // namespace seqguard

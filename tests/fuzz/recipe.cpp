#include "core/json_tree.hpp"
#include "detection/recipe_json.hpp"
#include "fuzz/targets.hpp"

namespace seqguard {
namespace {

std::string written_again(std::string_view text) {
  const JsonTree tree(text, "detector.json", ErrorCode::bad_format);
  JsonWriter writer;
  write_recipe(writer, read_recipe(tree.root()));
  return writer.text();
}

}  // namespace

void fuzz_recipe(std::string_view input) {
  const std::string written = written_again(input);
  keep(written_again(written) == written, "a written recipe reads as it was");
}

}  // namespace seqguard

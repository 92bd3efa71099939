#include "seqguard/model/config.hpp"

#include "fuzz/targets.hpp"

void seqguard::fuzz_config(std::string_view input) {
  const ModelConfig config = parse_config(input, "config.json");
  head_of(config);
  const std::string written = to_json(config);
  keep(to_json(parse_config(written, "written config.json")) == written, "a written config reads as it was");
}

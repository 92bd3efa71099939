#include "fuzz/targets.hpp"
#include "seqguard/events/schema.hpp"

void seqguard::fuzz_event_schema(std::string_view input) {
  const std::string written = to_json(schema_from_json(input));
  keep(to_json(schema_from_json(written)) == written, "a written schema reads as it was");
}

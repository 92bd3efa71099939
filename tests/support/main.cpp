// The test program: doctest's runner, and an exit code of its own (77, "skipped") where SEQGUARD_FORCE_ISA names an
// instruction set that this CPU does not offer.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "seqguard/core/isa.hpp"

int main(int argc, char** argv) {
  doctest::Context context(argc, argv);
  if (const char* forced = std::getenv("SEQGUARD_FORCE_ISA")) {
    bool offered = false;
    for (const seqguard::Isa isa : seqguard::available_isas()) offered |= to_string(isa) == std::string_view(forced);
    if (!offered) {
      std::printf("skipped: this CPU does not offer %s\n", forced);
      return 77;
    }
  }
  return context.run();
}

// libFuzzer's entry for one target, whose name is that of the program.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "fuzz/targets.hpp"
#include "seqguard/core/error.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    seqguard::SEQGUARD_FUZZ_FUNCTION({reinterpret_cast<const char*>(data), size});
  } catch (const seqguard::Error&) {  // refused by name
  }
  return 0;
}

// Memory of this process, as the system counts it.
#pragma once

#include <malloc.h>

#include <cstddef>
#include <fstream>
#include <functional>
#include <stdexcept>
#include <string>

namespace seqguard {

/// A field of /proc/self/status that is given in kB, in bytes.
inline std::size_t status_bytes(const std::string& field) {
  std::ifstream status("/proc/self/status");
  for (std::string name; status >> name; status.ignore(256, '\n'))
    if (std::size_t kilobytes = 0; name == field + ":" && status >> kilobytes) return 1024 * kilobytes;
  throw std::runtime_error("no " + field + " in /proc/self/status");
}

/// By how much the resident memory grows at most while `work` runs. Pages of mapped files count as they do there.
inline std::size_t peak_growth(const std::function<void()>& work) {
  malloc_trim(0);                               // what was freed before is not there to be used again
  std::ofstream("/proc/self/clear_refs") << 5;  // the peak begins at what is resident
  const std::size_t before = status_bytes("VmRSS");
  work();
  return status_bytes("VmHWM") - before;
}

}  // namespace seqguard

// Reads a file of events and encodes it, as fit and score do, and says what that took: seqguard_reading FILE [ROUNDS].
// One JSON object on stdout; bench/reading.py compares it with what pandas, polars and pyarrow take to read the file.
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <string>

#include "seqguard/events/encoded_data.hpp"
#include "seqguard/events/fit_schema.hpp"
#include "seqguard/events/reader.hpp"

namespace {

/// CPU seconds of this process: other work on the machine does not count.
double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

}  // namespace

int main(int argc, char** argv) {
  using namespace seqguard;
  if (argc < 2 || argc > 3) {
    std::fputs("usage: seqguard_reading FILE [ROUNDS]\n", stderr);
    return 2;
  }
  try {
    const int rounds = argc > 2 ? std::atoi(argv[2]) : 1;
    for (int round = 0; round < rounds; ++round) {
      const double start = cpu_seconds();
      const Dataset data = read_events(argv[1]);
      const double read = cpu_seconds();
      const EncodedData encoded(data, fit_schema(data));
      const double end = cpu_seconds();
      std::printf("{\"rows\":%zu,\"sequences\":%zu,\"read_s\":%.6f,\"encode_s\":%.6f}\n", data.events(), encoded.size(),
                  read - start, end - read);
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "seqguard_reading: %s\n", error.what());
    return 1;
  }
}

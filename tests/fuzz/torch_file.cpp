#include "model/torch_file.hpp"

#include "fuzz/read_all.hpp"

void seqguard::fuzz_torch_file(std::string_view input) {
  const TorchFile file(bytes_of(input), "fuzz.bin");
  read_all(file, std::size_t{1} << 20);
}

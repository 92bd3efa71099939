#include "seqguard/model/safetensors.hpp"

#include "fuzz/read_all.hpp"

void seqguard::fuzz_safetensors(std::string_view input) {
  const SafetensorsFile file(bytes_of(input), "fuzz.safetensors");
  read_all(file, input.size());  // the tensors cover the file without overlap
}

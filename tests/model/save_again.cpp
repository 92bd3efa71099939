// seqguard_save_again FROM TO: loads a checkpoint and saves it, for tests/reference/compare_written.py.
// seqguard_save_again FROM ADAPTER TO: the same with an adapter for FROM, for compare_adapters.py.
#include <cstdio>

#include "seqguard/core/error.hpp"
#include "seqguard/core/isa.hpp"
#include "seqguard/model/adapter.hpp"
#include "seqguard/model/checkpoint.hpp"

int main(int argc, char** argv) {
  if (argc != 3 && argc != 4) return std::fputs("usage: seqguard_save_again FROM [ADAPTER] TO\n", stderr), 2;
  try {
    const auto model = seqguard::load_model(seqguard::make_context(seqguard::default_isa()), argv[1]);
    if (argc == 3)
      seqguard::save_model(argv[2], model);
    else
      seqguard::save_adapter(argv[3], seqguard::load_adapter(model, argv[2]), argv[1]);
  } catch (const seqguard::Error& error) {
    return std::fprintf(stderr, "%s\n", error.what()), 1;
  }
}

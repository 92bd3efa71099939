// seqguard_save_again FROM TO: loads a checkpoint and saves it, for tests/reference/compare_written.py.
#include <cstdio>

#include "seqguard/core/error.hpp"
#include "seqguard/core/isa.hpp"
#include "seqguard/model/checkpoint.hpp"

int main(int argc, char** argv) {
  if (argc != 3) return std::fputs("usage: seqguard_save_again FROM TO\n", stderr), 2;
  try {
    seqguard::save_model(argv[2], seqguard::load_model(seqguard::make_context(seqguard::default_isa()), argv[1]));
  } catch (const seqguard::Error& error) {
    return std::fprintf(stderr, "%s\n", error.what()), 1;
  }
}

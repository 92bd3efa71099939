// Compiled once per instruction set; exports one table and nothing else.
#include "kernels/isa_tables.hpp"
#include "kernels/matmul.inl.hpp"
#include "seqguard/kernels/reference.hpp"

#define SEQGUARD_PASTE_(a, b) a##b
#define SEQGUARD_PASTE(a, b) SEQGUARD_PASTE_(a, b)
#define SEQGUARD_QUOTE_(a) #a
#define SEQGUARD_QUOTE(a) SEQGUARD_QUOTE_(a)

namespace seqguard {
namespace {
constexpr KernelTable<float> make_table() {
  KernelTable<float> table = make_reference_table<float>();
  table.isa = Isa::SEQGUARD_ISA;
  table.name = SEQGUARD_QUOTE(SEQGUARD_ISA);
  table.panel_width = Matmul::k_panel_width;
  table.pack_panels = Matmul::pack_panels;
  table.matmul_panels = Matmul::matmul_panels;
  return table;
}
}  // namespace

constinit const KernelTable<float> SEQGUARD_PASTE(k_kernels_, SEQGUARD_ISA) = make_table();

}  // namespace seqguard

// Matrix products in single precision. Compiled once per instruction set; exports one table and nothing else.
//
// Each element of C is one chain of multiply-adds in the order of k.
#include <cstddef>

#include "kernels/isa_name.hpp"
#include "kernels/matmul_panels.inl.hpp"
#include "kernels/matmul_tables.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

struct SinglePrecision {
  using Step = float;
  using Sum = FloatBatch;
  struct Rows {
    Rows at(std::size_t, std::size_t, std::size_t) const { return {}; }
  };
  static constexpr bool k_has_rows = false;

  [[gnu::always_inline]] static FloatBatch load(const float* p) { return FloatBatch::load_unaligned(p); }
  [[gnu::always_inline]] static FloatBatch broadcast(float x) { return FloatBatch(x); }
  [[gnu::always_inline]] static FloatBatch add_products(const FloatBatch& a, const FloatBatch& b,
                                                        const FloatBatch& sum) {
    return multiply_add(a, b, sum);
  }
};

struct Matmul : PanelMatmul<SinglePrecision> {
  static void pack(std::byte* packed, const float* b, Size k, Size n, Size k_stride, Size n_stride) {
    float* panels = reinterpret_cast<float*>(packed);
    for (Size first = 0; first < n; first += k_panel_width) {
      const float* source = b + first * n_stride;
      const Size width = n - first < k_panel_width ? n - first : k_panel_width;
      if (width == k_panel_width && n_stride == 1) {
        for (Size i = 0; i < k; ++i) {
          Batch::load_unaligned(source + i * k_stride).store_unaligned(panels + i * k_panel_width);
          Batch::load_unaligned(source + i * k_stride + k_lanes).store_unaligned(panels + i * k_panel_width + k_lanes);
        }
      } else {
        for (Size i = 0; i < k; ++i)
          for (Size j = width; j < k_panel_width; ++j) panels[i * k_panel_width + j] = 0;
        for (Size j = 0; j < width; ++j)
          for (Size i = 0; i < k; ++i) panels[i * k_panel_width + j] = source[i * k_stride + j * n_stride];
      }
      panels += k * k_panel_width;
    }
  }

  static void multiply(const MatmulCall<float>& p) {
    PanelMatmul::multiply(p, {p.a, reinterpret_cast<const float*>(p.packed), p.k, p.a_row_stride, p.a_k_stride});
  }
};

}  // namespace

constinit const MatmulKernels<float> SEQGUARD_ISA_NAME(k_matmul_fp32_) = {
    .isa = Isa::SEQGUARD_ISA,
    .precision = Precision::fp32,
    .packed_bytes = Matmul::packed_bytes,
    .pack = Matmul::pack,
    .multiply = Matmul::multiply,
};

}  // namespace v0
}  // namespace seqguard

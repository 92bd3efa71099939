#include <doctest/doctest.h>

#include <vector>

#include "seqguard/kernels/matmul.hpp"
#include "support/allocation_counter.hpp"

using namespace seqguard;

TEST_CASE("matrix product: a warm product allocates nothing" * doctest::skip(!k_allocations_counted)) {
  const Isa isa = default_isa();
  // oneDNN allocates inside its own call: only what is ours is counted here.
  for (const MatmulBackend backend : {MatmulBackend::own, MatmulBackend::eigen}) {
    if (!matmul_backend_available(backend, isa)) continue;
    CAPTURE(to_string(backend));
    // Rows of 1,024 floats share their cache sets, and are copied apart.
    for (const std::size_t k : {std::size_t{48}, std::size_t{1024}}) {
      constexpr std::size_t n = 40, m = 150;
      const std::vector<float> w(n * k, 0.5F), a(m * k, 0.25F), bias(n, 1.0F);
      std::vector<float> c(m * n);
      const PackedMatrix<float> packed(make_context(isa, backend), {w.data(), n, k}, Layout::nk);
      Arena scratch;
      packed.multiply({c.data(), m, n}, {a.data(), m, k}, {.bias = bias.data()}, scratch);
      const std::size_t before = allocation_count;
      for (const std::size_t rows : {m, std::size_t{1}, std::size_t{17}})
        packed.multiply({c.data(), rows, n}, {a.data(), rows, k}, {.bias = bias.data()}, scratch);
      const std::size_t after = allocation_count;
      CAPTURE(k);
      CHECK(after == before);
      CHECK(c[0] == 1.0F + 0.125F * static_cast<float>(k));
    }
  }
}

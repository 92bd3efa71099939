// Matrix products and threads: one packed matrix used by many, and no thread started by a backend.
#include <dlfcn.h>
#include <doctest/doctest.h>

#include <atomic>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <latch>
#include <thread>
#include <vector>

#include "seqguard/core/random.hpp"
#include "seqguard/kernels/matmul.hpp"

using namespace seqguard;

namespace {

constexpr MatmulBackend k_backends[] = {MatmulBackend::own, MatmulBackend::onednn, MatmulBackend::eigen};

std::vector<float> random_values(std::size_t count, std::uint64_t stream) {
  Random random(5, stream);
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(random.normal());
  return values;
}

std::ptrdiff_t threads_of_process() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/task"), std::filesystem::directory_iterator());
}

// The OpenMP that oneDNN brings, if any: asked by name, because nothing here links it.
template <class Function>
Function* openmp(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_DEFAULT, name));
}

}  // namespace

TEST_CASE("matrix product: many threads share one packed matrix") {
  constexpr std::size_t k = 48, n = 64, m = 75, threads = 10;  // short products: the race is at their start
  const Isa isa = default_isa();
  const std::vector<float> w = random_values(n * k, 1);
  for (const MatmulBackend backend : k_backends) {
    if (!matmul_backend_available(backend, isa)) continue;
    CAPTURE(to_string(backend));
    const PackedMatrix<float> packed(make_context(isa, backend), {w.data(), n, k}, Layout::nk);
    std::vector<std::vector<float>> inputs, expected;
    for (std::size_t t = 0; t < threads; ++t) {
      inputs.push_back(random_values(m * k, 10 + t));
      expected.emplace_back(m * n);
      Arena scratch;
      packed.multiply({expected[t].data(), m, n}, {inputs[t].data(), m, k}, {}, scratch);
    }
    const std::size_t rounds = backend == MatmulBackend::eigen ? 100 : 2000;
    std::atomic<std::size_t> different = 0;
    std::latch start(threads);
    std::vector<std::thread> workers;
    for (std::size_t t = 0; t < threads; ++t)
      workers.emplace_back([&, t] {
        Arena scratch;
        std::vector<float> c(m * n);
        start.arrive_and_wait();
        for (std::size_t round = 0; round < rounds; ++round) {
          packed.multiply({c.data(), m, n}, {inputs[t].data(), m, k}, {}, scratch);
          different += std::memcmp(c.data(), expected[t].data(), c.size() * sizeof(float)) != 0;
        }
      });
    for (std::thread& worker : workers) worker.join();
    CHECK(different == 0);
  }
}

TEST_CASE("matrix product: no backend starts a thread or changes OpenMP's settings") {
  constexpr std::size_t k = 256, n = 512, m = 300;  // large enough for a team, if there were one
  const Isa isa = default_isa();
  auto* const set_threads = openmp<void(int)>("omp_set_num_threads");
  auto* const max_threads = openmp<int()>("omp_get_max_threads");
  if (set_threads != nullptr) set_threads(4);  // a host that wants a team of its own
  const std::vector<float> w = random_values(n * k, 1), a = random_values(m * k, 2);
  std::vector<float> c(m * n);
  for (const MatmulBackend backend : k_backends) {
    if (!matmul_backend_available(backend, isa)) continue;
    CAPTURE(to_string(backend));
    const std::ptrdiff_t before = threads_of_process();
    PackedMatrix<float> packed(make_context(isa, backend), {w.data(), n, k}, Layout::nk);
    packed.repack({w.data(), n, k});
    Arena scratch;
    packed.multiply({c.data(), m, n}, {a.data(), m, k}, {}, scratch);
    CHECK(threads_of_process() == before);
    if (max_threads != nullptr) CHECK(max_threads() == 4);
  }
}

// Matrix products by oneDNN: the one file that knows it. AVX-512 only (below, its rows depend on their place).
//
// A primitive is compiled per number of rows (about half a millisecond each), so the rows of a product are cut into
// panels of two fixed heights; the last rows are filled up with zeros in scratch. All primitives are made when the
// matrix is packed. They are shared between threads, which only the user's scratchpad allows; memory objects carry the
// pointers of one call and are therefore borrowed from a small pool.
#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <oneapi/dnnl/dnnl.hpp>
#include <string>
#include <vector>

#include "kernels/matmul_backend.hpp"
#include "seqguard/core/error.hpp"

#if DNNL_CPU_THREADING_RUNTIME == DNNL_RUNTIME_OMP
extern "C" int omp_get_max_threads();
extern "C" void omp_set_num_threads(int);
#endif

namespace seqguard {
inline namespace v0 {
namespace {

// Descending. A third height of 128 rows gains 5 to 10 % and would make each shape half as long again to compile.
constexpr std::size_t k_heights[] = {64, 16};
constexpr std::size_t k_height_count = std::size(k_heights);
// More concurrent calls than this on one matrix allocate their arguments.
constexpr std::size_t k_pool_size = 8;

// oneDNN asks OpenMP for its team size when it makes a primitive and when it reorders. The setting belongs to the
// calling thread; it is put back at the end of the scope.
class SingleThreaded {
 public:
#if DNNL_CPU_THREADING_RUNTIME == DNNL_RUNTIME_OMP
  SingleThreaded() : saved_(omp_get_max_threads()) { omp_set_num_threads(1); }
  ~SingleThreaded() { omp_set_num_threads(saved_); }
#else
  SingleThreaded() = default;
#endif
  SingleThreaded(const SingleThreaded&) = delete;
  SingleThreaded& operator=(const SingleThreaded&) = delete;

 private:
  [[maybe_unused]] int saved_ = 0;
};

dnnl::memory::desc matrix_desc(std::size_t rows, std::size_t cols, std::size_t row_stride, std::size_t col_stride) {
  using Dim = dnnl::memory::dim;
  return {{static_cast<Dim>(rows), static_cast<Dim>(cols)},
          dnnl::memory::data_type::f32,
          {static_cast<Dim>(row_stride), static_cast<Dim>(col_stride)}};
}

dnnl::matmul::primitive_desc product_desc(const dnnl::engine& engine, const dnnl::memory::desc& a,
                                          const dnnl::memory::desc& b, const dnnl::memory::desc& bias,
                                          const dnnl::memory::desc& c) {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
#if DNNL_VERSION_MAJOR < 3
  return {dnnl::matmul::desc(a, b, bias, c), attributes, engine};
#else
  return {engine, a, b, bias, c, attributes};
#endif
}

class OneDnnMatrix final : public PackedMatrix<float>::Implementation {
 public:
  OneDnnMatrix(const KernelTable<float>& kernels, std::size_t k, std::size_t n, Layout layout)
      : Implementation(MatmulBackend::onednn, k, n, layout),
        kernels_(kernels),
        engine_(dnnl::engine::kind::cpu, 0),
        stream_(engine_),
        zeros_(n, 0.0f) {
    const SingleThreaded scope;
    using Dim = dnnl::memory::dim;
    dnnl::memory::desc packed({static_cast<Dim>(k), static_cast<Dim>(n)}, dnnl::memory::data_type::f32,
                              dnnl::memory::format_tag::any);
    for (std::size_t h = 0; h < k_height_count; ++h) {
      const auto desc = product_desc(engine_, matrix_desc(k_heights[h], k, k, 1), packed, matrix_desc(1, n, n, 1),
                                     matrix_desc(k_heights[h], n, n, 1));
      packed = desc.weights_desc();  // the layout that the first one chose holds for all
      scratchpad_bytes_ = std::max(scratchpad_bytes_, desc.scratchpad_desc().get_size());
      scratchpads_[h] = desc.scratchpad_desc();
      products_[h] = dnnl::matmul(desc);
    }
    weights_ = dnnl::memory(packed, engine_);
    for (Arguments& arguments : pool_) fill(arguments);
  }

  void repack(MatrixView<const float> source) override {
    const SingleThreaded scope;
    const bool kn = layout() == Layout::kn;
    dnnl::memory from(matrix_desc(k(), n(), kn ? source.stride : 1, kn ? 1 : source.stride), engine_,
                      const_cast<float*>(source.data));
    try {
      dnnl::reorder(from, weights_).execute(stream_, from, weights_);
    } catch (const dnnl::error& error) {
      fail(ErrorCode::unsupported, "oneDNN", std::string("packing failed: ") + error.what());
    }
  }

  void multiply(MatrixView<float> c, MatrixView<const float> a, Epilogue<float> epilogue,
                Arena& scratch) const override {
    const Arena::Frame frame(scratch);
    const Buffers buffers{scratch.allocate<float>(k_heights[0] * k()).data(),
                          scratch.allocate<float>(k_heights[0] * n()).data(),
                          scratch.allocate<std::byte>(scratchpad_bytes_).data()};
    Borrowed arguments(*this);
    arguments->bias.set_data_handle(const_cast<float*>(epilogue.bias != nullptr ? epilogue.bias : zeros_.data()));
    for (std::size_t first = 0; first < a.rows;) {
      std::size_t h = 0;
      while (h + 1 < k_height_count && k_heights[h] > a.rows - first) ++h;
      const std::size_t count = std::min(k_heights[h], a.rows - first);
      multiply_panel(*arguments, h, c.rows_from(first, count), a.rows_from(first, count), epilogue.accumulate, buffers);
      first += count;
    }
  }

  std::size_t bytes() const noexcept override { return weights_.get_desc().get_size(); }

 private:
  struct Buffers {
    float* a;  // one dense panel of rows
    float* c;
    std::byte* scratchpad;
  };
  struct Arguments {
    std::atomic_flag borrowed = ATOMIC_FLAG_INIT;
    std::array<dnnl::memory, k_height_count> a, c, scratchpad;
    dnnl::memory bias;
  };
  // Takes free arguments of the pool, without waiting, or makes its own.
  class Borrowed {
   public:
    explicit Borrowed(const OneDnnMatrix& matrix) {
      for (Arguments& arguments : matrix.pool_)
        if (!arguments.borrowed.test_and_set(std::memory_order_acquire)) {
          arguments_ = &arguments;
          return;
        }
      own_ = std::make_unique<Arguments>();
      matrix.fill(*own_);
      arguments_ = own_.get();
    }
    ~Borrowed() { arguments_->borrowed.clear(std::memory_order_release); }
    Borrowed(const Borrowed&) = delete;
    Borrowed& operator=(const Borrowed&) = delete;
    Arguments& operator*() const { return *arguments_; }
    Arguments* operator->() const { return arguments_; }

   private:
    Arguments* arguments_ = nullptr;
    std::unique_ptr<Arguments> own_;
  };

  void fill(Arguments& arguments) const {
    for (std::size_t h = 0; h < k_height_count; ++h) {
      arguments.a[h] = dnnl::memory(matrix_desc(k_heights[h], k(), k(), 1), engine_, nullptr);
      arguments.c[h] = dnnl::memory(matrix_desc(k_heights[h], n(), n(), 1), engine_, nullptr);
      arguments.scratchpad[h] = dnnl::memory(scratchpads_[h], engine_, nullptr);
    }
    arguments.bias = dnnl::memory(matrix_desc(1, n(), n(), 1), engine_, nullptr);
  }

  // Rows that are not dense, or fewer than the panel, go through scratch; so does what is to be added.
  void multiply_panel(Arguments& arguments, std::size_t h, MatrixView<float> c, MatrixView<const float> a,
                      bool accumulate, const Buffers& buffers) const {
    const bool whole = a.rows == k_heights[h];
    const float* from = a.data;
    if (!whole || a.stride != k()) {
      for (std::size_t r = 0; r < a.rows; ++r) std::copy_n(a.row(r), k(), buffers.a + r * k());
      std::fill(buffers.a + a.rows * k(), buffers.a + k_heights[h] * k(), 0.0f);
      from = buffers.a;
    }
    const bool direct = whole && c.stride == n() && !accumulate;
    arguments.a[h].set_data_handle(const_cast<float*>(from));
    arguments.c[h].set_data_handle(direct ? c.data : buffers.c);
    arguments.scratchpad[h].set_data_handle(buffers.scratchpad);
    const dnnl_exec_arg_t list[] = {{DNNL_ARG_SRC, arguments.a[h].get()},
                                    {DNNL_ARG_WEIGHTS, weights_.get()},
                                    {DNNL_ARG_BIAS, arguments.bias.get()},
                                    {DNNL_ARG_DST, arguments.c[h].get()},
                                    {DNNL_ARG_SCRATCHPAD, arguments.scratchpad[h].get()}};
    const dnnl_status_t status = dnnl_primitive_execute(products_[h].get(), stream_.get(), std::size(list), list);
    if (status != dnnl_success)
      fail(ErrorCode::unsupported, "oneDNN", "product failed with status " + std::to_string(status));
    if (direct) return;
    for (std::size_t r = 0; r < c.rows; ++r) {
      if (accumulate)
        kernels_.add(c.row(r), c.row(r), buffers.c + r * n(), n());
      else
        std::copy_n(buffers.c + r * n(), n(), c.row(r));
    }
  }

  const KernelTable<float>& kernels_;
  dnnl::engine engine_;
  dnnl::stream stream_;  // synchronous on a CPU and without state: shared by concurrent calls
  std::vector<float> zeros_;
  std::array<dnnl::matmul, k_height_count> products_;
  std::array<dnnl::memory::desc, k_height_count> scratchpads_;
  std::size_t scratchpad_bytes_ = 0;
  dnnl::memory weights_;
  mutable std::array<Arguments, k_pool_size> pool_;
};

}  // namespace

std::unique_ptr<PackedMatrix<float>::Implementation> make_onednn_matrix(const Context<float>& context, std::size_t k,
                                                                        std::size_t n, Layout layout) {
  try {
    return std::make_unique<OneDnnMatrix>(*context.kernels, k, n, layout);
  } catch (const dnnl::error& error) {
    fail(ErrorCode::unsupported, "oneDNN",
         "no product for [" + std::to_string(k) + ", " + std::to_string(n) + "]: " + error.what());
  }
}

// The version that was compiled against: a string without a lifetime of its own.
std::string_view onednn_version() noexcept {
#define SEQGUARD_TEXT_OF(x) #x
#define SEQGUARD_TEXT(x) SEQGUARD_TEXT_OF(x)
  return "oneDNN " SEQGUARD_TEXT(DNNL_VERSION_MAJOR) "." SEQGUARD_TEXT(DNNL_VERSION_MINOR) "." SEQGUARD_TEXT(
      DNNL_VERSION_PATCH);
}

}  // namespace v0
}  // namespace seqguard

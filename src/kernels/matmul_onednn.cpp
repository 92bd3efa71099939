// Matrix products by oneDNN.
#include <oneapi/dnnl/dnnl.hpp>

#include "kernels/matmul_backend.hpp"
#include "seqguard/core/error.hpp"

namespace seqguard {

std::unique_ptr<PackedMatrix<float>::Implementation> make_onednn_matrix(const Context<float>&, std::size_t, std::size_t,
                                                                        Layout) {
  fail(ErrorCode::unsupported, "matrix product", "backend onednn is not built in");
}

std::string_view onednn_version() noexcept { return "oneDNN 2.6.3"; }

}  // namespace seqguard

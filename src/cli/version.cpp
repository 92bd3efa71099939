#include "cli/version.hpp"

#include "seqguard/core/isa.hpp"
#include "seqguard/kernels/matmul.hpp"

namespace seqguard::cli {

std::string version_text() {
  const Isa isa = default_isa();
  std::string text = "seqguard " SEQGUARD_VERSION "\ninstruction set: " + std::string(to_string(isa)) + " (of";
  for (const Isa available : available_isas()) text += " " + std::string(to_string(available));
  text += ")\nmatrix products: chosen per shape of";
  std::string separator = " ";
  for (const MatmulBackend backend : {MatmulBackend::own, MatmulBackend::onednn, MatmulBackend::eigen}) {
    if (!matmul_backend_available(backend, isa)) continue;
    text += separator + std::string(matmul_backend_version(backend));
    separator = ", ";
  }
  return text;
}

}  // namespace seqguard::cli

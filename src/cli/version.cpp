#include "cli/version.hpp"

#include "seqguard/core/load_options.hpp"
#include "seqguard/kernels/matmul.hpp"

namespace seqguard::cli {

std::string version_text() {
  const Isa isa = default_isa();
  std::string text = "seqguard " SEQGUARD_VERSION "\ninstruction set: " + std::string(to_string(isa)) + " (of";
  for (const Isa available : available_isas()) text += " " + std::string(to_string(available));
  text += ")\nprecision:";
  for (const Precision precision : offered_precisions(isa)) text += " " + std::string(to_string(precision));
  text += "\nmatrix products: own kernels";
  std::string separator = "; with --matmul also ";
  for (const MatmulBackend backend : {MatmulBackend::onednn, MatmulBackend::eigen}) {
    if (!matmul_backend_available(backend, isa)) continue;
    text += separator + std::string(matmul_backend_version(backend));
    separator = ", ";
  }
  return text;
}

}  // namespace seqguard::cli

#pragma once

#include <string>

namespace seqguard::cli {

/// Version, instruction set in use, precisions, matrix-product backends with their versions.
std::string version_text();

}  // namespace seqguard::cli

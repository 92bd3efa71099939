// How a sequence of a file is called where people read of it.
#pragma once

#include <cstddef>
#include <string>

#include "seqguard/events/dataset.hpp"

namespace seqguard {
inline namespace v0 {

/// "user u17" or "line 5"; of a data set with profile keys also whose it is: "session s3 of account a1".
std::string sequence_name(const Dataset& data, std::size_t sequence);

}  // namespace v0
}  // namespace seqguard

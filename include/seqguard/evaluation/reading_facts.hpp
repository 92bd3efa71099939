// How the files of a data set were read, where that is not plain.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "seqguard/events/dataset.hpp"

namespace seqguard {
inline namespace v0 {

/// Names and values: format, separator, decimal sign, compression, comment lines, files, how times are read and what a
/// missing value is. Nothing of lines of events, nor of one table with commas and points that explains itself.
std::vector<std::pair<std::string, std::string>> reading_facts(const Dataset& data);

}  // namespace v0
}  // namespace seqguard

// Changing one field of a row and nothing else, for repairs that are written back.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "seqguard/events/dataset.hpp"

namespace seqguard {

/// A field as RFC 4180 writes it: quoted only if it holds a comma, a quote or a line break.
std::string csv_field(std::string_view value);

/// The bytes of a row (Dataset::raw) with one field replaced; all other bytes, the line end included, stay. For lines
/// the row is the event itself and `field` is 0.
/// @throws Error invalid_argument: no such field, or a value that the format cannot hold (a tab in recbole, a blank in
/// lines).
std::string replace_field(std::string_view row, DataFormat format, std::size_t field, std::string_view value);

}  // namespace seqguard

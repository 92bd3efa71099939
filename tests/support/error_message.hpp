// What a call that must fail says.
#pragma once

#include <string>

#include "seqguard/core/error.hpp"

namespace seqguard {

/// The message of the Error that `call` throws; "no error" where it throws none.
inline std::string message_of(const auto& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace seqguard

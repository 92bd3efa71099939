// The state of an unfinished fit, as a file: what is needed to go on and end with the same bits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "seqguard/events/encoded_data.hpp"
#include "seqguard/training/trainer.hpp"

namespace seqguard {

struct FitState {
  std::string fingerprint;         ///< of data, options, instruction set and backend
  std::uint64_t job = 0;           ///< trainings that are finished and scored
  std::vector<double> next;        ///< [sequences, surprise_views()] out-of-fold; NaN where there is none (yet)
  std::vector<double> event_next;  ///< surprises of single held-out events
  std::vector<double> event_masked;
  bool has_trainer = false;  ///< job number `job` has begun
  TrainerState trainer;
};

/// A digest of all numbers that a fit reads of its data: every column, the gaps, and the order of the sequences.
std::string data_fingerprint(const EncodedData& data);

/// Replaces the file atomically. @throws Error io_error.
void save_fit_state(const FitState& state, const std::string& path);
/// @throws Error bad_checkpoint if the file is damaged or its fingerprint is another.
FitState load_fit_state(const std::string& path, const std::string& fingerprint);

}  // namespace seqguard

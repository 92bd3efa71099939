// The state of an unfinished fit: what is needed to go on and end with the same bits (training/state_file.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "seqguard/events/encoded_data.hpp"
#include "seqguard/training/trainer.hpp"
#include "sequence_scorer/repair_trials.hpp"

namespace seqguard {
inline namespace v0 {

/// Counted up whenever the fields below, or those of a TrainerState, change.
inline constexpr std::uint64_t k_fit_state_layout = 8;

struct FitState {
  std::uint64_t job = 0;           ///< trainings that are finished and scored: of encoders, then of taggers
  std::vector<double> next;        ///< [sequences, surprise_views()] out-of-fold; NaN where there is none (yet)
  std::vector<double> event_next;  ///< surprises of single held-out events
  std::vector<double> event_masked;
  std::vector<double> probes;  ///< [jobs, probes, surprise_views()] surprise of the same sequences under each encoder
  std::vector<float> encoder;  ///< of the model, once it has been trained and a tagger follows
  double validation_loss = 0;  ///< its best one
  std::vector<double> gains;   ///< [sequences] of the gate, out-of-fold; NaN where there is none (yet)
  std::vector<double> gain_probes;  ///< [taggers, probes] the same under each tagger, where the gate is a view
  RepairTrials trials;
  std::vector<std::uint64_t>
      cut_at;                ///< [trainings] the step after which FitOptions::max_minutes ended it; 0: it did not
  bool has_trainer = false;  ///< job number `job` has begun
  TrainerState<float> trainer;

  template <class Self, class Visit>
  static void visit_fields(Self& self, const Visit& visit) {
    visit("job", self.job);
    visit("next", self.next);
    visit("event_next", self.event_next);
    visit("event_masked", self.event_masked);
    visit("probes", self.probes);
    visit("encoder", self.encoder);
    visit("validation_loss", self.validation_loss);
    visit("gains", self.gains);
    visit("gain_probes", self.gain_probes);
    RepairTrials::visit_fields(self.trials,
                               [&](const std::string& name, auto& field) { visit("trials." + name, field); });
    visit("cut_at", self.cut_at);
    visit("has_trainer", self.has_trainer);
    if (self.has_trainer)
      TrainerState<float>::visit_fields(self.trainer,
                                        [&](const std::string& name, auto& field) { visit("trainer." + name, field); });
  }
};

/// A digest of all numbers that a fit reads of its data: every column, the gaps, and the order of the sequences.
std::string data_fingerprint(const EncodedData& data);

}  // namespace v0
}  // namespace seqguard

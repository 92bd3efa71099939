// A view whose numbers come from outside the statistics.
#pragma once

#include <cstddef>

#include "seqguard/detection/detector.hpp"

namespace seqguard {
inline namespace v0 {

/// A named column of numbers that the caller gives with each sequence, such as the surprise of an encoder. It is
/// calibrated and combined like any other view; there is nothing to learn but its calibration.
class GivenView final : public Detector {
 public:
  /// `index`: its place among SequenceFeatures::given.
  explicit GivenView(std::size_t index) : index_(index) {}

  Sidedness sidedness() const noexcept override { return Sidedness::nine_to_one; }
  void fit(const Normals&) override {}
  double decision_function(const SequenceFeatures& features, DetectionScratch&) const override {
    return features.given[index_];
  }
  std::size_t bytes() const noexcept override { return 0; }
  void save(ProfileWriter&) const override {}
  void load(const ProfileReader&) override {}

 private:
  std::size_t index_;
};

}  // namespace v0
}  // namespace seqguard

// What a step of pre-training asks of the encoder: a corruption of the input, and what is to be predicted where.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "seqguard/core/random.hpp"
#include "seqguard/layers/self_attention.hpp"
#include "seqguard/model/encoder_batch.hpp"
#include "seqguard/model/prediction.hpp"

namespace seqguard {

/// Targets of one chunk; buffers are reused.
struct ChunkTargets {
  std::vector<std::uint32_t> rows;
  std::vector<std::vector<std::int32_t>> columns;  ///< per decoder [R]
  std::vector<std::int32_t> flat;                  ///< [C, R], made by finish()

  void clear(std::size_t decoders);
  /// Row at token `row`, compared with what token `source` of the batch holds at this moment.
  void add(const EncoderBatch& batch, std::size_t row, std::size_t source);
  PredictionTargets finish();
};

/// One way of asking. Implementations are stateless.
class Objective {
 public:
  virtual ~Objective() = default;
  virtual AttentionMask mask() const noexcept = 0;
  /// Changes the tokens [first, first + count) of the batch (one window) and adds its targets.
  virtual void corrupt(EncoderBatch& batch, ChunkTargets& targets, std::size_t first, std::size_t count,
                       Random& random) const = 0;
};

/// h_t predicts event t + 1 under the causal mask. A share of the inputs becomes UNK, so that UNK has an embedding.
class NextEvent final : public Objective {
 public:
  explicit NextEvent(double unk_rate = 0.002) : unk_rate_(unk_rate) {}
  AttentionMask mask() const noexcept override { return AttentionMask::causal; }
  void corrupt(EncoderBatch& batch, ChunkTargets& targets, std::size_t first, std::size_t count,
               Random& random) const override;

 private:
  double unk_rate_;
};

/// Rates of MaskedEvents, from reference measurements on item sequences.
struct MaskedEventsOptions {
  double mask_low = 0.15, mask_high = 0.3;  ///< mask rate of a window, uniform in between
  double replaced_only = 0.3;               ///< windows without a mask, with replaced events only
  double replace_high = 0.2;                ///< rate of replaced events, uniform in (0, replace_high)
  double block = 0.5;                       ///< masked windows that hide blocks of 4 instead of single positions
  double copied = 0.25;                     ///< replaced events that are copies of another event of the window
  double kept_targets = 0.1;                ///< untouched events that are predicted as well
};

/// Hidden and replaced events are predicted from both sides. New values come half from the square roots of the counts,
/// half uniformly.
class MaskedEvents final : public Objective {
 public:
  /// counts[v] of the primary column's vocabulary, reserved ids included (their counts are ignored).
  MaskedEvents(const std::vector<std::uint64_t>& counts, const MaskedEventsOptions& options = {});
  AttentionMask mask() const noexcept override { return AttentionMask::full; }
  void corrupt(EncoderBatch& batch, ChunkTargets& targets, std::size_t first, std::size_t count,
               Random& random) const override;

 private:
  std::int32_t draw_value(Random& random) const;
  void replace(EncoderBatch& batch, std::size_t first, std::size_t count, std::size_t t, Random& random) const;

  MaskedEventsOptions options_;
  std::vector<double> cumulative_;  ///< of the square roots of the counts
};

}  // namespace seqguard

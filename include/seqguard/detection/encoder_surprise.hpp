// How surprised the encoder is by each event: of the past alone (causal mask) or of both sides (hidden events).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "seqguard/core/function_ref.hpp"
#include "seqguard/events/encode.hpp"
#include "seqguard/events/windows.hpp"
#include "seqguard/model/encoder_batch.hpp"
#include "seqguard/model/model.hpp"
#include "seqguard/model/prediction.hpp"
#include "seqguard/model/workspace.hpp"

namespace seqguard {
inline namespace v0 {

/// Passes of the masked surprise: position t is hidden in pass t mod k_mask_stride, so that each event is hidden once
/// and five of six stay visible (reference/detection.md, section 7).
inline constexpr std::size_t k_mask_stride = 6;

/// Buffers of one thread; warm after the longest sequence.
struct SurpriseScratch {
  EncoderBatch batch;
  Workspace workspace;
  std::vector<Window> windows;
  std::vector<std::uint32_t> rows;
  std::vector<std::int32_t> targets;
  std::vector<float> sums;               ///< [C, P] surprise per column and position
  std::vector<std::uint32_t> counts;     ///< [P] windows that saw a position
  std::vector<std::uint32_t> positions;  ///< position of each row of the call
  std::vector<double> means;             ///< what Surprise::means shows
  bool summarises = false;               ///< asks for Surprise::hidden
  std::vector<double> hidden_sums;       ///< [2, H] of hidden states and of their squares
  std::vector<float> hidden;             ///< what Surprise::hidden shows

  void reserve(const EventSchema& schema, const Model<float>& model, std::size_t max_events);
};

/// Surprise of one sequence, in nats. Borrowed from the call that gave it: valid until the next call with the same
/// scratch or `out`.
struct Surprise {
  std::span<const float> events;   ///< [L] weighted sum over the predicted columns
  std::span<const float> columns;  ///< [C, L] per column
  std::span<const double> means;   ///< the numbers of surprise_views(): mean of the weighted sum, then of each column
                                   ///< of several, over the L events and, if causal, the end mark
  /// [3, H] mean, standard deviation and largest of the last hidden states of the causal pass, over the positions of
  /// all windows (what two of them saw counts twice). Empty unless SurpriseScratch::summarises.
  std::span<const float> hidden = {};
};

/// -log p(x_t | x_<t), windows of the schema overlapping by one position, positions seen twice averaged. A pure
/// function of the sequence: the bits do not depend on what else is scored. `out` is a buffer for the result.
Surprise causal_surprise(const Model<float>& model, const EventSchema& schema, const EncodedEvents& events,
                         SurpriseScratch& scratch, std::vector<float>& out);

/// Names of the views that Surprise::means give, in their order: "next" and, of several predicted columns, a
/// "next:COLUMN" for each.
std::vector<std::string> surprise_views(const EventSchema& schema);

/// Whether event i can be judged from both sides: not if its value is known but below the vocabulary's cut. The encoder
/// has never learned where such a value belongs. A value that nobody has seen is judged: as UNK, and is surprising.
bool has_masked_surprise(const EventSchema& schema, const EncodedEvents& events, std::size_t i);

/// -log p(x_t | all other visible events), from k_mask_stride passes over each window; 0 where has_masked_surprise() is
/// false.
Surprise masked_surprise(const Model<float>& model, const EventSchema& schema, const EncodedEvents& events,
                         SurpriseScratch& scratch, std::vector<float>& out);

/// For each event at[k] (0 .. L - 1), that event alone hidden in the window centred on it: log p of every encoder id
/// [V] of a predicted column (the primary one is the first, see predicted_columns()), reserved ids included, is handed
/// to receive(k, log_p), which may change it and must not use the scratch. Several windows share a call of the encoder,
/// about k_chunk_tokens tokens; the bits of each are those of a call by itself.
void masked_distributions(const Model<float>& model, const EventSchema& schema, const EncodedEvents& events,
                          std::span<const std::size_t> at, SurpriseScratch& scratch, std::vector<float>& log_p,
                          FunctionRef<void(std::size_t k, std::span<float> log_p)> receive, std::size_t column = 0);

/// The same of what stands before: receive(k, log_p) for each event k = 0 .. L - 1, in windows as causal_surprise().
void causal_distributions(const Model<float>& model, const EventSchema& schema, const EncodedEvents& events,
                          SurpriseScratch& scratch, std::vector<float>& log_p,
                          FunctionRef<void(std::size_t k, std::span<float> log_p)> receive, std::size_t column = 0);

}  // namespace v0
}  // namespace seqguard

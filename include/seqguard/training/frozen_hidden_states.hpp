// Hidden states of an encoder of which nothing learns: the same at every step, so computed once and kept.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "seqguard/core/arena.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/core/executor.hpp"
#include "seqguard/core/progress.hpp"
#include "seqguard/core/views.hpp"
#include "seqguard/model/encoder.hpp"
#include "seqguard/model/heads.hpp"
#include "seqguard/model/ragged_batch.hpp"
#include "seqguard/training/batch_source.hpp"

namespace seqguard {
inline namespace v0 {

/// What head `head` of a model reads of some sequences: the pooled hidden state of each, or those of all its tokens.
/// Const members may be called from any number of threads at once. Instantiated for float and double.
template <class Real>
class FrozenHiddenStates {
 public:
  /// Memory of the states of such examples.
  static std::size_t bytes(const Model<Real>& model, std::size_t head, std::span<const Example> examples);

  /// Runs the encoder, without dropout, over examples that are whole sequences of the source, each once. Bits do not
  /// depend on the executor, nor on the other examples.
  /// @throws Error invalid_argument: something of the encoder learns; cancelled by `progress` (phase "hidden states");
  /// as run_encoder().
  FrozenHiddenStates(const Model<Real>& model, std::size_t head, const BatchSource& source,
                     std::span<const Example> examples, Executor& executor, ProgressSink progress = {});

  struct Batch {
    MatrixView<Real> hidden;  ///< [rows, H] of the examples one after another
    Offsets offsets;          ///< their rows; of pooled states one each, which pools to itself
  };
  /// The states of some of the examples, in `arena`.
  Batch gather(std::span<const Example> examples, Arena& arena) const;

 private:
  struct Scratch {
    TrainingChunk chunk;
    Workspace workspace;
  };

  std::size_t rows_of(const Example& example) const { return of_tokens_ ? example.size : 1; }
  void compute(const Model<Real>& model, std::size_t head, const BatchSource& source, std::span<const Example> examples,
               Scratch& scratch);

  bool of_tokens_;
  std::size_t width_;
  std::vector<std::size_t> first_rows_;  // by sequence
  std::vector<Real> states_;             // [rows, width_]
};

// --- bodies ----------------------------------------------------------------------------------------------------------

template <class Real>
std::size_t FrozenHiddenStates<Real>::bytes(const Model<Real>& model, std::size_t head,
                                            std::span<const Example> examples) {
  const bool of_tokens = model.spec().heads[head].kind != Head::sequence_classification;
  std::size_t rows = 0;
  for (const Example& example : examples) rows += of_tokens ? example.size : 1;
  return rows * model.config().hidden_size * sizeof(Real);
}

template <class Real>
FrozenHiddenStates<Real>::FrozenHiddenStates(const Model<Real>& model, std::size_t head, const BatchSource& source,
                                             std::span<const Example> examples, Executor& executor,
                                             ProgressSink progress)
    : of_tokens_(model.spec().heads[head].kind != Head::sequence_classification), width_(model.config().hidden_size) {
  if (model.table().reach().encoder)
    fail(ErrorCode::invalid_argument, "hidden states", "cannot be kept: something of the encoder learns");
  std::vector<std::size_t> lengths;
  std::size_t rows = 0;
  for (const Example& example : examples) {
    if (example.sequence >= first_rows_.size()) first_rows_.resize(example.sequence + 1);
    first_rows_[example.sequence] = rows;
    rows += rows_of(example);
    lengths.push_back(example.size);
  }
  states_.resize(rows * width_);
  auto scratches = make_per_worker(executor, [&] { return Scratch{source.make_chunk(), {}}; });
  constexpr std::size_t k_group = 512;  // examples between two questions whether to go on
  for (std::size_t first = 0; first < examples.size(); first += k_group) {
    const std::size_t count = std::min(k_group, examples.size() - first);
    run_ragged_batch(std::span<const std::size_t>(lengths).subspan(first, count), executor, scratches,
                     [&](const Chunk& of, Scratch& scratch) {
                       compute(model, head, source, examples.subspan(first + of.first, of.last - of.first), scratch);
                     });
    Progress report;
    report.phase = "hidden states";
    report.done = first + count;
    report.total = examples.size();
    if (!progress.report(report)) fail(ErrorCode::cancelled, report.phase, "stopped by the progress callback");
  }
}

template <class Real>
void FrozenHiddenStates<Real>::compute(const Model<Real>& model, std::size_t head, const BatchSource& source,
                                       std::span<const Example> examples, Scratch& scratch) {
  scratch.chunk.clear();
  for (const Example& example : examples) source.append(example, scratch.chunk);
  const Arena::Frame frame(scratch.workspace.activations);
  const EncoderInput input = scratch.chunk.batch.input();
  const MatrixView<Real> hidden = run_encoder<Real>(model, input, {}, scratch.workspace).last_hidden_state();
  Real* const out = &states_[first_rows_[examples.front().sequence] * width_];
  if (of_tokens_)
    std::copy_n(hidden.data, hidden.rows * width_, out);
  else
    pooling_forward<Real>(*model.context().kernels, {out, examples.size(), width_}, head_pooling(model.spec(), head),
                          hidden, input.offsets);
}

template <class Real>
typename FrozenHiddenStates<Real>::Batch FrozenHiddenStates<Real>::gather(std::span<const Example> examples,
                                                                          Arena& arena) const {
  const std::span<std::size_t> offsets = arena.allocate<std::size_t>(examples.size() + 1);
  offsets[0] = 0;
  for (std::size_t i = 0; i < examples.size(); ++i) offsets[i + 1] = offsets[i] + rows_of(examples[i]);
  const MatrixView<Real> hidden(arena.allocate<Real>(offsets.back() * width_).data(), offsets.back(), width_);
  for (std::size_t i = 0; i < examples.size(); ++i)
    std::copy_n(&states_[first_rows_[examples[i].sequence] * width_], rows_of(examples[i]) * width_,
                hidden.row(offsets[i]));
  return {hidden, offsets};
}

extern template class FrozenHiddenStates<float>;
extern template class FrozenHiddenStates<double>;

}  // namespace v0
}  // namespace seqguard

#include "seqguard/model/prediction.hpp"

namespace seqguard {

template <class Real>
void prediction_transform(const Model<Real>& model, PredictionCache<Real>& cache, MatrixView<const Real> hidden,
                          std::span<const std::uint32_t> rows, Arena& scratch) {
  for (std::size_t r = 0; r < rows.size(); ++r) std::copy_n(hidden.row(rows[r]), hidden.cols, cache.gathered.row(r));
  prediction_transform_forward<Real>(model.context(), cache.transform, cache.gathered, model.parameters().transform,
                                     model.packed().transform, model.config().masked_lm_activation(),
                                     static_cast<Real>(model.config().layer_norm_eps), scratch);
}

template <class Real>
void prediction_forward(const Model<Real>& model, PredictionCache<Real>& cache, MatrixView<const Real> hidden,
                        const PredictionTargets& targets, Arena& scratch) {
  const std::size_t rows = targets.rows.size();
  prediction_transform<Real>(model, cache, hidden, targets.rows, scratch);
  for (std::size_t c = 0; c < model.packed().decoders.size(); ++c) {
    const std::span<Real> losses = cache.losses.subspan(c * rows, rows);
    const std::span<const std::int32_t> column = targets.targets.subspan(c * rows, rows);
    vocabulary_loss_forward<Real>(model.context(), losses, cache.log_sum_exp.subspan(c * rows, rows),
                                  cache.transform.out, column, model.packed().decoders[c], scratch);
    for (std::size_t r = 0; r < rows; ++r)
      if (column[r] < 0) losses[r] = 0;
  }
}

template <class Real>
void prediction_backward(const Model<Real>& model, MatrixView<Real> d_hidden, const ModelParameters<Real>& d_p,
                         std::span<const Real> factors, const PredictionCache<Real>& cache,
                         const PredictionTargets& targets, Arena& scratch) {
  const Arena::Frame frame(scratch);
  const std::size_t rows = targets.rows.size(), hidden = d_hidden.cols;
  const std::size_t width = cache.transform.out.cols;
  const MatrixView<Real> d_transformed(scratch.allocate<Real>(rows * width).data(), rows, width);
  std::fill_n(d_transformed.data, rows * width, Real(0));
  for (std::size_t c = 0; c < model.packed().decoders.size(); ++c)
    vocabulary_loss_backward<Real>(model.context(), d_transformed, d_p.decoders[c], factors.subspan(c * rows, rows),
                                   cache.log_sum_exp.subspan(c * rows, rows), cache.transform.out,
                                   targets.targets.subspan(c * rows, rows), model.packed().decoders[c], scratch);
  const MatrixView<Real> d_gathered(scratch.allocate<Real>(rows * hidden).data(), rows, hidden);
  prediction_transform_backward<Real>(model.context(), d_gathered, d_p.transform, d_transformed, cache.transform,
                                      cache.gathered, model.parameters().transform, model.packed().transform,
                                      model.config().masked_lm_activation(), scratch);
  std::fill_n(d_hidden.data, d_hidden.rows * hidden, Real(0));
  for (std::size_t r = 0; r < rows; ++r)
    model.context().kernels->axpy(d_hidden.row(targets.rows[r]), d_gathered.row(r), hidden, Real(1));
}

SEQGUARD_PREDICTION(, float)
SEQGUARD_PREDICTION(, double)

}  // namespace seqguard

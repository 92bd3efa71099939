// A recommender: our own encoder under the causal mask, trained to predict the next item, ranks all items.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "seqguard/core/executor.hpp"
#include "seqguard/core/load_options.hpp"
#include "seqguard/events/encode.hpp"
#include "seqguard/model/encoder.hpp"
#include "seqguard/model/encoder_batch.hpp"
#include "seqguard/model/model.hpp"
#include "seqguard/model/prediction.hpp"
#include "seqguard/model/workspace.hpp"
#include "seqguard/training/event_objectives.hpp"
#include "seqguard/training/event_source.hpp"
#include "seqguard/training/trainer.hpp"

namespace seqguard::bench {

constexpr std::size_t k_positions = 66;  // the last 64 items and the marks

/// Of held-out items, each ranked among all.
struct Ranking {
  double hit_rate = 0;  ///< HR@10: share of them among the first ten
  double ndcg = 0;      ///< NDCG@10: mean of 1 / log2(1 + rank), 0 beyond ten
};

/// What to rank: the next item of a user behind a history.
struct Query {
  const EncodedEvents* history;
  std::int32_t item;  ///< encoder id; UNK: an item that nobody else had, never found
};

/// visit(query, log p of all ids) for each query, on the executor's threads.
template <class Visit>
void predict_next(const Model<float>& model, const EventSchema& schema, std::span<const Query> queries,
                  Executor& executor, const Visit& visit) {
  struct Worker {
    EncoderBatch batch;
    Workspace workspace;
    std::vector<float> log_p;
  };
  std::vector<Worker> workers(executor.concurrency());
  for (Worker& worker : workers) worker.batch.prepare(schema, k_positions);
  const PackedDecoder<float>& decoder = model.packed().heads[model.masked_lm_head()].decoders[0];
  executor.run(queries.size(), [&](std::size_t q, std::size_t w) {
    Worker& worker = workers[w];
    const std::size_t end = queries[q].history->n + 1;  // without the mark of the end
    const std::size_t size = std::min(end, k_positions - 1);
    worker.batch.clear();
    worker.batch.append(*queries[q].history, end - size, size);
    const std::uint32_t last[] = {static_cast<std::uint32_t>(size - 1)};
    const Arena::Frame frame(worker.workspace.activations);
    const auto cache =
        run_encoder<float>(model, worker.batch.input(), {.mask = AttentionMask::causal}, worker.workspace);
    auto prediction = PredictionCache<float>::allocate(worker.workspace.activations, model.config(), 1, 1);
    prediction_transform<float>(model, prediction, cache.last_hidden_state(), last, worker.workspace.scratch);
    worker.log_p.resize(decoder.vocabulary);
    const MatrixView<const float> row(prediction.transform.out.row(0), 1, prediction.transform.out.cols);
    vocabulary_log_probabilities<float>(model.context(), worker.log_p, row, decoder, worker.workspace.scratch);
    visit(q, worker.log_p);
  });
}

/// `only_new`: items of the history are no candidates.
inline Ranking rank_items(const Model<float>& model, const EventSchema& schema, std::span<const Query> queries,
                          bool only_new, Executor& executor) {
  std::vector<double> gains(queries.size(), 0.0);
  predict_next(model, schema, queries, executor, [&](std::size_t q, std::span<float> log_p) {
    const auto target = static_cast<std::size_t>(queries[q].item);
    if (target < k_reserved_ids) return;
    const float own = log_p[target];
    if (only_new)
      for (const std::int32_t id : queries[q].history->ids[schema.primary])
        log_p[static_cast<std::size_t>(id)] = -1e30f;
    std::size_t rank = 1;
    for (std::size_t id = k_reserved_ids; id < log_p.size(); ++id) rank += id != target && log_p[id] >= own ? 1 : 0;
    if (rank <= 10) gains[q] = 1 / std::log2(1.0 + static_cast<double>(rank));
  });
  Ranking ranking;
  for (const double gain : gains) {
    ranking.hit_rate += gain > 0 ? 1 : 0;
    ranking.ndcg += gain;
  }
  ranking.hit_rate /= static_cast<double>(queries.size());
  ranking.ndcg /= static_cast<double>(queries.size());
  return ranking;
}

/// Early stopping: -log p of one held-out item of each user behind his log, be it damaged or not.
class NextItemLoss final : public Validation<float> {
 public:
  NextItemLoss(const EventSchema& schema, std::vector<Query> queries) : schema_(schema), queries_(std::move(queries)) {}

  double loss(const Model<float>& model, Executor& executor) const override {
    std::vector<double> losses(queries_.size(), 0.0);
    predict_next(model, schema_, queries_, executor, [&](std::size_t q, std::span<const float> log_p) {
      losses[q] = -static_cast<double>(log_p[static_cast<std::size_t>(queries_[q].item)]);
    });
    double sum = 0;
    for (const double loss : losses) sum += loss;
    return sum / static_cast<double>(losses.size());
  }

 private:
  const EventSchema& schema_;
  std::vector<Query> queries_;
};

inline ModelSpec recommender_spec(const EventSchema& schema) {
  ModelSpec spec;
  spec.config.vocab_size = schema.primary_column().vocabulary.size();
  spec.config.hidden_size = 64;
  spec.config.num_hidden_layers = 2;
  spec.config.num_attention_heads = 2;
  spec.config.intermediate_size = 256;
  spec.config.max_position_embeddings = k_positions;
  spec.config.type_vocab_size = 1;
  spec.config.initializer_range = 0.05;
  spec.config.hidden_dropout_prob = 0.2;
  spec.config.attention_probs_dropout_prob = 0;
  spec.config.architectures = {architecture_name(spec.config.family, Head::masked_lm)};
  spec.features = model_features(schema);
  spec.heads = {{"", Head::masked_lm}};
  return spec;
}

/// Learns from `logs` for at most `steps` steps; `validation` says when it has learned enough.
inline Model<float> train_next_item(const EventSchema& schema, const std::vector<EncodedEvents>& logs,
                                    std::vector<Query> validation, std::size_t steps, std::uint64_t seed,
                                    Executor& executor, std::size_t* steps_done) {
  Model<float> model(make_context(LoadOptions{}), recommender_spec(schema));
  model.initialize(seed);
  std::vector<const EncodedEvents*> train;
  for (const EncodedEvents& log : logs) train.push_back(&log);
  const EventSource source(schema, train, {}, k_positions, seed);
  const NextEvent<float> next;
  const NextItemLoss loss(schema, std::move(validation));
  TrainingOptions options;
  options.steps = steps;
  options.schedule.peak = 1e-3;
  options.validate_every = 50;
  options.patience = 8;
  options.average_decay = 0.99;  // single steps are noisier than what damage costs
  options.seed = seed;
  Trainer<float> trainer(model, {{&source, {{&next}}}}, options, &loss);
  trainer.run(executor, "recommender", {}, [] {});
  *steps_done = trainer.state().step;
  return model;
}

}  // namespace seqguard::bench

#include "seqguard/detection/encoder_surprise.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "seqguard/detection/recipe.hpp"
#include "seqguard/model/encoder.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

/// UNK stands for all the values below the vocabulary's cut, and for one that nobody has seen: a single one of them is
/// as much less probable. Without this, rare values would be the least surprising ones wherever most values are rare
/// (amazon_cn: 72 % of the products occur once, and spammers are found by rarity).
float surprise_within_unk(const EventSchema& schema) {
  const Vocabulary& vocabulary = schema.primary_column().vocabulary;
  return std::log(static_cast<float>(vocabulary.types() - vocabulary.kept() + 1));
}

/// Collects the surprise of a sequence from the calls that cover its windows.
class Collector {
 public:
  Collector(const Model<float>& model, const EventSchema& schema, SurpriseScratch& scratch, std::size_t n_positions,
            bool summarises = false)
      : model_(model), scratch_(scratch), positions_(n_positions), unknown_(surprise_within_unk(schema)) {
    scratch.batch.clear();
    scratch.rows.clear();
    scratch.positions.clear();
    scratch.sums.assign(model.predicted_columns() * n_positions, 0.0f);
    scratch.counts.assign(n_positions, 0);
    const std::size_t width = summarises ? model.config().hidden_size : 0;
    scratch.hidden_sums.assign(2 * width, 0.0);
    scratch.hidden.assign(3 * width, -std::numeric_limits<float>::infinity());
  }

  /// Row at token `token` of the batch, which is compared with position `position` of the sequence.
  void add_row(std::size_t token, std::size_t position) {
    scratch_.rows.push_back(static_cast<std::uint32_t>(token));
    scratch_.positions.push_back(static_cast<std::uint32_t>(position));
  }

  /// Runs what was collected and adds the surprises to their positions. `targets(c, r)` is the id looked for.
  template <class Targets>
  void run(AttentionMask mask, const Targets& targets) {
    const std::size_t rows = scratch_.rows.size(), columns = scratch_.batch.decoders();
    if (rows > 0) {
      scratch_.targets.resize(columns * rows);
      for (std::size_t c = 0; c < columns; ++c)
        for (std::size_t r = 0; r < rows; ++r) scratch_.targets[c * rows + r] = targets(c, r);
      Workspace& workspace = scratch_.workspace;
      const Arena::Frame frame(workspace.activations);
      const auto cache = run_encoder<float>(model_, scratch_.batch.input(), {.mask = mask}, workspace);
      auto prediction = PredictionCache<float>::allocate(workspace.activations, model_.config(), rows, columns);
      prediction_forward<float>(model_, prediction, cache.last_hidden_state(), {scratch_.rows, scratch_.targets},
                                workspace.scratch);
      if (!scratch_.hidden.empty()) summarise(cache.last_hidden_state());
      for (std::size_t r = 0; r < rows; ++r) {
        const std::size_t position = scratch_.positions[r];
        ++scratch_.counts[position];
        for (std::size_t c = 0; c < columns; ++c)
          scratch_.sums[c * positions_ + position] += prediction.losses[c * rows + r];
        if (scratch_.targets[r] == k_unk_id) scratch_.sums[position] += unknown_;
      }
    }
    scratch_.batch.clear();
    scratch_.rows.clear();
    scratch_.positions.clear();
  }

  /// Averages over windows; `out` becomes [1 + C, L]: the weighted sum, then each column.
  Surprise finish(std::size_t n, bool with_end, std::vector<float>& out) {
    const std::size_t columns = scratch_.batch.decoders();
    out.assign((1 + columns) * n, 0.0f);
    scratch_.means.assign(1 + columns, 0.0);
    std::size_t counted = 0;
    for (std::size_t position = 1; position < positions_; ++position) {
      if (scratch_.counts[position] == 0) continue;
      const bool is_end = position == positions_ - 1;
      if (is_end && !with_end) continue;
      double weighted = 0;
      for (std::size_t c = 0; c < columns; ++c) {
        const float mean = scratch_.sums[c * positions_ + position] / static_cast<float>(scratch_.counts[position]);
        weighted += (c == 0 ? 1.0 : k_secondary_weight) * mean;
        scratch_.means[1 + c] += mean;
        if (!is_end) out[(1 + c) * n + position - 1] = mean;
      }
      if (!is_end) out[position - 1] = static_cast<float>(weighted);
      scratch_.means[0] += weighted;
      ++counted;
    }
    Surprise surprise;
    surprise.events = std::span<const float>(out).first(n);
    surprise.columns = std::span<const float>(out).subspan(n);
    for (double& mean : scratch_.means) mean /= static_cast<double>(std::max<std::size_t>(1, counted));
    surprise.means = std::span(scratch_.means).first(columns > 1 ? 1 + columns : 1);
    surprise.hidden = finish_summary();
    return surprise;
  }

 private:
  void summarise(MatrixView<const float> hidden) {
    double* const sums = scratch_.hidden_sums.data();
    float* const largest = scratch_.hidden.data() + 2 * hidden.cols;
    summarised_ += hidden.rows;
    for (std::size_t t = 0; t < hidden.rows; ++t)
      for (std::size_t c = 0; c < hidden.cols; ++c) {
        const auto value = static_cast<double>(hidden(t, c));
        sums[c] += value;
        sums[hidden.cols + c] += value * value;
        largest[c] = std::max(largest[c], hidden(t, c));
      }
  }
  std::span<const float> finish_summary() {
    const std::size_t width = scratch_.hidden.size() / 3;
    const auto n = static_cast<double>(std::max<std::size_t>(1, summarised_));
    for (std::size_t c = 0; c < width; ++c) {
      const double mean = scratch_.hidden_sums[c] / n, square = scratch_.hidden_sums[width + c] / n;
      scratch_.hidden[c] = static_cast<float>(mean);
      scratch_.hidden[width + c] = static_cast<float>(std::sqrt(std::max(0.0, square - mean * mean)));
    }
    return scratch_.hidden;
  }

  const Model<float>& model_;
  SurpriseScratch& scratch_;
  std::size_t positions_;
  float unknown_;
  std::size_t summarised_ = 0;  // positions in scratch_.hidden_sums
};

}  // namespace

void SurpriseScratch::reserve(const EventSchema& schema, const Model<float>& model, std::size_t max_events) {
  const std::size_t longest = max_events + 2, window = std::min(schema.sequence.window, longest);
  const std::size_t tokens = std::max(std::min(k_chunk_tokens + window, 2 * longest), k_mask_stride * window);
  batch.prepare(schema, tokens);
  workspace = Workspace(model, tokens);
  windows.reserve(longest);
  rows.reserve(tokens);
  positions.reserve(tokens);
  targets.reserve(tokens * batch.decoders());
  sums.reserve(model.predicted_columns() * longest);
  counts.reserve(longest);
  means.reserve(1 + model.predicted_columns());
  hidden_sums.reserve(2 * model.config().hidden_size);
  hidden.reserve(3 * model.config().hidden_size);
}

Surprise causal_surprise(const Model<float>& model, const EventSchema& schema, const EncodedEvents& events,
                         SurpriseScratch& scratch, std::vector<float>& out) {
  const std::size_t positions = events.positions(), window = schema.sequence.window;
  Collector collector(model, schema, scratch, positions, scratch.summarises);
  const auto run = [&] {
    // The row at token t looks for what stands at t + 1.
    collector.run(AttentionMask::causal,
                  [&](std::size_t c, std::size_t r) { return scratch.batch.target(c, scratch.rows[r] + 1); });
  };
  // A window's first position has no past: overlapping by one, it is the last of the window before.
  scoring_windows(positions, window, window - 1, scratch.windows);
  for (const Window& w : scratch.windows) {
    if (scratch.batch.tokens() > 0 && scratch.batch.tokens() + w.size > k_chunk_tokens) run();
    const std::size_t first = scratch.batch.tokens();
    scratch.batch.append(events, w.begin, w.size);
    for (std::size_t t = 0; t + 1 < w.size; ++t) collector.add_row(first + t, w.begin + t + 1);
  }
  run();
  return collector.finish(events.n, true, out);
}

std::vector<std::string> surprise_views(const EventSchema& schema) {
  std::vector<std::string> names = {std::string(k_next_view)};
  const std::vector<std::string> columns = predicted_columns(schema);
  if (columns.size() > 1)
    for (const std::string& column : columns) names.push_back(names.front() + ":" + column);
  return names;
}

bool has_masked_surprise(const EventSchema& schema, const EncodedEvents& events, std::size_t i) {
  return events.ids[schema.primary][i + 1] != k_unk_id || is_unseen(events.types[i]);
}

Surprise masked_surprise(const Model<float>& model, const EventSchema& schema, const EncodedEvents& events,
                         SurpriseScratch& scratch, std::vector<float>& out) {
  const std::size_t positions = events.positions(), window = schema.sequence.window;
  Collector collector(model, schema, scratch, positions);
  scoring_windows(positions, window, window, scratch.windows);
  std::vector<std::int32_t>& hidden = scratch.targets;
  for (const Window& w : scratch.windows) {
    const std::size_t columns = scratch.batch.decoders();
    for (std::size_t pass = 0; pass < k_mask_stride; ++pass) {
      const std::size_t first = scratch.batch.tokens();
      scratch.batch.append(events, w.begin, w.size);
      for (std::size_t t = 0; t < w.size; ++t) {
        const std::size_t position = w.begin + t;
        const bool is_mark = position == 0 || position + 1 == positions;
        if (!is_mark && position % k_mask_stride == pass && has_masked_surprise(schema, events, position - 1))
          collector.add_row(first + t, position);
      }
    }
    const std::size_t rows = scratch.rows.size();
    hidden.resize(columns * rows);
    for (std::size_t c = 0; c < columns; ++c)
      for (std::size_t r = 0; r < rows; ++r) hidden[c * rows + r] = scratch.batch.target(c, scratch.rows[r]);
    for (const std::uint32_t row : scratch.rows) scratch.batch.hide(row);
    collector.run(AttentionMask::full, [&](std::size_t c, std::size_t r) { return hidden[c * rows + r]; });
  }
  return collector.finish(events.n, false, out);
}

namespace {

/// log p of each of `rows` hidden states, by the decoder of a column.
void distributions_at(const Model<float>& model, MatrixView<const float> hidden, std::size_t column,
                      SurpriseScratch& scratch, std::vector<float>& log_p,
                      FunctionRef<void(std::size_t row, std::span<float> log_p)> receive) {
  Workspace& workspace = scratch.workspace;
  const PackedDecoder<float>& decoder = model.packed().heads[model.masked_lm_head()].decoders[column];
  const std::size_t rows = scratch.rows.size();
  log_p.resize(decoder.vocabulary);
  auto prediction = PredictionCache<float>::allocate(workspace.activations, model.config(), rows, 1);
  prediction_transform<float>(model, prediction, hidden, scratch.rows, workspace.scratch);
  for (std::size_t r = 0; r < rows; ++r) {
    const MatrixView<const float> row(prediction.transform.out.row(r), 1, prediction.transform.out.cols);
    vocabulary_log_probabilities<float>(model.context(), log_p, row, decoder, workspace.scratch);
    receive(r, log_p);
  }
}

}  // namespace

void causal_distributions(const Model<float>& model, const EventSchema& schema, const EncodedEvents& events,
                          SurpriseScratch& scratch, std::vector<float>& log_p,
                          FunctionRef<void(std::size_t k, std::span<float> log_p)> receive, std::size_t column) {
  const std::size_t positions = events.positions(), window = schema.sequence.window;
  scoring_windows(positions, window, window - 1, scratch.windows);
  std::size_t next = 1;  // the first position that no window has told of
  for (const Window& w : scratch.windows) {
    scratch.batch.clear();
    scratch.rows.clear();
    scratch.batch.append(events, w.begin, w.size);
    const std::size_t first = std::max(next, w.begin + 1), end = std::min(w.begin + w.size, positions - 1);
    for (std::size_t position = first; position < end; ++position)
      scratch.rows.push_back(static_cast<std::uint32_t>(position - 1 - w.begin));
    const Arena::Frame frame(scratch.workspace.activations);
    const auto cache =
        run_encoder<float>(model, scratch.batch.input(), {.mask = AttentionMask::causal}, scratch.workspace);
    distributions_at(model, cache.last_hidden_state(), column, scratch, log_p,
                     [&](std::size_t r, std::span<float> values) { receive(first + r - 1, values); });
    next = std::max(next, end);
  }
}

void masked_distributions(const Model<float>& model, const EventSchema& schema, const EncodedEvents& events,
                          std::span<const std::size_t> at, SurpriseScratch& scratch, std::vector<float>& log_p,
                          FunctionRef<void(std::size_t k, std::span<float> log_p)> receive, std::size_t column) {
  const std::size_t positions = events.positions(), size = std::min(schema.sequence.window, positions);
  const std::size_t per_call = std::max<std::size_t>(1, k_chunk_tokens / size);
  Workspace& workspace = scratch.workspace;
  for (std::size_t first = 0; first < at.size(); first += per_call) {
    const std::size_t count = std::min(per_call, at.size() - first);
    scratch.batch.clear();
    scratch.rows.clear();
    for (std::size_t k = first; k < first + count; ++k) {
      const std::size_t position = at[k] + 1;
      const std::size_t centred = position > size / 2 ? position - size / 2 : 0;
      const std::size_t begin = std::min(centred, positions - size);
      const std::size_t token = scratch.batch.tokens() + position - begin;
      scratch.batch.append(events, begin, size);
      scratch.batch.hide(token);
      scratch.rows.push_back(static_cast<std::uint32_t>(token));
    }
    const Arena::Frame frame(workspace.activations);
    const auto cache = run_encoder<float>(model, scratch.batch.input(), {.mask = AttentionMask::full}, workspace);
    distributions_at(model, cache.last_hidden_state(), column, scratch, log_p,
                     [&](std::size_t r, std::span<float> values) { receive(first + r, values); });
  }
}

}  // namespace v0
}  // namespace seqguard

#include "seqguard/repair/edit_tagger.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>
#include <utility>

#include "seqguard/core/error.hpp"
#include "seqguard/model/encoder.hpp"
#include "seqguard/model/gap_prediction.hpp"
#include "seqguard/model/heads.hpp"
#include "seqguard/model/prediction.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

/// How far the positions [first, last] are from an edge of a window at which the sequence was cut; negative: outside.
std::ptrdiff_t room(const Window& window, std::size_t first, std::size_t last, std::size_t positions) {
  const auto begin = static_cast<std::ptrdiff_t>(window.begin),
             end = static_cast<std::ptrdiff_t>(window.begin + window.size);
  const auto whole = static_cast<std::ptrdiff_t>(positions);
  const std::ptrdiff_t left = static_cast<std::ptrdiff_t>(first) - begin,
                       right = end - 1 - static_cast<std::ptrdiff_t>(last);
  if (left < 0 || right < 0) return -1;
  return std::min(begin == 0 ? whole : left, end == whole ? whole : right);
}

/// Whether window w is the one, of all that see these positions, that has the most room; the first of equal ones. Half
/// a window apart, and the last one aligned with the end, no more than three windows see a position.
bool owns(std::span<const Window> windows, std::size_t w, std::size_t first, std::size_t last, std::size_t positions) {
  constexpr std::size_t k_reach = 3;
  const std::ptrdiff_t own = room(windows[w], first, last, positions);
  if (own < 0) return false;
  for (std::size_t k = w > k_reach ? w - k_reach : 0; k < std::min(windows.size(), w + k_reach + 1); ++k) {
    const std::ptrdiff_t of_other = room(windows[k], first, last, positions);
    if (of_other > own || (of_other == own && k < w)) return false;
  }
  return true;
}

/// The most suspicious one of a few.
struct Suspect {
  float most = 0;
  std::size_t token = 0, position = 0;
  bool found = false;

  /// Whether it is suspicious by itself.
  bool look_at(float how_much, float enough, std::size_t at_token, std::size_t at_position) {
    if (!found || how_much > most) *this = {how_much, at_token, at_position, true};
    return how_much > enough;
  }
};

/// The most probable id of a distribution, and its probability.
std::pair<std::int32_t, float> most_probable(std::span<const float> log_p) {
  const auto best = std::max_element(log_p.begin() + k_reserved_ids, log_p.end());
  return {static_cast<std::int32_t>(best - log_p.begin()), std::exp(*best)};
}

}  // namespace

ModelSpec EditTagger::spec(const EventSchema& schema, const EventEncoderShape& shape) {
  ModelSpec spec = event_encoder_spec(schema, shape);
  spec.features.predicted = false;
  spec.heads.push_back(
      {"tags", Head::token_classification, {"keep", "remove", "replace"}, Pooling::cls, HeadLoss::softmax, true});
  spec.heads.push_back({"gaps", Head::gap_classification, {"missing"}, Pooling::cls, HeadLoss::binary});
  return spec;
}

ModelFeatures EditTagger::features(const EventSchema& schema) {
  ModelFeatures features = model_features(with_repeats(schema, schema.sequence.window));
  features.predicted = false;
  return features;
}

EditTagger::EditTagger(const EventSchema& schema, Model<float> encoder)
    : schema_(with_repeats(schema, encoder.config().max_position_embeddings)), encoder_(std::move(encoder)) {
  const ModelSpec& found = encoder_.spec();
  const ModelSpec expected = spec(schema_, {.window = found.config.max_position_embeddings});
  if (found.heads != expected.heads || found.config.vocab_size != expected.config.vocab_size)
    fail(ErrorCode::bad_checkpoint, "edit tagger", "heads and values are not those of the schema's tagger");
}

void EditTagger::tag(const EncodedEvents& events, bool excludes_present, TaggerScratch& scratch, EditTags& out) const {
  add_repeats(events, {}, schema_, scratch.repeats, scratch.input);
  out.events.assign(events.n, {});
  out.gaps.assign(events.n + 1, {});
  const std::size_t window = schema_.sequence.window;
  scoring_windows(events.positions(), window, schema_.sequence.stride, scratch.windows);
  if (scratch.log_p.size() != schema_.primary_column().vocabulary.size()) {
    scratch.batch.prepare(schema_, k_chunk_tokens + window);
    scratch.log_p.resize(schema_.primary_column().vocabulary.size());
  }
  const std::size_t per_chunk = std::max<std::size_t>(1, k_chunk_tokens / std::max<std::size_t>(1, window));
  for (std::size_t first = 0; first < scratch.windows.size(); first += per_chunk)
    tag_chunk(events, first, std::min(per_chunk, scratch.windows.size() - first), excludes_present, scratch, out);
}

void EditTagger::tag_chunk(const EncodedEvents& events, std::size_t first, std::size_t count, bool excludes_present,
                           TaggerScratch& scratch, EditTags& out) const {
  scratch.batch.clear();
  for (std::size_t w = first; w < first + count; ++w)
    scratch.batch.append(scratch.input, scratch.windows[w].begin, scratch.windows[w].size);
  const Offsets offsets = scratch.batch.offsets();
  const std::size_t tokens = scratch.batch.tokens(), positions = events.positions();
  Workspace& workspace = scratch.workspace;
  const Arena::Frame frame(workspace.activations);
  const auto cache = run_encoder<float>(encoder_, scratch.batch.input(), {}, workspace);
  const MatrixView<const float> hidden = cache.last_hidden_state();
  const auto logits_of = [&](std::size_t head, std::size_t outputs) {
    const MatrixView<float> logits(workspace.activations.allocate<float>(tokens * outputs).data(), tokens, outputs);
    run_head<float>(encoder_, head, logits, hidden, offsets, {}, workspace);
    return logits;
  };
  const MatrixView<const float> tags = logits_of(k_tag_head, 3), gaps = logits_of(k_gap_head, 1);
  scratch.rows.clear();
  scratch.positions.clear();
  read_tags(events, first, count, tags, scratch, out);
  const std::size_t of_events = scratch.rows.size();
  read_gaps(positions, first, count, gaps, scratch, out);
  find_values(events, hidden, of_events, excludes_present, scratch, out);
}

void EditTagger::read_tags(const EncodedEvents& events, std::size_t first, std::size_t count,
                           MatrixView<const float> tags, TaggerScratch& scratch, EditTags& out) const {
  Suspect suspect;
  for (std::size_t w = first; w < first + count; ++w) {
    const Window window = scratch.windows[w];
    for (std::size_t p = window.begin; p < window.begin + window.size; ++p) {
      if (p == 0 || p > events.n || !owns(scratch.windows, w, p, p, events.positions())) continue;
      const std::size_t t = scratch.batch.offsets()[w - first] + p - window.begin;
      const float largest = std::max({tags(t, 0), tags(t, 1), tags(t, 2)});
      const float keep = std::exp(tags(t, 0) - largest), remove = std::exp(tags(t, 1) - largest),
                  replace = std::exp(tags(t, 2) - largest), sum = keep + remove + replace;
      EventTags& event = out.events[p - 1];
      event = {keep / sum, remove / sum, replace / sum};
      if (suspect.look_at(event.replace - event.keep, 0, t, p)) scratch.ask(t, p);
    }
  }
  if (scratch.rows.empty() && suspect.found) scratch.ask(suspect.token, suspect.position);
}

void EditTagger::read_gaps(std::size_t positions, std::size_t first, std::size_t count, MatrixView<const float> gaps,
                           TaggerScratch& scratch, EditTags& out) const {
  const std::size_t of_events = scratch.rows.size();
  Suspect suspect;
  for (std::size_t w = first; w < first + count; ++w) {
    const Window window = scratch.windows[w];
    for (std::size_t p = window.begin; p + 1 < window.begin + window.size; ++p) {
      if (!owns(scratch.windows, w, p, p + 1, positions)) continue;
      const std::size_t t = scratch.batch.offsets()[w - first] + p - window.begin;
      out.gaps[p].missing = 1 / (1 + std::exp(-gaps(t, 0)));
      if (suspect.look_at(out.gaps[p].missing, 0.5F, t, p)) scratch.ask(t, p);
    }
  }
  if (scratch.rows.size() == of_events && suspect.found) scratch.ask(suspect.token, suspect.position);
}

void EditTagger::find_values(const EncodedEvents& events, MatrixView<const float> hidden, std::size_t of_events,
                             bool excludes_present, TaggerScratch& scratch, EditTags& out) const {
  const std::span<const std::uint32_t> rows = scratch.rows;
  const std::size_t of_gaps = rows.size() - of_events, masked_lm = encoder_.masked_lm_head();
  Workspace& workspace = scratch.workspace;
  const Arena::Frame frame(workspace.activations);
  const PackedDecoder<float>& decoder = encoder_.packed().heads[masked_lm].decoders.front();
  const std::vector<std::int32_t>& ids = events.ids[schema_.primary];
  const auto value = [&](MatrixView<const float> x, std::size_t r, std::int32_t own) {
    const MatrixView<const float> row(x.row(r), 1, x.cols);
    vocabulary_log_probabilities<float>(encoder_.context(), scratch.log_p, row, decoder, workspace.scratch);
    constexpr float k_excluded = -std::numeric_limits<float>::infinity();
    if (own >= k_reserved_ids) scratch.log_p[static_cast<std::size_t>(own)] = k_excluded;
    if (excludes_present)
      for (std::size_t i = 1; i <= events.n; ++i) scratch.log_p[static_cast<std::size_t>(ids[i])] = k_excluded;
    return most_probable(scratch.log_p);
  };
  if (of_events > 0) {
    auto cache = PredictionCache<float>::allocate(workspace.activations, encoder_.config(), of_events, 1);
    prediction_transform<float>(encoder_, cache, hidden, rows.first(of_events), workspace.scratch);
    for (std::size_t r = 0; r < of_events; ++r) {
      const std::size_t p = scratch.positions[r];
      EventTags& event = out.events[p - 1];
      std::tie(event.value, event.value_probability) = value(cache.transform.out, r, ids[p]);
    }
  }
  if (of_gaps > 0) {
    auto cache = GapPredictionCache<float>::allocate(workspace.activations, encoder_.config(), of_gaps);
    gap_transform<float>(encoder_, k_gap_head, cache, hidden, rows.subspan(of_events), workspace.scratch);
    for (std::size_t r = 0; r < of_gaps; ++r) {
      GapTags& gap = out.gaps[scratch.positions[of_events + r]];
      std::tie(gap.value, gap.value_probability) = value(cache.transform.out, r, k_no_value);
    }
  }
}

}  // namespace v0
}  // namespace seqguard

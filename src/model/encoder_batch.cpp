#include "seqguard/model/encoder_batch.hpp"

namespace seqguard {
inline namespace v0 {

ModelFeatures model_features(const EventSchema& schema) {
  ModelFeatures features;
  for (std::size_t c = 0; c < schema.columns.size(); ++c) {
    const EventColumn& column = schema.columns[c];
    if (c == schema.primary) continue;
    if (column.kind == ColumnKind::categorical) features.categorical.push_back({column.name, column.vocabulary.size()});
    if (column.kind == ColumnKind::numeric) features.numeric.push_back(column.name);
  }
  if (schema.time) features.time_gap_buckets = static_cast<std::size_t>(schema.time->gap.buckets);
  return features;
}

std::vector<std::string> predicted_columns(const EventSchema& schema) {
  std::vector<std::string> names = {schema.primary_column().name};
  for (std::size_t c = 0; c < schema.columns.size(); ++c) {
    const EventColumn& column = schema.columns[c];
    if (c != schema.primary && column.kind == ColumnKind::categorical &&
        column.vocabulary.size() <= k_max_predicted_values)
      names.push_back(column.name);
  }
  if (schema.time) names.push_back(schema.time->name);
  return names;
}

void EncoderBatch::prepare(const EventSchema& schema, std::size_t tokens) {
  primary_column_ = schema.primary;
  has_gaps_ = schema.time.has_value();
  features_.clear();
  numerics_.clear();
  decoders_.assign(1, {Source::primary, 0});
  for (std::size_t c = 0; c < schema.columns.size(); ++c) {
    if (c == schema.primary) continue;
    if (schema.columns[c].kind == ColumnKind::categorical) {
      if (schema.columns[c].vocabulary.size() <= k_max_predicted_values)
        decoders_.push_back({Source::feature, features_.size()});
      features_.push_back({c, {}});
    } else {
      numerics_.push_back({c, {}, {}});
    }
  }
  if (has_gaps_) decoders_.push_back({Source::time_gap, 0});
  ids_.reserve(tokens);
  if (has_gaps_) gaps_.reserve(tokens);
  offsets_.reserve(tokens + 1);
  for (Feature& feature : features_) feature.ids.reserve(tokens);
  for (Numeric& numeric : numerics_) {
    numeric.values.reserve(tokens);
    numeric.state.reserve(tokens);
  }
  feature_views_.resize(features_.size());
  numeric_views_.resize(numerics_.size());
  clear();
}

void EncoderBatch::clear() noexcept {
  ids_.clear();
  type_ids_.clear();
  gaps_.clear();
  offsets_.resize(1);
  for (Feature& feature : features_) feature.ids.clear();
  for (Numeric& numeric : numerics_) {
    numeric.values.clear();
    numeric.state.clear();
  }
}

void EncoderBatch::append(const EncodedEvents& events, std::size_t first, std::size_t count) {
  const auto take = [&](auto& to, const auto& from) {
    to.insert(to.end(), from.begin() + static_cast<std::ptrdiff_t>(first),
              from.begin() + static_cast<std::ptrdiff_t>(first + count));
  };
  take(ids_, events.ids[primary_column_]);
  if (has_gaps_) take(gaps_, events.gaps);
  for (Feature& feature : features_) take(feature.ids, events.ids[feature.column]);
  for (Numeric& numeric : numerics_) {
    take(numeric.values, events.values[numeric.column]);
    for (std::size_t t = first; t < first + count; ++t) {
      // The marks at both ends carry no numbers.
      const bool is_mark = t == 0 || t + 1 == events.positions();
      numeric.state.push_back(is_mark                                  ? NumericState::hidden
                              : events.missing[numeric.column][t] != 0 ? NumericState::missing
                                                                       : NumericState::present);
    }
  }
  offsets_.push_back(ids_.size());
}

void EncoderBatch::append(std::span<const std::int32_t> ids, std::span<const std::int32_t> type_ids) {
  ids_.insert(ids_.end(), ids.begin(), ids.end());
  type_ids_.insert(type_ids_.end(), type_ids.begin(), type_ids.end());
  offsets_.push_back(ids_.size());
}

std::int32_t EncoderBatch::target(std::size_t decoder, std::size_t t) const noexcept {
  const Decoder& d = decoders_[decoder];
  if (d.source == Source::primary) return ids_[t];
  if (d.source == Source::feature) return features_[d.index].ids[t];
  return gaps_[t] == k_gap_pad ? -1 : gaps_[t];
}

void EncoderBatch::hide(std::size_t t) noexcept {
  ids_[t] = k_mask_id;
  if (has_gaps_) gaps_[t] = k_gap_pad;
  for (Feature& feature : features_) feature.ids[t] = k_mask_id;
  for (Numeric& numeric : numerics_) numeric.state[t] = NumericState::hidden;
}

void EncoderBatch::copy_token(std::size_t t, std::size_t source) noexcept {
  ids_[t] = ids_[source];
  if (has_gaps_) gaps_[t] = gaps_[source];
  for (Feature& feature : features_) feature.ids[t] = feature.ids[source];
  for (Numeric& numeric : numerics_) {
    numeric.values[t] = numeric.values[source];
    numeric.state[t] = numeric.state[source];
  }
}

EncoderInput EncoderBatch::input() noexcept {
  for (std::size_t c = 0; c < features_.size(); ++c) feature_views_[c] = features_[c].ids;
  for (std::size_t c = 0; c < numerics_.size(); ++c) numeric_views_[c] = {numerics_[c].values, numerics_[c].state};
  EncoderInput input;
  input.ids = ids_;
  input.token_type_ids = type_ids_;
  input.features = feature_views_;
  input.numerics = numeric_views_;
  if (has_gaps_) input.time_gaps = gaps_;
  input.offsets = offsets_;
  return input;
}

}  // namespace v0
}  // namespace seqguard

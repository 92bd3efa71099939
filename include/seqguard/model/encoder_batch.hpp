// The ragged input of an encoder call, put together from windows of encoded sequences, or from tokens of texts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "seqguard/events/encode.hpp"
#include "seqguard/layers/embedding.hpp"
#include "seqguard/model/parameters.hpp"

namespace seqguard {
inline namespace v0 {

/// The model's features of a schema: which of its columns is primary, which are further tables, which are numbers.
ModelFeatures model_features(const EventSchema& schema);
/// Names of the predicted columns in the order of ModelParameters::decoders, the primary one first, the time column
/// last.
std::vector<std::string> predicted_columns(const EventSchema& schema);

/// Buffers that grow once and are then reused. Until prepare(), laid out for texts. Not thread-safe: one per worker.
class EncoderBatch {
 public:
  EncoderBatch() = default;
  EncoderBatch(EncoderBatch&&) noexcept = default;
  EncoderBatch& operator=(EncoderBatch&&) noexcept = default;

  /// Lays the columns out for a schema, with room for `tokens`.
  void prepare(const EventSchema& schema, std::size_t tokens);
  /// Forgets the tokens, keeps the layout.
  void clear() noexcept;
  /// Appends the positions [first, first + count) of a sequence as one sequence of the batch.
  void append(const EncodedEvents& events, std::size_t first, std::size_t count);
  /// Appends the tokens of a text; type_ids: one for each, or none in all texts of the batch.
  void append(std::span<const std::int32_t> ids, std::span<const std::int32_t> type_ids);

  std::size_t tokens() const noexcept { return ids_.size(); }
  std::size_t sequences() const noexcept { return offsets_.size() - 1; }
  const std::vector<std::size_t>& offsets() const noexcept { return offsets_; }

  /// Id of token t in a predicted column, in the order of ModelParameters::decoders; -1 where there is nothing to
  /// predict (the gap of a mark).
  std::int32_t target(std::size_t decoder, std::size_t t) const noexcept;
  std::size_t decoders() const noexcept { return decoders_.size(); }

  /// Hides all columns of token t: MASK in categorical columns, padding as gap, numbers contribute nothing.
  void hide(std::size_t t) noexcept;
  /// Puts a value into the primary column of token t.
  void set_primary(std::size_t t, std::int32_t id) noexcept { ids_[t] = id; }
  /// Copies all columns of token `source` to token t.
  void copy_token(std::size_t t, std::size_t source) noexcept;

  /// The views of an encoder call; valid until the next change.
  EncoderInput input() noexcept;

 private:
  struct Numeric {
    std::size_t column;
    std::vector<float> values;
    std::vector<NumericState> state;
  };
  struct Feature {
    std::size_t column;
    std::vector<std::int32_t> ids;
  };
  enum class Source { primary, feature, time_gap };
  struct Decoder {
    Source source;
    std::size_t index;
  };

  std::size_t primary_column_ = 0;
  bool has_gaps_ = false;
  std::vector<std::int32_t> ids_, type_ids_, gaps_;
  std::vector<Feature> features_;
  std::vector<Numeric> numerics_;
  std::vector<Decoder> decoders_{{Source::primary, 0}};
  std::vector<std::size_t> offsets_{0};
  std::vector<std::span<const std::int32_t>> feature_views_;
  std::vector<NumericInput> numeric_views_;
};

}  // namespace v0
}  // namespace seqguard

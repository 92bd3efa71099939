// A sequence with edits applied; private to the library.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "seqguard/events/events_view.hpp"
#include "seqguard/events/schema.hpp"
#include "seqguard/sequence_scorer/sequence_scorer.hpp"

namespace seqguard {

/// The value of event i as text: numbers as dependent values are written, ids as what they stand for.
std::string value_text(const ColumnView& column, const Vocabulary& vocabulary, std::size_t i);

/// What column c holds beside a value of the primary one, or null if that says nothing of it.
const std::string* dependent_value(const EventSchema& schema, std::size_t c, std::string_view primary_value);

/// The columns that change together with a replaced value; empty for a removed event.
std::vector<FollowingColumn> followed_by(const Edit& edit, const EventsView& events, const EventSchema& schema);

/// Owns what its view shows. The original sequence, the schema and the edits must outlive the view.
class EditedSequence {
 public:
  EditedSequence(const EventsView& original, const EventSchema& schema);

  /// Applies `edits`, at most one per position, in any order.
  const EventsView& apply(const std::vector<Edit>& edits);

  /// Position in the original sequence of event i of the last view.
  std::size_t original_position(std::size_t i) const { return kept_[i]; }

 private:
  void copy_column(std::size_t c);
  void put(std::size_t c, const std::string& value);

  EventsView original_;
  const EventSchema& schema_;
  std::vector<const Edit*> edit_at_;  // by original position, or null
  std::vector<std::size_t> kept_;
  std::vector<std::vector<std::string_view>> texts_;
  std::vector<std::vector<float>> floats_;
  std::vector<std::vector<TypeId>> ids_;
  std::vector<ColumnView> views_;
  std::vector<std::int64_t> times_;
  EventsView view_;
};

}  // namespace seqguard

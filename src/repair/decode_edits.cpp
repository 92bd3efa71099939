#include "seqguard/repair/decode_edits.hpp"

#include <algorithm>

namespace seqguard {
inline namespace v0 {
namespace {

TypeId type_of(std::int32_t id) { return static_cast<TypeId>(id - k_reserved_ids); }

/// One sequence on its way.
class Decoding {
 public:
  Decoding(const EncodedEvents& events, const EventSchema& schema, const DecodeOptions& options, DecodeScratch& scratch)
      : events_(events), schema_(schema), options_(options), s_(scratch) {
    s_.own.assign(events.n, {});
    s_.insertions.clear();
    list_items();
  }

  /// Makes the edits of one round; whether there were any.
  bool edit(const EditTags& tags) {
    const bool edited_events = edit_events(tags);
    const bool filled_gaps = fill_gaps(tags);
    if (edited_events || filled_gaps) list_items();
    return edited_events || filled_gaps;
  }

  /// The sequence as it stands.
  const EncodedEvents& edited() {
    s_.script.clear();
    for (std::size_t i = 0; i < events_.n; ++i)
      if (s_.own[i].touched)
        s_.script.push_back({.operation = s_.own[i].operation, .position = i, .type = s_.own[i].type});
    std::size_t rank = 0;
    for (std::size_t k = 0; k < s_.insertions.size(); ++k) {
      rank = k > 0 && s_.insertions[k - 1].position == s_.insertions[k].position ? rank + 1 : 0;
      s_.script.push_back({EditOperation::insert, s_.insertions[k].position, rank, s_.insertions[k].type});
    }
    apply_script(s_.script, events_, schema_, s_.edited, s_.origins);
    return s_.edited;
  }

  void finish(std::vector<ProposedEdit>& out) const {
    out.clear();
    std::size_t k = 0, rank = 0;
    for (std::size_t i = 0; i <= events_.n; ++i) {
      for (rank = 0; k < s_.insertions.size() && s_.insertions[k].position == i; ++k, ++rank) {
        const DecodeScratch::Insertion& insertion = s_.insertions[k];
        out.push_back({{EditOperation::insert, i, rank, insertion.type}, insertion.probability, insertion.gain});
      }
      if (i < events_.n && s_.own[i].touched) add_own(i, rank > 0, out);
    }
    for (ProposedEdit& edit : out)
      edit.only_reported = is_stretch(edit.edit) && edit.gain < k_sure_stretch * static_cast<double>(edit.edit.count);
  }

 private:
  bool is_removed(std::size_t i) const { return s_.own[i].touched && s_.own[i].operation == EditOperation::remove; }

  /// What is done to event i; a removal behind another one makes that one longer.
  void add_own(std::size_t i, bool follows_insertion, std::vector<ProposedEdit>& out) const {
    const DecodeScratch::Own& own = s_.own[i];
    if (own.operation == EditOperation::remove && !follows_insertion && !out.empty()) {
      ProposedEdit& before = out.back();
      if (before.edit.operation == EditOperation::remove && before.edit.position + before.edit.count == i) {
        before.probability += (own.probability - before.probability) / static_cast<double>(++before.edit.count);
        before.gain += own.gain;
        return;
      }
    }
    out.push_back({{.operation = own.operation, .position = i, .type = own.type}, own.probability, own.gain});
  }

  void list_items() {
    s_.items.clear();
    std::size_t k = 0;
    for (std::size_t i = 0; i <= events_.n; ++i) {
      for (; k < s_.insertions.size() && s_.insertions[k].position == i; ++k) s_.items.push_back({k_inserted, k});
      if (i < events_.n && !is_removed(i)) s_.items.push_back({i, 0});
    }
  }

  double if_probable(float probability, double gain) const {
    return static_cast<double>(probability) >= options_.least_probability ? gain : -1;
  }

  bool edit_events(const EditTags& tags) {
    bool edited = false;
    std::size_t left = s_.items.size();
    for (std::size_t t = 0; t < s_.items.size(); ++t) {
      const std::size_t i = s_.items[t].origin;
      if (i == k_inserted || s_.own[i].touched) continue;
      const EventTags& event = tags.events[t];
      const double removing = remove_gain(event), replacing = if_probable(event.value_probability, replace_gain(event));
      if (replacing > options_.threshold && replacing >= removing) {
        s_.own[i] = {EditOperation::replace, true, type_of(event.value), event.value_probability, replacing};
      } else if (removing > options_.threshold && left > 1) {
        s_.own[i] = {EditOperation::remove, true, 0, event.remove, removing};
        --left;
      } else {
        continue;
      }
      edited = true;
    }
    return edited;
  }

  /// The event before which something in the gap before item t would come, and its place among the insertions; false
  /// where events were struck out in an earlier round.
  bool find_gap(std::size_t t, std::size_t& position, std::size_t& place) const {
    const auto position_of = [&](std::size_t item) {
      const auto [origin, insertion] = s_.items[item];
      return origin == k_inserted ? s_.insertions[insertion].position : origin;
    };
    const std::size_t behind = t < s_.items.size() ? position_of(t) : events_.n;
    const bool follows_insertion = t > 0 && s_.items[t - 1].origin == k_inserted;
    const std::size_t first = t == 0 ? 0 : position_of(t - 1) + (follows_insertion ? 0 : 1);
    if (first != behind) return false;  // the events between them are gone
    position = behind;
    if (follows_insertion)
      place = s_.items[t - 1].insertion + 1;
    else
      place = static_cast<std::size_t>(
          std::lower_bound(s_.insertions.begin(), s_.insertions.end(), behind,
                           [](const DecodeScratch::Insertion& a, std::size_t b) { return a.position < b; }) -
          s_.insertions.begin());
    return true;
  }

  bool fill_gaps(const EditTags& tags) {
    const std::size_t most = std::max<std::size_t>(8, events_.n / 2);
    bool filled = false;
    s_.merged.clear();
    std::size_t merged = 0;  // of the former insertions
    for (std::size_t t = 0; t <= s_.items.size(); ++t) {
      const double gain = if_probable(tags.gaps[t].value_probability, insert_gain(tags.gaps[t]));
      std::size_t position = 0, place = 0;
      const bool has_room = s_.merged.size() + s_.insertions.size() - merged < most;
      if (!has_room || !(gain > options_.threshold) || !find_gap(t, position, place)) continue;
      for (; merged < place; ++merged) s_.merged.push_back(s_.insertions[merged]);
      s_.merged.push_back({position, type_of(tags.gaps[t].value), tags.gaps[t].value_probability, gain});
      filled = true;
    }
    for (; merged < s_.insertions.size(); ++merged) s_.merged.push_back(s_.insertions[merged]);
    std::swap(s_.insertions, s_.merged);
    return filled;
  }

  const EncodedEvents& events_;
  const EventSchema& schema_;
  const DecodeOptions& options_;
  DecodeScratch& s_;
};

}  // namespace

bool is_stretch(const EventEdit& edit) noexcept {
  return edit.operation == EditOperation::remove && edit.count > k_stretch;
}

double remove_gain(const EventTags& event) noexcept {
  return static_cast<double>(event.remove) - static_cast<double>(event.keep);
}

double replace_gain(const EventTags& event) noexcept {
  if (event.value == k_no_value) return -1;
  return static_cast<double>(event.replace) * static_cast<double>(event.value_probability) -
         static_cast<double>(event.keep);
}

double insert_gain(const GapTags& gap) noexcept {
  if (gap.value == k_no_value) return -1;
  return static_cast<double>(gap.missing) * (1 + static_cast<double>(gap.value_probability)) - 1;
}

double largest_gain(const EditTags& tags) noexcept {
  double largest = -1;
  for (const EventTags& event : tags.events) largest = std::max({largest, remove_gain(event), replace_gain(event)});
  for (const GapTags& gap : tags.gaps) largest = std::max(largest, insert_gain(gap));
  return largest;
}

void decode_edits(const EditTagger& tagger, const EncodedEvents& events, const EventSchema& schema,
                  const EditTags& first, const DecodeOptions& options, TaggerScratch& tagger_scratch,
                  DecodeScratch& scratch, std::vector<ProposedEdit>& out) {
  Decoding decoding(events, schema, options, scratch);
  for (std::size_t round = 0; round < options.rounds; ++round) {
    if (round > 0) tagger.tag(decoding.edited(), options.excludes_present, tagger_scratch, scratch.tags);
    if (!decoding.edit(round > 0 ? scratch.tags : first)) break;
  }
  decoding.finish(out);
}

}  // namespace v0
}  // namespace seqguard

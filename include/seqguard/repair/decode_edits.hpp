// From what the tagger says to an edit script: edits whose expected reduction of the edit distance is large enough, in
// rounds, each of which reads the sequence as the former ones left it (reference/repair.md, section 4).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "seqguard/events/edit_script.hpp"
#include "seqguard/events/encode.hpp"
#include "seqguard/repair/edit_tagger.hpp"

namespace seqguard {
inline namespace v0 {

/// Expected reduction of the edit distance: +1 if operation and value are right, 0 if the event was wrong and still is,
/// -1 if it was right. -1 where no value was looked for.
double remove_gain(const EventTags& event) noexcept;   ///< D - K
double replace_gain(const EventTags& event) noexcept;  ///< R p - K
double insert_gain(const GapTags& gap) noexcept;       ///< M p - (1 - M)

/// The largest of all gains of a sequence, -1 .. 1: how strongly something speaks for an edit.
double largest_gain(const EditTags& tags) noexcept;

/// More than so many removed events in a row are a stretch. Whether it was put in, or overwrote events that are lost,
/// hardly shows; struck out in the second case, what matched by chance is lost as well. So it is only reported where
/// its events gain less than k_sure_stretch on average. Simulated shop, a development seed, bounds none, .8, .9: net
/// reduction of the edit distance 25, 28, 28 %, edits that are right 49, 57, 63 %, of the stretches that were put in
/// 98, 98, 90 %.
inline constexpr std::size_t k_stretch = 6;
inline constexpr double k_sure_stretch = 0.8;

/// An edit and what speaks for it.
struct ProposedEdit {
  EventEdit edit;
  double probability = 0;  ///< of the value that is put in, the place being right; of remove: of the removal (a mean)
  double gain = 0;         ///< a stretch: of its events together
  bool only_reported = false;  ///< a stretch that is named, not removed
};

bool is_stretch(const EventEdit& edit) noexcept;

struct DecodeOptions {
  double threshold = 0.1;  ///< least gain of an edit
  std::size_t rounds = 4;
  double least_probability = 0;   ///< of a value that is put in, the place being right
  bool excludes_present = false;  ///< EditTagger::tag()
};

/// Buffers of one thread.
struct DecodeScratch {
  /// What is done to an event of the original.
  struct Own {
    EditOperation operation = EditOperation::replace;
    bool touched = false;
    TypeId type = 0;
    double probability = 0, gain = 0;
  };
  struct Insertion {
    std::size_t position = 0;  ///< the event before which it comes
    TypeId type = 0;
    double probability = 0, gain = 0;
  };
  /// An event of the sequence as it stands.
  struct Item {
    std::size_t origin = 0;     ///< position in the original, or k_inserted
    std::size_t insertion = 0;  ///< of one that is k_inserted
  };
  std::vector<Own> own;               ///< [n]
  std::vector<Insertion> insertions;  ///< in their order in the sequence
  std::vector<Insertion> merged;      ///< a buffer
  std::vector<Item> items;
  std::vector<EventEdit> script;
  std::vector<std::size_t> origins;
  EncodedEvents edited;
  EditTags tags;
};

/// The script that `tagger` proposes for `events`, of which `first` are the tags. All edits of a round with a gain
/// above the threshold are made at once. An event that was replaced or put in is not touched again, but an insertion
/// may follow another, so that holes of several events fill up from the left; nothing is put into a hole that an
/// earlier round struck out; at least one event stays; at most half as many events as there are, and eight, are put in.
/// Removed neighbours are one edit, a stretch that is not sure is only reported. `out` is in the order of
/// edit_precedes(); new events have no time.
void decode_edits(const EditTagger& tagger, const EncodedEvents& events, const EventSchema& schema,
                  const EditTags& first, const DecodeOptions& options, TaggerScratch& tagger_scratch,
                  DecodeScratch& scratch, std::vector<ProposedEdit>& out);

}  // namespace v0
}  // namespace seqguard

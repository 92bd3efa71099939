#include "seqguard/training/damaged_source.hpp"

#include <limits>

#include "seqguard/core/random.hpp"
#include "seqguard/events/windows.hpp"
#include "seqguard/model/workspace.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

/// Streams of random numbers of a lesson, apart from those of the training.
enum LessonStream : std::uint64_t { k_damage_stream = 101, k_hide_stream };

/// Half of the sequences hide events, a share between these of them; of right events this share is asked as well
/// (reference/repair.md, section 3).
constexpr double k_hides = 0.5, k_hide_low = 0.05, k_hide_high = 0.25, k_asked = 0.05;

/// The draw of held-out sequences: no epoch has it.
constexpr std::uint64_t k_held_out_draw = std::numeric_limits<std::uint64_t>::max();

}  // namespace

DamagedSource::DamagedSource(const EventSchema& schema, const Damage& damage,
                             std::span<const EncodedEvents* const> train,
                             std::span<const EncodedEvents* const> held_out, std::uint64_t seed)
    : schema_(schema), damage_(damage), sequences_(train.begin(), train.end()), train_(train.size()), seed_(seed) {
  sequences_.insert(sequences_.end(), held_out.begin(), held_out.end());
  for (std::size_t s = train_; s < sequences_.size(); ++s) add_examples(s, k_held_out_draw, held_out_);
}

void DamagedSource::epoch(std::uint64_t number, std::vector<Example>& out) const {
  out.clear();
  for (std::size_t s = 0; s < train_; ++s) add_examples(s, number, out);
  Random(random_bits(seed_, k_order_stream, 0), number).shuffle(out);
}

void DamagedSource::add_examples(std::size_t sequence, std::uint64_t draw, std::vector<Example>& out) const {
  Random random(random_bits(seed_, k_damage_stream, draw), sequence);
  DamagedEvents damaged;
  damage_.apply(*sequences_[sequence], random, damaged);
  std::vector<Window> windows;
  const std::size_t positions = damaged.events.positions(), window = schema_.sequence.window;
  if (draw == k_held_out_draw)
    scoring_windows(positions, window, window, windows);
  else
    training_crops(positions, window, random_bits(seed_, k_crop_stream, 0), sequence, draw, windows);
  for (const Window& w : windows)
    out.push_back({static_cast<std::uint32_t>(sequence), static_cast<std::uint32_t>(w.begin),
                   static_cast<std::uint32_t>(w.size), draw});
}

TrainingChunk DamagedSource::make_chunk() const {
  TrainingChunk chunk;
  chunk.batch.prepare(schema_, k_chunk_tokens + schema_.sequence.window);
  chunk.labels.resize(k_edit_tables);
  return chunk;
}

void DamagedSource::make_lesson(std::size_t sequence, std::uint64_t draw, Lesson& out) const {
  Random noise(random_bits(seed_, k_damage_stream, draw), sequence);
  damage_.apply(*sequences_[sequence], noise, out.damaged);
  Random random(random_bits(seed_, k_hide_stream, draw), sequence);
  const bool hides = random.uniform() < k_hides;
  const double rate = hides ? k_hide_low + (k_hide_high - k_hide_low) * random.uniform() : 0.0;
  const std::size_t n = out.damaged.events.n;
  out.hidden.assign(n, 0);
  out.asked.assign(n, 0);
  for (std::size_t i = 0; i < n; ++i) {
    // What should be struck has no right value that could be asked.
    out.hidden[i] = random.uniform() < rate && out.damaged.tags[i] != EventTag::remove ? 1 : 0;
    out.asked[i] = random.uniform() < k_asked ? 1 : 0;
  }
  add_repeats(out.damaged.events, out.hidden, schema_, out.repeats, out.input);
}

void DamagedSource::append(const Example& example, TrainingChunk& chunk) const {
  Lesson lesson;
  make_lesson(example.sequence, example.draw, lesson);
  chunk.batch.append(lesson.input, example.begin, example.size);
  constexpr float k_unknown = std::numeric_limits<float>::quiet_NaN();
  const Vocabulary& vocabulary = schema_.primary_column().vocabulary;
  // UNK is nothing that could be put in the place of an event (add_repeats()).
  const auto value_of = [&](TypeId type) {
    const bool has_id = type < vocabulary.kept() && vocabulary.count(type) > 1;
    return has_id ? static_cast<float>(vocabulary.id(type)) : k_unknown;
  };
  const DamagedEvents& damaged = lesson.damaged;
  const std::size_t n = damaged.events.n;
  for (std::size_t t = example.begin; t < example.begin + example.size; ++t) {
    const bool is_event = t > 0 && t <= n;
    const std::size_t i = t - 1;  // the event, if it is one
    const bool is_hidden = is_event && lesson.hidden[i] != 0;
    const EventTag tag = is_event ? damaged.tags[i] : EventTag::keep;
    for (const EventTag choice : {EventTag::keep, EventTag::remove, EventTag::replace})
      chunk.labels[k_tag_table].push_back(!is_event || is_hidden ? k_unknown : tag == choice ? 1.0F : 0.0F);
    const bool asks =
        is_event && (is_hidden || tag == EventTag::replace || (tag == EventTag::keep && lesson.asked[i] != 0));
    chunk.labels[k_value_table].push_back(asks ? value_of(damaged.originals[i]) : k_unknown);
    const bool has_gap = t <= n && t + 1 < example.begin + example.size;
    const TypeId missing = has_gap ? damaged.missing[t] : k_nothing_missing;
    chunk.labels[k_gap_table].push_back(!has_gap ? k_unknown : missing == k_nothing_missing ? 0.0F : 1.0F);
    chunk.labels[k_missing_value_table].push_back(missing == k_nothing_missing ? k_unknown : value_of(missing));
  }
}

}  // namespace v0
}  // namespace seqguard

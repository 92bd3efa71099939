#include "seqguard/training/event_source.hpp"

#include "seqguard/core/random.hpp"
#include "seqguard/events/windows.hpp"
#include "seqguard/model/workspace.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

void add_examples(std::size_t sequence, const std::vector<Window>& windows, std::vector<Example>& out) {
  for (const Window& window : windows)
    out.push_back({static_cast<std::uint32_t>(sequence), static_cast<std::uint32_t>(window.begin),
                   static_cast<std::uint32_t>(window.size)});
}

}  // namespace

EventSource::EventSource(const EventSchema& schema, std::span<const EncodedEvents* const> train,
                         std::span<const EncodedEvents* const> held_out, std::size_t window, std::uint64_t seed,
                         std::span<const LabelTable> labels)
    : schema_(schema),
      sequences_(train.begin(), train.end()),
      train_(train.size()),
      window_(window),
      seed_(seed),
      labels_(labels) {
  sequences_.insert(sequences_.end(), held_out.begin(), held_out.end());
  for (const LabelTable& table : labels_) check_labels(table, sequences_.size(), train_, "sequences to learn from");
  std::vector<Window> windows;
  for (std::size_t s = train_; s < sequences_.size(); ++s) {
    scoring_windows(sequences_[s]->positions(), window_, window_, windows);
    add_examples(s, windows, held_out_);
  }
}

void EventSource::epoch(std::uint64_t number, std::vector<Example>& out) const {
  out.clear();
  std::vector<Window> windows;
  for (std::size_t s = 0; s < train_; ++s) {
    training_crops(sequences_[s]->positions(), window_, random_bits(seed_, k_crop_stream, 0), s, number, windows);
    add_examples(s, windows, out);
  }
  Random(random_bits(seed_, k_order_stream, 0), number).shuffle(out);
}

TrainingChunk EventSource::make_chunk() const {
  TrainingChunk chunk;
  chunk.batch.prepare(schema_, k_chunk_tokens + window_);
  chunk.labels.resize(labels_.size());
  return chunk;
}

void EventSource::append(const Example& example, TrainingChunk& chunk) const {
  chunk.batch.append(*sequences_[example.sequence], example.begin, example.size);
  append_labels(labels_, example, chunk);
}

}  // namespace v0
}  // namespace seqguard

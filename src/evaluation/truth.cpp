#include "seqguard/evaluation/truth.hpp"

#include <string_view>
#include <unordered_map>

#include "core/secret_hash.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/events/reader.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

/// Sequences by the text that names them in the labels.
class SequenceNames {
 public:
  SequenceNames(const Dataset& data, bool by_line) {
    const auto sequences = data.sequences();
    for (std::size_t s = 0; s < sequences.size(); ++s)
      index_.emplace(by_line ? std::to_string(sequences[s].line) : std::string(sequences[s].key), s);
  }
  /// The sequence, or npos.
  std::size_t find(std::string_view name) const {
    const auto found = index_.find(std::string(name));
    return found == index_.end() ? std::string::npos : found->second;
  }

 private:
  std::unordered_map<std::string, std::size_t, SecretHash> index_;
};

/// Index of the event at `position` of a sequence, or npos.
std::size_t find_event(const Dataset& data, const DataSequence& sequence, std::string_view position) {
  for (std::size_t i = 0; i < sequence.count; ++i) {
    const std::size_t event = sequence.first + i;
    if (data.order_column().empty() ? std::to_string(i) == position : data.order_text(event) == position) return event;
  }
  return std::string::npos;
}

bool means_normal(std::string_view kind) { return kind.empty() || kind == "0" || kind == "normal" || kind == "none"; }

}  // namespace

Truth read_truth(const std::string& path, const Dataset& data) {
  const bool by_line = data.key_column().empty();
  const Dataset labels = read_events(path, {.format = DataFormat::csv,
                                            .key = by_line ? "line" : data.key_column(),
                                            .columns = {{"kind", ColumnKind::categorical}},
                                            .strict = true});
  const bool of_events = !labels.order_column().empty();
  Truth truth{std::vector<std::string>(data.sequences().size()),
              std::vector<std::uint8_t>(of_events ? data.events() : 0)};
  const SequenceNames names(data, by_line);
  for (std::size_t l = 0; l < labels.sequences().size(); ++l) {
    const DataSequence& rows = labels.sequences()[l];
    const std::size_t s = names.find(rows.key);
    if (s == std::string::npos)
      fail(ErrorCode::bad_format, path + ":" + std::to_string(rows.line),
           "the data have no sequence \"" + std::string(rows.key) + "\"; labels and data must belong together");
    for (std::size_t i = 0; i < rows.count; ++i) {
      const std::size_t label = rows.first + i;
      const std::string_view kind = labels.view(l).columns[labels.primary()].text(i);
      if (means_normal(kind)) continue;
      if (truth.kinds[s].empty()) truth.kinds[s] = kind;
      if (!of_events) continue;
      const std::string_view position = labels.order_text(label);
      const std::size_t event = find_event(data, data.sequences()[s], position);
      if (event == std::string::npos)
        fail(ErrorCode::bad_format, path + ":" + std::to_string(labels.row(label)),
             "sequence \"" + std::string(rows.key) + "\" has no event at position " + std::string(position));
      truth.events[event] = 1;
    }
  }
  return truth;
}

}  // namespace v0
}  // namespace seqguard

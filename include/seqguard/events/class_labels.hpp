// What is known about the sequences or events of a data set: a class for each, by name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "seqguard/events/dataset.hpp"
#include "seqguard/events/label_rows.hpp"

namespace seqguard {
inline namespace v0 {

/// A sequence or event nothing is known about.
inline constexpr std::size_t k_unknown_class = std::numeric_limits<std::size_t>::max();

/// How labels are read.
struct ClassLabelOptions {
  std::string column = {};  ///< the labels' column; empty: `label`, or `kind`
  /// The label that means "nothing is wrong". Empty: "normal", "none", "0", or in a file of labels no text at all.
  std::string normal = {};
  bool unlabelled_are_normal = false;  ///< what no row speaks of is normal; else it is not known
};

struct ClassLabels {
  std::vector<std::string> classes;  ///< the normal one first, the others by name (numbers by size)
  bool of_events = false;            ///< a label for each event of the data set; else for each sequence
  std::vector<std::size_t> values;   ///< place in `classes`, or k_unknown_class

  /// How many have each class.
  std::vector<std::size_t> counts() const;
};

/// Labels of sequences from those of their events: the class of the first event that is not normal, else normal if any
/// event says so. Labels of sequences come back as they are.
ClassLabels sequence_labels(ClassLabels labels, const Dataset& data);

/// All classes but the normal one become one, "abnormal".
ClassLabels normal_or_abnormal(ClassLabels labels);

/// Labels of a file (read_label_rows()). A row without position speaks of a sequence; a file with a column of positions
/// labels events.
/// @throws Error as read_label_rows(); bad_format: two labels for one sequence or event; no label says normal; one
/// class only.
ClassLabels read_class_labels(const std::string& path, const Dataset& data, const ClassLabelOptions& options = {});

/// Labels from a column of the input itself, which `labels` has read as its only column (ReadOptions::columns) from the
/// same file as `data`. `of_events`: a label for each event; else the label of a sequence is the one that its rows
/// agree on, rows without text aside. @throws Error as read_class_labels(); bad_format: a row of `data` that `labels`
/// does not have.
ClassLabels class_labels_of_column(const Dataset& labels, const Dataset& data, bool of_events,
                                   const ClassLabelOptions& options = {});

}  // namespace v0
}  // namespace seqguard

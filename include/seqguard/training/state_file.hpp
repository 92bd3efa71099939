// The state of an unfinished computation as a file: a safetensors file with one tensor per field, under its name. A
// state lists its fields once, for writing and for reading:
//
//   struct State {
//     std::uint64_t step = 0;
//     std::vector<float> values;
//     template <class Self, class Visit>
//     static void visit_fields(Self& self, const Visit& visit) {
//       visit("step", self.step);
//       visit("values", self.values);
//     }
//   };
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "seqguard/model/safetensors.hpp"

namespace seqguard {
inline namespace v0 {

/// What a state file says about itself; a file is read by the very same description only.
struct StateDescription {
  std::string kind;          ///< which computation, "fit"
  std::uint64_t layout = 1;  ///< counted up whenever the fields of the kind change
  std::string fingerprint;   ///< of all that the computation reads: data, options, instruction set, backend
};

/// A number that can be a field, by itself or as a vector.
template <class T>
concept StateNumber = std::same_as<T, std::uint64_t> || std::same_as<T, double> || std::same_as<T, float>;

/// Collects fields, whose memory is borrowed until save().
class StateWriter {
 public:
  void operator()(const std::string& name, const bool& flag) { add(name, Dtype::boolean, {}, &flag, 1); }
  template <StateNumber T>
  void operator()(const std::string& name, const T& number) {
    add(name, dtype_of<T>(), {}, &number, sizeof number);
  }
  template <StateNumber T>
  void operator()(const std::string& name, const std::vector<T>& numbers) {
    add(name, dtype_of<T>(), {numbers.size()}, numbers.data(), numbers.size() * sizeof(T));
  }
  /// Replaces the file atomically: killed at any moment, it is the old or the new one. @throws Error io_error.
  void save(const std::string& path, const StateDescription& description) const;

 private:
  friend class StateReader;
  template <class T>
  static constexpr Dtype dtype_of() {
    return std::same_as<T, double> ? Dtype::f64 : std::same_as<T, float> ? Dtype::f32 : Dtype::u64;
  }
  void add(const std::string& name, Dtype dtype, std::vector<std::size_t> shape, const void* data, std::size_t bytes);

  std::vector<TensorToWrite> fields_;
};

/// Gives fields back. Each call: @throws Error bad_checkpoint if there is no such field, or one of another type.
class StateReader {
 public:
  /// @throws Error file_not_found, io_error; bad_checkpoint: damaged, of another kind, layout or fingerprint.
  StateReader(const std::string& path, const StateDescription& description);

  void operator()(const std::string& name, bool& flag);
  template <StateNumber T>
  void operator()(const std::string& name, T& number) {
    check(name, 0);
    number = file_.read_vector<T>(name, StateWriter::dtype_of<T>())[0];
  }
  template <StateNumber T>
  void operator()(const std::string& name, std::vector<T>& numbers) {
    check(name, 1);
    numbers = file_.read_vector<T>(name, StateWriter::dtype_of<T>());
  }
  /// @throws Error bad_checkpoint: a field that nobody has asked for.
  void check_all_read() const;

 private:
  void check(const std::string& name, std::size_t rank);

  SafetensorsFile file_;
  std::set<std::string, std::less<>> read_;
};

/// @throws Error as StateWriter::save().
template <class State>
void save_state(const State& state, const std::string& path, const StateDescription& description) {
  StateWriter writer;
  State::visit_fields(state, [&](const std::string& name, const auto& field) { writer(name, field); });
  writer.save(path, description);
}

/// @throws Error as StateReader.
template <class State>
State load_state(const std::string& path, const StateDescription& description) {
  State state;
  StateReader reader(path, description);
  State::visit_fields(state, [&](const std::string& name, auto& field) { reader(name, field); });
  reader.check_all_read();
  return state;
}

}  // namespace v0
}  // namespace seqguard

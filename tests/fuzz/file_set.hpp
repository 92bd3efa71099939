// The files of one directory as a single input.
#pragma once

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/targets.hpp"
#include "support/temporary_directory.hpp"

namespace seqguard {

/// The parts of an input, which the byte FF separates: no text file has it, so that every part can be any of them.
inline std::vector<std::string_view> parts_of(std::string_view input) {
  std::vector<std::string_view> parts(1);
  for (std::size_t begin = 0;; ++begin) {
    const std::size_t end = input.find('\xFF', begin);
    parts.back() = input.substr(begin, end - begin);
    if (end == std::string_view::npos) return parts;
    parts.emplace_back();
    begin = end;
  }
}

/// A directory that is used again for each input.
class FileSet {
 public:
  FileSet() = default;
  /// Calls fill(*this): files that stay the same.
  template <class Fill>
  explicit FileSet(const Fill& fill) {
    fill(*this);
  }
  const std::string& path() const { return directory_.path(); }
  void write(const std::string& name, std::string_view bytes) const {
    const std::filesystem::path file = directory_ / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << bytes;
  }
  /// File names[i] becomes part i; a part that is empty or absent is a file that is not there.
  void write(const std::vector<std::string>& names, std::string_view input) const {
    const std::vector<std::string_view> parts = parts_of(input);
    for (std::size_t i = 0; i < names.size(); ++i) {
      std::filesystem::remove(directory_ / names[i]);
      if (i < parts.size() && !parts[i].empty()) write(names[i], parts[i]);
    }
  }

 private:
  TemporaryDirectory directory_;
};

}  // namespace seqguard

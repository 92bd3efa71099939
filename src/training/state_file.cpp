#include "seqguard/training/state_file.hpp"

#include <utility>

#include "seqguard/core/error.hpp"
#include "seqguard/core/files.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

constexpr const char* k_kind = "seqguard_state";
constexpr const char* k_layout = "layout";
constexpr const char* k_fingerprint = "fingerprint";

}  // namespace

void StateWriter::add(const std::string& name, Dtype dtype, std::vector<std::size_t> shape, const void* data,
                      std::size_t bytes) {
  fields_.push_back({name, dtype, std::move(shape), {static_cast<const std::byte*>(data), bytes}});
}

void StateWriter::save(const std::string& path, const StateDescription& description) const {
  write_file_atomically(path, serialize_safetensors(fields_, {{k_kind, description.kind},
                                                              {k_layout, std::to_string(description.layout)},
                                                              {k_fingerprint, description.fingerprint}}));
}

StateReader::StateReader(const std::string& path, const StateDescription& description) : file_(path) {
  const auto said = [&](const char* key) {
    const auto found = file_.metadata().find(key);
    return found == file_.metadata().end() ? std::string("none") : found->second;
  };
  const std::string layout = description.kind + " " + std::to_string(description.layout);
  if (const std::string found = said(k_kind) + " " + said(k_layout); found != layout)
    fail(ErrorCode::bad_checkpoint, path, "state of another version; remove it to begin anew", layout, found);
  if (const std::string found = said(k_fingerprint); found != description.fingerprint)
    fail(ErrorCode::bad_checkpoint, path,
         "belongs to other data, options, instruction set or matrix backend; remove it or repeat the first call",
         description.fingerprint.substr(0, 12), found.substr(0, 12));
}

void StateReader::operator()(const std::string& name, bool& flag) {
  check(name, 0);
  flag = file_.read_vector<std::uint8_t>(name, Dtype::boolean)[0] != 0;
}

void StateReader::check_all_read() const {
  for (const auto& [name, info] : file_.tensors())
    if (!read_.contains(name)) fail(ErrorCode::bad_checkpoint, file_.path(), "unknown field \"" + name + "\"");
}

void StateReader::check(const std::string& name, std::size_t rank) {
  read_.insert(name);
  const auto found = file_.tensors().find(name);
  if (found != file_.tensors().end() && found->second.shape.size() != rank)
    fail(ErrorCode::bad_checkpoint, file_.path(), "dimensions of field \"" + name + "\"", std::to_string(rank),
         std::to_string(found->second.shape.size()));
}

}  // namespace v0
}  // namespace seqguard

#include "model/torch_file.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "model/state_dict_pickle.hpp"
#include "model/zip_directory.hpp"
#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

/// Memory that loading takes for each byte of the file: tied weights count once for each of their names.
constexpr std::size_t k_max_sharing = 4;

/// A member with the state of its checksum. Two threads may find it unchecked at once; both then check it.
struct CheckedMember {
  std::string name;
  ZipMember member;
  std::atomic<bool> checked{false};
};

/// Bytes that are read for tensors that do not lie in one piece, for each byte of the file: each takes its whole
/// window.
constexpr std::size_t k_max_gathering = 16;

/// Where the elements of a tensor lie: a strided window on a storage. All counts are elements.
struct Window {
  CheckedMember* storage = nullptr;
  std::size_t offset = 0, span = 0;  // first element, and elements from there to the last one's end
  std::vector<std::size_t> strides;
  bool contiguous = true;
};

/// Member "<folder>data.pkl"; the folder is the name of the file when it was saved.
std::string folder_of(const ZipDirectory& directory, const std::string& path) {
  constexpr std::string_view k_pickle = "data.pkl";
  std::vector<std::string> folders;
  for (const auto& [name, member] : directory)
    if (name.ends_with("/data.pkl")) folders.push_back(name.substr(0, name.size() - k_pickle.size()));
  if (folders.size() != 1)
    fail(ErrorCode::bad_checkpoint, path, "zip archive", "one member */data.pkl", std::to_string(folders.size()));
  return folders.front();
}

std::string read_member(const WeightsFile& file, const std::string& name, const ZipMember& member,
                        std::size_t max_bytes) {
  if (member.size > max_bytes)
    fail(ErrorCode::bad_checkpoint, file.path() + ": " + name, "size",
         "at most " + std::to_string(max_bytes) + " bytes", std::to_string(member.size));
  check_crc(file, name, member);
  std::string text(member.size, '\0');
  file.read(member.offset, std::as_writable_bytes(std::span<char>(text)));
  return text;
}

void refuse_other_formats(const WeightsFile& file) {
  // What torch.save wrote before version 1.6: PROTO 2, LONG1 with 10 bytes of a magic number.
  constexpr std::string_view k_legacy("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", 14);
  constexpr std::string_view k_zip("PK\x03\x04", 4);
  std::string start(std::min(file.size(), k_legacy.size()), '\0');
  file.read(0, std::as_writable_bytes(std::span<char>(start)));
  if (start == k_legacy)
    fail(ErrorCode::unsupported_model, file.path(),
         "written in torch's old format (before version 1.6): load it with torch and save it again");
  if (!start.starts_with(k_zip))
    fail(ErrorCode::bad_checkpoint, file.path(), "first bytes", "a zip archive", "something else");
}

}  // namespace

struct TorchFile::Contents {
  explicit Contents(WeightsFile opened) : file(std::move(opened)) {}

  WeightsFile file;
  ZipDirectory directory;
  std::map<std::string, CheckedMember, std::less<>> storages;  // by key
  std::vector<Window> windows;                                 // by TensorInfo::place
  /// Tensors by what they show, to find those that are the same.
  std::map<std::pair<std::vector<std::size_t>, std::pair<std::string, Dtype>>, std::string> shown;
  std::size_t bytes = 0, gathered = 0;  // of all tensors, and of the windows on which those not in one piece lie
};

TorchFile::TorchFile(const std::string& path, FileAccess access, const TensorLimits& limits)
    : TorchFile(WeightsFile(path, access), limits) {}

TorchFile::TorchFile(std::span<const std::byte> bytes, const std::string& name, const TensorLimits& limits)
    : TorchFile(WeightsFile(bytes, name), limits) {}

TorchFile::TorchFile(WeightsFile file, const TensorLimits& limits)
    : contents_(std::make_unique<Contents>(std::move(file))) {
  path_ = contents_->file.path();
  refuse_other_formats(contents_->file);
  const ZipDirectory& directory = contents_->directory = read_zip_directory(contents_->file, limits);
  const std::string folder = folder_of(directory, path_);
  const auto read = [&](const std::string& name, std::size_t max_bytes) {
    return read_member(contents_->file, name, directory.find(name)->second, max_bytes);
  };
  if (directory.contains(folder + "byteorder"))
    if (const std::string order = read(folder + "byteorder", 16); order != "little")
      fail(ErrorCode::bad_checkpoint, path_ + ": " + folder + "byteorder", "order of bytes", "little",
           "\"" + order + "\"");
  const PickleLimits pickle_limits;
  const std::string pickle = read(folder + "data.pkl", pickle_limits.max_bytes);
  for (const PickledTensor& tensor : parse_state_dict(pickle, path_ + ": data.pkl", limits, pickle_limits))
    add(tensor, folder);
  contents_->shown.clear();
}

TorchFile::~TorchFile() = default;
TorchFile::TorchFile(TorchFile&&) noexcept = default;
TorchFile& TorchFile::operator=(TorchFile&&) noexcept = default;

void TorchFile::add(const PickledTensor& tensor, const std::string& folder) {
  const auto refuse = [&](std::string_view what, std::string_view expected, const std::string& found) {
    fail(ErrorCode::bad_checkpoint, path_ + ": tensor \"" + tensor.name + "\"", what, expected, found);
  };
  const std::string member_name = folder + "data/" + tensor.storage;
  const auto member = contents_->directory.find(member_name);
  if (member == contents_->directory.end()) refuse("storage", "a member " + member_name, "none");
  const std::size_t width = size_of(tensor.dtype), held = member->second.size;
  if (held % width != 0 || held / width != tensor.storage_count)
    refuse("bytes of its storage", std::to_string(tensor.storage_count) + " elements of " + std::to_string(width),
           std::to_string(held));

  Window window;
  std::size_t count = 1, last = 0;  // last: of the window, from its first element
  bool overflow = false;
  for (std::size_t d = tensor.shape.size(); d-- > 0;) {
    window.contiguous &= tensor.shape[d] <= 1 || tensor.strides[d] == count;
    overflow |= __builtin_mul_overflow(count, tensor.shape[d], &count);
    std::size_t reach = 0;
    overflow |= tensor.shape[d] > 0 && __builtin_mul_overflow(tensor.shape[d] - 1, tensor.strides[d], &reach);
    overflow |= __builtin_add_overflow(last, reach, &last);
  }
  if (overflow) refuse("shape", "fewer than 2^64 elements", "an overflow");
  if (count > 0 && (tensor.offset >= tensor.storage_count || last >= tensor.storage_count - tensor.offset))
    refuse(
        "elements beyond its storage", "at most " + std::to_string(tensor.storage_count),
        "an offset of " + std::to_string(tensor.offset) + " and a last element " + std::to_string(last) + " behind it");
  if (count > tensor.storage_count)
    refuse("elements", "at most " + std::to_string(tensor.storage_count) + " of its storage", std::to_string(count));
  contents_->bytes += count * width;
  if (contents_->bytes / k_max_sharing > contents_->file.size())
    refuse("storages are shared by too many tensors", "at most " + std::to_string(k_max_sharing) + " times the file",
           "more");

  window.span = count > 0 ? last + 1 : 0;
  if (!window.contiguous) contents_->gathered += window.span * width;
  if (contents_->gathered / k_max_gathering > contents_->file.size())
    refuse("windows on storages are too large", "at most " + std::to_string(k_max_gathering) + " times the file",
           "more");

  const auto [storage, added] = contents_->storages.try_emplace(tensor.storage);
  if (added) {
    storage->second.name = member_name;
    storage->second.member = member->second;
  }
  window.storage = &storage->second;
  window.offset = tensor.offset;
  window.strides = tensor.strides;

  TensorInfo info{tensor.dtype, tensor.shape, contents_->windows.size(), {}};
  std::vector<std::size_t> what{tensor.offset};
  what.insert(what.end(), tensor.shape.begin(), tensor.shape.end());
  what.insert(what.end(), tensor.strides.begin(), tensor.strides.end());
  const auto [first, is_first] =
      contents_->shown.try_emplace({std::move(what), {tensor.storage, tensor.dtype}}, tensor.name);
  if (!is_first) info.same_as = first->second;
  contents_->windows.push_back(std::move(window));
  tensors_.emplace(tensor.name, std::move(info));
}

void TorchFile::read_next(const TensorInfo& info, Cursor& cursor, std::span<std::byte> out) const {
  if (out.empty()) return;
  const Window& window = contents_->windows[info.place];
  CheckedMember& storage = *window.storage;
  if (!storage.checked.load(std::memory_order_relaxed)) {
    check_crc(contents_->file, storage.name, storage.member);
    storage.checked.store(true, std::memory_order_relaxed);
  }
  const std::size_t width = size_of(info.dtype), begin = storage.member.offset + window.offset * width;
  if (window.contiguous) {
    contents_->file.read(begin + cursor.position, out);
  } else {
    if (cursor.gathered.empty()) {
      std::vector<std::byte> bytes(window.span * width);
      contents_->file.read(begin, bytes);
      cursor.gathered.resize(info.bytes());
      std::vector<std::size_t> at(info.shape.size());
      for (std::size_t i = 0, from = 0; i < info.count(); ++i) {
        std::memcpy(cursor.gathered.data() + i * width, bytes.data() + from * width, width);
        for (std::size_t d = at.size(); d-- > 0; at[d] = 0) {  // the next index, and its element
          from += window.strides[d];
          if (++at[d] < info.shape[d]) break;
          from -= window.strides[d] * info.shape[d];
        }
      }
    }
    std::memcpy(out.data(), cursor.gathered.data() + cursor.position, out.size());
  }
  cursor.position += out.size();
}

}  // namespace v0
}  // namespace seqguard

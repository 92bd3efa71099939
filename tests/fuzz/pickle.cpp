#include "fuzz/read_all.hpp"
#include "model/torch_archive.hpp"
#include "model/torch_file.hpp"

// The archive around the input is sound, checksums and all, which a change of its bytes would not leave it.
void seqguard::fuzz_pickle(std::string_view input) {
  std::vector<ArchiveMember> members = {{"m/data.pkl", std::string(input)}, {"m/version", "3\n"}};
  // Bytes of the storages of tests/golden/weight_files/windows.bin, whose pickle is a seed.
  const std::size_t storages[] = {96, 0, 16, 12, 12, 48, 48, 24, 12, 6, 3, 3, 2};
  for (std::size_t s = 0; s < std::size(storages); ++s)
    members.push_back({"m/data/" + std::to_string(s), std::string(storages[s], '\1')});
  const std::string archive = archive_of(members);
  read_all(TorchFile(bytes_of(archive), "fuzz.bin"), std::size_t{1} << 20);
}

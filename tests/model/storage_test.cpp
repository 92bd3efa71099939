// Every golden checkpoint in every form of storage. Their weights are numbers that each of the dtypes holds, so one
// expectation holds for all.
#include <doctest/doctest.h>

#include <filesystem>
#include <string>

#include "model/golden.hpp"
#include "model/storage_forms.hpp"
#include "seqguard/model/convert.hpp"
#include "support/temporary_directory.hpp"

using namespace seqguard;

namespace {

/// f(name of the golden, traits) for all families and heads.
template <class Function>
void for_each_golden(Function f) {
  for (const FamilyTraits* traits : families())
    for (const std::string& name : goldens_of(*traits)) {
      CAPTURE(name);
      f(name);
    }
}

}  // namespace

TEST_CASE("every family and head, in every form of storage and dtype, read or mapped: the same bits") {
  const Context<float> context = make_context(default_isa());
  for_each_golden([&](const std::string& name) {
    const Model<float> expected = load_model(context, k_golden + name);
    const SafetensorsFile source(k_golden + name + "/model.safetensors");
    for (const Dtype dtype : k_storage_dtypes) {
      const StoredTensors stored(source, dtype);
      for (const StorageForm& form : k_storage_forms) {
        CAPTURE(to_string(dtype));
        CAPTURE(std::string(form.name));
        const TemporaryDirectory directory;
        std::filesystem::copy(k_golden + name + "/config.json", directory.path());
        form.write(directory.path(), stored.tensors());
        for (const FileAccess access : {FileAccess::read, FileAccess::map})
          REQUIRE(load_model(context, directory.path(), {}, access).values() == expected.values());
      }
    }
  });
}

TEST_CASE("every family and head, written here in shards and in half precision: the outputs of transformers") {
  const Context<float> context = make_context(default_isa());
  for_each_golden([&](const std::string& name) {
    const Golden golden(name);
    for (const Dtype dtype : {Dtype::f16, Dtype::bf16}) {
      CAPTURE(to_string(dtype));
      const TemporaryDirectory directory;
      ConvertOptions options;
      options.weights = {.dtype = dtype, .max_shard_bytes = 10'000};
      convert_checkpoint(k_golden + name, directory / "model", options);
      compare(load_scoring_model(context, directory / "model"), golden, AttentionMask::full);
    }
  });
}

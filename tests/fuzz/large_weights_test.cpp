// The largest and slowest files of weights and configurations that 20 MB can hold.
#include <cstring>
#include <nlohmann/json.hpp>

#include "detection/recipe_json.hpp"
#include "fuzz/bounded.hpp"
#include "fuzz/file_set.hpp"
#include "fuzz/read_all.hpp"
#include "fuzz/targets.hpp"
#include "model/sharded_tensors.hpp"
#include "model/torch_archive.hpp"
#include "model/torch_file.hpp"
#include "seqguard/core/files.hpp"
#include "seqguard/model/checkpoint.hpp"

using namespace seqguard;

namespace {

std::string safetensors_of(const std::string& header, std::size_t data = 0) {
  return little_endian<std::uint64_t>(header.size()) + header + std::string(data, '\0');
}
std::string entry(const std::string& name, const std::string& shape, std::size_t begin, std::size_t end) {
  return "\"" + name + R"(":{"dtype":"F32","shape":)" + shape + R"(,"data_offsets":[)" + std::to_string(begin) + "," +
         std::to_string(end) + "]}";
}
/// The longest header that is read.
std::size_t header_bytes() { return std::min(large_input_bytes(), (std::size_t{16} << 20) - 100); }

void read_safetensors(const std::string& file) { fuzz_safetensors(file); }
void read_torch(const std::string& file) { read_all(TorchFile(bytes_of(file), "large.bin"), std::size_t{1} << 40); }

/// A pickle of a dict with `count` entries, entry(i) being the opcodes of its value; `before` runs first.
template <class Entry>
std::string pickled_dict_of(const std::string& before, std::size_t bytes, const Entry& value) {
  std::string pickle = "\x80\x02" + before + "}";
  for (std::size_t i = 0; pickle.size() < bytes; ++i) pickle += pickled_text("w" + std::to_string(i)) + value(i) + "s";
  return pickle + ".";
}

/// A directory whose config.json is this one; its weights are one small tensor.
void load_config(const std::string& config, const std::string& weights = {}) {
  const FileSet files;
  files.write("config.json", config);
  files.write("model.safetensors", weights.empty() ? safetensors_of("{" + entry("a", "[1]", 0, 4) + "}", 4) : weights);
  load_model(make_context(default_isa()), files.path());
}

}  // namespace

TEST_CASE("large inputs: safetensors") {
  for (int kind = 0; kind < k_nasty_json; ++kind)
    check_bounded("safetensors: JSON", [&] { read_safetensors(safetensors_of(nasty_json(kind, header_bytes()))); });
  check_bounded("safetensors: many tensors", [] {
    const auto header = repeated(header_bytes(), [](std::size_t i) { return entry(std::to_string(i), "[0]", 0, 0); });
    read_safetensors(safetensors_of("{" + header + "}"));
  });
  check_bounded("safetensors: the most tensors, long names", [] {
    std::size_t n = 0;
    const auto header = repeated(header_bytes(), [&](std::size_t i) {
      n = i + 1;
      return entry(std::to_string(i) + std::string(90, 'x'), "[1]", 4 * i, 4 * i + 4);
    });
    read_safetensors(safetensors_of("{" + header + "}", 4 * n));
  });
  check_bounded("safetensors: metadata", [] {
    const auto fields = repeated(header_bytes(), [](std::size_t i) { return "\"" + std::to_string(i) + "\":\"\""; });
    read_safetensors(safetensors_of(R"({"__metadata__":{)" + fields + "}}"));
  });
  check_bounded("safetensors: one large tensor", [] {
    const std::size_t n = large_input_bytes() / 4;
    read_safetensors(safetensors_of("{" + entry("a", "[" + std::to_string(n) + "]", 0, 4 * n) + "}", 4 * n));
  });
}

TEST_CASE("large inputs: pytorch_model.bin") {
  check_bounded("torch: many members", [] {
    std::vector<ArchiveMember> members;
    for (std::size_t i = 0; i < large_input_bytes() / 110; ++i) members.push_back({"m/data/" + std::to_string(i), ""});
    ArchiveEnd end;
    end.zip64 = true;
    end.members = 0xFFFF;
    end.members64 = static_cast<std::int64_t>(members.size());
    read_torch(archive_of(members, end));
  });
  check_bounded("torch: a member that says it is huge", [] {
    ArchiveMember member{"m/data.pkl", std::string(100, 'x')};
    member.size = member.packed_size = 0xF0000000;
    read_torch(archive_of({member}));
  });
  const auto opcodes = [](const char* name, const std::string& before, const std::string& again) {
    check_bounded(name, [&] {
      std::string pickle = "\x80\x02" + before;
      while (pickle.size() < large_input_bytes()) pickle += again;
      read_torch(torch_file_of(pickle + "."));
    });
  };
  opcodes("pickle: numbers", "", std::string("K\0", 2));
  opcodes("pickle: lists that take numbers", "]", std::string("K\0a", 3));
  opcodes("pickle: marks", "", "(");
  opcodes("pickle: tuples of tuples", ")", "\x85");
  opcodes("pickle: memo", ")", "\x94");
  opcodes("pickle: memo at its end", ")", "r\x3f\x42\x0f" + std::string(1, '\0'));
  opcodes("pickle: globals", "]", "ccollections\nOrderedDict\na");
  opcodes("pickle: storages",
          "](" + pickled_text("storage") + pickled_global("torch", "FloatStorage") +
              pickled_text(std::string(1'000, 'k')) + pickled_text("cpu") + pickled_number(6) + std::string("tq\0", 3) +
              "a",
          std::string("h\0Qa", 4));
  check_bounded("pickle: one dict, many keys", [] {
    read_torch(torch_file_of(pickled_dict_of("", large_input_bytes(), [](std::size_t) { return "N"; })));
  });
  const auto many_tensors = [](const char* name, const std::string& key, std::size_t data,
                               const std::vector<std::int64_t>& shape, const std::vector<std::int64_t>& strides) {
    check_bounded(name, [&] {
      const auto count = static_cast<std::int64_t>(data / 4);
      // Storage in memo 0, then a tensor for each name.
      std::string pickle = "\x80\x02}";
      const std::string storage = pickled_storage("FloatStorage", key, count);
      const std::size_t most = std::min<std::size_t>(99'000, (large_input_bytes() - data / 2) / 150);
      for (std::size_t i = 0; i < most; ++i)
        pickle += pickled_text("w" + std::to_string(i)) +
                  pickled_tensor(i == 0 ? storage + std::string("q\0", 2) : std::string("h\0", 2), 0, shape, strides) +
                  "s";
      read_torch(archive_of({{"m/data.pkl", pickle + "."}, {"m/data/" + key, std::string(data, '\0')}}));
    });
  };
  many_tensors("torch: many tensors, a long key", std::string(900, 'k'), 4'000, {1, 1, 1, 1, 1, 1, 1, 1},
               {1, 1, 1, 1, 1, 1, 1, 1});
  const std::size_t half = large_input_bytes() / 2;
  many_tensors("torch: far strides", "0", half, {2}, {static_cast<std::int64_t>(half / 4 - 1)});
  many_tensors("torch: transposed", "0", 4 * 250 * 200, {200, 250}, {1, 200});
}

TEST_CASE("large inputs: index of shards") {
  for (int kind = 0; kind < k_nasty_json; ++kind)
    check_bounded("index: JSON", [&] { parse_shard_index(nasty_json(kind, header_bytes()), "index.json", {}); });
  check_bounded("index: many tensors", [] {
    const auto map =
        repeated(header_bytes() - 100, [](std::size_t i) { return "\"" + std::to_string(i) + "\":\"a\""; });
    parse_shard_index("{\"weight_map\":{" + map + "}}", "index.json", {});
  });
}

TEST_CASE("large inputs: config.json") {
  for (int kind = 0; kind < k_nasty_json; ++kind)
    check_bounded("config: JSON", [&] { fuzz_config(nasty_json(kind, header_bytes())); });
  const auto with = [](const std::string& fields) { return "{" + fields + "}"; };
  check_bounded("config: labels", [&] {
    fuzz_config(
        with(R"("model_type":"bert","id2label":{)" +
             repeated(header_bytes() - 100,
                      [](std::size_t i) { return "\"" + std::to_string(i) + "\":\"x" + std::to_string(i) + "\""; }) +
             "}"));
  });
  check_bounded("config: number of labels", [&] { fuzz_config(with(R"("model_type":"bert","num_labels":1000000)")); });
  check_bounded("config: layer types", [&] {
    fuzz_config(with(R"("model_type":"modernbert","layer_types":[)" +
                     repeated(header_bytes() - 100, [](std::size_t) { return "\"full_attention\""; }) + "]"));
  });
  check_bounded("config: the largest model", [&] {
    load_config(with(R"("model_type":"bert","vocab_size":100000000,"hidden_size":65536,"num_hidden_layers":1000,
                     "num_attention_heads":1,"intermediate_size":1000000,"max_position_embeddings":1000000)"));
  });
  check_bounded("config: the most layers", [&] {
    load_config(with(R"("model_type":"albert","num_hidden_layers":1000,"num_hidden_groups":1000,"inner_group_num":1,
                     "hidden_size":1,"embedding_size":1,"num_attention_heads":1,"intermediate_size":1)"));
  });
  check_bounded("config: the largest rotary tables", [&] {
    load_config(with(R"("model_type":"modernbert","max_position_embeddings":1000000,"hidden_size":16,"vocab_size":1,
                     "num_attention_heads":1,"intermediate_size":1,"num_hidden_layers":1,"pad_token_id":0)"));
  });
  check_bounded("config: a model of as many tensors as fit", [&] {
    ModelSpec spec;
    spec.config = default_config(Family::albert);
    spec.config.num_hidden_layers = spec.config.num_hidden_groups =
        std::min<std::size_t>(1'000, large_input_bytes() / 3'500);
    spec.config.hidden_size = spec.config.embedding_size = spec.config.num_attention_heads = 1;
    spec.config.intermediate_size = spec.config.type_vocab_size = 1;
    spec.config.vocab_size = spec.config.max_position_embeddings = 4;
    spec.config.pad_token_id = 0;
    const FileSet files;
    const Model<float> model(make_context(default_isa()), spec);
    save_model(files.path() + "/m", model);
    load_model(make_context(default_isa()), files.path() + "/m");
  });
}

TEST_CASE("large inputs: sentence-transformers") {
  const auto load = [](const std::vector<std::string>& files) {
    std::string input;
    for (const std::string& file : files) input += (input.empty() ? "" : "\xFF") + file;
    fuzz_text_model(input);
  };
  const std::string golden = SEQGUARD_SOURCE_DIR "/tests/golden/text_sentence/";
  const std::string config = read_file(golden + "config.json", 10'000);
  const std::size_t bytes = std::min<std::size_t>(large_input_bytes(), 1'000'000);
  const std::string transformer = R"([{"type":"Transformer","path":""},{"type":"Pooling","path":"1_Pooling"})";
  check_bounded("modules: the same dense layer again and again", [&] {
    const auto more = repeated(bytes, [](std::size_t) { return R"({"type":"Dense","path":"2_Dense"})"; });
    load({config, transformer + "," + more + "]", R"({"pooling_mode":["cls","mean","max"]})", "{}"});
  });
  check_bounded("modules: normalize", [&] {
    const auto more = repeated(bytes, [](std::size_t) { return R"({"type":"Normalize","path":""})"; });
    load({config, transformer + "," + more + "]", R"({"pooling_mode":"mean"})"});
  });
  check_bounded("pooling: the same mode again and again", [&] {
    const auto modes = repeated(bytes, [](std::size_t) { return "\"max\""; });
    load({config, transformer + "]", R"({"pooling_mode":[)" + modes + "]}"});
  });
}

TEST_CASE("large inputs: saved scorers") {
  for (int kind = 0; kind < k_nasty_json; ++kind) {
    check_bounded("schema: JSON", [&] { fuzz_event_schema(nasty_json(kind, large_input_bytes())); });
    check_bounded("detector.json: JSON", [&] { fuzz_recipe(nasty_json(kind, large_input_bytes())); });
  }
  check_bounded("recipe: views", [] {
    fuzz_recipe(R"({"name":"x","combiner":"power_mean","views":[)" +
                repeated(large_input_bytes(),
                         [](std::size_t i) {
                           return R"({"name":"next:)" + std::to_string(i) +
                                  R"(","sidedness":"upper","weight":1,"order":7,"neighbours":{"count":5,"share":0}})";
                         }) +
                "]}");
  });
  const auto schema = [](const std::string& columns) {
    return R"({"format":"event-schema","version":1,"sequence":{"window":64,"stride":32},"aggregation":"sum","columns":[)" +
           columns + "]}";
  };
  check_bounded("schema: values", [&] {
    std::size_t n = 0;
    const auto values = repeated(large_input_bytes() * 4 / 5, [&](std::size_t i) {
      n = i + 1;
      std::string number = std::to_string(i);
      return "\"" + std::string(8 - number.size(), '0') + number + "\"";
    });
    const auto counts = repeated(2 * n - 1, [](std::size_t) { return "1"; });
    fuzz_event_schema(schema(R"({"name":"e","kind":"categorical","role":"primary","vocabulary":{"kept":)" +
                             std::to_string(n) + ",\"values\":[" + values + "],\"counts\":[" + counts + "]}}"));
  });
  check_bounded("schema: columns", [&] {
    fuzz_event_schema(schema(
        R"({"name":"e","kind":"categorical","role":"primary","vocabulary":{"kept":0,"values":[],"counts":[]}},)" +
        repeated(large_input_bytes(), [](std::size_t i) {
          return R"({"name":")" + std::to_string(i) +
                 R"(","kind":"categorical","vocabulary":{"kept":0,"values":[],"counts":[]}})";
        })));
  });
}

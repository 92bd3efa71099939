#include "seqguard/model/convert.hpp"

#include "cli/commands.hpp"
#include "cli/console.hpp"
#include "cli/interrupt.hpp"
#include "cli/output.hpp"
#include "core/json_writer.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/model/checkpoint.hpp"

namespace seqguard::cli {

int run(const ConvertCommandOptions& options) {
  require_writable_folder(options.to);
  require_writable_file(options.common.json);
  ConvertOptions convert;
  if (options.dtype == "fp32") convert.weights.dtype = Dtype::f32;
  if (options.dtype == "fp16") convert.weights.dtype = Dtype::f16;
  if (options.dtype == "bf16") convert.weights.dtype = Dtype::bf16;
  if (options.dtype == "int8") convert.weights.dtype = Dtype::i8;
  convert.weights.max_shard_bytes = options.max_shard_size;
  remember_interrupts();
  const ProgressSink stop_at_interrupt{[](const Progress&, void*) { return interrupted() == 0; }, nullptr};
  const Converted converted =
      options.merge_adapters.empty()
          ? convert_checkpoint(options.from, options.to, convert, stop_at_interrupt)
          : merge_adapter(options.from, options.merge_adapters, options.to, convert, stop_at_interrupt);
  const WrittenWeights& weights = converted.weights;
  const std::string dtype(weights.dtype ? to_string(*weights.dtype) : "mixed");
  say(options.common.quiet, converted.from + ": " + counted(weights.tensors, "tensor") + ", " +
                                counted(weights.parameters, "parameter") + ", " + dtype + ", " +
                                byte_size(weights.bytes) + " -> " + options.to + "/" + weights.files.back());
  try {
    load_model_spec(options.to);
  } catch (const Error& error) {
    say(options.common.quiet, std::string("note: converted, but seqguard cannot load it: ") + error.what());
  }
  if (!options.common.json.empty()) {
    JsonWriter json;
    json.begin_object().field("from", converted.from).field("to", options.to);
    json.field("tensors", weights.tensors).field("parameters", weights.parameters).field("bytes", weights.bytes);
    json.field("dtype", dtype).key("files").begin_array();
    for (const std::string& file : weights.files) json.value(file);
    json.end_array().end_object().end_line();
    write_output(options.common.json, json.text());
  }
  return k_done;
}

}  // namespace seqguard::cli

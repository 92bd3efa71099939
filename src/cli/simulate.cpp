#include <algorithm>

#include "cli/commands.hpp"
#include "cli/console.hpp"
#include "cli/interrupt.hpp"
#include "cli/output.hpp"
#include "core/json_writer.hpp"
#include "seqguard/core/files.hpp"
#include "seqguard/events/rewrite.hpp"
#include "seqguard/events/simulator.hpp"

namespace seqguard::cli {

int run(const SimulateOptions& options) {
  require_writable_folder(options.output);
  require_writable_file(options.common.json);
  const ShopSimulation shop(options.users, options.common.seed);
  remember_interrupts();
  DirectoryWriter directory(options.output);
  const auto write = [&](const char* name, ShopTable table) {
    std::size_t rows = 0;
    directory.write(name, [&](auto take) {
      write_table(*shop_rows(shop, table), DataFormat::csv, [&](std::string_view piece) {
        stop_if_interrupted("simulate");
        rows += static_cast<std::size_t>(std::count(piece.begin(), piece.end(), '\n'));
        take(piece);
      });
    });
    return rows - 1;  // without the header
  };
  const std::size_t events = write("events.csv", ShopTable::events);
  write("labels.csv", ShopTable::labels);
  write("clean.csv", ShopTable::clean);
  std::size_t abnormal = 0;
  for (std::size_t u = 0; u < shop.users(); ++u) abnormal += shop.anomaly(u) == ShopAnomaly::none ? 0 : 1;
  directory.commit();
  say(options.common.quiet, "simulated " + counted(shop.users(), "user") + " with " + counted(events, "event") + ", " +
                                with_commas(abnormal) + " of them abnormal -> " + options.output +
                                "/{events,labels,clean}.csv");
  if (!options.common.json.empty()) {
    JsonWriter json;
    json.begin_object().field("users", shop.users()).field("events", events).field("abnormal", abnormal);
    json.end_object().end_line();
    write_output(options.common.json, json.text());
  }
  return k_done;
}

}  // namespace seqguard::cli

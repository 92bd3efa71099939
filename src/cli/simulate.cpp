#include "cli/commands.hpp"
#include "cli/console.hpp"
#include "cli/interrupt.hpp"
#include "cli/output.hpp"
#include "core/json_writer.hpp"
#include "seqguard/core/files.hpp"
#include "seqguard/events/simulator.hpp"

namespace seqguard::cli {

int run(const SimulateOptions& options) {
  require_writable_folder(options.output);
  require_writable_file(options.common.json);
  const std::vector<ShopUser> users = simulate_shop(options.users, options.common.seed);
  std::size_t events = 0, abnormal = 0;
  for (const ShopUser& user : users) {
    events += user.events.size();
    abnormal += user.anomaly == ShopAnomaly::none ? 0 : 1;
  }
  remember_interrupts();
  DirectoryWriter directory(options.output);
  directory.write("events.csv", shop_events_csv(users));
  directory.write("labels.csv", shop_labels_csv(users));
  directory.write("clean.csv", shop_clean_csv(users));
  stop_if_interrupted("simulate");
  directory.commit();
  say(options.common.quiet, "simulated " + counted(users.size(), "user") + " with " + counted(events, "event") + ", " +
                                with_commas(abnormal) + " of them abnormal -> " + options.output +
                                "/{events,labels,clean}.csv");
  if (!options.common.json.empty()) {
    JsonWriter json;
    json.begin_object().field("users", users.size()).field("events", events).field("abnormal", abnormal);
    json.end_object().end_line();
    write_output(options.common.json, json.text());
  }
  return k_done;
}

}  // namespace seqguard::cli

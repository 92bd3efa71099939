// Flags that several commands have. CLI11 costs seconds of compile time: only what builds the flags includes this.
#pragma once

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <string>

#include "cli/options.hpp"

namespace seqguard::cli {

/// A command with the flags that all have.
CLI::App* add_command(CLI::App& app, const std::string& name, const std::string& what, const std::string& example,
                      CommonOptions& common);
/// The file to read, and how, where the columns are those of a model; or with `table` by what that says.
void add_input(CLI::App& command, InputOptions& input, const std::string& flag, const std::string& what,
               TableOptions* table = nullptr);
/// How much of an input is in memory at a time, for commands that do not need all of it.
void add_memory(CLI::App& command, InputOptions& input, const std::string& what);
/// A flag of the contract that this version does not have: refused by name.
void add_flag_to_come(CLI::App& command, const std::string& flag, const std::string& instead);
/// A flag that earlier versions had: refused, with a sentence that says what there is instead.
void add_flag_of_old(CLI::App& command, const std::string& flag, const std::string& instead);
/// How sequences are repaired; flags that another flag is needed for.
void add_repair_flags(CLI::App& command, RepairFlags& flags, const std::string& needed = {});

/// The commands that look at data alone.
void add_simulate(CLI::App& app, SimulateOptions& options);
void add_inspect(CLI::App& app, InspectOptions& options);
void add_split(CLI::App& app, SplitCommandOptions& options);

/// The commands that learn.
void add_fit(CLI::App& app, FitCommandOptions& options);
void add_recalibrate(CLI::App& app, RecalibrateCommandOptions& options);
void add_profiles(CLI::App& app, ProfilesOptions& options);
void add_fine_tune(CLI::App& app, FineTuneCommandOptions& options);

}  // namespace seqguard::cli

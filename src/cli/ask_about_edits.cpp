#include "cli/ask_about_edits.hpp"

#include <unistd.h>

#include <algorithm>
#include <istream>
#include <limits>
#include <ostream>
#include <string>

#include "cli/repair_report.hpp"
#include "seqguard/core/error.hpp"

namespace seqguard::cli {
namespace {

/// The next answer that is one; 'q' at the end.
char ask(std::istream& answers, std::ostream& screen) {
  std::string line;
  while (true) {
    screen << "  make it? [y]es, [n]o, [a]ll of this sequence, [q]uit: " << std::flush;
    if (!std::getline(answers, line)) {
      screen << "\n";
      return 'q';
    }
    if (line.size() == 1 && std::string("ynaq").find(line[0]) != std::string::npos) return line[0];
    screen
        << "  y makes the edit, n leaves the events as they are, a makes it and the others of this sequence, q makes "
           "neither it nor any further one; what was agreed to is written\n";
  }
}

/// What is left of a repair without the edits that were declined.
void settle(Repair& repair, std::size_t declined) {
  if (declined == 0) return;
  const bool is_edited =
      std::any_of(repair.edits.begin(), repair.edits.end(), [](const Edit& edit) { return !edit.only_reported; });
  if (is_edited) {
    repair.score_after = repair.p_after = std::numeric_limits<double>::quiet_NaN();
    return;
  }
  repair.result = RepairResult::untouched;
  repair.score_after = repair.score_before;
  repair.p_after = repair.p_before;
}

}  // namespace

void require_terminal() {
  const bool hears = ::isatty(STDIN_FILENO) == 1, shows = ::isatty(STDERR_FILENO) == 1;
  if (hears && shows) return;
  fail(ErrorCode::invalid_argument, "--interactive",
       std::string(hears ? "stderr, where it shows the edits," : "stdin, where it reads the answers,") +
           " is no terminal; --dry-run --edits - lists the edits without asking");
}

std::size_t ask_about_edits(const Dataset& data, std::vector<Repair>& repairs, std::istream& answers,
                            std::ostream& screen) {
  std::size_t declined = 0;
  bool has_quit = false;
  for (std::size_t s = 0; s < repairs.size(); ++s) {
    char answer = has_quit ? 'q' : 'n';
    std::vector<Edit> wanted;
    std::size_t unwanted = 0;
    for (Edit& edit : repairs[s].edits) {
      if (!edit.only_reported && answer != 'a' && answer != 'q') {
        screen << edit_in_context(data, s, edit) << "\n";
        answer = ask(answers, screen);
      }
      if (edit.only_reported || answer == 'y' || answer == 'a')
        wanted.push_back(std::move(edit));
      else
        ++unwanted;
    }
    has_quit = answer == 'q';
    repairs[s].edits = std::move(wanted);
    settle(repairs[s], unwanted);
    declined += unwanted;
  }
  return declined;
}

}  // namespace seqguard::cli

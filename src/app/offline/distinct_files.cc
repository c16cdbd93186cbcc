#include "app/offline/distinct_files.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

namespace netscope {
namespace {

struct NamedFile {
  std::string option, name;
  std::string path;                    // without links, "." and ".."; empty for standard streams
  std::optional<struct stat> regular;  // where there is a regular file
};

NamedFile look_at(const std::string& option, const std::string& name) {
  NamedFile file{.option = option, .name = name, .path = {}, .regular = {}};
  struct stat status{};
  const bool standard = name == "-";
  if (!standard) {
    std::error_code unreadable;
    file.path = std::filesystem::weakly_canonical(std::filesystem::absolute(name, unreadable), unreadable).string();
  }
  const int descriptor = option == "--pcap" ? STDIN_FILENO : STDOUT_FILENO;
  const bool found = (standard ? ::fstat(descriptor, &status) : ::stat(name.c_str(), &status)) == 0;
  if (found && S_ISREG(status.st_mode)) file.regular = status;
  if (found && !S_ISREG(status.st_mode)) file.path.clear();
  return file;
}

bool same(const NamedFile& one, const NamedFile& other) {
  if (one.regular && other.regular) {
    return one.regular->st_dev == other.regular->st_dev && one.regular->st_ino == other.regular->st_ino;
  }
  return !one.path.empty() && one.path == other.path;
}

}  // namespace

Result<void> check_distinct_files(const CommandLine& options) {
  std::vector<NamedFile> seen;
  const auto add = [&](const char* option, const std::string& name) {
    if (!name.empty()) seen.push_back(look_at(option, name));
  };
  add("--pcap", options.capture_in);
  add("--rules", options.rules_file);
  add("--apps", options.apps_file);
  const std::size_t inputs = seen.size();
  add("--out", options.capture_out);
  add("--flows", options.flows);
  add("--events", options.events);
  add("--stats-json", options.stats_json);
  for (std::size_t output = inputs; output < seen.size(); ++output) {
    for (std::size_t other = 0; other < output; ++other) {
      if (!same(seen[output], seen[other])) continue;
      return failure(seen[output].option + " " + seen[output].name + ": is the file of " + seen[other].option + " " +
                     seen[other].name + " itself; choose another output");
    }
  }
  return {};
}

}  // namespace netscope

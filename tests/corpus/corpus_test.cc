// corpus_test CORPUS FLOWS [PART PARTS]: every capture of CORPUS/pcap and CORPUS/robust through the program's whole
// offline run, in one process. FLOWS is a directory that takes NAME.jsonl of each capture of pcap/, for the score.
//
// The promises: it ends; every packet that went in came out or was blocked; what came out reads back as that many
// packets; one worker and three write the same bytes; what is not a success says why.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "app/command_line.h"
#include "app/offline/offline.h"
#include "app/policy_source.h"

namespace netscope {
namespace {

namespace fs = std::filesystem;

constexpr int kSkipped = 77;
constexpr std::uint32_t kFlows =
    4096;  // more than any of the captures has, by three times; the tables are made anew for each run

constexpr std::string_view kRules = R"(
[[rule]]
name = "video"
action = "drop"
category = ["video", "social"]
[[rule]]
name = "web"
action = "reject"
proto = ["http"]
domain = ["com"]
[[rule]]
name = "private"
action = "drop"
dst = ["192.168.0.0/16"]
port = [53]
)";

std::string contents_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class Corpus {
 public:
  Corpus(const fs::path& flows, const fs::path& work) : flows_(flows), work_(work) {
    std::ofstream(work / "rules.toml") << kRules;
    CommandLine filtering;
    filtering.rules_file = (work / "rules.toml").string();
    inspection_ = policy({});
    filtering_ = policy(filtering);
  }

  // `scored`: its flows are kept.
  void check(const fs::path& capture, bool scored) {
    capture_ = capture;
    ++captures_;
    const fs::path lines = scored ? flows_ / (capture.filename().string() + ".jsonl") : work_ / "flows.jsonl";
    run(capture, {.flows = lines.string()}, inspection_, "inspection");
    filter();
  }

  int captures() const { return captures_; }
  int failures() const { return failures_; }

 private:
  struct Outputs {
    std::string capture = {}, flows = {};
    unsigned workers = 0;
  };

  void fail(const std::string& why) {
    ++failures_;
    std::cout << capture_.parent_path().filename().string() << "/" << capture_.filename().string() << ": " << why
              << "\n";
  }

  LoadedPolicy policy(const CommandLine& options) {
    auto loaded = load_policy(options);
    if (!loaded) {
      fail(to_string(loaded.error().front()));
      return {};
    }
    return std::move(*loaded);
  }

  // What the run answers; a run that could not begin answers an empty one, and is a failure.
  OfflineRun run(const fs::path& capture, const Outputs& outputs, const LoadedPolicy& policy, const std::string& what) {
    CommandLine options;
    options.capture_in = capture.string();
    options.capture_out = outputs.capture;
    options.flows = outputs.flows;
    options.workers = outputs.workers;
    options.max_flows = kFlows;
    auto done = run_offline(options, policy.rules);
    if (!done) {
      fail(what + " did not begin: " + to_string(done.error()));
      return OfflineRun();
    }
    for (const std::string& problem : done->problems) {
      if (!problem.starts_with(capture.string() + ": at byte ")) fail(what + ": a problem without a place: " + problem);
    }
    const Statistics& s = done->statistics;
    if (s.all.packets != s.accepted.packets + s.blocked_packets()) {
      fail(what + ": " + std::to_string(s.all.packets) + " packets are not " + std::to_string(s.accepted.packets) +
           " accepted and " + std::to_string(s.blocked_packets()) + " blocked");
    }
    if (done->records_read != s.all.packets) fail(what + ": packets read and packets judged differ in number");
    return std::move(*done);
  }

  void filter() {
    const fs::path one = work_ / "one", three = work_ / "three";
    fs::remove(one);
    fs::remove(three);
    const OfflineRun first = run(capture_, {.capture = one.string(), .workers = 1}, filtering_, "filtering");
    run(capture_, {.capture = three.string(), .workers = 3}, filtering_, "filtering by three");
    if (fs::exists(one) != fs::exists(three) || contents_of(one) != contents_of(three)) {
      fail("one worker and three wrote different bytes");
    }
    if (!fs::exists(one)) {
      if (first.problems.empty() && first.records_read > 0) fail("no output, yet no problem");
      return;
    }
    const OfflineRun again = run(one, {.workers = 1}, inspection_, "reading the output back");
    if (again.records_read != first.statistics.accepted.packets || first.records_written != again.records_read) {
      fail("accepted " + std::to_string(first.statistics.accepted.packets) + " packets, wrote " +
           std::to_string(first.records_written) + ", but the output holds " + std::to_string(again.records_read));
    }
    for (const std::string& problem : again.problems) {
      if (first.problems.empty()) fail("the output has a flaw that the input has not: " + problem);
    }
  }

  fs::path flows_, work_, capture_;
  LoadedPolicy inspection_, filtering_;
  int captures_ = 0, failures_ = 0;
};

// Large ones first and last ones small, so that the parts take equally long.
std::vector<fs::path> captures_of(const fs::path& corpus) {
  std::vector<fs::path> captures;
  for (const char* folder : {"pcap", "robust"}) {
    for (const auto& entry : fs::directory_iterator(corpus / folder)) captures.push_back(entry.path());
  }
  std::sort(captures.begin(), captures.end(), [](const fs::path& a, const fs::path& b) {
    const auto size_a = fs::file_size(a), size_b = fs::file_size(b);
    return size_a != size_b ? size_a > size_b : a < b;
  });
  return captures;
}

int run_all(const fs::path& corpus, const fs::path& flows, std::size_t part, std::size_t parts) {
  if (!fs::is_directory(corpus / "pcap") || !fs::is_directory(corpus / "robust")) {
    std::cout << "skipped: the corpus of real captures does not lie beside the project\n";
    return kSkipped;
  }
  const fs::path work = flows / ("work-" + std::to_string(part));
  fs::create_directories(work);
  Corpus checked(flows, work);
  const std::vector<fs::path> captures = captures_of(corpus);
  for (std::size_t i = part; i < captures.size(); i += parts) {
    checked.check(captures[i], captures[i].parent_path().filename() == "pcap");
  }
  fs::remove_all(work);
  std::cout << checked.captures() << " captures, " << checked.failures() << " failures\n";
  return checked.failures() == 0 && checked.captures() > 0 ? 0 : 1;
}

}  // namespace
}  // namespace netscope

int main(int argc, char** argv) {
  if (argc != 3 && argc != 5) {
    std::cerr << "usage: corpus_test CORPUS FLOWS [PART PARTS]\n";
    return 2;
  }
  const std::size_t part = argc == 5 ? std::stoul(argv[3]) : 0;
  const std::size_t parts = argc == 5 ? std::stoul(argv[4]) : 1;
  return netscope::run_all(argv[1], argv[2], part, parts);
}

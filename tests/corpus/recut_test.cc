// recut_test CORPUS [PART PARTS]: every capture of CORPUS/pcap through the core as it is, and again with its packets
// cut otherwise: TCP payload in segments of 1, 7 and 100 bytes, in reversed pairs, QUIC's CRYPTO frames in three and
// shuffled. Each flow must show the same names.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <set>
#include <string>
#include <tuple>

#include "netscope/capture/chunk.h"
#include "netscope/capture/packet_decoder.h"
#include "netscope/engine/worker.h"
#include "recut.h"

namespace netscope::corpus {
namespace {

namespace fs = std::filesystem;

constexpr int kSkipped = 77;
constexpr std::uint32_t kFlows = 2048;  // a worker; more than all have in any of the captures

constexpr Cut kCuts[]{
    {.name = "segments of 1 byte", .segment_bytes = 1},
    {.name = "segments of 7 bytes", .segment_bytes = 7},
    {.name = "segments of 100 bytes", .segment_bytes = 100},
    {.name = "reversed pairs", .segment_bytes = 100, .reversed_pairs = true},
    {.name = "CRYPTO frames in three", .quic = true},
};

// What a flow showed: its ends, the protocol, the name.
using Sight = std::tuple<std::string, std::string, std::string>;

std::shared_ptr<const RuleSet> no_rules() {
  return std::make_shared<const RuleSet>(RuleSet::compile(Policy{}, Catalogue::built_in()));
}

std::set<Sight> names_in(Bytes file, const Cut& cut) {
  static const std::shared_ptr<const RuleSet> rules = no_rules();
  std::vector<Worker> workers;
  std::vector<Recutter> recutters;
  for (std::size_t i = 0; i < kShares; ++i) {
    workers.emplace_back(rules, WorkerOptions{.flow_capacity = kFlows, .recording = {.flows = true}});
    recutters.emplace_back(cut);
  }
  CaptureParser parser;
  PacketDecoder decoder(Tunnels::look_through);
  Chunk chunk;
  for (;;) {
    chunk.clear();
    chunk.bytes = file;
    const ParseStatus status = take_records(parser, chunk);
    decoder.decode(chunk);
    for (std::size_t i = 0; i < kShares; ++i) {
      const std::vector<Packet> packets = recutters[i].recut(chunk.shares[i].packets);
      std::vector<Verdict> verdicts(packets.size());
      workers[i].process(packets, verdicts);
    }
    if (status != ParseStatus::ok || chunk.used == 0) break;
    file = file.subspan(chunk.used);
  }
  std::set<Sight> names;
  for (Worker& worker : workers) {
    worker.finish();
    for (const Event& event : worker.take_events()) {
      const std::string ends = to_string(event.client.address) + " " + std::to_string(event.client.port) + " " +
                               to_string(event.server.address) + " " + std::to_string(event.server.port);
      for (const SeenName& seen : event.shown.names) names.emplace(ends, to_string(seen.protocol), seen.name);
    }
  }
  return names;
}

struct Score {
  std::size_t names = 0, lost = 0, new_ones = 0;
};

void tell(const fs::path& capture, const Cut& cut, std::string_view what, const Sight& sight) {
  const auto& [ends, protocol, name] = sight;
  std::cout << capture.filename().string() << ": " << cut.name << ": " << what << " " << protocol << " " << name << " ("
            << ends << ")\n";
}

void compare(const fs::path& capture, const std::set<Sight>& whole, const std::set<Sight>& pieces, const Cut& cut,
             Score& score) {
  score.names += whole.size();
  for (const Sight& sight : whole) {
    if (pieces.contains(sight)) continue;
    ++score.lost;
    tell(capture, cut, "lost", sight);
  }
  for (const Sight& sight : pieces) {
    if (whole.contains(sight)) continue;
    ++score.new_ones;
    tell(capture, cut, "new", sight);
  }
}

int run(const fs::path& corpus, std::size_t part, std::size_t parts) {
  std::vector<fs::path> captures;
  for (const auto& entry : fs::directory_iterator(corpus / "pcap")) captures.push_back(entry.path());
  std::sort(captures.begin(), captures.end(), [](const fs::path& a, const fs::path& b) {
    return std::pair(fs::file_size(a), a) > std::pair(fs::file_size(b), b);
  });
  Score scores[std::size(kCuts)];
  for (std::size_t i = part; i < captures.size(); i += parts) {
    std::ifstream in(captures[i], std::ios::binary);
    const std::string file{std::istreambuf_iterator<char>(in), {}};
    const std::set<Sight> whole = names_in(as_bytes(file), {.name = "as it is"});
    if (whole.empty()) continue;
    for (std::size_t c = 0; c < std::size(kCuts); ++c) {
      compare(captures[i], whole, names_in(as_bytes(file), kCuts[c]), kCuts[c], scores[c]);
    }
  }
  bool same = true;
  for (std::size_t c = 0; c < std::size(kCuts); ++c) {
    std::cout << kCuts[c].name << ": " << scores[c].names << " names, " << scores[c].lost << " lost, "
              << scores[c].new_ones << " new\n";
    same = same && scores[c].lost == 0 && scores[c].new_ones == 0 && scores[c].names > 0;
  }
  return same ? 0 : 1;
}

}  // namespace
}  // namespace netscope::corpus

int main(int argc, char** argv) {
  if (argc != 2 && argc != 4) {
    std::cerr << "usage: recut_test CORPUS [PART PARTS]\n";
    return 2;
  }
  if (!std::filesystem::is_directory(std::filesystem::path(argv[1]) / "pcap")) {
    std::cout << "skipped: the corpus of real captures does not lie beside the project\n";
    return netscope::corpus::kSkipped;
  }
  return netscope::corpus::run(argv[1], argc == 4 ? std::stoul(argv[2]) : 0, argc == 4 ? std::stoul(argv[3]) : 1);
}

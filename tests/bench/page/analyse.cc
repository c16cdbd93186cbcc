// analyse CAPTURE: runs a capture through the core as the page's worker does, and prints how many seconds it took. What
// the page's own core is measured against.
#include <algorithm>
#include <chrono>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <vector>

#include "netscope/policy/catalogue/catalogue.h"
#include "netscope/policy/policy.h"
#include "netscope/view/analysis.h"

namespace {

constexpr std::size_t kPiece = 1u << 22;  // as the page's

netscope::Result<void> analyse(const std::vector<char>& capture) {
  const netscope::Catalogue& catalogue = netscope::Catalogue::built_in();
  auto policy = netscope::parse_policy("", "", catalogue);
  if (!policy) return std::unexpected(policy.error().front());
  const auto rules =
      std::make_shared<const netscope::RuleSet>(netscope::RuleSet::compile(std::move(*policy), catalogue));
  netscope::Analysis analysis(rules, netscope::Tunnels::look_through);
  const netscope::Bytes bytes = netscope::as_bytes({capture.data(), capture.size()});
  for (std::size_t at = 0; at < bytes.size(); at += kPiece) {
    if (auto fed = analysis.feed(bytes.subspan(at, std::min(kPiece, bytes.size() - at))); !fed) return fed;
  }
  if (auto ended = analysis.end_capture(); !ended) return ended;
  analysis.finish();
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: analyse CAPTURE\n";
    return 2;
  }
  std::ifstream file(argv[1], std::ios::binary);
  const std::vector<char> capture{std::istreambuf_iterator<char>(file), {}};
  const auto begin = std::chrono::steady_clock::now();
  if (const auto done = analyse(capture); !done) {
    std::cerr << "analyse: " << to_string(done.error()) << "\n";
    return 1;
  }
  std::cout << std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() << "\n";
  return 0;
}

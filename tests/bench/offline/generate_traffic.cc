// generate_traffic KIND OUT.pcap [--seed N] [--packets N] [--flows N] [--large N]
//
// The same arguments give the same bytes.
#include <algorithm>
#include <charconv>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string_view>

#include "traffic.h"

namespace {

using netscope::bench::FrameWriter;
using netscope::bench::TrafficSize;

struct Kind {
  std::string_view name;
  TrafficSize size;
  void (*write)(FrameWriter&, const TrafficSize&);
};

constexpr Kind kKinds[] = {
    {"mixed", {.packets = 1'600'000, .flows = 100'000}, netscope::bench::write_mixed},
    {"quic", {.packets = 1'600'000, .flows = 100'000}, netscope::bench::write_quic},
    {"unknownquic", {.packets = 1'600'000, .flows = 100'000}, netscope::bench::write_unknown_quic},
    {"small", {.packets = 2'000'000, .flows = 200'000}, netscope::bench::write_small},
    {"newflows", {.packets = 2'000'000, .flows = 2'000'000}, netscope::bench::write_new_flows},
};

const Kind& kind_named(std::string_view name) {
  for (const Kind& kind : kKinds) {
    if (kind.name == name) return kind;
  }
  throw std::invalid_argument("the kinds are mixed, quic, unknownquic, small and newflows, not " + std::string(name));
}

std::uint64_t number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value == 0) {
    throw std::invalid_argument("not a number above zero: " + std::string(text));
  }
  return value;
}

void generate(int argc, char** argv) {
  const Kind& kind = kind_named(argv[1]);
  TrafficSize size = kind.size;
  for (int i = 3; i + 1 < argc; i += 2) {
    const std::string_view option = argv[i];
    if (option == "--seed") {
      size.seed = number(argv[i + 1]);
    } else if (option == "--packets") {
      size.packets = number(argv[i + 1]);
    } else if (option == "--flows") {
      size.flows = number(argv[i + 1]);
    } else if (option == "--large") {
      size.large = std::min<std::uint64_t>(number(argv[i + 1]), 8);
    } else {
      throw std::invalid_argument("unknown option " + std::string(option));
    }
  }
  FrameWriter out(argv[2]);
  kind.write(out, size);
  out.close();
  std::cerr << out.frames() << " packets\n";
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3 || argc % 2 == 0) {
    std::cerr << "usage: generate_traffic mixed|quic|unknownquic|small|newflows OUT.pcap [--seed N] [--packets N] "
                 "[--flows N] [--large N]\n";
    return 2;
  }
  try {
    generate(argc, argv);
  } catch (const std::exception& problem) {
    std::cerr << "generate_traffic: " << problem.what() << "\n";
    return 1;
  }
  return 0;
}

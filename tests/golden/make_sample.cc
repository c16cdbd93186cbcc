// make_sample OUT.pcap | make_sample --all DIRECTORY | make_sample --evening OUT.pcap
//
// Writes the capture of a home network; or that and all the small ones beside it; or a longer one. The same program
// gives the same bytes.
#include <exception>
#include <iostream>
#include <string>
#include <string_view>

#include "captures.h"

namespace {

using netscope::golden::NamedCapture;

void write_home(const std::string& path) {
  netscope::test::write_file(path, netscope::test::pcap_file(netscope::golden::home_network()));
}

void write_all(const std::string& directory) {
  write_home(directory + "/home.pcap");
  for (const auto& captures : {netscope::golden::wrapped_captures(), netscope::golden::tricky_captures()}) {
    for (const NamedCapture& capture : captures) {
      netscope::test::write_file(directory + "/" + capture.file_name, capture.contents);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view kind = argc == 3 ? argv[1] : "";
  if (argc != 2 && kind != "--all" && kind != "--evening") {
    std::cerr << "usage: make_sample OUT.pcap | make_sample --all DIRECTORY | make_sample --evening OUT.pcap\n";
    return 2;
  }
  try {
    if (kind == "--all") {
      write_all(argv[2]);
    } else if (kind == "--evening") {
      netscope::test::write_file(argv[2], netscope::test::pcap_file(netscope::golden::long_evening()));
    } else {
      write_home(argv[1]);
    }
  } catch (const std::exception& problem) {
    std::cerr << "make_sample: " << problem.what() << "\n";
    return 1;
  }
  return 0;
}

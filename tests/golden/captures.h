// The captures that ship with the project, made rather than recorded: nobody's traffic is in them, and every byte has
// its reason here. Names under `example`, and addresses for documentation (RFC 5737, RFC 3849).
#pragma once

#include <string>
#include <vector>

#include "support/capture_writer.h"

namespace netscope::golden {

// A household behind its gateway: what the quickstart filters.
std::vector<test::TimedPacket> home_network();
// An hour of a larger one. It is not committed: it has some megabytes.
std::vector<test::TimedPacket> long_evening();

struct NamedCapture {
  std::string file_name;
  test::Buffer contents;
};
// One capture for each way of wrapping packets. Each visits blocked.example and allowed.example.
std::vector<NamedCapture> wrapped_captures();
// One capture for each trick that a conversation can play.
std::vector<NamedCapture> tricky_captures();

}  // namespace netscope::golden

#include <cstdlib>

#include "netscope/net/headers.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace netscope;
  for (const Tunnels tunnels : {Tunnels::opaque, Tunnels::look_through}) {
    const Headers headers = decode_ip({data, size}, tunnels);
    const Bytes payload = headers.payload;
    if (!payload.empty() && (payload.data() < data || payload.data() + payload.size() > data + size)) std::abort();
    if (headers.status == HeaderStatus::ok && payload.size() > headers.payload_on_wire) std::abort();
  }
  return 0;
}

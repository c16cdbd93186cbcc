#include <cstdlib>

#include "netscope/net/headers.h"

// The first byte names the link type, the second whether tunnels are opened; the rest is the frame.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace netscope;
  if (size < 2) return 0;
  const auto tunnels = (data[1] & 1) != 0 ? Tunnels::look_through : Tunnels::opaque;
  const Headers headers = decode_frame({data + 2, size - 2}, static_cast<LinkType>(data[0]), tunnels);
  const Bytes payload = headers.payload;
  if (!payload.empty() && (payload.data() < data || payload.data() + payload.size() > data + size)) std::abort();
  if (headers.status == HeaderStatus::ok && payload.size() > headers.payload_on_wire) std::abort();
  return 0;
}

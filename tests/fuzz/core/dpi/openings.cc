// Any bytes as the beginning of a stream, and as a datagram.
#include <cstdlib>

#include "core/dpi/openings.h"
#include "core/dpi/proxy_header.h"
#include "core/dpi/socks.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace netscope;
  if (parse_stream_opening({data, size}).status == ParseStatus::malformed) std::abort();
  if (parse_datagram_opening({data, size}).status == ParseStatus::need_more) std::abort();
  if (check_may_turn_to_tls({data, size}) == ParseStatus::malformed) std::abort();
  const auto proxy = parse_proxy_header({data, size});
  if (proxy.status == ParseStatus::malformed || (proxy.ok() && *proxy > 16 + 0xffff)) std::abort();
  const auto request = socks::parse_request({data, size});
  if (request.status == ParseStatus::malformed) std::abort();
  if (request.ok() && request->length > size) std::abort();
  return 0;
}

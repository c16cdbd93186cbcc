// Any bytes as the beginning of a stream, and as a datagram.
#include <cstdlib>

#include "netscope/dpi/openings.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace netscope;
  if (parse_stream_opening({data, size}).status == ParseStatus::malformed) std::abort();
  if (parse_datagram_opening({data, size}).status == ParseStatus::need_more) std::abort();
  return 0;
}

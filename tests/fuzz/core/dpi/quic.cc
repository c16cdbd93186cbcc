// Any bytes as a datagram, and as the frames and the hello that an Initial would hide.
#include <cstdlib>

#include "core/dpi/quic.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace netscope;
  const Bytes input{data, size};
  const auto header = quic::parse_long_header(input);
  if (header.ok() && header->packet.size() > size) std::abort();
  Reader frames = Reader::whole(input);
  while (quic::next_crypto_frame(size % 2 == 0 ? 1 : 0x51303530, frames).ok()) {
  }
  for (const auto& hello : {quic::parse_google_datagram(input), quic::parse_google_hello(input)}) {
    if (hello.ok() && hello->server_name.size() + hello->user_agent.size() > 2 * size) std::abort();
  }
  return 0;
}

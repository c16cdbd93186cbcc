// Any bytes as a datagram of DTLS, and as the hello that its fragments make.
#include <cstdlib>

#include "core/dpi/dtls.h"
#include "core/dpi/tls.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace netscope;
  const auto fragments = dtls::parse_datagram({data, size});
  if (fragments.ok() && (fragments->count == 0 || fragments->list[0].data.size() > size)) std::abort();
  const auto hello = tls::parse_dtls_client_hello({data, size});
  if (hello.ok() && hello->server_name.size() + hello->alpn.size() > 2 * size) std::abort();
  return 0;
}

#include <array>
#include <cstdlib>

#include "core/dpi/ja4.h"
#include "core/dpi/tls.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace netscope;
  static std::array<std::uint8_t, tls::kMaxClientHello> scratch;
  const auto in_records = tls::parse_records({data, size}, scratch);
  const auto bare = tls::parse_client_hello({data, size});
  if (in_records.ok() && in_records->server_name.size() > size) std::abort();
  if (bare.ok() && bare->server_name.size() + bare->alpn.size() > size) std::abort();
  const std::string ja4 = bare.ok() ? tls::ja4_of(bare->message, tls::HelloOver::tcp) : "";
  if (!ja4.empty() && !tls::parse_ja4_pattern(ja4)) std::abort();
  if (tls::parse_server_records({data, size}).status == ParseStatus::malformed) std::abort();
  return 0;
}

#include <cstdlib>

#include "core/dpi/dns.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace netscope;
  static dns::Message message;
  std::size_t length = 0;
  if (dns::parse_message({data, size}, message) == ParseStatus::need_more) std::abort();
  for (std::size_t i = 0; i < message.question_count; ++i) {
    if (message.questions[i].name.view().size() > kMaxHostName) std::abort();
  }
  if (dns::parse_stream({data, size}, message, length) != ParseStatus::need_more && length < 2) std::abort();
  return 0;
}

#include <cstdlib>

#include "core/dpi/dns_answer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace netscope;
  static dns::Answer answer;
  dns::Exchange exchange;
  static_cast<void>(dns::parse_exchange({data, size}, 1, exchange));
  if (dns::parse_answer({data, size}, answer)) {
    if (answer.name_count == 0 || answer.name_count > dns::kMaxAnswerNames) std::abort();
    if (answer.address_count == 0 || answer.address_count > dns::kMaxAnswerAddresses) std::abort();
  }
  return 0;
}

#include <cstdlib>

#include "netscope/capture/capture_parser.h"

// A capture that arrives in windows which grow by a few bytes until the next record is whole.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  netscope::CaptureParser parser;
  netscope::Record record;
  for (std::size_t begin = 0, end = 0; end <= size; end += 1 + (begin + end) % 64) {
    while (parser.next({data + begin, end - begin}, record) == netscope::ParseStatus::ok)
      if ((begin = parser.offset()) > end || record.data_begin + record.data_size > record.raw_size) std::abort();
  }
  return 0;
}

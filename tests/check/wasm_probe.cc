// The smallest use of the core in a browser: reads the header of a capture that its host put into memory.
#include <cstdint>

#include "netscope/capture/capture_parser.h"

extern "C" [[clang::export_name("read_first_record")]] int read_first_record(const std::uint8_t* data,
                                                                             std::size_t size) {
  netscope::CaptureParser parser;
  netscope::Record record;
  return static_cast<int>(parser.next({data, size}, record));
}

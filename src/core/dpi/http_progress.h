// Tells when a request's head that arrives piece by piece is worth reading again: what tls_progress.h is for a hello.
//
// The answer of http::parse_request may change where the method ends, with the request line, with a Host line and what
// is folded onto it, and with the empty line. Of very many Host lines most wait for the head's end, which is always
// told.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "netscope/base/bytes.h"

namespace netscope::http {

class HeadProgress {
 public:
  // Of a trailer section, whose beginning is no request line.
  static HeadProgress of_fields();

  // Whether what has come since the last call may change the answer. The whole input is given each time; it only grows.
  bool follow(Bytes stream);

  // Whether kMaxRequestHead bytes have come.
  bool ended() const;

 private:
  enum class Part : std::uint8_t { blank_lines, method, line, fields };

  bool step(std::string_view text);
  bool line_ends(std::string_view line);
  bool tell_host();

  std::uint32_t read_ = 0;
  std::uint32_t line_ = 0;  // where the line under way begins
  std::uint32_t told_ = 0;  // where a Host line was last said to be worth it
  Part part_ = Part::blank_lines;
  std::uint8_t hosts_ = 0;        // lines, as far as they are counted
  bool host_is_last_ = false;     // of the fields that have begun
  bool host_is_pending_ = false;  // its value may stand in the next line
};

}  // namespace netscope::http

// HTTP/2 without TLS (RFC 9113): who is asked. A client that knows that its server speaks it begins with a preface.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "core/dpi/hpack.h"
#include "netscope/base/bytes.h"
#include "netscope/base/parsed.h"

namespace netscope::http2 {

inline constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";  // section 3.4

// Header blocks of one connection that are read; each is unpacked behind all before it.
inline constexpr std::uint16_t kMaxBlocks = 256;

// Views live until the reader's next call. Fields that were not sent are empty.
struct Request {
  std::string_view method{};
  std::string_view path{};
  std::string_view authority{};
  std::string_view host{};  // some servers prefer it, and clients may send both (section 8.3.1)
  std::string_view user_agent{};
  bool dns_message = false;  // carries a DNS message, or asks for one (RFC 8484, section 4.1)

  bool trailers() const { return method.empty() && effective_host().empty(); }  // no request
  std::string_view effective_host() const { return authority.empty() ? host : authority; }
};

// Counts the header blocks of a stream that grows, each frame once.
class BlockCount {
 public:
  // How many have come whole. All of what a client says from its preface on is given each time.
  std::size_t follow(Bytes stream);

 private:
  std::uint32_t read_ = 0;  // bytes of whole frames, the preface included
  std::uint32_t blocks_ = 0;
};

// Keeps memory between calls, and nothing that it read.
class RequestReader {
 public:
  // The header block number `index`, from 0, of what a client says from its preface on. need_more: it is not all there.
  // no_match: no preface. malformed: the server ends the connection.
  Parsed<Request> read(Bytes stream, std::size_t index);

 private:
  hpack::Decoder decoder_;
  std::vector<std::uint8_t> block_;
};

}  // namespace netscope::http2

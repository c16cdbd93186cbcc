// Reads one direction of a TCP connection for names: which protocol it is, each name it shows, and where to look next.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

#include "core/dpi/dns.h"
#include "core/dpi/http.h"
#include "core/dpi/http2.h"
#include "core/dpi/openings.h"
#include "core/dpi/socks.h"
#include "core/dpi/tls.h"
#include "core/inspect/sighting.h"
#include "core/inspect/stream_inspection.h"
#include "netscope/net/host_name.h"

namespace netscope {

// Segments of a direction of which the beginning was not seen that are read until a request or a hello shows itself.
inline constexpr std::uint32_t kMaxResyncSegments = 256;

// Bytes of HTTP/2 that are kept: each header block is read behind all before it.
inline constexpr std::size_t kMaxHttp2 = 64 * 1024;

// Bytes that are read in all that looks like the beginning of a hello, in a stream that may turn to TLS: of an honest
// client, one hello. Where hundreds of them lie within one another, many times as many.
inline constexpr std::size_t kMaxSearchWork = 2u << 20;

// Use: begin() with a segment, next() until it returns false, end(). In between, the segment must live. Views in a
// sighting live until the next call.
class StreamReader {
 public:
  StreamReader();

  // `sequence` is that of the segment's first byte. An empty segment reads again what is held.
  void begin(StreamInspection& stream, std::uint32_t sequence, Bytes segment);
  // Like begin(), after StreamPrefix::skip_lost moved the stream: what is held may begin anywhere.
  void begin_after_loss(StreamInspection& stream);
  // The next thing seen; false when the rest has to wait for more bytes or holds nothing.
  bool next(Sighting& sighting);
  // Keeps what has to wait, and gives back what has not.
  void end();
  // How and where it reads on.
  ReadingPlace place() const;

 private:
  enum class Step : std::uint8_t { sighting, again, wait };

  Step detect(Sighting& sighting);
  Step request(Sighting& sighting);
  Step resync(Sighting& sighting);
  Step upgrade(Sighting& sighting);
  bool follow_beginning(HelloSearch::Beginning& beginning, Bytes bytes, Sighting& sighting);
  Step greeted(Sighting& sighting);
  Step answer(Sighting& sighting);
  Step chunk();
  Step dns_message(Sighting& sighting);
  Step http2_request(Bytes view, Sighting& sighting);
  Step hello(const tls::ClientHello& hello, Sighting& sighting);
  Step socks_request(const socks::Request& asked, Sighting& sighting);
  Step http_request(const http::RequestPrefix& head, Sighting& sighting);
  Step next_question(Sighting& sighting);
  Step give_up(Sighting& sighting);
  Step lose();
  bool hello_may_follow(const Opening& opening) const;
  bool dns_expected() const { return stream_->dns_port && stream_->prefix.exact(); }
  ParseStatus expected_dns();
  bool other_reading(Sighting& sighting);

  // What is to be read, from the stream's position on.
  Bytes bytes() const;
  bool keep(std::uint32_t sequence, Bytes segment);
  Step wait_for_hello(Awaited::Told told = Awaited::Told::nothing);
  Step wait_for_head(Awaited::Told told = Awaited::Told::nothing);
  // Moves the position at the next call.
  void consume_later(std::uint64_t count) { pending_ = count; }
  void apply_pending();

  StreamInspection* stream_ = nullptr;
  std::uint32_t sequence_ = 0;
  Bytes segment_;
  bool in_place_ = false;      // the segment is read where it lies
  bool waiting_ = false;       // nothing more in these bytes
  bool other_read_ = false;    // the last-copy reading was asked
  std::uint64_t pending_ = 0;  // consumed with the last sighting
  std::uint64_t taken_ = 0;    // consumed in place
  std::size_t followed_ = 0;   // in `upgrade`, beginnings that were followed to what has come
  HostName second_name_;       // of the last request: a name that another reading of it gives
  std::unique_ptr<std::array<std::uint8_t, tls::kMaxClientHello>> scratch_;
  std::unique_ptr<dns::Message> message_;
  http2::RequestReader http2_;
  std::size_t question_ = 0;  // of message_, the next to report
};

}  // namespace netscope

// IP fragments put together (RFC 791 section 3.2, RFC 8200 section 4.5), for traffic that no kernel has reassembled.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "netscope/base/time.h"
#include "netscope/net/headers.h"

namespace netscope {

class Defragmenter {
 public:
  // Datagrams under way at once; the oldest gives way to a new one.
  static constexpr std::size_t kMaxDatagrams = 1024;
  // Pieces of one datagram, and its bytes (an IPv4 datagram holds no more).
  static constexpr std::size_t kMaxPieces = 64;
  static constexpr std::size_t kMaxDatagramBytes = 65535;
  static constexpr Duration kTimeout = std::chrono::seconds(30);  // as Linux

  enum class Outcome : std::uint8_t {
    pending,      // kept; which flow it belongs to is not known, because the first fragment is not here yet
    of_flow,      // kept; `headers` has the ports and protocol of its flow, and no payload
    complete,     // the last piece: `headers` describes the whole datagram, its payload lies in `datagram`
    overlapping,  // pieces contradict each other: as Linux does, the whole datagram is given up (RFC 5722)
    too_large,    // a limit was passed; the datagram is given up
  };

  // Takes a fragment. On of_flow and complete `headers` becomes what the outcome says; on complete its payload points
  // into `datagram`, which the caller keeps.
  Outcome add(Headers& headers, Time now, std::vector<std::uint8_t>& datagram);

  std::size_t pending() const { return datagrams_.size(); }

 private:
  struct Key {
    IpAddress source;
    IpAddress destination;
    std::uint32_t id;
    std::uint8_t ip_protocol;
    auto operator<=>(const Key&) const = default;
  };
  struct Piece {
    std::uint32_t begin;
    std::uint32_t end;
  };
  struct Datagram {
    Time first_seen;
    std::vector<std::uint8_t> bytes;
    std::vector<Piece> pieces;  // ascending, apart
    std::uint32_t size = 0;     // known from the last fragment; 0 until then
    bool given_up = false;
    bool has_ports = false;
    Headers first;  // of the fragment at offset 0; its views are empty
  };

  void make_room(Time now);
  Outcome place(Datagram& datagram, const Headers& headers);

  std::map<Key, Datagram> datagrams_;
};

}  // namespace netscope

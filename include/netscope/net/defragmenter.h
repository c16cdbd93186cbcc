// IP fragments put together (RFC 791 section 3.2, RFC 8200 section 4.5), for traffic that no kernel has reassembled.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "netscope/base/recently_lost.h"
#include "netscope/base/time.h"
#include "netscope/net/headers.h"

namespace netscope {

class Defragmenter {
 public:
  // Datagrams under way at once, and the bytes that are kept of them; the oldest gives way to a new one.
  static constexpr std::size_t kMaxDatagrams = 1024;
  static constexpr std::size_t kMaxBytes = 4u << 20;  // as Linux (net.ipv4.ipfrag_high_thresh)
  // Bytes of one datagram, in whatever pieces (an IPv4 datagram holds no more).
  static constexpr std::size_t kMaxDatagramBytes = 65535;
  static constexpr Duration kTimeout = std::chrono::seconds(30);  // as Linux

  enum class Outcome : std::uint8_t {
    pending,      // kept; which flow it belongs to is not known, because the first fragment is not here yet
    of_flow,      // kept; `headers` has the ports and protocol of its flow, and no payload
    complete,     // the last piece: `headers` describes the whole datagram, its payload lies in `datagram`
    overlapping,  // pieces contradict each other: as Linux does, the whole datagram is given up (RFC 5722)
    forgotten,    // of a datagram that gave way, pieces of which have passed: what it says is not known any more
    too_large,    // it ends where no datagram can
  };

  // `seed`: of the hash of what is forgotten; random where peers are hostile.
  explicit Defragmenter(std::uint64_t seed = 0) : seed_(seed) {}

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
  void forget(std::map<Key, Datagram>::iterator datagram, Time now);
  static std::uint32_t hash_of(const Key& key, std::uint64_t seed);
  Outcome place(Datagram& datagram, const Headers& headers);

  std::map<Key, Datagram> datagrams_;
  std::size_t bytes_ = 0;  // of all of them
  std::uint64_t seed_;
  RecentlyLost lost_{kTimeout};
};

}  // namespace netscope

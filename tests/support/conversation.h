// Whole conversations: packets with their times, as a gateway between two hosts sees them.
//
//   const std::vector<TimedPacket> packets = TcpConversation({.client = "192.168.1.20", .server = "203.0.113.9"})
//       .handshake().client(client_hello("example.com")).server(server_hello()).close().packets();
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "netscope/base/time.h"
#include "support/packets.h"

namespace netscope::test {

// Tuesday, 14 November 2023, 22:13:20 UTC: where tests begin to count.
constexpr Time kTestTime{std::chrono::seconds{1'700'000'000}};

struct TimedPacket {
  Time at;
  Packet packet;
  std::uint32_t interface = 0;  // of a pcapng file
};

// The two ends of a conversation and the road between them. IPv4 or IPv6 follows from the addresses.
struct Ends {
  std::string client = "192.168.1.20";
  std::string server = "203.0.113.9";
  std::uint16_t client_port = 51234;
  std::uint16_t server_port = 443;
  Time begin = kTestTime;
  Duration step = std::chrono::milliseconds{5};  // from each packet to the next
  std::size_t segment_bytes = 1460;
  std::uint32_t client_sequence = 1000;
  std::uint32_t server_sequence = 500'000;
  Packet link = ethernet();  // all that stands in front of IP, tunnels included, as the client sends it
};

class TcpConversation {
 public:
  explicit TcpConversation(Ends ends);

  // What usually happens. Data goes out in segments of `segment_bytes`; the other side acknowledges each message once.
  TcpConversation& handshake();
  TcpConversation& client(Bytes data);
  TcpConversation& server(Bytes data);
  TcpConversation& close();  // FIN from the client, FIN from the server, the last ACK
  TcpConversation& client_resets();
  TcpConversation& server_resets();

  // What happens less often. Client data, in segments of `piece_bytes`, in order or the last first.
  TcpConversation& client_in_pieces(Bytes data, std::size_t piece_bytes);
  TcpConversation& client_reversed(Bytes data, std::size_t piece_bytes);
  // One client segment at `offset` of its stream; moves nothing. For overlaps, repeats and holes.
  TcpConversation& client_at(std::uint32_t offset, Bytes data);
  // The same, but never meant to arrive: a fake of the kinds that evasion tools send.
  TcpConversation& client_fake_at(std::uint32_t offset, Bytes data, std::uint8_t ttl);
  // After client_at: the client's stream is this long now.
  TcpConversation& client_sent(std::uint32_t bytes);
  TcpConversation& wait(Duration pause);

  std::vector<TimedPacket> packets() const { return packets_; }

 private:
  Packet from_client(std::uint32_t sequence) const;
  Packet from_server() const;
  void add(const Packet& packet);

  Ends ends_;
  std::uint32_t client_next_;
  std::uint32_t server_next_;
  Time now_;
  std::vector<TimedPacket> packets_;
};

class UdpConversation {
 public:
  explicit UdpConversation(Ends ends);
  UdpConversation& client(Bytes datagram);
  UdpConversation& server(Bytes datagram);
  std::vector<TimedPacket> packets() const { return packets_; }

 private:
  Ends ends_;
  Time now_;
  std::vector<TimedPacket> packets_;
};

// A DNS query and its answer over UDP; `ends.server_port` is taken as 53.
std::vector<TimedPacket> dns_lookup(Ends ends, std::string_view name, std::string_view address);

// All of them in the order of their times; of equal times the earlier argument comes first.
std::vector<TimedPacket> merged(const std::vector<std::vector<TimedPacket>>& conversations);

}  // namespace netscope::test

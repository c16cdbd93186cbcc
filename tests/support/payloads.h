// What the packets of the tests carry: TLS, HTTP and DNS messages as a client or server would write them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/byte_writer.h"

namespace netscope::test {

// TLS (RFC 8446). A name of "" means a hello without server_name.
struct HelloOptions {
  std::vector<std::string> alpn = {"h2", "http/1.1"};
  std::uint16_t version = 0x0304;  // 0x0303: TLS 1.2, without supported_versions and key_share
  bool ech = false;                // an encrypted_client_hello extension: the name given is then the outer one
  bool post_quantum = false;       // an X25519MLKEM768 key share, and padded to the 1,750 bytes that browsers send
  std::size_t padded_to = 0;       // pads the hello to this many bytes in one record, header included (RFC 7685)
  std::size_t record_bytes = 0;    // splits it into records of so many bytes each; 0: one record
};
Buffer client_hello(std::string_view name, const HelloOptions& options = {});
// The handshake message alone, as QUIC's CRYPTO frames carry it.
Buffer client_hello_message(std::string_view name, const HelloOptions& options = {});
// ServerHello, and for TLS 1.3 some encrypted records behind it.
Buffer server_hello(std::uint16_t version = 0x0304);
Buffer tls_record(std::uint8_t type, Bytes body);
// `message` in handshake records of at most `record_bytes`.
Buffer tls_handshake_records(Bytes message, std::size_t record_bytes = 16384);
Buffer tls_application_data(std::size_t size);

// HTTP/1.1 (RFC 9112). A host of "" means no Host header.
using HeaderFields = std::vector<std::pair<std::string, std::string>>;
Buffer http_request(std::string_view method, std::string_view target, std::string_view host,
                    const HeaderFields& fields = {}, std::string_view body = {});
Buffer http_response(unsigned status = 200, std::string_view body = "", const HeaderFields& fields = {});

// DNS (RFC 1035).
constexpr std::uint16_t kTypeA = 1;
constexpr std::uint16_t kTypeCname = 5;
constexpr std::uint16_t kTypePtr = 12;
constexpr std::uint16_t kTypeAaaa = 28;
constexpr std::uint16_t kTypeHttps = 65;

struct DnsAnswer {
  std::string value;       // an address of either version, or the name that a CNAME or PTR points at
  std::string owner = {};  // what it is about; "": the question, by a compression pointer
  std::uint16_t type = 0;  // 0: A or AAAA after the value's look, else CNAME
  std::uint32_t ttl_seconds = 300;
};
Buffer dns_name(std::string_view name);  // as labels, without compression
Buffer dns_query(std::string_view name, std::uint16_t type = kTypeA, std::uint16_t id = 0x1234);
Buffer dns_response(std::string_view name, const std::vector<DnsAnswer>& answers, std::uint16_t type = kTypeA,
                    std::uint16_t id = 0x1234, std::uint8_t response_code = 0);
// An unsolicited multicast answer (RFC 6762): no question, id 0.
Buffer mdns_announcement(std::string_view name, std::string_view address);
// The two length bytes of DNS over TCP in front.
Buffer over_tcp(Bytes dns_message);

// The body of an Ethernet frame of type 0x0806; `target_mac` of zeros asks, any other answers.
Buffer arp(std::string_view sender_mac, std::string_view sender, std::string_view target_mac, std::string_view target);

}  // namespace netscope::test

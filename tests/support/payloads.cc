#include "support/payloads.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <stdexcept>

namespace netscope::test {
namespace {

constexpr std::uint8_t kHandshake = 22;

Buffer extension(std::uint16_t type, Bytes body) {
  return ByteWriter().u16(type).counted_u16(body);
}

Buffer server_name(std::string_view name) {
  const Buffer entry = ByteWriter().u8(0).counted_u16(as_bytes(name));
  return extension(0, ByteWriter().counted_u16(entry).buffer());
}

Buffer alpn(const std::vector<std::string>& protocols) {
  ByteWriter list;
  for (const std::string& protocol : protocols) list.counted_u8(as_bytes(protocol));
  return extension(16, ByteWriter().counted_u16(list.buffer()).buffer());
}

Buffer key_share(bool post_quantum) {
  ByteWriter shares;
  if (post_quantum) shares.u16(0x11ec).counted_u16(noise(1216, 11));
  shares.u16(0x001d).counted_u16(noise(32, 12));
  return extension(51, ByteWriter().counted_u16(shares.buffer()).buffer());
}

Buffer encrypted_client_hello() {
  ByteWriter body;
  body.u8(0).u16(1).u16(1).u8(0x42).counted_u16(noise(32, 13)).counted_u16(noise(144, 14));
  return extension(0xfe0d, body.buffer());
}

Buffer extensions_of(std::string_view name, const HelloOptions& options) {
  Buffer all = extension(23, {});  // extended_master_secret: a neighbour in front, so that no name comes first by luck
  const auto add = [&](const Buffer& more) { all.insert(all.end(), more.begin(), more.end()); };
  if (!name.empty()) add(server_name(name));
  add(extension(10,
                options.post_quantum ? Buffer{0, 6, 0x11, 0xec, 0, 0x1d, 0, 0x17} : Buffer{0, 4, 0, 0x1d, 0, 0x17}));
  add(extension(13, Buffer{0, 6, 4, 3, 8, 4, 4, 1}));
  if (!options.alpn.empty()) add(alpn(options.alpn));
  if (options.version >= 0x0304) {
    add(extension(43, Buffer{4, 3, 4, 3, 3}));
    add(extension(45, Buffer{1, 1}));
    add(key_share(options.post_quantum));
  }
  if (options.ech) add(encrypted_client_hello());
  return all;
}

Buffer hello_body(std::string_view name, const HelloOptions& options, std::size_t padding) {
  ByteWriter body;
  body.u16(0x0303).bytes(noise(32, 21)).counted_u8(noise(32, 22));
  body.counted_u16(Buffer{0x13, 0x01, 0x13, 0x02, 0x13, 0x03, 0xc0, 0x2b, 0xc0, 0x2f, 0xc0, 0x30}).u8(1).u8(0);
  Buffer extensions = extensions_of(name, options);
  if (padding >= 4) {
    const Buffer pad = extension(21, Buffer(padding - 4));
    extensions.insert(extensions.end(), pad.begin(), pad.end());
  }
  return body.counted_u16(extensions);
}

Buffer ip_address(std::string_view text) {
  Buffer address(16);
  const bool is_v6 = text.find(':') != std::string_view::npos;
  if (!is_v6) address.resize(4);
  const bool is_address = inet_pton(is_v6 ? AF_INET6 : AF_INET, std::string(text).c_str(), address.data()) == 1;
  return is_address ? address : Buffer{};
}

Buffer mac_bytes(std::string_view text) {
  Buffer mac(6);
  for (std::size_t i = 0; i < mac.size(); ++i) std::from_chars(&text.at(3 * i), &text.at(3 * i) + 2, mac[i], 16);
  return mac;
}

}  // namespace

Buffer client_hello_message(std::string_view name, const HelloOptions& options) {
  constexpr std::size_t kHeaders = 5 + 4;  // of the record and of the message
  Buffer body = hello_body(name, options, 0);
  const std::size_t size = kHeaders + body.size();
  const std::size_t wanted = options.post_quantum && options.padded_to == 0 ? 1750 : options.padded_to;
  if (wanted > size) body = hello_body(name, options, std::max<std::size_t>(wanted - size, 4));
  return ByteWriter().u8(1).counted_u24(body);
}

Buffer client_hello(std::string_view name, const HelloOptions& options) {
  const Buffer message = client_hello_message(name, options);
  return tls_handshake_records(message, options.record_bytes == 0 ? message.size() : options.record_bytes);
}

Buffer tls_record(std::uint8_t type, Bytes body) {
  return ByteWriter().u8(type).u16(0x0303).counted_u16(body);
}

Buffer tls_handshake_records(Bytes message, std::size_t record_bytes) {
  Buffer records;
  while (!message.empty()) {
    const std::size_t size = std::min(record_bytes, message.size());
    records = join({records, tls_record(kHandshake, message.first(size))});
    message = message.subspan(size);
  }
  if (records.size() > 2) records[2] = 1;  // the first record says TLS 1.0, as RFC 8446, section 5.1, allows and all do
  return records;
}

Buffer tls_application_data(std::size_t size) {
  return tls_record(23, noise(size, 31));
}

Buffer server_hello(std::uint16_t version) {
  ByteWriter body;
  const bool is_13 = version >= 0x0304;
  body.u16(0x0303).bytes(noise(32, 23)).counted_u8(noise(32, 22)).u16(is_13 ? 0x1301 : 0xc02f).u8(0);
  if (is_13) {
    const Buffer share = ByteWriter().u16(0x001d).counted_u16(noise(32, 24));
    body.counted_u16(join({extension(43, Buffer{3, 4}), extension(51, share)}));
  } else {
    body.counted_u16(extension(23, {}));
  }
  const Buffer hello = tls_handshake_records(ByteWriter().u8(2).counted_u24(body.buffer()).buffer());
  if (!is_13) return hello;
  return join({hello, tls_record(20, Buffer{1}), tls_application_data(420)});
}

Buffer http_request(std::string_view method, std::string_view target, std::string_view host, const HeaderFields& fields,
                    std::string_view body) {
  ByteWriter message;
  message.text(method).text(" ").text(target).text(" HTTP/1.1\r\n");
  if (!host.empty()) message.text("Host: ").text(host).text("\r\n");
  for (const auto& [name, value] : fields) message.text(name).text(": ").text(value).text("\r\n");
  if (!body.empty()) message.text("Content-Length: ").text(std::to_string(body.size())).text("\r\n");
  return message.text("\r\n").text(body);
}

Buffer http_response(unsigned status, std::string_view body, const HeaderFields& fields) {
  ByteWriter message;
  message.text("HTTP/1.1 ").text(std::to_string(status)).text(status < 400 ? " OK\r\n" : " Error\r\n");
  for (const auto& [name, value] : fields) message.text(name).text(": ").text(value).text("\r\n");
  return message.text("Content-Length: ").text(std::to_string(body.size())).text("\r\n\r\n").text(body);
}

Buffer dns_name(std::string_view name) {
  ByteWriter labels;
  while (!name.empty()) {
    const std::size_t end = std::min(name.find('.'), name.size());
    if (end > 63 || end == 0) throw std::invalid_argument("not a label: " + std::string(name));
    labels.counted_u8(as_bytes(name.substr(0, end)));
    name.remove_prefix(std::min(end + 1, name.size()));
  }
  return labels.u8(0);
}

Buffer dns_query(std::string_view name, std::uint16_t type, std::uint16_t id) {
  return ByteWriter().u16(id).u16(0x0100).u16(1).u16(0).u16(0).u16(0).bytes(dns_name(name)).u16(type).u16(1);
}

Buffer dns_response(std::string_view name, const std::vector<DnsAnswer>& answers, std::uint16_t type, std::uint16_t id,
                    std::uint8_t response_code) {
  ByteWriter message;
  message.u16(id).u16(0x8180u | response_code).u16(1).u16(answers.size()).u16(0).u16(0);
  message.bytes(dns_name(name)).u16(type).u16(1);
  for (const DnsAnswer& answer : answers) {
    const Buffer address = ip_address(answer.value);
    const std::uint16_t look = address.empty() ? kTypeCname : address.size() == 4 ? kTypeA : kTypeAaaa;
    message.bytes(answer.owner.empty() ? Buffer{0xc0, 12} : dns_name(answer.owner));
    message.u16(answer.type == 0 ? look : answer.type).u16(1).u32(answer.ttl_seconds);
    message.counted_u16(address.empty() ? dns_name(answer.value) : address);
  }
  return message;
}

Buffer mdns_announcement(std::string_view name, std::string_view address) {
  const Buffer data = ip_address(address);
  ByteWriter message;
  message.u16(0).u16(0x8400).u16(0).u16(1).u16(0).u16(0).bytes(dns_name(name));
  return message.u16(data.size() == 4 ? kTypeA : kTypeAaaa).u16(0x8001).u32(120).counted_u16(data);
}

Buffer over_tcp(Bytes dns_message) {
  return ByteWriter().counted_u16(dns_message);
}

Buffer arp(std::string_view sender_mac, std::string_view sender, std::string_view target_mac, std::string_view target) {
  const Buffer target_bytes = mac_bytes(target_mac);
  const bool asks = std::all_of(target_bytes.begin(), target_bytes.end(), [](std::uint8_t byte) { return byte == 0; });
  ByteWriter message;
  message.u16(1).u16(0x0800).u8(6).u8(4).u16(asks ? 1 : 2);
  message.bytes(mac_bytes(sender_mac)).bytes(ip_address(sender));
  return message.bytes(target_bytes).bytes(ip_address(target));
}

}  // namespace netscope::test

#include "support/dtls_packets.h"

namespace netscope::test {
namespace {

Buffer record(std::uint64_t sequence, Bytes content) {
  return ByteWriter().u8(22).u16(0xfefd).u16(0).u16(0).u32(sequence).counted_u16(content);
}

}  // namespace

Buffer dtls_client_hello_body(std::string_view name, const Buffer& cookie) {
  const Buffer stream = client_hello_message(name);
  const Bytes body = Bytes(stream).subspan(4);
  const std::size_t before_cookie = 2 + 32 + 1 + std::size_t{body[34]};
  return ByteWriter().bytes(body.first(before_cookie)).counted_u8(cookie).bytes(body.subspan(before_cookie));
}

Buffer dtls_fragment(Bytes body, std::size_t offset, std::size_t size, std::uint16_t message, std::uint8_t type) {
  ByteWriter fragment;
  fragment.u8(type).u24(body.size()).u16(message).u24(offset).counted_u24(body.subspan(offset, size));
  return record(offset, fragment.buffer());
}

Buffer dtls_client_hello(std::string_view name, const Buffer& cookie, std::uint16_t message) {
  const Buffer body = dtls_client_hello_body(name, cookie);
  return dtls_fragment(body, 0, body.size(), message);
}

Buffer dtls_hello_verify(const Buffer& cookie) {
  const Buffer body = ByteWriter().u16(0xfeff).counted_u8(cookie);
  return dtls_fragment(body, 0, body.size(), 0, 3);
}

}  // namespace netscope::test

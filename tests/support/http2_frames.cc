#include "support/http2_frames.h"

namespace netscope::test {
namespace {

constexpr std::uint8_t kHeaders = 1, kSettings = 4, kEndStream = 1, kEndHeaders = 4;

}  // namespace

Buffer http2_frame(const Http2Frame& frame, Bytes payload) {
  return ByteWriter().u24(payload.size()).u8(frame.type).u8(frame.flags).u32(frame.stream).bytes(payload);
}

Buffer plain_fields(std::initializer_list<std::pair<std::string_view, std::string_view>> fields) {
  ByteWriter block;
  for (const auto& [name, value] : fields) {
    block.u8(0).u8(name.size()).text(name).u8(value.size()).text(value);
  }
  return block;
}

Buffer http2_preface() {
  return ByteWriter().text("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").bytes(http2_frame({.type = kSettings}, {}));
}

Buffer http2_get(std::string_view authority, std::string_view path, std::uint32_t stream) {
  return http2_frame(
      {.type = kHeaders, .flags = kEndStream | kEndHeaders, .stream = stream},
      plain_fields({{":method", "GET"}, {":scheme", "http"}, {":authority", authority}, {":path", path}}));
}

Buffer http2_answer(std::uint32_t stream) {
  return join({http2_frame({.type = kSettings}, {}),
               http2_frame({.type = kHeaders, .flags = kEndStream | kEndHeaders, .stream = stream}, Buffer{0x88})});
}

}  // namespace netscope::test

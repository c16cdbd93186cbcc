#include "core/dpi/socks.h"

#include <algorithm>

namespace netscope::socks {
namespace {

constexpr std::uint8_t kVersion4 = 4, kVersion5 = 5, kPasswordVersion = 1;
constexpr std::uint8_t kConnect = 1, kBind = 2, kUdpAssociate = 3;
constexpr std::uint8_t kIpv4 = 1, kDomainName = 3, kIpv6 = 4;
constexpr std::uint8_t kNoMethod = 0xff;
constexpr std::size_t kMaxText = 255;

bool is_text(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; });
}

// Text up to a zero, which is taken too.
Parsed<std::string_view> take_text(Reader& reader) {
  const std::string_view rest = as_text(reader.rest());
  const std::size_t end = rest.substr(0, kMaxText + 1).find('\0');
  const std::string_view text = rest.substr(0, std::min(end, rest.size()));
  if (text.size() > kMaxText || !is_text(text)) return ParseStatus::no_match;
  if (end == std::string_view::npos) return ParseStatus::need_more;
  reader.skip(end + 1);
  return text;
}

// Command, port, address and user; an address of 0.0.0.x says that a name follows (4a).
Parsed<Request> parse_version_4(Bytes stream) {
  Reader reader = Reader::prefix(stream);
  reader.skip(1);
  const std::uint8_t command = reader.u8();
  if (reader.ok() && command != kConnect && command != kBind) return ParseStatus::no_match;
  const std::uint16_t port = reader.u16();
  const std::uint32_t address = reader.u32();
  if (!reader.ok()) return reader.status();
  if (port == 0 || address == 0) return ParseStatus::no_match;
  const auto user = take_text(reader);
  if (!user.ok()) return user.status;
  Request request;
  const bool named = address < 256;
  if (named) {
    const auto host = take_text(reader);
    if (!host.ok()) return host.status;
    if (host->empty()) return ParseStatus::no_match;
    request.host = *host;
  }
  request.length = stream.size() - reader.arrived();
  if (!named && reader.arrived() > 0) return ParseStatus::no_match;
  return request;
}

// RFC 1929, section 2.
ParseStatus skip_password(Reader& reader) {
  reader.skip(1);
  for (int i = 0; i < 2; ++i) {
    const std::uint8_t size = reader.u8();
    if (reader.ok() && size == 0) return ParseStatus::no_match;
    reader.skip(size);
  }
  return reader.status();
}

Parsed<Request> parse_version_5(Bytes stream) {
  Reader reader = Reader::prefix(stream);
  reader.skip(1);
  const std::uint8_t method_count = reader.u8();
  if (reader.ok() && method_count == 0) return ParseStatus::no_match;
  const Bytes methods = reader.take(method_count);
  if (!reader.ok()) return reader.status();
  if (std::ranges::find(methods, kNoMethod) != methods.end()) return ParseStatus::no_match;
  Reader peek = reader;
  if (peek.u8() == kPasswordVersion) {
    if (const ParseStatus status = skip_password(reader); status != ParseStatus::ok) return status;
  }
  const std::uint8_t version = reader.u8();
  if (reader.ok() && version != kVersion5) return ParseStatus::no_match;
  const std::uint8_t command = reader.u8();
  if (reader.ok() && (command < kConnect || command > kUdpAssociate)) return ParseStatus::no_match;
  const std::uint8_t reserved = reader.u8();
  if (reader.ok() && reserved != 0) return ParseStatus::no_match;
  Request request;
  switch (reader.u8()) {
    case kIpv4: reader.skip(4); break;
    case kIpv6: reader.skip(16); break;
    case kDomainName: request.host = as_text(reader.take(reader.u8())); break;
    default: return reader.ok() ? ParseStatus::no_match : reader.status();
  }
  reader.skip(2);
  if (!reader.ok()) return reader.status();
  if (!is_text(request.host)) return ParseStatus::no_match;
  request.length = stream.size() - reader.arrived();
  return request;
}

}  // namespace

Parsed<Request> parse_request(Bytes stream) {
  if (stream.empty()) return ParseStatus::need_more;
  switch (stream.front()) {
    case kVersion4: return parse_version_4(stream);
    case kVersion5: return parse_version_5(stream);
    default: return ParseStatus::no_match;
  }
}

}  // namespace netscope::socks

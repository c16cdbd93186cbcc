#include "core/dpi/dtls.h"

#include "core/dpi/tls.h"

namespace netscope::dtls {
namespace {

constexpr std::uint32_t kMaxMessage = tls::kMaxClientHello - 4;  // without its type and length

// 1.0, 1.2 and 1.3; and what OpenSSL spoke before there was a standard.
bool is_version(std::uint16_t version) {
  return version == 0xfeff || version == 0xfefd || version == 0xfefc || version == 0x0100;
}

// All that one record holds. ok or malformed.
ParseStatus read_record(Reader record, Fragments& out) {
  while (!record.at_end() && out.count < kMaxFragments) {
    Fragment& fragment = out.list[out.count];
    fragment.type = record.u8();
    fragment.length = record.u24();
    fragment.message = record.u16();
    fragment.offset = record.u24();
    fragment.data = record.take(record.u24());
    if (!record.ok()) return record.status();
    if (fragment.length > kMaxMessage || fragment.offset + fragment.data.size() > fragment.length) {
      return ParseStatus::malformed;
    }
    ++out.count;
  }
  return record.status();
}

}  // namespace

Parsed<Fragments> parse_datagram(Bytes datagram) {
  Fragments out;
  Reader reader = Reader::whole(datagram);
  while (!reader.at_end()) {
    const std::uint8_t type = reader.u8();
    const std::uint16_t version = reader.u16();
    const std::uint16_t epoch = reader.u16();
    reader.skip(6);  // sequence number
    const bool fits = reader.ok() && is_version(version);
    if (!fits || type != kHandshakeRecord || epoch != 0) {
      return out.count == 0 ? Parsed<Fragments>(ParseStatus::no_match) : Parsed<Fragments>(out);
    }
    Reader record = reader.child_u16();
    if (!reader.ok()) return ParseStatus::malformed;
    const bool first = out.count == 0;
    if (read_record(record, out) != ParseStatus::ok) return ParseStatus::malformed;
    const std::uint8_t opening = out.list[0].type;
    if (first && opening != kClientHello && opening != kServerHello && opening != kHelloVerifyRequest) {
      return ParseStatus::no_match;
    }
    if (out.count == kMaxFragments) break;
  }
  return out.count == 0 ? Parsed<Fragments>(ParseStatus::no_match) : Parsed<Fragments>(out);
}

}  // namespace netscope::dtls

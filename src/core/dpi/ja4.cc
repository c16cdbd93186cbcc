// The three parts: what the client offers in short (transport, version, how many of what), a digest of its cipher
// suites, and a digest of its extensions and signature algorithms. Clients shuffle what they offer, so that the lists
// are sorted, and put in random values to keep servers tolerant (GREASE, RFC 8701), which are left out everywhere.
#include "core/dpi/ja4.h"

#include <algorithm>
#include <array>
#include <vector>

#include "core/crypto/digest.h"
#include "core/dpi/tls_values.h"

namespace netscope::tls {
namespace {

constexpr std::size_t kFirst = 10, kDigest = 12;  // characters of a part
constexpr std::string_view kNothing = "000000000000";
constexpr std::string_view kHexDigits = "0123456789abcdef";

// What the fingerprint is made of, GREASE left out.
struct Offer {
  std::uint16_t version = 0;
  bool named = false;
  std::vector<std::uint16_t> ciphers, extensions, signatures;
  std::string_view alpn{};
};

std::vector<std::uint16_t> read_values(Reader list) {
  std::vector<std::uint16_t> out;
  while (!list.at_end()) {
    const std::uint16_t value = list.u16();
    if (list.ok() && !is_grease(value)) out.push_back(value);
  }
  return out;
}

// DTLS counts downwards (RFC 9147, section 5.3).
std::uint16_t highest(const std::vector<std::uint16_t>& versions, HelloOver over) {
  if (versions.empty()) return 0;
  return over == HelloOver::dtls ? std::ranges::min(versions) : std::ranges::max(versions);
}

void read_extension(std::uint16_t type, Reader content, HelloOver over, Offer& offer) {
  switch (type) {
    case kServerNameExtension: offer.named = true; break;
    case kAlpnExtension: {
      Reader list = content.child_u16();
      offer.alpn = as_text(list.take(list.u8()));
      break;
    }
    case kSupportedVersionsExtension:
      if (const auto version = highest(read_values(content.child_u8()), over)) offer.version = version;
      break;
    case kSignatureAlgorithmsExtension: offer.signatures = read_values(content.child_u16()); break;
    default: break;
  }
}

bool read_offer(Bytes hello, HelloOver over, Offer& offer) {
  Reader message = Reader::whole(hello);
  message.skip(1);
  const std::uint32_t length = message.u24();
  Reader body = message.child(length);
  offer.version = body.u16();
  body.skip(32);                                      // random
  body.skip(body.u8());                               // session id
  if (over == HelloOver::dtls) body.skip(body.u8());  // cookie
  offer.ciphers = read_values(body.child_u16());
  body.skip(body.u8());  // compression methods
  if (!message.ok() || !body.ok()) return false;
  if (body.at_end()) return true;
  Reader extensions = body.child_u16();
  while (!extensions.at_end()) {
    const std::uint16_t type = extensions.u16();
    const Bytes content = extensions.take(extensions.u16());
    if (!extensions.ok()) return false;
    if (is_grease(type)) continue;
    offer.extensions.push_back(type);
    read_extension(type, Reader::whole(content), over, offer);
  }
  return body.ok() && extensions.ok();
}

std::string_view version_code(std::uint16_t version) {
  switch (version) {
    case 0x0002: return "s2";
    case 0x0300: return "s3";
    case 0x0301: return "10";
    case 0x0302: return "11";
    case 0x0303: return "12";
    case 0x0304: return "13";
    case 0xfeff: return "d1";
    case 0xfefd: return "d2";
    case 0xfefc: return "d3";
    default: return "00";
  }
}

char transport_code(HelloOver over) {
  switch (over) {
    case HelloOver::tcp: return 't';
    case HelloOver::quic: return 'q';
    case HelloOver::dtls: return 'd';
  }
  return 't';
}

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

// The first and the last character; of what cannot be read, of its hexadecimal digits.
std::string alpn_code(std::string_view alpn) {
  if (alpn.empty()) return "00";
  if (is_alphanumeric(alpn.front()) && is_alphanumeric(alpn.back())) return {alpn.front(), alpn.back()};
  return {kHexDigits[static_cast<unsigned char>(alpn.front()) >> 4],
          kHexDigits[static_cast<unsigned char>(alpn.back()) & 15]};
}

std::string two_digits(std::size_t count) {
  count = std::min<std::size_t>(count, 99);
  return {static_cast<char>('0' + count / 10), static_cast<char>('0' + count % 10)};
}

// "002f,0035"
std::string listed(const std::vector<std::uint16_t>& values) {
  std::string out;
  out.reserve(values.size() * 5);
  for (const std::uint16_t value : values) {
    if (!out.empty()) out += ',';
    for (const int shift : {12, 8, 4, 0}) out += kHexDigits[value >> shift & 15];
  }
  return out;
}

std::string digest(std::string_view text) {
  if (text.empty()) return std::string(kNothing);
  const crypto::Sha256 hash = crypto::sha256(as_bytes(text));
  std::string out;
  for (std::size_t i = 0; i < kDigest / 2; ++i) {
    out += kHexDigits[hash[i] >> 4];
    out += kHexDigits[hash[i] & 15];
  }
  return out;
}

std::string first_part(const Offer& offer, HelloOver over) {
  std::string out{transport_code(over)};
  out += version_code(offer.version);
  out += offer.named ? 'd' : 'i';
  out += two_digits(offer.ciphers.size());
  out += two_digits(offer.extensions.size());
  return out += alpn_code(offer.alpn);
}

bool is_digest(std::string_view text) {
  return text.size() == kDigest && text.find_first_not_of(kHexDigits) == std::string_view::npos;
}

bool is_first_part(std::string_view text) {
  constexpr std::array<std::string_view, 10> kVersions{"13", "12", "11", "10", "s3", "s2", "d1", "d2", "d3", "00"};
  return text.size() == kFirst && std::string_view("tqd").find(text[0]) != std::string_view::npos &&
         std::ranges::find(kVersions, text.substr(1, 2)) != kVersions.end() && (text[3] == 'd' || text[3] == 'i') &&
         text.substr(4, 4).find_first_not_of("0123456789") == std::string_view::npos && is_alphanumeric(text[8]) &&
         is_alphanumeric(text[9]);
}

}  // namespace

std::string ja4_of(Bytes hello, HelloOver over) {
  Offer offer;
  if (!read_offer(hello, over, offer)) return {};
  const std::string first = first_part(offer, over);
  std::ranges::sort(offer.ciphers);
  std::erase_if(offer.extensions,
                [](std::uint16_t type) { return type == kServerNameExtension || type == kAlpnExtension; });
  std::ranges::sort(offer.extensions);
  std::string rest = listed(offer.extensions);
  if (!rest.empty() && !offer.signatures.empty()) rest += '_' + listed(offer.signatures);
  return first + '_' + digest(listed(offer.ciphers)) + '_' + digest(rest);
}

Result<std::string> parse_ja4_pattern(std::string_view written) {
  const std::string_view first = written.substr(0, kFirst);
  std::string_view rest = written.substr(first.size());
  bool right = is_first_part(first);
  for (int part = 0; part < 2 && right && !rest.empty(); ++part) {
    right = rest.front() == '_' && is_digest(rest.substr(1, kDigest));
    rest.remove_prefix(std::min(rest.size(), kDigest + 1));
  }
  if (right && rest.empty()) return std::string(written);
  return failure(
      "\"" + std::string(written) +
      "\" is no JA4 fingerprint, as \"t13d1516h2_8daaf6152771_b186095e22b6\", nor its first or its first two "
      "parts");
}

bool ja4_matches(std::string_view ja4, std::string_view pattern) {
  return ja4.starts_with(pattern) && (ja4.size() == pattern.size() || ja4[pattern.size()] == '_');
}

}  // namespace netscope::tls

#include "core/dpi/proxy_header.h"

#include <string_view>

namespace netscope {
namespace {

constexpr std::size_t kMaxProxyLine = 107;  // section 2.1, with its end

bool both_begin_alike(std::string_view text, std::string_view with) {
  const std::size_t size = text.size() < with.size() ? text.size() : with.size();
  return text.substr(0, size) == with.substr(0, size);
}

// Version 1, a line (section 2.1). Of the addresses in it nothing is asked.
Parsed<std::size_t> parse_line(std::string_view text) {
  constexpr std::string_view kBeginning = "PROXY ";
  if (!both_begin_alike(text, kBeginning)) return ParseStatus::no_match;
  const std::string_view line = text.substr(0, kMaxProxyLine);
  const std::size_t end = line.find('\n');
  if (end == std::string_view::npos)
    return line.size() < kMaxProxyLine ? ParseStatus::need_more : ParseStatus::no_match;
  constexpr std::string_view kFamilies[]{"TCP4 ", "TCP6 ", "UNKNOWN"};
  const std::string_view said = line.substr(kBeginning.size());
  for (const std::string_view family : kFamilies) {
    if (said.starts_with(family)) return end + 1;
  }
  return ParseStatus::no_match;
}

// Version 2 (section 2.2): a signature, version and command, family, and the length of what follows.
Parsed<std::size_t> parse_binary(Bytes stream) {
  constexpr std::string_view kSignature("\r\n\r\n\0\r\nQUIT\n", 12);
  if (!both_begin_alike(as_text(stream), kSignature)) return ParseStatus::no_match;
  Reader reader = Reader::prefix(stream);
  reader.skip(kSignature.size());
  const std::uint8_t version_and_command = reader.u8();
  if (reader.ok() && version_and_command != 0x20 && version_and_command != 0x21) return ParseStatus::no_match;
  reader.skip(1);  // family
  const std::uint16_t length = reader.u16();
  if (!reader.ok()) return reader.status();
  constexpr std::size_t kFixed = 16;
  return kFixed + length;
}

}  // namespace

Parsed<std::size_t> parse_proxy_header(Bytes stream) {
  const auto line = parse_line(as_text(stream));
  return line.status == ParseStatus::no_match ? parse_binary(stream) : line;
}

}  // namespace netscope

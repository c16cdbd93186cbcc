#include "core/dpi/dns_name.h"

namespace netscope::dns {
namespace {

// The first byte of a label: two bits of kind, six of length (RFC 1035, section 4.1.4).
constexpr std::uint8_t kLabelKind = 0xc0;
constexpr std::uint8_t kPointer = 0xc0;

}  // namespace

ParseStatus read_name(Names& names, Reader& reader, NameText& text) {
  std::size_t wire_length = 0;
  Reader pointed = names.message;
  Reader* labels = &reader;
  for (;;) {
    const std::uint8_t lead = labels->u8();
    if (!labels->ok()) return labels->status();
    if ((lead & kLabelKind) == kPointer) {
      const std::size_t target = static_cast<std::size_t>(lead & ~kLabelKind) << 8 | labels->u8();
      if (!labels->ok()) return labels->status();
      if (++names.pointers > kMaxPointers) return ParseStatus::malformed;  // so that a loop ends
      pointed = names.message;
      pointed.skip(target);
      labels = &pointed;
      continue;
    }
    wire_length += std::size_t{1} + lead;
    if ((lead & kLabelKind) != 0 || wire_length > kMaxWireName) return ParseStatus::malformed;
    if (lead == 0) return ParseStatus::ok;
    const Bytes label = labels->take(lead);
    if (!labels->ok()) return labels->status();
    text.add_label(label);
  }
}

}  // namespace netscope::dns

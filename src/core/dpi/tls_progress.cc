#include "core/dpi/tls_progress.h"

#include <algorithm>

#include "core/dpi/tls.h"
#include "core/dpi/tls_values.h"

namespace netscope::tls {

bool HelloProgress::follow_records(Bytes stream) {
  Reader in = Reader::prefix(stream);
  in.skip(read_);
  read_ = static_cast<std::uint32_t>(stream.size());
  bool worth = false;
  while (!ended_ && in.arrived() > 0) {
    if (fragment_left_ == 0) {
      worth = header(in) || worth;
      continue;
    }
    const Bytes fragment = in.take(std::min<std::size_t>(fragment_left_, in.arrived()));
    fragment_left_ -= static_cast<std::uint32_t>(fragment.size());
    if (!passed_over_) worth = take(fragment) || worth;
  }
  return worth;
}

bool HelloProgress::follow_message(Bytes handshake) {
  const Bytes more = handshake.subspan(std::min<std::size_t>(read_, handshake.size()));
  read_ = static_cast<std::uint32_t>(handshake.size());
  return take(more);
}

// Mostly all of it is there.
bool HelloProgress::header(Reader& in) {
  if (header_bytes_ != 0 || in.arrived() < kRecordHeader) return header_byte(in.u8());
  const std::uint8_t type = in.u8();
  const std::uint8_t major = in.u8();
  in.skip(1);
  passed_over_ = type == kChangeCipherSpec && !begun_;
  fragment_left_ = in.u16();
  const bool is_one = (type == kHandshakeRecord || passed_over_) && major == kMajorVersion &&
                      fragment_left_ <= (passed_over_ ? kMaxChangeCipherSpec : kMaxRecord);
  return !is_one && end();
}

// Type, version, length (RFC 8446, section 5.1).
bool HelloProgress::header_byte(std::uint8_t next) {
  switch (header_bytes_++) {
    case 0:
      passed_over_ = next == kChangeCipherSpec && !begun_;
      return next != kHandshakeRecord && !passed_over_ && end();
    case 1: return next != kMajorVersion && end();
    case 2: return false;
    case 3: length_high_ = next; return false;
    default: break;
  }
  header_bytes_ = 0;
  fragment_left_ = static_cast<std::uint32_t>(length_high_) << 8 | next;
  return fragment_left_ > (passed_over_ ? kMaxChangeCipherSpec : kMaxRecord) && end();
}

bool HelloProgress::take(Bytes message) {
  begun_ = begun_ || !message.empty();
  Reader in = Reader::prefix(message);
  bool worth = false;
  while (!ended_ && in.arrived() > 0) {
    if (pass_left_ > 0) {
      const auto step = static_cast<std::uint32_t>(std::min<std::size_t>(pass_left_, in.arrived()));
      in.skip(step);
      pass_left_ -= step;
      if (pass_left_ == 0) worth = passed() || worth;
      continue;
    }
    number_ = number_ << 8 | in.u8();
    if (--number_left_ == 0) worth = number_read() || worth;
  }
  return worth;
}

bool HelloProgress::number_read() {
  switch (field_) {
    case Field::type:
      if (number_ != kClientHello) return end();
      message_left_ = 3;
      return expect(Field::length, 3);
    case Field::length:
      if (4 + number_ > kMaxClientHello) return end();
      message_left_ = number_;
      return pass(2 + 32);  // version and random
    case Field::session:
    case Field::ciphers:
    case Field::compression: return pass(number_);
    case Field::extensions:
      if (number_ > message_left_) return end();
      extensions_left_ = number_;
      return next_extension();
    case Field::extension_type: is_told_ = tell(number_); return expect(Field::extension_length, 2);
    case Field::extension_length:
      if (number_ > extensions_left_) return end();
      extensions_left_ -= number_;
      return pass(number_);
    case Field::rest: break;
  }
  return end();
}

// The name; and what else is looked into, of which a client sends one each.
bool HelloProgress::tell(std::uint32_t extension) {
  constexpr std::uint8_t kToldOthers = 4;
  if (extension == kServerNameExtension) return true;
  const bool other = extension == kAlpnExtension || extension == kSupportedVersionsExtension;
  if (!other || others_ == kToldOthers) return false;
  ++others_;
  return true;
}

// Behind what belongs to a field.
bool HelloProgress::passed() {
  switch (field_) {
    case Field::length: return expect(Field::session, 1);
    case Field::session: return expect(Field::ciphers, 2);
    case Field::ciphers: return expect(Field::compression, 1);
    case Field::compression: return message_left_ == 0 ? end() : expect(Field::extensions, 2);
    case Field::extension_length: {
      const bool told = is_told_;
      return next_extension() || told;
    }
    case Field::type:
    case Field::extensions:
    case Field::extension_type:
    case Field::rest: break;
  }
  return end();
}

bool HelloProgress::expect(Field field, std::uint8_t bytes) {
  if (bytes > message_left_) return end();
  message_left_ -= bytes;
  field_ = field;
  number_left_ = bytes;
  number_ = 0;
  return false;
}

bool HelloProgress::pass(std::uint32_t count) {
  if (count > message_left_) return end();
  message_left_ -= count;
  pass_left_ = count;
  return count == 0 && passed();
}

bool HelloProgress::next_extension() {
  constexpr std::uint32_t kHeader = 4;
  if (extensions_left_ == 0) {
    field_ = Field::rest;
    return pass(message_left_);
  }
  if (extensions_left_ < kHeader) return end();
  extensions_left_ -= kHeader;
  return expect(Field::extension_type, 2);
}

bool HelloProgress::end() {
  ended_ = true;
  return true;
}

}  // namespace netscope::tls

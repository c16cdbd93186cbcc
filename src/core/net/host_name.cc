// Host names in the compared form, and domains as people write them. The international half: decode UTF-8, fold case,
// split at the dots, and encode each label that is not ASCII with Punycode (RFC 3492).
#include "netscope/net/host_name.h"

#include <algorithm>
#include <limits>

#include "core/base/text.h"

namespace netscope {
namespace {

constexpr std::size_t kMaxLabel = 63;  // RFC 1035, section 2.3.4
constexpr std::string_view kAcePrefix = "xn--";

constexpr bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}
constexpr bool is_printable(char c) {
  return c > ' ' && c <= '~';
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

// An IPv6 literal that somebody wrote without its brackets: its colons begin no port.
bool is_bare_ipv6(std::string_view text) {
  return std::ranges::count(text, ':') > 1 && text.find_first_not_of("0123456789abcdefABCDEF:.") == text.npos;
}

std::string_view without_port(std::string_view text) {
  if (text.starts_with('[')) return text.substr(1, text.find(']') == text.npos ? text.npos : text.find(']') - 1);
  // Servers read up to the first colon, whatever stands behind it.
  return is_bare_ipv6(text) ? text : text.substr(0, text.find(':'));
}

}  // namespace

HostName HostName::compared_form(std::string_view text) {
  while (text.ends_with('.')) text.remove_suffix(1);
  HostName name;
  bool plain = text.size() <= kMaxHostName;
  for (const char c : text) plain &= is_printable(c);
  if (plain) {  // as nearly every name is
    std::ranges::transform(text, name.text_.begin(), [](char c) { return to_lower(c); });
    name.size_ = static_cast<std::uint8_t>(text.size());
    return name;
  }
  // Filled from the right: where it does not fit, the labels nearest the root are those that rules are about.
  std::size_t begin = kMaxHostName;
  std::size_t label = kMaxHostName;  // where the leftmost whole label begins
  for (std::size_t i = text.size(); i > 0; --i) {
    const char c = text[i - 1];
    const std::size_t width = is_printable(c) ? 1 : 4;
    if (begin < width) {
      if (c != '.') begin = label;
      break;
    }
    begin -= width;
    if (width == 1) {
      name.text_[begin] = to_lower(c);
    } else {
      const auto value = static_cast<unsigned char>(c);
      const std::array<char, 4> escaped{'\\', static_cast<char>('0' + value / 100),
                                        static_cast<char>('0' + value / 10 % 10), static_cast<char>('0' + value % 10)};
      std::ranges::copy(escaped, name.text_.begin() + static_cast<std::ptrdiff_t>(begin));
    }
    if (c == '.') label = begin + 1;
  }
  std::copy(name.text_.begin() + static_cast<std::ptrdiff_t>(begin), name.text_.end(), name.text_.begin());
  name.size_ = static_cast<std::uint8_t>(kMaxHostName - begin);
  return name;
}

HostName HostName::from_authority(std::string_view text) {
  text = trim(text);
  for (auto at = text.find('@'); at != text.npos; at = text.find('@')) text.remove_prefix(at + 1);
  return compared_form(without_port(text));
}

HostName HostName::from_dns(std::string_view text) {
  if (text != ".") return compared_form(text);
  HostName root;
  root.text_[0] = '.';
  root.size_ = 1;
  return root;
}

namespace {

// Code points first..last, every `step`th, fold by adding `offset`.
struct Fold {
  char32_t first, last, step, offset;
};
constexpr auto kFolds = std::to_array<Fold>({
    {U'A', U'Z', 1, 32},     {0x00C0, 0x00D6, 1, 32}, {0x00D8, 0x00DE, 1, 32}, {0x0100, 0x012E, 2, 1},
    {0x0132, 0x0136, 2, 1},  {0x0139, 0x0147, 2, 1},  {0x014A, 0x0176, 2, 1},  {0x0179, 0x017D, 2, 1},
    {0x01A0, 0x01A4, 2, 1},  {0x01AF, 0x01AF, 1, 1},  {0x01CD, 0x01DB, 2, 1},  {0x01DE, 0x01EE, 2, 1},
    {0x01F8, 0x021E, 2, 1},  {0x0222, 0x0232, 2, 1},  {0x0386, 0x0386, 1, 38}, {0x0388, 0x038A, 1, 37},
    {0x038C, 0x038C, 1, 64}, {0x038E, 0x038F, 1, 63}, {0x0391, 0x03A1, 1, 32}, {0x03A3, 0x03AB, 1, 32},
    {0x0400, 0x040F, 1, 80}, {0x0410, 0x042F, 1, 32}, {0x0460, 0x0480, 2, 1},  {0x048A, 0x04BE, 2, 1},
    {0x04C0, 0x04C0, 1, 15}, {0x04C1, 0x04CD, 2, 1},  {0x04D0, 0x052E, 2, 1},  {0x0531, 0x0556, 1, 48},
    {0x1E00, 0x1E94, 2, 1},  {0x1EA0, 0x1EFE, 2, 1},
});

char32_t lower(char32_t point) {
  if (point == 0x0178) return 0x00FF;  // the one whose small letter stands before it
  for (const Fold& fold : kFolds) {
    if (point >= fold.first && point <= fold.last && (point - fold.first) % fold.step == 0) return point + fold.offset;
  }
  return point;
}

constexpr char32_t kInvalid = std::numeric_limits<char32_t>::max();

// Takes one code point off the front; kInvalid for what RFC 3629 forbids (overlong forms, surrogates, stray bytes).
char32_t take_utf8(std::string_view& text) {
  const auto lead = static_cast<unsigned char>(text.front());
  text.remove_prefix(1);
  if (lead < 0x80) return lead;
  const std::size_t more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < more) return kInvalid;
  char32_t point = lead & (0x3Fu >> more);
  for (std::size_t i = 0; i < more; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xC0) != 0x80) return kInvalid;
    point = point << 6 | (next & 0x3Fu);
  }
  text.remove_prefix(more);
  constexpr std::array<char32_t, 4> kSmallest{0, 0x80, 0x800, 0x10000};
  const bool surrogate = point >= 0xD800 && point <= 0xDFFF;
  return point < kSmallest[more] || point > 0x10FFFF || surrogate ? kInvalid : point;
}

// What separates labels: the full stop and its ideographic, full-width and half-width forms (RFC 3490, section 3.1).
bool is_dot(char32_t point) {
  return point == U'.' || point == 0x3002 || point == 0xFF0E || point == 0xFF61;
}

// Letters that have no place in a host name, and those that a person sees as another name than the wire carries:
// spaces, invisible formatting, combining accents (the precomposed letter is what browsers send), the dotted capital I.
bool is_forbidden(char32_t point) {
  if (point < 0x80) {
    const bool letter = point >= U'a' && point <= U'z';
    return !letter && !(point >= U'0' && point <= U'9') && point != U'-' && point != U'_';
  }
  return point <= 0xA0 || point == 0xAD || point == 0x130 || (point >= 0x300 && point <= 0x36F) ||
         (point >= 0x2000 && point <= 0x206F) || point == 0x3000 || point == 0xFEFF || point == 0xFFFD;
}

// RFC 3492, sections 5 and 6.1.
constexpr std::uint32_t kBase = 36, kTMin = 1, kTMax = 26, kSkew = 38, kDamp = 700, kInitialBias = 72, kInitialN = 0x80;

std::uint32_t adapted_bias(std::uint32_t delta, std::uint32_t points, bool first) {
  delta = first ? delta / kDamp : delta / 2;
  delta += delta / points;
  std::uint32_t k = 0;
  for (; delta > (kBase - kTMin) * kTMax / 2; k += kBase) delta /= kBase - kTMin;
  return k + (kBase - kTMin + 1) * delta / (delta + kSkew);
}

char punycode_digit(std::uint32_t value) {
  return static_cast<char>(value < 26 ? 'a' + value : '0' + value - 26);
}

// One delta as a generalised variable-length integer.
void append_delta(std::string& out, std::uint32_t delta, std::uint32_t bias) {
  for (std::uint32_t k = kBase;; k += kBase) {
    const std::uint32_t threshold = k <= bias ? kTMin : k >= bias + kTMax ? kTMax : k - bias;
    if (delta < threshold) break;
    out += punycode_digit(threshold + (delta - threshold) % (kBase - threshold));
    delta = (delta - threshold) / (kBase - threshold);
  }
  out += punycode_digit(delta);
}

// The label must be at most kMaxHostName code points long: then no delta overflows.
std::string punycode(std::u32string_view label) {
  std::string out;
  for (const char32_t point : label) {
    if (point < 0x80) out += static_cast<char>(point);
  }
  const auto basic = static_cast<std::uint32_t>(out.size());
  if (basic > 0) out += '-';
  std::uint32_t n = kInitialN, delta = 0, bias = kInitialBias, handled = basic;
  while (handled < label.size()) {
    char32_t next = kInvalid;
    for (const char32_t point : label) {
      if (point >= n) next = std::min(next, point);
    }
    delta += (static_cast<std::uint32_t>(next) - n) * (handled + 1);
    n = static_cast<std::uint32_t>(next);
    for (const char32_t point : label) {
      if (point < n) ++delta;
      if (point != n) continue;
      append_delta(out, delta, bias);
      bias = adapted_bias(delta, handled + 1, handled == basic);
      delta = 0;
      ++handled;
    }
    ++delta;
    ++n;
  }
  return out;
}

Result<std::string> label_in_compared_form(std::u32string_view label, std::string_view written) {
  if (label.empty())
    return failure("empty label in the domain " + in_quotes(written) + ": two dots in a row, or one ahead");
  if (label.size() > kMaxLabel) return failure("label longer than 63 bytes in the domain " + in_quotes(written));
  std::string text;
  if (std::ranges::all_of(label, [](char32_t point) { return point < 0x80; })) {
    for (const char32_t point : label) text += static_cast<char>(point);
  } else {
    text = std::string(kAcePrefix) + punycode(label);
  }
  if (text.size() > kMaxLabel) return failure("label longer than 63 bytes in the domain " + in_quotes(written));
  return text;
}

std::string forbidden_message(char32_t point, std::string_view written) {
  if (point == U'*') {
    return "wildcard inside the domain " + in_quotes(written) +
           ": it stands at the front only, as in \"*.example.org\"";
  }
  if (point >= 0x300 && point <= 0x36F) {
    return "combining accent in the domain " + in_quotes(written) + ": write the precomposed letter (Unicode NFC)";
  }
  if (point == U'/' || point == U':' || point == U'@') {
    return "not a domain: " + in_quotes(written) + ": leave out scheme, port and path";
  }
  return "character that no host name has in the domain " + in_quotes(written);
}

}  // namespace

Result<std::string> normalize_domain(std::string_view written) {
  std::string domain;
  std::u32string label;
  const auto finish_label = [&]() -> Result<void> {
    Result<std::string> text = label_in_compared_form(label, written);
    if (!text) return std::unexpected(std::move(text.error()));
    domain += (domain.empty() ? "" : ".") + *text;
    label.clear();
    return {};
  };
  if (written.empty() || written == ".") return failure("empty domain");
  for (std::string_view rest = written; !rest.empty();) {
    const char32_t point = lower(take_utf8(rest));
    if (point == kInvalid) return failure("the domain is not valid UTF-8: " + in_quotes(written));
    if (!is_dot(point)) {
      if (is_forbidden(point)) return failure(forbidden_message(point, written));
      label += point;
    } else if (auto finished = finish_label(); !finished) {
      return std::unexpected(std::move(finished.error()));
    }
  }
  if (!label.empty()) {  // else it ended with the dot of the root
    if (auto finished = finish_label(); !finished) return std::unexpected(std::move(finished.error()));
  }
  if (domain.size() > kMaxHostName) return failure("domain longer than 253 bytes: " + in_quotes(written));
  return domain;
}

}  // namespace netscope

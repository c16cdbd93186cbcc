#include "core/dpi/hpack.h"

#include <algorithm>

namespace netscope::hpack {
namespace {

constexpr std::size_t kFirstTable = 4096;  // bytes, until the sender says otherwise (RFC 9113, section 6.5.2)
constexpr std::size_t kEntryCost = 32;     // beside its name and value (section 4.1)

// The lengths of the names in the static table (appendix A); what they are matters for few.
constexpr std::array<std::uint8_t, 61> kStaticNameSizes{
    10, 7, 7, 5, 5, 7, 7, 7, 7,  7,  7, 7,  7,  7, 14, 15, 15, 13, 6, 27, 3, 5,  13, 13, 19, 16, 16, 14, 16, 13, 12,
    6,  4, 4, 6, 7, 4, 4, 8, 17, 13, 8, 19, 13, 4, 8,  12, 18, 19, 5, 7,  7, 11, 6,  10, 25, 17, 10, 4,  3,  16};
constexpr std::string_view kStaticValues = "GETPOST//index.html";

constexpr Name static_name(std::uint64_t index) {
  switch (index) {
    case 1: return Name::authority;
    case 2:
    case 3: return Name::method;
    case 4:
    case 5: return Name::path;
    case 19: return Name::accept;
    case 31: return Name::content_type;
    case 38: return Name::host;
    case 58: return Name::user_agent;
    default: return Name::other;
  }
}

Name name_of(std::string_view text) {
  constexpr std::array<std::string_view, kNames> kTexts{":authority",   ":method", ":path",     "accept",
                                                        "content-type", "host",    "user-agent"};
  return static_cast<Name>(std::ranges::find(kTexts, text) - kTexts.begin());
}

// The code of appendix B is canonical (codes of one length follow each other in the order of their symbols), so that
// the lengths tell it all.
constexpr std::size_t kSymbols = 257, kEndOfString = 256, kLongestCode = 30;
constexpr std::array<std::uint8_t, kSymbols> kCodeLengths{
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28,
    28, 28, 28, 6,  10, 10, 12, 13, 6,  8,  11, 10, 10, 8,  11, 8,  6,  6,  6,  5,  5,  5,  6,  6,  6,  6,  6,  6,  6,
    7,  8,  15, 6,  12, 10, 13, 6,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,
    7,  8,  7,  8,  13, 19, 13, 14, 6,  15, 5,  6,  5,  6,  5,  6,  6,  6,  5,  7,  7,  6,  6,  6,  5,  6,  7,  6,  5,
    5,  6,  7,  7,  7,  7,  7,  15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24,
    24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22,
    23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26,
    27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23,
    22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30};

struct Codes {
  std::array<std::uint16_t, kSymbols> symbols{};           // by length, then by symbol
  std::array<std::uint32_t, kLongestCode + 1> first{};     // code of each length
  std::array<std::uint16_t, kLongestCode + 2> position{};  // of the first code of each length, in `symbols`
};
constexpr Codes kCodes = [] {
  Codes codes;
  std::uint16_t position = 0;
  std::uint32_t code = 0;
  for (std::size_t length = 1; length <= kLongestCode; ++length) {
    code <<= 1;
    codes.first[length] = code;
    codes.position[length] = position;
    for (std::size_t symbol = 0; symbol < kSymbols; ++symbol) {
      if (kCodeLengths[symbol] != length) continue;
      codes.symbols[position++] = static_cast<std::uint16_t>(symbol);
      ++code;
    }
  }
  codes.position[kLongestCode + 1] = position;
  return codes;
}();

// Section 5.1. What needs more than 28 bits is no length or index of anything.
bool integer(Reader& in, std::uint8_t first, unsigned bits, std::uint64_t& value) {
  const std::uint64_t largest = (1u << bits) - 1;
  value = first & largest;
  if (value < largest) return true;
  for (unsigned shift = 0; shift <= 21; shift += 7) {
    const std::uint8_t next = in.u8();
    value += std::uint64_t{next & 0x7fu} << shift;
    if ((next & 0x80) == 0) return in.ok();
  }
  return false;
}

}  // namespace

void Decoder::begin() {
  text_.assign(kStaticValues.begin(), kStaticValues.end());
  table_.clear();
  first_ = table_size_ = 0;
  table_limit_ = kFirstTable;
  found_ = {};
}

bool Decoder::decode(Bytes block) {
  found_ = {};
  Reader in = Reader::whole(block);
  while (!in.at_end()) {
    const std::uint8_t first = in.u8();
    if ((first & 0x80) != 0) {  // section 6.1
      std::uint64_t index = 0;
      if (!integer(in, first, 7, index)) return false;
      const auto entry = at(index);
      if (!entry) return false;
      note(*entry);
    } else if ((first & 0xe0) == 0x20) {  // section 6.3
      std::uint64_t limit = 0;
      if (!integer(in, first, 5, limit) || limit > kMaxTable) return false;
      table_limit_ = static_cast<std::size_t>(limit);
      shrink_to(table_limit_);
    } else {  // section 6.2
      const bool remember = (first & 0x40) != 0;
      if (!field(in, first, remember ? 6 : 4, remember)) return false;
    }
  }
  return in.ok();
}

std::string_view Decoder::value(Name name) const {
  const Text& text = found_[static_cast<std::size_t>(name)];
  return std::string_view(text_.data(), text_.size()).substr(text.begin, text.size);
}

// Section 2.3.3: the static table, and behind it the dynamic one, the newest first.
std::optional<Decoder::Entry> Decoder::at(std::uint64_t index) const {
  if (index == 0) return std::nullopt;
  if (index <= kStaticNameSizes.size()) {
    Entry entry{.name = static_name(index), .name_size = kStaticNameSizes[index - 1]};
    switch (index) {
      case 2: entry.value = {0, 3}; break;
      case 3: entry.value = {3, 4}; break;
      case 4: entry.value = {7, 1}; break;
      case 5: entry.value = {8, 11}; break;
      default: break;
    }
    return entry;
  }
  const std::uint64_t age = index - kStaticNameSizes.size() - 1;
  if (age >= table_.size() - first_) return std::nullopt;
  return table_[table_.size() - 1 - static_cast<std::size_t>(age)];
}

bool Decoder::field(Reader& in, std::uint8_t first, unsigned index_bits, bool remember) {
  std::uint64_t index = 0;
  if (!integer(in, first, index_bits, index)) return false;
  Entry entry;
  if (index != 0) {
    const auto known = at(index);
    if (!known) return false;
    entry = *known;
  } else {
    Text name;
    if (!string(in, name)) return false;
    entry.name = name_of(std::string_view(text_.data(), text_.size()).substr(name.begin, name.size));
    entry.name_size = name.size;
    text_.resize(name.begin);
  }
  if (!string(in, entry.value)) return false;
  note(entry);
  if (remember) add(entry);
  return true;
}

void Decoder::note(const Entry& entry) {
  if (entry.name == Name::other) return;
  Text& found = found_[static_cast<std::size_t>(entry.name)];
  if (found.size == 0) found = entry.value;
}

// Section 5.2.
bool Decoder::string(Reader& in, Text& text) {
  const std::uint8_t first = in.u8();
  std::uint64_t size = 0;
  if (!integer(in, first, 7, size)) return false;
  const Bytes bytes = in.take(static_cast<std::size_t>(size));
  if (!in.ok()) return false;
  text.begin = static_cast<std::uint32_t>(text_.size());
  if ((first & 0x80) == 0) {
    text_.insert(text_.end(), bytes.begin(), bytes.end());
  } else if (!unpack(bytes)) {
    return false;
  }
  text.size = static_cast<std::uint32_t>(text_.size()) - text.begin;
  return text_.size() <= kMaxText;
}

bool Decoder::unpack(Bytes packed) {
  std::uint32_t code = 0;
  std::size_t length = 0;
  for (const std::uint8_t byte : packed) {
    for (int bit = 7; bit >= 0; --bit) {
      code = code << 1 | (byte >> bit & 1u);
      ++length;
      const std::uint32_t among = code - kCodes.first[length];
      const std::uint32_t codes = kCodes.position[length + 1] - kCodes.position[length];
      if (code < kCodes.first[length] || among >= codes) {
        if (length == kLongestCode) return false;
        continue;
      }
      const std::uint16_t symbol = kCodes.symbols[kCodes.position[length] + among];
      if (symbol == kEndOfString) return false;
      text_.push_back(static_cast<char>(symbol));
      code = 0;
      length = 0;
    }
  }
  return true;  // the bits that are left fill the last byte up, and not all receivers look at them
}

// Section 4.4: what does not fit at all empties the table.
void Decoder::add(const Entry& entry) {
  const std::size_t size = entry.name_size + entry.value.size + kEntryCost;
  shrink_to(size > table_limit_ ? 0 : table_limit_ - size);
  if (size > table_limit_) return;
  table_.push_back(entry);
  table_size_ += size;
}

void Decoder::shrink_to(std::size_t limit) {
  for (; table_size_ > limit; ++first_) {
    table_size_ -= table_[first_].name_size + table_[first_].value.size + kEntryCost;
  }
}

}  // namespace netscope::hpack

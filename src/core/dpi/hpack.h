// HPACK (RFC 7541): how HTTP/2 packs header fields. Read as far as a firewall asks: the fields that say who is asked.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "netscope/base/bytes.h"

namespace netscope::hpack {

// A sender may let the table grow as far as the receiver allows, whom nobody asked here.
inline constexpr std::size_t kMaxTable = 1u << 20;  // bytes, counted as section 4.1 does
// Of all fields since the beginning, unpacked.
inline constexpr std::size_t kMaxText = 1u << 18;

// Fields that somebody asks for.
enum class Name : std::uint8_t { authority, method, path, accept, content_type, host, user_agent, other };
inline constexpr std::size_t kNames = 7;

class Decoder {
 public:
  Decoder() { begin(); }
  // A new connection: its table is empty. Memory is kept.
  void begin();
  // The next header block of the connection, whole. False: it breaks the format, and the receiver ends the connection.
  bool decode(Bytes block);
  // Of the last block, the first field of that name; empty where there is none. Lives until the next call.
  std::string_view value(Name name) const;

 private:
  struct Text {
    std::uint32_t begin = 0, size = 0;  // in text_
  };
  struct Entry {
    Name name = Name::other;
    std::uint32_t name_size = 0;
    Text value{};
  };

  std::optional<Entry> at(std::uint64_t index) const;
  bool field(Reader& in, std::uint8_t first, unsigned index_bits, bool remember);
  bool string(Reader& in, Text& text);
  bool unpack(Bytes packed);
  void note(const Entry& entry);
  void add(const Entry& entry);
  void shrink_to(std::size_t limit);

  std::vector<char> text_;
  std::vector<Entry> table_;  // the oldest first; those before first_ have left
  std::size_t first_ = 0;
  std::size_t table_size_ = 0, table_limit_ = 0;
  std::array<Text, kNames> found_;
};

}  // namespace netscope::hpack

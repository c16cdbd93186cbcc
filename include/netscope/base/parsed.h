// The four answers of every parser.
#pragma once

#include <cstdint>
#include <utility>

namespace netscope {

enum class ParseStatus : std::uint8_t {
  ok,         // parsed; the value is valid
  need_more,  // so far it fits; more bytes of the stream are needed to tell
  no_match,   // this is another protocol
  malformed,  // it is this protocol, and it breaks its own rules: past the end of a length that the peer declared
};

// A parser's answer. `value` means something only when `ok()`.
template <class T>
struct Parsed {
  ParseStatus status = ParseStatus::no_match;
  T value{};

  // Implicit on purpose: `return ParseStatus::need_more;` and `return hello;` both read well in a parser.
  Parsed(ParseStatus failure) : status(failure) {}
  Parsed(T parsed) : status(ParseStatus::ok), value(std::move(parsed)) {}

  bool ok() const { return status == ParseStatus::ok; }
  const T* operator->() const { return &value; }
  const T& operator*() const { return value; }
};

}  // namespace netscope

// JSON as it is written: RapidJSON's streaming writer with the few words that the program's documents need.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "netscope/base/time.h"

namespace netscope {

class JsonWriter {
 public:
  JsonWriter();
  ~JsonWriter();

  void begin_object();
  void begin_object(std::string_view key);
  void end_object();
  void begin_array();
  void begin_array(std::string_view key);
  void end_array();
  // Bytes that are not UTF-8 are replaced by U+FFFD.
  void text(std::string_view key, std::string_view value);
  void text(std::string_view value);
  void number(std::string_view key, std::uint64_t value);
  void number(std::uint64_t value);
  void real(std::string_view key, double value);
  void boolean(std::string_view key, bool value);
  void null(std::string_view key);
  std::string_view result() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// "2026-11-23T02:00:00.123456+0000"
std::string eve_timestamp(Time time);
// The text with each byte that does not belong to well-formed UTF-8 replaced by U+FFFD.
std::string valid_utf8(std::string_view text);

}  // namespace netscope

#include "netscope/output/json.h"

#include <rapidjson/encodings.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>

namespace netscope {

struct JsonWriter::State {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer{buffer};
};

namespace {

rapidjson::SizeType size_of(std::string_view text) {
  return static_cast<rapidjson::SizeType>(text.size());
}

// The number with zeros before it up to `width` digits.
void append_padded(std::string& out, std::int64_t number, std::size_t width) {
  const std::string digits = std::to_string(number);
  if (digits.size() < width) out.append(width - digits.size(), '0');
  out += digits;
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

}  // namespace

std::string valid_utf8(std::string_view text) {
  if (is_ascii(text)) return std::string(text);
  std::string out;
  std::size_t at = 0;
  while (at < text.size()) {
    rapidjson::MemoryStream in(text.data() + at, text.size() - at);
    unsigned codepoint = 0;
    const bool valid = rapidjson::UTF8<>::Decode(in, &codepoint) && in.Tell() <= text.size() - at;
    if (valid) {
      out += text.substr(at, in.Tell());
      at += in.Tell();
    } else {
      out += "\xef\xbf\xbd";
      ++at;
    }
  }
  return out;
}

JsonWriter::JsonWriter() : state_(std::make_unique<State>()) {}
JsonWriter::~JsonWriter() = default;

void JsonWriter::begin_object() {
  state_->writer.StartObject();
}
void JsonWriter::begin_object(std::string_view key) {
  state_->writer.Key(key.data(), size_of(key));
  state_->writer.StartObject();
}
void JsonWriter::end_object() {
  state_->writer.EndObject();
}
void JsonWriter::begin_array() {
  state_->writer.StartArray();
}
void JsonWriter::begin_array(std::string_view key) {
  state_->writer.Key(key.data(), size_of(key));
  state_->writer.StartArray();
}
void JsonWriter::end_array() {
  state_->writer.EndArray();
}
void JsonWriter::text(std::string_view key, std::string_view value) {
  state_->writer.Key(key.data(), size_of(key));
  text(value);
}
void JsonWriter::text(std::string_view value) {
  if (is_ascii(value)) {
    state_->writer.String(value.data(), size_of(value));
  } else {
    const std::string valid = valid_utf8(value);
    state_->writer.String(valid.data(), size_of(valid));
  }
}
void JsonWriter::number(std::string_view key, std::uint64_t value) {
  state_->writer.Key(key.data(), size_of(key));
  state_->writer.Uint64(value);
}
void JsonWriter::number(std::uint64_t value) {
  state_->writer.Uint64(value);
}
void JsonWriter::real(std::string_view key, double value) {
  state_->writer.Key(key.data(), size_of(key));
  state_->writer.Double(value);
}
void JsonWriter::boolean(std::string_view key, bool value) {
  state_->writer.Key(key.data(), size_of(key));
  state_->writer.Bool(value);
}
void JsonWriter::null(std::string_view key) {
  state_->writer.Key(key.data(), size_of(key));
  state_->writer.Null();
}
std::string_view JsonWriter::result() const {
  return {state_->buffer.GetString(), state_->buffer.GetSize()};
}

std::string eve_timestamp(Time time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(time - day).count();
  std::string text;
  append_padded(text, static_cast<int>(date.year()), 4);
  append_padded(text += '-', static_cast<unsigned>(date.month()), 2);
  append_padded(text += '-', static_cast<unsigned>(date.day()), 2);
  append_padded(text += 'T', micros / 3'600'000'000, 2);
  append_padded(text += ':', micros / 60'000'000 % 60, 2);
  append_padded(text += ':', micros / 1'000'000 % 60, 2);
  append_padded(text += '.', micros % 1'000'000, 6);
  return text + "+0000";
}

}  // namespace netscope

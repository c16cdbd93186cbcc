#include "linux/nfq/proc_table.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

namespace netscope::nfq {
namespace {

constexpr std::size_t kMaxTable = 16 << 20;
constexpr std::size_t kStep = 16 << 10;  // bytes; the kernel hands out about a page at a time

}  // namespace

Result<std::string> read_table(int descriptor, const std::string& name) {
  std::string text;
  for (std::size_t length = 0; length < kMaxTable;) {
    text.resize(length + kStep);
    const ssize_t count = ::pread(descriptor, text.data() + length, kStep, static_cast<off_t>(length));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failure(name + " cannot be read: " + std::strerror(errno));
    length += static_cast<std::size_t>(count);
    if (count == 0) {
      text.resize(length);
      return text;
    }
  }
  return failure(name + " is larger than " + std::to_string(kMaxTable >> 20) + " MB");
}

std::optional<std::string_view> next_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

std::string_view next_word(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  const std::string_view word = line.substr(0, line.find(' '));
  line.remove_prefix(word.size());
  return word;
}

std::optional<std::uint32_t> to_number(std::string_view word) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  if (error != std::errc{} || end != word.data() + word.size()) return std::nullopt;
  return number;
}

}  // namespace netscope::nfq

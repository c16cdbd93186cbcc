#include "app/gateway/console.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace netscope {
namespace {

void write(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
}

std::size_t columns() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

constexpr const char* kEraseLine = "\r\033[K";

}  // namespace

Console::Console() : terminal_(::isatty(STDERR_FILENO) == 1), journal_(std::getenv("JOURNAL_STREAM") != nullptr) {}

void Console::log(LogLevel level, const std::string& text) {
  const std::string again = status_;
  clear();
  write(journal_ ? "<" + std::to_string(static_cast<int>(level)) + ">" + text + "\n" : "netscope-nfq: " + text + "\n");
  if (!again.empty()) status(again);
}

void Console::status(const std::string& text) {
  if (!terminal_) return;
  status_ = text;
  write(kEraseLine + text.substr(0, columns() - 1));
}

void Console::clear() {
  if (!status_.empty()) write(kEraseLine);
  status_.clear();
}

}  // namespace netscope

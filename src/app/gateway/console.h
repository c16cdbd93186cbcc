// What a person sees while the program runs: log lines, and on a terminal a status line below them.
#pragma once

#include <string>

namespace netscope {

enum class LogLevel : int { error = 3, warning = 4, info = 6 };  // syslog's numbers

// Standard error. Under journald a line begins with its level in the journal's own form ("<4>"), elsewhere with the
// program's name. For one thread.
class Console {
 public:
  Console();
  Console(const Console&) = delete;
  Console& operator=(const Console&) = delete;
  ~Console() { clear(); }

  bool terminal() const { return terminal_; }
  void log(LogLevel level, const std::string& text);
  // Draws the line anew; nothing where there is no terminal.
  void status(const std::string& text);
  void clear();

 private:
  bool terminal_;
  bool journal_;
  std::string status_;
};

}  // namespace netscope

// The control socket: one JSON request a line, one JSON answer a line. It speaks the HTTP API's own words, so that the
// web process only has to pass them on:
//
//   {"method":"POST","path":"/api/v1/actions","body":{"action":"block","app":"YouTube"}}
//   {"status":200,"body":{...}}
//
// Served by the main thread between its other duties; never in the packet path.
#pragma once

#include <chrono>
#include <functional>
#include <list>
#include <string>
#include <string_view>

#include "linux/os/descriptor.h"
#include "netscope/base/result.h"

namespace netscope {

inline constexpr std::size_t kMaxControlClients = 32;
inline constexpr std::size_t kMaxControlRequest = std::size_t{2} << 20;   // bytes of a line
inline constexpr std::size_t kMaxControlBacklog = std::size_t{64} << 20;  // bytes that a client has not read
inline constexpr std::chrono::seconds kControlIdle{60};

class ControlSocket {
 public:
  using SteadyTime = std::chrono::steady_clock::time_point;
  // Makes one line (without its end) of one line.
  using Answer = std::function<std::string(std::string_view)>;

  // At this path, 0660, of that group (-1: as it is). A socket that nobody listens at any more is replaced; the folder
  // is made where it is missing. The path stays when this ends: see remove().
  static Result<ControlSocket> open(const std::string& path, long group);

  // Ready to read whenever serve() has something to do.
  int file() const { return events_.get(); }
  // Takes what has come, answers, sends; never waits. Clients that were silent for kControlIdle are left.
  void serve(SteadyTime now, const Answer& answer);
  void remove();
  const std::string& path() const { return path_; }

 private:
  struct Client {
    os::Descriptor file;
    std::string received, unsent;
    SteadyTime heard{};
    bool gone = false;
  };

  void accept_clients(SteadyTime now);
  void read_from(Client& client, SteadyTime now, const Answer& answer);
  void answer_lines(Client& client, const Answer& answer);
  void send_to(Client& client);
  void watch(Client& client);

  std::string path_;
  os::Descriptor listener_, events_;
  std::list<Client> clients_;
};

}  // namespace netscope

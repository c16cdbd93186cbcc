// When each connection's client has to be done. libmicrohttpd knows idle connections only: who sends or takes a byte
// now and then would keep it waiting for ever.
#pragma once

#include <microhttpd.h>

#include <chrono>
#include <map>
#include <optional>

namespace netscope {

// From the connection, or the answer before, to a request's end; and from there to the end of its answer.
inline constexpr std::chrono::seconds kRequestTime{30}, kAnswerTime{120};

class Visits {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // From now on; without a time for as long as the client likes.
  void may_take(MHD_Connection* connection, std::optional<std::chrono::seconds> time);
  // Ends the connections whose time is over: the server sees a client that left.
  void cut_off_the_late(Time now);
  // For MHD_OPTION_NOTIFY_CONNECTION, with the Visits as its closure.
  static void on_connection(void* visits, MHD_Connection* connection, void** state,
                            MHD_ConnectionNotificationCode code);

 private:
  struct Visit {
    int socket = -1;
    std::optional<Time> deadline;
  };
  std::map<MHD_Connection*, Visit> visits_;
};

}  // namespace netscope

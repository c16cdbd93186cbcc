#include "app/web/visits.h"

#include <sys/socket.h>

namespace netscope {

void Visits::on_connection(void* visits, MHD_Connection* connection, void**, MHD_ConnectionNotificationCode code) {
  auto& self = *static_cast<Visits*>(visits);
  if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
    self.visits_.erase(connection);
    return;
  }
  const MHD_ConnectionInfo* const info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
  if (info == nullptr) return;
  self.visits_[connection].socket = info->connect_fd;
  self.may_take(connection, kRequestTime);
}

void Visits::may_take(MHD_Connection* connection, std::optional<std::chrono::seconds> time) {
  const auto found = visits_.find(connection);
  if (found == visits_.end()) return;
  found->second.deadline.reset();
  if (time) found->second.deadline = std::chrono::steady_clock::now() + *time;
}

void Visits::cut_off_the_late(Time now) {
  for (const auto& [connection, visit] : visits_) {
    if (visit.deadline && now >= *visit.deadline) ::shutdown(visit.socket, SHUT_RDWR);
  }
}

}  // namespace netscope

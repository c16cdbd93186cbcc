// The service manager that started the program, where there is one (systemd).
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace netscope {

// sd_notify(3)
void notify_ready(const std::string& status);
void notify_status(const std::string& status);
void notify_reloading();
void notify_stopping();
void notify_alive();

// How often notify_alive has to be called, halved for safety; nothing where no watchdog waits for it.
std::optional<std::chrono::microseconds> watchdog_interval();

}  // namespace netscope

// The dashboard's HTTP server: the page's files from memory, the API over the control link, and events as they come.
// One thread, one loop. Every answer has the page's security headers, but those that libmicrohttpd gives to what it
// cannot read as a request: fixed pages that repeat nothing of it.
#pragma once

#include <map>
#include <string>

#include "app/web/access.h"
#include "netscope/base/result.h"

namespace netscope {

inline constexpr unsigned kMaxConnections = 512;
inline constexpr unsigned kConnectionIdleSeconds = 20;
inline constexpr std::size_t kMaxRequestBody = std::size_t{3} << 19;  // 1.5 MiB: the longest rules, escaped
inline constexpr std::size_t kMaxListeners = 16;
inline constexpr std::size_t kMaxUnsentEvents = std::size_t{2} << 20;  // bytes of one listener
inline constexpr std::size_t kMaxPageBytes = std::size_t{32} << 20;

struct PageFile {
  std::string type, content;
};
// By path, as "/index.html"; that one stands for "/" too.
using PageFiles = std::map<std::string, PageFile>;

// All regular files of a folder and below; none where there is no such folder.
Result<PageFiles> load_page(const std::string& folder);

// Serves at this listening socket until it fails. `seal` is called once everything is set up.
Result<void> serve_dashboard(int listener, const Access& access, const PageFiles& page, const std::string& control,
                             Result<void> (*seal)());

}  // namespace netscope

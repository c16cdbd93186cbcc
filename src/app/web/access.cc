#include "app/web/access.h"

#include <algorithm>

#include "app/control/sha256.h"

namespace netscope {
namespace {

constexpr std::string_view kCookie = "netscope_session";

}  // namespace

bool same_secret(std::string_view one, std::string_view other) {
  const std::string a = sha256_hex(one), b = sha256_hex(other);  // of one length, and not to be steered
  unsigned difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) difference |= static_cast<unsigned>(a[i] ^ b[i]);
  return difference == 0;
}

Access::Access(std::string token, std::vector<std::string> hosts)
    : token_(std::move(token)), session_(sha256_hex("netscope session of " + token_)), hosts_(std::move(hosts)) {}

bool Access::host_allowed(std::string_view host) const {
  return std::ranges::find(hosts_, host) != hosts_.end();
}

bool Access::origin_allowed(std::string_view origin) const {
  constexpr std::string_view kScheme = "http://";
  return origin.starts_with(kScheme) && host_allowed(origin.substr(kScheme.size()));
}

bool Access::token_allowed(std::string_view token) const {
  return !token_.empty() && same_secret(token, token_);
}

bool Access::bearer_allowed(std::string_view authorization) const {
  constexpr std::string_view kScheme = "Bearer ";
  return authorization.starts_with(kScheme) && token_allowed(authorization.substr(kScheme.size()));
}

bool Access::cookie_allowed(std::string_view cookie) const {
  return !cookie.empty() && same_secret(cookie, session_);
}

std::string Access::session_cookie() const {
  return std::string(kCookie) + "=" + session_ + "; Path=/; HttpOnly; SameSite=Strict";
}

}  // namespace netscope

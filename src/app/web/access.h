// Who may ask the dashboard for what. Pure functions over what a request says of itself.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace netscope {

class Access {
 public:
  // `hosts`: the exact Host values that are answered, as "name:port".
  Access(std::string token, std::vector<std::string> hosts);

  // Another name than ours is a page of somebody else whose name was pointed at us (DNS rebinding).
  bool host_allowed(std::string_view host) const;
  // Whether a write may come from the page that names itself so; empty: it named none.
  bool origin_allowed(std::string_view origin) const;
  // By "Authorization: Bearer TOKEN" or by the session's cookie.
  bool bearer_allowed(std::string_view authorization) const;
  bool cookie_allowed(std::string_view cookie) const;
  bool token_allowed(std::string_view token) const;
  // The value of Set-Cookie that begins a session.
  std::string session_cookie() const;

 private:
  std::string token_, session_;
  std::vector<std::string> hosts_;
};

// Takes the same time whatever the texts hold.
bool same_secret(std::string_view one, std::string_view other);

}  // namespace netscope

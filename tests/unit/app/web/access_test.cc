#include "app/web/access.h"

#include <gtest/gtest.h>

namespace netscope {
namespace {

const Access kAccess("0123456789abcdef0123456789abcdef", {"127.0.0.1:8080", "localhost:8080"});

TEST(Access, hosts_are_compared_exactly) {
  EXPECT_TRUE(kAccess.host_allowed("localhost:8080"));
  for (const char* const host :
       {"", "localhost", "LOCALHOST:8080 ", "localhost:80", "localhost:80800", "x.localhost:8080"}) {
    EXPECT_FALSE(kAccess.host_allowed(host)) << host;
  }
}

TEST(Access, an_origin_is_http_and_one_of_the_hosts) {
  EXPECT_TRUE(kAccess.origin_allowed("http://127.0.0.1:8080"));
  for (const char* const origin :
       {"", "null", "http://127.0.0.1", "https://127.0.0.1:8080", "http://evil.example", "http://127.0.0.1:8080/"}) {
    EXPECT_FALSE(kAccess.origin_allowed(origin)) << origin;
  }
}

TEST(Access, the_token_opens_and_nothing_else_does) {
  EXPECT_TRUE(kAccess.bearer_allowed("Bearer 0123456789abcdef0123456789abcdef"));
  for (const char* const text :
       {"", "Bearer ", "Bearer 0123456789abcdef0123456789abcde", "Bearer 0123456789abcdef0123456789abcdef0",
        "Basic 0123456789abcdef0123456789abcdef"}) {
    EXPECT_FALSE(kAccess.bearer_allowed(text)) << text;
  }
  EXPECT_FALSE(Access("", {}).bearer_allowed("Bearer "));
}

TEST(Access, a_session_is_not_the_token) {
  const std::string cookie = kAccess.session_cookie();
  const auto equals = cookie.find('=');
  const std::string value = cookie.substr(equals + 1, cookie.find(';') - equals - 1);
  EXPECT_TRUE(kAccess.cookie_allowed(value));
  EXPECT_FALSE(kAccess.bearer_allowed("Bearer " + value));
  EXPECT_FALSE(kAccess.cookie_allowed("0123456789abcdef0123456789abcdef"));
  EXPECT_FALSE(kAccess.cookie_allowed(""));
}

}  // namespace
}  // namespace netscope

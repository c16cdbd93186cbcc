#include "app/web/web_server.h"

#include <microhttpd.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <list>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "app/web/control_link.h"
#include "app/web/visits.h"

namespace netscope {
namespace {

using Json = nlohmann::json;
using SteadyTime = std::chrono::steady_clock::time_point;
using namespace std::chrono_literals;

constexpr auto kBetweenStats = 1s;
constexpr auto kBetweenComments = 15s;
constexpr const char* kPolicy =
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:; style-src 'self' "
    "'unsafe-inline'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors "
    "'none'";

// One request, from its headers to its answer.
struct Exchange {
  std::string body;
  bool too_long = false, asked = false;
  std::optional<ControlLink::Reply> reply;
};

// One that reads server-sent events.
struct Listener {
  MHD_Connection* connection = nullptr;
  std::string unsent;
  bool suspended = false, too_slow = false;
};

std::string header(MHD_Connection* connection, const char* name) {
  const char* const value = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
  return value == nullptr ? std::string{} : value;
}

std::string error_body(std::string_view message) {
  return "{\"error\":{\"message\":" + Json(std::string(message)).dump() + "}}";
}

MHD_Result send(MHD_Connection* connection, unsigned status, MHD_Response* response, const char* type) {
  MHD_add_response_header(response, "Content-Type", type);
  MHD_add_response_header(response, "Content-Security-Policy", kPolicy);
  MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
  MHD_add_response_header(response, "Referrer-Policy", "no-referrer");
  MHD_add_response_header(response, "X-Frame-Options", "DENY");
  MHD_add_response_header(response, "Cross-Origin-Resource-Policy", "same-origin");
  const MHD_Result queued = MHD_queue_response(connection, status, response);
  MHD_destroy_response(response);
  return queued;
}

MHD_Response* response_of(std::string_view text) {
  MHD_Response* const response =
      MHD_create_response_from_buffer(text.size(), const_cast<char*>(text.data()), MHD_RESPMEM_MUST_COPY);
  MHD_add_response_header(response, "Cache-Control", "no-store");
  return response;
}

MHD_Result refuse(MHD_Connection* connection, unsigned status, std::string_view message) {
  MHD_Response* const response = response_of(error_body(message));
  if (status == MHD_HTTP_UNAUTHORIZED) MHD_add_response_header(response, "WWW-Authenticate", "Bearer");
  if (status == MHD_HTTP_CONTENT_TOO_LARGE) MHD_add_response_header(response, "Connection", "close");
  return send(connection, status, response, "application/json");
}

class WebServer {
 public:
  WebServer(const Access& access, const PageFiles& page, const std::string& control)
      : access_(access), page_(page), link_(control) {}

  Result<void> run(int listener, Result<void> (*seal)());

 private:
  static MHD_Result on_request(void* self, MHD_Connection* connection, const char* url, const char* method,
                               const char* version, const char* upload, std::size_t* upload_size, void** state);
  static void on_end(void* self, MHD_Connection* connection, void** state, MHD_RequestTerminationCode code);
  static ssize_t on_read(void* state, std::uint64_t position, char* out, std::size_t size);
  static void on_listener_end(void* state);

  MHD_Result answer(MHD_Connection* connection, const std::string& path, const std::string& method, void** state);
  MHD_Result answer_write(MHD_Connection* connection, const std::string& path, const std::string& method, void** state);
  MHD_Result begin_session(MHD_Connection* connection, const std::string& body);
  MHD_Result send_page(MHD_Connection* connection, const PageFile& file);
  MHD_Result forward(MHD_Connection* connection, const std::string& path, const std::string& method, void** state);
  MHD_Result pass_on(MHD_Connection* connection, const std::string& path, const ControlLink::Reply& reply);
  MHD_Result listen(MHD_Connection* connection);
  void tick(SteadyTime now);
  void tell(const std::string& text);

  const Access& access_;
  const PageFiles& page_;
  ControlLink link_;
  // Requests under way, by what libmicrohttpd keeps of them; an answer that comes too late finds none.
  std::map<void*, std::shared_ptr<Exchange>> exchanges_;
  Visits visits_;
  std::list<Listener> listeners_;
  SteadyTime next_stats_{}, next_comment_{};
  std::uint64_t events_told_ = UINT64_MAX;  // none yet: from now on
  bool asking_ = false;
};

WebServer* g_server = nullptr;  // for on_listener_end, which knows its listener only

// --- requests

MHD_Result WebServer::on_request(void* self, MHD_Connection* connection, const char* url, const char* method,
                                 const char*, const char* upload, std::size_t* upload_size, void** state) {
  auto& server = *static_cast<WebServer*>(self);
  if (*state == nullptr) {
    auto exchange = std::make_shared<Exchange>();
    *state = exchange.get();
    server.exchanges_[*state] = exchange;
    if (!server.access_.host_allowed(header(connection, "Host"))) {
      return refuse(connection, MHD_HTTP_MISDIRECTED_REQUEST,
                    "this name is not the dashboard's; open it by the address that it was started with, or add the "
                    "name with --dashboard-host");
    }
    const std::string length = header(connection, "Content-Length");
    if (length.size() > 9 || (!length.empty() && std::strtoul(length.c_str(), nullptr, 10) > kMaxRequestBody)) {
      return refuse(connection, MHD_HTTP_CONTENT_TOO_LARGE, "the request is longer than 1.5 MiB");
    }
    return MHD_YES;
  }
  Exchange& exchange = *static_cast<Exchange*>(*state);
  if (*upload_size > 0) {
    if (exchange.body.size() + *upload_size > kMaxRequestBody) {
      exchange.too_long = true;
    } else {
      exchange.body.append(upload, *upload_size);
    }
    *upload_size = 0;
    return MHD_YES;
  }
  if (!exchange.reply) server.visits_.may_take(connection, kAnswerTime);
  if (exchange.too_long) return refuse(connection, MHD_HTTP_CONTENT_TOO_LARGE, "the request is longer than 1.5 MiB");
  if (exchange.reply) return server.pass_on(connection, url, *exchange.reply);
  return server.answer(connection, url, method, state);
}

void WebServer::on_end(void* self, MHD_Connection* connection, void** state, MHD_RequestTerminationCode) {
  auto& server = *static_cast<WebServer*>(self);
  server.visits_.may_take(connection, kRequestTime);
  server.exchanges_.erase(*state);
  *state = nullptr;
}

MHD_Result WebServer::answer(MHD_Connection* connection, const std::string& path, const std::string& method,
                             void** state) {
  const bool reads = method == "GET" || method == "HEAD";
  if (const auto file = page_.find(path); file != page_.end() && reads) return send_page(connection, file->second);
  if (path != "/metrics" && !path.starts_with("/api/v1/")) {
    return refuse(connection, MHD_HTTP_NOT_FOUND,
                  path == "/" ? "the dashboard's page is not installed; name its folder with --dashboard-files"
                              : "there is no such page");
  }
  if (!reads && method != "POST" && method != "PUT") {
    return refuse(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "the API takes GET, POST and PUT");
  }
  if (!reads) return answer_write(connection, path, method, state);
  const char* const cookie = MHD_lookup_connection_value(connection, MHD_COOKIE_KIND, "netscope_session");
  if (!access_.bearer_allowed(header(connection, "Authorization")) &&
      !access_.cookie_allowed(cookie == nullptr ? "" : cookie)) {
    return refuse(connection, MHD_HTTP_UNAUTHORIZED, "send the token: POST /api/v1/session, or Authorization: Bearer");
  }
  if (path == "/api/v1/events") return listen(connection);
  return forward(connection, path, method, state);
}

// What changes something: from our page or from a program that knows the token, and as JSON, which no form can send.
MHD_Result WebServer::answer_write(MHD_Connection* connection, const std::string& path, const std::string& method,
                                   void** state) {
  const std::string origin = header(connection, "Origin");
  const bool program = access_.bearer_allowed(header(connection, "Authorization"));
  const bool login = path == "/api/v1/session";
  if (!origin.empty() ? !access_.origin_allowed(origin) : !program && !login) {
    return refuse(connection, MHD_HTTP_FORBIDDEN, "writes are taken from the dashboard's own page only (Origin)");
  }
  const std::string type = header(connection, "Content-Type");
  if (type != "application/json" && !type.starts_with("application/json;")) {
    return refuse(connection, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE, "send Content-Type: application/json");
  }
  if (login) return begin_session(connection, static_cast<Exchange*>(*state)->body);
  const char* const cookie = MHD_lookup_connection_value(connection, MHD_COOKIE_KIND, "netscope_session");
  if (!program && !access_.cookie_allowed(cookie == nullptr ? "" : cookie)) {
    return refuse(connection, MHD_HTTP_UNAUTHORIZED, "send the token: POST /api/v1/session, or Authorization: Bearer");
  }
  return forward(connection, path, method, state);
}

MHD_Result WebServer::begin_session(MHD_Connection* connection, const std::string& body) {
  const Json request = Json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!request.is_object() || !request.contains("token") || !request["token"].is_string()) {
    return refuse(connection, MHD_HTTP_BAD_REQUEST, "send {\"token\":\"...\"}");
  }
  if (!access_.token_allowed(request["token"].get<std::string>())) {
    return refuse(connection, MHD_HTTP_UNAUTHORIZED, "this is not the token; the gateway's log says where it is");
  }
  MHD_Response* const response = response_of("");
  MHD_add_response_header(response, "Set-Cookie", access_.session_cookie().c_str());
  return send(connection, MHD_HTTP_NO_CONTENT, response, "application/json");
}

MHD_Result WebServer::send_page(MHD_Connection* connection, const PageFile& file) {
  MHD_Response* const response = MHD_create_response_from_buffer(
      file.content.size(), const_cast<char*>(file.content.data()), MHD_RESPMEM_PERSISTENT);
  MHD_add_response_header(response, "Cache-Control", "no-cache");
  return send(connection, MHD_HTTP_OK, response, file.type.c_str());
}

MHD_Result WebServer::forward(MHD_Connection* connection, const std::string& path, const std::string& method,
                              void** state) {
  Exchange& exchange = *static_cast<Exchange*>(*state);
  if (exchange.asked) return MHD_YES;
  Json question{{"method", method == "HEAD" ? "GET" : method}, {"path", path}};
  if (const std::string tag = header(connection, "If-Match"); !tag.empty()) question["if_match"] = tag;
  MHD_get_connection_values(
      connection, MHD_GET_ARGUMENT_KIND,
      [](void* query, MHD_ValueKind, const char* key, const char* value) {
        (*static_cast<Json*>(query))["query"][key] = value == nullptr ? "" : value;
        return MHD_YES;
      },
      &question);
  if (!exchange.body.empty()) {
    question["body"] = Json::parse(exchange.body, nullptr, /*allow_exceptions=*/false);
    if (question["body"].is_discarded()) return refuse(connection, MHD_HTTP_BAD_REQUEST, "the body is not JSON");
  }
  exchange.asked = true;
  MHD_suspend_connection(connection);
  link_.ask(question.dump(-1, ' ', false, Json::error_handler_t::replace),
            [this, connection, weak = std::weak_ptr(exchanges_[*state])](ControlLink::Reply reply) {
              const auto waiting = weak.lock();
              if (waiting == nullptr) return;
              waiting->reply = std::move(reply);
              MHD_resume_connection(connection);
            });
  return MHD_YES;
}

MHD_Result WebServer::pass_on(MHD_Connection* connection, const std::string& path, const ControlLink::Reply& reply) {
  if (reply.body.empty()) {
    return refuse(connection, MHD_HTTP_SERVICE_UNAVAILABLE, "the gateway does not answer; it may be starting anew");
  }
  if (path == "/metrics" && reply.status == MHD_HTTP_OK) {
    const Json text = Json::parse(reply.body, nullptr, /*allow_exceptions=*/false);
    return send(connection, MHD_HTTP_OK, response_of(text.is_string() ? text.get<std::string>() : std::string{}),
                "text/plain; version=0.0.4; charset=utf-8");
  }
  MHD_Response* const response = response_of(reply.body);
  if (!reply.etag.empty()) MHD_add_response_header(response, "ETag", reply.etag.c_str());
  return send(connection, static_cast<unsigned>(reply.status), response, "application/json");
}

// --- events

MHD_Result WebServer::listen(MHD_Connection* connection) {
  if (listeners_.size() >= kMaxListeners) {
    return refuse(connection, MHD_HTTP_SERVICE_UNAVAILABLE, "16 listen to events already; close another page");
  }
  visits_.may_take(connection, std::nullopt);  // kMaxUnsentEvents bounds it
  listeners_.push_back({.connection = connection, .unsent = ": welcome\n\n"});
  MHD_Response* const response =
      MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 16384, on_read, &listeners_.back(), on_listener_end);
  MHD_add_response_header(response, "Cache-Control", "no-store");
  next_stats_ = {};
  return send(connection, MHD_HTTP_OK, response, "text/event-stream");
}

ssize_t WebServer::on_read(void* state, std::uint64_t, char* out, std::size_t size) {
  auto& listener = *static_cast<Listener*>(state);
  if (listener.too_slow) return MHD_CONTENT_READER_END_WITH_ERROR;
  if (listener.unsent.empty()) {
    listener.suspended = true;
    MHD_suspend_connection(listener.connection);
    return 0;
  }
  const std::size_t count = std::min(size, listener.unsent.size());
  listener.unsent.copy(out, count);
  listener.unsent.erase(0, count);
  return static_cast<ssize_t>(count);
}

void WebServer::on_listener_end(void* state) {
  g_server->listeners_.remove_if([state](const Listener& listener) { return &listener == state; });
}

void WebServer::tell(const std::string& text) {
  for (Listener& listener : listeners_) {
    if (listener.unsent.size() + text.size() > kMaxUnsentEvents) {
      listener.too_slow = true;
      visits_.may_take(listener.connection, 0s);
      listener.unsent.clear();
    } else {
      listener.unsent += text;
    }
    if (!std::exchange(listener.suspended, false)) continue;
    MHD_resume_connection(listener.connection);
  }
}

void WebServer::tick(SteadyTime now) {
  if (listeners_.empty()) {
    events_told_ = UINT64_MAX;
    return;
  }
  if (now >= next_comment_) {
    next_comment_ = now + kBetweenComments;
    tell(": still here\n\n");
  }
  if (now < next_stats_ || asking_) return;
  next_stats_ = now + kBetweenStats;
  asking_ = true;
  link_.ask(R"({"method":"GET","path":"/api/v1/stats"})", [this](const ControlLink::Reply& reply) {
    if (reply.status == MHD_HTTP_OK) tell("event: stats\ndata: " + reply.body + "\n\n");
  });
  link_.ask(R"({"method":"GET","path":"/events","query":{"after":")" + std::to_string(events_told_) + "\"}}",
            [this](const ControlLink::Reply& reply) {
              asking_ = false;
              constexpr std::string_view kEvents = ",\"events\":", kNext = "{\"next\":";
              const auto events = reply.body.find(kEvents);
              if (reply.status != MHD_HTTP_OK || events == std::string::npos) return;
              events_told_ = std::strtoull(reply.body.c_str() + kNext.size(), nullptr, 10);
              const auto begin = events + kEvents.size();
              const std::string lines = reply.body.substr(begin, reply.body.size() - begin - 1);
              if (lines != "[]") tell("event: event\ndata: " + lines + "\n\n");
            });
}

// --- the loop

Result<void> WebServer::run(int listener, Result<void> (*seal)()) {
  g_server = this;
  MHD_Daemon* const daemon =
      MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, nullptr, nullptr, on_request, this,
                       MHD_OPTION_LISTEN_SOCKET, listener, MHD_OPTION_CONNECTION_LIMIT, kMaxConnections,
                       MHD_OPTION_CONNECTION_TIMEOUT, kConnectionIdleSeconds, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                       std::size_t{32768}, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_NOTIFY_COMPLETED, on_end, this,
                       MHD_OPTION_NOTIFY_CONNECTION, Visits::on_connection, &visits_, MHD_OPTION_END);
  if (daemon == nullptr) return failure("the dashboard's server cannot begin");
  if (auto sealed = seal(); !sealed) return sealed;
  const int ready = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
  for (;;) {
    std::array<pollfd, 2> waiting{{{.fd = ready, .events = POLLIN, .revents = 0},
                                   {.fd = link_.file(), .events = link_.wanted_events(), .revents = 0}}};
    MHD_UNSIGNED_LONG_LONG until = 250;
    MHD_UNSIGNED_LONG_LONG wanted = 0;
    if (MHD_get_timeout(daemon, &wanted) == MHD_YES) until = std::min(until, wanted);
    if (::poll(waiting.data(), waiting.size(), static_cast<int>(until)) < 0 && errno != EINTR) {
      return failure("the dashboard cannot wait for requests");
    }
    link_.serve();
    const SteadyTime now = std::chrono::steady_clock::now();
    visits_.cut_off_the_late(now);
    tick(now);
    if (MHD_run(daemon) != MHD_YES) return failure("the dashboard's server has failed");
  }
}

}  // namespace

Result<void> serve_dashboard(int listener, const Access& access, const PageFiles& page, const std::string& control,
                             Result<void> (*seal)()) {
  WebServer server(access, page, control);
  return server.run(listener, seal);
}

}  // namespace netscope

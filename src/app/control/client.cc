#include "app/control/client.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>

#include "app/control/actions.h"
#include "netscope/nfq/descriptor.h"

namespace netscope {
namespace {

using Json = nlohmann::json;

constexpr timeval kPatience{.tv_sec = 30, .tv_usec = 0};

Result<Json> question_of(const CommandLine& options) {
  const auto& words = options.ctl;
  const std::string& verb = words[0];
  const auto asks = [&](const char* method, const char* path) { return Json{{"method", method}, {"path", path}}; };
  if (verb == "status" && words.size() == 1) return asks("GET", "/api/v1/stats");
  if (verb == "list" && words.size() == 1) return asks("GET", "/api/v1/actions");
  if (verb == "reload" && words.size() == 1) return asks("POST", "/api/v1/reload");
  if (verb == "flows" && words.size() <= 2) {
    Json question = asks("GET", "/api/v1/flows");
    if (words.size() == 2) question["query"]["filter"] = words[1];
    return question;
  }
  if (verb == "undo" && words.size() <= 2) {
    Json question = asks("POST", "/api/v1/undo");
    question["body"] = Json::object();
    if (words.size() == 2) {
      std::uint64_t id = 0;
      const auto [end, error] = std::from_chars(words[1].data(), words[1].data() + words[1].size(), id);
      if (error != std::errc{} || *end != '\0')
        return failure("--ctl undo " + words[1] + ": name a number of --ctl list");
      question["body"]["id"] = id;
    }
    return question;
  }
  if (action_kind(verb) && words.size() == 3 && action_target(words[1])) {
    Json question = asks("POST", "/api/v1/actions");
    question["body"] = {{"action", verb}, {words[1], words[2]}};
    if (!options.ctl_for.empty()) {
      const auto span = seconds_of_span(options.ctl_for);
      if (!span) return failure("--for " + options.ctl_for + ": write a time as 90s, 30m, 2h or 7d");
      question["body"]["for_seconds"] = *span;
    }
    return question;
  }
  return failure(
      "--ctl takes: status, flows [FILTER], list, reload, undo [N], and block or allow with app, domain, client or "
      "prefix and a value, as: --ctl block app YouTube --for 2h");
}

Result<std::string> ask(const std::string& path, const std::string& line) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(&address.sun_path[0], sizeof address.sun_path - 1);
  const nfq::Descriptor file(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ::setsockopt(file.get(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
  if (::connect(file.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return failure(path + ": " + std::strerror(errno) +
                   (errno == EACCES ? "; ask as root or as a member of the gateway's group"
                                    : "; is a gateway running? Name its socket with --control PATH"));
  }
  const std::string text = line + "\n";
  if (::send(file.get(), text.data(), text.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(text.size())) {
    return failure(path + ": " + std::strerror(errno));
  }
  std::string answer;
  std::array<char, 65536> piece;
  while (!answer.ends_with('\n')) {
    const ssize_t count = ::recv(file.get(), piece.data(), piece.size(), 0);
    if (count <= 0) return failure(path + ": the gateway did not answer");
    answer.append(piece.data(), static_cast<std::size_t>(count));
  }
  answer.pop_back();
  return answer;
}

std::string text_of(const Json& object, const char* key) {
  const auto member = object.find(key);
  return member != object.end() && member->is_string() ? member->get<std::string>() : std::string{};
}

// What travels the network may hold anything; a terminal gets what can be printed.
std::string printable(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return text;
}

void print_action(const Json& action) {
  std::string target;
  for (const char* const key : {"app", "domain", "client", "prefix"}) {
    if (action.contains(key)) target = std::string(key) + " " + text_of(action, key);
  }
  const std::string until = text_of(action, "until");
  std::printf("%3llu  %-5s  %s  since %s%s\n", static_cast<unsigned long long>(action.value("id", 0ULL)),
              text_of(action, "action").c_str(), printable(target).c_str(), text_of(action, "since").c_str(),
              until.empty() ? "" : ("  until " + until).c_str());
}

void print_flow(const Json& flow) {
  const Json ours = flow.value("netscope", Json::object()), counts = flow.value("flow", Json::object());
  const std::string name = [&] {
    for (const char* const protocol : {"tls", "quic", "http", "dns"}) {
      const Json part = flow.value(protocol, Json::object());
      for (const char* const key : {"sni", "hostname", "rrname"}) {
        if (const std::string text = text_of(part, key); !text.empty()) return text;
      }
    }
    return std::string("-");
  }();
  const auto number = [&](const char* key) { return counts.value(key, 0ULL); };
  std::printf("%-7s %-5s %s:%u -> %s:%u  %s  %s  %llu packets  %llu bytes  %s\n",
              text_of(flow.value("verdict", Json::object()), "action").c_str(), text_of(flow, "proto").c_str(),
              text_of(flow, "src_ip").c_str(), flow.value("src_port", 0U), text_of(flow, "dest_ip").c_str(),
              flow.value("dest_port", 0U), printable(name).c_str(),
              ours.contains("app") ? printable(text_of(ours, "app")).c_str() : "-",
              number("pkts_toserver") + number("pkts_toclient"), number("bytes_toserver") + number("bytes_toclient"),
              printable(text_of(ours, "rule_id")).c_str());
}

void print_status(const Json& document) {
  const Json stats = document.value("stats", Json::object());
  const auto number = [&](const char* part, const char* key) {
    return static_cast<unsigned long long>(stats.value(part, Json::object()).value(key, 0ULL));
  };
  const Json source = document.value("source", Json::object());
  std::printf("%s: %s\n", printable(text_of(source, "host")).c_str(), printable(text_of(source, "name")).c_str());
  std::printf("packets   %llu (accepted %llu, blocked %llu, rejected %llu), by the kernel alone %llu\n",
              number("decoder", "pkts"), number("firewall", "accepted"), number("firewall", "blocked"),
              number("firewall", "rejected"), number("capture", "kernel_packets"));
  std::printf("flows     %llu now, %llu in all\n", number("flow", "active"), number("flow", "total"));
  std::printf("lost      %llu in full queues, %llu in full buffers, %llu events\n", number("capture", "kernel_drops"),
              number("capture", "user_drops"), number("capture", "events_dropped"));
}

void print_answer(const std::string& verb, const Json& body) {
  if (verb == "status") return print_status(body);
  if (verb == "flows") {
    for (const Json& flow : body.value("flows", Json::array())) print_flow(flow);
    return;
  }
  if (verb == "list") {
    for (const Json& action : body.value("actions", Json::array())) print_action(action);
    return;
  }
  if (verb == "reload") {
    std::printf("%llu rules in force\n", body.value("rules", 0ULL));
    return;
  }
  if (verb == "undo") std::printf("taken back:\n");
  print_action(body);
}

// What is wrong with a filter, above the filter with the place underlined.
std::string in_filter(const std::string& filter, const Json& error) {
  const std::size_t begin = std::min<std::size_t>(error.value("begin", 0ULL), filter.size());
  const std::size_t end = std::clamp<std::size_t>(error.value("end", 0ULL), begin + 1, filter.size() + 1);
  // Columns count characters: what goes on with a byte of UTF-8 takes no room of its own.
  const auto columns = [&](std::size_t from, std::size_t to) {
    return static_cast<std::size_t>(
        std::count_if(filter.begin() + static_cast<std::ptrdiff_t>(std::min(from, filter.size())),
                      filter.begin() + static_cast<std::ptrdiff_t>(std::min(to, filter.size())),
                      [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
  };
  return text_of(error, "message") + "\n  " + printable(filter) + "\n  " + std::string(columns(0, begin), ' ') +
         std::string(std::max<std::size_t>(columns(begin, end), 1), '^');
}

int complain(const std::string& text, ExitCode code) {
  std::fprintf(stderr, "netscope-nfq: %s\n", text.c_str());
  return static_cast<int>(code);
}

}  // namespace

std::optional<std::uint64_t> seconds_of_span(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::string_view unit(end, text.data() + text.size());
  if (error != std::errc{} || value == 0 || value > 1'000'000'000) return std::nullopt;
  if (unit == "s") return value;
  if (unit == "m") return value * 60;
  if (unit == "h") return value * 3600;
  if (unit == "d") return value * 86400;
  return std::nullopt;
}

int run_control_client(const CommandLine& options) {
  const auto question = question_of(options);
  if (!question) return complain(question.error().message, ExitCode::usage);
  const auto line = ask(options.control, question->dump(-1, ' ', false, Json::error_handler_t::replace));
  if (!line) return complain(line.error().message, ExitCode::failed);
  const Json answer = Json::parse(*line, nullptr, /*allow_exceptions=*/false);
  if (!answer.is_object() || !answer.contains("body"))
    return complain("the answer is not understood", ExitCode::failed);
  const Json& body = answer["body"];
  if (answer.value("status", 0) != 200) {
    const Json error = body.value("error", Json::object());
    const std::string text = text_of(error, "text");
    if (!text.empty()) return complain(text, ExitCode::failed);
    if (error.contains("begin")) return complain(in_filter(options.ctl.back(), error), ExitCode::usage);
    return complain(text_of(error, "message"), ExitCode::failed);
  }
  if (options.json) {
    std::printf("%s\n", body.dump(-1, ' ', false, Json::error_handler_t::replace).c_str());
  } else {
    print_answer(options.ctl[0], body);
  }
  return static_cast<int>(ExitCode::done);
}

}  // namespace netscope

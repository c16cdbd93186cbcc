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
#include "app/control/answer_text.h"
#include "app/output/columns.h"
#include "linux/os/descriptor.h"
#include "netscope/view/filter.h"

namespace netscope {
namespace {

using Json = nlohmann::json;

constexpr timeval kPatience{.tv_sec = 30, .tv_usec = 0};

// What is wrong with a filter, above the filter with the place underlined.
std::string in_filter(const std::string& filter, const FilterError& error) {
  const std::size_t begin = std::min(error.begin, filter.size());
  const std::size_t end = std::clamp(error.end, begin + 1, filter.size() + 1);
  // Columns count characters: what goes on with a byte of UTF-8 takes no room of its own.
  const auto columns = [&](std::size_t from, std::size_t to) {
    return static_cast<std::size_t>(
        std::count_if(filter.begin() + static_cast<std::ptrdiff_t>(std::min(from, filter.size())),
                      filter.begin() + static_cast<std::ptrdiff_t>(std::min(to, filter.size())),
                      [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
  };
  return error.message + "\n  " + printable(filter) + "\n  " + std::string(columns(0, begin), ' ') +
         std::string(std::max<std::size_t>(columns(begin, end), 1), '^');
}

Result<Json> question_of(const CommandLine& options) {
  const auto& words = options.ctl;
  const std::string& verb = words[0];
  const auto asks = [&](const char* method, const char* path) { return Json{{"method", method}, {"path", path}}; };
  if (verb == "status" && words.size() == 1) return asks("GET", "/api/v1/stats");
  if (verb == "list" && words.size() == 1) return asks("GET", "/api/v1/actions");
  if (verb == "reload" && words.size() == 1) return asks("POST", "/api/v1/reload");
  if (verb == "flows" && words.size() <= 2) {
    Json question = asks("GET", "/api/v1/flows");
    if (words.size() == 2) {
      if (const auto filter = Filter::parse(words[1]); !filter) return failure(in_filter(words[1], filter.error()));
      question["query"]["filter"] = words[1];
    }
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
  const os::Descriptor file(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
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

int refuse(const std::string& text, ExitCode code) {
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
  if (!question) return refuse(question.error().message, ExitCode::usage);
  const auto line = ask(options.control, question->dump(-1, ' ', false, Json::error_handler_t::replace));
  if (!line) return refuse(line.error().message, ExitCode::failed);
  const Json answer = Json::parse(*line, nullptr, /*allow_exceptions=*/false);
  if (!answer.is_object() || !answer.contains("body"))
    return refuse(options.control + ": the answer is not a gateway's; name its socket with --control PATH",
                  ExitCode::failed);
  const Json& body = answer["body"];
  if (answer.value("status", Json(0)) != 200) return refuse(refusal_text(body), ExitCode::failed);
  const std::string out = options.json ? body.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n'
                                       : answer_text(options.ctl[0], body);
  std::fwrite(out.data(), 1, out.size(), stdout);
  return static_cast<int>(ExitCode::done);
}

}  // namespace netscope

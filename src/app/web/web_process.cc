#include "app/web/web_process.h"

#include <arpa/inet.h>
#include <cap-ng.h>
#include <fcntl.h>
#include <grp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <memory>

#include "app/gateway/privileges.h"
#include "app/output/files.h"
#include "app/web/access.h"
#include "app/web/web_server.h"
#include "linux/os/descriptor.h"

namespace netscope {
namespace {

using namespace std::chrono_literals;

constexpr int kListener = 3;  // the one file that the process inherits beside the standard streams
constexpr auto kFirstPause = 1s, kLongestPause = 60s, kLongestPauseToListen = 8s;

std::unexpected<Error> failed(const std::string& what) {
  return failure(what + ": " + std::strerror(errno));
}

struct ListenAddress {
  std::string host, port;
};

Result<ListenAddress> split(const std::string& text) {
  const auto colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == text.size()) {
    return failure("--dashboard " + text + ": name an address and a port, as 127.0.0.1:8080");
  }
  std::string host = text.substr(0, colon);
  if (host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  return ListenAddress{.host = host, .port = text.substr(colon + 1)};
}

using AddressInfo = std::unique_ptr<addrinfo, void (*)(addrinfo*)>;

Result<AddressInfo> resolve(const ListenAddress& address, const std::string& text) {
  addrinfo wanted{};
  wanted.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const std::string host = address.host == "localhost" ? "127.0.0.1" : address.host;
  if (::getaddrinfo(host.c_str(), address.port.c_str(), &wanted, &found) != 0) {
    return failure("--dashboard " + text + ": is not an address and a port, as 127.0.0.1:8080");
  }
  return AddressInfo(found, ::freeaddrinfo);
}

Result<os::Descriptor> listen_at(const ListenAddress& address, const std::string& text) {
  const auto found = resolve(address, text);
  if (!found) return std::unexpected(found.error());
  os::Descriptor listener(::socket((*found)->ai_family, SOCK_STREAM | SOCK_NONBLOCK, 0));
  const int yes = 1;
  ::setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (::bind(listener.get(), (*found)->ai_addr, (*found)->ai_addrlen) != 0 ||
      ::listen(listener.get(), SOMAXCONN) != 0) {
    return failed("--dashboard " + text + ": cannot be listened at");
  }
  return listener;
}

// The token in the file, or a new one in a new file that only its owner can read.
Result<std::string> token_of(const std::string& file) {
  struct stat status{};
  if (::lstat(file.c_str(), &status) == 0) {
    if (!S_ISREG(status.st_mode) || (status.st_mode & 077) != 0) {
      return failure(file + ": others can read the dashboard's token; delete the file, and a new one is made");
    }
    auto text = read_text_file(file, 4096);
    if (!text) return text;
    while (!text->empty() && std::isspace(static_cast<unsigned char>(text->back())) != 0) text->pop_back();
    if (text->size() < 32) return failure(file + ": is no token; delete the file, and a new one is made");
    return text;
  }
  std::array<std::uint8_t, 32> random{};
  if (::getrandom(random.data(), random.size(), 0) != static_cast<ssize_t>(random.size())) return failed("no random");
  std::string token;
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (const std::uint8_t byte : random) {
    token += kDigits[byte >> 4];
    token += kDigits[byte & 15];
  }
  const os::Descriptor out(::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  const std::string line = token + "\n";
  if (out.get() < 0 || ::write(out.get(), line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
    return failed(file + ": the dashboard's token cannot be kept");
  }
  return token;
}

std::vector<std::string> hosts_of(const ListenAddress& address, const std::vector<std::string>& more) {
  const auto with_port = [&](const std::string& name) {
    return (name.find(':') != std::string::npos ? "[" + name + "]" : name) + ":" + address.port;
  };
  std::vector<std::string> hosts{with_port(address.host)};
  if (address.host.starts_with("127.") || address.host == "::1" || address.host == "localhost") {
    for (const char* const name : {"localhost", "127.0.0.1", "::1"}) hosts.push_back(with_port(name));
  }
  for (const std::string& name : more) {
    hosts.push_back(name.find(':') == std::string::npos ? with_port(name) : name);
  }
  const std::vector<std::string> full = hosts;
  for (const std::string& host : full) {  // browsers leave the scheme's own port out
    if (address.port == "80") hosts.push_back(host.substr(0, host.rfind(':')));
  }
  return hosts;
}

std::string page_folder(const WebSettings& settings) {
  if (!settings.files.empty()) return settings.files;
  std::array<char, 4096> self{};
  const ssize_t size = ::readlink("/proc/self/exe", self.data(), self.size() - 1);
  const std::string program(self.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  const std::string folder = program.substr(0, program.rfind('/'));
  for (const char* const place : {"/../share/netscope-nfq/dashboard", "/../dashboard/dist/live", "/dashboard"}) {
    if (::access((folder + place + "/index.html").c_str(), R_OK) == 0) return folder + place;
  }
  return "/usr/share/netscope-nfq/dashboard";
}

// Another user than the gateway's, which could otherwise write what the gateway keeps.
uid_t web_user() {
  for (const char* const name : {"netscope-web", "nobody"}) {
    if (const passwd* const entry = ::getpwnam(name); entry != nullptr) return entry->pw_uid;
  }
  return 65534;
}

Result<void> become_nobody(uid_t user, gid_t group) {
  if (::geteuid() == 0) {
    if (::setgroups(0, nullptr) != 0 || ::setresgid(group, group, group) != 0 || ::setresuid(user, user, user) != 0) {
      return failed("the dashboard cannot become another user");
    }
  }
  capng_clear(CAPNG_SELECT_BOTH);
  if (const int result = capng_apply(CAPNG_SELECT_CAPS); result != 0) {
    return failed("the dashboard cannot give its capabilities up");
  }
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return failed("the dashboard cannot refuse new privileges");
  return {};
}

void ends_with_parent(pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (::getppid() != parent) ::_exit(0);
}

void write_line(const std::string& text) {
  const std::string line = "netscope-nfq: " + text + "\n";
  static_cast<void>(!::write(STDERR_FILENO, line.data(), line.size()));
}

[[noreturn]] void serve(int listener, const Access& access, const PageFiles& page, const std::string& control) {
  ::prctl(PR_SET_NAME, "netscope-web", 0, 0, 0);
  const auto served = serve_dashboard(listener, access, page, control, limit_system_calls_of_web);
  if (!served) write_line(to_string(served.error()));
  ::_exit(1);
}

// Another program may hold the port, or the address come later.
os::Descriptor listen_at_last(const std::string& listen) {
  for (auto pause = kFirstPause;; pause = std::min(pause * 2, kLongestPauseToListen)) {
    ::sleep(static_cast<unsigned>(pause.count()));
    const auto address = split(listen);
    auto listener = address ? listen_at(*address, listen) : Result<os::Descriptor>(std::unexpected(address.error()));
    if (!listener) continue;
    write_line("dashboard: http://" + listen + "/ is served now");
    return std::move(*listener);
  }
}

// Starts the serving process, and again when it ends.
[[noreturn]] void supervise(int listener, const Access& access, const PageFiles& page, const std::string& control) {
  auto pause = kFirstPause;
  for (;;) {
    const auto began = std::chrono::steady_clock::now();
    const pid_t self = ::getpid();
    const pid_t child = ::fork();
    if (child == 0) {
      ends_with_parent(self);
      serve(listener, access, page, control);
    }
    int status = 0;
    while (child > 0 && ::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (std::chrono::steady_clock::now() - began > kLongestPause) pause = kFirstPause;
    write_line("the dashboard's process has ended (" +
               (WIFSIGNALED(status) ? "signal " + std::to_string(WTERMSIG(status))
                                    : "exit " + std::to_string(WEXITSTATUS(status))) +
               "); filtering goes on, and it is started again in " + std::to_string(pause.count()) + " s");
    ::sleep(static_cast<unsigned>(pause.count()));
    pause = std::min(pause * 2, kLongestPause);
  }
}

}  // namespace

Result<void> check_listen_address(const std::string& listen) {
  const auto address = split(listen);
  if (!address) return std::unexpected(address.error());
  const auto found = resolve(*address, listen);
  if (!found) return std::unexpected(found.error());
  return {};
}

Result<std::string> start_web_process(const WebSettings& settings) {
  const auto address = split(settings.listen);
  if (!address) return std::unexpected(address.error());
  const auto listener = listen_at(*address, settings.listen);
  auto token = token_of(settings.token_file);
  if (!token) return token;
  const std::string folder = page_folder(settings);
  const auto page = load_page(folder);
  if (!page) return std::unexpected(page.error());
  const Access access(*token, hosts_of(*address, settings.more_hosts));
  const uid_t user = web_user();
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) return failed("the dashboard's process cannot be started");
  if (child == 0) {
    if (listener && listener->get() != kListener) ::dup2(listener->get(), kListener);
    ::close_range(listener ? kListener + 1 : kListener, ~0U, 0);
    sigset_t none;
    ::sigemptyset(&none);
    ::pthread_sigmask(SIG_SETMASK, &none, nullptr);
    if (const auto became = become_nobody(user, settings.group); !became) {
      write_line(to_string(became.error()));
      ::_exit(1);
    }
    ends_with_parent(parent);  // a change of user forgets it
    if (listener) supervise(kListener, access, *page, settings.control);
    const os::Descriptor late = listen_at_last(settings.listen);
    supervise(late.get(), access, *page, settings.control);
  }
  if (!listener) {
    return to_string(listener.error()) +
           "; the dashboard waits until it can (ss -ltnp shows who holds the port), and filtering goes on";
  }
  return "dashboard: http://" + settings.listen + "/ (the token is in " + settings.token_file + ")" +
         (page->empty() ? "; its page is missing: there are no files in " + folder : "");
}

}  // namespace netscope

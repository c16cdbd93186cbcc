#include "app/gateway/privileges.h"

#include <cap-ng.h>
#include <pwd.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <span>

namespace netscope {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;  // a sanitizer's own system calls are not on the list
#else
constexpr bool kSanitized = false;
#endif

// What the packet path, the kernel's rules, files and threads need. No exec, no ptrace, no mount, no module, no socket
// of any family but netlink and unix.
constexpr std::array kAllowed{
    SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(pread64), SCMP_SYS(write), SCMP_SYS(writev), SCMP_SYS(pwrite64),
    SCMP_SYS(pwritev), SCMP_SYS(lseek), SCMP_SYS(close), SCMP_SYS(openat), SCMP_SYS(open), SCMP_SYS(fstat),
    SCMP_SYS(newfstatat), SCMP_SYS(stat), SCMP_SYS(lstat), SCMP_SYS(statx), SCMP_SYS(access), SCMP_SYS(faccessat),
    SCMP_SYS(faccessat2), SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(getdents64), SCMP_SYS(rename),
    SCMP_SYS(renameat), SCMP_SYS(renameat2), SCMP_SYS(unlink), SCMP_SYS(unlinkat), SCMP_SYS(ftruncate), SCMP_SYS(fsync),
    SCMP_SYS(fdatasync), SCMP_SYS(fcntl), SCMP_SYS(flock), SCMP_SYS(fchmod), SCMP_SYS(ioctl), SCMP_SYS(dup),
    SCMP_SYS(fadvise64),
    // messages
    SCMP_SYS(sendto), SCMP_SYS(sendmsg), SCMP_SYS(sendmmsg), SCMP_SYS(recvfrom), SCMP_SYS(recvmsg), SCMP_SYS(recvmmsg),
    SCMP_SYS(bind), SCMP_SYS(accept4), SCMP_SYS(connect), SCMP_SYS(getsockname), SCMP_SYS(getpeername),
    SCMP_SYS(getsockopt), SCMP_SYS(setsockopt), SCMP_SYS(shutdown), SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(select),
    SCMP_SYS(pselect6), SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait),
    SCMP_SYS(eventfd2), SCMP_SYS(signalfd4), SCMP_SYS(timerfd_create), SCMP_SYS(timerfd_settime), SCMP_SYS(pipe2),
    // memory
    SCMP_SYS(mmap), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(mprotect), SCMP_SYS(madvise), SCMP_SYS(brk),
    // threads, time, signals
    SCMP_SYS(clone), SCMP_SYS(clone3), SCMP_SYS(set_robust_list), SCMP_SYS(rseq), SCMP_SYS(futex), SCMP_SYS(exit),
    SCMP_SYS(exit_group), SCMP_SYS(sched_setaffinity), SCMP_SYS(sched_getaffinity), SCMP_SYS(sched_yield),
    SCMP_SYS(prctl), SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres), SCMP_SYS(clock_nanosleep), SCMP_SYS(nanosleep),
    SCMP_SYS(gettimeofday), SCMP_SYS(getrusage), SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn), SCMP_SYS(sigaltstack), SCMP_SYS(restart_syscall), SCMP_SYS(tgkill), SCMP_SYS(getpid),
    SCMP_SYS(gettid), SCMP_SYS(getuid), SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getegid), SCMP_SYS(getrandom),
    SCMP_SYS(uname), SCMP_SYS(sysinfo), SCMP_SYS(prlimit64), SCMP_SYS(getrlimit)};

// What the dashboard's process needs: its connections, the way to the control socket, memory and time. No file.
constexpr std::array kAllowedOfWeb{SCMP_SYS(read),          SCMP_SYS(readv),
                                   SCMP_SYS(write),         SCMP_SYS(writev),
                                   SCMP_SYS(close),         SCMP_SYS(fcntl),
                                   SCMP_SYS(accept),        SCMP_SYS(accept4),
                                   SCMP_SYS(connect),       SCMP_SYS(sendto),
                                   SCMP_SYS(sendmsg),       SCMP_SYS(recvfrom),
                                   SCMP_SYS(recvmsg),       SCMP_SYS(shutdown),
                                   SCMP_SYS(getsockname),   SCMP_SYS(getpeername),
                                   SCMP_SYS(getsockopt),    SCMP_SYS(setsockopt),
                                   SCMP_SYS(poll),          SCMP_SYS(ppoll),
                                   SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl),
                                   SCMP_SYS(epoll_wait),    SCMP_SYS(epoll_pwait),
                                   SCMP_SYS(eventfd2),      SCMP_SYS(mmap),
                                   SCMP_SYS(munmap),        SCMP_SYS(mremap),
                                   SCMP_SYS(mprotect),      SCMP_SYS(madvise),
                                   SCMP_SYS(brk),           SCMP_SYS(futex),
                                   SCMP_SYS(exit),          SCMP_SYS(exit_group),
                                   SCMP_SYS(clock_gettime), SCMP_SYS(clock_nanosleep),
                                   SCMP_SYS(nanosleep),     SCMP_SYS(gettimeofday),
                                   SCMP_SYS(rt_sigaction),  SCMP_SYS(rt_sigprocmask),
                                   SCMP_SYS(rt_sigreturn),  SCMP_SYS(restart_syscall),
                                   SCMP_SYS(getpid),        SCMP_SYS(gettid),
                                   SCMP_SYS(getrandom)};

Error failed(const char* what, int error) {
  return Error{std::string("cannot ") + what + ": " + std::strerror(error)};
}

struct Release {
  void operator()(void* filter) const { seccomp_release(filter); }
};

Result<void> limit_system_calls(std::span<const int> allowed, std::span<const int> families) {
  if (kSanitized) return {};
  const std::unique_ptr<void, Release> filter(seccomp_init(SCMP_ACT_ERRNO(EPERM)));
  if (filter == nullptr) return std::unexpected(failed("make a filter of system calls", ENOMEM));
  for (const int call : allowed) {
    if (const int error = seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, call, 0); error != 0 && error != -EDOM) {
      return std::unexpected(failed("make a filter of system calls", -error));
    }
  }
  for (const int family : families) {
    if (const int error = seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
                                           SCMP_A0(SCMP_CMP_EQ, static_cast<scmp_datum_t>(family)));
        error != 0) {
      return std::unexpected(failed("make a filter of system calls", -error));
    }
  }
  if (const int error = seccomp_load(filter.get()); error != 0) {
    return std::unexpected(failed("load the filter of system calls", -error));
  }
  return {};
}

}  // namespace

bool may_administer_network() {
  if (capng_get_caps_process() != 0) return false;
  return capng_have_capability(CAPNG_EFFECTIVE, CAP_NET_ADMIN) != 0;
}

Result<RunAs> find_user(const std::string& wanted) {
  const auto look_up = [](const std::string& name) -> std::optional<RunAs> {
    const passwd* const entry = ::getpwnam(name.c_str());
    if (entry == nullptr) return std::nullopt;
    return RunAs{.name = name, .uid = entry->pw_uid, .gid = entry->pw_gid};
  };
  if (!wanted.empty()) {
    if (auto user = look_up(wanted)) return *user;
    return std::unexpected(Error{"there is no user \"" + wanted + "\" to run as: create it (useradd --system " +
                                 wanted + "), or name another with --user"});
  }
  if (auto user = look_up("netscope")) return *user;
  if (auto user = look_up("nobody")) return *user;
  return std::unexpected(Error{"there is neither a user \"netscope\" nor \"nobody\" to run as: name one with --user"});
}

Result<void> drop_privileges(const RunAs& user) {
  capng_get_caps_process();
  const bool bounded = capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP) != 0;
  capng_clear(CAPNG_SELECT_BOTH);
  if (capng_update(CAPNG_ADD, static_cast<capng_type_t>(CAPNG_EFFECTIVE | CAPNG_PERMITTED), CAP_NET_ADMIN) != 0) {
    return std::unexpected(failed("choose the capabilities to keep", EINVAL));
  }
  int result = 0;
  if (::geteuid() == 0 && user.uid != 0) {
    result = capng_change_id(static_cast<int>(user.uid), static_cast<int>(user.gid),
                             static_cast<capng_flags_t>(CAPNG_DROP_SUPP_GRP | CAPNG_CLEAR_BOUNDING));
  } else {
    result = capng_apply(bounded ? CAPNG_SELECT_BOTH : CAPNG_SELECT_CAPS);
  }
  if (result != 0) {
    return std::unexpected(Error{"cannot become the user \"" + user.name + "\" with CAP_NET_ADMIN alone (step " +
                                 std::to_string(-result) + "): " + std::strerror(errno)});
  }
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return std::unexpected(failed("refuse new privileges", errno));
  constexpr std::array kFamilies{AF_NETLINK, AF_UNIX};
  return limit_system_calls(kAllowed, kFamilies);
}

Result<void> limit_system_calls_of_web() {
  constexpr std::array kFamilies{AF_UNIX};
  return limit_system_calls(kAllowedOfWeb, kFamilies);
}

}  // namespace netscope

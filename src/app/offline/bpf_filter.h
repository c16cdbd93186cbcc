// --filter: packets by a BPF expression, as tcpdump reads it.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "netscope/base/bytes.h"
#include "netscope/base/result.h"
#include "netscope/net/link_type.h"

struct bpf_program;

namespace netscope {

// Compiled for each link type when the first packet of that type comes.
class BpfFilter {
 public:
  // An expression that is wrong for every link type is an error now.
  static Result<BpfFilter> compile(std::string expression);
  // Whether the expression holds. A link type that it cannot be compiled for matches nothing.
  bool matches(Bytes packet, std::uint32_t size_on_wire, LinkType link);

 private:
  struct Free {
    void operator()(bpf_program* program) const;
  };
  using Program = std::unique_ptr<bpf_program, Free>;
  static Result<Program> compile_for(const std::string& expression, LinkType link);

  std::string expression_;
  std::map<LinkType, Program> programs_;
};

}  // namespace netscope

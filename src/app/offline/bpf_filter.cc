#include "app/offline/bpf_filter.h"

#include <pcap/pcap.h>

#include "netscope/capture/capture_parser.h"

namespace netscope {
namespace {

// libpcap's own numbers differ from those in files for raw IP alone, of the types that we support.
int data_link_type(LinkType link) {
  return link == LinkType::raw ? DLT_RAW : static_cast<int>(link);
}

}  // namespace

void BpfFilter::Free::operator()(bpf_program* program) const {
  pcap_freecode(program);
  delete program;
}

Result<BpfFilter::Program> BpfFilter::compile_for(const std::string& expression, LinkType link) {
  const std::unique_ptr<pcap_t, decltype(&pcap_close)> handle(
      pcap_open_dead(data_link_type(link), static_cast<int>(kFullSnapLength)), pcap_close);
  if (handle == nullptr) return failure("--filter: libpcap has no memory");
  Program program(new bpf_program{});
  if (pcap_compile(handle.get(), program.get(), expression.c_str(), 1, PCAP_NETMASK_UNKNOWN) != 0) {
    return failure("--filter \"" + expression + "\": " + pcap_geterr(handle.get()) + "; see pcap-filter(7)");
  }
  return program;
}

Result<BpfFilter> BpfFilter::compile(std::string expression) {
  BpfFilter filter;
  auto program = compile_for(expression, LinkType::ethernet);
  if (!program) return std::unexpected(program.error());
  filter.programs_.emplace(LinkType::ethernet, std::move(*program));
  filter.expression_ = std::move(expression);
  return filter;
}

bool BpfFilter::matches(Bytes packet, std::uint32_t size_on_wire, LinkType link) {
  auto found = programs_.find(link);
  if (found == programs_.end()) {
    auto program = compile_for(expression_, link);
    found = programs_.emplace(link, program ? std::move(*program) : nullptr).first;
  }
  if (found->second == nullptr) return false;
  const pcap_pkthdr header{.ts = {}, .caplen = static_cast<bpf_u_int32>(packet.size()), .len = size_on_wire};
  return pcap_offline_filter(found->second.get(), &header, packet.data()) != 0;
}

}  // namespace netscope

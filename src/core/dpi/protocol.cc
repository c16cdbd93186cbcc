#include "netscope/dpi/protocol.h"

#include <algorithm>

namespace netscope {

std::optional<Protocol> protocol_named(std::string_view word) {
  const auto found = std::ranges::find(kProtocols, word, &ProtocolInfo::word);
  if (found == kProtocols.end() || found->protocol == Protocol::unknown) return std::nullopt;
  return found->protocol;
}

std::string_view to_string(NameSource source) {
  switch (source) {
    case NameSource::sni: return "sni";
    case NameSource::host: return "host";
    case NameSource::query: return "query";
    case NameSource::dns: return "dns";
  }
  return "dns";
}

}  // namespace netscope

// What a message says, as a sighting.
#pragma once

#include <cstddef>
#include <string_view>

#include "core/dpi/dns.h"
#include "core/dpi/http.h"
#include "core/dpi/http2.h"
#include "core/dpi/quic.h"
#include "core/dpi/tls.h"
#include "core/inspect/sighting.h"

namespace netscope {

// Each fills all of a sighting. Views live as long as the message.
void describe(const tls::ClientHello& hello, Sighting& sighting);
void describe(const http::RequestPrefix& head, Sighting& sighting);
void describe(const http2::Request& request, Sighting& sighting);
void describe(const quic::GoogleHello& hello, Sighting& sighting);
// Of question `index` of a DNS message; the protocol is the caller's.
void describe_question(const dns::Message& message, std::size_t index, Sighting& sighting);

// The name that servers which read a request otherwise act on: the first Host beside an authority, or a second Host.
HostName other_name(std::string_view authority, std::string_view host, std::string_view second_host = {});

}  // namespace netscope

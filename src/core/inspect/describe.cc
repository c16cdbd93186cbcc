#include "core/inspect/describe.h"

namespace netscope {

void describe(const tls::ClientHello& hello, Sighting& sighting) {
  sighting = {};
  sighting.protocol = Protocol::tls;
  sighting.side = Sighting::Side::client;
  sighting.name = HostName::from_authority(hello.server_name);
  sighting.complete = hello.complete;
  sighting.hello = {
      .message = hello.message, .alpn = hello.alpn, .tls_version = hello.version, .encrypted = hello.encrypted};
}

void describe(const http::RequestPrefix& head, Sighting& sighting) {
  sighting = {};
  sighting.protocol = head.request.http2_preface ? Protocol::http2 : Protocol::http;
  sighting.service = head.request.websocket     ? Protocol::websocket
                     : head.request.dns_message ? Protocol::doh
                                                : Protocol::unknown;
  sighting.side = Sighting::Side::client;
  sighting.name = HostName::from_authority(head.request.effective_host());
  sighting.complete = head.head_complete && !head.request.http2_preface;  // whose requests follow
  sighting.method = head.request.method;
  sighting.target = head.request.target;
  sighting.user_agent = head.request.user_agent;
}

void describe(const http2::Request& request, Sighting& sighting) {
  sighting = {};
  sighting.protocol = Protocol::http2;
  sighting.service = request.dns_message ? Protocol::doh : Protocol::unknown;
  sighting.side = Sighting::Side::client;
  sighting.name = HostName::from_authority(request.effective_host());
  sighting.method = request.method;
  sighting.target = request.path;
  sighting.user_agent = request.user_agent;
}

void describe(const quic::GoogleHello& hello, Sighting& sighting) {
  sighting = {};
  sighting.protocol = Protocol::quic;
  sighting.side = Sighting::Side::client;
  sighting.name = HostName::from_authority(hello.server_name);
  sighting.user_agent = hello.user_agent;
  sighting.hello.quic_version = hello.version;
}

HostName other_name(std::string_view authority, std::string_view host, std::string_view second_host) {
  return HostName::from_authority(authority.empty() || host.empty() ? second_host : host);
}

void describe_question(const dns::Message& message, std::size_t index, Sighting& sighting) {
  sighting = {};
  sighting.side = message.response ? Sighting::Side::server : Sighting::Side::client;
  sighting.dns_id = message.id;
  sighting.dns_rcode = message.rcode;
  sighting.dns_response = message.response;
  if (index < message.question_count) {
    sighting.name = message.questions[index].name;
    sighting.dns_type = message.questions[index].type;
  }
}

}  // namespace netscope

// HTTP/1.x requests, read as leniently as the most lenient server: a firewall that refuses what a server accepts is
// walked past. So lines that are no field are skipped, both Hosts of an ambiguous head are reported, and contradictory
// lengths end in Body::tunnel rather than in a lost name.
#include "core/dpi/http.h"

#include <algorithm>
#include <array>

#include "core/base/text.h"
#include "core/dpi/http_text.h"

namespace netscope::http {
namespace {

constexpr std::size_t kMaxChunkSizeLine = kMaxRequestHead;  // chunk extensions included

// The IANA registry's, and what UPnP (M-SEARCH to UNSUBSCRIBE), RPC over HTTP and caches add.
constexpr auto kMethods = std::to_array<std::string_view>({"GET",
                                                           "POST",
                                                           "HEAD",
                                                           "PUT",
                                                           "DELETE",
                                                           "OPTIONS",
                                                           "PATCH",
                                                           "CONNECT",
                                                           "TRACE",
                                                           "PROPFIND",
                                                           "PROPPATCH",
                                                           "MKCOL",
                                                           "COPY",
                                                           "MOVE",
                                                           "LOCK",
                                                           "UNLOCK",
                                                           "SEARCH",
                                                           "REPORT",
                                                           "CHECKOUT",
                                                           "CHECKIN",
                                                           "UNCHECKOUT",
                                                           "MKWORKSPACE",
                                                           "UPDATE",
                                                           "LABEL",
                                                           "MERGE",
                                                           "BASELINE-CONTROL",
                                                           "MKACTIVITY",
                                                           "VERSION-CONTROL",
                                                           "ORDERPATCH",
                                                           "ACL",
                                                           "MKCALENDAR",
                                                           "MKREDIRECTREF",
                                                           "UPDATEREDIRECTREF",
                                                           "BIND",
                                                           "UNBIND",
                                                           "REBIND",
                                                           "LINK",
                                                           "UNLINK",
                                                           "QUERY",
                                                           "M-SEARCH",
                                                           "NOTIFY",
                                                           "SUBSCRIBE",
                                                           "UNSUBSCRIBE",
                                                           "RPC_IN_DATA",
                                                           "RPC_OUT_DATA",
                                                           "PURGE",
                                                           "PRI"});

// One line off the front, without its line feed; nothing is taken when the line feed has not arrived.
struct Line {
  bool complete = false;
  std::string_view text{};
};
Line take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  if (end == text.npos) return {};
  const Line line{.complete = true, .text = text.substr(0, end)};
  text.remove_prefix(end + 1);
  return line;
}

// "http" of "http://example.com/": the length of a scheme in front of "://", or 0.
std::size_t scheme_length(std::string_view target) {
  const std::size_t colon = target.find(':');
  if (colon == target.npos || colon == 0 || !is_letter(target.front())) return 0;
  const bool scheme = std::ranges::all_of(
      target.substr(0, colon), [](char c) { return is_letter(c) || is_digit(c) || c == '+' || c == '-' || c == '.'; });
  return scheme && target.substr(colon).starts_with("://") ? colon : 0;
}

std::string_view authority_of(std::string_view method, std::string_view target) {
  if (method == "CONNECT") return target;
  const std::size_t scheme = scheme_length(target);
  if (scheme == 0) return {};
  target.remove_prefix(scheme + 3);
  return target.substr(0, target.find_first_of("/?#"));
}

// The word behind the target: a protocol's name in letters, a slash and a version ("HTTP/1.1", "RTSP/1.0", "SIP/2.0").
enum class VersionWord : std::uint8_t { none, http1, http2, other_protocol };
VersionWord version_word(std::string_view word) {
  const std::size_t slash = word.find('/');
  if (slash == word.npos || slash == 0 || slash + 1 == word.size()) return VersionWord::none;
  const std::string_view name = word.substr(0, slash);
  if (!std::ranges::all_of(name, is_letter) || !is_digit(word[slash + 1])) return VersionWord::none;
  if (!equal_ignoring_case(name, "HTTP")) return VersionWord::other_protocol;
  return word[slash + 1] == '2' ? VersionWord::http2 : VersionWord::http1;
}

struct RequestLine {
  VersionWord version = VersionWord::none;
  std::string_view method{};
  std::string_view target{};
};

// Whether `text` may still become, or is, a request line up to the end of its method.
ParseStatus check_method(std::string_view text) {
  const std::size_t end = static_cast<std::size_t>(std::ranges::find_if_not(text, is_token) - text.begin());
  if (end > kMaxMethod) return ParseStatus::no_match;
  if (end == text.size()) return ParseStatus::need_more;
  return end > 0 && text[end] == ' ' ? ParseStatus::ok : ParseStatus::no_match;
}

std::string_view method_of(std::string_view line) {
  return line.substr(0, line.find(' '));
}
bool is_known(std::string_view method) {
  return std::ranges::find(kMethods, method) != kMethods.end();
}

Parsed<RequestLine> parse_request_line(std::string_view line) {
  RequestLine out;
  out.method = method_of(line);
  const std::string_view rest = trim(line.substr(out.method.size()));
  const std::size_t last = rest.find_last_of(" \t");
  if (last != rest.npos) out.version = version_word(rest.substr(last + 1));
  if (rest.empty() || out.version == VersionWord::other_protocol) return ParseStatus::no_match;
  out.target = out.version == VersionWord::none ? rest : trim(rest.substr(0, last));
  if (out.version == VersionWord::none) {
    // HTTP/0.9: without this much evidence, a Redis or NNTP command.
    const bool resource = out.target.starts_with('/') || scheme_length(out.target) != 0;
    if (!is_known(out.method) || !resource) return ParseStatus::no_match;
  }
  return out;
}

// What the fields say about the body; judged when all are read.
struct Framing {
  bool chunked = false;
  bool other_coding = false;
  bool has_length = false;
  bool contradictory = false;
  std::uint64_t length = 0;
};

// Numbers may have any number of them.
std::string_view without_leading_zeros(std::string_view number) {
  return number.substr(std::min(number.find_first_not_of('0'), number.size()));
}

// A Content-Length, or a list of equal ones (RFC 9110, section 8.6).
void read_content_length(std::string_view value, Framing& framing) {
  while (!framing.contradictory) {
    const std::size_t comma = value.find(',');
    const std::string_view written = trim(value.substr(0, comma));
    const std::string_view number = without_leading_zeros(written);
    std::uint64_t length = 0;
    constexpr std::size_t kMaxDigits = 18;  // below 2^60
    framing.contradictory = written.empty() || number.size() > kMaxDigits || !std::ranges::all_of(number, is_digit);
    if (framing.contradictory) return;
    for (const char digit : number) length = length * 10 + static_cast<std::uint64_t>(digit - '0');
    framing.contradictory = framing.has_length && length != framing.length;
    framing.has_length = true;
    framing.length = length;
    if (comma == value.npos) return;
    value.remove_prefix(comma + 1);
  }
}

// The last transfer coding decides (RFC 9112, section 6.3).
void read_transfer_encoding(std::string_view value, Framing& framing) {
  const std::size_t comma = value.rfind(',');
  const std::string_view last = trim(comma == value.npos ? value : value.substr(comma + 1));
  framing.chunked = equal_ignoring_case(last, "chunked");
  framing.other_coding = !framing.chunked && !equal_ignoring_case(last, "identity");
}

void finish_body(const Framing& framing, VersionWord version, Request& request) {
  if (request.method == "CONNECT" || version == VersionWord::http2 || framing.other_coding) {
    request.body = Body::tunnel;
  } else if (framing.chunked) {
    request.body = Body::chunked;
  } else if (framing.contradictory) {
    request.body = Body::tunnel;
  } else if (framing.length > 0) {
    request.body = Body::length;
    request.body_length = framing.length;
    request.body_in_doubt = request.method == "GET" || request.method == "HEAD" || request.method == "DELETE";
  }
}

// The fields as far as they have been read.
struct Fields {
  bool host_read = false;
  bool upgrade_to_websocket = false, websocket_key = false;
  Framing framing{};
};

void read_field(std::string_view line, Request& request, Fields& fields) {
  const std::size_t colon = line.find(':');
  if (colon == line.npos) return;
  const std::string_view name = trim(line.substr(0, colon));
  const std::string_view value = trim(line.substr(colon + 1));
  if (equal_ignoring_case(name, "Host")) {
    if (!fields.host_read) {
      request.host = value;
    } else if (request.second_host.empty() && !equal_ignoring_case(value, request.host)) {
      request.second_host = value;
    }
    fields.host_read = true;
  } else if (equal_ignoring_case(name, "User-Agent")) {
    if (request.user_agent.empty()) request.user_agent = value;
  } else if (equal_ignoring_case(name, "Upgrade")) {
    fields.upgrade_to_websocket = fields.upgrade_to_websocket || equal_ignoring_case(value, "websocket");
  } else if (equal_ignoring_case(name, "Sec-WebSocket-Key")) {
    fields.websocket_key = true;
  } else if (equal_ignoring_case(name, "Accept") || equal_ignoring_case(name, "Content-Type")) {
    request.dns_message = request.dns_message || equal_ignoring_case(value, "application/dns-message");
  } else if (equal_ignoring_case(name, "Content-Length")) {
    read_content_length(value, fields.framing);
  } else if (equal_ignoring_case(name, "Transfer-Encoding")) {
    read_transfer_encoding(value, fields.framing);
  }
}

// A field's line with the lines folded onto it (RFC 9112, section 5.2), line ends in between included. Incomplete while
// its own line end has not arrived, or while nothing but a fold could still give it a value.
Line take_field(std::string_view& text) {
  std::string_view rest = text;
  Line field = take_line(rest);
  const bool end_of_head = field.text.empty() || field.text == "\r";
  while (field.complete && !end_of_head && is_fold(rest)) {
    const Line fold = take_line(rest);
    if (!fold.complete) return {};
    field.text = text.substr(0, static_cast<std::size_t>(fold.text.data() + fold.text.size() - text.data()));
  }
  if (field.complete && rest.empty() && trim(field.text).ends_with(':')) return {};
  if (field.complete) text = rest;
  return field;
}

}  // namespace

Parsed<RequestPrefix> parse_request(Bytes stream) {
  const std::string_view head = as_text(stream.first(std::min(stream.size(), kMaxRequestHead)));
  std::string_view text = head;
  text.remove_prefix(std::min(text.find_first_not_of("\r\n"), text.size()));
  // Empty lines ahead of a request (RFC 9112, section 2.2): servers pass over any number of them.
  if (text.empty()) return head.size() < kMaxRequestHead ? ParseStatus::need_more : ParseStatus::no_match;

  if (const ParseStatus status = check_method(text); status != ParseStatus::ok) return status;
  const Line line = take_line(text);
  if (std::ranges::any_of(line.complete ? line.text : text, is_control)) return ParseStatus::no_match;
  if (!line.complete && stream.size() < kMaxRequestHead) return ParseStatus::need_more;
  if (!line.complete) return is_known(method_of(text)) ? ParseStatus::malformed : ParseStatus::no_match;
  const Parsed<RequestLine> request_line = parse_request_line(line.text);
  if (!request_line.ok()) return request_line.status;

  RequestPrefix out;
  Request& request = out.request;
  request.method = request_line->method;
  request.target = request_line->target;
  request.authority = authority_of(request.method, request.target);
  Fields fields;
  // A request of HTTP/0.9 has no fields.
  out.head_complete = request_line->version == VersionWord::none;
  while (!out.head_complete) {
    const Line field = take_field(text);
    if (!field.complete) break;
    out.head_complete = field.text.empty() || field.text == "\r";
    read_field(field.text, request, fields);
  }
  if (out.head_complete) {
    request.head_length = head.size() - text.size();
    finish_body(fields.framing, request_line->version, request);
    request.http2_preface = request_line->version == VersionWord::http2 && request.method == "PRI";
    request.websocket = fields.upgrade_to_websocket && fields.websocket_key;
    request.dns_message = request.dns_message || request.target.starts_with("/dns-query?dns=");
  } else if (!fields.host_read) {
    return stream.size() < kMaxRequestHead ? ParseStatus::need_more : ParseStatus::malformed;
  }
  return out;
}

ParseStatus parse_status_line(Bytes stream) {
  constexpr std::string_view kBeginning = "HTTP/1.";
  const std::string_view text = as_text(stream).substr(0, kBeginning.size());
  if (text == kBeginning) return ParseStatus::ok;
  return kBeginning.starts_with(text) ? ParseStatus::need_more : ParseStatus::no_match;
}

namespace {

// The size in a line like "1a3f;extension=value".
Parsed<std::uint64_t> parse_chunk_size(std::string_view line) {
  line = trim(line.substr(0, line.find(';')));
  if (line.empty()) return ParseStatus::malformed;
  line = without_leading_zeros(line);
  constexpr std::size_t kMaxDigits = 15;  // below 2^60
  if (line.size() > kMaxDigits) return ParseStatus::malformed;
  std::uint64_t size = 0;
  for (const char c : line) {
    if (!is_digit(c) && !(to_lower(c) >= 'a' && to_lower(c) <= 'f')) return ParseStatus::malformed;
    size = size << 4 | static_cast<std::uint64_t>(is_digit(c) ? c - '0' : to_lower(c) - 'a' + 10);
  }
  return size;
}

// Takes the line end behind a chunk's data. Some senders leave out the carriage return.
bool take_line_end(std::string_view& text) {
  const std::size_t length = text.starts_with("\r\n") ? 2 : text.starts_with('\n') ? 1 : 0;
  text.remove_prefix(length);
  return length != 0;
}

// The trailer section behind the last chunk, up to and with its empty line.
ParseStatus take_trailer(std::string_view& text) {
  for (std::size_t read = 0; read <= kMaxRequestHead;) {
    const Line line = take_line(text);
    if (!line.complete) return read + text.size() > kMaxRequestHead ? ParseStatus::malformed : ParseStatus::need_more;
    if (line.text.empty() || line.text == "\r") return ParseStatus::ok;
    read += line.text.size() + 1;
  }
  return ParseStatus::malformed;
}

}  // namespace

ChunkSkip skip_chunks(Bytes stream) {
  const std::string_view all = as_text(stream);
  std::string_view text = all;
  ChunkSkip out;
  for (;;) {
    out.skip = all.size() - text.size();
    const Line line = take_line(text);
    if (!line.complete) {
      out.status = text.size() > kMaxChunkSizeLine ? ParseStatus::malformed : ParseStatus::need_more;
      return out;
    }
    const Parsed<std::uint64_t> size = parse_chunk_size(line.text);
    if (!size.ok()) {
      out.status = size.status;
      return out;
    }
    if (*size == 0) {
      out.trailer = all.size() - text.size();
      out.status = take_trailer(text);
      if (out.status == ParseStatus::ok) out.skip = all.size() - text.size();
      return out;
    }
    const std::string_view behind = text.substr(static_cast<std::size_t>(std::min<std::uint64_t>(*size, text.size())));
    if (behind.empty() || behind == "\r") {
      // The data fills what has arrived, or reaches beyond. Its line end goes with it, in its usual length.
      constexpr std::uint64_t kLineEnd = 2;
      out.skip = all.size() - text.size() + *size + kLineEnd;
      out.status = ParseStatus::need_more;
      return out;
    }
    text = behind;
    if (!take_line_end(text)) {
      out.status = ParseStatus::malformed;
      return out;
    }
  }
}

}  // namespace netscope::http

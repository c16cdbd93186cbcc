#include "app/control/api.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

#include "app/control/sha256.h"
#include "app/output/files.h"
#include "netscope/output/eve.h"
#include "netscope/output/json.h"
#include "netscope/view/filter.h"
#include "netscope/view/rows.h"

namespace netscope {
namespace {

using Json = nlohmann::json;

// Rules that a page may send; a file may be longer.
constexpr std::size_t kMaxRulesText = std::size_t{1} << 20;

struct ApiRequest {
  std::string method, path, if_match;
  Json query = Json::object(), body;
  Time now{};

  std::string text(const Json& from, const char* key) const {
    const auto member = from.find(key);
    return member != from.end() && member->is_string() ? member->get<std::string>() : std::string{};
  }
  std::optional<std::string> query_text(const char* key) const {
    if (!query.contains(key)) return std::nullopt;
    return text(query, key);
  }
};

std::string json_text(std::string_view text) {
  return Json(std::string(text)).dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::optional<std::uint64_t> whole_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// --- rules

std::string tag_of(std::string_view text) {
  return '"' + sha256_hex(text).substr(0, 32) + '"';
}

void write_error(JsonWriter& json, const Error& error) {
  json.text("message", error.message);
  json.text("file", error.file);
  json.number("line", error.line);
  json.number("column", error.column);
  json.text("text", to_string(error));
}

ApiAnswer rules_are_wrong(const std::vector<Error>& errors) {
  JsonWriter json;
  json.begin_object();
  json.begin_object("error");
  write_error(json, errors.front());
  json.end_object();
  json.begin_array("errors");
  for (const Error& error : errors) {
    json.begin_object();
    write_error(json, error);
    json.end_object();
  }
  json.end_array();
  json.end_object();
  return {.status = 422, .body = std::string(json.result())};
}

ApiAnswer get_rules(GatewayApi& gateway) {
  const std::string file = gateway.rules_file();
  std::string text;
  if (!file.empty()) {
    auto read = read_text_file(file, kMaxRulesFile);
    if (!read) return api_error(500, to_string(read.error()));
    text = std::move(*read);
  }
  return {.status = 200,
          .body = "{\"text\":" + json_text(text) + ",\"file\":" + json_text(file) + "}",
          .etag = tag_of(text)};
}

// The text of a request, or what is wrong with it.
std::expected<std::string, ApiAnswer> rules_text(const ApiRequest& request) {
  if (!request.body.is_object() || !request.body.contains("text") || !request.body["text"].is_string()) {
    return std::unexpected(api_error(400, "send {\"text\": the rules as TOML}"));
  }
  auto text = request.body["text"].get<std::string>();
  if (text.size() > kMaxRulesText) return std::unexpected(api_error(413, "the rules are longer than 1 MiB"));
  return text;
}

ApiAnswer check_rules(const ApiRequest& request, GatewayApi& gateway) {
  const auto text = rules_text(request);
  if (!text) return text.error();
  const auto checked = gateway.check_rules(*text);
  if (!checked) return rules_are_wrong(checked.error());
  return {.status = 200, .body = "{\"rules\":" + std::to_string(*checked) + ",\"warnings\":[]}"};
}

ApiAnswer put_rules(const ApiRequest& request, GatewayApi& gateway) {
  const std::string file = gateway.rules_file();
  if (file.empty()) return api_error(409, "the gateway runs without a rules file; start it with --rules FILE");
  const auto text = rules_text(request);
  if (!text) return text.error();
  if (request.if_match.empty()) return api_error(428, "send If-Match with the ETag of the rules that you changed");
  const auto before = read_text_file(file, kMaxRulesFile);
  if (!before) return api_error(500, to_string(before.error()));
  if (request.if_match != tag_of(*before)) {
    return api_error(412, "the rules file was changed meanwhile; load it again, and apply your change to that");
  }
  const auto checked = gateway.check_rules(*text);
  if (!checked) return rules_are_wrong(checked.error());
  if (const auto written = replace_file(file, *text); !written) {
    return api_error(403, "the rules cannot be saved: " + to_string(written.error()) +
                              " (the gateway runs as an unprivileged user, which must be able to write the rules "
                              "file's folder)");
  }
  const auto loaded = gateway.reload();
  if (!loaded) return rules_are_wrong(loaded.error());
  return {.status = 200, .body = "{\"rules\":" + std::to_string(*loaded) + "}", .etag = tag_of(*text)};
}

// --- actions

ApiAnswer get_actions(GatewayApi& gateway) {
  std::string body = "{\"actions\":[";
  for (const ManualAction& action : gateway.actions().all()) {
    if (body.back() != '[') body += ',';
    body += action_json(action);
  }
  return {.status = 200, .body = body + "]}"};
}

ApiAnswer post_action(const ApiRequest& request, GatewayApi& gateway) {
  constexpr const char* kForm =
      R"(send {"action":"block" or "allow", one of "app", "domain", "client", "prefix", and "for_seconds" if it should end})";
  if (!request.body.is_object()) return api_error(400, kForm);
  const auto kind = action_kind(request.text(request.body, "action"));
  if (!kind) return api_error(400, kForm);
  ManualAction action{.kind = *kind, .since = request.now};
  std::size_t targets = 0;
  for (const auto& [key, value] : request.body.items()) {
    if (key == "action") continue;
    if (key == "for_seconds") {
      if (!value.is_number_unsigned() || value.get<std::uint64_t>() == 0 ||
          value.get<std::uint64_t>() > static_cast<std::uint64_t>(kLongestAction.count())) {
        return api_error(400, "for_seconds must be a whole number from 1 to ten years of seconds");
      }
      action.until = request.now + std::chrono::seconds(value.get<std::int64_t>());
      continue;
    }
    const auto target = action_target(key);
    if (!target || !value.is_string()) return api_error(400, kForm);
    action.target = *target;
    action.value = value.get<std::string>();
    ++targets;
  }
  if (targets != 1) return api_error(400, kForm);
  const auto rule = rule_of(action, gateway.catalogue());
  if (!rule) return api_error(422, rule.error().message);
  if (const auto app = gateway.catalogue().named(action.value); app && action.target == ActionTarget::app) {
    action.value = gateway.catalogue().apps()[*app].name;  // as the catalogue spells it
  }
  const auto added = gateway.act(std::move(action));
  if (!added) return api_error(409, to_string(added.error()));
  return {.status = 200, .body = action_json(*added)};
}

ApiAnswer post_undo(const ApiRequest& request, GatewayApi& gateway) {
  std::optional<std::uint64_t> id;
  if (request.body.is_object() && request.body.contains("id")) {
    if (!request.body["id"].is_number_unsigned()) return api_error(400, "id must be a whole number");
    id = request.body["id"].get<std::uint64_t>();
  }
  const auto taken = gateway.take_back(id);
  if (!taken) return api_error(404, id ? "there is no action of this id" : "there is nothing to take back");
  return {.status = 200, .body = action_json(*taken)};
}

// --- flows

// The line of events.jsonl with what only a row has.
std::string row_of(const ToldFlow& flow) {
  std::string line;
  append_eve(line, flow.event, *flow.rules, EventOrigin::gateway);
  line.resize(line.rfind('}'));
  line += ",\"seq\":" + std::to_string(flow.sequence) + ",\"open\":" + (flow.open ? "true" : "false");
  return line + '}';
}

// Positions are bytes of the filter's text.
ApiAnswer filter_is_wrong(const FilterError& error) {
  const Json place = {{"message", error.message}, {"begin", error.begin}, {"end", error.end}};
  return {.status = 400, .body = Json{{"error", place}}.dump(-1, ' ', false, Json::error_handler_t::replace)};
}

void keep_matching(std::vector<ToldFlow>& flows, const Filter& filter) {
  if (filter.selects_everything()) return;
  Rows rows;
  FlowRow& row = rows.flow(rows.add_flow());
  FilterMatcher matcher(filter, rows);
  std::erase_if(flows, [&](const ToldFlow& flow) {
    fill(row, flow.event, *flow.rules, rows.texts());
    return !matcher.matches(row);
  });
}

ApiAnswer get_flows(const ApiRequest& request, GatewayApi& gateway) {
  std::uint64_t after = 0;
  std::size_t limit = kDefaultFlowRows;
  if (const auto text = request.query_text("after")) {
    const auto value = whole_number(*text);
    if (!value) return api_error(400, "after must be a whole number: the \"next\" of an answer before");
    after = *value;
  }
  if (const auto text = request.query_text("limit")) {
    const auto value = whole_number(*text);
    if (!value || *value == 0 || *value > kMaxFlowRows) {
      return api_error(400, "limit must be a whole number from 1 to " + std::to_string(kMaxFlowRows));
    }
    limit = *value;
  }
  const auto filter = Filter::parse(request.query_text("filter").value_or(""));
  if (!filter) return filter_is_wrong(filter.error());
  std::vector<ToldFlow> flows = gateway.flows(after);
  std::ranges::sort(flows, std::greater{}, &ToldFlow::sequence);
  std::uint64_t next = after;
  if (!flows.empty()) next = std::max(next, flows.front().sequence);
  keep_matching(flows, *filter);
  std::string body = R"({"schema":"netscope.flows/1","next":)" + std::to_string(next) +
                     ",\"total\":" + std::to_string(flows.size()) + ",\"flows\":[";
  for (std::size_t i = 0; i < std::min(limit, flows.size()); ++i) body += (i > 0 ? "," : "") + row_of(flows[i]);
  return {.status = 200, .body = body + "]}"};
}

// --- others

ApiAnswer get_history(const ApiRequest& request, GatewayApi& gateway) {
  const std::string resolution = request.query_text("resolution").value_or("minute");
  if (resolution != "minute" && resolution != "hour") return api_error(400, "resolution must be minute or hour");
  return {.status = 200, .body = gateway.history(resolution == "hour")};
}

ApiAnswer get_health(GatewayApi& gateway) {
  const auto troubles = gateway.troubles();
  std::string body = std::string("{\"status\":") + (troubles.empty() ? "\"ok\"" : "\"degraded\"") + ",\"reasons\":[";
  for (std::size_t i = 0; i < troubles.size(); ++i) body += (i > 0 ? "," : "") + json_text(troubles[i]);
  return {.status = 200, .body = body + "]}"};
}

ApiAnswer get_events(const ApiRequest& request, GatewayApi& gateway) {
  const auto after = whole_number(request.query_text("after").value_or("0"));
  if (!after) return api_error(400, "after must be a whole number");
  const auto events = gateway.event_lines(*after);
  std::string body = "{\"next\":" + std::to_string(events.next) + ",\"events\":[";
  for (std::size_t i = 0; i < events.lines.size(); ++i) body += (i > 0 ? "," : "") + events.lines[i];
  return {.status = 200, .body = body + "]}"};
}

ApiAnswer post_reload(GatewayApi& gateway) {
  const auto loaded = gateway.reload();
  if (!loaded) return rules_are_wrong(loaded.error());
  return {.status = 200, .body = "{\"rules\":" + std::to_string(*loaded) + "}"};
}

struct Route {
  std::string_view method, path;
  ApiAnswer (*answer)(const ApiRequest&, GatewayApi&);
};

constexpr std::array<Route, 13> kRoutes{{
    {"GET", "/api/v1/stats",
     [](const ApiRequest&, GatewayApi& g) { return ApiAnswer{.status = 200, .body = g.stats()}; }},
    {"GET", "/api/v1/flows", get_flows},
    {"GET", "/api/v1/rules", [](const ApiRequest&, GatewayApi& g) { return get_rules(g); }},
    {"PUT", "/api/v1/rules", put_rules},
    {"POST", "/api/v1/rules/check", check_rules},
    {"GET", "/api/v1/actions", [](const ApiRequest&, GatewayApi& g) { return get_actions(g); }},
    {"POST", "/api/v1/actions", post_action},
    {"POST", "/api/v1/undo", post_undo},
    {"POST", "/api/v1/reload", [](const ApiRequest&, GatewayApi& g) { return post_reload(g); }},
    {"GET", "/api/v1/history", get_history},
    {"GET", "/api/v1/health", [](const ApiRequest&, GatewayApi& g) { return get_health(g); }},
    {"GET", "/events", get_events},
    {"GET", "/metrics",
     [](const ApiRequest&, GatewayApi& g) {
       return ApiAnswer{.status = 200, .body = g.metrics(), .etag = {}, .text = true};
     }},
}};

ApiAnswer answer(const ApiRequest& request, GatewayApi& gateway) {
  bool known = false;
  for (const Route& route : kRoutes) {
    if (route.path != request.path) continue;
    known = true;
    if (route.method == request.method) return route.answer(request, gateway);
  }
  return known ? api_error(405, "this path does not take " + request.method) : api_error(404, "there is no such path");
}

}  // namespace

ApiAnswer api_error(int status, std::string_view message) {
  return {.status = status, .body = "{\"error\":{\"message\":" + json_text(message) + "}}"};
}

std::string answer_line(std::string_view line, GatewayApi& gateway, Time now) {
  Json parsed = Json::parse(line, nullptr, /*allow_exceptions=*/false);
  ApiAnswer out;
  if (parsed.is_discarded() || !parsed.is_object()) {
    out = api_error(400, "a request is one JSON object a line: {\"method\":\"GET\",\"path\":\"/api/v1/stats\"}");
  } else {
    ApiRequest request;
    request.method = request.text(parsed, "method");
    request.path = request.text(parsed, "path");
    request.if_match = request.text(parsed, "if_match");
    request.now = now;
    if (parsed.contains("query") && parsed["query"].is_object()) request.query = std::move(parsed["query"]);
    if (parsed.contains("body")) request.body = std::move(parsed["body"]);
    out = answer(request, gateway);
  }
  std::string text = "{\"status\":" + std::to_string(out.status);
  if (!out.etag.empty()) text += ",\"etag\":" + json_text(out.etag);
  text += ",\"body\":" + (out.text ? json_text(out.body) : out.body) + "}";
  return text;
}

}  // namespace netscope

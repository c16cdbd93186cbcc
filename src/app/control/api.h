// The API of the gateway, whoever asks: the control socket, and through it the web process.
#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/control/actions.h"
#include "netscope/base/result.h"
#include "netscope/engine/event.h"
#include "netscope/policy/rule_set.h"

namespace netscope {

// A flow and the rules that its verdict speaks of.
struct ToldFlow {
  std::uint64_t sequence = 0;  // of its last change; grows with time, within 2^53
  bool open = true;
  Event event;
  std::shared_ptr<const RuleSet> rules;
};

// What happens when rules are put in force: what is wrong with them, or how many there are.
using RulesInForce = std::expected<std::size_t, std::vector<Error>>;

// What the API needs of the program. Each call is made by the main thread.
class GatewayApi {
 public:
  virtual ~GatewayApi() = default;

  // Documents as JSON without a line end; metrics as text.
  virtual std::string stats() = 0;
  virtual std::string metrics() = 0;
  virtual std::string history(bool by_hour) = 0;
  // Why the gateway does less than it should; empty when all is well.
  virtual std::vector<std::string> troubles() = 0;
  struct Lines {
    std::uint64_t next = 0;
    std::vector<std::string> lines;
  };
  virtual Lines event_lines(std::uint64_t after) = 0;
  // Flows that are open or ended of late and changed after `sequence`, in no order.
  virtual std::vector<ToldFlow> flows(std::uint64_t after) = 0;

  virtual const Catalogue& catalogue() = 0;
  virtual std::string rules_file() = 0;  // empty: none
  virtual RulesInForce check_rules(const std::string& text) = 0;
  virtual RulesInForce reload() = 0;

  virtual const Actions& actions() = 0;
  virtual Result<ManualAction> act(ManualAction action) = 0;
  virtual std::optional<ManualAction> take_back(std::optional<std::uint64_t> id) = 0;
};

struct ApiAnswer {
  int status = 200;
  std::string body;  // JSON, or text where `text`
  std::string etag{};
  bool text = false;
};

// Rows of GET /api/v1/flows: unless told otherwise, and at most.
inline constexpr std::size_t kDefaultFlowRows = 1000, kMaxFlowRows = 20'000;

// {"error":{"message":...}}
ApiAnswer api_error(int status, std::string_view message);

// One line of the control socket, answered by one line without its end.
std::string answer_line(std::string_view line, GatewayApi& gateway, Time now);

}  // namespace netscope

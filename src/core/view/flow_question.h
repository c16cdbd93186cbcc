// What a row's flow asks the rules.
#pragma once

#include <utility>

#include "netscope/policy/question.h"
#include "netscope/view/rows.h"

namespace netscope {

// Calls `visit(question)` for each name of the flow in turn, as if nothing more came to light; once without a name
// where it has none. `visit` returns whether to go on. Questions refer to `texts`.
template <class Visit>
void for_each_question(const FlowRow& flow, const Texts& texts, const RuleSet& rules, Visit&& visit) {
  Question question = rules.question({.client = flow.client.address,
                                      .server = flow.server.address,
                                      .server_port = flow.server.port,
                                      .ip_protocol = flow.ip_protocol});
  question.protocol = flow.protocol;
  question.service = flow.service;
  question.ja4 = texts[flow.shown.ja4];
  question.encrypted_hello = flow.shown.encrypted;
  question.final = true;
  if (flow.shown.names.empty()) return static_cast<void>(visit(std::as_const(question)));
  for (const RowName& seen : flow.shown.names) {
    question.protocol = seen.from == Protocol::unknown ? flow.protocol : seen.from;
    rules.name(question, texts[seen.name], name_source(seen.from));
    if (!visit(std::as_const(question))) return;
  }
}

}  // namespace netscope

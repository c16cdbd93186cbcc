// What may follow: field names and verdicts at the beginning of a word, values behind a field.

#include <algorithm>

#include "core/base/text.h"
#include "core/view/filter_words.h"
#include "netscope/view/filter.h"

namespace netscope {
namespace {

class Offer {
 public:
  Offer(std::string_view begun, std::size_t from) : begun_(to_lower(begun)) { out_.from = from; }

  bool full() const { return out_.words.size() >= kMaxCompletions; }
  void offer(std::string word) {
    if (full() || word.empty() || !to_lower(word).starts_with(begun_)) return;
    if (std::find(out_.words.begin(), out_.words.end(), word) == out_.words.end())
      out_.words.push_back(std::move(word));
  }
  // A value that holds a blank has to be quoted.
  void offer_value(std::string_view value) {
    const bool plain = std::none_of(value.begin(), value.end(), ends_filter_value);
    if (to_lower(value).starts_with(begun_) && !value.empty()) {
      out_.words.push_back(plain ? std::string(value) : "\"" + std::string(value) + "\"");
    }
  }
  Completion take() { return std::move(out_); }

 private:
  std::string begun_;
  Completion out_;
};

// The texts of one column, each once, as the rows come.
template <class Column>
void offer_texts(Offer& offer, const Rows& rows, Column column) {
  std::vector<bool> seen(rows.texts().size());
  for (const FlowRow& flow : rows.flows()) {
    if (offer.full()) return;
    const TextId text = column(flow);
    if (text == 0 || seen[text]) continue;
    seen[text] = true;
    offer.offer_value(rows.texts()[text]);
  }
}

template <class Address>
void offer_addresses(Offer& offer, const Rows& rows, Address address) {
  std::vector<IpAddress> seen;
  for (const FlowRow& flow : rows.flows()) {
    if (seen.size() >= kMaxCompletions * 8 || offer.full()) return;
    if (std::find(seen.begin(), seen.end(), address(flow)) != seen.end()) continue;
    seen.push_back(address(flow));
    offer.offer(to_string(seen.back()));
  }
}

void offer_values(Offer& offer, FilterField field, const Rows& rows) {
  switch (field) {
    case FilterField::app: return offer_texts(offer, rows, [](const FlowRow& flow) { return flow.app; });
    case FilterField::category: return offer_texts(offer, rows, [](const FlowRow& flow) { return flow.category; });
    case FilterField::rule: return offer_texts(offer, rows, [](const FlowRow& flow) { return flow.rule; });
    case FilterField::ja4: return offer_texts(offer, rows, [](const FlowRow& flow) { return flow.shown.ja4; });
    case FilterField::source:
      for (std::size_t i = 0; i < kNameSourceCount; ++i)
        offer.offer(std::string(to_string(static_cast<NameSource>(i))));
      return;
    case FilterField::domain: return offer_texts(offer, rows, [](const FlowRow& flow) { return flow.domain(); });
    case FilterField::client:
      return offer_addresses(offer, rows, [](const FlowRow& flow) { return flow.client.address; });
    case FilterField::server:
    case FilterField::ip: return offer_addresses(offer, rows, [](const FlowRow& flow) { return flow.server.address; });
    case FilterField::proto:
      for (const std::string_view word : {"tcp", "udp", "icmp"}) offer.offer(std::string(word));
      for (std::size_t i = 1; i < kProtocolCount; ++i) offer.offer(std::string(to_string(static_cast<Protocol>(i))));
      return;
    case FilterField::state:
      for (std::size_t i = 0; i < kFlowStateCount; ++i) offer.offer(std::string(to_string(static_cast<FlowState>(i))));
      return;
    case FilterField::action:
      for (const Action action : {Action::accept, Action::drop, Action::reject}) {
        offer.offer(std::string(to_string(action)));
      }
      return;
    case FilterField::any:
    case FilterField::port:
    case FilterField::client_port:
    case FilterField::bytes:
    case FilterField::packets:
    case FilterField::duration:
    case FilterField::size: return;  // numbers
  }
}

void offer_fields(Offer& offer) {
  FilterField last = FilterField::any;
  for (const FilterWord& field : kFilterFields) {
    if (field.field != last) offer.offer(std::string(field.word) + ":");  // of several names, the first
    last = field.field;
  }
  for (const std::string_view verdict : kFilterVerdicts) offer.offer(std::string(verdict));
  for (const std::string_view word : {"and", "or", "not"}) offer.offer(std::string(word));
}

}  // namespace

Completion complete_filter(std::string_view text, std::size_t cursor, const Rows& rows) {
  const std::string_view before = text.substr(0, std::min(cursor, text.size()));
  std::size_t begin = before.size();
  while (begin > 0 && !ends_filter_value(before[begin - 1])) --begin;
  const std::string_view word = before.substr(begin);
  const auto operator_at = std::find_if(word.begin(), word.end(), begins_filter_operator);
  const auto name_size = static_cast<std::size_t>(operator_at - word.begin());
  const auto field = filter_field_named(to_lower(word.substr(0, name_size)));
  if (name_size == word.size() || !field) {
    Offer offer(word, begin);
    offer_fields(offer);
    return offer.take();
  }
  std::size_t value = name_size;
  while (value < word.size() && begins_filter_operator(word[value])) ++value;
  Offer offer(word.substr(value), begin + value);
  offer_values(offer, *field, rows);
  return offer.take();
}

}  // namespace netscope

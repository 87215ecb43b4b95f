#include "php/request_state.h"

#include <algorithm>

namespace howdah::php {

constinit thread_local RequestState* current_state = nullptr;

void begin_request(RequestState& state, const channel::Request* request) {
  state.request = request;
  std::ranges::fill(state.vars, std::string_view{});
  state.known_vars = state.named_vars = 0;
  state.event_stream = state.streaming = state.filter_filled = false;
  state.body_read = 0;
  state.body_fd.reset();
  state.interrupt_wanted = 0;
  state.interrupted = 0;
  state.note_exact = 0;

  channel::RequestView view = request->vars;
  channel::RequestView::Item item;
  while (view.next(item)) {
    if (item.var == channel::Var::kNamed) {
      ++state.named_vars;
    } else {
      state.vars[static_cast<size_t>(item.var)] = item.value;
      ++state.known_vars;
    }
  }
  state.answer.begin(*state.channel,
                     {.coding = request->vars.coding(),
                      .head_method = state.var(channel::Var::kRequestMethod) == "HEAD",
                      .if_none_match = state.var(channel::Var::kHttpIfNoneMatch)});
}

std::string_view find_variable(const RequestState& state, std::string_view name) {
  for (size_t i = 0; i < channel::kVarCount; ++i) {
    if (channel::kVarNames[i] == name) return state.vars[i];
  }
  if (state.named_vars == 0) return {};
  channel::RequestView view = state.request->vars;
  channel::RequestView::Item item;
  while (view.next(item)) {
    if (item.var == channel::Var::kNamed && item.name == name) return item.value;
  }
  return {};
}

}  // namespace howdah::php

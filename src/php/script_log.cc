#include "php/script_log.h"

#include <string>

#include "base/json.h"
#include "base/log.h"
#include "channel/record.h"
#include "php/request_state.h"

namespace howdah::php {
void keep_last_words(RequestState* state, std::string_view text) {
  if (state == nullptr || state->run.script == nullptr || state->run.fatal) return;
  while (text.ends_with('\n')) text.remove_suffix(1);
  if (text.empty()) return;
  const size_t newline = text.rfind('\n');
  if (newline != text.npos) text.remove_prefix(newline + 1);
  state->run.last_words_size = text.copy(state->run.last_words, sizeof state->run.last_words);
}

void keep_fatal_error(RequestState* state, const char* error) {
  if (error == nullptr) return;
  // Without its stack trace, which has been logged.
  const std::string_view text(error);
  keep_last_words(state, text.substr(0, text.find('\n')));
  state->run.fatal = true;
}

void note_boot_failure(RequestState* state) {
  WorkerNote* note = state->note;
  if (note == nullptr || state->detached != 0) return;
  std::string_view words(state->run.last_words, state->run.last_words_size);
  note->text[words.copy(note->text, sizeof note->text - 1)] = '\0';
  note->ready.store(WorkerNote::kBootFailed, std::memory_order_release);
}

void log_script_end(RequestState& state, int exit_status) {
  const bool planned = exit_status == 0;
  std::string attributes = "{\"worker\":" + std::to_string(state.worker) +
                           ",\"exit_status\":" + std::to_string(exit_status) + ",\"script\":";
  base::append_json_string(attributes, state.run.script->path);
  attributes += "}";
  state.channel->record(channel::encode_record(
      {.level = static_cast<int>(planned ? base::LogLevel::kDebug : base::LogLevel::kWarn),
       .text = planned ? "worker script restarting" : "unexpected termination, restarting",
       .attributes = attributes}));
}

}  // namespace howdah::php

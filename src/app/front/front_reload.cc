// The front's part in a reload: it opens what the next settings name, has a host started with them,
// and brings them into use, loop by loop, when that host's workers are ready.

#include <boost/asio/post.hpp>
#include <nlohmann/json.hpp>
#include <utility>

#include "app/config/config_json.h"
#include "app/config/config_packet.h"
#include "app/front/front_options.h"
#include "app/front/front_server.h"

namespace howdah::app {
namespace {

using Json = nlohmann::ordered_json;

ops::Page page_of(int status, const Json& json) {
  return {.status = status, .body = json.dump(-1, ' ', false, Json::error_handler_t::replace)};
}

}  // namespace

ops::Page FrontServer::reload_failed(const std::string& why) {
  return page_of(500, {{"error", why}});
}

void FrontServer::while_serving(OrderDone done, std::function<void(OrderDone)> task) {
  loops_.front()->post([this, done = std::move(done), task = std::move(task)] {
    if (phase_ == ops::Phase::kServing) return task(done);
    std::string phase(ops::name_of(phase_));
    done(page_of(503, {{"error", "the server is " + phase}}));
  });
}

void FrontServer::want_reload(OrderDone done) {
  while_serving(std::move(done), [this](OrderDone waiting) {
    waiting_.push_back({++last_ticket_, std::move(waiting)});
    tell_parent({.type = LinkType::kWantReload, .ticket = last_ticket_});
  });
}

void FrontServer::want_restart(OrderDone done) {
  while_serving(std::move(done), [this](OrderDone waiting) {
    log_.info("restarting the workers");
    pools_->restart([this, waiting](const std::string& failure) {
      if (!restarted(failure)) return waiting(reload_failed(failure));
      waiting(page_of(200, {{"restarted", true}, {"generation", pools_->status().generation}}));
    });
  });
}

bool FrontServer::restarted(const std::string& failure) const {
  if (failure.empty()) return true;
  log_.error("workers not restarted: those in use stay", {{"because", failure}});
  return false;
}

void FrontServer::restart_scripts(uint64_t scripts) {
  if (phase_ != ops::Phase::kServing) return;
  pools_->restart_scripts(scripts, [this](const std::string& failure) {
    if (!restarted(failure)) return;
    log_.info("workers restarted");
    if (config_.watch) tell_browsers(serve::BrowserNews::kPage);
  });
}

void FrontServer::answer_reloads(uint32_t ticket, const ops::Page& page) {
  std::vector<Waiting> answered;
  while (!waiting_.empty() && waiting_.front().ticket <= ticket) {
    answered.push_back(std::move(waiting_.front()));
    waiting_.erase(waiting_.begin());
  }
  for (const Waiting& waiting : answered) waiting.done(page);
}

void FrontServer::on_reload(ReceivedLink link) {
  if (next_ || phase_ == ops::Phase::kDraining) return;
  auto next = prepare_next(link);
  if (!next) {
    next_.emplace().ticket = link.message.ticket;
    return end_reload(next.error().message());
  }
  next_ = std::move(*next);
  pools_->reload(next_->config, [this](const std::string& failure) {
    failure.empty() ? bring_into_use() : end_reload(failure);
  });
}

base::Result<FrontServer::Next> FrontServer::prepare_next(const ReceivedLink& link) {
  Next next{.ticket = link.message.ticket};
  if (link.fds.empty()) return base::fail({base::ErrorKind::kProtocol, 0, "reload"});
  auto config = unpack_config(link.fds[0].get());
  if (!config) return base::fail(config.error());
  next.config = std::move(*config);
  auto site = serve::Site::create(serve_options(next.config, start_.sockets));
  if (!site) return base::fail(site.error());
  next.site = std::move(*site);
  if (link.fds.size() < 2) return next;
  auto tls = read_tls(link.fds[1].get());
  if (!tls) return base::fail(tls.error());
  next.tls = std::move(*tls);
  return next;
}

// The new workers serve already: a request of the old site may reach them, one of the new site
// never reaches the old ones.
void FrontServer::bring_into_use() {
  shared_->adapt_to(next_->site->options);
  rate_limiter_.configure(rate_limits(next_->config));
  log_.set_level(next_->config.log_level);
  observer_.use_access_log(next_->config.access_log ? &access_log_ : nullptr);
  on_each_loop(
      [this, site = next_->site, tls = next_->tls](size_t loop) {
        front_loops_[loop]->use_site(site);
        if (tls) front_loops_[loop]->use_tls(tls);
      },
      [this] { end_reload(""); });
}

void FrontServer::end_reload(const std::string& failure) {
  if (!next_) return;
  Next ended = *std::exchange(next_, std::nullopt);
  tell_parent({.type = LinkType::kReloadEnded, .status = failure.empty() ? 0 : 1});
  if (!failure.empty()) {
    log_.error("not reloaded: the settings and the workers in use stay", {{"because", failure}});
    return answer_reloads(ended.ticket, reload_failed(failure));
  }
  config_ = std::move(ended.config);
  if (config_.watch) tell_browsers(serve::BrowserNews::kPage);
  ops::InternalAccess access{.token = config_.internal_token, .address = config_.internal_addr};
  boost::asio::post(operations_, [this, json = config_json(config_), access] {
    pages_.use_config(json, access);
  });
  const uint32_t generation = pools_->status().generation;
  answer_reloads(ended.ticket, page_of(200, {{"reloaded", true},
                                             {"generation", generation},
                                             {"needs_restart", config_.restart_wanted}}));
}

}  // namespace howdah::app

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <string>
#include <string_view>

#include "http/http1_parser.h"

namespace howdah::http {
namespace {

constexpr std::string_view kWrkHead = "GET /hello.php HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n";

constexpr std::string_view kBrowserHead =
    "GET /blog/2026/01/a-post?utm_source=feed&page=2 HTTP/1.1\r\n"
    "Host: www.example.com\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8\r\n"
    "Accept-Language: en-US,en;q=0.5\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\n"
    "Referer: https://www.example.com/blog/\r\n"
    "Connection: keep-alive\r\n"
    "Cookie: PHPSESSID=8h3k2l5m9n7b1v4c6x0z2a4s6d; theme=dark; consent=yes; _ga=GA1.2.3.4\r\n"
    "Upgrade-Insecure-Requests: 1\r\n"
    "Sec-Fetch-Dest: document\r\n"
    "Sec-Fetch-Mode: navigate\r\n"
    "Sec-Fetch-Site: same-origin\r\n"
    "Sec-Fetch-User: ?1\r\n"
    "DNT: 1\r\n"
    "Priority: u=0, i\r\n\r\n";

void parse(benchmark::State& state, std::string_view bytes) {
  Http1RequestParser parser({});
  for (auto _ : state) {
    if (parser.step(bytes).event != Event::kHead) std::abort();
    benchmark::DoNotOptimize(parser.head().fields.data());
    if (parser.step({}).event != Event::kEnd) std::abort();
    parser.next_request();
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * bytes.size()));
}

BENCHMARK_CAPTURE(parse, wrk_head, kWrkHead);
BENCHMARK_CAPTURE(parse, browser_head, kBrowserHead);

void decode_chunks(benchmark::State& state) {
  std::string body;
  for (int i = 0; i < 64; ++i) body.append("400\r\n").append(1024, 'x').append("\r\n");
  body += "0\r\n\r\n";
  Http1Limits limits;
  ChunkedDecoder decoder(limits);
  for (auto _ : state) {
    decoder.reset();
    std::string_view rest = body;
    for (;;) {
      Step step = decoder.step(rest);
      rest.remove_prefix(step.consumed);
      if (step.event == Event::kEnd) break;
      if (step.event != Event::kBody) std::abort();
      benchmark::DoNotOptimize(step.body.data());
    }
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * body.size()));
}

BENCHMARK(decode_chunks);

}  // namespace
}  // namespace howdah::http

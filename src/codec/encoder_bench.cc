// What encoding costs. HOWDAH_BENCH_FILE names a file to encode; without it a made-up page is used.

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include "codec/encoder.h"

namespace howdah::codec {
namespace {

using base::ContentCoding;

std::string page() {
  if (const char* name = std::getenv("HOWDAH_BENCH_FILE")) {
    std::ostringstream text;
    text << std::ifstream(name, std::ios::binary).rdbuf();
    return text.str();
  }
  std::string text;
  for (uint64_t i = 0; text.size() < 40'000; ++i) {
    text += "<article id=\"post-" + std::to_string(i * 7919 % 10'007) +
            "\" class=\"post type-post status-publish\"><h2><a href=\"/?p=" + std::to_string(i) +
            "\">Title " + std::to_string(i * i) + "</a></h2></article>\n";
  }
  return text;
}

void BM_encode(benchmark::State& state, ContentCoding coding, Effort effort) {
  const std::string text = page();
  auto encoder = make_encoder(coding, effort);
  char room[16 << 10];
  size_t size = 0;
  for (auto _ : state) {
    size = 0;
    encoder->begin();
    encode_all(*encoder, text, Until::kFinished, room, [&](std::string_view piece) {
      size += piece.size();
      return true;
    });
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * text.size()));
  state.counters["ratio"] = static_cast<double>(text.size()) / static_cast<double>(size);
}
BENCHMARK_CAPTURE(BM_encode, br_dynamic, ContentCoding::kBrotli, Effort::kDynamic);
BENCHMARK_CAPTURE(BM_encode, zstd_dynamic, ContentCoding::kZstd, Effort::kDynamic);
BENCHMARK_CAPTURE(BM_encode, gzip_dynamic, ContentCoding::kGzip, Effort::kDynamic);
BENCHMARK_CAPTURE(BM_encode, br_static, ContentCoding::kBrotli, Effort::kStatic);
BENCHMARK_CAPTURE(BM_encode, zstd_static, ContentCoding::kZstd, Effort::kStatic);
BENCHMARK_CAPTURE(BM_encode, gzip_static, ContentCoding::kGzip, Effort::kStatic);

}  // namespace
}  // namespace howdah::codec

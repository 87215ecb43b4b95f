# The Debian packages that each purpose needs; no other place lists them. Sourced from the top of the tree.
# shellcheck shell=bash disable=SC2034

# Both programs, their unit tests and micro-benches, against the distribution's PHP.
packages_build=(
  g++ make cmake ninja-build ccache pkg-config python3 media-types
  libboost1.81-dev libfmt-dev libcli11-dev nlohmann-json3-dev libgtest-dev libgmock-dev libbenchmark-dev
  libhiredis-dev libnghttp2-dev libseccomp-dev libssl-dev libbrotli-dev libzstd-dev zlib1g-dev
  php8.2-dev libphp8.2-embed php8.2-opcache php8.2-sqlite3
)

# A PHP built from Debian's source package (scripts/build_php.sh).
packages_php=(
  g++ make pkg-config dpkg-dev ca-certificates
  libxml2-dev libssl-dev libcurl4-openssl-dev libsqlite3-dev libonig-dev libzip-dev libsodium-dev
  libicu-dev libpng-dev libjpeg-dev libwebp-dev libfreetype-dev zlib1g-dev libffi-dev
)

# End-to-end tests: the runner and the applications they serve stand beside the tests.
mapfile -t packages_e2e < <(sed -e 's/#.*//' -e '/^[[:space:]]*$/d' tests/e2e/packages.txt)

# PHP's own tests: what Howdah is compared with, and what fetches the tests.
packages_phpt=(php8.2-cgi php8.2-cli php8.2-opcache php8.2-mbstring dpkg-dev ca-certificates python3)

# The development certificates.
packages_certs=(openssl)

# Load benches: what Howdah is measured against, and with.
packages_bench=(nginx-light php8.2-fpm wrk nghttp2-client curl openssl python3)
packages_bench_worker=(
  "${packages_bench[@]}" php-symfony-framework-bundle php-laravel-framework php8.2-sqlite3 php8.2-mbstring
)

# Fuzz targets.
packages_fuzz=("${packages_build[@]}" clang-19 libclang-rt-19-dev)

# Formatting and static checks.
packages_lint=(clang-format-19 clang-tidy-19 python3)

#!/usr/bin/env bash
# Builds a PHP for embedding (shared libphp) from Debian's own source package and installs it into a
# cache outside the tree, once. The distribution's PHP is NTS; this is where the thread-safe one
# comes from.
#
#   scripts/build_php.sh 8.4-zts        also 8.4-nts; any version that some Debian suite carries
#
# Prints the path of the resulting php-config as its last line. Everything else goes to stderr.
set -euo pipefail

readonly variant="${1:?usage: scripts/build_php.sh VERSION-zts|VERSION-nts}"
readonly version="${variant%-*}" threading="${variant##*-}"
# PHP runs as another user when the server is started as root, so the place must be one that every
# user can read; root's home directory is not.
if [[ $(id -u) == 0 ]]; then default_cache=/var/cache/howdah; else default_cache="${XDG_CACHE_HOME:-$HOME/.cache}/howdah"; fi
readonly cache="${HOWDAH_CACHE:-$default_cache}"
readonly prefix="$cache/php/$variant"
readonly recipe=1  # raise it when the options below change: older builds are then made again

say() { printf '%s\n' "$*" >&2; }

case "$threading" in
  zts) thread_options=(--enable-zts) ;;
  nts) thread_options=() ;;
  *) say "build_php: '$variant' must end in -zts or -nts"; exit 2 ;;
esac

if [[ -x $prefix/bin/php-config && $(cat "$prefix/.recipe" 2>/dev/null) == "$recipe" ]]; then
  echo "$prefix/bin/php-config"
  exit 0
fi

work="$cache/php/build-$variant"
rm -rf "$work"
mkdir -p "$work"

"$(dirname "${BASH_SOURCE[0]}")/php_source.sh" "$version" "$work/src"

say "build_php: building PHP $variant, about ten minutes on two cores"
cd "$work/src"
./configure --quiet --prefix="$prefix" "${thread_options[@]}" \
  --with-config-file-path="$prefix/etc" --with-config-file-scan-dir="$prefix/etc/conf.d" \
  --enable-embed=shared --enable-fpm --disable-cgi --disable-phpdbg --without-pear \
  --disable-zend-signals \
  --enable-opcache --enable-mbstring --with-openssl --with-curl \
  --with-pdo-sqlite --with-pdo-mysql=mysqlnd --with-mysqli=mysqlnd \
  --enable-pcntl --enable-intl --enable-sockets --enable-bcmath --with-zlib --with-sodium --with-zip \
  --enable-gd --with-jpeg --with-webp --with-freetype --enable-exif --with-ffi \
  CFLAGS="-O2 -g1" CXXFLAGS="-O2 -g1" >"$work/configure.log" 2>&1 ||
  { tail -n 20 "$work/configure.log" >&2; exit 1; }
make -j"$(nproc)" >"$work/make.log" 2>&1 || { tail -n 30 "$work/make.log" >&2; exit 1; }
rm -rf "$prefix"
make install >"$work/install.log" 2>&1 || { tail -n 20 "$work/install.log" >&2; exit 1; }
mkdir -p "$prefix/etc/conf.d"
echo "zend_extension=opcache" >"$prefix/etc/conf.d/10-opcache.ini"
echo "$recipe" >"$prefix/.recipe"
cd / && rm -rf "$work"
say "build_php: installed in $prefix"
echo "$prefix/bin/php-config"

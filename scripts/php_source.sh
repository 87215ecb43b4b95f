#!/usr/bin/env bash
# Unpacks Debian's source package of a PHP: the one of the Debian suite that carries this version, from
# the machine's own mirror and with its keys. The machine's apt configuration stays as it is.
#
#   scripts/php_source.sh 8.2 DIR       DIR must not exist yet
set -euo pipefail

readonly version="${1:?usage: scripts/php_source.sh VERSION DIR}" target="${2:?usage: scripts/php_source.sh VERSION DIR}"

say() { printf 'php_source: %s\n' "$*" >&2; }

case "$version" in
  8.2) suite=bookworm ;;
  8.4) suite=trixie ;;
  *) say "no Debian suite is known to carry PHP '$version' (known: 8.2, 8.4)"; exit 2 ;;
esac

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A private apt: another suite, source entries only.
mkdir -p "$work/parts" "$work/lists/partial" "$work/cache/archives/partial"
derive_sources() {
  local deb822=(/etc/apt/sources.list.d/debian.sources)
  if [[ -r ${deb822[0]} ]]; then
    sed -n '1,/^[[:space:]]*$/p' "${deb822[0]}" |
      sed "s/^Types:.*/Types: deb-src/; s/^Suites:.*/Suites: $suite/; s/^Components:.*/Components: main/" \
        >"$work/parts/php.sources"
  else
    local line uri
    line=$(grep -hE '^deb .*[[:space:]](bookworm|trixie|stable)[[:space:]]' /etc/apt/sources.list | head -n 1)
    uri=$(sed -E 's/^deb[[:space:]]+(\[[^]]*\][[:space:]]*)?//' <<<"$line" | cut -d' ' -f1)
    echo "deb-src $uri $suite main" >"$work/parts/php.list"
  fi
}
derive_sources
apt_options=(
  -o Dir::Etc::sourcelist=/dev/null -o "Dir::Etc::sourceparts=$work/parts"
  -o "Dir::State::lists=$work/lists" -o "Dir::Cache=$work/cache" -o APT::Sandbox::User=root
)
say "fetching the source of php$version ($suite)"
apt-get "${apt_options[@]}" -qq update >&2
(cd "$work" && apt-get "${apt_options[@]}" -qq --download-only source "php$version" >&2)
mkdir -p "$(dirname "$target")"
dpkg-source --no-copy --skip-patches -x "$work"/php"$version"_*.dsc "$target" >&2

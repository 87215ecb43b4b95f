#!/usr/bin/env bash
# Puts PHP's own tests, of Debian's source package, into the cache outside the tree, once.
#
#   scripts/php_tests.sh 8.2
#
# Prints where they are as its last line. Everything else goes to stderr.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly version="${1:?usage: scripts/php_tests.sh VERSION}"
if [[ $(id -u) == 0 ]]; then default_cache=/var/cache/howdah; else default_cache="${XDG_CACHE_HOME:-$HOME/.cache}/howdah"; fi
readonly target="${HOWDAH_CACHE:-$default_cache}/php/tests-$version"
readonly folders=tests/phpt/folders.txt

# What was kept is written down: with other folders it is made again.
if ! cmp -s "$folders" "$target/.folders"; then
  work="$target.new"
  rm -rf "$work"
  mkdir -p "$work"
  scripts/php_source.sh "$version" "$work/whole"
  # A folder may lie in one that is there already.
  sed -n 's/^[a-z][a-z]* //p' "$folders" | sort | while read -r folder; do
    [[ -d $work/$folder ]] && continue
    mkdir -p "$work/$(dirname "$folder")"
    mv "$work/whole/$folder" "$work/$folder"
  done
  rm -rf "$work/whole"
  cp "$folders" "$work/.folders"
  rm -rf "$target"
  mv "$work" "$target"
fi
echo "$target"

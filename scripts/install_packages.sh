#!/usr/bin/env bash
# Installs the packages of the given purposes (scripts/packages.sh) that are not installed yet.
# When all are there it asks dpkg once and makes no apt call.
#
#   scripts/install_packages.sh build e2e
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/packages.sh
source scripts/packages.sh

wanted=()
for purpose in "$@"; do
  declare -n list="packages_$purpose"
  wanted+=("${list[@]}")
done

installed=$(dpkg-query -W -f='${Package} ${db:Status-Status}\n' 2>/dev/null)
missing=()
for package in "${wanted[@]}"; do
  grep -qxF "$package installed" <<<"$installed" || missing+=("$package")
done
((${#missing[@]})) || exit 0

echo "dev: installing for $*: ${missing[*]}" >&2
as_root=()
((EUID == 0)) || as_root=(sudo)
apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=600 -o Dpkg::Use-Pty=0)
"${apt[@]}" update
"${apt[@]}" install -y --no-install-recommends "${missing[@]}" >&2

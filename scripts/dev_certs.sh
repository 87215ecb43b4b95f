#!/usr/bin/env bash
# A certificate authority for development and a certificate of it for localhost, 127.0.0.1 and ::1.
# Makes what is missing or about to expire and leaves the rest. Prints the folder.
#
#   scripts/dev_certs.sh [DIR]     (default: build/certs)
set -euo pipefail

readonly folder="${1:-build/certs}"
readonly renew_before=$((30 * 24 * 3600)) # seconds
umask 077
mkdir -p "$folder"
cd "$folder"

# fresh CERTIFICATE KEY: both are there, belong together and are valid for a while.
fresh() {
  [[ -s $1 && -s $2 ]] || return 1
  openssl x509 -in "$1" -noout -checkend "$renew_before" >/dev/null || return 1
  cmp -s <(openssl x509 -in "$1" -noout -pubkey) <(openssl pkey -in "$2" -pubout)
}

new_key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1" 2>/dev/null; }

if ! fresh ca.pem ca-key.pem; then
  new_key ca-key.pem
  openssl req -x509 -new -key ca-key.pem -out ca.pem -days 3650 -subj "/CN=Howdah development CA" \
    -addext "basicConstraints=critical,CA:TRUE,pathlen:0" -addext "keyUsage=critical,keyCertSign,cRLSign"
  rm -f cert.pem
fi

if ! fresh cert.pem key.pem || ! openssl verify -CAfile ca.pem cert.pem >/dev/null 2>&1; then
  new_key key.pem
  openssl req -new -key key.pem -subj "/CN=localhost" |
    openssl x509 -req -CA ca.pem -CAkey ca-key.pem -CAcreateserial -days 397 -out cert.pem -extfile <(
      printf '%s\n' "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1" "basicConstraints=critical,CA:FALSE" \
        "keyUsage=critical,digitalSignature" "extendedKeyUsage=serverAuth"
    ) 2>/dev/null
fi
chmod 644 ca.pem cert.pem
chmod 600 ca-key.pem key.pem
pwd

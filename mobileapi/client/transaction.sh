#!/usr/bin/env bash
# From nothing to a signed transaction with curl, openssl and jq: makes a key, logs in to a sandbox with the
# one-time password that it shows, asks a query and files a transaction.
#
#   mobileapi/client/transaction.sh [http://127.0.0.1:8080] [+919830000001]
set -euo pipefail

base=${1:-http://127.0.0.1:8080}
number=${2:-+919830000001}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# An open query needs no signature.
curl -sS "$base/v1/dialogue?lang=en" --json '{"service":"document","inputs":{"want":"number","number":"WB10000001"}}'
echo

# The phone's key: P-256. Its point is the last 65 octets of the public key in DER: 04, x, y.
openssl ecparam -name prime256v1 -genkey -noout -out "$work/key.pem"
b64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }
x=$(openssl ec -in "$work/key.pem" -pubout -outform DER 2>/dev/null | tail -c 64 | head -c 32 | b64url)
y=$(openssl ec -in "$work/key.pem" -pubout -outform DER 2>/dev/null | tail -c 32 | b64url)
# Its name is its thumbprint (RFC 7638).
keyid=$(printf '{"crv":"P-256","kty":"EC","x":"%s","y":"%s"}' "$x" "$y" | openssl dgst -sha256 -binary | b64url)

# R and S of 32 octets each (RFC 9421 section 3.3.4) of a signature in DER.
raw() {
  openssl asn1parse -inform DER | sed -n 's/.*INTEGER *:\([0-9A-F]*\)$/\1/p' | while read -r half; do
    printf '%64s' "$half" | tr ' ' 0
  done | xxd -r -p
}

# signed METHOD PATH [BODY] [IDEMPOTENCY-KEY]
signed() {
  local method=$1 path=$2 body=${3:-} once=${4:-}
  local headers=() names='"@method" "@authority" "@path" "@query"'
  local lines="\"@method\": $method
\"@authority\": ${base#*://}
\"@path\": $path
\"@query\": ?
"
  if [ -n "$body" ]; then
    local digest
    digest="sha-256=:$(printf %s "$body" | openssl dgst -sha256 -binary | openssl base64 -A):"
    headers+=(-H 'Content-Type: application/json' -H "Content-Digest: $digest" --data-binary "$body")
    names+=' "content-type" "content-digest"'
    lines+="\"content-type\": application/json
\"content-digest\": $digest
"
  fi
  if [ -n "$once" ]; then
    headers+=(-H "Idempotency-Key: $once")
    names+=' "idempotency-key"'
    lines+="\"idempotency-key\": $once
"
  fi
  local params
  params="($names);created=$(date +%s);nonce=\"$(openssl rand -hex 16)\";keyid=\"$keyid\";alg=\"ecdsa-p256-sha256\";tag=\"setu-app\""
  local signature
  signature=$(printf '%s"@signature-params": %s' "$lines" "$params" | openssl dgst -sha256 -sign "$work/key.pem" | raw | openssl base64 -A)
  curl -sS -X "$method" "$base$path" -H 'Accept-Language: en' -H "Signature-Input: phone=$params" -H "Signature: phone=:$signature:" "${headers[@]}"
  echo
}

# Login: the password comes by SMS, and in a sandbox in the answer too.
otp=$(curl -sS "$base/v1/otp" --json "{\"number\":\"$number\"}" | jq -r .sandbox_otp)
signed POST /v1/devices "{\"number\":\"$number\",\"otp\":\"$otp\",\"key\":{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"$x\",\"y\":\"$y\"},\"name\":\"curl\"}"

# A query in her name, and a transaction that is done once however often it is sent.
signed POST /v1/dialogue '{"service":"benefit","inputs":{"want":"status","card":"1000000001"}}'
signed POST /v1/dialogue '{"service":"benefit","inputs":{"want":"received","card":"1000000001"},"confirm":true}' "$(openssl rand -hex 16)"
signed GET /v1/changes

#!/bin/sh
# A certificate for shop.test that signs itself; good for trying things out.
set -eu
cd "$(dirname "$0")"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=shop.test \
    -addext subjectAltName=DNS:shop.test,DNS:*.shop.test -keyout shop.test.key -out shop.test.pem

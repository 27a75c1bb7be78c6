#!/bin/sh
# Makes the passwords of fleet.yaml in secrets/ beside it, once: what is there stays, for the database keeps what it began with.
set -eu
cd "$(dirname "$0")"
[ ! -e secrets ] || { echo "$(pwd)/secrets is there already; nothing is changed"; exit 0; }
umask 077
mkdir secrets.new
owner=$(openssl rand -hex 24)
roles=$(openssl rand -hex 24)
printf '%s' "$owner" > secrets.new/password_of_owner
printf '%s' "$roles" > secrets.new/password_of_roles
printf 'postgresql://stafett:%s@postgres/stafett' "$owner" > secrets.new/url_of_owner
printf 'postgresql://stafett_run:%s@postgres/stafett' "$roles" > secrets.new/url_of_roles
# Containers read them as users of their own; the folder lets nobody else of this machine in.
chmod 0444 secrets.new/*
mv secrets.new secrets
echo "made $(pwd)/secrets"

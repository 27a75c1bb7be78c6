#!/bin/sh
# Run by PostgreSQL's image when it makes the database: the role that the processes run as, which may change no schema.
set -eu
psql -v ON_ERROR_STOP=1 -v password="$(cat /run/secrets/password_of_roles)" -U "$POSTGRES_USER" -d "$POSTGRES_DB" <<'SQL'
CREATE ROLE stafett_run LOGIN PASSWORD :'password';
SQL

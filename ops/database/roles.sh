#!/bin/sh
# Run once, by Postgres' image, when the database is made: the login of the service, which owns nothing and may rewrite
# no fact. `meguri migrate` grants its role what it needs. The password is read from its file, never an argument.
set -eu
psql --set ON_ERROR_STOP=1 --quiet --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
\set password `cat /secrets/service/password`
CREATE ROLE meguri_service NOLOGIN;
CREATE ROLE meguri_app LOGIN PASSWORD :'password' IN ROLE meguri_service;
SQL

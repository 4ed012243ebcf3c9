#!/bin/sh
# One database and one role per service; no role sees another's database.
set -eu
for service in identity claims contracts reporting; do
  password=$(cat "/run/secrets/database_$service")
  psql --quiet --set ON_ERROR_STOP=1 --username postgres --dbname postgres \
    --set role="$service" --set password="$password" <<'SQL'
CREATE ROLE :"role" LOGIN PASSWORD :'password' NOSUPERUSER NOCREATEDB NOCREATEROLE;
CREATE DATABASE :"role" OWNER :"role" ENCODING 'UTF8' TEMPLATE template0;
REVOKE ALL ON DATABASE :"role" FROM PUBLIC;
SQL
done

#!/bin/sh
# One database and one role per service; no role sees another's database.
set -eu
psql --quiet --no-psqlrc --set ON_ERROR_STOP=1 --username postgres --dbname postgres <<'SQL'
REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC;
SQL
for SERVICE in identity claims contracts reporting; do
  export SERVICE
  # psql reads the password from the file: it is in no command line and in no environment.
  psql --quiet --no-psqlrc --set ON_ERROR_STOP=1 --username postgres --dbname postgres <<'SQL'
\getenv role SERVICE
\set password `cat "/run/secrets/database_$SERVICE"`
CREATE ROLE :"role" LOGIN PASSWORD :'password' NOSUPERUSER NOCREATEDB NOCREATEROLE;
CREATE DATABASE :"role" OWNER :"role" ENCODING 'UTF8' TEMPLATE template0;
REVOKE ALL ON DATABASE :"role" FROM PUBLIC;
SQL
done
# Boards may read the documented schema of the county's figures, in which there is no person; the
# service's migrations grant it.
psql --quiet --no-psqlrc --set ON_ERROR_STOP=1 --username postgres --dbname postgres <<'SQL'
\set password `cat /run/secrets/database_reporting_reader`
CREATE ROLE reporting_reader LOGIN PASSWORD :'password' NOSUPERUSER NOCREATEDB NOCREATEROLE;
ALTER ROLE reporting_reader SET default_transaction_read_only = on;
ALTER ROLE reporting_reader SET statement_timeout = '15s';
GRANT CONNECT ON DATABASE reporting TO reporting_reader;
SQL

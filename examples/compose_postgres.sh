#!/usr/bin/env bash
# The publisher's role and what only a superuser can give to it: compose.yaml runs this once, when the
# server's folder is empty.
set -euo pipefail
psql --set ON_ERROR_STOP=1 --set password="$PUBLISHER_PASSWORD" --set database="$POSTGRES_DB" --username postgres --dbname "$POSTGRES_DB" <<'SQL'
create role publisher login createrole password :'password';
grant create, connect on database :"database" to publisher;
SQL
psql --set ON_ERROR_STOP=1 --username postgres --dbname "$POSTGRES_DB" \
  --command "set serving.publisher = 'publisher'" --file "${OPERATOR_SQL:-/opt/0_operator.sql}"

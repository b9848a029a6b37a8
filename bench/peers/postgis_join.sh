#!/bin/sh
# postgis_join.sh BOUNDARIES CODE POINTS.csv OUT.csv THREADS: the join with PostGIS, in a
# database of its own that listens on a local socket only and is gone afterwards. Told as
# `PHASE join` is all but making and starting the server: loading both, indexes, join.
# Ends with 77 when PostGIS is not installed.
set -eu
boundaries=$1
code=$2
points=$3
out=$4
threads=$5

bin=
for folder in /usr/lib/postgresql/*/bin; do
    [ -x "$folder/initdb" ] && bin=$folder
done
[ -n "$bin" ] || exit 77
set -- /usr/share/postgresql/*/extension/postgis.control
[ -f "$1" ] || exit 77
command -v ogr2ogr >/dev/null || exit 77

# The server refuses to run as root.
as=
if [ "$(id -u)" = 0 ]; then
    id postgres >/dev/null 2>&1 || exit 77
    as='runuser -u postgres --'
fi
place=$(mktemp -d /tmp/bench-postgis.XXXXXX)
[ -z "$as" ] || chown postgres "$place"
stop() {
    $as "$bin/pg_ctl" -D "$place/data" -m immediate -w stop >/dev/null 2>&1 || :
    rm -rf "$place"
}
trap stop EXIT
trap 'exit 1' INT TERM

$as "$bin/initdb" -D "$place/data" -U bench -A trust --locale=C -E UTF8 >/dev/null
$as "$bin/pg_ctl" -D "$place/data" -w -l "$place/log" -o "-c listen_addresses='' -k $place \
    -c shared_buffers=1GB -c work_mem=256MB -c maintenance_work_mem=512MB -c fsync=off \
    -c max_wal_size=8GB -c max_parallel_workers_per_gather=$((threads - 1))" start >/dev/null
export PGHOST="$place" PGUSER=bench PGDATABASE=postgres PGOPTIONS='-c client_min_messages=error'
psql -q -c 'CREATE EXTENSION postgis'

begin=$(date +%s%N)
ogr2ogr -f PostgreSQL "PG:host=$place user=bench dbname=postgres" "$boundaries" \
    -nln areas -lco GEOMETRY_NAME=shape -nlt PROMOTE_TO_MULTI --config PG_USE_COPY YES
psql -q -v ON_ERROR_STOP=1 <<SQL
CREATE UNLOGGED TABLE rows (crime_id text, month text, reported text, falls text,
    x double precision, y double precision, location text, lsoa text, lsoa_name text,
    type text, outcome text, context text);
\\copy rows FROM '$points' WITH (FORMAT csv, HEADER true)
ANALYZE areas;
ANALYZE rows;
\\copy (SELECT area, type AS "Crime type", month AS "Month", count(*) AS count FROM (SELECT type, month, (SELECT min(a.$code COLLATE "C") FROM areas a WHERE ST_Intersects(a.shape, ST_SetSRID(ST_MakePoint(r.x, r.y), 4326))) AS area FROM rows r WHERE x IS NOT NULL AND y IS NOT NULL) AS found WHERE area IS NOT NULL GROUP BY 1, 2, 3) TO '$out' WITH (FORMAT csv, HEADER true)
SQL
end=$(date +%s%N)
echo "PHASE join $(echo "$begin $end" | awk '{ printf "%.6f", ($2 - $1) / 1e9 }')"

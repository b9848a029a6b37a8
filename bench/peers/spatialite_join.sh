#!/bin/sh
# spatialite_join.sh BOUNDARIES CODE POINTS.csv OUT.csv THREADS: the join with ogr2ogr and
# SpatiaLite, on one thread. Ends with 77 when either is not installed.
set -eu
boundaries=$1
code=$2
points=$3
out=$4

command -v ogr2ogr >/dev/null || exit 77
place=$(mktemp -d /tmp/bench-spatialite.XXXXXX)
trap 'rm -rf "$place"' EXIT
trap 'exit 1' INT TERM
db=$place/join.sqlite
ogr2ogr -f SQLite -dsco SPATIALITE=YES "$db" "$boundaries" -nln areas \
    -lco GEOMETRY_NAME=shape -gt unlimited 2>/dev/null || exit 77
ogr2ogr -f SQLite -update "$db" "$points" -nln rows -a_srs EPSG:4326 -gt unlimited \
    -oo X_POSSIBLE_NAMES=Longitude -oo Y_POSSIBLE_NAMES=Latitude \
    -sql "SELECT \"Crime type\", Month FROM \"$(basename "$points" .csv)\"" \
    -lco GEOMETRY_NAME=shape -lco LAUNDER=NO -lco SPATIAL_INDEX=NO
ogr2ogr -f CSV -lco STRING_QUOTING=IF_NEEDED "$out" "$db" -sql "
    SELECT area, \"Crime type\", Month, COUNT(*) AS count FROM (
        SELECT r.\"Crime type\", r.Month, MIN(a.$code) AS area
        FROM rows r, areas a
        WHERE a.rowid IN (SELECT rowid FROM SpatialIndex
                            WHERE f_table_name = 'areas' AND search_frame = r.shape)
          AND ST_Intersects(a.shape, r.shape)
        GROUP BY r.rowid)
    GROUP BY 1, 2, 3"

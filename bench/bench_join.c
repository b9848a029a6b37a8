/* Police rows and boundaries to counts, as files: the question that everything else is
 * there for. */
#include <string.h>

#include "bench/bench.h"

bench_contender *bench_add_placestat(bench *b, bench_question *q, const char *name,
                                     const char *boundaries, const char *points,
                                     int threads) {
    const char *counts = bench_text(b, "%s/placestat-%zu.csv", b->data, q->n);
    const char *const argument[] = {bench_text(b, "%s/placestat", b->build),
                                    "join",
                                    points,
                                    "--areas",
                                    boundaries,
                                    "--id",
                                    "code",
                                    "--format",
                                    "police.uk",
                                    "--keep-duplicates",
                                    "--by",
                                    "Crime type",
                                    "--by",
                                    "Month",
                                    "--progress",
                                    "none",
                                    "--threads",
                                    bench_text(b, "%d", threads),
                                    "-o",
                                    counts,
                                    NULL};
    bench_contender *c = bench_add(q, name, argument);
    c->counts = counts;
    return c;
}

bench_contender *bench_add_geos(bench *b, bench_question *q, const char *name,
                                const char *boundaries, const char *points, int threads) {
    const char *counts = bench_text(b, "%s/geos-%zu.csv", b->data, q->n);
    const char *const argument[] = {bench_text(b, "%s/bench/geos_join", b->build),
                                    boundaries,
                                    "code",
                                    points,
                                    counts,
                                    bench_text(b, "%d", threads),
                                    NULL};
    bench_contender *c = bench_add(q, name, argument);
    c->counts = counts;
    return c;
}

const char *bench_incidents(bench *b, const char *boundaries, const char *label,
                            int64_t rows, const char *ending, const char *order) {
    const char *name =
        bench_text(b, "%s-%lld-%s%s", label, (long long)rows, order, ending);
    const char *const argument[] = {bench_text(b, "%s/bench/incidents", b->build),
                                    boundaries,
                                    bench_text(b, "%lld", (long long)rows),
                                    "@",
                                    order,
                                    NULL};
    return bench_make(b, name, argument);
}

static void add_peer(bench *b, bench_question *q, const char *name, const char *program,
                     const char *script, const char *boundaries, const char *points,
                     bool joins) {
    const char *counts = bench_text(b, "%s/peer-%zu.csv", b->data, q->n);
    const char *const argument[] = {program,
                                    bench_text(b, "%s/bench/peers/%s", b->root, script),
                                    boundaries,
                                    "code",
                                    points,
                                    counts,
                                    bench_text(b, "%d", b->threads),
                                    NULL};
    bench_contender *c = bench_add(q, name, argument);
    c->peer = true;
    c->counts = counts;
    c->other_answer = !joins;
}

static void add_peers(bench *b, bench_question *q, const char *boundaries,
                      const char *points) {
    add_peer(b, q, "GeoPandas", "/usr/bin/python3", "geopandas_join.py", boundaries,
             points, true);
    add_peer(b, q, "R sf", "Rscript", "sf_join.R", boundaries, points, true);
    add_peer(b, q, "PostGIS (memory of its client)", "sh", "postgis_join.sh", boundaries,
             points, true);
    q->contender[q->n - 1].phase = "join";
    add_peer(b, q, "ogr2ogr with SpatiaLite", "sh", "spatialite_join.sh", boundaries,
             points, true);
}

static void add_limit(bench *b, bench_question *q, const char *name, const char *kind,
                      const char *what) {
    const char *program = bench_text(b, "%s/bench/limit", b->build);
    const char *const argument[] = {program, kind, what, bench_text(b, "%d", b->threads),
                                    NULL};
    bench_contender *c = bench_add(q, name, argument);
    c->phase = "limit";
    if (bench_size(program) <= 0) c->absent = "libdeflate is not installed";
}

static void ask(bench *b, const char *id, const char *boundaries, const char *label,
                const char *who, int areas, int64_t rows, bool peers) {
    const char *points = bench_incidents(b, boundaries, label, rows, ".csv", "snap");
    if (points == NULL) return;
    bench_question q = {.id = id, .rows = (double)rows, .bytes = bench_size(points)};
    const char *size = rows < 100000 ? bench_text(b, "%lld", (long long)rows)
                                     : bench_text(b, "%.1f M", (double)rows / 1e6);
    q.title =
        bench_text(b, "%s police rows x %d areas (%s), CSV to counts", size, areas, who);
    bench_add_placestat(b, &q, "placestat", boundaries, points, b->threads)->fresh = true;
    bench_add_placestat(b, &q, "placestat, boundaries prepared", boundaries, points,
                        b->threads)
        ->prepared = true;
    bench_add_placestat(b, &q, "placestat, 1 thread", boundaries, points, 1)->fresh =
        true;
    bench_contender *once = bench_add_placestat(b, &q, "placestat, duplicates once",
                                                boundaries, points, b->threads);
    once->fresh = true;
    for (size_t i = 0; once->argument[i] != NULL; i++) {
        if (strcmp(once->argument[i], "--keep-duplicates") == 0)
            once->argument[i] = "--quiet";
    }
    bench_add_geos(b, &q, "GEOS program", boundaries, points, b->threads);
    if (peers) add_peers(b, &q, boundaries, points);
    add_peer(b, &q, "DuckDB, no join", "node", "duckdb_group.js", boundaries, points,
             false);
    add_limit(b, &q, "limit: read as memory", "memory",
              bench_text(b, "%.0f", q.bytes / 1048576 < 4 ? 4 : q.bytes / 1048576));
    add_limit(b, &q, "limit: read, count lines", "lines", points);
    add_limit(b, &q, "limit: read, find separators", "structure", points);
    bench_ask(b, &q, NULL);
}

/* Boundaries on the National Grid, points in degrees. The counts differ in a few points
 * at the lines, since a line that is straight in one system bends in the other. */
void bench_crs(bench *b, const bench_input *in) {
    const int64_t rows = b->quick ? 100000 : 1000000;
    const char *const cut[] = {bench_text(b, "%s/bench/country", b->build),
                               "cut",
                               in->district,
                               "code",
                               "district",
                               "",
                               "EPSG:27700",
                               "@",
                               NULL};
    const char *grid = bench_make(b, "district-27700.gpkg", cut);
    const char *points =
        bench_incidents(b, in->district, "district", rows, ".csv", "snap");
    if (grid == NULL || points == NULL) return;
    bench_question q = {.id = "crs", .rows = (double)rows, .bytes = bench_size(points)};
    q.title = "points in another CRS than the boundaries";
    bench_add_placestat(b, &q, "placestat, the same CRS", in->district, points,
                        b->threads)
        ->fresh = true;
    bench_contender *c =
        bench_add_placestat(b, &q, "placestat, another CRS", grid, points, b->threads);
    c->fresh = true;
    c->other_answer = true;
    c = bench_add_placestat(b, &q, "placestat, another CRS, prepared", grid, points,
                            b->threads);
    c->prepared = true;
    c->other_answer = true;
    bench_ask(b, &q, NULL);
}

void bench_district(bench *b, const bench_input *in) {
    ask(b, "district", in->district, "district", in->district_name, in->district_areas,
        b->quick ? 100000 : 1000000, !b->quick);
    /* Slow as some are, few rows tell whether they still give the same counts. */
    if (b->quick)
        ask(b, "peers", in->district, "district", in->district_name, in->district_areas,
            5000, true);
}

void bench_country(bench *b, const bench_input *in) {
    ask(b, "country", in->england, "country", in->england_name, in->england_areas,
        b->quick ? 1000000 : 10000000, false);
}

/* One file a month in a ZIP archive, against unpacking it and finding separators. */
void bench_archive(bench *b, const bench_input *in) {
    const int64_t rows = b->quick ? 100000 : 1000000;
    const char *folder = bench_incidents(b, in->district, "district", rows, "/", "snap");
    if (folder == NULL) return;
    const char *const pack[] = {
        "/usr/bin/python3", "-m", "zipfile", "-c", "@", folder, NULL};
    const char *zip =
        bench_make(b, bench_text(b, "district-%lld.zip", (long long)rows), pack);
    if (zip == NULL) return;
    bench_question q = {
        .id = "archive", .rows = (double)rows, .bytes = bench_size(folder)};
    q.title = bench_text(b, "ZIP of 36 monthly files (%.1f MB packed), rows to counts",
                         bench_size(zip) / 1e6);
    bench_add_placestat(b, &q, "placestat, ZIP", in->district, zip, b->threads)->fresh =
        true;
    bench_add_placestat(b, &q, "placestat, ZIP, prepared", in->district, zip, b->threads)
        ->prepared = true;
    bench_add_placestat(b, &q, "placestat, plain files", in->district, folder, b->threads)
        ->fresh = true;
    add_limit(b, &q, "limit: inflate", "inflate", zip);
    add_limit(b, &q, "limit: inflate, find separators", "unzip", zip);
    bench_ask(b, &q, NULL);
}

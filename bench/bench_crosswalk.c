/* Overlap shares of two geographies in memory: small areas and groups of them, which
 * share all their boundaries, and small areas and wards that were drawn on their own. */
#include "bench/bench.h"

typedef struct layer {
    const char *path, *layer, *code;
} layer;

static void add(bench *b, bench_question *q, const char *name, const char *program,
                layer from, layer to, int threads) {
    const char *counts = bench_text(b, "%s/crosswalk-%zu.csv", b->data, q->n);
    const char *const argument[] = {bench_text(b, "%s/bench/%s", b->build, program),
                                    from.path,
                                    from.layer,
                                    from.code,
                                    to.path,
                                    to.layer,
                                    to.code,
                                    counts,
                                    bench_text(b, "%d", threads),
                                    NULL};
    bench_contender *c = bench_add(q, name, argument);
    c->counts = counts;
    c->phase = "crosswalk";
}

static void ask(bench *b, const char *id, const char *title, layer from, layer to) {
    bench_question q = {.id = id, .title = title};
    add(b, &q, "placestat", "cross_layers", from, to, b->threads);
    add(b, &q, "placestat, 1 thread", "cross_layers", from, to, 1);
    add(b, &q, "GEOS program", "geos_crosswalk", from, to, b->threads);
    bench_ask(b, &q, NULL);
}

void bench_crosswalk(bench *b, const bench_input *in) {
    const int groups = in->district_areas / 11 + 1; /* as many as there are wards */
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
    if (grid == NULL) return;
    const char *const merge[] = {bench_text(b, "%s/bench/country", b->build),
                                 "merge",
                                 grid,
                                 bench_text(b, "%d", groups),
                                 "@",
                                 NULL};
    const char *merged =
        bench_make(b, bench_text(b, "district-27700-merged-%d.gpkg", groups), merge);
    if (merged == NULL) return;
    const layer small = {grid, "", "code"}, large = {merged, "", "code"};
    ask(b, "crosswalk",
        bench_text(b, "crosswalk of %d areas (%s) and %d groups of them",
                   in->district_areas, in->district_name, groups),
        small, large);
    if (b->real == NULL) return;
    const layer lsoa = {
        bench_text(b, "%s/lsoa_boundaries/lsoa_bgc_kirklees_leeds_27700.gpkg", b->real),
        "lsoa21", "LSOA21CD"};
    const layer ward = {
        bench_text(b, "%s/ward_boundaries/wards_kirklees_leeds_27700.gpkg", b->real),
        "WD20", "WD20CD"};
    if (bench_size(lsoa.path) > 0 && bench_size(ward.path) > 0)
        ask(b, "crosswalk-wards",
            "crosswalk of 748 LSOAs and 56 wards, Kirklees and Leeds", lsoa, ward);
}

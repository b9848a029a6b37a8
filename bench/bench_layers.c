/* Several geographies at once: small areas, groups of them like wards, larger groups like
 * places, and districts, against the small areas alone. */
#include "bench/bench.h"

static bench_contender *add(bench *b, bench_question *q, const char *name,
                            const char *points, const char *const *layers, size_t n) {
    const char *argument[BENCH_ARGUMENTS] = {
        bench_text(b, "%s/bench/count_layers", b->build), points,
        bench_text(b, "%d", b->threads)};
    for (size_t i = 0; i < n; i++) argument[3 + i] = layers[i];
    bench_contender *c = bench_add(q, name, argument);
    c->phase = "count";
    return c;
}

/* The look-up alone. */
static void add_locate(bench *b, bench_question *q, const char *name, const char *points,
                       const char *const *layers, size_t n) {
    const char *counts = bench_text(b, "%s/locate-layers-%zu.csv", b->data, n);
    const char *argument[BENCH_ARGUMENTS] = {
        bench_text(b, "%s/bench/bench_locate", b->build), layers[0], points, counts,
        bench_text(b, "%d", b->threads)};
    for (size_t i = 1; i < n; i++) argument[4 + i] = layers[i];
    bench_contender *c = bench_add(q, name, argument);
    c->counts = counts;
    c->phase = "locate";
}

void bench_layers(bench *b, const bench_input *in) {
    const int64_t rows = b->quick ? 100000 : 1000000;
    const char *layers[4] = {in->district};
    for (int i = 1; i < 4; i++) {
        static const int share[4] = {1, 8, 60, 0};
        const int groups = share[i] > 0 ? in->district_areas / share[i] + 1 : 0;
        const char *const merge[] = {bench_text(b, "%s/bench/country", b->build),
                                     "merge",
                                     in->district,
                                     bench_text(b, "%d", groups),
                                     "@",
                                     NULL};
        layers[i] =
            bench_make(b, bench_text(b, "district-merged-%d.gpkg", groups), merge);
        if (layers[i] == NULL) return;
    }
    const char *points =
        bench_incidents(b, in->district, "district", rows, ".csv", "snap");
    if (points == NULL) return;
    bench_question q = {.id = "layers",
                        .title = "several geographies at once",
                        .rows = (double)rows,
                        .bytes = bench_size(points)};
    add(b, &q, "placestat, one geography", points, layers, 1);
    add(b, &q, "placestat, four geographies", points, layers, 4);
    bench_ask(b, &q, NULL);

    const char *xy = bench_incidents(b, in->district, "district", rows, ".xy", "snap");
    if (xy == NULL) return;
    bench_question alone = {.id = "layers-points",
                            .title = "several geographies at once, points in memory",
                            .rows = bench_size(xy) / 16};
    add_locate(b, &alone, "placestat, one geography", xy, layers, 1);
    add_locate(b, &alone, "placestat, four geographies", xy, layers, 4);
    bench_ask(b, &alone, NULL);
}

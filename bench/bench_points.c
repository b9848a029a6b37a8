/* Points in memory: the look-up alone, in the order of the police's files and in random
 * order, in many small areas and in few huge ones. */
#include "bench/bench.h"

static bench_contender *add_locate(bench *b, bench_question *q, const char *name,
                                   const char *boundaries, const char *points,
                                   int threads) {
    const char *counts = bench_text(b, "%s/locate-%zu.csv", b->data, q->n);
    const char *const argument[] = {bench_text(b, "%s/bench/bench_locate", b->build),
                                    boundaries,
                                    points,
                                    counts,
                                    bench_text(b, "%d", threads),
                                    NULL};
    bench_contender *c = bench_add(q, name, argument);
    c->counts = counts;
    c->phase = "locate";
    return c;
}

static void ask(bench *b, const char *id, const char *title, const char *boundaries,
                const char *points, const char *fewer) {
    bench_question q = {.id = id, .title = title, .rows = bench_size(points) / 16};
    add_locate(b, &q, "placestat", boundaries, points, b->threads);
    add_locate(b, &q, "placestat, 1 thread", boundaries, points, 1);
    if (fewer != NULL) {
        add_locate(b, &q, "placestat, the small areas", fewer, points, b->threads)
            ->other_answer = true;
    }
    bench_add_geos(b, &q, "GEOS program", boundaries, points, b->threads)->phase =
        "locate";
    bench_ask(b, &q, NULL);
}

void bench_points(bench *b, const bench_input *in) {
    const int64_t rows = b->quick ? 1000000 : 10000000;
    const int64_t few = b->quick ? 100000 : 10000000;
    const char *ordered = bench_incidents(b, in->england, "country", rows, ".xy", "snap");
    const char *random =
        bench_incidents(b, in->england, "country", rows / 5, ".xy", "random");
    if (ordered == NULL || random == NULL) return;
    ask(b, "points-ordered",
        bench_text(b, "points in memory, %s, in file order", in->england_name),
        in->england, ordered, NULL);
    ask(b, "points-random",
        bench_text(b, "points in memory, %s, all distinct, random order",
                   in->england_name),
        in->england, random, NULL);
    /* With few rows the union of a whole country would be all that is waited for. */
    const char *base = b->quick ? in->district : in->england;
    const char *label = b->quick ? "district" : "country";
    const char *const merge[] = {
        bench_text(b, "%s/bench/country", b->build), "merge", base, "17", "@", NULL};
    const char *regions = bench_make(b, bench_text(b, "%s-17.gpkg", label), merge);
    const char *points = bench_incidents(b, base, label, few, ".xy", "snap");
    if (regions == NULL || points == NULL) return;
    ask(b, "points-huge", "few huge polygons: 17 regions", regions, points, base);
}

/* Boundaries alone: a join of one row, so all that is left is starting, reading the
 * layer, preparing it, and ending. */
#include "bench/bench.h"

void bench_boundaries(bench *b, const bench_input *in) {
    const char *points = bench_incidents(b, in->district, "district", 40, ".csv", "snap");
    const char *xy = bench_incidents(b, in->district, "district", 40, ".xy", "snap");
    if (points == NULL || xy == NULL) return;
    bench_question q = {.id = "boundaries"};
    q.title =
        bench_text(b, "boundaries of %s alone (%d areas, %.1f MB)", in->england_name,
                   in->england_areas, bench_size(in->england) / 1e6);
    bench_add_placestat(b, &q, "placestat, first time", in->england, points, b->threads)
        ->fresh = true;
    bench_add_placestat(b, &q, "placestat, prepared file", in->england, points,
                        b->threads)
        ->prepared = true;
    const char *counts = bench_text(b, "%s/placestat-locate.csv", b->data);
    const char *const argument[] = {bench_text(b, "%s/bench/bench_locate", b->build),
                                    in->england,
                                    xy,
                                    counts,
                                    bench_text(b, "%d", b->threads),
                                    NULL};
    bench_add(&q, "placestat, of it reading", argument)->phase = "read";
    bench_add(&q, "placestat, of it the index", argument)->phase = "index";
    bench_add_geos(b, &q, "GEOS program", in->england, points, b->threads);
    bench_contender *c = bench_add_geos(b, &q, "GEOS program, of it reading", in->england,
                                        points, b->threads);
    c->phase = "read";
    c = bench_add_geos(b, &q, "GEOS program, of it preparing", in->england, points,
                       b->threads);
    c->phase = "index";
    bench_ask(b, &q, NULL);
    bench_remove(counts);
}

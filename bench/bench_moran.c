/* Local Moran of as many areas as the country has, with permutations. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "bench/bench.h"

enum { QUICK_AREAS = 400 };

/* R takes minutes for as many as placestat is asked for. */
#define PEER_PERMUTATIONS "99"

/* A value that is like those around it, and some noise that is the same on every run. */
static double value_at(int row, int column, int side) {
    const uint32_t mixed = (uint32_t)(row * side + column) * 2654435761u;
    return 10 * sin(row * 0.07) * cos(column * 0.05) + (double)(mixed >> 8 & 1023) / 256;
}

/* Fields of a square, row by row, with all that they touch as neighbours. */
static bool write_fields(const char *path, int areas) {
    FILE *file = fopen(path, "w");
    if (file == NULL) return false;
    const int side = (int)ceil(sqrt(areas));
    fputs("area_code,neighbours,value\n", file);
    for (int a = 0; a < areas; a++) {
        const int row = a / side, column = a % side;
        const char *between = "";
        fprintf(file, "A%06d,", a);
        for (int i = row - 1; i <= row + 1; i++) {
            for (int j = column - 1; j <= column + 1; j++) {
                const int other = i * side + j;
                if (i < 0 || j < 0 || j >= side || other >= areas || other == a) continue;
                fprintf(file, "%sA%06d", between, other);
                between = ";";
            }
        }
        fprintf(file, ",%.6f\n", value_at(row, column, side));
    }
    return fclose(file) == 0;
}

static void add_placestat(bench *b, bench_question *q, const char *name,
                          const char *table, const char *permutations, int threads) {
    const char *result = bench_text(b, "%s/moran-%zu.csv", b->data, q->n);
    const char *const argument[] = {bench_text(b, "%s/placestat", b->build),
                                    "compute",
                                    "local_moran",
                                    table,
                                    "-p",
                                    bench_text(b, "permutations=%s", permutations),
                                    "--progress",
                                    "none",
                                    "--threads",
                                    bench_text(b, "%d", threads),
                                    "-o",
                                    result,
                                    NULL};
    bench_add(q, name, argument)->counts = result;
}

void bench_moran(bench *b, const bench_input *in) {
    const int areas = b->quick ? QUICK_AREAS : in->england_areas;
    const char *permutations = b->quick ? "99" : "9999";
    const char *table = bench_text(b, "%s/fields-%d.csv", b->data, areas);
    if (!write_fields(table, areas)) {
        printf("cannot write %s: %s\n", table, strerror(errno));
        b->failures++;
        return;
    }
    bench_question q = {.id = "moran", .rows = areas};
    q.title =
        bench_text(b, "local Moran of %d areas, %s permutations", areas, permutations);
    add_placestat(b, &q, "placestat", table, permutations, b->threads);
    add_placestat(b, &q, "placestat, 1 thread", table, permutations, 1);
    const char *const argument[] = {
        "Rscript",
        bench_text(b, "%s/bench/peers/spdep_moran.R", b->root),
        table,
        permutations,
        bench_text(b, "%d", b->threads),
        NULL};
    bench_contender *c = bench_add(&q, "R spdep", argument);
    c->peer = true;
    c->phase = "moran";
    bench_ask(b, &q, NULL);
    for (size_t i = 0; i < q.n; i++)
        if (q.contender[i].counts != NULL) bench_remove(q.contender[i].counts);
    bench_remove(table);
}

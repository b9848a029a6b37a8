/* bench_locate BOUNDARIES POINTS.xy OUT.csv THREADS [BOUNDARIES...]: placestat's answer
 * to points that are in memory, without any file around it, in one layer or several at
 * once; the counts are those of the first.
 *
 * Prints the seconds of each phase: reading the layer, the index, and the look-up, which
 * is the one that is compared with `geos_join` on the same points.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bench/bench.h"
#include "engine/core/mem.h"
#include "engine/core/par.h"
#include "geo/layer.h"
#include "geo/locate.h"

enum { GRAIN = 1 << 14, LAYERS = 8 };

typedef struct work {
    const ps_locator *locator;
    const double *x, *y;
    int32_t *row;  /* in the first layer */
    int32_t *rows; /* per worker: of a block in all layers */
    size_t layers;
} work;

static ps_status locate_block(void *context, size_t begin, size_t end, int worker,
                              ps_error *err) {
    (void)err;
    work *w = context;
    const size_t n = end - begin;
    int32_t *rows = w->rows + (size_t)worker * w->layers * GRAIN;
    ps_locate(w->locator, n, w->x + begin, w->y + begin, rows, NULL);
    memcpy(w->row + begin, rows, n * sizeof *rows);
    return PS_OK;
}

static ps_status read_points(const char *path, size_t *n, double **x, double **y,
                             ps_error *err) {
    struct stat facts;
    FILE *file = fopen(path, "rb");
    if (file == NULL || fstat(fileno(file), &facts) != 0) {
        if (file != NULL) fclose(file);
        return ps_fail(err, PS_INPUT, "cannot read '%s'", path);
    }
    *n = (size_t)facts.st_size / (2 * sizeof(double));
    *x = ps_alloc(*n, sizeof **x);
    *y = ps_alloc(*n, sizeof **y);
    if (*x == NULL || *y == NULL) {
        fclose(file);
        return ps_fail_nomem(err);
    }
    ps_status status = PS_OK;
    for (size_t i = 0; i < *n && status == PS_OK; i++) {
        double xy[2];
        if (fread(xy, sizeof xy, 1, file) != 1)
            status = ps_fail(err, PS_INPUT, "'%s' ends early", path);
        (*x)[i] = xy[0];
        (*y)[i] = xy[1];
    }
    fclose(file);
    return status;
}

static ps_status write_counts(const char *path, const ps_areas *areas, size_t n,
                              const int32_t *row, ps_error *err) {
    int64_t *count = ps_zalloc(areas->n, sizeof *count);
    if (count == NULL) return ps_fail_nomem(err);
    for (size_t i = 0; i < n; i++) {
        if (row[i] >= 0) count[row[i]]++;
    }
    ps_status status = PS_OK;
    FILE *file = fopen(path, "w");
    if (file == NULL) {
        status = ps_fail(err, PS_OUTPUT, "cannot write '%s'", path);
    } else {
        fputs("area,count\n", file);
        for (size_t i = 0; i < areas->n; i++) {
            if (count[i] > 0) {
                fprintf(file, "%.*s,%lld\n", (int)areas->code[i].n, areas->code[i].p,
                        (long long)count[i]);
            }
        }
        if (fclose(file) != 0)
            status = ps_fail(err, PS_OUTPUT, "cannot write '%s'", path);
    }
    ps_free(count);
    return status;
}

static ps_status answer(char **argv, size_t layers, ps_areas **areas,
                        ps_locator **locator, double **x, double **y, int32_t **row,
                        int32_t **rows, ps_error *err) {
    ps_locator_layer layer[LAYERS];
    size_t n = 0;
    const double start = bench_now();
    for (size_t i = 0; i < layers; i++) {
        const ps_layer_spec spec = {.path = argv[i == 0 ? 1 : 4 + i], .code = "code"};
        ps_layer_report report;
        PS_TRY(ps_layer_read_areas(&spec, NULL, &areas[i], &report, err));
        layer[i] = (ps_locator_layer){areas[i], NULL};
    }
    const double read = bench_now();
    PS_TRY(ps_locator_build(layer, layers, ps_crs_is_geographic(areas[0]->crs), locator,
                            err));
    const double built = bench_now();
    PS_TRY(read_points(argv[2], &n, x, y, err));
    *row = ps_zalloc(n, sizeof **row);
    *rows = ps_zalloc((size_t)ps_threads() * layers, GRAIN * sizeof **rows);
    if (*row == NULL || *rows == NULL) return ps_fail_nomem(err);
    work w = {*locator, *x, *y, *row, *rows, layers};
    const double begin = bench_now();
    PS_TRY(ps_par_for(n, GRAIN, locate_block, &w, err));
    printf("PHASE read %.6f\nPHASE index %.6f\nPHASE locate %.6f\n", read - start,
           built - read, bench_now() - begin);
    printf("INFO index of %zu bytes\n", ps_locator_bytes(*locator));
    return write_counts(argv[3], areas[0], n, *row, err);
}

int main(int argc, char **argv) {
    int64_t threads = 0;
    if (argc < 5 || argc > 4 + LAYERS || !ps_parse_int(ps_str_of(argv[4]), &threads) ||
        threads < 0 || threads > 1024) {
        fprintf(stderr,
                "usage: bench_locate BOUNDARIES POINTS.xy OUT.csv THREADS "
                "[BOUNDARIES...]\n");
        return 2;
    }
    ps_error err = {PS_OK, ""};
    ps_areas *areas[LAYERS] = {NULL};
    ps_locator *locator = NULL;
    double *x = NULL, *y = NULL;
    int32_t *row = NULL, *rows = NULL;
    ps_set_threads((int)threads);
    const ps_status status =
        answer(argv, (size_t)argc - 4, areas, &locator, &x, &y, &row, &rows, &err);
    ps_locator_free(locator);
    for (size_t i = 0; i < LAYERS; i++) ps_areas_free(areas[i]);
    ps_free(x);
    ps_free(y);
    ps_free(row);
    ps_free(rows);
    if (status != PS_OK) {
        fprintf(stderr, "bench_locate: %s\n", err.text);
        return 1;
    }
    return 0;
}

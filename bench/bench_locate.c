/* bench_locate BOUNDARIES POINTS.xy OUT.csv THREADS: placestat's answer to points that
 * are in memory, without any file around it.
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

enum { GRAIN = 1 << 14 };

typedef struct work {
    const ps_locator *locator;
    const double *x, *y;
    int32_t *row;
} work;

static ps_status locate_block(void *context, size_t begin, size_t end, int worker,
                              ps_error *err) {
    (void)worker;
    (void)err;
    work *w = context;
    ps_locate(w->locator, end - begin, w->x + begin, w->y + begin, w->row + begin, NULL);
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

static ps_status answer(char **argv, ps_areas **areas, ps_locator **locator, double **x,
                        double **y, int32_t **row, ps_error *err) {
    const ps_layer_spec spec = {.path = argv[1], .code = "code"};
    ps_layer_report report;
    size_t n = 0;
    const double start = bench_now();
    PS_TRY(ps_layer_read_areas(&spec, NULL, areas, &report, err));
    const double read = bench_now();
    PS_TRY(ps_locator_build(&(ps_locator_layer){*areas, NULL}, 1,
                            ps_crs_is_geographic((*areas)->crs), locator, err));
    const double built = bench_now();
    PS_TRY(read_points(argv[2], &n, x, y, err));
    *row = ps_zalloc(n, sizeof **row);
    if (*row == NULL) return ps_fail_nomem(err);
    work w = {*locator, *x, *y, *row};
    const double begin = bench_now();
    PS_TRY(ps_par_for(n, GRAIN, locate_block, &w, err));
    printf("PHASE read %.6f\nPHASE index %.6f\nPHASE locate %.6f\n", read - start,
           built - read, bench_now() - begin);
    printf("INFO index of %zu bytes\n", ps_locator_bytes(*locator));
    return write_counts(argv[3], *areas, n, *row, err);
}

int main(int argc, char **argv) {
    int64_t threads = 0;
    if (argc != 5 || !ps_parse_int(ps_str_of(argv[4]), &threads) || threads < 0 ||
        threads > 1024) {
        fprintf(stderr, "usage: bench_locate BOUNDARIES POINTS.xy OUT.csv THREADS\n");
        return 2;
    }
    ps_error err = {PS_OK, ""};
    ps_areas *areas = NULL;
    ps_locator *locator = NULL;
    double *x = NULL, *y = NULL;
    int32_t *row = NULL;
    ps_set_threads((int)threads);
    const ps_status status = answer(argv, &areas, &locator, &x, &y, &row, &err);
    ps_locator_free(locator);
    ps_areas_free(areas);
    ps_free(x);
    ps_free(y);
    ps_free(row);
    if (status != PS_OK) {
        fprintf(stderr, "bench_locate: %s\n", err.text);
        return 1;
    }
    return 0;
}

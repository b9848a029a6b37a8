/* count_layers POINTS.csv THREADS BOUNDARIES...: rows of the police located and counted
 * in all the geographies in one pass. Prints the seconds for that; reading the layers is
 * left out, since it is the same for one pass and for several. */
#include <stdio.h>
#include <stdlib.h>

#include "bench/bench.h"
#include "engine/core/par.h"
#include "engine/run/count.h"
#include "geo/layer.h"

enum { LAYERS = 8 };

static ps_status count_all(char **argument, size_t n, ps_areas **areas,
                           ps_point_counts **counts, ps_error *err) {
    for (size_t i = 0; i < n; i++) {
        const ps_layer_spec layer = {.path = argument[3 + i], .code = "code"};
        ps_layer_report report;
        PS_TRY(ps_layer_read_areas(&layer, NULL, &areas[i], &report, err));
    }
    const char *const files[] = {argument[1]};
    const char *const by[] = {"Crime type", "Month"};
    const ps_points_spec spec = {.id = "crime",
                                 .files = files,
                                 .n_files = 1,
                                 .x = "Longitude",
                                 .y = "Latitude",
                                 .crs = "EPSG:4326",
                                 .date = "Month",
                                 .by = by,
                                 .n_by = 2};
    const ps_areas *frozen[LAYERS];
    for (size_t i = 0; i < n; i++) frozen[i] = areas[i];
    const ps_count_options options = {.max_accuracy = 100};
    const double start = bench_now();
    PS_TRY(ps_count_points(&spec, frozen, n, &options, counts, err));
    printf("PHASE count %.6f\n", bench_now() - start);
    for (size_t i = 0; i < n; i++) {
        printf("INFO %zu areas: %lld matched\n", areas[i]->n,
               (long long)(*counts)->geography[i].matches[0].matched);
    }
    return PS_OK;
}

int main(int argc, char **argv) {
    int64_t threads = 0;
    if (argc < 4 || argc > 3 + LAYERS || !ps_parse_int(ps_str_of(argv[2]), &threads) ||
        threads < 0 || threads > 1024) {
        fprintf(stderr, "usage: count_layers POINTS.csv THREADS BOUNDARIES...\n");
        return 2;
    }
    ps_error err = {PS_OK, ""};
    ps_areas *areas[LAYERS] = {NULL};
    ps_point_counts *counts = NULL;
    ps_set_threads((int)threads);
    const ps_status status = count_all(argv, (size_t)argc - 3, areas, &counts, &err);
    ps_point_counts_free(counts);
    for (size_t i = 0; i < LAYERS; i++) ps_areas_free(areas[i]);
    if (status != PS_OK) {
        fprintf(stderr, "count_layers: %s\n", err.text);
        return 1;
    }
    return 0;
}

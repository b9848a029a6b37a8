/* cross_layers FROM LAYER CODE TO LAYER CODE OUT.csv THREADS: placestat's crosswalk of
 * two layers of one projected CRS. Prints the seconds of reading and of the crosswalk,
 * which is what is compared with `geos_crosswalk`. OUT gets from, to and the share of
 * FROM in ten thousandths, where that is not 0. LAYER may be empty. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/bench.h"
#include "engine/core/par.h"
#include "geo/crosswalk.h"
#include "geo/layer.h"

static ps_status read_layer(char **argument, ps_areas **out, ps_error *err) {
    const ps_layer_spec spec = {.path = argument[0],
                                .layer = argument[1][0] != '\0' ? argument[1] : NULL,
                                .code = argument[2]};
    ps_layer_report report;
    return ps_layer_read_areas(&spec, NULL, out, &report, err);
}

static ps_status write_shares(const char *path, const ps_areas *from, const ps_areas *to,
                              const ps_crosswalk *c, ps_error *err) {
    FILE *file = fopen(path, "w");
    if (file == NULL) return ps_fail(err, PS_OUTPUT, "cannot write '%s'", path);
    fputs("from,to,share\n", file);
    for (size_t a = 0; a < from->n; a++) {
        for (size_t i = c->overlap.offset[a]; i < c->overlap.offset[a + 1]; i++) {
            const ps_str f = from->code[a], t = to->code[c->overlap.column[i]];
            const double share = c->overlap.weight[i] / c->from_area[a];
            if (lround(share * 1e4) == 0) continue;
            fprintf(file, "%.*s,%.*s,%ld\n", (int)f.n, f.p, (int)t.n, t.p,
                    lround(share * 1e4));
        }
    }
    if (fclose(file) != 0) return ps_fail(err, PS_OUTPUT, "cannot write '%s'", path);
    return PS_OK;
}

static ps_status answer(char **argv, ps_areas **from, ps_areas **to,
                        ps_crosswalk **crosswalk, ps_error *err) {
    const double start = bench_now();
    PS_TRY(read_layer(argv + 1, from, err));
    PS_TRY(read_layer(argv + 4, to, err));
    const double read = bench_now();
    PS_TRY(ps_crosswalk_build(*from, NULL, *to, NULL, ps_crs_metres((*to)->crs),
                              crosswalk, err));
    printf("PHASE read %.6f\nPHASE crosswalk %.6f\n", read - start, bench_now() - read);
    printf("INFO %zu x %zu areas, %zu pairs\n", (*from)->n, (*to)->n,
           (*crosswalk)->overlap.offset[(*from)->n]);
    return write_shares(argv[7], *from, *to, *crosswalk, err);
}

int main(int argc, char **argv) {
    int64_t threads = 0;
    if (argc != 9 || !ps_parse_int(ps_str_of(argv[8]), &threads) || threads < 0 ||
        threads > 1024) {
        fprintf(stderr,
                "usage: cross_layers FROM LAYER CODE TO LAYER CODE OUT.csv "
                "THREADS\n");
        return 2;
    }
    ps_error err = {PS_OK, ""};
    ps_areas *from = NULL, *to = NULL;
    ps_crosswalk *crosswalk = NULL;
    ps_set_threads((int)threads);
    const ps_status status = answer(argv, &from, &to, &crosswalk, &err);
    ps_crosswalk_free(crosswalk);
    ps_areas_free(from);
    ps_areas_free(to);
    if (status != PS_OK) {
        fprintf(stderr, "cross_layers: %s\n", err.text);
        return 1;
    }
    return 0;
}

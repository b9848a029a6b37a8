#include "engine/core/par.h"

#include <omp.h>
#include <stdint.h>

static int chosen_threads;

/* A runtime that cannot start its threads ends the process, which a library must not. */
enum { MOST_THREADS = 1024 };

void ps_set_threads(int threads) {
    chosen_threads = threads > 0 ? threads : 0;
}

int ps_threads(void) {
    int threads = chosen_threads > 0 ? chosen_threads : omp_get_num_procs();
    if (threads > MOST_THREADS) return MOST_THREADS;
    return threads > 0 ? threads : 1;
}

ps_status ps_par_for(size_t n, size_t grain, ps_par_fn *fn, void *context,
                     ps_error *err) {
    if (grain == 0) grain = 1;
    const size_t blocks = n / grain + (n % grain != 0);
    size_t worst = SIZE_MAX; /* lowest failing block */
    ps_error first = {PS_OK, ""};
    int threads = ps_threads();
    if ((size_t)threads > blocks) threads = blocks > 0 ? (int)blocks : 1;

    if (threads == 1) {
        for (size_t b = 0; b < blocks; b++) {
            size_t begin = b * grain;
            size_t end = n - begin < grain ? n : begin + grain;
            first.status = fn(context, begin, end, 0, &first);
            if (first.status == PS_OK) continue;
            if (err != NULL) *err = first;
            return first.status;
        }
        return PS_OK;
    }
#pragma omp parallel for schedule(dynamic, 1) num_threads(threads)
    for (size_t b = 0; b < blocks; b++) {
        size_t seen;
#pragma omp atomic read
        seen = worst;
        if (b > seen) continue;
        size_t begin = b * grain;
        size_t end = n - begin < grain ? n : begin + grain;
        ps_error mine = {PS_OK, ""};
        ps_status status = fn(context, begin, end, omp_get_thread_num(), &mine);
        if (status != PS_OK) {
#pragma omp critical(ps_par_worst)
            {
                size_t before;
#pragma omp atomic read
                before = worst;
                if (b < before) {
#pragma omp atomic write
                    worst = b;
                    first = mine;
                    first.status = status;
                }
            }
        }
    }
    if (worst == SIZE_MAX) return PS_OK;
    if (err != NULL) *err = first;
    return first.status;
}

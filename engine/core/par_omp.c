#include "engine/core/par_omp.h"

#include <omp.h>

void ps_omp_team(int threads, ps_team_fn *fn, void *context) {
#pragma omp parallel num_threads(threads)
    fn(context, omp_get_thread_num());
}

const ps_omp_functions ps_omp = {
    .head = {sizeof(ps_omp_functions), PS_VERSION},
    .team = ps_omp_team,
};

/* The part of par.h that needs OpenMP, as a table of functions; par.c goes on to it. */
#ifndef PS_CORE_PAR_OMP_H
#define PS_CORE_PAR_OMP_H

#include "engine/core/module.h"

typedef void ps_team_fn(void *context, int worker);

/* Call fn on each of so many threads, or of as many as there can be, and wait for all. */
void ps_omp_team(int threads, ps_team_fn *fn, void *context);

typedef struct ps_omp_functions {
    ps_module_head head;
    __typeof__(&ps_omp_team) team;
} ps_omp_functions;

/* Of the module; absent in the library. */
extern const ps_omp_functions ps_omp __attribute__((weak));

#endif

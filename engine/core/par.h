/* Parallel loops, on OpenMP's threads, which par_omp.c alone knows.
 *
 * Work is cut into blocks by n and grain alone, never by the number of threads, so a
 * caller that gives each block its own output gets the same bytes for any number of
 * threads.
 */
#ifndef PS_CORE_PAR_H
#define PS_CORE_PAR_H

#include <stddef.h>

#include "engine/core/status.h"

/* Work on elements [begin, end). worker is 0 .. ps_threads() - 1; no two calls that run
 * at the same time have the same worker, so it may index scratch space. */
typedef ps_status ps_par_fn(void *context, size_t begin, size_t end, int worker,
                            ps_error *err);

/* Set the number of threads of all later loops; 0 means all that this process may use.
 * 1024 are the most. */
void ps_set_threads(int threads);
/* The number of workers that a loop may use, at least 1; always the same until the next
 * ps_set_threads. */
int ps_threads(void);

/* For a program's start, before another thread runs: workers between two loops go to
 * sleep after some microseconds. By itself OpenMP's runtime lets them wait awake for some
 * milliseconds, which on a machine with other work to do is taken from the worker that is
 * waited for. What OMP_WAIT_POLICY and GOMP_SPINCOUNT say holds. */
void ps_par_sleep_when_idle(void);

/* Call fn for every block of grain elements of [0, n). When blocks fail, the status and
 * message of the lowest failing block are returned, whatever the order in which they ran;
 * blocks that had not started by then may be left out. One thread is a plain loop. Not to
 * be nested. */
ps_status ps_par_for(size_t n, size_t grain, ps_par_fn *fn, void *context,
                     ps_error *err) PS_MUST_CHECK;

/* One step of the work on one item. */
typedef ps_status ps_pipe_fn(void *context, size_t item, int worker, ps_error *err);

/* Work on n items of which one step has to happen in order. For each item a worker calls
 * before(), then in_turn() once all lower items have had theirs, then after(); before()
 * and after() of different items run side by side. Items are taken in order, so a worker
 * waits for its turn only while the item in front is on its way. before and after may be
 * NULL. Failures as in ps_par_for. Not to be nested.
 * Cost  the turn is passed on by one store; who waits for it does so awake for some
 * microseconds, then asleep. */
ps_status ps_par_pipe(size_t n, ps_pipe_fn *before, ps_pipe_fn *in_turn,
                      ps_pipe_fn *after, void *context, ps_error *err) PS_MUST_CHECK;

/* One thread at a time; for what happens rarely inside a loop. */
typedef struct ps_lock ps_lock;
ps_status ps_lock_create(ps_lock **out, ps_error *err) PS_MUST_CHECK;
void ps_lock_take(ps_lock *lock);
void ps_lock_give(ps_lock *lock);
void ps_lock_free(ps_lock *lock);

#endif

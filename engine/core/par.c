#include "engine/core/par.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "engine/core/mem.h"
#include "engine/core/par_omp.h"

static int chosen_threads;
/* Asked for once: what a process may use can change while it runs, but callers make
 * scratch space for the workers that they were told of. */
static _Atomic int all_threads;

/* A runtime that cannot start its threads ends the process, which a library must not. */
enum { MOST_THREADS = 1024 };

void ps_set_threads(int threads) {
    chosen_threads = threads > 0 ? threads : 0;
}

/* Those that the process may run on. */
static int count_processors(void) {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
    return (int)sysconf(_SC_NPROCESSORS_ONLN); /* more than the set has room for */
}

int ps_threads(void) {
    int threads = chosen_threads > 0 ? chosen_threads : atomic_load(&all_threads);
    if (threads == 0) atomic_store(&all_threads, threads = count_processors());
    if (threads > MOST_THREADS) return MOST_THREADS;
    return threads > 0 ? threads : 1;
}

/* ---- a team of workers ---- */

static pthread_once_t once = PTHREAD_ONCE_INIT;
static const ps_omp_functions *module; /* written once */

static void load(void) {
    char trouble[PS_MODULE_TROUBLE];
    module = &ps_omp != NULL ? &ps_omp
                             : ps_module_load("omp", "ps_omp", sizeof *module, trouble);
}

/* Without the module one thread does it all. */
static void run_team(int threads, ps_team_fn *fn, void *context) {
    if (threads > 1) pthread_once(&once, load);
    if (threads > 1 && module != NULL)
        module->team(threads, fn, context);
    else
        fn(context, 0);
}

void ps_par_sleep_when_idle(void) {
    /* Each look is a pause of some nanoseconds; 300,000 are usual. */
    if (getenv("OMP_WAIT_POLICY") == NULL) (void)setenv("GOMP_SPINCOUNT", "1000", 0);
}

/* ---- failures ---- */

/* The lowest failing item of a loop so far. */
typedef struct failure {
    _Atomic size_t worst; /* SIZE_MAX: none */
    ps_error error;
    pthread_mutex_t mutex; /* for the error */
} failure;

#define NO_FAILURE \
    { SIZE_MAX, {PS_OK, ""}, PTHREAD_MUTEX_INITIALIZER }

static void note_failure(failure *f, size_t item, ps_status status,
                         const ps_error *error) {
    (void)pthread_mutex_lock(&f->mutex);
    if (item < atomic_load(&f->worst)) {
        f->error = *error;
        f->error.status = status;
        atomic_store(&f->worst, item);
    }
    (void)pthread_mutex_unlock(&f->mutex);
}

static ps_status report(failure *f, ps_error *err) {
    if (atomic_load(&f->worst) == SIZE_MAX) return PS_OK;
    if (err != NULL) *err = f->error;
    return f->error.status;
}

/* ---- loops ---- */

typedef struct loop {
    size_t n, grain, blocks;
    ps_par_fn *fn;
    void *context;
    failure failed;
    _Atomic size_t next; /* block to be taken */
} loop;

static void run_blocks(void *context, int worker) {
    loop *l = context;
    for (;;) {
        const size_t b = atomic_fetch_add(&l->next, 1);
        if (b >= l->blocks || b > atomic_load(&l->failed.worst)) return;
        const size_t begin = b * l->grain;
        const size_t end = l->n - begin < l->grain ? l->n : begin + l->grain;
        ps_error mine = {PS_OK, ""};
        const ps_status status = l->fn(l->context, begin, end, worker, &mine);
        if (status != PS_OK) note_failure(&l->failed, b, status, &mine);
    }
}

/* No more than there is to do. */
static int threads_for(size_t items) {
    const int threads = ps_threads();
    if ((size_t)threads <= items) return threads;
    return items > 0 ? (int)items : 1;
}

ps_status ps_par_for(size_t n, size_t grain, ps_par_fn *fn, void *context,
                     ps_error *err) {
    if (grain == 0) grain = 1;
    loop l = {.n = n,
              .grain = grain,
              .blocks = n / grain + (n % grain != 0),
              .fn = fn,
              .context = context,
              .failed = NO_FAILURE};
    run_team(threads_for(l.blocks), run_blocks, &l);
    return report(&l.failed, err);
}

/* ---- pipes ---- */

typedef struct pipeline {
    size_t n;
    ps_pipe_fn *before, *in_turn, *after;
    void *context;
    failure failed;
    _Atomic size_t next; /* item to be taken */
    _Atomic size_t turn; /* item whose turn it is */
    /* For those who have waited awake for long enough. */
    _Atomic int asleep;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
} pipeline;

/* How often a waiting worker looks before it goes to sleep: some microseconds, as long as
 * falling asleep takes. The one in front may have lost its processor to another program.
 */
enum { LOOKS = 2000 };

/* Whether the turn of an item has come, or will never, as a lower one failed. */
static bool is_settled(pipeline *p, size_t item) {
    return atomic_load(&p->turn) == item || atomic_load(&p->failed.worst) < item;
}

/* false when the turn will never come. */
static bool await_turn(pipeline *p, size_t item) {
    for (int looks = 0; looks < LOOKS && !is_settled(p, item); looks++) {
#if defined(__x86_64__) || defined(__i386__)
        __builtin_ia32_pause();
#endif
    }
    if (!is_settled(p, item)) {
        pthread_mutex_lock(&p->mutex);
        atomic_fetch_add(&p->asleep, 1);
        while (!is_settled(p, item)) pthread_cond_wait(&p->changed, &p->mutex);
        atomic_fetch_sub(&p->asleep, 1);
        pthread_mutex_unlock(&p->mutex);
    }
    return atomic_load(&p->turn) == item;
}

/* The turn or the failures have changed. */
static void wake(pipeline *p) {
    if (atomic_load(&p->asleep) == 0) return;
    pthread_mutex_lock(&p->mutex);
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->mutex);
}

static ps_status pass_item(pipeline *p, size_t item, int worker, ps_error *err) {
    if (p->before != NULL) PS_TRY(p->before(p->context, item, worker, err));
    if (!await_turn(p, item)) return PS_OK;
    PS_TRY(p->in_turn(p->context, item, worker, err));
    atomic_store(&p->turn, item + 1);
    wake(p);
    return p->after != NULL ? p->after(p->context, item, worker, err) : PS_OK;
}

static void pass_items(void *context, int worker) {
    pipeline *p = context;
    for (;;) {
        const size_t item = atomic_fetch_add(&p->next, 1);
        if (item >= p->n || item > atomic_load(&p->failed.worst)) return;
        ps_error mine = {PS_OK, ""};
        ps_status status = pass_item(p, item, worker, &mine);
        if (status == PS_OK) continue;
        note_failure(&p->failed, item, status, &mine);
        wake(p);
    }
}

ps_status ps_par_pipe(size_t n, ps_pipe_fn *before, ps_pipe_fn *in_turn,
                      ps_pipe_fn *after, void *context, ps_error *err) {
    pipeline p = {.n = n,
                  .before = before,
                  .in_turn = in_turn,
                  .after = after,
                  .context = context,
                  .failed = NO_FAILURE,
                  .mutex = PTHREAD_MUTEX_INITIALIZER,
                  .changed = PTHREAD_COND_INITIALIZER};
    run_team(threads_for(n), pass_items, &p);
    return report(&p.failed, err);
}

/* ---- locks ---- */

struct ps_lock {
    pthread_mutex_t mutex;
};

ps_status ps_lock_create(ps_lock **out, ps_error *err) {
    *out = ps_alloc(1, sizeof **out);
    if (*out == NULL) return ps_fail_nomem(err);
    if (pthread_mutex_init(&(*out)->mutex, NULL) == 0) return PS_OK;
    ps_free(*out);
    *out = NULL;
    return ps_fail_nomem(err);
}

void ps_lock_take(ps_lock *lock) {
    (void)pthread_mutex_lock(&lock->mutex);
}

void ps_lock_give(ps_lock *lock) {
    (void)pthread_mutex_unlock(&lock->mutex);
}

void ps_lock_free(ps_lock *lock) {
    if (lock == NULL) return;
    (void)pthread_mutex_destroy(&lock->mutex);
    ps_free(lock);
}

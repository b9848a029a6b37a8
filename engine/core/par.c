#include "engine/core/par.h"

#include <omp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "engine/core/mem.h"

static int chosen_threads;
/* Asked for once: what a process may use can change while it runs, but callers make
 * scratch space for the workers that they were told of. */
static _Atomic int all_threads;

/* A runtime that cannot start its threads ends the process, which a library must not. */
enum { MOST_THREADS = 1024 };

void ps_set_threads(int threads) {
    chosen_threads = threads > 0 ? threads : 0;
}

int ps_threads(void) {
    int threads = chosen_threads > 0 ? chosen_threads : atomic_load(&all_threads);
    if (threads == 0) atomic_store(&all_threads, threads = omp_get_num_procs());
    if (threads > MOST_THREADS) return MOST_THREADS;
    return threads > 0 ? threads : 1;
}

/* The lowest failing item of a loop so far. */
typedef struct failure {
    _Atomic size_t worst; /* SIZE_MAX: none */
    ps_error error;
} failure;

static void note_failure(failure *f, size_t item, ps_status status,
                         const ps_error *error) {
#pragma omp critical(ps_par_worst)
    {
        if (item < atomic_load(&f->worst)) {
            f->error = *error;
            f->error.status = status;
            atomic_store(&f->worst, item);
        }
    }
}

static ps_status report(failure *f, ps_error *err) {
    if (atomic_load(&f->worst) == SIZE_MAX) return PS_OK;
    if (err != NULL) *err = f->error;
    return f->error.status;
}

ps_status ps_par_for(size_t n, size_t grain, ps_par_fn *fn, void *context,
                     ps_error *err) {
    if (grain == 0) grain = 1;
    const size_t blocks = n / grain + (n % grain != 0);
    failure f = {SIZE_MAX, {PS_OK, ""}};
    int threads = ps_threads();
    if ((size_t)threads > blocks) threads = blocks > 0 ? (int)blocks : 1;

    if (threads == 1) {
        for (size_t b = 0; b < blocks; b++) {
            size_t begin = b * grain;
            size_t end = n - begin < grain ? n : begin + grain;
            f.error.status = fn(context, begin, end, 0, &f.error);
            if (f.error.status == PS_OK) continue;
            if (err != NULL) *err = f.error;
            return f.error.status;
        }
        return PS_OK;
    }
#pragma omp parallel for schedule(dynamic, 1) num_threads(threads)
    for (size_t b = 0; b < blocks; b++) {
        if (b > atomic_load(&f.worst)) continue;
        size_t begin = b * grain;
        size_t end = n - begin < grain ? n : begin + grain;
        ps_error mine = {PS_OK, ""};
        ps_status status = fn(context, begin, end, omp_get_thread_num(), &mine);
        if (status != PS_OK) note_failure(&f, b, status, &mine);
    }
    return report(&f, err);
}

/* ---- pipes ---- */

typedef struct pipe {
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
} pipe;

/* How often a waiting worker looks before it goes to sleep: some microseconds, as long as
 * falling asleep takes. The one in front may have lost its processor to another program.
 */
enum { LOOKS = 2000 };

/* Whether the turn of an item has come, or will never, as a lower one failed. */
static bool is_settled(pipe *p, size_t item) {
    return atomic_load(&p->turn) == item || atomic_load(&p->failed.worst) < item;
}

/* false when the turn will never come. */
static bool await_turn(pipe *p, size_t item) {
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
static void wake(pipe *p) {
    if (atomic_load(&p->asleep) == 0) return;
    pthread_mutex_lock(&p->mutex);
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->mutex);
}

static ps_status pass_item(pipe *p, size_t item, int worker, ps_error *err) {
    if (p->before != NULL) PS_TRY(p->before(p->context, item, worker, err));
    if (!await_turn(p, item)) return PS_OK;
    PS_TRY(p->in_turn(p->context, item, worker, err));
    atomic_store(&p->turn, item + 1);
    wake(p);
    return p->after != NULL ? p->after(p->context, item, worker, err) : PS_OK;
}

static void pass_items(pipe *p, int worker) {
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
    pipe p = {.n = n,
              .before = before,
              .in_turn = in_turn,
              .after = after,
              .context = context,
              .failed = {SIZE_MAX, {PS_OK, ""}},
              .mutex = PTHREAD_MUTEX_INITIALIZER,
              .changed = PTHREAD_COND_INITIALIZER};
    int threads = ps_threads();
    if ((size_t)threads > n) threads = n > 0 ? (int)n : 1;
    if (threads == 1) {
        pass_items(&p, 0);
    } else {
#pragma omp parallel num_threads(threads)
        pass_items(&p, omp_get_thread_num());
    }
    return report(&p.failed, err);
}

/* ---- locks ---- */

struct ps_lock {
    omp_lock_t lock;
};

ps_status ps_lock_create(ps_lock **out, ps_error *err) {
    *out = ps_alloc(1, sizeof **out);
    if (*out == NULL) return ps_fail_nomem(err);
    omp_init_lock(&(*out)->lock);
    return PS_OK;
}

void ps_lock_take(ps_lock *lock) {
    omp_set_lock(&lock->lock);
}

void ps_lock_give(ps_lock *lock) {
    omp_unset_lock(&lock->lock);
}

void ps_lock_free(ps_lock *lock) {
    if (lock == NULL) return;
    omp_destroy_lock(&lock->lock);
    ps_free(lock);
}

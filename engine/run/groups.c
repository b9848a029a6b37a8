#include "engine/run/groups.h"

#include <string.h>

#include "engine/core/par.h"

enum { RECENT = 256, FIRST_PAIRS = 256 };

/* A text and its number. Texts of up to 16 bytes are told apart by two words alone. */
typedef struct recent {
    uint64_t head, tail;
    size_t n; /* SIZE_MAX: none */
    int32_t number;
    const char *text;
} recent;

/* Numbers of the texts of one column. */
typedef struct column {
    ps_keys *keys;
    recent recent[RECENT];
} column;

/* From two numbers to one, by open addressing. */
typedef struct pair {
    uint64_t key; /* first << 32 | second; UINT64_MAX: none */
    int32_t number;
} pair;

typedef struct worker {
    column *column;
    pair *pairs;
    size_t n_pairs, pair_capacity; /* a power of two */
    int pair_shift;
    int32_t *group; /* by number of a combination; PS_NONE not yet known */
    size_t combinations, group_capacity;
    char *key;
    size_t key_capacity;
} worker;

struct ps_groups {
    size_t columns;
    int workers;
    worker *worker;
    ps_keys *keys;
    ps_lock *lock;
};

static const uint64_t SPREAD = UINT64_C(0x9E3779B97F4A7C15);

/* The first and the last bytes of a text as words, of which it says all up to 16 bytes.
 */
static void words_of(ps_str text, uint64_t *head, uint64_t *tail) {
    const char *p = text.p;
    *head = *tail = 0;
    if (text.n >= 8) {
        memcpy(head, p, 8);
        memcpy(tail, p + text.n - 8, 8);
    } else if (text.n >= 4) {
        uint32_t low, high;
        memcpy(&low, p, 4);
        memcpy(&high, p + text.n - 4, 4);
        *head = low | (uint64_t)high << 32;
    } else if (text.n > 0) {
        *head = (unsigned char)p[0] | (uint64_t)(unsigned char)p[text.n / 2] << 8 |
                (uint64_t)(unsigned char)p[text.n - 1] << 16;
    }
}

static ps_status number_of(column *c, ps_str text, int32_t *number, ps_error *err) {
    uint64_t head, tail;
    words_of(text, &head, &tail);
    const uint64_t hash = ((head ^ text.n) * SPREAD ^ tail) * SPREAD;
    recent *r = &c->recent[hash >> 56];
    if (r->n == text.n && r->head == head && r->tail == tail &&
        (text.n <= 16 || memcmp(r->text + 8, text.p + 8, text.n - 16) == 0)) {
        *number = r->number;
        return PS_OK;
    }
    PS_TRY(ps_keys_add(c->keys, text, number, NULL, err));
    *r = (recent){head, tail, text.n, *number, ps_keys_text(c->keys, *number).p};
    return PS_OK;
}

/* ---- combinations ---- */

static pair *make_pairs(size_t n) {
    pair *pairs = ps_alloc(n, sizeof *pairs);
    for (size_t i = 0; pairs != NULL && i < n; i++)
        pairs[i] = (pair){UINT64_MAX, PS_NONE};
    return pairs;
}

static pair *seek_pair(pair *pairs, size_t capacity, int shift, uint64_t key) {
    size_t at = (size_t)(key * SPREAD >> shift);
    while (pairs[at].key != key && pairs[at].key != UINT64_MAX)
        at = (at + 1) & (capacity - 1);
    return &pairs[at];
}

static ps_status grow_pairs(worker *w, ps_error *err) {
    const size_t capacity = w->pair_capacity * 2;
    pair *pairs = make_pairs(capacity);
    if (pairs == NULL) return ps_fail_nomem(err);
    for (size_t i = 0; i < w->pair_capacity; i++)
        if (w->pairs[i].key != UINT64_MAX)
            *seek_pair(pairs, capacity, w->pair_shift - 1, w->pairs[i].key) = w->pairs[i];
    ps_free(w->pairs);
    w->pairs = pairs;
    w->pair_capacity = capacity;
    w->pair_shift--;
    return PS_OK;
}

static ps_status combine(worker *w, int32_t first, int32_t second, int32_t *number,
                         ps_error *err) {
    const uint64_t key = (uint64_t)(uint32_t)first << 32 | (uint32_t)second;
    pair *p = seek_pair(w->pairs, w->pair_capacity, w->pair_shift, key);
    if (p->key != key) {
        if (w->n_pairs >= INT32_MAX)
            return ps_fail(err, PS_LIMIT, "there are more than %d different groups",
                           (int)INT32_MAX);
        if (w->n_pairs * 2 >= w->pair_capacity) {
            PS_TRY(grow_pairs(w, err));
            p = seek_pair(w->pairs, w->pair_capacity, w->pair_shift, key);
        }
        *p = (pair){key, (int32_t)w->n_pairs++};
    }
    *number = p->number;
    return PS_OK;
}

/* The group of a combination that is new to the worker. */
static ps_status learn(ps_groups *groups, worker *w, const ps_str *text, int32_t *group,
                       ps_error *err) {
    size_t n = 0;
    for (size_t c = 0; c < groups->columns; c++) {
        PS_TRY(ps_grow((void **)&w->key, &w->key_capacity, n + text[c].n + 1, 1, err));
        if (c > 0) w->key[n - 1] = '\0';
        if (text[c].n > 0) memcpy(w->key + n, text[c].p, text[c].n);
        n += text[c].n + 1;
    }
    const ps_str key = {n > 0 ? w->key : "", n > 0 ? n - 1 : 0};
    ps_lock_take(groups->lock);
    const ps_status status = ps_keys_add(groups->keys, key, group, NULL, err);
    ps_lock_give(groups->lock);
    return status;
}

ps_status ps_groups_find(ps_groups *groups, int worker_id, const ps_str *text,
                         int32_t *group, ps_error *err) {
    worker *w = &groups->worker[worker_id];
    int32_t number = 0;
    for (size_t c = 0; c < groups->columns; c++) {
        int32_t own;
        PS_TRY(number_of(&w->column[c], text[c], &own, err));
        if (c == 0)
            number = own;
        else
            PS_TRY(combine(w, c == 1 ? number : number + INT32_MIN, own, &number, err));
    }
    if ((size_t)number >= w->combinations) {
        const size_t n = (size_t)number + 1;
        PS_TRY(ps_grow((void **)&w->group, &w->group_capacity, n, sizeof *w->group, err));
        while (w->combinations < n) w->group[w->combinations++] = PS_NONE;
    }
    if (w->group[number] == PS_NONE)
        PS_TRY(learn(groups, w, text, &w->group[number], err));
    *group = w->group[number];
    return PS_OK;
}

/* ---- all of them ---- */

static ps_status create_worker(ps_groups *groups, worker *w, ps_error *err) {
    w->column = ps_zalloc(groups->columns, sizeof *w->column);
    w->pairs = make_pairs(FIRST_PAIRS);
    if (w->column == NULL || w->pairs == NULL) return ps_fail_nomem(err);
    w->pair_capacity = FIRST_PAIRS;
    w->pair_shift = 64 - 8;
    for (size_t c = 0; c < groups->columns; c++) {
        PS_TRY(ps_keys_create(&w->column[c].keys, err));
        for (size_t i = 0; i < RECENT; i++) w->column[c].recent[i].n = SIZE_MAX;
    }
    return PS_OK;
}

ps_status ps_groups_create(size_t columns, int workers, ps_groups **out, ps_error *err) {
    *out = NULL;
    ps_groups *groups = ps_zalloc(1, sizeof *groups);
    if (groups == NULL) return ps_fail_nomem(err);
    groups->columns = columns;
    groups->workers = workers;
    groups->worker = ps_zalloc((size_t)workers, sizeof *groups->worker);
    ps_status status = groups->worker != NULL ? PS_OK : ps_fail_nomem(err);
    if (status == PS_OK) status = ps_keys_create(&groups->keys, err);
    if (status == PS_OK) status = ps_lock_create(&groups->lock, err);
    for (int w = 0; w < workers && status == PS_OK; w++)
        status = create_worker(groups, &groups->worker[w], err);
    if (status != PS_OK) {
        ps_groups_free(groups);
        return status;
    }
    *out = groups;
    return PS_OK;
}

const ps_keys *ps_groups_keys(const ps_groups *groups) {
    return groups->keys;
}

ps_str ps_groups_field(const ps_groups *groups, int32_t group, size_t i) {
    ps_str rest = ps_keys_text(groups->keys, group);
    for (;; i--) {
        const char *nul = memchr(rest.p, '\0', rest.n);
        size_t n = nul != NULL ? (size_t)(nul - rest.p) : rest.n;
        if (i == 0 || nul == NULL) return (ps_str){rest.p, n};
        rest.n -= n + 1;
        rest.p += n + 1;
    }
}

void ps_groups_free(ps_groups *groups) {
    if (groups == NULL) return;
    for (int i = 0; groups->worker != NULL && i < groups->workers; i++) {
        worker *w = &groups->worker[i];
        for (size_t c = 0; w->column != NULL && c < groups->columns; c++)
            ps_keys_free(w->column[c].keys);
        ps_free(w->column), ps_free(w->pairs), ps_free(w->group), ps_free(w->key);
    }
    ps_free(groups->worker);
    ps_keys_free(groups->keys);
    ps_lock_free(groups->lock);
    ps_free(groups);
}

#include "engine/run/groups.h"

#include <string.h>

#include "engine/core/par.h"

enum { RECENT = 256 };

/* A text of a column. Texts of up to 32 bytes are told apart by the words alone. */
typedef struct words {
    uint64_t part[4];
    size_t n;
    const char *text;
} words;

typedef struct worker {
    words *now;    /* of the combination that is asked for: one per column */
    words *recent; /* of combinations met last, RECENT of them */
    int32_t recent_group[RECENT]; /* PS_NONE: none yet */
    ps_keys *keys;                /* all combinations that it has met */
    int32_t *group;               /* by number of the key; PS_NONE not yet known */
    size_t known, group_capacity;
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

/* Texts of all lengths follow one another as chance has it, so nothing branches on the
 * length of those that are usual. */
static void take_words(words *w, ps_str text) {
    const char *p = text.p;
    w->n = text.n;
    w->text = p;
    if (text.n >= 8) {
        const size_t last = text.n - 8, second = last < 8 ? last : 8;
        memcpy(&w->part[0], p, 8);
        memcpy(&w->part[1], p + second, 8);
        memcpy(&w->part[2], p + last - second, 8);
        memcpy(&w->part[3], p + last, 8);
        return;
    }
    uint32_t first = 0, last = 0;
    if (text.n >= 4) {
        memcpy(&first, p, 4);
        memcpy(&last, p + text.n - 4, 4);
    }
    w->part[0] = first;
    w->part[1] = w->part[2] = 0;
    w->part[3] = last;
    if (text.n > 0 && text.n < 4)
        w->part[0] = (unsigned char)p[0] | (uint64_t)(unsigned char)p[text.n / 2] << 8 |
                     (uint64_t)(unsigned char)p[text.n - 1] << 16;
}

static bool is_same(const words *a, const words *b) {
    const uint64_t differs = (a->part[0] ^ b->part[0]) | (a->part[1] ^ b->part[1]) |
                             (a->part[2] ^ b->part[2]) | (a->part[3] ^ b->part[3]) |
                             (a->n ^ b->n);
    return differs == 0 &&
           (a->n <= 32 || memcmp(a->text + 16, b->text + 16, a->n - 32) == 0);
}

static bool are_same(const words *a, const words *b, size_t columns) {
    for (size_t c = 0; c < columns; c++)
        if (!is_same(&a[c], &b[c])) return false;
    return true;
}

/* The texts with NUL between them. */
static ps_status join_texts(worker *w, size_t columns, const ps_str *text, ps_str *key,
                            ps_error *err) {
    size_t n = 0;
    for (size_t c = 0; c < columns; c++) {
        PS_TRY(ps_grow((void **)&w->key, &w->key_capacity, n + text[c].n + 1, 1, err));
        if (c > 0) w->key[n - 1] = '\0';
        if (text[c].n > 0) memcpy(w->key + n, text[c].p, text[c].n);
        n += text[c].n + 1;
    }
    *key = (ps_str){n > 0 ? w->key : "", n > 0 ? n - 1 : 0};
    return PS_OK;
}

ps_status ps_groups_add(ps_groups *groups, ps_str key, int32_t *group, ps_error *err) {
    ps_lock_take(groups->lock);
    const ps_status status = ps_keys_add(groups->keys, key, group, NULL, err);
    ps_lock_give(groups->lock);
    return status;
}

/* The group of a combination that is not the one met last in its place, which it takes.
 */
static ps_status find(ps_groups *groups, worker *w, const ps_str *text, size_t place,
                      int32_t *group, ps_error *err) {
    ps_str key;
    int32_t number;
    PS_TRY(join_texts(w, groups->columns, text, &key, err));
    PS_TRY(ps_keys_add(w->keys, key, &number, NULL, err));
    if ((size_t)number >= w->known) {
        const size_t n = (size_t)number + 1;
        PS_TRY(ps_grow((void **)&w->group, &w->group_capacity, n, sizeof *w->group, err));
        while (w->known < n) w->group[w->known++] = PS_NONE;
    }
    if (w->group[number] == PS_NONE)
        PS_TRY(ps_groups_add(groups, key, &w->group[number], err));
    *group = w->recent_group[place] = w->group[number];
    const char *own = ps_keys_text(w->keys, number).p;
    for (size_t c = 0; c < groups->columns; c++) {
        words *recent = &w->recent[place * groups->columns + c];
        *recent = w->now[c];
        recent->text = own;
        own += text[c].n + 1;
    }
    return PS_OK;
}

ps_status ps_groups_find(ps_groups *groups, int worker_id, const ps_str *text,
                         int32_t *group, ps_error *err) {
    worker *w = &groups->worker[worker_id];
    const size_t columns = groups->columns;
    uint64_t hash = 0;
    for (size_t c = 0; c < columns; c++) {
        words *now = &w->now[c];
        take_words(now, text[c]);
        hash = (hash ^ now->part[0] ^ now->part[2] * 3) * SPREAD;
        hash = (hash ^ now->part[3] ^ now->part[1] * 5 ^ now->n) * SPREAD;
    }
    const size_t place = hash >> 56;
    *group = w->recent_group[place];
    if (*group != PS_NONE && are_same(w->now, w->recent + place * columns, columns))
        return PS_OK;
    return find(groups, w, text, place, group, err);
}

/* ---- all of them ---- */

static ps_status create_worker(ps_groups *groups, worker *w, ps_error *err) {
    w->now = ps_zalloc(groups->columns, sizeof *w->now);
    w->recent = ps_zalloc(RECENT * groups->columns, sizeof *w->recent);
    if (w->now == NULL || w->recent == NULL) return ps_fail_nomem(err);
    for (size_t i = 0; i < RECENT; i++) w->recent_group[i] = PS_NONE;
    return ps_keys_create(&w->keys, err);
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
        ps_keys_free(w->keys);
        ps_free(w->now), ps_free(w->recent), ps_free(w->group), ps_free(w->key);
    }
    ps_free(groups->worker);
    ps_keys_free(groups->keys);
    ps_lock_free(groups->lock);
    ps_free(groups);
}

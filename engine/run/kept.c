#include "engine/run/kept.h"

#include <stdlib.h>
#include <string.h>

#include "engine/core/par.h"
#include "engine/core/seen.h"
#include "geo/libraries.h"

enum {
    FORMAT = 1, /* of bodies and keys */
    BATCH = 64  /* files that are mapped, or bodies in memory, at once */
};

static const char kind[] = "counts";

typedef enum fate { READ, RECORD, KNOWN } fate;

typedef struct source {
    const ps_input *input;
    bool keyed;
    ps_store_key key;
    fate fate;
    bool there, whole; /* what is kept of it */
    bool boundless;    /* it has too many contexts to tell */
    uint64_t *context; /* those that are kept */
    size_t contexts;
    bool shares; /* a context with another one */
} source;

struct ps_kept {
    ps_kept_spec spec;
    bool keyed; /* duplicates are left out */
    size_t n;
    source *source;
    int64_t bytes; /* kept of this data set */
};

/* ---- keys ---- */

static ps_status add_number(ps_pack *to, int64_t number, ps_error *err) {
    return ps_pack_number(to, (uint64_t)number, err);
}

/* An absent text differs from an empty one. */
static ps_status add_text(ps_pack *to, const char *text, ps_error *err) {
    PS_TRY(add_number(to, text != NULL, err));
    return ps_pack_text(to, ps_str_of(text != NULL ? text : ""), err);
}

static ps_status add_texts(ps_pack *to, const char *const *text, size_t n,
                           ps_error *err) {
    PS_TRY(add_number(to, (int64_t)n, err));
    for (size_t i = 0; i < n; i++) PS_TRY(add_text(to, text[i], err));
    return PS_OK;
}

static ps_status add_bytes(ps_pack *to, const void *bytes, size_t n, ps_error *err) {
    return ps_pack_text(to, (ps_str){bytes, n}, err);
}

static ps_status add_filters(ps_pack *to, const ps_points_spec *s, ps_error *err) {
    PS_TRY(add_number(to, (int64_t)s->n_where, err));
    for (size_t i = 0; i < s->n_where; i++) {
        const ps_job_filter *w = &s->where[i];
        PS_TRY(add_text(to, w->column, err));
        PS_TRY(add_texts(to, (const char *const *)w->is, w->is_count, err));
        PS_TRY(add_texts(to, (const char *const *)w->not, w->not_count, err));
    }
    return PS_OK;
}

static ps_status add_lookups(ps_pack *to, const ps_points_spec *s, ps_error *err) {
    PS_TRY(add_number(to, (int64_t)s->n_with, err));
    for (size_t i = 0; i < s->n_with; i++) {
        const ps_job_lookup *w = &s->with[i];
        const char *const text[] = {w->file, w->sheet, w->key, w->by};
        PS_TRY(add_texts(to, text, sizeof text / sizeof *text, err));
        PS_TRY(add_number(to, w->header, err));
        PS_TRY(add_texts(to, (const char *const *)w->columns, w->columns_count, err));
    }
    return PS_OK;
}

/* What is read of a row, and how. */
static ps_status add_spec(ps_pack *to, const ps_points_spec *s, ps_error *err) {
    const char *const column[] = {s->x,    s->y,   s->crs,      s->code,      s->area,
                                  s->date, s->key, s->reporter, s->area_code, s->count};
    PS_TRY(add_texts(to, column, sizeof column / sizeof *column, err));
    PS_TRY(add_texts(to, s->by, s->n_by, err));
    PS_TRY(add_texts(to, s->missing, s->n_missing, err));
    PS_TRY(add_number(to, s->header.row, err));
    PS_TRY(add_number(to, s->header.rows, err));
    PS_TRY(add_number(to, s->date_form, err));
    PS_TRY(add_number(to, s->drop_duplicates, err));
    PS_TRY(add_filters(to, s, err));
    return add_lookups(to, s, err);
}

static bool is_looked_up(const ps_input *input) {
    return strcmp(input->kind, "look-up") == 0;
}

/* All tables that rows are looked up in; libraries may have read them. *told: they are
 * known. */
static ps_status add_tables(const ps_kept *k, ps_pack *to, bool *told, ps_error *err) {
    ps_store_key libraries;
    *told = true;
    if (ps_points_spec_of(k->spec.points)->n_with == 0) return PS_OK;
    *told =
        ps_libraries_state(&k->spec.prepared->store, PS_LIBRARIES_ALL, true, &libraries);
    PS_TRY(add_bytes(to, libraries.byte, *told ? sizeof libraries.byte : 0, err));
    for (size_t i = 0; i < ps_inputs_size(k->spec.inputs); i++) {
        const ps_input *input = ps_inputs_get(k->spec.inputs, i);
        if (!is_looked_up(input)) continue;
        PS_TRY(add_text(to, input->path, err));
        PS_TRY(add_text(to, input->sha256, err));
    }
    return PS_OK;
}

static ps_status add_areas(ps_pack *to, const ps_partial_shape *shape, ps_error *err) {
    PS_TRY(add_number(to, shape->pieces, err));
    PS_TRY(add_number(to, (int64_t)shape->geographies, err));
    for (size_t g = 0; g < shape->geographies; g++) {
        const ps_areas *areas = shape->areas[g];
        PS_TRY(add_number(to, (int64_t)areas->n, err));
        for (size_t i = 0; i < areas->n; i++)
            PS_TRY(ps_pack_text(to, areas->code[i], err));
    }
    return PS_OK;
}

/* All that counts follow from, but for the bytes of a source. */
static ps_status add_all(const ps_kept *k, ps_pack *to, bool *told, ps_error *err) {
    const ps_points *points = k->spec.points;
    const ps_crs *crs = ps_points_crs(points);
    PS_TRY(add_text(to, kind, err));
    PS_TRY(add_number(to, FORMAT, err));
    PS_TRY(add_bytes(to, k->spec.place->byte, sizeof k->spec.place->byte, err));
    PS_TRY(add_text(to, crs != NULL ? ps_crs_wkt(crs) : NULL, err));
    PS_TRY(add_bytes(to, ps_points_box(points), 4 * sizeof(double), err));
    PS_TRY(add_spec(to, ps_points_spec_of(points), err));
    PS_TRY(add_areas(to, k->spec.shape, err));
    return add_tables(k, to, told, err);
}

typedef struct keying {
    ps_kept *kept;
    ps_fingerprint front; /* of all that they have in common */
} keying;

static ps_status find_key(const keying *k, source *s, const ps_source *text, ps_pack *to,
                          ps_error *err) {
    unsigned char member[PS_SOURCE_HASH];
    PS_TRY(add_bytes(to, &k->front, sizeof k->front, err));
    PS_TRY(add_number(to, text->packing, err));
    if (text->member == NULL) {
        PS_TRY(add_text(to, s->input->sha256, err));
    } else {
        if (ps_source_member_hash(text, member, NULL) != PS_OK) return PS_OK;
        PS_TRY(add_bytes(to, member, sizeof member, err));
    }
    const ps_fingerprint key = ps_fingerprint_of(to->bytes, to->n, 0);
    _Static_assert(sizeof key == sizeof s->key, "a key is a fingerprint");
    memcpy(s->key.byte, &key, sizeof key);
    s->keyed = true;
    return PS_OK;
}

/* A source without a key is read; whoever reads it tells what is wrong with it. */
static ps_status find_keys(void *context, size_t begin, size_t end, int worker,
                           ps_error *err) {
    (void)worker;
    const keying *k = context;
    ps_status status = PS_OK;
    for (size_t i = begin; status == PS_OK && i < end; i++) {
        source *s = &k->kept->source[i];
        const ps_source *text = ps_points_source(k->kept->spec.points, i);
        ps_pack bytes = {0};
        s->input = ps_inputs_find(k->kept->spec.inputs, text->path);
        if (s->input == NULL || !ps_points_is_text(k->kept->spec.points, i)) continue;
        status = find_key(k, s, text, &bytes, err);
        ps_pack_free(&bytes);
    }
    return status;
}

static ps_status make_keys(ps_kept *k, ps_error *err) {
    ps_pack bytes = {0};
    bool told = false;
    ps_status status = add_all(k, &bytes, &told, err);
    keying keys = {.kept = k};
    if (status == PS_OK && told) {
        keys.front = ps_fingerprint_of(bytes.bytes, bytes.n, 0);
        status = ps_par_for(k->n, 1, find_keys, &keys, err);
    }
    ps_pack_free(&bytes);
    return status;
}

/* ---- contexts ---- */

typedef struct has_context {
    uint64_t context;
    size_t source;
} has_context;

static int by_context(const void *a, const void *b) {
    const has_context *x = a, *y = b;
    if (x->context != y->context) return x->context < y->context ? -1 : 1;
    return (x->source > y->source) - (x->source < y->source);
}

/* n of them, from anywhere. */
static ps_status set_contexts(source *s, const void *context, size_t n, ps_error *err) {
    ps_free(s->context);
    s->contexts = 0;
    s->context = ps_alloc(n, sizeof *s->context);
    if (s->context == NULL) return ps_fail_nomem(err);
    if (n > 0) memcpy(s->context, context, n * sizeof *s->context);
    s->contexts = n;
    return PS_OK;
}

/* Which sources share a context with another one? Those of which none are known share
 * none, so far. */
static ps_status find_shared(ps_kept *k, ps_error *err) {
    size_t n = 0, at = 0;
    bool boundless = false;
    for (size_t i = 0; i < k->n; i++) {
        n += k->source[i].contexts;
        boundless |= k->source[i].boundless;
    }
    has_context *list = ps_alloc(n, sizeof *list);
    if (list == NULL) return ps_fail_nomem(err);
    for (size_t i = 0; i < k->n; i++) {
        k->source[i].shares = boundless && k->n > 1;
        for (size_t c = 0; c < k->source[i].contexts; c++)
            list[at++] = (has_context){k->source[i].context[c], i};
    }
    if (n > 1) qsort(list, n, sizeof *list, by_context);
    for (size_t c = 1; c < n; c++)
        if (list[c].context == list[c - 1].context &&
            list[c].source != list[c - 1].source)
            k->source[list[c].source].shares = k->source[list[c - 1].source].shares =
                true;
    ps_free(list);
    return PS_OK;
}

/* ---- what is known ---- */

static const ps_store *store_of(const ps_kept *k) {
    return &k->spec.prepared->store;
}

static ps_status look_for(ps_kept *k, source *s, ps_error *err) {
    ps_stored *found;
    ps_partial_front front;
    if (!s->keyed || k->spec.forget || !ps_store_get(store_of(k), kind, &s->key, &found))
        return PS_OK;
    ps_status status = PS_OK;
    if (ps_partial_front_of(found->body, found->n, &front)) {
        s->there = true;
        s->whole = front.whole;
        s->boundless = front.boundless;
        status =
            set_contexts(s, front.contexts.p, front.contexts.n / sizeof *s->context, err);
        ps_stored_is_used(found);
    }
    ps_stored_release(found);
    return status;
}

/* A source that is read in any case need not be recorded when all is kept of it already,
 * or when it is too young for that. */
static ps_status decide(ps_kept *k, ps_error *err) {
    for (size_t i = 0; i < k->n; i++) PS_TRY(look_for(k, &k->source[i], err));
    if (k->keyed) PS_TRY(find_shared(k, err));
    for (size_t i = 0; i < k->n; i++) {
        source *s = &k->source[i];
        if (!s->keyed)
            s->fate = READ;
        else if (s->there && (s->whole || s->shares))
            s->fate = s->shares ? READ : KNOWN;
        else
            s->fate = s->input->content.settled ? RECORD : READ;
    }
    return PS_OK;
}

static ps_status open_kept(ps_kept *k, ps_error *err) {
    k->n = ps_points_sources(k->spec.points);
    k->keyed = ps_points_are_keyed(k->spec.points);
    k->source = ps_zalloc(k->n, sizeof *k->source);
    if (k->source == NULL) return ps_fail_nomem(err);
    PS_TRY(make_keys(k, err));
    return decide(k, err);
}

ps_status ps_kept_open(const ps_kept_spec *spec, ps_kept **out, ps_error *err) {
    *out = NULL;
    ps_kept *k = ps_zalloc(1, sizeof *k);
    if (k == NULL) return ps_fail_nomem(err);
    k->spec = *spec;
    const ps_status status = open_kept(k, err);
    if (status == PS_OK)
        *out = k;
    else
        ps_kept_free(k);
    return status;
}

bool ps_kept_records(const ps_kept *k, size_t i) {
    return k->source[i].fate == RECORD;
}

/* ---- adding ---- */

/* Some sources, of each what came to it. */
typedef struct batch {
    ps_kept *kept;
    const ps_partial_target *target;
    size_t n, source[BATCH];
    ps_stored *stored[BATCH]; /* known: its file */
    ps_pack body[BATCH];      /* recorded */
    bool good[BATCH];
} batch;

static ps_partial_target target_of(const batch *b, size_t i) {
    ps_partial_target target = *b->target;
    target.outcome += i * b->kept->spec.shape->geographies;
    return target;
}

static ps_status add_stored(void *context, size_t begin, size_t end, int worker,
                            ps_error *err) {
    batch *b = context;
    const ps_partial_shape *shape = b->kept->spec.shape;
    for (size_t i = begin; i < end; i++) {
        ps_partial_front front;
        ps_points_read read;
        const ps_stored *found = b->stored[i];
        const ps_partial_target target = target_of(b, b->source[i]);
        b->good[i] = found != NULL &&
                     ps_partial_look(found->body, found->n, shape, &front) && front.whole;
        if (!b->good[i]) continue;
        ps_partial_read(found->body, found->n, &read);
        ps_points_pass_over(target.points, b->source[i], &read);
        PS_TRY(ps_partial_add(found->body, found->n, shape, &target, worker, err));
    }
    return PS_OK;
}

static ps_status add_batch_known(batch *b, ps_error *err) {
    ps_kept *k = b->kept;
    for (size_t i = 0; i < b->n; i++) {
        b->good[i] = false;
        if (!ps_store_get(store_of(k), kind, &k->source[b->source[i]].key, &b->stored[i]))
            b->stored[i] = NULL;
    }
    const ps_status status = ps_par_for(b->n, 1, add_stored, b, err);
    for (size_t i = 0; i < b->n; i++) {
        source *s = &k->source[b->source[i]];
        if (b->good[i])
            k->bytes += (int64_t)b->stored[i]->n;
        else
            s->fate = s->input->content.settled ? RECORD : READ;
        ps_stored_release(b->stored[i]);
    }
    b->n = 0;
    return status;
}

ps_status ps_kept_add_known(ps_kept *k, const ps_partial_target *target, ps_error *err) {
    batch b = {.kept = k, .target = target};
    for (size_t i = 0; i < k->n; i++) {
        if (k->source[i].fate == KNOWN) b.source[b.n++] = i;
        if (b.n == BATCH) PS_TRY(add_batch_known(&b, err));
    }
    return add_batch_known(&b, err);
}

ps_status ps_kept_check(ps_kept *k, bool *wrong, ps_error *err) {
    *wrong = false;
    if (!k->keyed) return PS_OK;
    for (size_t i = 0; i < k->n; i++) {
        const uint64_t *list;
        size_t n;
        source *s = &k->source[i];
        if (s->fate == KNOWN) continue;
        s->boundless = !ps_points_contexts(k->spec.points, i, &list, &n);
        PS_TRY(set_contexts(s, list, n, err));
    }
    PS_TRY(find_shared(k, err));
    for (size_t i = 0; i < k->n; i++)
        *wrong |= k->source[i].fate == KNOWN && k->source[i].shares;
    return PS_OK;
}

/* ---- keeping ---- */

static ps_status add_body(void *context, size_t begin, size_t end, int worker,
                          ps_error *err) {
    batch *b = context;
    const ps_partial_shape *shape = b->kept->spec.shape;
    for (size_t i = begin; i < end; i++) {
        ps_partial_front front;
        const ps_pack *body = &b->body[i];
        const ps_partial_target target = target_of(b, b->source[i]);
        PS_TRY(ps_partial_add(body->bytes, body->n, shape, &target, worker, err));
        /* numbers beyond those that are looked for stand in no file */
        b->good[i] = ps_partial_look(body->bytes, body->n, shape, &front);
    }
    return PS_OK;
}

static void keep(ps_kept *k, const source *s, const ps_pack *body) {
    ps_store_file *file;
    if (k->bytes + (int64_t)body->n > store_of(k)->most_bytes / 2 ||
        !ps_input_unchanged(s->input) ||
        !ps_store_begin(store_of(k), kind, &s->key, NULL, body->n, &file))
        return;
    ps_store_write(file, body->bytes, body->n);
    if (ps_store_end(file, NULL)) k->bytes += (int64_t)body->n;
}

static bool tables_are_unchanged(const ps_kept *k) {
    if (ps_points_spec_of(k->spec.points)->n_with == 0) return true;
    for (size_t i = 0; i < ps_inputs_size(k->spec.inputs); i++) {
        const ps_input *input = ps_inputs_get(k->spec.inputs, i);
        if (is_looked_up(input) && !ps_input_unchanged(input)) return false;
    }
    return true;
}

static ps_status add_batch_recorded(batch *b, const ps_recording *recording, bool keeps,
                                    ps_error *err) {
    ps_kept *k = b->kept;
    const ps_partial_shape *shape = k->spec.shape;
    ps_status status = PS_OK;
    ps_partial partial[BATCH];
    for (size_t i = 0; status == PS_OK && i < b->n; i++) {
        const size_t s = b->source[i];
        partial[i] = (ps_partial){.read = ps_points_found(k->spec.points, s),
                                  .context = k->source[s].context,
                                  .contexts = k->source[s].contexts,
                                  .boundless = k->source[s].boundless,
                                  .whole = true,
                                  .outcome = b->target->outcome + s * shape->geographies};
        ps_recording_source(recording, s, &partial[i]);
        status = ps_partial_write(&partial[i], shape, &b->body[i], err);
    }
    if (status == PS_OK) status = ps_par_for(b->n, 1, add_body, b, err);
    for (size_t i = 0; status == PS_OK && keeps && i < b->n; i++) {
        const source *s = &k->source[b->source[i]];
        if (s->shares) {
            b->body[i].n = 0;
            partial[i].whole = false;
            status = ps_partial_write(&partial[i], shape, &b->body[i], err);
        }
        if (status == PS_OK && b->good[i]) keep(k, s, &b->body[i]);
    }
    for (size_t i = 0; i < b->n; i++) ps_pack_free(&b->body[i]);
    b->n = 0;
    return status;
}

ps_status ps_kept_add_recorded(ps_kept *k, const ps_recording *recording,
                               const ps_partial_target *target, ps_error *err) {
    batch b = {.kept = k, .target = target};
    const bool keeps = tables_are_unchanged(k);
    for (size_t i = 0; i < k->n; i++) {
        if (k->source[i].fate == RECORD) b.source[b.n++] = i;
        if (b.n == BATCH) PS_TRY(add_batch_recorded(&b, recording, keeps, err));
    }
    return add_batch_recorded(&b, recording, keeps, err);
}

void ps_kept_free(ps_kept *k) {
    if (k == NULL) return;
    for (size_t i = 0; k->source != NULL && i < k->n; i++) ps_free(k->source[i].context);
    ps_free(k->source);
    ps_free(k);
}

/* What PROJ answered. A body is a row of 8-byte numbers, then texts, each with a NUL
 * behind it; it is small, and hashed each time it is read. */
#include <stdlib.h>
#include <string.h>

/* the state of a hash on the stack */
#define XXH_STATIC_LINKING_ONLY
#include <xxhash.h>

#include "geo/crs_proj.h"
#include "geo/libraries.h"
#include "geo/prepared.h"

enum { MOST_TEXTS = 4, MOST_NUMBERS = 8 };

/* An answer as numbers and texts. */
typedef struct answer {
    double number[MOST_NUMBERS];
    size_t numbers;
    const char *text[MOST_TEXTS];
    size_t texts;
} answer;

static const char crs_kind[] = "crs";
static const char op_kind[] = "op";

/* ---- questions ---- */

static void add_text(XXH3_state_t *to, const char *text) {
    const uint64_t n = strlen(text);
    (void)XXH3_128bits_update(to, &n, sizeof n);
    (void)XXH3_128bits_update(to, text, n);
}

static bool begin_question(const ps_prepared *prepared, const char *kind,
                           XXH3_state_t *state) {
    ps_store_key libraries;
    if (prepared == NULL ||
        !ps_libraries_state(&prepared->store, PS_LIBRARIES_GEO, true, &libraries))
        return false;
    (void)XXH3_128bits_reset(state);
    add_text(state, kind);
    (void)XXH3_128bits_update(state, libraries.byte, sizeof libraries.byte);
    return true;
}

static ps_store_key end_question(const XXH3_state_t *state) {
    ps_store_key key;
    XXH128_canonical_t digest;
    XXH128_canonicalFromHash(&digest, XXH3_128bits_digest(state));
    memcpy(key.byte, digest.digest, sizeof key.byte);
    return key;
}

/* ---- answers ---- */

/* Texts of the answer are those of the body. */
static bool read_answer(const ps_stored *found, answer *a) {
    const size_t front = a->numbers * sizeof *a->number;
    if (found->n < front) return false;
    memcpy(a->number, found->body, front);
    const char *at = (const char *)found->body + front;
    const char *end = (const char *)found->body + found->n;
    for (size_t i = 0; i < a->texts; i++) {
        const char *nul = memchr(at, '\0', (size_t)(end - at));
        if (nul == NULL) return false;
        a->text[i] = at;
        at = nul + 1;
    }
    return at == end;
}

static void keep_answer(const ps_prepared *prepared, const char *kind,
                        const ps_store_key *key, const answer *a) {
    size_t n = a->numbers * sizeof *a->number;
    for (size_t i = 0; i < a->texts; i++) n += strlen(a->text[i]) + 1;
    ps_store_file *file;
    if (!ps_store_begin(&prepared->store, kind, key, NULL, n, &file)) return;
    ps_store_write(file, a->number, a->numbers * sizeof *a->number);
    for (size_t i = 0; i < a->texts; i++)
        ps_store_write(file, a->text[i], strlen(a->text[i]) + 1);
    (void)ps_store_end(file, NULL);
}

/* ---- systems ---- */

static ps_status crs_of(const answer *a, ps_crs **out, ps_error *err) {
    ps_crs crs = {.geographic = a->number[0] != 0,
                  .metres = a->number[1],
                  .has_box = a->number[2] != 0};
    memcpy(crs.box, a->number + 3, sizeof crs.box);
    crs.name = ps_strndup(a->text[0], strlen(a->text[0]));
    crs.code = ps_strndup(a->text[1], strlen(a->text[1]));
    crs.wkt = ps_strndup(a->text[2], strlen(a->text[2]));
    ps_crs *copy = ps_zalloc(1, sizeof *copy);
    if (copy == NULL || crs.name == NULL || crs.code == NULL || crs.wkt == NULL) {
        ps_free(crs.name), ps_free(crs.code), ps_free(crs.wkt);
        ps_free(copy);
        return ps_fail_nomem(err);
    }
    *copy = crs;
    *out = copy;
    return PS_OK;
}

ps_status ps_prepared_crs(const ps_prepared *prepared, const char *definition,
                          ps_crs **out, ps_error *err) {
    *out = NULL;
    XXH3_state_t state;
    if (!begin_question(prepared, crs_kind, &state))
        return ps_crs_open(definition, out, err);
    add_text(&state, definition);
    const ps_store_key key = end_question(&state);
    answer a = {.numbers = 7, .texts = 3};
    ps_stored *found;
    if (ps_store_get(&prepared->store, crs_kind, &key, &found)) {
        const bool good = read_answer(found, &a);
        const ps_status status = good ? crs_of(&a, out, err) : PS_OK;
        ps_stored_release(found);
        if (good) return status;
    }
    PS_TRY(ps_crs_open(definition, out, err));
    const ps_crs *crs = *out;
    a = (answer){.numbers = 7, .texts = 3, .text = {crs->name, crs->code, crs->wkt}};
    a.number[0] = crs->geographic;
    a.number[1] = crs->metres;
    a.number[2] = crs->has_box;
    memcpy(a.number + 3, crs->box, sizeof crs->box);
    keep_answer(prepared, crs_kind, &key, &a);
    return PS_OK;
}

/* ---- operations ---- */

static ps_crs_request *request_of(const ps_crs *from, const ps_crs *to,
                                  const double box[4], double max_accuracy) {
    ps_crs_request *r = ps_zalloc(1, sizeof *r);
    if (r == NULL) return NULL;
    r->max_accuracy = max_accuracy;
    r->has_box = box != NULL;
    if (box != NULL) memcpy(r->box, box, sizeof r->box);
    if (ps_crs_copy(from, &r->from, NULL) == PS_OK &&
        ps_crs_copy(to, &r->to, NULL) == PS_OK)
        return r;
    ps_crs_free(r->from);
    ps_free(r);
    return NULL;
}

/* Takes the request. */
static ps_status operation_of(const answer *a, ps_crs_request *request,
                              ps_crs_operation **out, ps_error *err) {
    ps_crs_operation *op = ps_zalloc(1, sizeof *op);
    if (op == NULL || request == NULL) {
        if (request != NULL) ps_crs_free(request->from), ps_crs_free(request->to);
        ps_free(request), ps_free(op);
        return ps_fail_nomem(err);
    }
    op->request = request;
    op->info.missing_accuracy = a->number[1];
    op->has_image = a->number[2] != 0;
    memcpy(op->image, a->number + 3, sizeof op->image);
    char **const text[] = {&op->name, &op->grid, &op->missing_grid, &op->pipeline};
    bool good = true;
    for (size_t i = 0; i < sizeof text / sizeof *text; i++) {
        *text[i] = ps_strndup(a->text[i], strlen(a->text[i]));
        good = good && *text[i] != NULL;
    }
    if (good && ps_crs_operation_fill(op, "", a->number[0], err) == PS_OK) {
        *out = op;
        return PS_OK;
    }
    ps_crs_operation_free(op);
    return ps_fail_nomem(err);
}

ps_status ps_prepared_operation(const ps_prepared *prepared, const ps_crs *from,
                                const ps_crs *to, const double box[4],
                                double max_accuracy, ps_crs_operation **out,
                                ps_error *err) {
    *out = NULL;
    XXH3_state_t state;
    if (!begin_question(prepared, op_kind, &state))
        return ps_crs_operation_open(from, to, box, max_accuracy, out, err);
    add_text(&state, from->code), add_text(&state, from->wkt);
    add_text(&state, to->code), add_text(&state, to->wkt);
    (void)XXH3_128bits_update(&state, &max_accuracy, sizeof max_accuracy);
    if (box != NULL) (void)XXH3_128bits_update(&state, box, 4 * sizeof *box);
    const ps_store_key key = end_question(&state);
    answer a = {.numbers = 7, .texts = 4};
    ps_stored *found;
    if (ps_store_get(&prepared->store, op_kind, &key, &found)) {
        const bool good = read_answer(found, &a);
        const ps_status status =
            good ? operation_of(&a, request_of(from, to, box, max_accuracy), out, err)
                 : PS_OK;
        ps_stored_release(found);
        if (good) return status;
    }
    PS_TRY(ps_crs_operation_open(from, to, box, max_accuracy, out, err));
    const ps_crs_operation *op = *out;
    a = (answer){.numbers = 7,
                 .texts = 4,
                 .text = {op->name, op->grid, op->missing_grid, op->pipeline}};
    a.number[0] = op->info.accuracy;
    a.number[1] = op->info.missing_accuracy;
    a.number[2] = op->has_image;
    memcpy(a.number + 3, op->image, sizeof op->image);
    keep_answer(prepared, op_kind, &key, &a);
    return PS_OK;
}

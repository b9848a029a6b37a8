#include "engine/run/lookup.h"

#include <stdio.h>
#include <string.h>

#include "engine/run/area_table.h"

enum { KEY = 0 }; /* column of the table; those that are asked for stand behind it */

struct ps_lookup {
    ps_table *table;
    ps_keys *keys;
    size_t *row;   /* by key: its first row */
    bool *several; /* by key: in several rows; */
    bool *differs; /* which say different things */
    ps_lookup_rows rows;
    double bytes;
};

static ps_status read_table(ps_lookup *l, const ps_job_lookup *spec, const char *base,
                            const ps_talk *talk, ps_error *err) {
    const char **names = ps_alloc(spec->columns_count + 1, sizeof *names);
    if (names == NULL) return ps_fail_nomem(err);
    names[KEY] = spec->key;
    for (unsigned c = 0; c < spec->columns_count; c++) names[c + 1] = spec->columns[c];
    const ps_status status =
        ps_area_table_open(spec->file, base, spec->sheet,
                           (ps_header){spec->header > 0 ? spec->header : 1, 1}, names,
                           spec->columns_count + 1, talk, &l->table, err);
    ps_free((void *)names);
    return status;
}

static bool rows_agree(const ps_table *t, size_t a, size_t b) {
    for (size_t c = 1; c < ps_table_columns(t); c++)
        if (!ps_str_eq(ps_str_trim(ps_table_cell(t, a, c)),
                       ps_str_trim(ps_table_cell(t, b, c))))
            return false;
    return true;
}

static void note_repeat(ps_lookup *l, int32_t key, size_t row) {
    ps_lookup_rows *rows = &l->rows;
    const bool agrees = rows_agree(l->table, l->row[key], row);
    if (l->differs[key]) return;
    if (agrees) {
        rows->repeated += !l->several[key];
        l->several[key] = true;
        return;
    }
    rows->repeated -= l->several[key];
    l->differs[key] = true;
    if (rows->ambiguous++ > 0) return;
    const ps_str text = ps_keys_text(l->keys, key);
    rows->ambiguous_row = ps_table_row_text(l->table, row);
    snprintf(rows->ambiguous_key, sizeof rows->ambiguous_key, "%.*s",
             (int)(text.n < 60 ? text.n : 60), text.p);
}

static ps_status index_rows(ps_lookup *l, ps_error *err) {
    const size_t n = ps_table_rows(l->table);
    PS_TRY(ps_keys_create(&l->keys, err));
    l->row = ps_alloc(n, sizeof *l->row);
    l->several = ps_zalloc(n, sizeof *l->several);
    l->differs = ps_zalloc(n, sizeof *l->differs);
    if (l->row == NULL || l->several == NULL || l->differs == NULL)
        return ps_fail_nomem(err);
    l->rows.rows = (int64_t)n;
    for (size_t r = 0; r < n; r++) {
        const ps_str key = ps_str_trim(ps_table_cell(l->table, r, KEY));
        int32_t id;
        bool added;
        for (size_t c = 0; c < ps_table_columns(l->table); c++)
            l->bytes += (double)(ps_table_cell(l->table, r, c).n + sizeof(ps_str));
        if (key.n == 0) {
            l->rows.without_key++;
            continue;
        }
        PS_TRY(ps_keys_add(l->keys, key, &id, &added, err));
        l->bytes += (double)(key.n + sizeof *l->row + 2 * sizeof(ps_str));
        if (added)
            l->row[id] = r;
        else
            note_repeat(l, id, r);
    }
    return PS_OK;
}

static void tell(const ps_lookup *l, const ps_job_lookup *spec, const ps_talk *talk) {
    const ps_lookup_rows *rows = &l->rows;
    if (rows->ambiguous > 0)
        ps_say(talk, PS_TALK_WARNING,
               "%s: rows of the same key differ, so what it leads to is not known; keys: "
               "%lld (first: '%s' again in row %s); one row per '%s' is expected",
               spec->file, (long long)rows->ambiguous, rows->ambiguous_key,
               rows->ambiguous_row.text, spec->key);
}

ps_status ps_lookup_open(const ps_job_lookup *spec, const char *base, const ps_talk *talk,
                         ps_lookup **out, ps_error *err) {
    *out = NULL;
    ps_lookup *l = ps_zalloc(1, sizeof *l);
    if (l == NULL) return ps_fail_nomem(err);
    ps_status status = read_table(l, spec, base, talk, err);
    if (status == PS_OK) status = index_rows(l, err);
    if (status != PS_OK) {
        ps_lookup_free(l);
        return status;
    }
    tell(l, spec, talk);
    *out = l;
    return PS_OK;
}

ps_lookup_found ps_lookup_find(const ps_lookup *l, ps_str key, size_t *row) {
    const int32_t id = ps_keys_find(l->keys, key);
    if (id == PS_NONE) return PS_LOOKUP_UNKNOWN;
    if (l->differs[id]) return PS_LOOKUP_AMBIGUOUS;
    *row = l->row[id];
    return PS_LOOKUP_FOUND;
}

ps_str ps_lookup_cell(const ps_lookup *l, size_t row, size_t column) {
    return ps_table_cell(l->table, row, column + 1);
}

const char *ps_lookup_by(const ps_job_lookup *spec) {
    return spec->by != NULL ? spec->by : spec->key;
}

int ps_lookup_of(const ps_job_lookup *with, size_t n_with, const char *name,
                 size_t *column) {
    for (size_t w = 0; w < n_with; w++)
        for (unsigned c = 0; c < with[w].columns_count; c++)
            if (strcmp(with[w].columns[c], name) == 0) {
                *column = c;
                return (int)w;
            }
    return -1;
}

/* ---- Joined tables ---- */

/* Where a column of the joined table comes from. */
typedef struct origin {
    int with;      /* -1: of the file */
    size_t column; /* there */
} origin;

typedef struct joining {
    const ps_lookup_join *join;
    const ps_table *from;
    origin *origin; /* by column */
    int *by;        /* by look-up: its key in the file, and */
    int *named;     /* in the joined table, or -1 */
    size_t *found;  /* by look-up: the row there, in this row */
    ps_str *cell;
    size_t n;
} joining;

static ps_status find_origins(joining *j, const char *const *names, ps_error *err) {
    const ps_lookup_join *join = j->join;
    for (size_t c = 0; c < j->n; c++) {
        int at = 0;
        j->origin[c].with =
            ps_lookup_of(join->with, join->n_with, names[c], &j->origin[c].column);
        if (j->origin[c].with >= 0) continue;
        PS_TRY(ps_table_need_column(j->from, ps_str_of(names[c]), &at, err));
        j->origin[c].column = (size_t)at;
    }
    for (size_t w = 0; w < join->n_with; w++) {
        const char *by = ps_lookup_by(&join->with[w]);
        PS_TRY(ps_table_need_column(j->from, ps_str_of(by), &j->by[w], err));
        j->named[w] = -1;
        for (size_t c = 0; c < j->n; c++)
            if (strcmp(names[c], by) == 0) j->named[w] = (int)c;
    }
    return PS_OK;
}

static ps_lookup_met look_up(joining *j, size_t row) {
    for (size_t w = 0; w < j->join->n_with; w++) {
        const ps_str key = ps_str_trim(ps_table_cell(j->from, row, (size_t)j->by[w]));
        const ps_lookup_found found =
            j->join->is_missing(j->join->context, key)
                ? PS_LOOKUP_NO_KEY
                : ps_lookup_find(j->join->lookup[w], key, &j->found[w]);
        if (found != PS_LOOKUP_FOUND) return (ps_lookup_met){found, j->named[w]};
    }
    return (ps_lookup_met){PS_LOOKUP_FOUND, -1};
}

static ps_status join_rows(joining *j, ps_table *out, ps_lookup_met *met, ps_error *err) {
    for (size_t row = 0; row < ps_table_rows(j->from); row++) {
        met[row] = look_up(j, row);
        for (size_t c = 0; c < j->n; c++) {
            const origin *o = &j->origin[c];
            j->cell[c] = o->with < 0 ? ps_table_cell(j->from, row, o->column)
                         : met[row].found == PS_LOOKUP_FOUND
                             ? ps_lookup_cell(j->join->lookup[o->with], j->found[o->with],
                                              o->column)
                             : (ps_str){"", 0};
        }
        PS_TRY(ps_table_add_row(out, j->cell, ps_table_row_in_file(j->from, row), err));
    }
    return PS_OK;
}

static ps_status join_all(joining *j, const char *const *names, ps_table **out,
                          ps_lookup_met **met, ps_error *err) {
    const size_t n_with = j->join->n_with;
    j->origin = ps_alloc(j->n, sizeof *j->origin);
    j->cell = ps_alloc(j->n, sizeof *j->cell);
    j->by = ps_alloc(n_with, sizeof *j->by);
    j->named = ps_alloc(n_with, sizeof *j->named);
    j->found = ps_alloc(n_with, sizeof *j->found);
    *met = ps_alloc(ps_table_rows(j->from), sizeof **met);
    if (j->origin == NULL || j->cell == NULL || j->by == NULL || j->named == NULL ||
        j->found == NULL || *met == NULL)
        return ps_fail_nomem(err);
    PS_TRY(find_origins(j, names, err));
    for (size_t c = 0; c < j->n; c++) j->cell[c] = ps_str_of(names[c]);
    PS_TRY(ps_table_create_of(j->from, j->cell, j->n, out, err));
    return join_rows(j, *out, *met, err);
}

ps_status ps_lookup_join_table(const ps_lookup_join *join, const ps_table *from,
                               const char *const *names, size_t n, ps_table **out,
                               ps_lookup_met **met, ps_error *err) {
    joining j = {.join = join, .from = from, .n = n};
    *out = NULL;
    *met = NULL;
    const ps_status status = join_all(&j, names, out, met, err);
    ps_free(j.origin), ps_free(j.cell), ps_free(j.by), ps_free(j.named);
    ps_free(j.found);
    if (status == PS_OK) return PS_OK;
    ps_table_free(*out);
    ps_free(*met);
    *out = NULL;
    *met = NULL;
    return status;
}

/* ---- What it holds ---- */

const ps_lookup_rows *ps_lookup_rows_of(const ps_lookup *l) {
    return &l->rows;
}

void ps_lookup_manifest(ps_json *json, const ps_job_lookup *spec,
                        const ps_lookup_rows *rows) {
    ps_json_object(json);
    ps_json_member_text(json, "file", spec->file);
    ps_json_member_text(json, "key", spec->key);
    ps_json_member_int(json, "rows", rows->rows);
    ps_json_member_int(json, "rows_without_key", rows->without_key);
    ps_json_member_int(json, "repeated_keys", rows->repeated);
    ps_json_member_int(json, "ambiguous_keys", rows->ambiguous);
    ps_json_end_object(json);
}

double ps_lookup_memory(const ps_lookup *l) {
    return l->bytes;
}

void ps_lookup_free(ps_lookup *l) {
    if (l == NULL) return;
    ps_table_free(l->table);
    ps_keys_free(l->keys);
    ps_free(l->row), ps_free(l->several), ps_free(l->differs);
    ps_free(l);
}

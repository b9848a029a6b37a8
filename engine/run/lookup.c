#include "engine/run/lookup.h"

#include <stdio.h>

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

const ps_lookup_rows *ps_lookup_rows_of(const ps_lookup *l) {
    return &l->rows;
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

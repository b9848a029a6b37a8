/* Columns of another table, looked up by a key that both have: the place and day of a
 * collision for each person who was hurt in it.
 *
 * The other table is kept whole, but of it only the key and the columns asked for. A key
 * that stands in several of its rows is good as long as these say the same; where they
 * differ nobody knows which is meant, and none is taken.
 */
#ifndef PS_RUN_LOOKUP_H
#define PS_RUN_LOOKUP_H

#include "engine/core/json.h"
#include "engine/core/table.h"
#include "engine/run/job.h"

typedef enum ps_lookup_found {
    PS_LOOKUP_FOUND,
    PS_LOOKUP_UNKNOWN,   /* the other table has no such key */
    PS_LOOKUP_AMBIGUOUS, /* it has several rows of it, which differ */
    PS_LOOKUP_NO_KEY     /* there is nothing to look up */
} ps_lookup_found;

/* Rows of the other table, and keys that stand in several of them. */
typedef struct ps_lookup_rows {
    int64_t rows, without_key;
    int64_t repeated, ambiguous; /* keys; ambiguous ones are no part of repeated */
    ps_row_text ambiguous_row;   /* the first row that differs from an earlier one */
    char ambiguous_key[64];      /* its key */
} ps_lookup_rows;

typedef struct ps_lookup ps_lookup;

/* Read the other table. Column i of the spec is column i of cells below.
 * Errors   PS_NOMEM, PS_INPUT, PS_CONFIG for an absent column, PS_LIMIT for more cells
 *   than a table holds (table.h). A warning tells ambiguous keys.
 * Threads  any number may look up.
 * Cost     one pass; memory for the key and the columns of every row. */
ps_status ps_lookup_open(const ps_job_lookup *spec, const char *base, const ps_talk *talk,
                         ps_lookup **out, ps_error *err) PS_MUST_CHECK;
/* *row is set when it is found. The key is trimmed already. */
ps_lookup_found ps_lookup_find(const ps_lookup *lookup, ps_str key, size_t *row);
ps_str ps_lookup_cell(const ps_lookup *lookup, size_t row, size_t column);
const ps_lookup_rows *ps_lookup_rows_of(const ps_lookup *lookup);
/* The same as an object. */
void ps_lookup_manifest(ps_json *json, const ps_job_lookup *spec,
                        const ps_lookup_rows *rows);

/* How a row of a table fared with its look-ups. */
typedef struct ps_lookup_met {
    ps_lookup_found found; /* FOUND in all, or how the first failed */
    int column;            /* that it goes by, of the joined table */
} ps_lookup_met;

/* A table joined with what its rows lead to: the columns named, n of them, each from the
 * look-up that has it or else from the file, whose columns `from` are (those and what the
 * look-ups go by). Rows whose keys lead nowhere have nothing in the columns looked up.
 * is_missing: does a key mean that there is none? *met, a row each, is the caller's to
 * ps_free. PS_NOMEM, PS_LIMIT. */
typedef struct ps_lookup_join {
    const ps_job_lookup *with;
    size_t n_with;
    const ps_lookup *const *lookup;
    bool (*is_missing)(const void *context, ps_str key);
    const void *context;
} ps_lookup_join;

ps_status ps_lookup_join_table(const ps_lookup_join *join, const ps_table *from,
                               const char *const *names, size_t n, ps_table **out,
                               ps_lookup_met **met, ps_error *err) PS_MUST_CHECK;
/* What a look-up goes by in the rows. */
const char *ps_lookup_by(const ps_job_lookup *spec);
/* Where a column comes from: the look-up and the column of it, or -1 of the file. */
int ps_lookup_of(const ps_job_lookup *with, size_t n_with, const char *name,
                 size_t *column);
/* The memory that it holds, in bytes. */
double ps_lookup_memory(const ps_lookup *lookup);
void ps_lookup_free(ps_lookup *lookup);

#endif

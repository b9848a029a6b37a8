/* Columns of another table, looked up by a key that both have: the place and day of a
 * collision for each person who was hurt in it.
 *
 * The other table is kept whole, but of it only the key and the columns asked for. A key
 * that stands in several of its rows is good as long as these say the same; where they
 * differ nobody knows which is meant, and none is taken.
 */
#ifndef PS_RUN_LOOKUP_H
#define PS_RUN_LOOKUP_H

#include "engine/core/table.h"
#include "engine/run/job.h"

typedef enum ps_lookup_found {
    PS_LOOKUP_FOUND,
    PS_LOOKUP_UNKNOWN,  /* the other table has no such key */
    PS_LOOKUP_AMBIGUOUS /* it has several rows of it, which differ */
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
/* The memory that it holds, in bytes. */
double ps_lookup_memory(const ps_lookup *lookup);
void ps_lookup_free(ps_lookup *lookup);

#endif

/* Which counts of a release may be shown, so that no hidden one can be worked out?
 *
 * The release is a set of sums over a table of rows by place (a piece of area in a
 * stretch of months) and kind (rows that every selection takes or leaves together). A
 * cell is the sum of a set of places and a selection of kinds.
 *
 * Rule. Hidden are, in this order:
 * - tables (cells with the same number) of which more than one in ten counts are small;
 * - small counts: above 0, or 0 and above when zeros are hidden, and below the threshold;
 * - counts of areas with fewer people than the least base;
 * - zeros of a table in which anything else is hidden, so that a hidden count cannot be
 *   taken for more than 0;
 * - others, until every secret is proved safe (below); where sixteen rounds of this do
 *   not do, whole tables.
 *
 * Guarantee. The attacker knows every count that is shown, how places and kinds make up
 * the cells, how many rows there are in all, and that counts are not negative. Secrets
 * are hidden counts that are not 0 (0, too, when zeros are hidden) and small counts of
 * cells that no table shows. For each there are two tables of whole numbers, none of them
 * negative, that agree with the truth in all that is shown and differ in the secret: by
 * at least the threshold when it is small, by one less when no table shows it, and by 1
 * when it is not small. They are made by moves that no shown sum can see:
 * - rows of one kind from place to place that no shown sum over this kind tells apart;
 * - rows of one kind from place to place and as many of another kind back, between places
 *   that no shown sum over only one of both kinds tells apart;
 * - rows of one kind from place to place, and as many back between two others that differ
 *   in the same sums, as where two ways to divide a district cross;
 * - rows of one kind, or of all kinds of a selection, along time in one area: all borders
 *   between columns that shown sums tie together move at once, so the columns that end at
 *   them have more rows and those that begin there fewer; what the area has more in all,
 *   others have less;
 * - rows that no shown sum counts, whatever their place and kind.
 * Nothing is searched or solved, so the proof costs a pass over the sums; what is safe by
 * other moves only is hidden nevertheless. "The same sums" are compared by 128 bits. Not
 * modelled: what could be inferred from the order in which counts were hidden, other
 * releases, and what the attacker knows of single rows. The one cell that cannot be
 * protected is that of all rows.
 *
 * Source: Willenborg and de Waal (2001), Elements of Statistical Disclosure Control,
 * chapter 5; Diaconis and Sturmfels (1998) for moves that leave margins as they are.
 */
#ifndef PS_INDICATORS_PROTECT_H
#define PS_INDICATORS_PROTECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/core/status.h"

/* What is decided elsewhere. */
typedef enum ps_protect_given {
    PS_PROTECT_OPEN,
    PS_PROTECT_KNOWN,   /* readers know it, whatever is hidden */
    PS_PROTECT_WITHHELD /* it is hidden */
} ps_protect_given;

typedef struct ps_protect_cell {
    int32_t set, selection;
    int32_t table;  /* -1: no table shows it */
    int64_t people; /* of its area, -1 unknown */
    ps_protect_given given;
} ps_protect_cell;

typedef struct ps_protect_release {
    size_t n_places, n_kinds;
    size_t n_columns; /* runs of months in their order, rows without a date last: place =
                         area * n_columns + column */
    const int64_t *count; /* place * n_kinds + kind */
    size_t n_sets;
    const size_t *offset; /* n_sets + 1 */
    const int32_t *place;
    size_t n_selections;
    const bool *takes; /* selection * n_kinds + kind */
    size_t n_cells, n_tables;
    const ps_protect_cell *cell;
} ps_protect_release;

typedef struct ps_protect_options {
    int64_t threshold; /* at least 2 */
    bool hide_zeros;
    int64_t least_base; /* people; 0 any */
} ps_protect_options;

typedef enum ps_protect_cause {
    PS_PROTECT_NONE, /* shown */
    PS_PROTECT_UNSHOWN,
    PS_PROTECT_TABLE,
    PS_PROTECT_COUNT,
    PS_PROTECT_BASE,
    PS_PROTECT_ZERO,
    PS_PROTECT_OTHERS, /* for the sake of another one */
    PS_PROTECT_LAST,   /* likewise, where nothing less would do */
    PS_PROTECT_READER, /* known, so nothing to decide */
    PS_PROTECT_CAUSES
} ps_protect_cause;

typedef struct ps_protect_summary {
    size_t tables;
    size_t cells[PS_PROTECT_CAUSES]; /* by cause */
    size_t secrets, proved;          /* the same unless a cell is all rows */
    int64_t narrowest; /* that was found for a small count; 0: there are none */
    size_t rounds;
} ps_protect_summary;

/* Are so many of a table's counts small that all of it is hidden? */
bool ps_protect_hides_table(size_t cells, size_t small);

/* cause: n_cells.
 * Errors   PS_CONFIG for a threshold below 2; PS_NOMEM.
 * Threads  one; the result depends on the input alone.
 * Cost     rounds * (kinds * (selections * places + sizes of the sets of secrets)). */
ps_status ps_protect(const ps_protect_release *release, const ps_protect_options *options,
                     ps_protect_cause *cause, ps_protect_summary *summary,
                     ps_error *err) PS_MUST_CHECK;

#endif

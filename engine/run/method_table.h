/* The table that a framework lays out for a method, and what the method makes of it.
 *
 * What stands in a row follows from what the row is: an area, a month, a value of a
 * column, a record, an area with an indicator. Cells that are not known are empty, and
 * the method says what that means.
 */
#ifndef PS_RUN_METHOD_TABLE_H
#define PS_RUN_METHOD_TABLE_H

#include "engine/core/table.h"
#include "engine/run/form.h"

typedef struct ps_method_table ps_method_table;

/* Get ready for the measure and geography of a scope: which areas lie in which, scopes of
 * the measures whose figures stand in columns. The scope must outlive it. */
ps_status ps_method_table_open(const ps_scope *scope, ps_method_table **out,
                               ps_error *err) PS_MUST_CHECK;
void ps_method_table_close(ps_method_table *table);
/* Is it one table for all areas? */
bool ps_method_table_whole(const ps_framework_table *spec);

/* The table of a period, for one area of the scope's geography, or for all when it is
 * whole (area is not looked at). Freed with ps_table_free.
 * Threads  one at a time. */
ps_status ps_method_table_lay(ps_method_table *table, size_t area,
                              const ps_period *period, ps_table **out,
                              ps_error *err) PS_MUST_CHECK;
/* Why it is not known which records lie in an area; NULL: it is known, or rows are no
 * records. */
const char *ps_method_table_unknown(const ps_method_table *table, size_t area);
/* Why the first of the cells of the table laid out last that are not known is not; when
 * the table is whole, of the rows of this area. NULL: all are known. Good until the table
 * is closed. */
const char *ps_method_table_gap(const ps_method_table *table, size_t area);
/* Is that because it may not be shown? */
bool ps_method_table_hides(const ps_method_table *table, size_t area);
/* What the table laid out last leaves out, in words, as a round that goes on after its
 * period or an indicator that an area's plan hides; of a whole table in this area. NULL:
 * nothing. Good until the table is closed. */
const char *ps_method_table_left(const ps_method_table *table, size_t area);
/* Let the method work on it. */
ps_status ps_method_table_run(const ps_framework_measure *spec, const ps_table *input,
                              ps_table **result, ps_error *err) PS_MUST_CHECK;
/* The same with the working of each cell of the result; see ps_method_derive. */
ps_status ps_method_table_derive(const ps_framework_measure *spec, const ps_table *input,
                                 ps_table **result, ps_table **steps,
                                 ps_error *err) PS_MUST_CHECK;

#endif

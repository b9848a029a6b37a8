/* A small table held whole: rows of text cells under named columns.
 *
 * For area values, populations, memberships: up to some hundred thousand rows of chosen
 * columns, never for incidents. Cells keep the text of the file, so that codes stay text
 * and a number is read only when somebody asks for one.
 */
#ifndef PS_CORE_TABLE_H
#define PS_CORE_TABLE_H

#include "engine/core/csv_line.h"

enum { PS_TABLE_MAX_CELLS = 50 * 1000 * 1000 };

typedef struct ps_table ps_table;

ps_status ps_table_create(const char *name, const ps_str *columns, size_t n,
                          ps_table **out, ps_error *err) PS_MUST_CHECK;
/* Append a row of as many cells as there are columns; the text is copied. row_in_file is
 * kept for messages. PS_LIMIT beyond PS_TABLE_MAX_CELLS. */
ps_status ps_table_add_row(ps_table *table, const ps_str *cells, int64_t row_in_file,
                           ps_error *err) PS_MUST_CHECK;
/* Some columns of another table's file: its rows keep what is told of them, by their
 * numbers in the file. */
ps_status ps_table_create_of(const ps_table *file, const ps_str *columns, size_t n,
                             ps_table **out, ps_error *err) PS_MUST_CHECK;
const char *ps_table_name(const ps_table *table);
size_t ps_table_rows(const ps_table *table);
size_t ps_table_columns(const ps_table *table);
ps_str ps_table_column_name(const ps_table *table, size_t column);
/* Exact, else ignoring case, outer spaces and repeated spaces (published headers vary in
 * them). PS_CONFIG naming the table, the wanted name and the nearest, or that it is
 * ambiguous. */
ps_status ps_table_need_column(const ps_table *table, ps_str name, int *out,
                               ps_error *err) PS_MUST_CHECK;
ps_str ps_table_cell(const ps_table *table, size_t row, size_t column);
int64_t ps_table_row_in_file(const ps_table *table, size_t row);
/* The same for messages, with the line where the file is a text. */
ps_row_text ps_table_row_text(const ps_table *table, size_t row);
/* A cell as a number; false when it is none. Thousands separators ("1,234") are taken
 * when every group has three digits. *missing is set, and *value 0, for an empty cell and
 * for the markers "-",
 * "..", ":", "*", "n/a", "NA", "[x]", "[z]", "[c]" in any case. */
bool ps_cell_number(ps_str cell, double *value, bool *missing);
/* The same for a cell of a table. PS_FORMAT names table, row, column and the text seen.
 */
ps_status ps_table_number(const ps_table *table, size_t row, size_t column, double *value,
                          bool *missing, ps_error *err) PS_MUST_CHECK;
void ps_table_free(ps_table *table);

/* The whole of a delimited file (also .gz, or the one wanted member of a .zip) as a
 * table; columns NULL means all. header as in csv.h. base: folder of a relative path.
 * A row with more fields than the header is PS_FORMAT, because its cells may stand under
 * the wrong names; rows with fewer get empty cells, and the talk is told how many. */
ps_status ps_table_read_csv(const char *path, const char *base, ps_header header,
                            const ps_str *columns, size_t n_columns, const ps_talk *talk,
                            ps_table **out, ps_error *err) PS_MUST_CHECK;
/* The same for who counts rows by their fate: rows with more fields than the header stay
 * and are marked, unless there are no others. */
ps_status ps_table_read_marked(const char *path, const char *base, ps_header header,
                               const ps_str *columns, size_t n_columns,
                               const ps_talk *talk, ps_table **out,
                               ps_error *err) PS_MUST_CHECK;
/* Has it more fields than the header, so that its cells may stand under wrong names? */
bool ps_table_row_is_long(const ps_table *table, size_t row);

#endif

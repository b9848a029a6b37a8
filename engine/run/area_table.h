/* Tables whose rows belong to areas: membership, population, deprivation. */
#ifndef PS_RUN_AREA_TABLE_H
#define PS_RUN_AREA_TABLE_H

#include "engine/core/table.h"
#include "engine/run/job.h"

/* Read chosen columns (NULL: all) of a CSV, XLSX or ODS file; arguments and errors as in
 * ps_table_read_csv and ps_layer_read_table. */
ps_status ps_area_table_open(const char *file, const char *base, const char *sheet,
                             int64_t header, const char *const *columns, size_t n_columns,
                             const ps_talk *talk, ps_table **out,
                             ps_error *err) PS_MUST_CHECK;
/* The same for a job. at: path of the mapping in it that names the file ("tables[0]"), so
 * that an absent file or column is told with its line. */
ps_status ps_area_table_read(const ps_job_file *job, const char *at, const char *file,
                             const char *sheet, int64_t header,
                             const char *const *columns, size_t n_columns,
                             const ps_talk *talk, ps_table **out,
                             ps_error *err) PS_MUST_CHECK;

/* How the rows of a table met the areas of a geography. */
typedef struct ps_area_match {
    int64_t rows;     /* with a code */
    int64_t unknown;  /* rows whose code is no area of the geography */
    int64_t absent;   /* areas without a row */
    int64_t repeated; /* rows with a code met before: an error unless the rows are long
                         form */
    char unknown_example[64], absent_example[64];
} ps_area_match;

/* One number per area: the sum of some columns of the row with its code. missing[a] is
 * set when the area has no row or a cell is missing. column[0] is the code. PS_FORMAT for
 * a code that stands twice and for a cell that is no number. */
ps_status ps_area_table_sum(const ps_table *table, int code, const int *columns,
                            size_t n_columns, const ps_areas *areas, double *value,
                            bool *missing, ps_area_match *match,
                            ps_error *err) PS_MUST_CHECK;

#endif

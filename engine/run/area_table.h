/* Tables whose rows belong to areas: membership, population, deprivation. */
#ifndef PS_RUN_AREA_TABLE_H
#define PS_RUN_AREA_TABLE_H

#include "engine/core/table.h"
#include "engine/run/job.h"

/* A table of a job, and which of its rows count. Where a row stands for an area, one with
 * more fields than the header refuses the run: left out, it would take the area's figure
 * from every sum that the area belongs to, or the area from its neighbourhood. */
typedef struct ps_area_rows {
    const char *at; /* path in the job, "tables[0]", for messages */
    const char *file, *sheet;
    ps_header header;
    const ps_job_filter *where; /* all must agree */
    size_t n_where;
    bool marks; /* long rows, see ps_table_read_marked */
} ps_area_rows;

/* Read chosen columns (NULL: all) of the rows that pass the filters. With columns, column
 * i of the table is columns[i]. Errors are told with the line of the job; PS_FORMAT when
 * no row passes. */
ps_status ps_area_rows_read(const ps_job_file *job, const ps_area_rows *rows,
                            const char *const *columns, size_t n_columns,
                            const ps_talk *talk, ps_table **out,
                            ps_error *err) PS_MUST_CHECK;
/* Does a cell pass a filter? */
bool ps_filter_passes(const ps_job_filter *filter, ps_str cell);

/* Read chosen columns (NULL: all) of a CSV, XLSX or ODS file; arguments and errors as in
 * ps_table_read_csv and ps_layer_read_table. */
ps_status ps_area_table_open(const char *file, const char *base, const char *sheet,
                             ps_header header, const char *const *columns,
                             size_t n_columns, const ps_talk *talk, ps_table **out,
                             ps_error *err) PS_MUST_CHECK;
/* How the rows of a table met the areas of a geography. */
typedef struct ps_area_match {
    int64_t rows;    /* with a code */
    int64_t unknown; /* rows whose code is no area of the geography */
    int64_t absent;  /* areas without a row */
    int64_t empty;   /* cells of areas that hold no number */
    char unknown_example[64], absent_example[64], empty_example[160];
} ps_area_match;

/* What is added up. */
typedef struct ps_area_sum {
    int code;           /* column of the area's code */
    const int *columns; /* of the numbers */
    size_t n_columns;
    int period;  /* column whose cell has to be `in`; -1: any */
    ps_str in;   /* trimmed */
    bool repeat; /* a code may stand in several rows, which are added up */
    bool people; /* a number below 0 is a mistake */
} ps_area_sum;

/* One number per area: the sum of some columns of the row, or rows, with its code.
 * missing[a] is set when the area has no row or a cell is missing. PS_FORMAT for a code
 * that stands twice and may not, and for a cell that is no number, or below 0 where
 * there are people. */
ps_status ps_area_table_sum(const ps_table *table, const ps_area_sum *sum,
                            const ps_areas *areas, double *value, bool *missing,
                            ps_area_match *match, ps_error *err) PS_MUST_CHECK;

#endif

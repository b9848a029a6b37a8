/* Incident files into rows that can be located and counted.
 *
 * Bytes become blocks of decoded rows: a coordinate in the points' CRS or the code of an
 * area, a group (the
 * combination of the columns that are counted by), and a fate. Workers each take a block
 * from its bytes to whatever is done with its rows, while it is in their cache. Where
 * order matters (which of two duplicates counts) all blocks of a call wait for it, so
 * that the answer is the same for any number of threads.
 *
 * Every row has exactly one fate, tested in this order:
 *   invalid    too few or too many fields, a key that another table does not know, a
 *              coordinate, date or count that cannot be read, a coordinate that makes no
 *              sense in its CRS
 *   filtered   left out by a filter of the job
 *   duplicate  its key stood in an earlier row of the same month and reporter
 *   unlocated  no coordinate, no code
 *   located    to be joined: matched or outside, by geography
 */
#ifndef PS_RUN_POINTS_H
#define PS_RUN_POINTS_H

#include "engine/core/csv_line.h"
#include "engine/core/output.h"
#include "engine/run/groups.h"
#include "engine/run/job.h"
#include "engine/run/lookup.h"

/* A date in another year is a slip of the pen, not an incident. */
enum { PS_POINTS_FIRST_YEAR = 1900, PS_POINTS_LAST_YEAR = 2199 };
/* The count of a row whose cell is empty or a marker such as "*": withheld, not 0. */
enum { PS_POINTS_UNKNOWN = -1 };

typedef enum ps_fate {
    PS_FATE_INVALID,
    PS_FATE_FILTERED,
    PS_FATE_DUPLICATE,
    PS_FATE_UNLOCATED,
    PS_FATE_LOCATED
} ps_fate;

typedef enum ps_cause {
    PS_CAUSE_SHORT_ROW,
    PS_CAUSE_LONG_ROW,
    PS_CAUSE_BAD_COORDINATE,
    PS_CAUSE_IMPLAUSIBLE_COORDINATE,
    PS_CAUSE_BAD_DATE,
    PS_CAUSE_BAD_COUNT,
    PS_CAUSE_NO_KEY, /* of a look-up; and the next two */
    PS_CAUSE_UNKNOWN_KEY,
    PS_CAUSE_AMBIGUOUS_KEY,
    PS_CAUSES
} ps_cause;

/* "too few fields", ... */
const char *ps_cause_text(ps_cause cause);

/* What to read, with names of columns; strings are borrowed. */
typedef struct ps_points_spec {
    const char *id;
    const char *const *files;
    size_t n_files;
    const char *base; /* folder that relative files start from */
    const char *layer;
    const char *sheet; /* of workbooks; NULL the only one */
    ps_header header;
    const char *x, *y, *crs; /* NULL for rows that are coded to areas: */
    const char *code;        /* column of the area's code, */
    const char *area;        /* or the code of the area that all rows belong to */
    const char *count;       /* column: a row stands for so many incidents; or NULL */
    const char *date;        /* column, or NULL */
    ps_date_form date_form;
    const char *const
        *by; /* columns that make the group; the date column counts as its month */
    size_t n_by;
    const char *key, *reporter, *area_code; /* columns, or NULL */
    const char *const *missing;
    size_t n_missing;
    const ps_job_filter *where;
    size_t n_where;
    const ps_job_lookup *with; /* tables that have some of the columns above */
    size_t n_with;
    bool drop_duplicates;
    const ps_prepared *prepared; /* where what is known of a CRS is kept, or NULL */
} ps_points_spec;

/* Rows by fate. read = invalid + filtered + duplicate + unlocated + located. */
typedef struct ps_rows {
    int64_t read, invalid, filtered, duplicate, unlocated, located;
    int64_t by_cause[PS_CAUSES];
    struct {
        int64_t row;
        ps_cause cause;
        char seen[64];
    } example[3]; /* of invalid rows */
    int examples;
} ps_rows;

/* "12 read = 9 located + ...", a line. */
void ps_rows_tell(const ps_rows *rows, ps_output *out);

/* What reading one input found, but for its blocks. */
typedef struct ps_points_read {
    ps_rows rows;
    int64_t placed;  /* coordinates that make sense, whatever became of their rows */
    int64_t swapped; /* others that would make sense the other way round */
    char encoding[24];
    char windows_from[48]; /* see csv.h; empty when there is nothing to tell */
} ps_points_read;

typedef struct ps_points_block {
    size_t source;     /* which input */
    int64_t first_row; /* data rows count from 1 */
    size_t n;
    const double *x, *y;     /* NAN unless located */
    const int32_t *group;    /* PS_NONE for filtered rows and for invalid ones, unless
                                nothing but the count is wrong */
    const uint8_t *fate;     /* ps_fate */
    const ps_str *area_code; /* as supplied, or what the row is coded to; NULL when the
                                spec names no column of it */
    const int64_t *count;    /* incidents, or PS_POINTS_UNKNOWN; NULL: each row is one */
} ps_points_block;

/* What is done with a block, of index `index` among those of a call of ps_points_next. */
typedef ps_status ps_points_take(void *context, size_t index,
                                 const ps_points_block *block, int worker, ps_error *err);

typedef struct ps_points ps_points;

/* Open all inputs of a spec: files are listed, headers read, columns found. Errors as in
 * csv.h and layer.h, before any row is read. */
ps_status ps_points_open(const ps_points_spec *spec, const ps_talk *talk, ps_points **out,
                         ps_error *err) PS_MUST_CHECK;
/* NULL when rows are coded to areas. */
const ps_crs *ps_points_crs(const ps_points *points);
/* Are duplicates looked for? */
bool ps_points_are_keyed(const ps_points *points);
bool ps_points_are_coded(const ps_points_spec *spec);
/* The box (minx, miny, maxx, maxy) in which coordinates make sense; before the first row
 * is read. */
void ps_points_set_box(ps_points *points, const double box[4]);
/* That box; zeros when there is none. */
const double *ps_points_box(const ps_points *points);
/* What is read, as names of columns. */
const ps_points_spec *ps_points_spec_of(const ps_points *points);
size_t ps_points_sources(const ps_points *points);
const char *ps_points_source_name(const ps_points *points, size_t source);
const char *ps_points_source_path(const ps_points *points, size_t source);
int64_t ps_points_source_bytes(const ps_points *points, size_t source);
const char *ps_points_source_encoding(const ps_points *points, size_t source);
/* A data row of a source for messages, with its line where that is a text. */
ps_row_text ps_points_row_text(const ps_points *points, size_t source, int64_t row);
const ps_rows *ps_points_rows(const ps_points *points, size_t source);
/* Is the source a text? What follows from its rows is then a matter of its bytes. */
bool ps_points_is_text(const ps_points *points, size_t source);
/* The same as an input list has it (see source.h). */
const ps_source *ps_points_source(const ps_points *points, size_t source);
/* Do not read a text of which this is known already; its groups are those that are added.
 * Before the first row is read. */
void ps_points_pass_over(ps_points *points, size_t source, const ps_points_read *read);
ps_status ps_points_add_group(ps_points *points, ps_str texts, int32_t *group,
                              ps_error *err) PS_MUST_CHECK;
/* What reading a source found, once all are read. */
const ps_points_read *ps_points_found(const ps_points *points, size_t source);
/* Rows of different sources are duplicates only within a context that both have. Those of
 * one source that was read, once all are; *n = 0 when duplicates are not looked for.
 * false when there are more than PS_POINTS_CONTEXTS: then none are told. */
enum { PS_POINTS_CONTEXTS = 1 << 16 };
bool ps_points_contexts(const ps_points *points, size_t source, const uint64_t **list,
                        size_t *n);

/* The next rows: *n blocks in the order of the input, 0 at the end. Each has been given
 * to take(), by any worker and any number at once, when its fates were settled; its rows
 * are good only there. Afterwards source, first_row and n of each are in *blocks until
 * the next call. Fails with PS_FORMAT when more than one in a thousand coordinates of an
 * input (and at least 10) makes no sense in the CRS, naming a likely swap of x and y. */
ps_status ps_points_next(ps_points *points, ps_points_take *take, void *context,
                         const ps_points_block **blocks, size_t *n,
                         ps_error *err) PS_MUST_CHECK;
/* The most blocks that one call gives. */
size_t ps_points_most_blocks(const ps_points *points);
/* About how many rows all inputs have, from the size of the first rows of the first.
 * Reads them, so only for a reader that is closed afterwards. */
ps_status ps_points_estimate_rows(ps_points *points, double *rows,
                                  ps_error *err) PS_MUST_CHECK;
/* The look-up of each `with`. */
const ps_lookup *ps_points_lookup(const ps_points *points, size_t with);
/* The memory that reading so many rows takes at most, in bytes. */
double ps_points_memory(const ps_points *points, double rows);
/* The groups met: texts of the `by` columns. */
const ps_groups *ps_points_groups(const ps_points *points);
void ps_points_close(ps_points *points);

#endif

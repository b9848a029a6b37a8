/* The job: what to read, what to count, what to write, as a file.
 *
 * Every structure below is one mapping of the YAML; the comments are the documentation of
 * the keys. Paths are relative to the job file. job.schema.json describes the same for
 * editors.
 */
#ifndef PS_RUN_JOB_H
#define PS_RUN_JOB_H

#include "engine/run/disclosure.h"
#include "engine/run/yaml.h"
#include "geo/prepared.h"

/* Keep or drop rows by the text of a column. Exactly one of is, not. */
typedef struct ps_job_filter {
    char *column;
    char **is;
    unsigned is_count;
    char * * not ;
    unsigned not_count;
} ps_job_filter;

/* A named set of areas: priority neighbourhoods out of LSOAs. */
typedef struct ps_job_set {
    char *code;
    char *name;     /* optional */
    char **members; /* codes of the geography it is built of */
    unsigned members_count;
} ps_job_set;

/* A table that says which area belongs to which larger one. */
typedef struct ps_job_membership {
    char *file;
    char *sheet;          /* workbooks; optional */
    int64_t header;       /* row of the column names, 1-based; default 1 */
    int64_t header_rows;  /* so many rows are joined to one name; default 1 */
    ps_job_filter *where; /* rows to take; all must agree; optional */
    unsigned where_count;
    char *member; /* column of the member's code */
    char *code;   /* column of the larger area's code */
    char *name;   /* column of its name; optional */
    char *weight; /* column of how much of the member belongs there, such as its patients:
                     a member of several goes whole to that with the most; optional */
} ps_job_membership;

/* Where areas of a list lie: each whole in one area of another geography. */
typedef struct ps_job_within {
    char *areas; /* id of a geography with polygons that stands further up */
    char *code;  /* column of the code there; empty or unknown: in none of them */
} ps_job_within;

/* A table that lists areas: organisations, sites, whatever has no polygons. */
typedef struct ps_job_codes {
    char *file;
    char *sheet;
    int64_t header, header_rows;
    ps_job_filter *where;
    unsigned where_count;
    char *code;        /* column */
    char *name;        /* column; optional */
    ps_job_within *in; /* rows coded to the list count there, too; optional */
} ps_job_codes;

/* One geography: from polygons (file, code, ...), from another one (of, table | sets), or
 * a list of codes, on which nothing can be located. */
typedef struct ps_job_areas {
    char *id;    /* area_type in the outputs: lsoa, ward, place */
    char *title; /* optional */
    char *file;  /* polygon source */
    char *layer;
    char *code;  /* field of the code */
    char *name;  /* field of the name; optional */
    char *where; /* attribute filter, OGR SQL; optional */
    char *crs;   /* when the file has none or a wrong one */
    char *encoding;
    ps_geometry_policy *invalid; /* repair (default), skip, stop; NULL without file */
    char *of;                    /* id of the geography that this one is built of */
    ps_job_membership *table;
    ps_job_set *sets;
    unsigned sets_count;
    ps_job_codes *codes;
} ps_job_areas;

typedef enum ps_points_format { PS_POINTS_COLUMNS, PS_POINTS_POLICE_UK } ps_points_format;
typedef enum ps_duplicates { PS_DUPLICATES_ID, PS_DUPLICATES_KEEP } ps_duplicates;
/* Which areas count as covered by the input, so that no incident means 0 and not missing.
 */
typedef enum ps_coverage {
    PS_COVERAGE_SEEN, /* areas where the reporter with most rows has some in at least half
                         of the months that it published */
    PS_COVERAGE_ALL   /* every area of the job */
} ps_coverage;

/* Columns of another file that rows get by a key, as the place and day of a collision
 * for each person who was hurt in it. */
typedef struct ps_job_lookup {
    char *file;
    char *sheet;    /* workbooks; optional */
    int64_t header; /* row of the column names, 1-based; default 1 */
    char *key;      /* column of the file, one row each */
    char *by;       /* column of the rows that names it; default: the same name */
    char **columns; /* of the file; known to the rows by these names */
    unsigned columns_count;
} ps_job_lookup;

/* Incidents: with coordinates (x, y, crs), or coded to areas (areas, and code or area).
 */
typedef struct ps_job_points {
    char *id;
    char *title;
    ps_points_format *format; /* police.uk sets all columns below; default columns */
    char **files; /* files, folders, globs, ZIP archives; CSV (also .gz), a workbook or a
                     point layer */
    unsigned files_count;
    char *sheet;         /* of a workbook; needed with several */
    int64_t header;      /* row of the column names, from 1; default 1 */
    int64_t header_rows; /* rows that hold them, joined; default 1 */
    ps_job_lookup *with; /* other files that have some of the columns; optional */
    unsigned with_count;
    char *layer;             /* when the file is a point layer */
    char *x, *y;             /* columns */
    char *crs;               /* of x and y; required for columns */
    char *areas;             /* id of the geography that rows are coded to */
    char *code;              /* column of the area's code */
    char *area;              /* code of the one area that all rows belong to */
    char *count;             /* column: the row stands for so many incidents; optional */
    char *date;              /* column; optional */
    ps_date_form *date_form; /* auto (default), iso, dmy, mdy; year, financial-year: for
                                figures of whole years, known for these only */
    char *category;          /* column; optional */
    char *key;               /* column of the incident's id, for duplicates; optional */
    char *reporter;          /* column of who published the row, for coverage; optional */
    char *area_code; /* column with an area code supplied by the publisher, compared with
                        the area found */
    char **missing;  /* texts that mean no coordinate or code, beside empty: "-1", "0",
                        "NULL" */
    unsigned missing_count;
    ps_job_filter *where;
    unsigned where_count;
    ps_duplicates *duplicates; /* id (default when key is known): count once per key,
                                  month and reporter; keep */
    ps_coverage *covers;       /* seen (default), all */
    ps_disclosure_class *disclosure; /* whose data they are: public, council, partner,
                                        survey, sensitive; default public for police.uk,
                                        else the strictest of the framework's measures
                                        that use them, else public */
} ps_job_points;

/* One column of an area table that becomes an indicator. */
typedef struct ps_job_value {
    char *id;
    char *title;
    char *column;
    char *unit;   /* optional */
    char *period; /* as printed in the outputs; optional */
} ps_job_value;

/* Rows of a table that have the code of an earlier one. */
typedef enum ps_repeats {
    PS_REPEATS_STOP, /* a mistake */
    PS_REPEATS_ADD   /* parts, which are added up */
} ps_repeats;

/* Values by area: deprivation, census. */
typedef struct ps_job_table {
    char *id;
    char *file;
    char *sheet;
    int64_t header, header_rows;
    ps_job_filter *where;
    unsigned where_count;
    char *areas;  /* id of the geography that its codes belong to */
    char *code;   /* column */
    char *period; /* column of what the row is for: values by area and period; optional */
    ps_date_form *date_form; /* how it is written; without, it is printed as it stands */
    ps_repeats *repeats;     /* stop (default), add; within a period */
    ps_job_value *values;
    unsigned values_count;
} ps_job_table;

/* People by area, the denominator of rates. Columns are added up: one total, or ages. */
typedef struct ps_job_population {
    char *id;    /* default "population"; those of one id differ in the year */
    char *title; /* "mid-2019, ONS"; printed beside rates */
    char *file;
    char *sheet;
    int64_t header, header_rows;
    ps_job_filter *where;
    unsigned where_count;
    char *areas;
    char *code;
    ps_repeats *repeats;
    char **columns; /* names; "0".."90+" as the range form "0..90+" takes all between in
                       file order */
    unsigned columns_count;
    int64_t year; /* mid-year the figures are for; optional */
} ps_job_population;

/* Rows that are kept one by one, because a method needs them together: answers to a
 * survey, events of people who may be met again, scores, grants, published figures. They
 * are for the measures and comparisons of a framework. */
typedef struct ps_job_records {
    char *id;
    char *title;
    char *file; /* CSV (also .gz), XLSX, ODS */
    char *sheet;
    int64_t header;
    ps_job_lookup *with; /* other files that have some of the columns; optional */
    unsigned with_count;
    char *areas; /* id of the geography that the rows' codes belong to, with one of code
                    and area; without it every row is of the whole: of the only area of
                    each geography that has one */
    char *code;  /* column of the code */
    char *area;  /* code of the area that all rows are of */
    char *
        date; /* column: a day, a month, a year (2021), a financial year (2021/22), twelve
                 months by their last (12m@2022-09), or a range (2021-07..2022-06) */
    ps_date_form *date_form; /* of days: auto (default), iso, dmy, mdy */
    char *period;   /* that all rows are of, when no column tells: 2021, 2021/22 */
    char **missing; /* texts that mean no answer; default: the empty one */
    unsigned missing_count;
    char *separator; /* between several answers in one cell; default ";" */
    ps_job_filter *where;
    unsigned where_count;
    ps_disclosure_class
        *disclosure; /* whose data they are; default: the strictest of the measures */
} ps_job_records;

/* What is counted: a built-in police.uk series by id alone, or rows of a category. */
typedef struct ps_job_series {
    char *id;
    char *title;
    char *data;        /* id of the points; optional when there is one */
    char **categories; /* values of the category column; empty: all rows, or the built-in
                          of that id */
    unsigned categories_count;
} ps_job_series;

/* Which texts of an input's column mean one value of the framework. */
typedef struct ps_job_meaning {
    char *id;  /* the framework's value */
    char **of; /* texts of the column; none: there are no such rows */
    unsigned of_count;
} ps_job_meaning;

/* Which column of an input is one of the framework's. */
typedef struct ps_job_data_column {
    char *id;     /* the framework's column */
    char *column; /* the input's; none of a population, where the texts of `values` are
                     the columns that the people of each value stand in */
    ps_job_meaning *values; /* optional: the input's texts are the framework's values */
    unsigned values_count;
} ps_job_data_column;

/* Columns of one input that a framework's data may bind. */
enum { PS_JOB_BOUND_COLUMNS = 13 };

/* Which input is a kind of data that the framework needs. */
typedef struct ps_job_data {
    char *id;    /* the framework's kind of data */
    char *input; /* id of points, records, a table or a population */
    ps_job_data_column *columns;
    unsigned columns_count;
} ps_job_data;

/* Figures of an input are shown as they are. */
typedef struct ps_job_unhidden {
    char *input;  /* id of points or records */
    char *reason; /* that the manifest tells */
} ps_job_unhidden;

/* How figures of data that are not public are protected; see release.h. */
typedef struct ps_job_disclosure {
    int64_t threshold;           /* counts from 1 to below it are hidden; default 5 */
    int64_t sensitive_threshold; /* of sensitive data, 0 included; default 10 */
    int64_t sensitive_people; /* areas with fewer people show nothing of sensitive data;
                                 default 100 */
    ps_job_unhidden *off;     /* what is not protected */
    unsigned off_count;
} ps_job_disclosure;

typedef struct ps_job_outputs {
    bool *counts, *indicators, *geopackage; /* default true */
    bool *measures, *comparisons;           /* default: when a framework has them */
} ps_job_outputs;

typedef struct ps_job {
    char *title;
    ps_job_areas *areas;
    unsigned areas_count;
    ps_job_points *points;
    unsigned points_count;
    ps_job_table *tables;
    unsigned tables_count;
    ps_job_records *records;
    unsigned records_count;
    ps_job_population *population;  /* one, or */
    ps_job_population *populations; /* several; rates take the first id, and of it the
                                       year that is nearest to their period */
    unsigned populations_count;
    char **periods; /* see indicators/period.h; default financial-years */
    unsigned periods_count;
    ps_job_series *series;
    unsigned series_count;
    char *framework;   /* name of a shipped one, or path of a file; see framework.h */
    char **frameworks; /* several of them, instead */
    unsigned frameworks_count;
    ps_job_data *data; /* what the framework's kinds of data are */
    unsigned data_count;
    double *confidence; /* default 0.95 */
    double *multiplier; /* default 1000 */
    ps_job_disclosure *disclosure;
    ps_job_outputs *outputs;
} ps_job;

typedef struct ps_job_file {
    const ps_job *job;
    const ps_yaml *yaml;            /* positions, for messages */
    const char *folder;             /* that relative paths start from */
    const ps_prepared *prepared;    /* where boundaries are kept; NULL until it is set */
    const struct ps_inputs *inputs; /* digested; NULL until they are */
} ps_job_file;

/* The schema that libcyaml and the JSON Schema are made of. */
extern const cyaml_schema_value_t ps_job_schema;

/* Population k of a job, from 0, the single one first; NULL behind the last. */
const ps_job_population *ps_job_population_at(const ps_job *job, unsigned k);
/* Its path in the file: "population", "populations[1]". */
void ps_job_population_path(const ps_job *job, unsigned k, char out[32]);
/* The first population with an id, or NULL. */
const ps_job_population *ps_job_population_find(const ps_job *job, const char *id);

/* Read a job and check everything that can be checked without opening other files: ids
 * unique, references resolved, exactly the right keys together, periods and CRS well
 * formed; presets filled in (the columns of police.uk). All defaults are resolved
 * afterwards: pointers of enums, numbers and switches are never NULL. */
ps_status ps_job_open(const char *path, ps_job_file **out, ps_error *err) PS_MUST_CHECK;
ps_status ps_job_parse(const char *name, const char *bytes, size_t n, ps_job_file **out,
                       ps_error *err) PS_MUST_CHECK;
void ps_job_free(ps_job_file *file);

/* The frameworks that a job names, by whichever key; returns how many. */
unsigned ps_job_frameworks(const ps_job *job, char *const **names);

/* The second half of the two above: check what a schema cannot say, then fill in presets
 * and defaults. job was filled from yaml; on failure it is still to be freed with it. */
ps_status ps_job_resolve(const ps_yaml *yaml, ps_job *job, ps_error *err) PS_MUST_CHECK;

#endif

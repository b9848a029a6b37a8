/* Counts into figures: coverage, series, periods, rates with their intervals.
 *
 * A data set is one `points` entry of the job after counting. A series is a selection of
 * its groups. A slot is a series in a period; every area of every geography has one
 * figure a slot.
 *
 * Coverage: a month in which the reporter that is expected for an area published nothing
 * is missing there, not zero. The reporter expected for an area is the one with most rows
 * in it (ties: the first in byte order). Where that one has rows in less than half of the
 * months that it published, the area is not covered: stray rows of a neighbouring force
 * are no sign of complete files. When the job says that the data cover all areas, all are
 * covered, one without rows by the reporter with most rows overall. Without a reporter
 * column there is one reporter. A month in which a row does not say how many incidents it
 * stands for is missing, too, and so is all of an area that the data cannot tell of.
 */
#ifndef PS_RUN_FIGURES_H
#define PS_RUN_FIGURES_H

#include "engine/run/area_values.h"
#include "engine/run/count.h"
#include "engine/run/geography.h"
#include "engine/run/reach.h"
#include "indicators/period.h"
#include "indicators/rate.h"

/* Columns that rows are counted by: reporter, date, category, bound ones. */
enum { PS_FIGURES_BY = 3 + PS_JOB_BOUND_COLUMNS };

typedef struct ps_series {
    const char *id, *title;
    size_t data;       /* data set */
    size_t first_slot; /* slots of the series follow each other, one per period of its
                          data */
    bool *holds;       /* by group of the data set */
} ps_series;

typedef struct ps_data_set {
    const ps_job_points *spec;
    const char *by[PS_FIGURES_BY]; /* columns that make a group */
    size_t n_by;
    ps_point_counts *count;
    ps_reach *reach;
    ps_area_counts *cells; /* by geography: incidents */
    ps_area_counts *rows;  /* rows; the same as cells where each is one incident */
    ps_area_counts
        *unknown;       /* rows that do not say how many they stand for; NULL: none can */
    int32_t **reporter; /* by geography and area: expected reporter or PS_NONE */
    int64_t *uncovered; /* by geography: areas that no reporter is expected for */
    ps_keys *reporters;
    int32_t *group_reporter; /* by group */
    ps_month *group_month;   /* by group; PS_NO_MONTH without a date */
    ps_month first, last;    /* span; first > last without rows or dates */
    int64_t isolated;        /* rows dated far from it, see isolated.h: of no month */
    int32_t stride;          /* months that a date stands for: 12 for yearly figures,
                                which are counted in the first month of their year */
    bool *present;           /* reporter * months + (month - first) */
    ps_period *period;
    size_t n_periods;
} ps_data_set;

typedef struct ps_records ps_records; /* records.h */
typedef struct ps_release ps_release; /* release.h */

enum { PS_FIGURES_FEW = 16 };

typedef struct ps_figures {
    const ps_job *job;
    const ps_records *records; /* of the job, borrowed; set by who opened both */
    const ps_release *release; /* what may be shown; NULL until it is decided: all */
    const ps_geographies *geographies;
    ps_data_set *data;
    size_t n_data;
    ps_series *series;
    size_t n_series;
    size_t n_slots;
    ps_area_values *values;
    size_t n_values;
    ps_estimate few[PS_FIGURES_FEW]; /* counts of 0, 1, ...: most are so small, and their
                                        limits are exact, which takes long */
} ps_figures;

typedef struct ps_figure {
    ps_estimate count, rate;
    double denominator; /* people, or person-years; meaningful when has_denominator */
    bool has_denominator;
    char note[128]; /* counts that may not be shown are PS_VALUE_SUPPRESSED */
} ps_figure;

/* How the rows of a points entry are read and grouped: by reporter, date and category, as
 * far as the entry has them, and by the columns that the framework's data bind. by holds
 * the names and must outlive the spec. */
void ps_figures_points_spec(const ps_job_file *job, const ps_job_points *points,
                            const char *by[PS_FIGURES_BY], ps_points_spec *spec);

/* Open the points of a job, read their headers and close them: a column that is not there
 * is told with the line of the job before any work starts. */
ps_status ps_figures_check_points(const ps_job_file *job, ps_error *err) PS_MUST_CHECK;
/* Read the area tables of a job and forget them: are their files, columns and codes
 * right? */
ps_status ps_figures_check_tables(const ps_job_file *job,
                                  const ps_geographies *geographies, const ps_talk *talk,
                                  ps_error *err) PS_MUST_CHECK;

/* Count all data of a job in all its geographies and get ready to compute. strict: a
 * category that no series knows is PS_GATE instead of a warning. Area tables are read,
 * too. */
ps_status ps_figures_open(const ps_job_file *job, const ps_geographies *geographies,
                          bool strict, const ps_talk *talk, ps_figures **out,
                          ps_error *err) PS_MUST_CHECK;
/* All figures of one area, n_slots of them. No allocation; any number of threads. */
void ps_figures_of_area(const ps_figures *figures, size_t geography, size_t area,
                        ps_figure *slots);
/* Counts of one series in one area by month of its data set (last - first + 1 of them);
 * covered[m] tells whether month m is known. */
void ps_figures_months(const ps_figures *figures, size_t geography, size_t area,
                       size_t series, int64_t *counts, bool *covered);
/* The same for any choice of the groups of a data set. */
void ps_figures_group_months(const ps_figures *figures, size_t geography, size_t area,
                             size_t data, const bool *holds, int64_t *counts,
                             bool *covered);
/* The text of a column in a group; "" when rows are not counted by that column. */
ps_str ps_figures_group_text(const ps_data_set *data, int32_t group, const char *column);
size_t ps_figures_groups(const ps_data_set *data);
/* Can these months be told at all? Of yearly figures only whole years can. */
bool ps_figures_divisible(const ps_data_set *data, ps_month first, ps_month last);
/* What stands for a month: "2021-04", or the year that begins then. */
void ps_figures_date_text(const ps_data_set *data, ps_month month, char out[24]);
/* Months from first to last. */
size_t ps_figures_span(const ps_data_set *data);
/* Which months of a period are unknown in an area, of which `absent` are, in words. */
void ps_figures_describe_gaps(const ps_data_set *data, size_t geography, size_t area,
                              const ps_period *period, int32_t absent, char note[128]);
/* Years that a period counts for in a denominator: whole and part years above one,
 * else 1. */
double ps_period_years(const ps_period *period);
/* Rows of all inputs of a data set by fate, and how they met a geography that they were
 * counted in. */
void ps_figures_rows(const ps_data_set *data, size_t geography, ps_rows *rows,
                     ps_matches *matches);
/* A value of an area table of the job by their ids, of a table by period that of the
 * period with this label; NULL: there is none. */
const ps_area_values *ps_figures_area_values(const ps_figures *figures, const char *table,
                                             const char *value, const char *period);
void ps_figures_free(ps_figures *figures);

#endif

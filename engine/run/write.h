/* Figures into files. */
#ifndef PS_RUN_WRITE_H
#define PS_RUN_WRITE_H

#include "engine/core/output.h"
#include "engine/run/measures.h"
#include "geo/layer.h"

/* How much of what was asked for is there. */
typedef struct ps_written {
    int64_t figures; /* rows of the file */
    int64_t absent;  /* of them without a value, though nothing was suppressed */
    int64_t hidden;  /* that the plan of an area hides, and which have no row */
    int64_t suppressed;
} ps_written;

/* indicators.csv: area_type, area_code, area_name, period, indicator, value, lower,
 * upper, numerator, denominator, unit, status, method, note. One row per figure: a series
 * gives its count and, with a population, its rate "<series>-rate"; a column of an area
 * table its value. A value that is not ok is empty. By geography, area, series, period.
 */
ps_status ps_write_indicators(const ps_figures *figures, ps_output *out,
                              ps_written *written, ps_error *err) PS_MUST_CHECK;

/* counts.csv: area_type, area_code, series, month, count, status. One row for each month
 * with incidents and each month that is missing in an area that is otherwise covered; a
 * covered month without a row is 0. Data that are not public have no rows here. An area
 * that is not covered has rows for months with incidents only, and nothing says that its
 * other months are 0. */
ps_status ps_write_counts(const ps_figures *figures, ps_output *out,
                          ps_error *err) PS_MUST_CHECK;

/* measures.csv: one row for each measure, area and period, in the order of the
 * framework's report, its geographies, areas and the job's periods; see placestat-job(5)
 * for the columns. A measure without data has one row, a geography that the job lacks one
 * row for each measure that asks for it: status no-data or no-areas, and the reason. */
ps_status ps_write_measures(const ps_measures *measures, ps_output *out,
                            ps_written *written, ps_error *err) PS_MUST_CHECK;

/* comparisons.csv: one row for each comparison of the frameworks, measure, area, area
 * that it is compared with, item and period; see placestat-job(5) for the columns. What
 * is absent has a row as in measures.csv. */
ps_status ps_write_comparisons(const ps_measures *measures, ps_output *out,
                               ps_written *written, ps_error *err) PS_MUST_CHECK;

/* Is a column of measures.csv one of numbers? */
bool ps_measures_has_numbers(ps_str column);

/* placestat.gpkg: a layer per geography, named by its id, with code, name, population and
 * one field per figure ("recorded_crime_rate_2021_22"); NULL where there is no value.
 * measures: path of measures.csv, which has been written, or NULL. Its rows are the table
 * `measures`, cell by cell; for each geography with a map the layer measures_<id> shows
 * its rows on the map. */
ps_status ps_write_geopackage(const ps_figures *figures, const char *measures,
                              const char *path, const ps_talk *talk,
                              ps_error *err) PS_MUST_CHECK;
/* The second half of the above. */
ps_status ps_write_geopackage_measures(const ps_geographies *geographies,
                                       const char *measures, ps_geopackage *gpkg,
                                       ps_error *err) PS_MUST_CHECK;

#endif

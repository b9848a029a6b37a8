/* Numerators and denominators: what of a job's data a measure counts, and how much of it
 * there is in an area and a stretch of months.
 *
 * A part is rows of incident data, records or people. By a column of the data it has one
 * item for each of the column's values, in the framework's order; without, one item.
 */
#ifndef PS_RUN_PART_H
#define PS_RUN_PART_H

#include "engine/run/answers.h"
#include "engine/run/binding.h"
#include "engine/run/figures.h"

typedef struct ps_measure_part {
    const ps_framework_part *spec; /* NULL: the measure has no such part */
    const ps_job_data *bound;      /* what its data are in the job */
    const char *people;            /* id of the population that it is; NULL: rows */
    size_t data;                   /* data set */
    bool *holds;                   /* by item, then by group of the data set */
    size_t n_items;
    const ps_framework_data *kind;
    const ps_record_set *records; /* NULL: other data; then the next */
    uint8_t *answer;              /* by item, then by record: ps_answer */
} ps_measure_part;

/* Which rows count? spec NULL gives an empty part. The binding must not have said that
 * the part is absent. Errors PS_NOMEM. */
ps_status ps_part_open(const ps_binding *binding, const ps_figures *figures,
                       const ps_framework_part *spec, ps_measure_part *part,
                       ps_error *err) PS_MUST_CHECK;
/* Who gave no answer to the numerator is not in the denominator of the same records. */
void ps_part_share_base(const ps_measure_part *numerator, ps_measure_part *denominator);
void ps_part_close(ps_measure_part *part);
/* The name of an item; "" when the part is not split. */
const char *ps_part_item(const ps_binding *binding, const ps_framework_part *spec,
                         size_t item);
/* By group of its data set, which count for an item; of a part that is not split, for
 * any. */
const bool *ps_part_holds(const ps_measure_part *part, const ps_data_set *data,
                          size_t item);

/* The months that the data of a part of rows span; first > last: none. dated: whether
 * they are of any time. */
void ps_part_span(const ps_measure_part *part, const ps_figures *figures, ps_month *first,
                  ps_month *last, bool *dated);
/* By record, what they answer to an item; of a part that is not split, to any. */
const uint8_t *ps_part_answers(const ps_measure_part *part, size_t item);
/* The column of its records that has a role, NULL when the job binds none. */
const ps_record_column *ps_part_role(const ps_measure_part *part, ps_column_role role);

/* What lies before each month of a data set, in one area, so that the count of any
 * stretch of months is one subtraction. */
typedef struct ps_history ps_history;

ps_status ps_history_create(ps_history **out, ps_error *err) PS_MUST_CHECK;
void ps_history_free(ps_history *history);
/* Fill it with one item of a part of rows. */
void ps_history_read(ps_history *history, const ps_figures *figures,
                     const ps_measure_part *part, size_t item, size_t geography,
                     size_t area);
/* Add the counts of another area to those of one, of the same item and part. Which months
 * are known stays as it was. */
void ps_history_add(ps_history *sum, const ps_history *more);
/* The months that the data span; first > last: none. */
ps_month ps_history_first(const ps_history *history);
ps_month ps_history_last(const ps_history *history);
/* Months of [first, last] that are known, and what was counted in them. */
int32_t ps_history_sum(const ps_history *history, ps_month first, ps_month last,
                       double *count);
/* The same; false when a month is not known. */
bool ps_history_whole(const ps_history *history, ps_month first, ps_month last,
                      double *count);

#endif

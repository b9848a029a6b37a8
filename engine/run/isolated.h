/* Rows whose dates are slips of the pen: 2052 for 2022, 1900 for no date at all.
 *
 * One such row would stretch the months that data span over decades, and the running year
 * of a plan is the one that data end in. No clock is asked, so that the same input gives
 * the same bytes; what is told apart are months that stand alone.
 *
 * Rule     Months with rows fall into stretches, which at least 24 months without any row
 *   keep apart. The stretch with most rows (ties: the latest) is the body. Outwards from
 *   it, a stretch is isolated when it has at most 3 rows, or a hundredth of what an
 *   average month of the body has, and when the body has 20 rows and its pace would have
 *   given as many in the gap between; one that is not isolated is data, and so is the gap
 *   before it. Rare incidents, years apart, are therefore never isolated: chance leaves a
 *   gap in which 20 are expected once in e^20 times. Where waves years apart are the
 * rule, as of surveys and published figures, nothing is isolated.
 */
#ifndef PS_RUN_ISOLATED_H
#define PS_RUN_ISOLATED_H

#include "engine/run/points.h"

/* rows[m] rows are of month m, of n. What is left without isolated months is [*begin,
 * *end); without any row begin = end. */
void ps_isolated_months(const int64_t *rows, size_t n, size_t *begin, size_t *end);

enum { PS_ISOLATED_TOLD = 3 };

/* Rows outside the months [first, last]. */
typedef struct ps_isolated {
    size_t n; /* of those below: the first row of a group each */
    struct {
        size_t source;
        int64_t row;
        ps_month month;
    } row[PS_ISOLATED_TOLD];
} ps_isolated;

/* Which rows of a spec are dated outside [first, last]; date: position of the date among
 * its `by`. Reads all inputs once more.
 * Threads  parallel inside; same result for any number. */
ps_status ps_isolated_find(const ps_points_spec *spec, size_t date, ps_month first,
                           ps_month last, ps_isolated *out, ps_error *err) PS_MUST_CHECK;

#endif

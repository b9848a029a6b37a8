/* Areas by periods by indicators: a long table as a block of numbers, for the methods
 * that look at many indicators at once. */
#ifndef PS_INDICATORS_PANEL_H
#define PS_INDICATORS_PANEL_H

#include "indicators/method_codes.h"

typedef struct ps_panel {
    ps_codes period, area, indicator; /* in order of their texts */
    size_t n;      /* units: periods * areas; unit t * areas + a is area a in period t */
    double *value; /* n * indicators, unit by unit; NAN where missing */
    size_t *row;   /* of each value in the table, SIZE_MAX where there is none */
} ps_panel;

/* For a method that has no periods. */
#define PS_PANEL_NO_PERIOD SIZE_MAX

/* From a table with one row per period, area and indicator; without a period column there
 * is one period. Errors   PS_FORMAT for a second row of the same, an empty area
 * or indicator; PS_LIMIT when the block would be larger than 2^27 numbers. */
ps_status ps_panel_read(const ps_method_call *call, size_t period, size_t area,
                        size_t indicator, size_t value, ps_panel *out,
                        ps_error *err) PS_MUST_CHECK;
void ps_panel_free(ps_panel *panel);

/* A number that belongs to the indicator, not to the row: one per indicator (by_area
 * false) or per area. NAN where no row has it. Errors   PS_FORMAT when rows differ. */
ps_status ps_panel_attribute(const ps_method_call *call, const ps_panel *panel,
                             size_t input, bool by_area, double **out,
                             ps_error *err) PS_MUST_CHECK;

/* (x - mean) / sd of every column with n - 1; false when the column does not vary.
 * Shapes   x: n rows of p, no value missing; z: n rows of p, may be x. */
void ps_standard_scores(size_t n, size_t p, const double *x, double *z, bool *varies);

#endif

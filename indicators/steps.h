/* The working of a figure: the arithmetic with its numbers, one step a line, so that a
 * reader can redo it by hand.
 *
 *     weights of the 41 answers = 173.2
 *     mean = 812.4 / 173.2 = 4.69053
 *
 * A line is a name, the arithmetic unless the number stands for itself, and the number.
 * The name has no '='. Arithmetic is written with + - * / ^ ( ) and sqrt, ln, exp, abs,
 * min and max; all in it are numbers, rounded to six digits unless they are whole. What
 * comes from a distribution, a search or draws is a number by itself whose name tells
 * from where.
 *
 * Whoever is asked for steps gets an output that stays in memory, and NULL when nobody
 * asks; adding to NULL does nothing.
 */
#ifndef PS_INDICATORS_STEPS_H
#define PS_INDICATORS_STEPS_H

#include "engine/core/output.h"
#include "indicators/value.h"

/* A number as it stands in a line. */
typedef struct ps_step_number {
    char text[40];
} ps_step_number;
/* In brackets when it is negative, so that a sign may stand before it. */
ps_step_number ps_step_number_of(double number);
#define PS_STEP(number) (ps_step_number_of(number).text)

/* Where the working of a value and of its limits goes. */
typedef struct ps_estimate_steps {
    ps_output *value, *lower, *upper;
} ps_estimate_steps;

static inline bool ps_steps_asked(ps_estimate_steps to) {
    return to.value != NULL || to.lower != NULL || to.upper != NULL;
}

/* A line: the text, " = " and the number. Numbers in the text by PS_STEP. */
void ps_step_add(ps_output *steps, double number, const char *format, ...)
    PS_PRINTF(3, 4);
/* Limits of reach * se below and above a value. */
void ps_step_limits(ps_estimate_steps to, double value, double reach, double se);
/* A mean of n numbers, NAN left out, with each of them when they are few: the name tells
 * what was averaged. weight: of each, or NULL. */
void ps_step_mean(ps_output *steps, const char *name, size_t n, const double *x,
                  const double *weight);
/* The same for a sum. */
void ps_step_sum(ps_output *steps, const char *name, size_t n, const double *x);
/* The middle of n numbers, NAN left out, or the mean of the two in the middle. x in any
 * order; n^2 comparisons. */
void ps_step_median(ps_output *steps, const char *name, size_t n, const double *x);

#endif

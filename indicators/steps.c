#include "indicators/steps.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { LINE = 4096 };

/* Six digits, more before the point, whole numbers in full; what is no number as '?'. */
static void shorten(double number, char out[40]) {
    enum { DIGITS = 6 };
    const double size = fabs(number), most_whole = 1e15;
    const bool whole = number == rint(number) && size < most_whole;
    if (!isfinite(number)) {
        strcpy(out, "?");
        return;
    }
    if (!whole) {
        const double behind = DIGITS - 1 - floor(log10(size)),
                     least = size < most_whole ? 1 : -307;
        const double scale = pow(10, fmin(fmax(behind, least), 300)),
                     rounded = rint(number * scale) / scale;
        if (isfinite(rounded)) number = rounded;
    }
    ps_format_double(number == 0 ? 0 : number, out);
    /* No rounded number looks as if it were exact. */
    if (!whole && strpbrk(out, ".e") == NULL) strcat(out, ".0");
}

ps_step_number ps_step_number_of(double number) {
    ps_step_number out;
    char text[40];
    shorten(number, text);
    snprintf(out.text, sizeof out.text, number < 0 ? "(%.36s)" : "%.36s", text);
    return out;
}

void ps_step_add(ps_output *steps, double number, const char *format, ...) {
    char text[LINE], value[40];
    if (steps == NULL || !isfinite(number)) return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    shorten(number, value);
    ps_output_text(steps, text);
    ps_output_printf(steps, " = %s\n", value);
}

void ps_step_limits(ps_estimate_steps to, double value, double reach, double se) {
    ps_step_add(to.lower, value - reach * se, "lower limit = %s - %s * %s",
                PS_STEP(value), PS_STEP(reach), PS_STEP(se));
    ps_step_add(to.upper, value + reach * se, "upper limit = %s + %s * %s",
                PS_STEP(value), PS_STEP(reach), PS_STEP(se));
}

/* "(1.5 * 4 + 2)": every term. */
static void list_terms(size_t n, const double *x, const double *weight, char *out,
                       size_t room) {
    size_t used = 0;
    for (size_t i = 0; i < n; i++) {
        if (isnan(x[i])) continue;
        const char *plus = used > 0 ? " + " : "";
        const int put =
            weight != NULL && weight[i] != 1
                ? snprintf(out + used, room - used, "%s%s * %s", plus, PS_STEP(weight[i]),
                           PS_STEP(x[i]))
                : snprintf(out + used, room - used, "%s%s", plus, PS_STEP(x[i]));
        if (put < 0 || (size_t)put >= room - used) return;
        used += (size_t)put;
    }
}

enum { MOST_TERMS = 30, TERM = 90 };

typedef struct total {
    size_t n;
    double weight, sum;
} total;

static total add_up(size_t n, const double *x, const double *weight) {
    total t = {0, 0, 0};
    for (size_t i = 0; i < n; i++) {
        const double w = weight != NULL ? weight[i] : 1;
        if (isnan(x[i])) continue;
        t.n++, t.weight += w, t.sum += w * x[i];
    }
    return t;
}

void ps_step_sum(ps_output *steps, const char *name, size_t n, const double *x) {
    char terms[MOST_TERMS * TERM] = "";
    if (steps == NULL) return;
    const total t = add_up(n, x, NULL);
    if (t.n == 0) return;
    if (t.n > MOST_TERMS) {
        ps_step_add(steps, t.sum, "%s, of %zu values", name, t.n);
        return;
    }
    list_terms(n, x, NULL, terms, sizeof terms);
    ps_step_add(steps, t.sum, "%s = %s", name, terms);
}

void ps_step_mean(ps_output *steps, const char *name, size_t n, const double *x,
                  const double *weight) {
    char terms[MOST_TERMS * TERM] = "";
    if (steps == NULL) return;
    const total t = add_up(n, x, weight);
    if (!(t.weight > 0)) return;
    if (t.n <= MOST_TERMS) {
        list_terms(n, x, weight, terms, sizeof terms);
        ps_step_add(steps, t.sum / t.weight, "%s = (%s) / %s", name, terms,
                    PS_STEP(t.weight));
        return;
    }
    ps_step_add(steps, t.sum, "the %zu values%s added up", t.n,
                weight != NULL ? ", each times its weight," : "");
    ps_step_add(steps, t.sum / t.weight, "%s = %s / %s", name, PS_STEP(t.sum),
                PS_STEP(t.weight));
}

/* The number with k others before it. */
static double in_order(size_t n, const double *x, size_t k) {
    for (size_t i = 0; i < n; i++) {
        size_t below = 0, equal = 0;
        for (size_t j = 0; j < n; j++)
            below += x[j] < x[i] ? 1 : 0, equal += x[j] == x[i] ? 1 : 0;
        if (below <= k && k < below + equal) return x[i];
    }
    return (double)NAN;
}

void ps_step_median(ps_output *steps, const char *name, size_t n, const double *x) {
    size_t there = 0;
    if (steps == NULL) return;
    for (size_t i = 0; i < n; i++) there += isnan(x[i]) ? 0 : 1;
    if (there == 0) return;
    const double low = in_order(n, x, (there - 1) / 2), high = in_order(n, x, there / 2);
    if (there % 2 == 1)
        ps_step_add(steps, low, "%s: the middle one of %zu", name, there);
    else
        ps_step_add(steps, (low + high) / 2,
                    "%s: the mean of the two in the middle of %zu = (%s + %s) / 2", name,
                    there, PS_STEP(low), PS_STEP(high));
}

/* Sums that do not depend on how the terms are grouped beyond the last bit: compensated
 * addition. Source: Neumaier 1974, Z. Angew. Math. Mech. 54:39. */
#ifndef PS_INDICATORS_SUM_H
#define PS_INDICATORS_SUM_H

#include <math.h>

typedef struct ps_sum {
    double sum, lost;
} ps_sum;

static inline void ps_sum_add(ps_sum *s, double term) {
    double total = s->sum + term;
    if (fabs(s->sum) >= fabs(term))
        s->lost += (s->sum - total) + term;
    else
        s->lost += (term - total) + s->sum;
    s->sum = total;
}

static inline double ps_sum_value(const ps_sum *s) {
    return s->sum + s->lost;
}

#endif

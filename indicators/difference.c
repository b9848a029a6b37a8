#include "indicators/difference.h"

#include <math.h>
#include <stdbool.h>

#include "indicators/distribution.h"
#include "indicators/rate.h"

/* Halvings after which a double holds no nearer number. */
enum { HALVINGS = 80 };
/* Logarithms of weights whose sum is still a double. */
static const double LARGEST = 600;

/* ---- A contrast times a level ---- */

typedef struct level {
    double value, lower, upper;
} level;

/* The lower limit of contrast * level. It has the sign of the contrast's own. */
static double product_lower(double contrast, double lower, const level *common) {
    const double q = 1 / common->value, squared = lower * (2 * contrast - lower);
    if (lower > 0) {
        const double most = 1 / common->lower, spread = most * (2 * q - most);
        return squared /
               (contrast * q + sqrt(contrast * contrast * q * q - squared * spread));
    }
    const double least = 1 / common->upper, spread = least * (2 * q - least);
    return (contrast * q -
            sqrt(fmax(contrast * contrast * q * q - squared * spread, 0))) /
           spread;
}

static ps_limits product_limits(double contrast, ps_limits of, const level *common) {
    return (ps_limits){product_lower(contrast, of.lower, common),
                       -product_lower(-contrast, -of.upper, common)};
}

/* ---- Rates ---- */

ps_limits ps_difference_of_rates(const ps_two_groups *g, ps_limits share,
                                 double dispersion, double confidence) {
    const double n = g->x1 + g->x2, at[] = {share.lower, g->x2 / n, share.upper};
    const ps_estimate e = ps_count_by(n / dispersion, confidence, PS_COUNT_EXACT);
    const level events = {n, dispersion * e.lower, dispersion * e.upper};
    double contrast[3];
    for (int k = 0; k < 3; k++) contrast[k] = at[k] / g->n2 - (1 - at[k]) / g->n1;
    return product_limits(contrast[1], (ps_limits){contrast[0], contrast[2]}, &events);
}

/* ---- Shares by the score test ---- */

/* The likeliest share of the first group when that of the second is so much higher. */
static double likeliest(const ps_two_groups *g, double difference) {
    double low = fmax(0, -difference), high = fmin(1, 1 - difference);
    for (int i = 0; i < HALVINGS; i++) {
        const double p1 = low + (high - low) / 2, p2 = p1 + difference;
        const double slope = (g->x1 > 0 ? g->x1 / p1 : 0) + (g->x2 > 0 ? g->x2 / p2 : 0) -
                             (g->n1 > g->x1 ? (g->n1 - g->x1) / (1 - p1) : 0) -
                             (g->n2 > g->x2 ? (g->n2 - g->x2) / (1 - p2) : 0);
        if (slope > 0)
            low = p1;
        else
            high = p1;
    }
    return low + (high - low) / 2;
}

static bool score_rejects(const ps_two_groups *g, double difference, double z) {
    const double p1 = likeliest(g, difference), p2 = p1 + difference;
    const double seen = g->x2 / g->n2 - g->x1 / g->n1,
                 variance = p1 * (1 - p1) / g->n1 + p2 * (1 - p2) / g->n2;
    return (seen - difference) * (seen - difference) > z * z * fmax(variance, 0);
}

ps_limits ps_difference_by_score(const ps_two_groups *g, double confidence) {
    const double z = ps_normal_two_sided(confidence),
                 seen = g->x2 / g->n2 - g->x1 / g->n1;
    double limit[2];
    for (int side = 0; side < 2; side++) {
        double in = seen, out = side == 0 ? -1 : 1;
        for (int i = 0; i < HALVINGS; i++) {
            const double middle = in + (out - in) / 2;
            if (score_rejects(g, middle, z))
                out = middle;
            else
                in = middle;
        }
        limit[side] = in;
    }
    return (ps_limits){limit[0], limit[1]};
}

/* ---- Shares by Fisher's test ---- */

/* P(X2 <= x2) and P(X2 >= x2) at an odds ratio, given how many have the property. */
typedef struct tails {
    double below, above;
} tails;

/* Probabilities of the counts on one side of the one seen, over that of the latter. */
static double beyond(const ps_two_groups *g, double log_odds, int step) {
    const double marked = g->x1 + g->x2;
    double sum = 0, weight = 0;
    for (double k = g->x2;; k += step) {
        const double up = step > 0 ? k : k - 1;
        const double ratio =
            (marked - up) / (up + 1) * (g->n2 - up) / (g->n1 - marked + up + 1);
        const bool last =
            step > 0 ? k >= fmin(marked, g->n2) : k <= fmax(0, marked - g->n1);
        if (last) return sum;
        weight += step * (log(ratio) + log_odds);
        sum += exp(fmin(weight, LARGEST));
    }
}

static tails tails_at(const ps_two_groups *g, double log_odds) {
    const double below = beyond(g, log_odds, -1), above = beyond(g, log_odds, 1),
                 all = below + 1 + above;
    return (tails){(below + 1) / all, (above + 1) / all};
}

double ps_fisher_central(const ps_two_groups *g) {
    const tails t = tails_at(g, 0);
    return fmin(2 * fmin(t.below, t.above), 1);
}

/* The odds ratio's logarithm at which the tail beyond the data has this probability. */
static double odds_limit(const ps_two_groups *g, bool lower, double tail) {
    double low = -60, high = 60;
    for (int i = 0; i < HALVINGS; i++) {
        const double middle = (low + high) / 2;
        const tails t = tails_at(g, middle);
        if (lower ? t.above < tail : t.below > tail)
            low = middle;
        else
            high = middle;
    }
    return (low + high) / 2;
}

/* The difference of the shares at an odds ratio, when as many have the property. */
static double difference_at(const ps_two_groups *g, double log_odds) {
    const double marked = g->x1 + g->x2, odds = exp(log_odds);
    double low = 0, high = 1, p2 = 0;
    for (int i = 0; i < HALVINGS; i++) {
        const double p1 = (low + high) / 2;
        p2 = odds * p1 / (1 - p1 + odds * p1);
        if (g->n1 * p1 + g->n2 * p2 < marked)
            low = p1;
        else
            high = p1;
    }
    return p2 - (low + high) / 2;
}

ps_limits ps_difference_by_fisher(const ps_two_groups *g, double confidence) {
    const double marked = g->x1 + g->x2, n = g->n1 + g->n2, tail = (1 - confidence) / 2,
                 fewer = fmin(marked, n - marked);
    const ps_estimate e = ps_proportion(fewer, n, 1, confidence, PS_PROPORTION_WILSON);
    const level share = {e.value, e.lower, e.upper};
    const bool least = g->x2 == fmax(0, marked - g->n1),
               most = g->x2 == fmin(marked, g->n2);
    ps_limits of = {
        least ? fmax(-marked / g->n1, -1) : difference_at(g, odds_limit(g, true, tail)),
        most ? fmin(marked / g->n2, 1) : difference_at(g, odds_limit(g, false, tail))};
    of.lower /= e.value, of.upper /= e.value;
    of = product_limits((g->x2 / g->n2 - g->x1 / g->n1) / e.value, of, &share);
    return (ps_limits){fmax(of.lower, -1), fmin(of.upper, 1)};
}

/* Where do high values crowd together, and where low ones? Getis and Ord's Gi* and Gi.
 *
 * Rule     Gi* counts the area itself with weight 1 (style B), or re-standardises its row
 * with itself (style W): Z = (sum w_ij x_j - mean W_i) / (s sqrt((n S1_i - W_i^2) / (n -
 * 1))), W_i = sum w, S1_i = sum w^2, mean and s^2 = sum (x - mean)^2 / n over all. Gi
 * leaves the area out of everything: n - 1 for n, and n - 2 for n - 1.
 * Source   Getis & Ord 1992, Geogr Anal 24:189; Ord & Getis 1995, Geogr Anal 27:286. */
#ifndef PS_INDICATORS_GI_STAR_H
#define PS_INDICATORS_GI_STAR_H

#include "indicators/value.h"
#include "indicators/weights.h"

/* Shapes   x, z: weights->n; weights of style B, or of style W with standardised. z is
 * undefined where all values are equal or the neighbourhood is everything. */
void ps_gi_star(const ps_weights *weights, const double *x, bool itself,
                bool standardised, ps_value *z);

#endif

/* Which areas are alike? K-means, how well it separates, and how two partitions agree.
 *
 * Source: Lloyd 1982, IEEE Trans Inf Theory 28:129; Hartigan & Wong 1979, JRSS C 28:100;
 * Arthur & Vassilvitskii 2007 (k-means++); Rousseeuw 1987, J Comput Appl Math 20:53
 * (silhouette); Hubert & Arabie 1985, J Classification 2:193 (adjusted Rand index).
 */
#ifndef PS_INDICATORS_TYPOLOGY_H
#define PS_INDICATORS_TYPOLOGY_H

#include <stddef.h>
#include <stdint.h>

#include "engine/core/status.h"
#include "indicators/value.h"

typedef struct ps_kmeans {
    double within, between, total; /* sums of squares; within + between = total */
    size_t start;                  /* the one that won */
} ps_kmeans;

/* The partition into k clusters with the least sum of squares within, of all starts.
 * Rule     each start draws its first centres by k-means++, moves all points to the
 * nearest centre (of equally near ones the lowest) until none moves, then single points
 * to another cluster b from a while n_b / (n_b + 1) d_b^2 < n_a / (n_a - 1) d_a^2; a
 * cluster that runs empty takes the point farthest from its centre. Of starts within
 * 1e-12 of the best the first stands. Clusters are numbered by the mean of `key`,
 * ascending; equal ones by their centres, variable by variable.
 * Shapes   z: n rows of p; key: n, NAN where missing, NULL: the first variable; label: n,
 * 0 .. k - 1; centre: k rows of p.
 * Errors   PS_FORMAT when fewer than k points differ; PS_CONFIG when k or starts is 0.
 * Draws    of (seed, start). Threads  parallel over starts, the same bytes for any
 * number. Cost     O(starts * rounds * n * k * p). */
ps_status ps_kmeans_fit(size_t n, size_t p, const double *z, size_t k, size_t starts,
                        uint64_t seed, const double *key, int32_t *label, double *centre,
                        ps_kmeans *out, ps_error *err) PS_MUST_CHECK;

/* How much nearer is each point to its own cluster than to the next? s = (b - a) / max(a,
 * b): a the mean distance to the others of its cluster, b the least mean distance to
 * another; 0 when it is alone in its cluster or both are 0.
 * Shapes   label: n per partition, 0 .. k[q] - 1; s: n per partition. Threads  parallel
 * over points. Cost     O(n^2 (p + partitions)), whatever k. */
ps_status ps_silhouette(size_t n, size_t p, const double *z, size_t partitions,
                        const size_t *k, const int32_t *label, double *s,
                        ps_error *err) PS_MUST_CHECK;

/* How many pairs of points do two partitions treat alike, beyond chance? 1: the same
 * partition; 0: as chance has it. Undefined when that is so by force: fewer than 2
 * points, or both put all points together, or both all apart.
 * Shapes   a, b: n, any numbers. */
ps_status ps_adjusted_rand(size_t n, const int32_t *a, const int32_t *b, ps_value *out,
                           ps_error *err) PS_MUST_CHECK;

#endif

/* Disclosure control: which counts of a release may be shown, and the proof that the
 * others cannot be worked out from them.
 *
 * A release is a set of cells and the equations between them (areas add up to their
 * parent, types to all types, quarters to the year). Small counts are suppressed first
 * (primary), then as many others as it takes (secondary): until no equation has a single
 * unknown, and until an audit shows that the published figures leave every suppressed
 * cell wide open. All tables that are released together go into one call, so that the
 * same cell has the same decision everywhere.
 *
 * Source: GSS/ONS, Disclosure control guidance for tables; Fischetti & Salazar 2001,
 * Management Science 47:1008 (the attacker's programme).
 */
#ifndef PS_INDICATORS_DISCLOSE_H
#define PS_INDICATORS_DISCLOSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/core/status.h"
#include "indicators/linked_cells.h"
#include "indicators/value.h"

typedef enum ps_disclose_rule {
    PS_RULE_NONE,
    PS_RULE_COUNT,        /* 0 < count < threshold (or 0, where zeros are hidden) */
    PS_RULE_COMPLEMENT,   /* 0 < base - count < threshold */
    PS_RULE_BASE,         /* fewer people than the least base */
    PS_RULE_ONLY_UNKNOWN, /* else an equation would have one unknown */
    PS_RULE_TOO_NARROW    /* else the audit would bound another cell too tightly */
} ps_disclose_rule;

/* "count", "complement", "base", "only-unknown", "too-narrow", "". */
const char *ps_disclose_rule_text(ps_disclose_rule rule);

typedef struct ps_disclose_options {
    int64_t threshold; /* at least 2 */
    bool hide_zeros;   /* 0 is a small count, too */
    bool complements;  /* needs bases */
    int64_t least_base;
    /* What the reader of the tables is taken to know beside the published counts: that
     * counts are not negative; and, with labels, the status and rule of every cell. */
    bool labels;
} ps_disclose_options;

typedef struct ps_disclosed {
    ps_value_status status; /* OK, MISSING, SUPPRESSED_PRIMARY, SUPPRESSED_SECONDARY */
    ps_disclose_rule rule;
    int32_t because; /* the cell that a secondary suppression protects, else -1 */
    /* Of a suppressed cell: two values that all published counts allow; the true bounds
     * are at least as wide. 0 otherwise. */
    int64_t least, most;
    /* With labels: can a reader narrow a primary cell down further than its rule does?
     * Happens only where nothing is left to suppress. */
    bool narrowed;
} ps_disclosed;

typedef struct ps_disclose_summary {
    size_t primary, secondary, narrowed, rounds;
} ps_disclose_summary;

/* Which cells of a release have to be suppressed?
 * Shapes   count: n, -1 where missing; threshold: n or NULL (then options.threshold);
 * base: n people or NULL, -1 where unknown; out: n, every cell written.
 * Rule     primary by threshold, complement and base; then every equation with one
 * unknown gets a second: its smallest published member above zero (tie: the lowest cell),
 * else its total; then every suppressed cell is bounded by integer programmes over all
 * equations, and while the interval is narrower than its threshold one more cell of its
 * tightest equation is suppressed. With labels a primary cell must also stay open over
 * the whole range of its rule. A missing member counts as 0 when the others add up to the
 * total, and as another unknown when they do not; an equation without its total says
 * nothing.
 * Errors   PS_FORMAT when known members do not add up to their total or exceed it, or a
 * cell index is out of range; PS_LIMIT for a count above PS_CELL_MOST; PS_NOMEM.
 * Threads  one; the result depends on the input alone.
 * Cost     at most a few programmes per suppressed cell, each over the connected cells.
 */
ps_status ps_disclose(size_t n, const int64_t *count, const int64_t *threshold,
                      const int64_t *base, const ps_equations *equations,
                      const ps_disclose_options *options, ps_disclosed *out,
                      ps_disclose_summary *summary, ps_error *err) PS_MUST_CHECK;

/* ---- the attacker's programme (GLPK, disclose_glpk.c) ---- */

/* Unknown cells within bounds, tied by rows: the sum of sign * cell is right. */
typedef struct ps_bounds_problem {
    size_t n; /* unknowns */
    const double *least, *most;
    size_t n_rows;
    const size_t *offset; /* n_rows + 1 */
    const int32_t *cell;
    const double *sign;
    const double *right;
} ps_bounds_problem;

typedef struct ps_bounds ps_bounds;

ps_status ps_bounds_open(const ps_bounds_problem *problem, ps_bounds **out,
                         ps_error *err) PS_MUST_CHECK;
/* Whole numbers that satisfy all rows and make one unknown as small or as large as can
 * be. x: n. PS_FORMAT when there are none. */
ps_status ps_bounds_reach(ps_bounds *bounds, size_t cell, bool largest, double *x,
                          ps_error *err) PS_MUST_CHECK;
/* Whole numbers that satisfy all rows and make the sum of cost * x least. *found is false
 * when there are none. */
ps_status ps_bounds_cheapest(ps_bounds *bounds, const double *cost, double *x,
                             bool *found, ps_error *err) PS_MUST_CHECK;
void ps_bounds_free(ps_bounds *bounds);
/* "5.0": the version of GLPK at work. */
const char *ps_bounds_version(void);

#endif

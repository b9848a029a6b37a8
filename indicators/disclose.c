/* Suppression by equations, audited by the attacker's programme.
 *
 * The audit works on differences: the unknowns of a programme are how far each suppressed
 * cell may be from its true value, so that every right side is 0, the truth is the
 * origin, and the numbers stay small. Every point that the solver finds is checked
 * against the equations in whole numbers and widens the ranges of all its cells at once,
 * so most cells need no programme of their own. Suppressing more only opens the problem,
 * so what was found possible stays possible. */
#include "indicators/disclose.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/keys.h"
#include "engine/core/mem.h"
#include "indicators/linked_cells.h"

const char *ps_disclose_rule_text(ps_disclose_rule rule) {
    switch (rule) {
        case PS_RULE_COUNT:
            return "count";
        case PS_RULE_COMPLEMENT:
            return "complement";
        case PS_RULE_BASE:
            return "base";
        case PS_RULE_ONLY_UNKNOWN:
            return "only-unknown";
        case PS_RULE_TOO_NARROW:
            return "too-narrow";
        case PS_RULE_NONE:
            break;
    }
    return "";
}

/* How far a cell may be from the truth. */
typedef struct range {
    double least, most;
} range;

typedef struct release {
    size_t n;
    const int64_t *count, *threshold, *base;
    const ps_equations *equations;
    const ps_disclose_options *options;
    ps_disclosed *out;
    size_t *unknowns;    /* per equation */
    size_t *at;          /* equations of a cell: at[i] .. at[i + 1] */
    int32_t *equation;   /* in ascending order */
    range *open, *told;  /* found possible: with counts known; with labels, too */
    bool *spent;         /* nothing was left to suppress for this cell's label */
    int32_t *part;       /* cells of the component at work, ascending */
    int32_t *part_rows;  /* its equations, ascending */
    int32_t *place;      /* of a cell in part, or -1 */
    int32_t *visit;      /* per equation: the round's stamp */
    int32_t *wanted;     /* cells to suppress at the end of a round, ... */
    int32_t *wanted_for; /* ... and for which, one per component at most */
    int32_t stamp;
} release;

static bool is_unknown(const release *r, int32_t cell) {
    return r->out[cell].rule != PS_RULE_NONE;
}

static bool is_primary(ps_disclose_rule rule) {
    return rule == PS_RULE_COUNT || rule == PS_RULE_COMPLEMENT || rule == PS_RULE_BASE;
}

static int64_t threshold_of(const release *r, size_t cell) {
    return r->threshold != NULL ? r->threshold[cell] : r->options->threshold;
}

static int64_t known_count(const release *r, int32_t cell) {
    return r->count[cell] < 0 ? 0 : r->count[cell];
}

/* An equation without its total says nothing. */
static bool says_something(const release *r, size_t e) {
    const ps_equations *q = r->equations;
    return q->offset[e + 1] > q->offset[e] + 1 && r->count[q->cell[q->offset[e]]] >= 0;
}

/* ---- the input ---- */

static ps_status check_equation(const release *r, size_t e, ps_error *err) {
    const ps_equations *q = r->equations;
    int64_t sum = 0;
    size_t missing = 0;
    for (size_t k = q->offset[e]; k < q->offset[e + 1]; k++) {
        int32_t cell = q->cell[k];
        if (cell < 0 || (size_t)cell >= r->n)
            return ps_fail(err, PS_FORMAT, "equation %zu names cell %d of %zu", e + 1,
                           (int)cell, r->n);
        if (r->place[cell] == (int32_t)e)
            return ps_fail(err, PS_FORMAT, "equation %zu names cell %d twice", e + 1,
                           (int)cell);
        r->place[cell] = (int32_t)e;
        if (k == q->offset[e]) continue;
        sum += known_count(r, cell);
        missing += r->count[cell] < 0;
    }
    if (!says_something(r, e)) return PS_OK;
    int64_t total = r->count[q->cell[q->offset[e]]];
    if (sum != total)
        return ps_fail(err, PS_FORMAT,
                       "the members of equation %zu (total: cell %d) add up to %lld, but "
                       "the total is %lld%s; complete the members, or leave the total "
                       "missing",
                       e + 1, (int)q->cell[q->offset[e]], (long long)sum,
                       (long long)total, missing > 0 ? " and some are missing" : "");
    return PS_OK;
}

static ps_status check_input(const release *r, ps_error *err) {
    const ps_disclose_options *options = r->options;
    if (r->n > INT32_MAX / 2 || r->equations->n > INT32_MAX / 2)
        return ps_fail(err, PS_LIMIT, "%zu cells in one release, more than 1,000,000,000",
                       r->n);
    if (options->threshold < 2)
        return ps_fail(err, PS_CONFIG, "the threshold is %lld, but has to be 2 or more",
                       (long long)options->threshold);
    for (size_t i = 0; i < r->n; i++) {
        if (r->count[i] > PS_CELL_MOST)
            return ps_fail(err, PS_LIMIT, "cell %zu counts %lld, more than %lld", i,
                           (long long)r->count[i], (long long)PS_CELL_MOST);
        if (threshold_of(r, i) < 2 || threshold_of(r, i) > 1000000)
            return ps_fail(err, PS_CONFIG,
                           "the threshold of cell %zu is %lld, but has to be in 2 to "
                           "1000000",
                           i, (long long)threshold_of(r, i));
        r->place[i] = -1;
    }
    for (size_t e = 0; e < r->equations->n; e++) PS_TRY(check_equation(r, e, err));
    for (size_t i = 0; i < r->n; i++) r->place[i] = -1;
    return PS_OK;
}

/* ---- suppressing ---- */

static void suppress(release *r, int32_t cell, ps_disclose_rule rule, int32_t because) {
    r->out[cell].rule = rule;
    r->out[cell].because = because;
    r->out[cell].status =
        is_primary(rule) ? PS_VALUE_SUPPRESSED_PRIMARY : PS_VALUE_SUPPRESSED_SECONDARY;
    for (size_t k = r->at[cell]; k < r->at[cell + 1]; k++) r->unknowns[r->equation[k]]++;
}

static ps_disclose_rule primary_rule(const release *r, size_t i) {
    const ps_disclose_options *options = r->options;
    int64_t x = r->count[i], t = threshold_of(r, i);
    int64_t base = r->base != NULL ? r->base[i] : -1;
    if (x < t && (x > 0 || options->hide_zeros)) return PS_RULE_COUNT;
    if (base >= 0 && base < options->least_base) return PS_RULE_BASE;
    if (options->complements && base >= x && base - x < t &&
        (base > x || options->hide_zeros))
        return PS_RULE_COMPLEMENT;
    return PS_RULE_NONE;
}

static void suppress_primary(release *r) {
    for (size_t i = 0; i < r->n; i++) {
        r->out[i] = (ps_disclosed){.status = PS_VALUE_OK, .because = PS_NONE};
        if (r->count[i] < 0) {
            r->out[i].status = PS_VALUE_MISSING;
            continue;
        }
        ps_disclose_rule rule = primary_rule(r, i);
        if (rule != PS_RULE_NONE) suppress(r, (int32_t)i, rule, PS_NONE);
    }
}

/* The cell that costs least to give up in an equation: its smallest published member
 * above zero, else its total; PS_NONE when neither is left. */
static int32_t cheapest(const release *r, size_t e) {
    const ps_equations *q = r->equations;
    int32_t best = PS_NONE, total = q->cell[q->offset[e]];
    for (size_t k = q->offset[e] + 1; k < q->offset[e + 1]; k++) {
        int32_t cell = q->cell[k];
        if (is_unknown(r, cell) || r->count[cell] <= 0) continue;
        if (best == PS_NONE || r->count[cell] < r->count[best] ||
            (r->count[cell] == r->count[best] && cell < best))
            best = cell;
    }
    if (best != PS_NONE) return best;
    return is_unknown(r, total) || r->count[total] <= 0 ? PS_NONE : total;
}

/* Until no equation has one unknown for which a partner can be found. */
static void suppress_partners(release *r) {
    const ps_equations *q = r->equations;
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t e = 0; e < q->n; e++) {
            if (r->unknowns[e] != 1 || !says_something(r, e)) continue;
            int32_t alone = PS_NONE, partner = cheapest(r, e);
            if (partner == PS_NONE) continue;
            for (size_t k = q->offset[e]; k < q->offset[e + 1]; k++)
                if (is_unknown(r, q->cell[k])) alone = q->cell[k];
            suppress(r, partner, PS_RULE_ONLY_UNKNOWN, alone);
            changed = true;
        }
    }
}

/* ---- the audit ---- */

static int by_number(const void *a, const void *b) {
    const int32_t *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

/* The unknown cells tied to one by equations, and these equations. */
static size_t gather(release *r, int32_t start, size_t *n_rows) {
    const ps_equations *q = r->equations;
    size_t n = 0, rows = 0;
    r->part[n] = start;
    r->place[start] = (int32_t)n++;
    for (size_t i = 0; i < n; i++) {
        int32_t cell = r->part[i];
        for (size_t k = r->at[cell]; k < r->at[cell + 1]; k++) {
            int32_t e = r->equation[k];
            if (r->visit[e] == r->stamp || !says_something(r, (size_t)e)) continue;
            r->visit[e] = r->stamp;
            r->part_rows[rows++] = e;
            for (size_t m = q->offset[e]; m < q->offset[e + 1]; m++) {
                int32_t other = q->cell[m];
                if (!is_unknown(r, other) || r->place[other] >= 0) continue;
                r->part[n] = other;
                r->place[other] = (int32_t)n++;
            }
        }
    }
    qsort(r->part, n, sizeof *r->part, by_number);
    qsort(r->part_rows, rows, sizeof *r->part_rows, by_number);
    for (size_t i = 0; i < n; i++) r->place[r->part[i]] = (int32_t)i;
    *n_rows = rows;
    return n;
}

/* What the label of a cell says about its count. */
static range label_range(const release *r, int32_t cell, double far) {
    const ps_disclosed *out = &r->out[cell];
    double x = (double)r->count[cell], t = (double)threshold_of(r, (size_t)cell);
    int64_t base = r->base != NULL ? r->base[cell] : -1;
    bool zeros = r->options->hide_zeros;
    if (out->rule == PS_RULE_COUNT) return (range){(zeros ? 0 : 1) - x, t - 1 - x};
    if (out->rule == PS_RULE_COMPLEMENT)
        return (range){fmax(0, (double)base - t + 1) - x,
                       (double)base - (zeros ? 0 : 1) - x};
    if (out->rule == PS_RULE_BASE) return (range){-x, far};
    /* It is above zero and was no primary. */
    double most =
        r->options->complements && base >= r->count[cell] ? (double)base - x : far;
    return (range){t - x, most};
}

static bool wide_enough(const release *r, int32_t cell) {
    range open = r->open[cell];
    return open.most - open.least >= (double)threshold_of(r, (size_t)cell);
}

static bool label_holds(const release *r, int32_t cell) {
    ps_disclose_rule rule = r->out[cell].rule;
    if (!r->options->labels || (rule != PS_RULE_COUNT && rule != PS_RULE_COMPLEMENT))
        return true;
    range whole = label_range(r, cell, 0), told = r->told[cell];
    return told.least <= whole.least && told.most >= whole.most;
}

typedef struct programme {
    ps_bounds *bounds;
    double *least, *most; /* of the cells of the component */
    range *seen;          /* r->open or r->told */
} programme;

typedef struct component {
    size_t n, n_rows;
    size_t *offset;
    int32_t *cell;
    double *sign, *right, *box, *x;
    double far;
    programme counts, labels;
} component;

static void close_component(component *c) {
    ps_bounds_free(c->counts.bounds);
    ps_bounds_free(c->labels.bounds);
    ps_free(c->offset);
    ps_free(c->cell);
    ps_free(c->sign);
    ps_free(c->right);
    ps_free(c->box);
    ps_free(c->x);
    *c = (component){0};
}

static ps_status fill_rows(const release *r, component *c, ps_error *err) {
    const ps_equations *q = r->equations;
    size_t entries = 0;
    for (size_t e = 0; e < c->n_rows; e++) entries += r->unknowns[r->part_rows[e]];
    c->offset = ps_alloc(c->n_rows + 1, sizeof *c->offset);
    c->cell = ps_alloc(entries, sizeof *c->cell);
    c->sign = ps_alloc(entries, sizeof *c->sign);
    c->right = ps_zalloc(c->n_rows, sizeof *c->right);
    c->box = ps_alloc(c->n, 4 * sizeof *c->box);
    c->x = ps_alloc(c->n, sizeof *c->x);
    if (c->offset == NULL || c->cell == NULL || c->sign == NULL || c->right == NULL ||
        c->box == NULL || c->x == NULL)
        return ps_fail_nomem(err);
    size_t at = 0;
    for (size_t e = 0; e < c->n_rows; e++) {
        size_t begin = q->offset[r->part_rows[e]], end = q->offset[r->part_rows[e] + 1];
        c->offset[e] = at;
        for (size_t k = begin; k < end; k++) {
            if (!is_unknown(r, q->cell[k])) continue;
            c->cell[at] = r->place[q->cell[k]];
            c->sign[at++] = k == begin ? -1 : 1;
        }
    }
    c->offset[c->n_rows] = at;
    return PS_OK;
}

static ps_status open_programme(const component *c, programme *p, ps_error *err) {
    ps_bounds_problem problem = {.n = c->n,
                                 .least = p->least,
                                 .most = p->most,
                                 .n_rows = c->n_rows,
                                 .offset = c->offset,
                                 .cell = c->cell,
                                 .sign = c->sign,
                                 .right = c->right};
    return ps_bounds_open(&problem, &p->bounds, err);
}

static ps_status open_component(release *r, component *c, ps_error *err) {
    PS_TRY(fill_rows(r, c, err));
    c->counts = (programme){NULL, c->box, c->box + c->n, r->open};
    c->labels = (programme){NULL, c->box + 2 * c->n, c->box + 3 * c->n, r->told};
    double most = 1, t = 2;
    for (size_t i = 0; i < c->n; i++) {
        most = fmax(most, (double)r->count[r->part[i]]);
        t = fmax(t, (double)threshold_of(r, (size_t)r->part[i]));
    }
    /* Wide enough to multiply a component, whose every figure is hidden, by t. */
    c->far = (t + 1) * most + 16 * t;
    for (size_t i = 0; i < c->n; i++) {
        c->counts.least[i] = -(double)r->count[r->part[i]];
        c->counts.most[i] = c->far;
        range label = label_range(r, r->part[i], c->far);
        c->labels.least[i] = fmin(0, label.least);
        c->labels.most[i] = fmax(0, label.most);
    }
    PS_TRY(open_programme(c, &c->counts, err));
    return r->options->labels ? open_programme(c, &c->labels, err) : PS_OK;
}

/* Whole numbers within the box that satisfy every row? The solver's word is not taken for
 * it. */
static bool is_possible(const component *c, const programme *p) {
    for (size_t i = 0; i < c->n; i++)
        if (!(c->x[i] >= p->least[i] && c->x[i] <= p->most[i])) return false;
    for (size_t e = 0; e < c->n_rows; e++) {
        double sum = 0;
        for (size_t k = c->offset[e]; k < c->offset[e + 1]; k++)
            sum += c->sign[k] * c->x[c->cell[k]];
        if (sum != 0) return false;
    }
    return true;
}

static ps_status reach(const release *r, component *c, const programme *p, size_t i,
                       bool largest, ps_error *err) {
    PS_TRY(ps_bounds_reach(p->bounds, i, largest, c->x, err));
    if (!is_possible(c, p)) return PS_OK;
    for (size_t k = 0; k < c->n; k++) {
        range *seen = &p->seen[r->part[k]];
        seen->least = fmin(seen->least, c->x[k]);
        seen->most = fmax(seen->most, c->x[k]);
    }
    return PS_OK;
}

static bool is_safe(const release *r, int32_t cell) {
    return wide_enough(r, cell) && (r->spent[cell] || label_holds(r, cell));
}

static ps_status audit_cell(const release *r, component *c, size_t i, ps_error *err) {
    int32_t cell = r->part[i];
    for (int side = 1; side >= 0; side--)
        if (!wide_enough(r, cell)) PS_TRY(reach(r, c, &c->counts, i, side == 1, err));
    for (int side = 1; side >= 0; side--)
        if (!label_holds(r, cell)) PS_TRY(reach(r, c, &c->labels, i, side == 1, err));
    return PS_OK;
}

/* The sum of what else is unknown in an equation: how much it can give. */
static int64_t slack(const release *r, size_t e, int32_t except) {
    const ps_equations *q = r->equations;
    int64_t sum = 0;
    for (size_t k = q->offset[e]; k < q->offset[e + 1]; k++)
        if (is_unknown(r, q->cell[k]) && q->cell[k] != except)
            sum += r->count[q->cell[k]];
    return sum;
}

/* One more cell for one that is bounded too tightly: from its tightest equation, else
 * from any that is tied to it. */
static int32_t one_more(const release *r, int32_t cell, size_t n_rows) {
    int32_t best = PS_NONE;
    int64_t least = INT64_MAX;
    for (size_t k = r->at[cell]; k < r->at[cell + 1]; k++) {
        size_t e = (size_t)r->equation[k];
        int32_t candidate = says_something(r, e) ? cheapest(r, e) : PS_NONE;
        if (candidate == PS_NONE || slack(r, e, cell) >= least) continue;
        least = slack(r, e, cell);
        best = candidate;
    }
    for (size_t i = 0; best == PS_NONE && i < n_rows; i++)
        best = cheapest(r, (size_t)r->part_rows[i]);
    return best;
}

static ps_status not_proved(int32_t cell, ps_error *err) {
    return ps_fail(
        err, PS_UNSUPPORTED,
        "the audit cannot show that cell %d stays hidden; release fewer tables "
        "at once",
        (int)cell);
}

/* Audits the component at work up to the first cell that needs help. */
static ps_status audit_component(release *r, size_t n, size_t n_rows, size_t *n_wanted,
                                 ps_error *err) {
    component c = {.n = n, .n_rows = n_rows};
    ps_status status = open_component(r, &c, err);
    for (size_t i = 0; status == PS_OK && i < n; i++) {
        int32_t cell = r->part[i];
        if (is_safe(r, cell)) continue;
        status = audit_cell(r, &c, i, err);
        if (status != PS_OK || is_safe(r, cell)) continue;
        int32_t more = one_more(r, cell, n_rows);
        if (more != PS_NONE) {
            r->wanted[*n_wanted] = more;
            r->wanted_for[(*n_wanted)++] = cell;
            break;
        }
        if (!wide_enough(r, cell)) status = not_proved(cell, err);
        r->spent[cell] = true;
    }
    close_component(&c);
    return status;
}

static ps_status audit_round(release *r, bool *changed, ps_error *err) {
    size_t n_wanted = 0;
    r->stamp++;
    for (size_t i = 0; i < r->n; i++) r->place[i] = -1;
    for (size_t i = 0; i < r->n; i++) {
        if (!is_unknown(r, (int32_t)i) || r->place[i] >= 0) continue;
        size_t n_rows = 0, n = gather(r, (int32_t)i, &n_rows);
        bool safe = true;
        for (size_t k = 0; k < n && safe; k++) safe = is_safe(r, r->part[k]);
        if (!safe) PS_TRY(audit_component(r, n, n_rows, &n_wanted, err));
    }
    /* Only now, since each of them changes what is tied to what. */
    for (size_t k = 0; k < n_wanted; k++)
        if (!is_unknown(r, r->wanted[k]))
            suppress(r, r->wanted[k], PS_RULE_TOO_NARROW, r->wanted_for[k]);
    *changed = n_wanted > 0;
    return PS_OK;
}

/* ---- all together ---- */

static ps_status invert(release *r, ps_error *err) {
    const ps_equations *q = r->equations;
    size_t entries = q->n > 0 ? q->offset[q->n] : 0;
    r->equation = ps_alloc(entries, sizeof *r->equation);
    if (r->equation == NULL) return ps_fail_nomem(err);
    for (size_t k = 0; k < entries; k++) r->at[q->cell[k] + 1]++;
    for (size_t i = 0; i < r->n; i++) r->at[i + 1] += r->at[i];
    for (size_t e = q->n; e-- > 0;)
        for (size_t k = q->offset[e]; k < q->offset[e + 1]; k++)
            r->equation[--r->at[q->cell[k] + 1]] = (int32_t)e;
    /* Filled from the end, so at[i + 1] is now the start of cell i. */
    for (size_t i = 0; i < r->n; i++) r->at[i] = r->at[i + 1];
    r->at[r->n] = entries;
    return PS_OK;
}

static void sum_up(release *r, ps_disclose_summary *summary) {
    for (size_t i = 0; i < r->n; i++) {
        ps_disclosed *out = &r->out[i];
        if (out->rule == PS_RULE_NONE) continue;
        out->least = r->count[i] + (int64_t)r->open[i].least;
        out->most = r->count[i] + (int64_t)r->open[i].most;
        out->narrowed = !label_holds(r, (int32_t)i);
        summary->primary += is_primary(out->rule);
        summary->secondary += !is_primary(out->rule);
        summary->narrowed += out->narrowed;
    }
}

static ps_status work(release *r, ps_disclose_summary *summary, ps_error *err) {
    PS_TRY(check_input(r, err));
    PS_TRY(invert(r, err));
    suppress_primary(r);
    for (bool changed = true; changed; summary->rounds++) {
        suppress_partners(r);
        PS_TRY(audit_round(r, &changed, err));
    }
    sum_up(r, summary);
    return PS_OK;
}

ps_status ps_disclose(size_t n, const int64_t *count, const int64_t *threshold,
                      const int64_t *base, const ps_equations *equations,
                      const ps_disclose_options *options, ps_disclosed *out,
                      ps_disclose_summary *summary, ps_error *err) {
    size_t n_equations = equations->n;
    *summary = (ps_disclose_summary){0};
    release r = {.n = n,
                 .count = count,
                 .threshold = threshold,
                 .base = base,
                 .equations = equations,
                 .options = options,
                 .out = out,
                 .unknowns = ps_zalloc(n_equations, sizeof *r.unknowns),
                 .at = ps_zalloc(n + 2, sizeof *r.at),
                 .open = ps_zalloc(n, sizeof *r.open),
                 .told = ps_zalloc(n, sizeof *r.told),
                 .spent = ps_zalloc(n, sizeof *r.spent),
                 .part = ps_alloc(n, sizeof *r.part),
                 .wanted = ps_alloc(n, sizeof *r.wanted),
                 .wanted_for = ps_alloc(n, sizeof *r.wanted_for),
                 .part_rows = ps_alloc(n_equations, sizeof *r.part_rows),
                 .place = ps_alloc(n, sizeof *r.place),
                 .visit = ps_zalloc(n_equations, sizeof *r.visit)};
    ps_status status = PS_OK;
    if (r.unknowns == NULL || r.at == NULL || r.open == NULL || r.told == NULL ||
        r.spent == NULL || r.part == NULL || r.part_rows == NULL || r.place == NULL ||
        r.visit == NULL || r.wanted == NULL || r.wanted_for == NULL)
        status = ps_fail_nomem(err);
    else
        status = work(&r, summary, err);
    ps_free(r.unknowns);
    ps_free(r.at);
    ps_free(r.equation);
    ps_free(r.open);
    ps_free(r.told);
    ps_free(r.spent);
    ps_free(r.part);
    ps_free(r.part_rows);
    ps_free(r.place);
    ps_free(r.visit);
    ps_free(r.wanted);
    ps_free(r.wanted_for);
    return status;
}

/* ---- methods ---- */

enum { IN_BASE = PS_CELL_INPUTS, IN_THRESHOLD };

static const ps_method_param disclose_params[] = {
    {"threshold", PS_COLUMN_INTEGER, "5", NULL, 2, 1000000,
     "counts above 0 and below this are small"},
    {"zeros", PS_COLUMN_TEXT, "show", "show|hide", 1, 0, "hide: 0 is a small count, too"},
    {"complements", PS_COLUMN_TEXT, "no", "no|yes", 1, 0,
     "yes: base - count is protected like count"},
    {"least_base", PS_COLUMN_INTEGER, "0", NULL, 0, 1e9,
     "counts among fewer people than this are suppressed"},
    {"knowledge", PS_COLUMN_TEXT, "labels", "labels|counts", 1, 0,
     "what the reader is taken to know: the published counts, or also status and rule of "
     "every cell"},
};

static const ps_method_column disclose_inputs[] = {
    PS_CELL_COLUMNS,
    {"base", PS_COLUMN_INTEGER, false, "people that the count is taken from"},
    {"threshold", PS_COLUMN_INTEGER, false, "of this cell, instead of the parameter"},
};

static const ps_method_column disclose_outputs[] = {
    {"area_code", PS_COLUMN_TEXT, true, "as in the input, in order"},
    {"series", PS_COLUMN_TEXT, true, "as in the input"},
    {"period", PS_COLUMN_TEXT, true, "as in the input"},
    {"count_published", PS_COLUMN_INTEGER, true, "empty unless status is ok"},
    {"status", PS_COLUMN_TEXT, true,
     "ok, missing, suppressed-primary, suppressed-secondary"},
    {"rule", PS_COLUMN_TEXT, true, "count, complement, base, only-unknown, too-narrow"},
    {"suppressed_by", PS_COLUMN_TEXT, true,
     "area/series/period of the cell that a secondary suppression protects"},
    {"audit", PS_COLUMN_TEXT, true,
     "of a suppressed cell: open; narrowed where nothing is left to hide that would stop "
     "readers from narrowing a small count down by the labels"},
};

/* The rules of the rows, in order of the cells. */
typedef struct rules {
    int64_t *base, *threshold;
    ps_disclosed *out;
} rules;

static ps_status write_cells(const ps_method_call *call, const ps_cells *cells,
                             const ps_disclosed *disclosed, ps_error *err) {
    for (size_t i = 0; i < cells->n; i++) {
        const ps_disclosed *out = &disclosed[i];
        for (size_t k = 0; k < PS_CELL_KEYS; k++)
            ps_call_put_text(call, k, ps_call_text(call, cells->row[i], k));
        if (out->status == PS_VALUE_OK) ps_call_put_int(call, 3, cells->count[i]);
        ps_call_put_status(call, 4, out->status);
        ps_call_put_word(call, 5, ps_disclose_rule_text(out->rule));
        if (out->because >= 0)
            PS_TRY(ps_cells_put_name(call, 6, cells, (size_t)out->because, err));
        if (out->rule != PS_RULE_NONE)
            ps_call_put_word(call, 7, out->narrowed ? "narrowed" : "open");
        PS_TRY(ps_call_end_row(call, err));
    }
    return PS_OK;
}

static ps_status disclose_cells(const ps_method_call *call, const ps_cells *cells,
                                rules *r, ps_error *err) {
    ps_disclose_options options = {
        .threshold = (int64_t)ps_call_param_number(call, 0),
        .hide_zeros = ps_call_param_is(call, 1, "hide"),
        .complements = ps_call_param_is(call, 2, "yes"),
        .least_base = (int64_t)ps_call_param_number(call, 3),
        .labels = ps_call_param_is(call, 4, "labels"),
    };
    ps_disclose_summary summary;
    for (size_t i = 0; i < cells->n; i++) {
        PS_TRY(ps_cells_whole(call, cells->row[i], IN_BASE, -1, &r->base[i], err));
        PS_TRY(ps_cells_whole(call, cells->row[i], IN_THRESHOLD, options.threshold,
                              &r->threshold[i], err));
    }
    PS_TRY(ps_disclose(cells->n, cells->count, r->threshold, r->base, &cells->equations,
                       &options, r->out, &summary, err));
    ps_say(ps_call_talk(call), PS_TALK_INFO,
           "%zu of %zu counts suppressed: %zu by rule, %zu to protect them; audited over "
           "%zu sums with GLPK",
           summary.primary + summary.secondary, cells->n, summary.primary,
           summary.secondary, cells->equations.n);
    if (summary.narrowed > 0)
        ps_say(ps_call_talk(call), PS_TALK_WARNING,
               "%zu small counts can be narrowed down by what their labels say, although "
               "everything around them is suppressed; publish them merged, or without "
               "labels",
               summary.narrowed);
    return write_cells(call, cells, r->out, err);
}

static ps_status run_disclose(const ps_method_call *call, ps_error *err) {
    size_t n = ps_call_rows(call);
    ps_cells cells;
    PS_TRY(ps_cells_read(call, &cells, err));
    rules r = {.base = ps_alloc(n, sizeof *r.base),
               .threshold = ps_alloc(n, sizeof *r.threshold),
               .out = ps_alloc(n, sizeof *r.out)};
    ps_status status = PS_OK;
    if (r.base == NULL || r.threshold == NULL || r.out == NULL)
        status = ps_fail_nomem(err);
    else
        status = disclose_cells(call, &cells, &r, err);
    ps_free(r.base);
    ps_free(r.threshold);
    ps_free(r.out);
    ps_cells_free(&cells);
    return status;
}

const ps_method ps_method_disclose = {
    .id = "disclose",
    .title = "Disclosure control of counts",
    .formula =
        "Primary: 0 < count < t, 0 < base - count < t (complements), base below the "
        "least "
        "base. Secondary: every sum with one unknown also loses its smallest count above "
        "0, else its total; then each suppressed count is bounded over all sums in whole "
        "numbers, and while max - min < t, or labels narrow a small count down, one more "
        "of its tightest sum is suppressed.",
    .source = "GSS/ONS disclosure control guidance for tables; Fischetti & Salazar 2001",
    .evidence =
        "every table written out that fits the published cells (600 random tables): no "
        "suppressed cell is known more closely than the rule allows",
    .input = disclose_inputs,
    .n_input = PS_LENGTH(disclose_inputs),
    .param = disclose_params,
    .n_param = PS_LENGTH(disclose_params),
    .output = disclose_outputs,
    .n_output = PS_LENGTH(disclose_outputs),
    .run = run_disclose,
};

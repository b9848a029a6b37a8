#include "indicators/hotspot.h"

#include <math.h>
#include <string.h>

#include "engine/core/mem.h"
#include "engine/core/par.h"
#include "indicators/correlation.h"
#include "indicators/distribution.h"
#include "indicators/method_codes.h"
#include "indicators/rank_test.h"
#include "indicators/sum.h"

ps_odds_ratio ps_odds_ratio_of(int64_t a, int64_t b, int64_t c, int64_t d,
                               double confidence) {
    ps_value none = ps_value_none(PS_VALUE_UNDEFINED);
    ps_odds_ratio out = {none, none, none, false};
    if (a + b <= 0 || c + d <= 0 || a + c <= 0 || b + d <= 0 ||
        !ps_confidence_ok(confidence))
        return out;
    out.corrected = a == 0 || b == 0 || c == 0 || d == 0;
    double half = out.corrected ? 0.5 : 0;
    double w = (double)a + half, x = (double)b + half, y = (double)c + half,
           v = (double)d + half;
    double middle = log(w) + log(v) - log(x) - log(y);
    double reach = ps_normal_two_sided(confidence) * sqrt(1 / w + 1 / x + 1 / y + 1 / v);
    out.ratio = ps_value_of(exp(middle));
    out.lower = ps_value_of(exp(middle - reach));
    out.upper = ps_value_of(exp(middle + reach));
    return out;
}

/* ---- correlation of maps ---- */

enum { BLOCK = 64 };

typedef struct pairing {
    size_t n, classes;
    const double *x, *y, *east, *north;
    double width;
    double *sums; /* per block: counts, products of x, of y per class; or the farthest */
} pairing;

static double apart(const pairing *p, size_t i, size_t j) {
    return hypot(p->east[i] - p->east[j], p->north[i] - p->north[j]);
}

static ps_status find_farthest(void *context, size_t begin, size_t end, int worker,
                               ps_error *err) {
    (void)worker;
    (void)err;
    const pairing *p = context;
    double farthest = 0;
    for (size_t i = begin; i < end; i++)
        for (size_t j = 0; j < i; j++) farthest = fmax(farthest, apart(p, i, j));
    p->sums[begin / BLOCK] = farthest;
    return PS_OK;
}

static ps_status sum_products(void *context, size_t begin, size_t end, int worker,
                              ps_error *err) {
    (void)worker;
    (void)err;
    const pairing *p = context;
    double *count = p->sums + begin / BLOCK * 3 * p->classes, *x = count + p->classes,
           *y = x + p->classes;
    memset(count, 0, 3 * p->classes * sizeof *count);
    for (size_t i = begin; i < end; i++)
        for (size_t j = 0; j < i; j++) {
            size_t k = (size_t)(apart(p, i, j) / p->width);
            if (k >= p->classes) k = p->classes - 1;
            count[k]++;
            x[k] += p->x[i] * p->x[j];
            y[k] += p->y[i] * p->y[j];
        }
    return PS_OK;
}

/* Deviations from the mean; the sum of their squares, 0 when they are nothing. */
static double centre(size_t n, const double *x, double *out) {
    ps_sum sum = {0}, squares = {0};
    double size = 0;
    for (size_t i = 0; i < n; i++) ps_sum_add(&sum, x[i]);
    for (size_t i = 0; i < n; i++) {
        out[i] = x[i] - ps_sum_value(&sum) / (double)n;
        ps_sum_add(&squares, out[i] * out[i]);
        size = fmax(size, fabs(x[i]));
    }
    double total = ps_sum_value(&squares);
    return sqrt(total / (double)n) > 1e-12 * size ? total : 0;
}

/* Half the sum over classes of N_k C_x C_y: pairs are taken once. */
static double class_products(const pairing *p, size_t blocks) {
    ps_sum all = {0};
    for (size_t k = 0; k < p->classes; k++) {
        ps_sum count = {0}, x = {0}, y = {0};
        for (size_t b = 0; b < blocks; b++) {
            const double *sums = p->sums + b * 3 * p->classes + k;
            ps_sum_add(&count, sums[0]);
            ps_sum_add(&x, sums[p->classes]);
            ps_sum_add(&y, sums[2 * p->classes]);
        }
        if (count.sum > 0)
            ps_sum_add(&all, ps_sum_value(&x) * ps_sum_value(&y) / count.sum);
    }
    return ps_sum_value(&all);
}

static ps_value student_p(double r, double df) {
    if (!(df > 0)) return ps_value_none(PS_VALUE_UNDEFINED);
    double rest = 1 - r * r;
    if (!(rest > 0)) return ps_value_of(0);
    return ps_value_of(2 * ps_student_cdf(-fabs(r) * sqrt(df / rest), df));
}

ps_status ps_map_correlate(size_t n, const double *x, const double *y, const double *east,
                           const double *north, size_t classes, ps_map_correlation *out,
                           ps_error *err) {
    ps_value none = ps_value_none(PS_VALUE_UNDEFINED);
    *out = (ps_map_correlation){none, none, none, none};
    if (n < 4 || classes < 1) return PS_OK;
    size_t blocks = (n + BLOCK - 1) / BLOCK;
    double *z = ps_alloc(n, 2 * sizeof *z);
    double *sums = ps_alloc(blocks * 3, classes * sizeof *sums);
    pairing p = {n, classes, z, z == NULL ? NULL : z + n, east, north, 0, sums};
    ps_status status = z != NULL && sums != NULL ? PS_OK : ps_fail_nomem(err);
    double xx = 0, yy = 0, total = (double)n;
    if (status == PS_OK) {
        xx = centre(n, x, z);
        yy = centre(n, y, z + n);
    }
    if (status == PS_OK && xx > 0 && yy > 0) {
        ps_sum xy = {0};
        for (size_t i = 0; i < n; i++) ps_sum_add(&xy, z[i] * z[n + i]);
        double r = fmin(1, fmax(-1, ps_sum_value(&xy) / sqrt(xx) / sqrt(yy)));
        out->r = ps_value_of(r);
        out->p_naive = student_p(r, total - 2);
        status = ps_par_for(n, BLOCK, find_farthest, &p, err);
        for (size_t b = 0; b < blocks && status == PS_OK; b++)
            p.width = fmax(p.width, sums[b] / (double)classes);
        if (!(p.width > 0)) p.width = 1;
        if (status == PS_OK) status = ps_par_for(n, BLOCK, sum_products, &p, err);
        double v =
            status == PS_OK ? 1 / total + 2 * class_products(&p, blocks) / (xx * yy) : 0;
        if (v > 0) out->n_effective = ps_value_of(fmin(total, 1 + 1 / v));
        if (v > 0) out->p = student_p(r, out->n_effective.value - 2);
    }
    ps_free(z);
    ps_free(sums);
    return status;
}

/* ---- hot spots that last ---- */

enum { LAST_AREA, LAST_PERIOD, LAST_BAND };
enum { PARAM_LEAST, PARAM_LEVEL };

static const ps_method_column lasting_inputs[] = {
    {"area_code", PS_COLUMN_TEXT, true, "one row per area and period"},
    {"period", PS_COLUMN_TEXT, true, "each once per area"},
    {"band", PS_COLUMN_TEXT, true, "as gi_star tells it; empty when there is none"},
};

static const ps_method_param lasting_params[] = {
    {"least", PS_COLUMN_INTEGER, NULL, NULL, 1, 100000,
     "periods in which an area has to be hot (or cold)"},
    {"level", PS_COLUMN_TEXT, "95", "90|95|99", 1, 0,
     "the weakest band that counts as hot or cold"},
};

static const ps_method_column lasting_outputs[] = {
    {"area_code", PS_COLUMN_TEXT, true, "in order"},
    {"n_periods", PS_COLUMN_INTEGER, true, "with a band"},
    {"n_missing", PS_COLUMN_INTEGER, true, "without"},
    {"n_hot", PS_COLUMN_INTEGER, true, "periods"},
    {"n_cold", PS_COLUMN_INTEGER, true, "periods"},
    {"label", PS_COLUMN_TEXT, true, "hot, cold, both or ns"},
    {"least", PS_COLUMN_INTEGER, true, "periods that it takes"},
    {"status", PS_COLUMN_TEXT, true,
     "ok, small-base (fewer periods than it takes), missing (none)"},
};

static const char *const band_names[] = {"ns",      "hot-90",  "hot-95", "hot-99",
                                         "cold-90", "cold-95", "cold-99"};

/* 0 for ns and -1 for none; hot 1 to 3, cold 4 to 6. */
static ps_status band_of(const ps_method_call *call, size_t row, size_t input, int *band,
                         ps_error *err) {
    ps_str text = ps_call_text(call, row, input);
    *band = -1;
    if (text.n == 0) return PS_OK;
    for (size_t k = 0; k < PS_LENGTH(band_names); k++)
        if (ps_str_eq(text, ps_str_of(band_names[k]))) *band = (int)k;
    if (*band >= 0) return PS_OK;
    return ps_call_refuse(call, row, err,
                          "the band is '%.*s', but has to be one of gi_star, as hot-95, "
                          "cold-90 or ns",
                          text.n < 60 ? (int)text.n : 60, text.p);
}

/* The periods, and the area that had each of them last. */
typedef struct periods {
    ps_codes code;
    size_t *area, *row; /* per period: group and row, SIZE_MAX at first */
} periods;

static ps_status write_lasting(const ps_method_call *call, const ps_call_group *group,
                               void *context, ps_error *err) {
    const periods *seen = context;
    int64_t n = 0, hot = 0, cold = 0;
    int64_t least = (int64_t)ps_call_param_number(call, PARAM_LEAST);
    int level = (int)ps_call_param_choice(call, PARAM_LEVEL) + 1;
    for (size_t i = 0; i < group->n; i++) {
        int band;
        size_t row = group->row[i], at = (size_t)seen->code.code[row];
        if (seen->area[at] == group->at)
            return ps_call_refuse(call, row, err,
                                  "this period of this area stood in row %s already",
                                  ps_call_row_text(call, seen->row[at]).text);
        seen->area[at] = group->at;
        seen->row[at] = row;
        PS_TRY(band_of(call, group->row[i], LAST_BAND, &band, err));
        n += band >= 0;
        hot += band >= level && band <= 3;
        cold += band >= level + 3;
    }
    static const char *const levels[] = {"90", "95", "99"};
    ps_step_add(ps_call_steps(call, 3), (double)hot,
                "periods with a band of hot-%s or hotter, of %lld with a band (%lld make "
                "it hot)",
                levels[level - 1], (long long)n, (long long)least);
    ps_step_add(ps_call_steps(call, 4), (double)cold,
                "periods with a band of cold-%s or colder, of %lld with a band",
                levels[level - 1], (long long)n);
    ps_value_status status = PS_VALUE_OK;
    if (n < least) status = n == 0 ? PS_VALUE_MISSING : PS_VALUE_SMALL_BASE;
    ps_call_put_text(call, 0, group->name);
    ps_call_put_int(call, 1, n);
    ps_call_put_int(call, 2, (int64_t)group->n - n);
    ps_call_put_int(call, 3, hot);
    ps_call_put_int(call, 4, cold);
    if (status == PS_VALUE_OK)
        ps_call_put_word(call, 5,
                         hot >= least && cold >= least ? "both"
                         : hot >= least                ? "hot"
                         : cold >= least               ? "cold"
                                                       : "ns");
    ps_call_put_int(call, 6, least);
    ps_call_put_status(call, 7, status);
    return ps_call_end_row(call, err);
}

static ps_status run_lasting(const ps_method_call *call, ps_error *err) {
    periods seen = {0};
    PS_TRY(ps_codes_build(call, LAST_PERIOD, &seen.code, err));
    seen.area = ps_alloc(seen.code.n, sizeof *seen.area);
    seen.row = ps_alloc(seen.code.n, sizeof *seen.row);
    ps_status status = seen.area != NULL && seen.row != NULL ? PS_OK : ps_fail_nomem(err);
    for (size_t t = 0; t < seen.code.n && status == PS_OK; t++) seen.area[t] = SIZE_MAX;
    if (status == PS_OK)
        status = ps_call_each_group(call, LAST_AREA, NULL, 0, write_lasting, &seen, err);
    ps_codes_free(&seen.code);
    ps_free(seen.area);
    ps_free(seen.row);
    return status;
}

const ps_method ps_method_hot_persistence = {
    .id = "hot_persistence",
    .title = "Hot spots that last",
    .formula =
        "hot (cold) when the band of gi_star is hot (cold), at the level or beyond, "
        "in at least so many of the periods",
    .source = "Getis & Ord 1992; Ord & Getis 1995",
    .evidence = "by hand",
    .input = lasting_inputs,
    .n_input = PS_LENGTH(lasting_inputs),
    .param = lasting_params,
    .n_param = PS_LENGTH(lasting_params),
    .output = lasting_outputs,
    .n_output = PS_LENGTH(lasting_outputs),
    .run = run_lasting,
};

/* ---- hot spots and deprivation ---- */

enum { IN_AREA, IN_HOT, IN_QUINTILE, IN_RATE, IN_SCORE, IN_X, IN_Y };
enum { PARAM_CONFIDENCE, PARAM_CLASSES };
enum { QUINTILES = 5 };

static const ps_method_column inputs[] = {
    {"area_code", PS_COLUMN_TEXT, true, "every one once"},
    {"hotspot", PS_COLUMN_INTEGER, true, "1: a hot spot; 0: not"},
    {"quintile", PS_COLUMN_INTEGER, true,
     "of deprivation, 1 the most deprived; best of an index without its crime domain"},
    {"rate", PS_COLUMN_NUMBER, false, "of crime, for the correlations"},
    {"imd_score", PS_COLUMN_NUMBER, false, "of deprivation, for the correlations"},
    {"x", PS_COLUMN_NUMBER, false, "easting in metres, for the correlations' test"},
    {"y", PS_COLUMN_NUMBER, false, "northing in metres"},
};

static const ps_method_param params[] = {
    PS_PARAM_CONFIDENCE,
    {"classes", PS_COLUMN_INTEGER, "13", NULL, 1, 1000, "distance classes of the test"},
};

static const ps_method_column outputs[] = {
    {"measure", PS_COLUMN_TEXT, true, "quintile, odds_ratio, pearson or spearman"},
    {"quintile", PS_COLUMN_INTEGER, true, "of a quintile's row"},
    {"n", PS_COLUMN_INTEGER, true, "areas"},
    {"n_hot", PS_COLUMN_INTEGER, true, "of them hot spots"},
    {"value", PS_COLUMN_NUMBER, true,
     "share of all hot spots; odds ratio of a hot spot, quintile 1 against the rest; "
     "correlation of rate and score"},
    {"lower", PS_COLUMN_NUMBER, true, "of the odds ratio"},
    {"upper", PS_COLUMN_NUMBER, true, "of the odds ratio"},
    {"share_hot", PS_COLUMN_NUMBER, true, "share of the quintile's areas that are hot"},
    {"n_effective", PS_COLUMN_NUMBER, true, "independent areas that would tell as much"},
    {"p_naive", PS_COLUMN_NUMBER, true, "as if areas were independent"},
    {"p", PS_COLUMN_NUMBER, true, "two-sided, with n_effective"},
    {"method", PS_COLUMN_TEXT, true, "wald, wald-haldane; clifford-richardson"},
    {"status", PS_COLUMN_TEXT, true,
     "ok, undefined (no hot spot, no variation), missing (no rate, score or place)"},
};

typedef struct crossing {
    int64_t areas[QUINTILES], hot[QUINTILES];
    double *rate, *score, *x, *y, *ranks;
    size_t n;
} crossing;

static ps_status count_rows(const ps_method_call *call, crossing *c, ps_error *err) {
    for (size_t i = 0; i < ps_call_rows(call); i++) {
        double hot, quintile, value[4];
        PS_TRY(ps_call_amount(call, i, IN_HOT, &hot, err));
        PS_TRY(ps_call_amount(call, i, IN_QUINTILE, &quintile, err));
        if (hot > 1) return ps_call_refuse(call, i, err, "hotspot has to be 0 or 1");
        if (quintile < 1 || quintile > QUINTILES)
            return ps_call_refuse(call, i, err, "the quintile has to be 1 to 5");
        if (!isnan(hot) && !isnan(quintile)) {
            c->areas[(size_t)quintile - 1]++;
            c->hot[(size_t)quintile - 1] += hot == 1;
        }
        bool complete = true;
        for (size_t k = 0; k < 4; k++) {
            bool missing = true;
            PS_TRY(ps_call_number(call, i, IN_RATE + k, &value[k], &missing, err));
            complete = complete && !missing;
        }
        if (!complete) continue;
        c->rate[c->n] = value[0];
        c->score[c->n] = value[1];
        c->x[c->n] = value[2];
        c->y[c->n++] = value[3];
    }
    return PS_OK;
}

static void step_odds(const ps_method_call *call, int64_t a, int64_t b, int64_t c,
                      int64_t d, const ps_odds_ratio *odds) {
    const ps_estimate_steps to = ps_call_estimate_steps(call, 4);
    const double half = odds->corrected ? 0.5 : 0, w = (double)a + half,
                 x = (double)b + half, y = (double)c + half, v = (double)d + half,
                 z = ps_normal_two_sided(ps_call_param_number(call, PARAM_CONFIDENCE));
    if (to.value == NULL || !ps_value_ok(odds->ratio)) return;
    ps_step_add(to.value, (double)a, "hot spots in the most deprived quintile");
    ps_step_add(to.value, (double)b, "its other areas");
    ps_step_add(to.value, (double)c, "hot spots in the other quintiles");
    ps_step_add(to.value, (double)d, "their other areas");
    if (odds->corrected)
        ps_step_add(to.value, half, "added to each, since one of them is 0");
    ps_step_add(to.value, odds->ratio.value, "odds ratio = %s * %s / (%s * %s)",
                PS_STEP(w), PS_STEP(v), PS_STEP(x), PS_STEP(y));
    ps_step_add(
        to.lower, odds->lower.value,
        "lower limit = exp(ln(%s) - %s * sqrt(1 / %s + 1 / %s + 1 / %s + 1 / %s))",
        PS_STEP(odds->ratio.value), PS_STEP(z), PS_STEP(w), PS_STEP(x), PS_STEP(y),
        PS_STEP(v));
    ps_step_add(
        to.upper, odds->upper.value,
        "upper limit = exp(ln(%s) + %s * sqrt(1 / %s + 1 / %s + 1 / %s + 1 / %s))",
        PS_STEP(odds->ratio.value), PS_STEP(z), PS_STEP(w), PS_STEP(x), PS_STEP(y),
        PS_STEP(v));
}

static void step_quintile(const ps_method_call *call, int64_t areas, int64_t hot,
                          int64_t all_hot) {
    if (all_hot > 0)
        ps_step_add(ps_call_steps(call, 4), (double)hot / (double)all_hot,
                    "share of all hot spots = %lld / %lld", (long long)hot,
                    (long long)all_hot);
    if (areas > 0)
        ps_step_add(ps_call_steps(call, 7), (double)hot / (double)areas,
                    "share of the quintile's areas = %lld / %lld", (long long)hot,
                    (long long)areas);
}

static ps_status write_quintiles(const ps_method_call *call, const crossing *c,
                                 ps_error *err) {
    int64_t areas = 0, hot = 0;
    for (size_t q = 0; q < QUINTILES; q++) {
        areas += c->areas[q];
        hot += c->hot[q];
    }
    for (size_t q = 0; q < QUINTILES; q++) {
        ps_value share = hot > 0 ? ps_value_of((double)c->hot[q] / (double)hot)
                                 : ps_value_none(PS_VALUE_UNDEFINED);
        step_quintile(call, c->areas[q], c->hot[q], hot);
        ps_call_put_word(call, 0, "quintile");
        ps_call_put_int(call, 1, (int64_t)q + 1);
        ps_call_put_int(call, 2, c->areas[q]);
        ps_call_put_int(call, 3, c->hot[q]);
        ps_call_put_value(call, 4, share);
        if (c->areas[q] > 0)
            ps_call_put_known(call, 7, (double)c->hot[q] / (double)c->areas[q]);
        ps_call_put_status(call, 12, share.status);
        PS_TRY(ps_call_end_row(call, err));
    }
    ps_odds_ratio odds =
        ps_odds_ratio_of(c->hot[0], c->areas[0] - c->hot[0], hot - c->hot[0],
                         areas - c->areas[0] - (hot - c->hot[0]),
                         ps_call_param_number(call, PARAM_CONFIDENCE));
    step_odds(call, c->hot[0], c->areas[0] - c->hot[0], hot - c->hot[0],
              areas - c->areas[0] - (hot - c->hot[0]), &odds);
    ps_call_put_word(call, 0, "odds_ratio");
    ps_call_put_int(call, 2, areas);
    ps_call_put_int(call, 3, hot);
    ps_call_put_value(call, 4, odds.ratio);
    ps_call_put_value(call, 5, odds.lower);
    ps_call_put_value(call, 6, odds.upper);
    ps_call_put_word(call, 11, odds.corrected ? "wald-haldane" : "wald");
    ps_call_put_status(call, 12, odds.ratio.status);
    return ps_call_end_row(call, err);
}

static ps_status write_correlation(const ps_method_call *call, const crossing *c,
                                   const char *measure, const double *rate,
                                   const double *score, ps_error *err) {
    ps_map_correlation m;
    PS_TRY(ps_map_correlate(c->n, rate, score, c->x, c->y,
                            (size_t)ps_call_param_number(call, PARAM_CLASSES), &m, err));
    ps_correlation_steps(ps_call_steps(call, 4), measure[0] == 's' ? "ranks" : "values",
                         rate, score, c->n);
    ps_call_put_word(call, 0, measure);
    ps_call_put_int(call, 2, (int64_t)c->n);
    ps_call_put_value(call, 4, m.r);
    ps_call_put_value(call, 8, m.n_effective);
    ps_call_put_value(call, 9, m.p_naive);
    ps_call_put_value(call, 10, m.p);
    ps_call_put_word(call, 11, "clifford-richardson");
    ps_call_put_status(call, 12, c->n > 0 ? m.r.status : PS_VALUE_MISSING);
    return ps_call_end_row(call, err);
}

/* An area that stands twice would count twice. */
static ps_status areas_differ(const ps_method_call *call, ps_error *err) {
    ps_codes area;
    PS_TRY(ps_codes_build(call, IN_AREA, &area, err));
    size_t n = area.n;
    ps_codes_free(&area);
    if (n == ps_call_rows(call)) return PS_OK;
    return ps_fail(err, PS_FORMAT, "%s has %zu rows for %zu areas; give one row for each",
                   ps_table_name(ps_call_table(call)), ps_call_rows(call), n);
}

static ps_status cross(const ps_method_call *call, crossing *c, ps_error *err) {
    PS_TRY(areas_differ(call, err));
    PS_TRY(count_rows(call, c, err));
    PS_TRY(write_quintiles(call, c, err));
    PS_TRY(write_correlation(call, c, "pearson", c->rate, c->score, err));
    PS_TRY(ps_rank_middle(c->rate, c->n, c->ranks, err));
    PS_TRY(ps_rank_middle(c->score, c->n, c->ranks + c->n, err));
    return write_correlation(call, c, "spearman", c->ranks, c->ranks + c->n, err);
}

static ps_status run(const ps_method_call *call, ps_error *err) {
    size_t rows = ps_call_rows(call);
    crossing c = {.rate = ps_alloc(rows, sizeof *c.rate),
                  .score = ps_alloc(rows, sizeof *c.score),
                  .x = ps_alloc(rows, sizeof *c.x),
                  .y = ps_alloc(rows, sizeof *c.y),
                  .ranks = ps_alloc(rows, 2 * sizeof *c.ranks)};
    ps_status status = PS_OK;
    if (c.rate == NULL || c.score == NULL || c.x == NULL || c.y == NULL ||
        c.ranks == NULL)
        status = ps_fail_nomem(err);
    if (status == PS_OK) status = cross(call, &c, err);
    ps_free(c.rate);
    ps_free(c.score);
    ps_free(c.x);
    ps_free(c.y);
    ps_free(c.ranks);
    return status;
}

const ps_method ps_method_hotspot_deprivation = {
    .id = "hotspot_deprivation",
    .title = "Hot spots and deprivation",
    .formula =
        "shares of hot spots by quintile; odds ratio a d / (b c) of quintile 1 against "
        "the "
        "rest, exp(ln ratio +- z sqrt(1/a + 1/b + 1/c + 1/d)), one half added when a "
        "cell "
        "is 0; Pearson's and Spearman's r of rate and score, tested with n_effective = 1 "
        "+ "
        "1 / (sum over distance classes of N C_x C_y / (n^2 s_x^2 s_y^2)).",
    .source = "Haldane 1956; Clifford, Richardson & Hemon 1989",
    .evidence =
        "glm and cor.test of R, and the sum over distance classes in R, fresh "
        "maps: 1e-12",
    .input = inputs,
    .n_input = PS_LENGTH(inputs),
    .param = params,
    .n_param = PS_LENGTH(params),
    .output = outputs,
    .n_output = PS_LENGTH(outputs),
    .run = run,
};

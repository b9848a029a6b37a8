#include "indicators/area_vintage.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/core/mem.h"
#include "indicators/method.h"
#include "indicators/method_codes.h"
#include "indicators/sum.h"

enum { BY_WEIGHT, BY_AREA, IN_EQUAL_PARTS };

/* A pair under work, sorted by the new area, then the old one. */
typedef struct overlap {
    int32_t from, to;
    double weight, area;
} overlap;

static int compare_overlaps(const void *a, const void *b) {
    const overlap *p = a, *q = b;
    if (p->to != q->to) return p->to < q->to ? -1 : 1;
    return p->from < q->from ? -1 : p->from > q->from;
}

/* What is known about all overlaps of one old or one new area. */
typedef struct side {
    ps_sum weight, area;
    double parts;
    bool no_weight, no_area;
    bool part_mixed; /* one of its overlaps lies in an area with other overlaps */
} side;

static void side_add(side *s, const overlap *o) {
    s->parts++;
    if (o->weight >= 0 && isfinite(o->weight))
        ps_sum_add(&s->weight, o->weight);
    else
        s->no_weight = true;
    if (o->area >= 0 && isfinite(o->area))
        ps_sum_add(&s->area, o->area);
    else
        s->no_area = true;
}

static int side_rule(const side *s) {
    if (!s->no_weight && ps_sum_value(&s->weight) > 0) return BY_WEIGHT;
    if (!s->no_area && ps_sum_value(&s->area) > 0) return BY_AREA;
    return IN_EQUAL_PARTS;
}

static double side_share(const side *s, const overlap *o) {
    if (s->parts == 1) return 1;
    switch (side_rule(s)) {
        case BY_WEIGHT:
            return o->weight / ps_sum_value(&s->weight);
        case BY_AREA:
            return o->area / ps_sum_value(&s->area);
        default:
            return 1 / s->parts;
    }
}

/* The category that most people of the new area had; of equal ones the lowest. */
static double majority(const overlap *o, size_t n, const side *to, const double *value,
                       double *share) {
    double best = NAN;
    *share = -1;
    for (size_t i = 0; i < n; i++) {
        double candidate = value[o[i].from];
        ps_sum sum = {0, 0};
        for (size_t k = 0; k < n; k++)
            if (value[o[k].from] == candidate) ps_sum_add(&sum, side_share(to, &o[k]));
        double part = ps_sum_value(&sum);
        if (part > *share || (part == *share && candidate < best)) {
            *share = part;
            best = candidate;
        }
    }
    return best;
}

/* Alone with one old area it is unchanged or a part of a split, from whole old areas it
 * is merged; all else is irregular, also a part whose sibling took from elsewhere. */
static char change_of(const overlap *o, size_t n, const side *from) {
    bool divided = false;
    for (size_t i = 0; i < n; i++) divided = divided || from[o[i].from].parts > 1;
    if (n > 1) return divided ? 'X' : 'M';
    if (!divided) return 'U';
    return from[o->from].part_mixed ? 'X' : 'S';
}

/* One new area from its n overlaps. */
static ps_moved move_to(const overlap *o, size_t n, const side *from, const side *to,
                        ps_value_kind kind, const double *value) {
    ps_moved moved = {.status = PS_VALUE_OK, .change = change_of(o, n, from)};
    const bool averages = kind == PS_KIND_INTENSIVE || kind == PS_KIND_CATEGORY;
    moved.irregular = moved.change == 'X';
    moved.share_min = 1;
    if (kind == PS_KIND_RANK && moved.change != 'U') {
        moved.status = PS_VALUE_NOT_APPLICABLE;
        return moved;
    }
    if (averages) moved.fallback = n > 1 && side_rule(to) != BY_WEIGHT;
    ps_sum sum = {0, 0};
    for (size_t i = 0; i < n; i++) {
        const side *parent = &from[o[i].from];
        double share = side_share(parent, &o[i]);
        if (share < moved.share_min) moved.share_min = share;
        if (kind == PS_KIND_EXTENSIVE && parent->parts > 1)
            moved.fallback = moved.fallback || side_rule(parent) != BY_WEIGHT;
        if (!isfinite(value[o[i].from])) moved.status = PS_VALUE_MISSING;
        ps_sum_add(&sum, (averages ? side_share(to, &o[i]) : share) * value[o[i].from]);
    }
    if (moved.status != PS_VALUE_OK) return moved;
    moved.value = ps_sum_value(&sum);
    if (kind == PS_KIND_CATEGORY) {
        moved.value = majority(o, n, to, value, &moved.share_min);
        moved.contested = moved.share_min < 0.75;
    }
    return moved;
}

/* What came in has to come out. */
static ps_status check_total(const double *value, size_t n_from, const ps_moved *out,
                             size_t n_to, ps_error *err) {
    ps_sum in = {0, 0}, size = {0, 0}, sum = {0, 0};
    for (size_t i = 0; i < n_from; i++) {
        if (!isfinite(value[i])) return PS_OK;
        ps_sum_add(&in, value[i]);
        ps_sum_add(&size, fabs(value[i]));
    }
    for (size_t i = 0; i < n_to; i++) ps_sum_add(&sum, out[i].value);
    double before = ps_sum_value(&in), after = ps_sum_value(&sum);
    if (fabs(after - before) <= 1e-9 * ps_sum_value(&size)) return PS_OK;
    return ps_fail(
        err, PS_GATE,
        "the values of the old areas add up to %.17g, those of the new ones to "
        "%.17g",
        before, after);
}

static ps_status check_overlaps(const overlap *o, const ps_area_pairs *pairs,
                                const side *from, const side *to, ps_error *err) {
    for (size_t i = 1; i < pairs->n; i++)
        if (o[i].to == o[i - 1].to && o[i].from == o[i - 1].from)
            return ps_fail(err, PS_FORMAT,
                           "old area %" PRId32 " and new area %" PRId32
                           " are listed twice: one row for each overlap was expected",
                           o[i].from + 1, o[i].to + 1);
    for (size_t i = 0; i < pairs->n_from; i++)
        if (from[i].parts == 0)
            return ps_fail(err, PS_FORMAT, "old area %zu has no new area", i + 1);
    for (size_t i = 0; i < pairs->n_to; i++)
        if (to[i].parts == 0)
            return ps_fail(err, PS_FORMAT, "new area %zu has no old area", i + 1);
    return PS_OK;
}

ps_status ps_area_values_move(const ps_area_pairs *pairs, ps_value_kind kind,
                              const double *value, ps_moved *out, ps_error *err) {
    overlap *o = ps_alloc(pairs->n, sizeof *o);
    side *from = ps_zalloc(pairs->n_from, sizeof *from);
    side *to = ps_zalloc(pairs->n_to, sizeof *to);
    ps_status status = PS_OK;
    if (o == NULL || from == NULL || to == NULL) {
        status = ps_fail_nomem(err);
        goto done;
    }
    for (size_t i = 0; i < pairs->n; i++) {
        o[i] = (overlap){pairs->from[i], pairs->to[i],
                         pairs->weight != NULL ? pairs->weight[i] : (double)NAN,
                         pairs->area != NULL ? pairs->area[i] : (double)NAN};
        side_add(&from[o[i].from], &o[i]);
        side_add(&to[o[i].to], &o[i]);
    }
    for (size_t i = 0; i < pairs->n; i++)
        if (to[o[i].to].parts > 1) from[o[i].from].part_mixed = true;
    if (pairs->n > 1) qsort(o, pairs->n, sizeof *o, compare_overlaps);
    status = check_overlaps(o, pairs, from, to, err);
    for (size_t i = 0, end; i < pairs->n && status == PS_OK; i = end) {
        for (end = i + 1; end < pairs->n && o[end].to == o[i].to;) end++;
        out[o[i].to] = move_to(o + i, end - i, from, &to[o[i].to], kind, value);
    }
    if (status == PS_OK && kind == PS_KIND_EXTENSIVE)
        status = check_total(value, pairs->n_from, out, pairs->n_to, err);
done:
    ps_free(o);
    ps_free(from);
    ps_free(to);
    return status;
}

/* ---- adaptor ---- */

enum { IN_OLD, IN_NEW, IN_VALUE, IN_CHANGE, IN_WEIGHT, IN_AREA };
static const ps_method_column move_inputs[] = {
    {"lsoa11", PS_COLUMN_TEXT, true, "the LSOA of 2011"},
    {"lsoa21", PS_COLUMN_TEXT, true, "an LSOA of 2021 that overlaps it"},
    {"value", PS_COLUMN_NUMBER, true,
     "value of the source area, the same on all its rows"},
    {"chgind", PS_COLUMN_TEXT, false, "U, S, M or X, as published"},
    {"weight", PS_COLUMN_NUMBER, false, "people or households of the overlap"},
    {"overlap_area", PS_COLUMN_NUMBER, false, "size of the overlap, second choice"},
};
static const ps_method_param move_params[] = {
    {"kind", PS_COLUMN_TEXT, NULL, "extensive|intensive|category|rank", 1, 0,
     "extensive: counts; intensive: scores, rates; category: flags and class numbers; "
     "rank: carried where nothing changed"},
    {"direction", PS_COLUMN_TEXT, "2011-2021", "2011-2021|2021-2011", 1, 0,
     "which way values move"},
};
static const ps_method_column move_outputs[] = {
    {"area", PS_COLUMN_TEXT, true, "the target area"},
    {"value", PS_COLUMN_NUMBER, true, "its value"},
    {"method", PS_COLUMN_TEXT, true,
     "U unchanged, S part of a split, M merged, X irregular, seen in the direction "
     "taken"},
    {"share_min", PS_COLUMN_NUMBER, true,
     "least share of a source area that came here; of a category the majority's share"},
    {"irregular", PS_COLUMN_INTEGER, true, "1: X"},
    {"flag", PS_COLUMN_TEXT, true,
     "fallback: shares by area or in equal parts; contested: majority below 75 %"},
    {"status", PS_COLUMN_TEXT, true, "of the value"},
};

static ps_status value_differs(const ps_method_call *call, size_t row, ps_str name,
                               ps_error *err) {
    ps_str text = ps_call_text(call, row, IN_VALUE);
    return ps_call_refuse(call, row, err,
                          "%.*s has the value '%.*s' here and another above: an area has "
                          "one value on all its rows",
                          name.n < 60 ? (int)name.n : 60, name.p,
                          text.n < 60 ? (int)text.n : 60, text.p);
}

/* The value of each source area: one for all its rows. */
static ps_status source_values(const ps_method_call *call, const ps_codes *source,
                               const double *value, double *out, ps_error *err) {
    for (size_t k = 0; k < source->n; k++) out[k] = INFINITY;
    for (size_t i = 0; i < ps_call_rows(call); i++) {
        double *known = &out[source->code[i]];
        ps_str name = source->text[source->code[i]];
        bool same = *known == value[i] || (isnan(*known) && isnan(value[i]));
        if (isinf(*known))
            *known = value[i];
        else if (!same)
            return value_differs(call, i, name, err);
    }
    return PS_OK;
}

/* A row without one of its codes is an area found in neither list. */
static ps_status check_codes(const ps_method_call *call, ps_error *err) {
    char names[300] = "";
    size_t at = 0, n = 0;
    for (size_t i = 0; i < ps_call_rows(call); i++) {
        ps_str a = ps_call_text(call, i, IN_OLD), b = ps_call_text(call, i, IN_NEW);
        if (a.n > 0 && b.n > 0) continue;
        ps_str known = a.n > 0 ? a : b;
        n++;
        if (at > sizeof names - 40) continue;
        int wrote =
            snprintf(names + at, sizeof names - at, "%s%.*s", at > 0 ? ", " : "",
                     known.n < 20 ? (int)known.n : 20, known.n > 0 ? known.p : "");
        at += wrote > 0 ? (size_t)wrote : 0;
    }
    if (n == 0) return PS_OK;
    return ps_fail(err, PS_FORMAT,
                   "%s: %zu rows name only one area: %s: the look-up has to hold both "
                   "codes of every area",
                   ps_table_name(ps_call_table(call)), n, names);
}

/* A code that stands in both vintages is that of an area that did not change. */
static ps_status check_vintages(const ps_method_call *call, const ps_codes *source,
                                ps_error *err) {
    const bool forward = ps_call_param_is(call, 1, "2011-2021");
    for (size_t i = 0; i < ps_call_rows(call); i++) {
        ps_str from = ps_call_text(call, i, forward ? IN_OLD : IN_NEW);
        ps_str to = ps_call_text(call, i, forward ? IN_NEW : IN_OLD);
        if (!ps_str_eq(from, to) && ps_codes_find(source, to) >= 0)
            return ps_call_refuse(call, i, err,
                                  "%.*s stands in both columns, but here beside another "
                                  "code: a column mixes codes of both years",
                                  (int)(to.n < 60 ? to.n : 60), to.p);
    }
    return PS_OK;
}

/* The published indicator has to agree with the pairs themselves. */
static void check_published(const ps_method_call *call, const ps_codes *target,
                            const ps_moved *moved, bool forward) {
    size_t differ = 0, first = 0;
    if (!ps_call_has(call, IN_CHANGE) || !forward) return;
    for (size_t i = 0; i < ps_call_rows(call); i++) {
        ps_str published = ps_call_text(call, i, IN_CHANGE);
        if (published.n != 1 || published.p[0] == moved[target->code[i]].change) continue;
        if (differ++ == 0) first = i;
    }
    if (differ > 0)
        ps_say(ps_call_talk(call), PS_TALK_WARNING,
               "%s: chgind of %zu rows is not what the pairs say, first in row %s: "
               "are rows of the look-up left out?",
               ps_table_name(ps_call_table(call)), differ,
               ps_call_row_text(call, first).text);
}

/* An overlap stands once, and its size is not negative. */
static ps_status check_rows(const ps_method_call *call, const ps_codes *source,
                            const ps_codes *target, double *const column[3],
                            ps_error *err) {
    const ps_codes *const by[] = {source, target};
    size_t *order = NULL, n = ps_call_rows(call);
    for (size_t i = 0; i < n; i++)
        if (column[1][i] < 0 || column[2][i] < 0)
            return ps_call_refuse(call, i, err, "the size of an overlap is negative");
    PS_TRY(ps_codes_order(by, 2, n, &order, err));
    ps_status status = PS_OK;
    for (size_t i = 1; i < n && status == PS_OK; i++)
        if (ps_codes_agree(by, 2, order[i - 1], order[i]))
            status = ps_call_refuse(call, order[i], err,
                                    "this pair of areas stood in row %s already",
                                    ps_call_row_text(call, order[i - 1]).text);
    ps_free(order);
    return status;
}

static ps_status put_moved(const ps_method_call *call, ps_str area, const ps_moved *m,
                           ps_error *err) {
    size_t c = 0;
    ps_call_put_text(call, c++, area);
    ps_call_put_number(call, c++, m->status, m->value);
    ps_call_put_text(call, c++, (ps_str){&m->change, 1});
    ps_call_put_number(call, c++, PS_VALUE_OK, m->share_min);
    ps_call_put_int(call, c++, m->irregular);
    ps_call_put_word(call, c++,
                     m->contested  ? "contested"
                     : m->fallback ? "fallback"
                                   : "");
    ps_call_put_status(call, c++, m->status);
    return ps_call_end_row(call, err);
}

static ps_status run_move(const ps_method_call *call, ps_error *err) {
    const bool forward = ps_call_param_is(call, 1, "2011-2021");
    const ps_value_kind kind = (ps_value_kind)ps_call_param_choice(call, 0);
    ps_codes source = {NULL, NULL, 0}, target = {NULL, NULL, 0};
    double *column[3] = {NULL}, *value = NULL;
    ps_moved *moved = NULL;
    ps_status status = check_codes(call, err);
    if (status == PS_OK)
        status = ps_codes_build(call, forward ? IN_OLD : IN_NEW, &source, err);
    if (status == PS_OK)
        status = ps_codes_build(call, forward ? IN_NEW : IN_OLD, &target, err);
    static const size_t inputs[] = {IN_VALUE, IN_WEIGHT, IN_AREA};
    for (size_t k = 0; k < 3 && status == PS_OK; k++)
        status = ps_call_numbers(call, inputs[k], &column[k], err);
    if (status == PS_OK) {
        value = ps_alloc(source.n, sizeof *value);
        moved = ps_zalloc(target.n, sizeof *moved);
        if (value == NULL || moved == NULL) status = ps_fail_nomem(err);
    }
    if (status == PS_OK) status = check_vintages(call, &source, err);
    if (status == PS_OK) status = check_rows(call, &source, &target, column, err);
    if (status == PS_OK) status = source_values(call, &source, column[0], value, err);
    if (status == PS_OK) {
        ps_area_pairs pairs = {.n = ps_call_rows(call),
                               .n_from = source.n,
                               .n_to = target.n,
                               .from = source.code,
                               .to = target.code,
                               .weight = column[1],
                               .area = column[2]};
        status = ps_area_values_move(&pairs, kind, value, moved, err);
    }
    if (status == PS_OK) check_published(call, &target, moved, forward);
    for (size_t k = 0; k < target.n && status == PS_OK; k++)
        status = put_moved(call, target.text[k], &moved[k], err);
    for (size_t k = 0; k < 3; k++) ps_free(column[k]);
    ps_free(value);
    ps_free(moved);
    ps_codes_free(&source);
    ps_codes_free(&target);
    return status;
}

extern const ps_method ps_method_lsoa_change;
const ps_method ps_method_lsoa_change = {
    .id = "lsoa_change",
    .title = "Values of LSOAs of 2011 on those of 2021",
    .formula =
        "extensive: sum over source areas of value * overlap / all overlaps of the "
        "source; intensive: inherited by parts of a split, else the mean weighed "
        "by overlap; category: the majority of the people; rank: carried where "
        "nothing changed. The published exact-fit look-up gives the pairs.",
    .source =
        "ONS, LSOA (2011) to LSOA (2021) exact fit look-up; ONS, Building block and "
        "best-fit policy",
    .evidence =
        "the changes of all 35,795 pairs of the published look-up: equal; people of "
        "34,753 "
        "LSOAs kept in sum: 1e-9",
    .input = move_inputs,
    .n_input = PS_LENGTH(move_inputs),
    .param = move_params,
    .n_param = PS_LENGTH(move_params),
    .output = move_outputs,
    .n_output = PS_LENGTH(move_outputs),
    .run = run_move,
};

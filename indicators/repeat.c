/* Incidents in order of victim and day: the nearest earlier incident of the same victim
 * then stands just before, and an incident is a repeat when that one lies in the window.
 */
#include "indicators/repeat.h"

#include <stdlib.h>
#include <string.h>

#include "indicators/method.h"
#include "indicators/method_codes.h"
#include "indicators/rate.h"
#include "indicators/rolling.h"
#include "indicators/sum.h"

int32_t ps_day_number(ps_date date) {
    /* Years from March, so that the leap day is the last. */
    int64_t year = date.year - (date.month <= 2), month = (date.month + 9) % 12;
    int64_t era = (year >= 0 ? year : year - 399) / 400, of_era = year - era * 400;
    int64_t of_year = (153 * month + 2) / 5 + date.day - 1;
    int64_t day = era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    return (int32_t)(day - 719468);
}

typedef struct incident {
    int32_t victim, day;
    size_t row;
} incident;

static int by_victim(const void *a, const void *b) {
    const incident *x = a, *y = b;
    if (x->victim != y->victim) return x->victim < y->victim ? -1 : 1;
    if (x->day != y->day) return x->day < y->day ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

static int by_count_down(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x < y) - (x > y);
}

/* The first day of the window of a day. */
static int32_t window_start(ps_date date, const ps_repeat_options *o) {
    if (o->window_months <= 0) return ps_day_number(date) - o->window_days;
    ps_month month = ps_month_of(date) - o->window_months;
    int days = ps_month_days(month);
    ps_date first = {month / 12, month % 12 + 1, date.day < days ? date.day : days};
    return ps_day_number(first);
}

static bool is_counted(const ps_repeat_options *o, size_t row) {
    return o->counted == NULL || o->counted[row];
}

typedef struct victim_sums {
    ps_sum squares, cross, sizes; /* of repeats, repeats * incidents, incidents */
    ps_sum intervals;
    int64_t n_intervals;
} victim_sums;

/* One of the incidents of a victim that begin at `begin`; before: one past the last of
 * them of an earlier day. */
static bool is_repeat(const incident *list, size_t begin, size_t before, size_t i,
                      const ps_date *date, const ps_repeat_options *o) {
    const size_t earlier = o->same_day ? i : before;
    return earlier > begin && list[earlier - 1].day >= window_start(date[list[i].row], o);
}

/* Incidents begin .. end are one victim's. Returns how many lie in the period. */
static int64_t count_victim(const incident *list, size_t begin, size_t end,
                            const ps_date *date, const ps_repeat_options *o, int32_t from,
                            int32_t to, ps_repeat *out, victim_sums *sums) {
    int64_t inside = 0, repeats = 0;
    size_t before = begin; /* one past the last incident of an earlier day */
    for (size_t i = begin; i < end; i++) {
        if (i > begin && list[i].day != list[i - 1].day) before = i;
        if (list[i].day < from || list[i].day > to || !is_counted(o, list[i].row))
            continue;
        inside++;
        repeats += is_repeat(list, begin, before, i, date, o);
        if (i > begin) {
            ps_sum_add(&sums->intervals, (double)(list[i].day - list[i - 1].day));
            sums->n_intervals++;
        }
    }
    if (inside == 0) return 0;
    out->victims++;
    out->repeat_victims += repeats > 0;
    out->repeats += repeats;
    out->victims_with[inside < PS_REPEAT_CLASSES ? inside - 1 : PS_REPEAT_CLASSES - 1]++;
    ps_sum_add(&sums->squares, (double)repeats * (double)repeats);
    ps_sum_add(&sums->cross, (double)repeats * (double)inside);
    ps_sum_add(&sums->sizes, (double)inside * (double)inside);
    return inside;
}

/* Victims as sampling units of weight 1: the variance of the ratio repeats / incidents.
 */
static void cluster_limits(ps_repeat *out, const victim_sums *sums, double confidence) {
    double n = (double)(out->incidents - out->unlinked), m = (double)out->victims;
    double p = (double)out->repeats / n;
    out->lower = out->upper = out->design_effect = ps_value_none(PS_VALUE_UNDEFINED);
    if (m < 2) return;
    double size = n;
    if (p > 0 && p < 1) {
        double squares = ps_sum_value(&sums->squares) -
                         2 * p * ps_sum_value(&sums->cross) +
                         p * p * ps_sum_value(&sums->sizes);
        double variance = m / (m - 1) * squares / (n * n);
        if (!(variance > 0)) return;
        size = p * (1 - p) / variance;
        out->design_effect = ps_value_of(n / size);
    }
    ps_estimate e = ps_proportion(p * size, size, 1, confidence, PS_PROPORTION_WILSON);
    if (e.limits_status != PS_VALUE_OK) return;
    out->lower = ps_value_of(e.lower);
    out->upper = ps_value_of(e.upper);
}

static ps_value share_of_top(int64_t *per_victim, int64_t victims, int64_t linked) {
    if (victims == 0) return ps_value_none(PS_VALUE_UNDEFINED);
    qsort(per_victim, (size_t)victims, sizeof *per_victim, by_count_down);
    int64_t whole = victims / 10, sum = 0;
    for (int64_t i = 0; i < whole; i++) sum += per_victim[i];
    double part = (double)(victims % 10) / 10;
    double last = part > 0 ? part * (double)per_victim[whole] : 0;
    return ps_value_of(((double)sum + last) / (double)linked);
}

/* Those of known victims, in order; returns how many. */
static size_t list_linked(size_t n, const int32_t *victim, const ps_date *date,
                          incident *list) {
    size_t linked = 0;
    for (size_t i = 0; i < n; i++)
        if (victim[i] >= 0)
            list[linked++] = (incident){victim[i], ps_day_number(date[i]), i};
    qsort(list, linked, sizeof *list, by_victim);
    return linked;
}

ps_status ps_repeat_mark(size_t n, const int32_t *victim, const ps_date *date,
                         const ps_repeat_options *o, bool *repeat, ps_error *err) {
    incident *list = ps_alloc(n, sizeof *list);
    if (list == NULL) return ps_fail_nomem(err);
    const size_t linked = list_linked(n, victim, date, list);
    memset(repeat, 0, n * sizeof *repeat);
    for (size_t i = 0, begin = 0, before = 0; i < linked; i++) {
        if (list[i].victim != list[begin].victim)
            begin = before = i;
        else if (i > begin && list[i].day != list[i - 1].day)
            before = i;
        repeat[list[i].row] = is_repeat(list, begin, before, i, date, o);
    }
    ps_free(list);
    return PS_OK;
}

ps_status ps_repeat_of(size_t n, const int32_t *victim, const ps_date *date,
                       const ps_repeat_options *o, ps_repeat *out, ps_error *err) {
    *out = (ps_repeat){0};
    int32_t from = ps_day_number(o->from), to = ps_day_number(o->to);
    if (from > to)
        return ps_fail(err, PS_CONFIG,
                       "the reporting period ends (%04d-%02d-%02d) before it begins "
                       "(%04d-%02d-%02d)",
                       o->to.year, o->to.month, o->to.day, o->from.year, o->from.month,
                       o->from.day);
    incident *list = ps_alloc(n, sizeof *list);
    int64_t *per_victim = ps_alloc(n, sizeof *per_victim);
    if (list == NULL || per_victim == NULL) {
        ps_free(list);
        ps_free(per_victim);
        return ps_fail_nomem(err);
    }
    for (size_t i = 0; i < n; i++) {
        int32_t day = ps_day_number(date[i]);
        if (day >= from && day <= to && is_counted(o, i)) {
            out->incidents++;
            out->unlinked += victim[i] < 0;
        }
    }
    const size_t linked = list_linked(n, victim, date, list);
    victim_sums sums = {0};
    for (size_t begin = 0; begin < linked;) {
        size_t end = begin;
        while (end < linked && list[end].victim == list[begin].victim) end++;
        int64_t inside = count_victim(list, begin, end, date, o, from, to, out, &sums);
        if (inside > 0) per_victim[out->victims - 1] = inside;
        begin = end;
    }
    int64_t with_victim = out->incidents - out->unlinked;
    out->incident_rate = ps_proportion((double)out->repeats, (double)with_victim, 1,
                                       o->confidence, PS_PROPORTION_WILSON);
    out->incident_rate_all = ps_proportion((double)out->repeats, (double)out->incidents,
                                           1, o->confidence, PS_PROPORTION_WILSON);
    out->victim_rate = ps_proportion((double)out->repeat_victims, (double)out->victims, 1,
                                     o->confidence, PS_PROPORTION_WILSON);
    cluster_limits(out, &sums, o->confidence);
    out->top_share = share_of_top(per_victim, out->victims, with_victim);
    out->mean_interval =
        sums.n_intervals > 0
            ? ps_value_of(ps_sum_value(&sums.intervals) / (double)sums.n_intervals)
            : ps_value_none(PS_VALUE_UNDEFINED);
    out->left_censored = ps_day_number(o->data_from) > window_start(o->from, o);
    ps_free(per_victim);
    ps_free(list);
    return PS_OK;
}

/* ---- adaptor ---- */

enum { IN_STRAND, IN_INCIDENT, IN_DATE, IN_VICTIM };
static const ps_method_column input[] = {
    {"strand", PS_COLUMN_TEXT, false, "one result per strand or area"},
    {"incident_id", PS_COLUMN_TEXT, true, "order of incidents on one day"},
    {"date", PS_COLUMN_TEXT, true, "as in 2021-07-31, a time may follow"},
    {"victim_id", PS_COLUMN_TEXT, true, "empty when not known"},
};
enum {
    P_CONFIDENCE,
    P_FROM,
    P_TO,
    P_DATA_FROM,
    P_WINDOW,
    P_MONTHS,
    P_SAME_DAY,
    P_FORM,
    P_MULTIPLIER
};
static const ps_method_param param[] = {
    PS_PARAM_CONFIDENCE,
    {"from", PS_COLUMN_TEXT, NULL, NULL, 0, 0, "first day of the period, 2021-04-01"},
    {"to", PS_COLUMN_TEXT, NULL, NULL, 0, 0, "last day of the period, 2022-03-31"},
    {"data_from", PS_COLUMN_TEXT, "", NULL, 0, 0,
     "first day that the data cover; else the first date in them"},
    {"window", PS_COLUMN_INTEGER, "365", NULL, 1, 3660, "days to look back"},
    {"window_months", PS_COLUMN_INTEGER, "0", NULL, 0, 120,
     "calendar months to look back instead, when above 0"},
    {"same_day", PS_COLUMN_TEXT, "yes", "yes|no", 0, 0,
     "earlier incidents of the same day count"},
    {"dates", PS_COLUMN_TEXT, "iso", "iso|dmy|mdy", 0, 0, "form of the dates"},
    {"multiplier", PS_COLUMN_NUMBER, "100", NULL, 1, 100000, "of the rates"},
};
static const ps_method_column output[] = {
    {"strand", PS_COLUMN_TEXT, true, "as in the input"},
    {"incidents", PS_COLUMN_INTEGER, true, "of the period"},
    {"n_unlinked", PS_COLUMN_INTEGER, true, "of them without a victim"},
    {"repeats", PS_COLUMN_INTEGER, true, "repeat incidents"},
    {"repeat_incident_rate", PS_COLUMN_NUMBER, true, "of incidents with a victim"},
    {"lower", PS_COLUMN_NUMBER, true, "its limit, incidents clustered in victims"},
    {"upper", PS_COLUMN_NUMBER, true, "its limit, incidents clustered in victims"},
    {"wilson_lower", PS_COLUMN_NUMBER, true, "its plain limit"},
    {"wilson_upper", PS_COLUMN_NUMBER, true, "its plain limit"},
    {"design_effect", PS_COLUMN_NUMBER, true, "of the clustering"},
    {"repeat_incident_rate_all", PS_COLUMN_NUMBER, true, "of all incidents"},
    {"victims", PS_COLUMN_INTEGER, true, "distinct victims of the period"},
    {"repeat_victims", PS_COLUMN_INTEGER, true, "with a repeat incident in the period"},
    {"repeat_victim_rate", PS_COLUMN_NUMBER, true, "of victims"},
    {"victim_lower", PS_COLUMN_NUMBER, true, "its limit"},
    {"victim_upper", PS_COLUMN_NUMBER, true, "its limit"},
    {"victims_1", PS_COLUMN_INTEGER, true, "victims with one incident in the period"},
    {"victims_2", PS_COLUMN_INTEGER, true, "with two"},
    {"victims_3", PS_COLUMN_INTEGER, true, "with three"},
    {"victims_4", PS_COLUMN_INTEGER, true, "with four"},
    {"victims_5_more", PS_COLUMN_INTEGER, true, "with five or more"},
    {"top_10_percent_share", PS_COLUMN_NUMBER, true,
     "of incidents with a victim, the tenth of victims with most"},
    {"mean_interval_days", PS_COLUMN_NUMBER, true,
     "from the victim's incident before, however long ago, to one of the period"},
    {"left_censored", PS_COLUMN_INTEGER, true,
     "1 when the window reaches back before the data"},
    {"multiplier", PS_COLUMN_NUMBER, true, "of rates, limits and share"},
    {"status", PS_COLUMN_TEXT, true, "of repeat_incident_rate"},
};

static ps_status date_param(const ps_method_call *call, size_t at, ps_date *out,
                            ps_error *err) {
    const char *text = ps_call_param_text(call, at);
    if (ps_parse_date(ps_str_of(text), PS_DATE_ISO, out)) return PS_OK;
    return ps_fail(err, PS_CONFIG, "repeat: %s is '%.60s'; write a day as 2021-04-01",
                   param[at].name, text);
}

/* All rows as the functions take them, in order of date text and incident. */
typedef struct loaded {
    ps_codes victims, incidents, dates;
    size_t *order;
    int32_t *victim;
    ps_date *date;
} loaded;

static void loaded_free(loaded *l) {
    ps_codes_free(&l->victims);
    ps_codes_free(&l->incidents);
    ps_codes_free(&l->dates);
    ps_free(l->order);
    ps_free(l->victim);
    ps_free(l->date);
}

static ps_status read_dates(const ps_method_call *call, loaded *l, ps_error *err) {
    ps_date_form form = ps_call_param_is(call, P_FORM, "dmy")   ? PS_DATE_DMY
                        : ps_call_param_is(call, P_FORM, "mdy") ? PS_DATE_MDY
                                                                : PS_DATE_ISO;
    for (size_t row = 0; row < ps_call_rows(call); row++) {
        ps_str text = ps_call_text(call, row, IN_DATE);
        /* A month alone would put every incident of it on its first day. */
        if (text.n < 8 || !ps_parse_date(text, form, &l->date[row]))
            return ps_fail(err, PS_FORMAT,
                           "%s: row %s: '%.*s' is not a day in the form %s; see the "
                           "parameter dates",
                           ps_table_name(ps_call_table(call)),
                           ps_call_row_text(call, row).text,
                           (int)(text.n < 60 ? text.n : 60), text.p,
                           ps_call_param_text(call, P_FORM));
        l->victim[row] = ps_call_text(call, row, IN_VICTIM).n == 0 ? PS_NO_VICTIM
                                                                   : l->victims.code[row];
    }
    return PS_OK;
}

static ps_status load(const ps_method_call *call, loaded *l, ps_error *err) {
    size_t n = ps_call_rows(call);
    PS_TRY(ps_codes_build(call, IN_VICTIM, &l->victims, err));
    PS_TRY(ps_codes_build(call, IN_INCIDENT, &l->incidents, err));
    PS_TRY(ps_codes_build(call, IN_DATE, &l->dates, err));
    const ps_codes *const by[] = {&l->dates, &l->incidents};
    PS_TRY(ps_codes_order(by, 2, n, &l->order, err));
    l->victim = ps_alloc(n, sizeof *l->victim);
    l->date = ps_alloc(n, sizeof *l->date);
    if (l->victim == NULL || l->date == NULL) return ps_fail_nomem(err);
    return read_dates(call, l, err);
}

static void put_scaled(const ps_method_call *call, size_t at, ps_value_status status,
                       double value) {
    ps_call_put_number(call, at, status,
                       value * ps_call_param_number(call, P_MULTIPLIER));
}

static ps_status write_row(const ps_method_call *call, ps_str strand, const ps_repeat *r,
                           ps_error *err) {
    ps_call_put_text(call, 0, strand);
    ps_call_put_int(call, 1, r->incidents);
    ps_call_put_int(call, 2, r->unlinked);
    ps_call_put_int(call, 3, r->repeats);
    put_scaled(call, 4, r->incident_rate.status, r->incident_rate.value);
    put_scaled(call, 5, r->lower.status, r->lower.value);
    put_scaled(call, 6, r->upper.status, r->upper.value);
    put_scaled(call, 7, r->incident_rate.limits_status, r->incident_rate.lower);
    put_scaled(call, 8, r->incident_rate.limits_status, r->incident_rate.upper);
    ps_call_put_value(call, 9, r->design_effect);
    put_scaled(call, 10, r->incident_rate_all.status, r->incident_rate_all.value);
    ps_call_put_int(call, 11, r->victims);
    ps_call_put_int(call, 12, r->repeat_victims);
    put_scaled(call, 13, r->victim_rate.status, r->victim_rate.value);
    put_scaled(call, 14, r->victim_rate.limits_status, r->victim_rate.lower);
    put_scaled(call, 15, r->victim_rate.limits_status, r->victim_rate.upper);
    for (size_t i = 0; i < PS_REPEAT_CLASSES; i++)
        ps_call_put_int(call, 16 + i, r->victims_with[i]);
    put_scaled(call, 21, r->top_share.status, r->top_share.value);
    ps_call_put_value(call, 22, r->mean_interval);
    ps_call_put_int(call, 23, r->left_censored);
    ps_call_put_number(call, 24, PS_VALUE_OK, ps_call_param_number(call, P_MULTIPLIER));
    ps_call_put_status(call, 25, r->incident_rate.status);
    return ps_call_end_row(call, err);
}

static ps_status strand_of(const ps_method_call *call, const loaded *l,
                           const ps_codes *of, int32_t strand, const ps_repeat_options *o,
                           int32_t *victim, ps_date *date, ps_error *err) {
    size_t m = 0;
    for (size_t i = 0; i < ps_call_rows(call); i++) {
        size_t row = l->order[i];
        if (of->code[row] != strand) continue;
        victim[m] = l->victim[row];
        date[m++] = l->date[row];
    }
    ps_repeat r;
    PS_TRY(ps_repeat_of(m, victim, date, o, &r, err));
    return write_row(call, of->text[strand], &r, err);
}

static ps_status run_strands(const ps_method_call *call, loaded *l, ps_error *err) {
    size_t n = ps_call_rows(call);
    ps_repeat_options o = {
        .window_days = (int)ps_call_param_number(call, P_WINDOW),
        .window_months = (int)ps_call_param_number(call, P_MONTHS),
        .same_day = ps_call_param_is(call, P_SAME_DAY, "yes"),
        .confidence = ps_call_param_number(call, P_CONFIDENCE),
    };
    PS_TRY(date_param(call, P_FROM, &o.from, err));
    PS_TRY(date_param(call, P_TO, &o.to, err));
    PS_TRY(load(call, l, err));
    o.data_from = o.to;
    for (size_t i = 0; i < n; i++)
        if (ps_day_number(l->date[i]) < ps_day_number(o.data_from))
            o.data_from = l->date[i];
    if (ps_call_param_text(call, P_DATA_FROM)[0] != '\0')
        PS_TRY(date_param(call, P_DATA_FROM, &o.data_from, err));
    ps_codes strands = {0};
    int32_t *victim = ps_alloc(n, sizeof *victim);
    ps_date *date = ps_alloc(n, sizeof *date);
    ps_status status = PS_OK;
    if (victim == NULL || date == NULL) status = ps_fail_nomem(err);
    if (status == PS_OK) status = ps_codes_build(call, IN_STRAND, &strands, err);
    for (size_t s = 0; status == PS_OK && s < strands.n; s++)
        status = strand_of(call, l, &strands, (int32_t)s, &o, victim, date, err);
    ps_codes_free(&strands);
    ps_free(victim);
    ps_free(date);
    return status;
}

static ps_status run(const ps_method_call *call, ps_error *err) {
    loaded l = {0};
    ps_status status = run_strands(call, &l, err);
    loaded_free(&l);
    return status;
}

const ps_method ps_method_repeat = {
    .id = "repeat",
    .title = "Repeat victimisation",
    .formula =
        "an incident of the period is a repeat when the same victim had an earlier one "
        "from 365 days before on; repeat_incident_rate = repeats / incidents with a "
        "victim "
        "(and / all incidents); repeat_victim_rate = victims with a repeat / victims. "
        "Limits: Wilson with effective size p (1 - p) / variance, variance linearised "
        "with "
        "victims as units; plain Wilson beside them.",
    .source = "Farrell & Pease 1993",
    .input = input,
    .n_input = PS_LENGTH(input),
    .param = param,
    .n_param = PS_LENGTH(param),
    .output = output,
    .n_output = PS_LENGTH(output),
    .run = run,
    .evidence = "the definition in base R, fresh incidents of three years: 1e-15",
};

/* Direct standardisation weighs an area's rates by stratum with a standard population;
 * indirect standardisation weighs the rates of a reference with the area's population.
 * The adaptors bring the rows of an area into the order of the strata of the whole table,
 * so that a stratum that an area lacks is noticed.
 */
#include "indicators/standardise.h"

#include <math.h>
#include <string.h>

#include "engine/core/keys.h"
#include "indicators/method.h"
#include "indicators/sum.h"

const double ps_esp_2013[PS_ESP_BANDS] = {5000, 5500, 5500, 5500, 6000, 6000, 6500,
                                          7000, 7000, 7000, 7000, 6500, 6000, 5500,
                                          5000, 4000, 2500, 1500, 1000};

static ps_estimate without_value(ps_value_status status) {
    return (ps_estimate){.status = status, .limits_status = status, .method = ""};
}

static ps_estimate checked(ps_estimate e) {
    if (!isfinite(e.value)) return without_value(PS_VALUE_UNDEFINED);
    if (!isfinite(e.lower) || !isfinite(e.upper)) {
        e.lower = e.upper = 0;
        e.limits_status = PS_VALUE_UNDEFINED;
    }
    return e;
}

/* Why there is no rate, as far as one stratum says. */
static ps_value_status stratum_status(double events, double population, double standard) {
    if (!isfinite(population) || !isfinite(standard)) return PS_VALUE_MISSING;
    if (population <= 0 || standard < 0 || events < 0) return PS_VALUE_UNDEFINED;
    return PS_VALUE_OK;
}

ps_standardised ps_direct_rate(size_t n, const double *events, const double *squares,
                               const double *population, const double *standard,
                               double multiplier, double confidence) {
    enum { LEAST_EVENTS = 10 };
    ps_sum count = {0, 0}, people = {0, 0}, weights = {0, 0}, rate = {0, 0};
    ps_sum variance = {0, 0};
    ps_value_status status = PS_VALUE_OK;
    for (size_t i = 0; i < n; i++) {
        double x = isnan(events[i]) ? 0 : events[i], w = standard[i];
        double spread = squares == NULL ? x : isnan(squares[i]) ? 0 : squares[i];
        ps_value_status at = stratum_status(x, population[i], w);
        if (status == PS_VALUE_OK) status = at;
        if (at != PS_VALUE_OK) continue;
        ps_sum_add(&count, x);
        ps_sum_add(&people, population[i]);
        ps_sum_add(&weights, w);
        ps_sum_add(&rate, w * x / population[i]);
        ps_sum_add(&variance, w / population[i] * (w / population[i]) * spread);
    }
    ps_standardised out = {.total_count = ps_sum_value(&count),
                           .total_population = ps_sum_value(&people)};
    double total = ps_sum_value(&weights);
    if (status == PS_VALUE_OK && !(total > 0)) status = PS_VALUE_UNDEFINED;
    if (status == PS_VALUE_OK && out.total_count < LEAST_EVENTS)
        status = PS_VALUE_SMALL_BASE;
    ps_estimate total_count = ps_count_by(out.total_count, confidence, PS_COUNT_BYAR);
    if (status == PS_VALUE_OK) status = total_count.status;
    if (status != PS_VALUE_OK) {
        out.estimate = without_value(status);
        return out;
    }
    double scale = multiplier * sqrt(ps_sum_value(&variance) / out.total_count) / total;
    double value = multiplier * ps_sum_value(&rate) / total;
    out.estimate = checked(
        (ps_estimate){.status = PS_VALUE_OK,
                      .limits_status = total_count.limits_status,
                      .value = value,
                      .lower = value + scale * (total_count.lower - out.total_count),
                      .upper = value + scale * (total_count.upper - out.total_count),
                      .method = "Dobson"});
    return out;
}

static ps_estimate scaled(ps_estimate e, double factor) {
    if (e.status != PS_VALUE_OK) return e;
    e.value *= factor;
    e.lower *= factor;
    e.upper *= factor;
    return checked(e);
}

ps_indirect ps_indirect_rate(size_t n, const double *population,
                             const double *reference_events,
                             const double *reference_population, double observed,
                             double reference, double multiplier, double confidence) {
    ps_sum expected = {0, 0}, events = {0, 0}, people = {0, 0};
    ps_value_status status = isfinite(observed) ? PS_VALUE_OK : PS_VALUE_MISSING;
    for (size_t i = 0; i < n; i++) {
        double x = isnan(reference_events[i]) ? 0 : reference_events[i];
        double base = reference_population[i];
        ps_value_status at = PS_VALUE_OK;
        if (!isfinite(base) || !isfinite(population[i]) || population[i] < 0)
            at = PS_VALUE_MISSING;
        else if (base <= 0 || x < 0)
            at = PS_VALUE_UNDEFINED;
        if (status == PS_VALUE_OK) status = at;
        if (at != PS_VALUE_OK) continue;
        ps_sum_add(&expected, population[i] * x / base);
        ps_sum_add(&events, x);
        ps_sum_add(&people, base);
    }
    ps_indirect out = {.observed = isfinite(observed) ? observed : 0,
                       .expected = ps_sum_value(&expected)};
    if (status == PS_VALUE_OK && !(out.expected > 0)) status = PS_VALUE_UNDEFINED;
    if (status != PS_VALUE_OK) {
        out.ratio = out.rate = without_value(status);
        return out;
    }
    out.reference_rate = multiplier * ps_sum_value(&events) / ps_sum_value(&people);
    ps_estimate count = ps_count(observed, confidence);
    out.ratio = scaled(count, reference / out.expected);
    out.rate = scaled(count, out.reference_rate / out.expected);
    return out;
}

/* ---- methods ---- */

/* The columns both methods share. */
enum { AREA, STRATUM };

/* The rows of a table by area and stratum. */
typedef struct strata {
    const ps_method_call *call;
    ps_keys *names;
    int32_t *of_row; /* the stratum of each row */
    size_t n;
    size_t *order, *offset, n_areas; /* rows by area */
    double *value;                   /* FIELDS * n, of the area at hand */
} strata;

enum { FIELDS = 6 };

static void strata_close(strata *s) {
    ps_keys_free(s->names);
    ps_free(s->of_row);
    ps_free(s->order);
    ps_free(s->offset);
    ps_free(s->value);
}

static ps_status strata_open(strata *s, const ps_method_call *call, ps_error *err) {
    size_t rows = ps_call_rows(call);
    *s = (strata){.call = call};
    PS_TRY(ps_keys_create(&s->names, err));
    s->of_row = ps_alloc(rows, sizeof *s->of_row);
    if (s->of_row == NULL) return ps_fail_nomem(err);
    for (size_t i = 0; i < rows; i++)
        PS_TRY(ps_keys_add(s->names, ps_call_text(call, i, STRATUM), &s->of_row[i], NULL,
                           err));
    s->n = ps_keys_size(s->names);
    s->value = ps_alloc(s->n, FIELDS * sizeof *s->value);
    if (s->value == NULL) return ps_fail_nomem(err);
    return ps_call_groups(call, AREA, &s->order, &s->offset, &s->n_areas, err);
}

static ps_str area_text(const strata *s, size_t area) {
    return ps_call_text(s->call, s->order[s->offset[area]], AREA);
}

/* A failure that concerns a row. */
static ps_status refuse(const strata *s, size_t row, const char *what, ps_error *err) {
    ps_str area = ps_call_text(s->call, row, AREA);
    ps_str stratum = ps_call_text(s->call, row, STRATUM);
    return ps_fail(err, PS_FORMAT, "%s: row %s: area '%.*s', stratum '%.*s': %s",
                   ps_table_name(ps_call_table(s->call)),
                   ps_call_row_text(s->call, row).text, area.n < 60 ? (int)area.n : 60,
                   area.p, stratum.n < 60 ? (int)stratum.n : 60, stratum.p, what);
}

static ps_status refuse_gap(const strata *s, size_t area, size_t stratum, ps_error *err) {
    ps_str name = area_text(s, area), lacks = ps_keys_text(s->names, (int32_t)stratum);
    return ps_fail(
        err, PS_FORMAT,
        "%s: area '%.*s' has no row for stratum '%.*s', which others have; every "
        "area needs all strata, with count 0 where nothing happened",
        ps_table_name(ps_call_table(s->call)), name.n < 60 ? (int)name.n : 60, name.p,
        lacks.n < 60 ? (int)lacks.n : 60, lacks.p);
}

/* The band of the standard that a label such as "0-4", "Aged 25 to 29", "90+" names: by
 * its first number; -1 when there is none. */
static int esp_band(ps_str label) {
    size_t at = 0;
    while (at < label.n && !(label.p[at] >= '0' && label.p[at] <= '9')) at++;
    size_t end = at;
    while (end < label.n && label.p[end] >= '0' && label.p[end] <= '9') end++;
    int64_t age = 0;
    if (!ps_parse_int((ps_str){label.p + at, end - at}, &age)) return -1;
    if (age == 5 && label.n > 5 && (label.p[0] == 'U' || label.p[0] == 'u')) age = 0;
    return age % 5 == 0 && age / 5 < PS_ESP_BANDS ? (int)(age / 5) : -1;
}

enum { COUNT = 2, POPULATION, STANDARD, FREQUENCY };
enum { EVENTS, SQUARES, PEOPLE, WEIGHT, SEEN, COMMON };

static const ps_method_param dsr_params[] = {
    PS_PARAM_CONFIDENCE,
    {"multiplier", PS_COLUMN_NUMBER, "100000", NULL, 1e-9, 1e12,
     "rate per so many people"},
    {"standard", PS_COLUMN_TEXT, "column", "column|esp2013", 1, 0,
     "column: the column standard; esp2013: the 2013 European Standard, strata being its "
     "19 bands 0-4 to 90+"},
};

static const ps_method_column dsr_inputs[] = {
    {"area_code", PS_COLUMN_TEXT, false, "one rate for each; without it one for all"},
    {"stratum", PS_COLUMN_TEXT, true, "age band; every area needs all of them"},
    {"count", PS_COLUMN_NUMBER, true,
     "events; with the column frequency: people who had so many; missing is 0"},
    {"population", PS_COLUMN_NUMBER, true, "people of the stratum"},
    {"standard", PS_COLUMN_NUMBER, false, "standard population of the stratum"},
    {"frequency", PS_COLUMN_INTEGER, false,
     "events per person, for events that are not independent (repeat victims): one row "
     "for each frequency"},
};

static const ps_method_column dsr_outputs[] = {
    {"area_code", PS_COLUMN_TEXT, true, "as in the input"},
    {"total_count", PS_COLUMN_NUMBER, true, "events of all strata"},
    {"total_pop", PS_COLUMN_NUMBER, true, "people of all strata"},
    {"value", PS_COLUMN_NUMBER, true, "the standardised rate"},
    {"lower", PS_COLUMN_NUMBER, true, "lower limit"},
    {"upper", PS_COLUMN_NUMBER, true, "upper limit"},
    {"confidence", PS_COLUMN_NUMBER, true, "level of the interval"},
    {"multiplier", PS_COLUMN_NUMBER, true, "rate per so many people"},
    {"method", PS_COLUMN_TEXT, true, "Dobson"},
    {"status", PS_COLUMN_TEXT, true,
     "ok, small-base (fewer than 10 events), missing (a population or standard), "
     "undefined (a population of 0)"},
};

/* Set a cell of the area; false when it was set to something else before. */
static bool agree(double *cell, double value) {
    if (isnan(value)) return true;
    if (isnan(*cell)) *cell = value;
    return *cell == value;
}

static ps_status dsr_take(const strata *s, size_t row, bool esp, ps_error *err) {
    const ps_method_call *call = s->call;
    double x = 0, people = 0, weight = (double)NAN, frequency = 1;
    size_t k = (size_t)s->of_row[row];
    double *cell = s->value + k;
    PS_TRY(ps_call_amount(call, row, COUNT, &x, err));
    PS_TRY(ps_call_amount(call, row, POPULATION, &people, err));
    PS_TRY(ps_call_amount(call, row, STANDARD, &weight, err));
    if (esp) {
        int band = esp_band(ps_call_text(call, row, STRATUM));
        if (band < 0)
            return refuse(s, row,
                          "not a band of the 2013 European Standard; those are 0-4, 5-9, "
                          "... 85-89, 90+",
                          err);
        weight = ps_esp_2013[band];
    }
    if (ps_call_has(call, FREQUENCY)) {
        PS_TRY(ps_call_amount(call, row, FREQUENCY, &frequency, err));
        if (isnan(frequency)) return refuse(s, row, "the frequency is missing", err);
    } else if (cell[SEEN * s->n] > 0) {
        return refuse(s, row, "occurs twice; add the rows up, or give a frequency", err);
    }
    cell[SEEN * s->n]++;
    if (!isnan(x)) {
        cell[EVENTS * s->n] += frequency * x;
        cell[SQUARES * s->n] += frequency * frequency * x;
    }
    if (!agree(&cell[PEOPLE * s->n], people))
        return refuse(s, row, "the population is another one than in an earlier row",
                      err);
    if (!agree(&cell[WEIGHT * s->n], weight) || !agree(&cell[COMMON * s->n], weight))
        return refuse(s, row, "the standard is another one than in an earlier row", err);
    return PS_OK;
}

static ps_status dsr_area(const strata *s, size_t area, ps_error *err) {
    const ps_method_call *call = s->call;
    double confidence = ps_call_param_number(call, 0);
    double multiplier = ps_call_param_number(call, 1);
    bool esp = ps_call_param_is(call, 2, "esp2013");
    for (size_t k = 0; k < s->n; k++) {
        s->value[EVENTS * s->n + k] = s->value[SQUARES * s->n + k] = 0;
        s->value[PEOPLE * s->n + k] = s->value[WEIGHT * s->n + k] = (double)NAN;
        s->value[SEEN * s->n + k] = 0;
    }
    for (size_t i = s->offset[area]; i < s->offset[area + 1]; i++)
        PS_TRY(dsr_take(s, s->order[i], esp, err));
    for (size_t k = 0; k < s->n; k++)
        if (!(s->value[SEEN * s->n + k] > 0)) return refuse_gap(s, area, k, err);
    ps_standardised rate = ps_direct_rate(
        s->n, s->value + EVENTS * s->n, s->value + SQUARES * s->n,
        s->value + PEOPLE * s->n, s->value + WEIGHT * s->n, multiplier, confidence);
    ps_call_put_text(call, 0, area_text(s, area));
    ps_call_put_number(call, 1, PS_VALUE_OK, rate.total_count);
    ps_call_put_number(
        call, 2,
        rate.estimate.status == PS_VALUE_MISSING ? PS_VALUE_MISSING : PS_VALUE_OK,
        rate.total_population);
    ps_call_put_estimate(call, 3, &rate.estimate);
    ps_call_put_number(call, 6, PS_VALUE_OK, confidence);
    ps_call_put_number(call, 7, PS_VALUE_OK, multiplier);
    ps_call_put_word(call, 8, rate.estimate.method);
    ps_call_put_status(call, 9, rate.estimate.status);
    return ps_call_end_row(call, err);
}

/* Two labels of one band would count its standard twice; a missing band would leave it
 * out. */
static ps_status check_bands(const strata *s, ps_error *err) {
    bool there[PS_ESP_BANDS] = {false};
    for (size_t k = 0; k < s->n; k++) {
        ps_str label = ps_keys_text(s->names, (int32_t)k);
        int band = esp_band(label);
        if (band >= 0 && there[band])
            return ps_fail(err, PS_FORMAT,
                           "%s: stratum '%.*s' is a second name of the same age band",
                           ps_table_name(ps_call_table(s->call)),
                           label.n < 60 ? (int)label.n : 60, label.p);
        if (band >= 0) there[band] = true;
    }
    for (int band = 0; band < PS_ESP_BANDS && s->n > 0; band++) {
        if (!there[band])
            return ps_fail(err, PS_FORMAT,
                           "%s: no stratum begins at age %d; the 2013 European Standard "
                           "has 19 bands, 0-4 to 90+",
                           ps_table_name(ps_call_table(s->call)), band * 5);
    }
    return PS_OK;
}

static ps_status run_dsr(const ps_method_call *call, ps_error *err) {
    strata s;
    bool esp = ps_call_param_is(call, 2, "esp2013");
    if (!esp && !ps_call_has(call, STANDARD))
        return ps_fail(err, PS_CONFIG,
                       "dsr needs the column standard in %s, or -p standard=esp2013",
                       ps_table_name(ps_call_table(call)));
    ps_status status = strata_open(&s, call, err);
    for (size_t k = 0; k < s.n && status == PS_OK; k++)
        s.value[COMMON * s.n + k] = (double)NAN;
    for (size_t area = 0; area < s.n_areas && status == PS_OK; area++) {
        status = dsr_area(&s, area, err);
        if (status == PS_OK && area == 0 && esp) status = check_bands(&s, err);
    }
    strata_close(&s);
    return status;
}

const ps_method ps_method_dsr = {
    .id = "dsr",
    .title = "Directly standardised rate",
    .formula =
        "value = m sum(w x / n) / sum(w) over the strata; variance V = sum(w^2 x / n^2) "
        "/ "
        "(sum w)^2; limits value + m sqrt(V / O) (L - O) and (U - O), with L, U Byar's "
        "limits of the total O. With the column frequency V takes f^2 times the people "
        "with f events. Fewer than 10 events in all: no rate.",
    .source =
        "Dobson et al. 1991, Stat. Med. 10:457; PHE/OHID, Commonly used public "
        "health statistics and their confidence intervals",
    .input = dsr_inputs,
    .n_input = PS_LENGTH(dsr_inputs),
    .param = dsr_params,
    .n_param = PS_LENGTH(dsr_params),
    .output = dsr_outputs,
    .n_output = PS_LENGTH(dsr_outputs),
    .run = run_dsr,
    .missing_is_zero = true,
    .evidence =
        "the formula in R over the 2013 European Standard, random areas: 1e-15; an area "
        "as its own standard gives its crude rate with Byar's limits",
};

enum { ISR_COUNT = 2, ISR_POPULATION, REF_COUNT, REF_POPULATION, OBSERVED };

static const ps_method_param isr_params[] = {
    PS_PARAM_CONFIDENCE,
    {"type", PS_COLUMN_TEXT, "ratio", "ratio|rate", 1, 0,
     "ratio: observed over expected; rate: that times the crude rate of the reference"},
    {"reference", PS_COLUMN_NUMBER, "100", NULL, 1e-9, 1e12,
     "what the ratio 1 is called"},
    {"multiplier", PS_COLUMN_NUMBER, "100000", NULL, 1e-9, 1e12,
     "rate per so many people"},
};

static const ps_method_column isr_inputs[] = {
    {"area_code", PS_COLUMN_TEXT, false, "one figure for each; without it one for all"},
    {"stratum", PS_COLUMN_TEXT, true, "age band; every area needs all of them"},
    {"count", PS_COLUMN_NUMBER, false, "events; missing is 0; not needed with observed"},
    {"population", PS_COLUMN_NUMBER, true, "people of the stratum"},
    {"ref_count", PS_COLUMN_NUMBER, true, "events of the reference; missing is 0"},
    {"ref_population", PS_COLUMN_NUMBER, true, "people of the reference"},
    {"observed", PS_COLUMN_NUMBER, false,
     "events of the whole area, the same in all its rows"},
};

static const ps_method_column isr_outputs[] = {
    {"area_code", PS_COLUMN_TEXT, true, "as in the input"},
    {"observed", PS_COLUMN_NUMBER, true, "events of the area"},
    {"expected", PS_COLUMN_NUMBER, true, "events at the rates of the reference"},
    {"ref_rate", PS_COLUMN_NUMBER, true, "crude rate of the reference"},
    {"value", PS_COLUMN_NUMBER, true, "the standardised ratio or rate"},
    {"lower", PS_COLUMN_NUMBER, true, "lower limit"},
    {"upper", PS_COLUMN_NUMBER, true, "upper limit"},
    {"confidence", PS_COLUMN_NUMBER, true, "level of the interval"},
    {"multiplier", PS_COLUMN_NUMBER, true, "of the rate, or the reference of the ratio"},
    {"method", PS_COLUMN_TEXT, true, "Exact or Byars"},
    {"status", PS_COLUMN_TEXT, true, "ok, missing, undefined (nothing expected)"},
};

static ps_status isr_take(const strata *s, size_t row, double *observed, ps_sum *events,
                          ps_error *err) {
    const ps_method_call *call = s->call;
    double x = 0, *cell = s->value + s->of_row[row], given = 0;
    if (cell[SEEN * s->n] > 0)
        return refuse(s, row, "occurs twice; add the rows up", err);
    cell[SEEN * s->n]++;
    PS_TRY(ps_call_amount(call, row, ISR_COUNT, &x, err));
    PS_TRY(ps_call_amount(call, row, ISR_POPULATION, &cell[PEOPLE * s->n], err));
    PS_TRY(ps_call_amount(call, row, REF_COUNT, &cell[EVENTS * s->n], err));
    PS_TRY(ps_call_amount(call, row, REF_POPULATION, &cell[WEIGHT * s->n], err));
    PS_TRY(ps_call_amount(call, row, OBSERVED, &given, err));
    if (!isnan(x)) ps_sum_add(events, x);
    if (!agree(observed, given))
        return refuse(s, row, "observed is another number than in an earlier row", err);
    return PS_OK;
}

static ps_status isr_area(const strata *s, size_t area, ps_error *err) {
    const ps_method_call *call = s->call;
    double confidence = ps_call_param_number(call, 0);
    bool is_ratio = ps_call_param_is(call, 1, "ratio");
    double reference = ps_call_param_number(call, 2);
    double multiplier = ps_call_param_number(call, 3), observed = (double)NAN;
    ps_sum events = {0, 0};
    for (size_t k = 0; k < s->n; k++) s->value[SEEN * s->n + k] = 0;
    for (size_t i = s->offset[area]; i < s->offset[area + 1]; i++)
        PS_TRY(isr_take(s, s->order[i], &observed, &events, err));
    for (size_t k = 0; k < s->n; k++)
        if (!(s->value[SEEN * s->n + k] > 0)) return refuse_gap(s, area, k, err);
    if (!ps_call_has(call, OBSERVED)) observed = ps_sum_value(&events);
    ps_indirect isr = ps_indirect_rate(s->n, s->value + PEOPLE * s->n,
                                       s->value + EVENTS * s->n, s->value + WEIGHT * s->n,
                                       observed, reference, multiplier, confidence);
    const ps_estimate *e = is_ratio ? &isr.ratio : &isr.rate;
    ps_value_status known = e->status == PS_VALUE_OK ? PS_VALUE_OK : e->status;
    ps_call_put_text(call, 0, area_text(s, area));
    ps_call_put_number(call, 1, PS_VALUE_OK, observed);
    ps_call_put_number(call, 2, known, isr.expected);
    ps_call_put_number(call, 3, known, isr.reference_rate);
    ps_call_put_estimate(call, 4, e);
    ps_call_put_number(call, 7, PS_VALUE_OK, confidence);
    ps_call_put_number(call, 8, PS_VALUE_OK, is_ratio ? reference : multiplier);
    ps_call_put_word(call, 9, e->method);
    ps_call_put_status(call, 10, e->status);
    return ps_call_end_row(call, err);
}

static ps_status run_isr(const ps_method_call *call, ps_error *err) {
    strata s;
    if (!ps_call_has(call, ISR_COUNT) && !ps_call_has(call, OBSERVED))
        return ps_fail(err, PS_CONFIG, "isr needs the column count or observed in %s",
                       ps_table_name(ps_call_table(call)));
    ps_status status = strata_open(&s, call, err);
    for (size_t area = 0; area < s.n_areas && status == PS_OK; area++)
        status = isr_area(&s, area, err);
    strata_close(&s);
    return status;
}

const ps_method ps_method_isr = {
    .id = "isr",
    .title = "Indirectly standardised ratio or rate",
    .formula =
        "Expected E = sum(n X / N) over the strata, X and N events and people of the "
        "reference; ratio = reference O / E, rate = (O / E) m sum(X) / sum(N); limits "
        "the same multiples of the limits of the count O (count_ci).",
    .source =
        "Breslow & Day 1987, IARC 82; PHE/OHID, Commonly used public health "
        "statistics and their confidence intervals",
    .input = isr_inputs,
    .n_input = PS_LENGTH(isr_inputs),
    .param = isr_params,
    .n_param = PS_LENGTH(isr_params),
    .output = isr_outputs,
    .n_output = PS_LENGTH(isr_outputs),
    .run = run_isr,
    .missing_is_zero = true,
    .evidence =
        "the formula in R, random areas: 1e-15; the reference against itself is 1",
};

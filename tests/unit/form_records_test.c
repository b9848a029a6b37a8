/* Measures of surveys and registers on few enough records to be worked out by hand. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/run/measures.h"
#include "engine/run/unbound.h"
#include "tests/support/test.h"

#define SQUARE(code, x, x1)                                                        \
    "{\"type\":\"Feature\",\"properties\":{\"code\":\"" code                       \
    "\"},\"geometry\":{\"type\":\"Polygon\",\"coordinates\":[[[" x ",400000],[" x1 \
    ",400000],[" x1 ",401000],[" x ",401000],[" x ",400000]]]}}"
#define LAYER(features)                                                          \
    "{\"type\":\"FeatureCollection\",\"crs\":{\"type\":\"name\",\"properties\":" \
    "{\"name\":\"urn:ogc:def:crs:EPSG::27700\"}},\"features\":[" features "]}"

static const char wards[] =
    LAYER(SQUARE("A", "400000", "401000") "," SQUARE("B", "401000", "402000"));
static const char whole[] = LAYER(SQUARE("D", "400000", "402000"));

#define MEASURE(id, more)                                              \
    "  - {id: " id                                                     \
    ", priority: all,title: T,why: W,disclosure: survey,geographies: " \
    "[ward,district], " more "}\n"

static const char plan[] =
    "id: plan\n"
    "title: Plan\n"
    "area: {geography: district, code: D}\n"
    "geographies: [{id: ward, title: W}, {id: district, title: D}]\n"
    "data:\n"
    "  - id: poll\n"
    "    kind: survey\n"
    "    title: P\n"
    "    columns:\n"
    "      - {id: weight, role: weight}\n"
    "      - {id: stratum, role: stratum}\n"
    "      - {id: unit, role: psu}\n"
    "      - {id: mark, role: score}\n"
    "      - {id: safe, values: ['yes']}\n"
    "      - {id: age, values: [young, old]}\n"
    "      - {id: worry, several: true, values: [litter, speed, none]}\n"
    "  - id: hate\n"
    "    kind: register\n"
    "    title: H\n"
    "    columns:\n"
    "      - {id: victim, role: person}\n"
    "      - {id: strand, values: [race, faith]}\n"
    "  - {id: cohort, kind: register, title: C, columns: [{id: again, values: "
    "['yes']}]}\n"
    "priorities: [{id: all, title: All}]\n"
    "measures:\n" MEASURE(
        "safe",
        "numerator: {what: N, data: poll, where: [{column: safe, is: ['yes']}]}, "
        "denominator: {what: D, data: poll}, unit: '%', multiplier: 100, method: "
        "svy_mean, polarity: higher-better, baseline: {value: 40}, target: {kind: above, "
        "value: 40}")
        MEASURE(
            "safe-young",
            "numerator: {what: N, data: poll, where: [{column: safe, is: ['yes']}]}, "
            "denominator: {what: D, data: poll, where: [{column: age, is: [young]}]}, "
            "unit: '%', multiplier: 100, method: svy_mean, polarity: higher-better, "
            "min_base: 3") MEASURE("worries",
                                   "numerator: {what: N, data: poll, by: worry}, unit: "
                                   "'%', multiplier: "
                                   "100, "
                                   "method: svy_mean, polarity: higher-better")
            MEASURE("not-litter",
                    "numerator: {what: N, data: poll, where: [{column: worry, not: "
                    "[litter]}]}, "
                    "unit: '%', multiplier: 100, method: svy_mean, polarity: "
                    "higher-better") MEASURE("mark",
                                             "numerator: {what: N, data: poll}, "
                                             "unit: p, method: "
                                             "svy_mean, polarity: higher-better")
                MEASURE("repeats",
                        "numerator: {what: N, data: hate}, denominator: {what: "
                        "D, data: hate}, unit: "
                        "'%', multiplier: 100, method: repeat, polarity: "
                        "lower-better, baseline: "
                        "{period: 2021/22}, target: "
                        "{kind: reduce}")
                    MEASURE("race-repeats",
                            "numerator: {what: N, data: hate, where: [{column: "
                            "strand, is: [race]}]}, "
                            "unit: '%', multiplier: 100, method: repeat, "
                            "polarity: lower-better") MEASURE("hate",
                                                              "numerator: {what: N, "
                                                              "data: hate, by: strand}, "
                                                              "unit: crimes, method: "
                                                              "count_ci, polarity: none")
                        MEASURE("again",
                                "numerator: {what: N, data: cohort, where: "
                                "[{column: again, is: "
                                "['yes']}]}, denominator: {what: D, data: "
                                "cohort}, unit: '%', "
                                "multiplier: 100, method: proportion, "
                                "polarity: lower-better")
                            MEASURE("marks",
                                    "unit: p, method: mean, table: {rows: records, "
                                    "of: poll, columns: [{name: "
                                    "value, column: mark}]}, result: {value: sum, "
                                    "denominator: n}, polarity: none")
                                MEASURE("middle",
                                        "unit: p, method: median, table: {rows: "
                                        "records, of: poll, columns: [{name: "
                                        "value, column: mark}]}, result: {value: value, "
                                        "lower: lower, upper: upper, "
                                        "denominator: n}, polarity: none")
                                    MEASURE("ranked",
                                            "numerator: {what: N, data: poll, by: "
                                            "worry}, unit: '%', multiplier: 100, "
                                            "method: svy_share, polarity: lower-better")
                                        MEASURE(
                                            "safer",
                                            "numerator: {what: N, data: poll, where: "
                                            "[{column: safe, is: ['yes']}]}, unit: "
                                            "'%', multiplier: 100, method: svy_mean, "
                                            "polarity: higher-better, baseline: "
                                            "{period: 2021}, target: {kind: increase}");

#define JOB_HEAD                                         \
    "areas:\n"                                           \
    "  - {id: ward, file: wards.json, code: code}\n"     \
    "  - {id: district, file: whole.json, code: code}\n" \
    "framework: plan.yaml\n"
#define POLL_COLUMNS                                                                   \
    "columns: [{id: weight, column: w}, {id: stratum, column: h}, {id: unit, column: " \
    "c}, {id: safe, column: safe, values: [{id: 'yes', of: [Very, Fairly]}]}, {id: "   \
    "age, column: age}, {id: worry, column: worry}, {id: mark, column: mark}]"

static const char job_text[] = JOB_HEAD
    "records:\n"
    "  - {id: poll, file: poll.csv, areas: ward, code: ward, date: day, separator: "
    "','}\n"
    "  - {id: hate, file: hate.csv, areas: ward, code: ward, date: day}\n"
    "periods: [2021/22, financial-years]\n"
    "data:\n"
    "  - {id: poll, input: poll, " POLL_COLUMNS
    "}\n"
    "  - {id: hate, input: hate, columns: [{id: victim, column: who}, {id: strand, "
    "column: strand}]}\n";

/* Stratum 1 has the units a and b, stratum 2 c and d. Nobody of unit d lives in A, and
 * one of it has no ward; one did not answer whether they feel safe. */
static const char poll[] =
    "ward,day,w,h,c,safe,age,worry,mark\n"
    "A,2021-09-01,1,1,a,Very,young,\"litter,speed\",1\n"
    "A,2021-09-02,2,1,a,Unsafe,old,speed,2\n"
    "A,2021-09-03,1,1,b,Fairly,young,none,3\n"
    "B,2021-09-04,1,1,b,Unsafe,old,litter,4\n"
    "A,2021-10-01,2,2,c,Very,young,\"speed , litter\",5\n"
    "B,2021-10-02,1,2,c,Unsafe,young,none,\n"
    "B,2021-10-03,1,2,d,Very,old,litter,7\n"
    ",2021-10-04,1,2,d,Unsafe,old,none,8\n"
    "A,2021-10-05,3,2,c,,old,none,6\n";

/* Victim 1: in A before the year and in B in it; 2: twice in A in the year; 3 and nobody:
 * once each in B; 4: in A before and in B two years later. */
static const char hate[] =
    "ward,day,who,strand\n"
    "B,2020-04-01,9,faith\n"
    "A,2021-01-10,1,race\n"
    "B,2021-05-01,1,race\n"
    "A,2021-06-01,2,race\n"
    "A,2021-07-01,2,faith\n"
    "B,2021-08-01,3,race\n"
    "B,2021-08-02,,race\n"
    "A,2021-03-01,4,race\n"
    "B,2022-06-30,4,race\n";

static const char *registers = hate;

typedef struct fixture {
    char *folder;
    ps_job_file *job;
    ps_bindings *bindings;
    ps_geographies *all;
    ps_figures *figures;
    ps_records *records;
    ps_measures *measures;
} fixture;

static void write_file(const char *folder, const char *name, const char *text) {
    test_file_write(folder, name, text, strlen(text));
}

static ps_status compute(fixture *f, ps_error *err) {
    PS_TRY(ps_records_open(f->bindings, f->all, NULL, &f->records, err));
    f->figures->records = f->records;
    return ps_measures_open(f->bindings, f->figures, &f->measures, err);
}

static fixture open_job(const char *job, const char *answers) {
    fixture f = {.folder = test_folder_make()};
    ps_error err = {.text = ""};
    write_file(f.folder, "wards.json", wards);
    write_file(f.folder, "whole.json", whole);
    write_file(f.folder, "plan.yaml", plan);
    write_file(f.folder, "job.yaml", job);
    write_file(f.folder, "poll.csv", answers);
    write_file(f.folder, "hate.csv", registers);
    if (ps_job_open(test_path(f.folder, "job.yaml"), &f.job, &err) != PS_OK ||
        ps_bindings_open(f.job, &f.bindings, &err) != PS_OK ||
        ps_geographies_open(f.job, NULL, &f.all, &err) != PS_OK ||
        ps_figures_open(f.job, f.all, false, NULL, &f.figures, &err) != PS_OK ||
        compute(&f, &err) != PS_OK)
        fail_msg("%s", err.text);
    return f;
}

static void close_job(fixture *f) {
    ps_measures_free(f->measures);
    ps_records_free(f->records);
    ps_figures_free(f->figures);
    ps_geographies_free(f->all);
    ps_bindings_free(f->bindings);
    ps_job_free(f->job);
    test_folder_remove(f->folder);
}

static size_t place(const fixture *f, const char *id) {
    for (size_t m = 0; m < f->measures->n; m++)
        if (strcmp(f->measures->measure[m].spec->id, id) == 0) return m;
    fail_msg("there is no measure %s", id);
    return 0;
}

/* The figure of a measure in an area; which: of the items, then of the periods. */
static ps_measure_figure figure(const fixture *f, const char *id, const char *geography,
                                const char *code, size_t which) {
    ps_scope scope;
    ps_error err = {.text = ""};
    const int g = ps_measures_geography(f->all, geography);
    const int32_t a = ps_keys_find(f->all->geography[g].areas->by_code, ps_str_of(code));
    if (ps_scope_open(f->measures, place(f, id), (size_t)g, &scope, &err) != PS_OK)
        fail_msg("%s", err.text);
    static ps_measure_figure figures[32];
    assert_true(ps_scope_figures(&scope) <= 32 && which < ps_scope_figures(&scope));
    if (ps_scope_area(&scope, (size_t)a, figures, &err) != PS_OK)
        fail_msg("%s", err.text);
    ps_scope_close(&scope);
    return figures[which];
}

/* Ward A: weights 1, 2, 1, 2 with the answers 1, 0, 1, 1, so 4 of 6. The totals of the
 * units are (1/3 - 4/3) / 6, 1/3 / 6, 2/3 / 6 and 0; a stratum of two units adds
 * 2 / (2 - 1) ((t1 - mean)^2 + (t2 - mean)^2) = (t1 - t2)^2. */
static void shares_of_a_survey(void **state) {
    (void)state;
    fixture f = open_job(job_text, poll);
    const ps_measure *m = &f.measures->measure[place(&f, "safe")];
    assert_int_equal(m->n_periods, 1);
    assert_string_equal(m->period[0].label, "2021/22");
    ps_measure_figure a = figure(&f, "safe", "ward", "A", 0);
    test_near(a.measured.value.value, 100 * 4 / 6.0, 1e-13);
    assert_true(a.measured.numerator == 3 && a.measured.denominator == 4);
    assert_int_equal(a.measured.months, 12);
    const double t_a = (1 / 3.0 - 4 / 3.0) / 6, t_b = 1 / 3.0 / 6, t_c = 2 / 3.0 / 6;
    const double variance = (t_a - t_b) * (t_a - t_b) + t_c * t_c;
    test_near(a.measured.se, 100 * sqrt(variance), 1e-12);
    assert_string_equal(a.measured.value.method, "wilson-neff");
    assert_string_equal(a.target_status, "baseline-missing");

    /* The district has all but the one without a ward, who stays in the design: 5 of 9.
     */
    ps_measure_figure d = figure(&f, "safe", "district", "D", 0);
    const double p = 5 / 9.0;
    test_near(d.measured.value.value, 100 * p, 1e-13);
    assert_true(d.measured.numerator == 4 && d.measured.denominator == 7);
    const double u_a = (1 * (1 - p) - 2 * p) / 9, u_b = (1 * (1 - p) - 1 * p) / 9,
                 u_c = (2 * (1 - p) - 1 * p) / 9, u_d = (1 - p) / 9;
    test_near(d.measured.se,
              100 * sqrt((u_a - u_b) * (u_a - u_b) + (u_c - u_d) * (u_c - u_d)), 1e-12);
    assert_true(d.stated);
    /* The units happen to agree, but seven answers are no more than seven. */
    assert_int_equal(d.result.status, PS_TARGET_MET_UNCLEAR);

    /* Of the young: A has 1, 1, 2 with yes throughout, B one with no. */
    a = figure(&f, "safe-young", "ward", "A", 0);
    test_near(a.measured.value.value, 100, 1e-13);
    assert_true(a.measured.denominator == 3);
    assert_string_equal(a.measured.value.method, "wilson-kish");
    a = figure(&f, "safe-young", "ward", "B", 0);
    assert_int_equal(a.measured.value.status, PS_VALUE_SMALL_BASE);
    assert_true(isnan(a.measured.denominator));
    assert_string_equal(a.reason, "the base is below 3");
    close_job(&f);
}

/* Weights of the district: 1 2 1 1 2 1 1 and 3 for who is in A without an answer to the
 * other question. */
static void several_answers_and_means(void **state) {
    (void)state;
    fixture f = open_job(job_text, poll);
    ps_measure_figure w = figure(&f, "worries", "district", "D", 0);
    assert_string_equal(w.item, "litter");
    test_near(w.measured.value.value, 100 * (1 + 1 + 2 + 1) / 12.0, 1e-13);
    w = figure(&f, "worries", "district", "D", 1);
    assert_string_equal(w.item, "speed");
    test_near(w.measured.value.value, 100 * (1 + 2 + 2) / 12.0, 1e-13);
    w = figure(&f, "worries", "district", "D", 2);
    test_near(w.measured.value.value, 100 * (1 + 1 + 3) / 12.0, 1e-13);
    w = figure(&f, "not-litter", "district", "D", 0);
    test_near(w.measured.value.value, 100 * (2 + 1 + 1 + 3) / 12.0, 1e-13);
    w = figure(&f, "mark", "ward", "A", 0);
    test_near(w.measured.value.value, (1 + 4 + 3 + 10 + 18) / 9.0, 1e-13);
    assert_true(isnan(w.measured.numerator) && w.measured.denominator == 5);
    assert_string_equal(w.measured.value.method, "wald-t");
    w = figure(&f, "mark", "ward", "B", 0);
    assert_true(w.measured.denominator == 2);
    close_job(&f);
}

static void listen(void *context, ps_talk_level level, const char *sentence) {
    char *kept = context;
    if (level == PS_TALK_WARNING) snprintf(kept + strlen(kept), 512, "%s\n", sentence);
}

/* "Unsafe" is a plain no; "Don't know" is no answer, and nobody is ancient. */
static void texts_that_mean_nothing(void **state) {
    (void)state;
    char told[2048] = "";
    ps_error err = {.text = ""};
    const ps_talk talk = {.say = listen, .context = told};
    fixture f = open_job(job_text, poll);
    assert_int_equal(ps_unbound_tell(f.bindings, f.figures, f.records, true, &talk, &err),
                     PS_OK);
    assert_string_equal(told, "");
    close_job(&f);
    f = open_job(job_text,
                 "ward,day,w,h,c,safe,age,worry,mark\n"
                 "A,2021-09-01,1,1,a,Very,young,litter,1\n"
                 "A,2021-09-02,2,1,a,Unsafe,ancient,speed,2\n"
                 "A,2021-09-03,1,1,b,Don't know,young,\"none,cars\",3\n");
    assert_int_equal(
        ps_unbound_tell(f.bindings, f.figures, f.records, false, &talk, &err), PS_OK);
    assert_string_equal(
        told,
        "poll: column 'safe': texts of some rows (first: poll.csv, row 2) mean no value "
        "of 'safe' and count as none of them: 'Don't know', 'Unsafe'; bind them, or "
        "name those that are no answer under 'missing'\n"
        "poll: column 'age': texts of some rows (first: poll.csv, row 2) mean no value "
        "of 'age' and count as none of them: 'ancient'; bind them, or name those that "
        "are no answer under 'missing'\n");
    assert_int_equal(ps_unbound_tell(f.bindings, f.figures, f.records, true, &talk, &err),
                     PS_GATE);
    assert_non_null(strstr(err.text, "'Don't know'"));
    close_job(&f);
}

/* The marks of A are 1, 2, 3, 5 and 6, those of B 4 and 7; one of B gave none. */
static void amounts_are_added_up(void **state) {
    (void)state;
    fixture f = open_job(job_text, poll);
    static const struct {
        const char *geography, *code;
        double sum, middle, n;
    } wanted[] = {
        {"ward", "A", 17, 3, 5}, {"ward", "B", 11, 5.5, 2}, {"district", "D", 28, 4, 7}};
    for (size_t i = 0; i < 3; i++) {
        ps_measure_figure m = figure(&f, "marks", wanted[i].geography, wanted[i].code, 0);
        assert_true(m.measured.value.value == wanted[i].sum);
        assert_true(m.measured.denominator == wanted[i].n);
        m = figure(&f, "middle", wanted[i].geography, wanted[i].code, 0);
        assert_true(m.measured.value.value == wanted[i].middle);
        const bool limits = m.measured.value.limits_status == PS_VALUE_OK;
        assert_int_equal(limits, wanted[i].n > 5);
        if (limits)
            assert_true(m.measured.value.lower == 1 && m.measured.value.upper == 7);
    }
    close_job(&f);
}

/* "3 1 2": the ranks of the answers in an area. */
static void ranks_in(const fixture *f, const char *geography, const char *code,
                     char text[32]) {
    ps_scope scope;
    ps_error err = {.text = ""};
    ps_measure_figure figures[3];
    const int g = ps_measures_geography(f->all, geography);
    const int32_t a = ps_keys_find(f->all->geography[g].areas->by_code, ps_str_of(code));
    assert_int_equal(
        ps_scope_open(f->measures, place(f, "ranked"), (size_t)g, &scope, &err), PS_OK);
    assert_int_equal(ps_scope_figures(&scope), 3);
    assert_int_equal(ps_scope_area(&scope, (size_t)a, figures, &err), PS_OK);
    snprintf(text, 32, "%s %s %s", figures[0].measured.verdict,
             figures[1].measured.verdict, figures[2].measured.verdict);
    ps_scope_close(&scope);
}

/* Ward A: weights 1, 2, 1, 2 and 3 with litter and speed, speed, none, both and none: 3,
 * 5 and 4 of 9. Speed lies before none by what each respondent says of both: 1, 1, -1, 1
 * and -1. In the district each has 5 of 12; nobody of B names speed. */
static void answers_are_ranked(void **state) {
    (void)state;
    fixture f = open_job(job_text, poll);
    static const struct {
        const char *item, *before;
        double share;
    } wanted[] = {{"litter", "", 300 / 9.0},
                  {"speed", "before none", 500 / 9.0},
                  {"none", "before litter", 400 / 9.0}};
    for (size_t i = 0; i < 3; i++) {
        const ps_measure_figure a = figure(&f, "ranked", "ward", "A", i),
                                plain = figure(&f, "worries", "ward", "A", i);
        assert_string_equal(a.item, wanted[i].item);
        test_near(a.measured.value.value, wanted[i].share, 1e-12);
        assert_true(a.measured.value.lower == plain.measured.value.lower &&
                    a.measured.value.upper == plain.measured.value.upper);
        assert_non_null(strstr(a.reason, wanted[i].before));
        assert_int_equal(strstr(a.reason, "before") != NULL, wanted[i].before[0] != 0);
    }
    assert_non_null(strstr(figure(&f, "ranked", "ward", "A", 1).reason, "; 11.1 ("));
    char ranks[32];
    ranks_in(&f, "ward", "A", ranks);
    assert_string_equal(ranks, "3 1 2");
    ranks_in(&f, "district", "D", ranks);
    assert_string_equal(ranks, "1 1 1");
    ranks_in(&f, "ward", "B", ranks);
    assert_string_equal(ranks, "1 3 2");
    close_job(&f);
}

/* In the year: 1 and 2 have a repeat each, of four incidents with a victim. */
static void repeats_of_a_register(void **state) {
    (void)state;
    fixture f = open_job(job_text, poll);
    const ps_measure *m = &f.measures->measure[place(&f, "repeats")];
    assert_int_equal(m->n_periods, 4);
    assert_string_equal(m->period[0].label, "2021/22");
    assert_string_equal(m->period[3].label, "2022/23");
    ps_measure_figure r = figure(&f, "repeats", "district", "D", 0);
    test_near(r.measured.value.value, 100 * 2 / 4.0, 1e-13);
    assert_true(r.measured.numerator == 2 && r.measured.denominator == 4);
    assert_string_equal(r.target_status, "baseline");
    assert_non_null(strstr(r.reason, "1 of 5 incidents have no known person"));
    /* What went before may have been in another ward. */
    r = figure(&f, "repeats", "ward", "B", 0);
    assert_true(r.measured.numerator == 1 && r.measured.denominator == 2);
    r = figure(&f, "repeats", "ward", "A", 0);
    assert_true(r.measured.numerator == 1 && r.measured.denominator == 2);
    /* Of the strand: what went before has to be of it, too. */
    r = figure(&f, "race-repeats", "district", "D", 0);
    assert_true(r.measured.numerator == 1 && r.measured.denominator == 3);
    /* 2020/21 lacks the year before; 2022/23 goes on. */
    r = figure(&f, "repeats", "district", "D", 1);
    assert_int_equal(r.period->first, 2020 * 12 + 3);
    assert_int_equal(r.measured.value.status, PS_VALUE_MISSING);
    assert_non_null(strstr(r.reason, "the register begins in 2020-04; the year before"));
    r = figure(&f, "repeats", "district", "D", 3);
    assert_true(r.measured.running);
    assert_int_equal(r.measured.months, 3);
    assert_true(r.measured.value.value == 0 && r.measured.denominator == 1);
    assert_string_equal(r.target_status, "on-track");
    close_job(&f);
}

static void registers_are_counted(void **state) {
    (void)state;
    fixture f = open_job(job_text, poll);
    ps_measure_figure c = figure(&f, "hate", "district", "D", 0);
    assert_string_equal(c.item, "race");
    assert_true(c.measured.value.value == 4 && c.measured.months == 12);
    c = figure(&f, "hate", "ward", "A", 0);
    assert_true(c.measured.value.value == 1);
    /* By period: 2021/22, 2020/21, 2021/22 again, the running 2022/23; then faith. */
    c = figure(&f, "hate", "ward", "A", 1);
    assert_true(c.measured.value.value == 2);
    c = figure(&f, "hate", "ward", "B", 3);
    assert_true(c.measured.running && c.measured.value.value == 1);
    c = figure(&f, "hate", "ward", "A", 4);
    assert_string_equal(c.item, "faith");
    assert_true(c.measured.value.value == 1);
    close_job(&f);

    static const char job[] = JOB_HEAD
        "records: [{id: cohort, file: poll.csv, areas: ward, code: ward, date: year}]\n"
        "periods: [2020/21, 2021, 2021/22]\n"
        "data: [{id: cohort, input: cohort, columns: [{id: again, column: again}]}]\n";
    f = open_job(job,
                 "ward,year,again\nA,2020/21,yes\nA,2020/21,no\nA,2020/21,\n"
                 "B,2020/21,no\nB,2021/22,yes\n");
    c = figure(&f, "again", "ward", "A", 0);
    assert_true(c.measured.value.value == 50 && c.measured.denominator == 2);
    c = figure(&f, "again", "district", "D", 0);
    test_near(c.measured.value.value, 100 / 3.0, 1e-13);
    c = figure(&f, "again", "district", "D", 1);
    assert_int_equal(c.measured.value.status, PS_VALUE_MISSING);
    assert_string_equal(c.reason,
                        "records of a longer stretch of months lie partly in it");
    c = figure(&f, "again", "ward", "B", 2);
    assert_true(c.measured.value.value == 100);
    c = figure(&f, "again", "ward", "A", 2);
    assert_int_equal(c.measured.value.status, PS_VALUE_UNDEFINED);
    close_job(&f);
}

static void waves_have_their_periods(void **state) {
    (void)state;
    static const char job[] = JOB_HEAD
        "records:\n"
        "  - {id: poll, file: poll.csv, areas: ward, code: ward, date: day}\n"
        "periods: [2022/23, months]\n"
        "data: [{id: poll, input: poll, " POLL_COLUMNS "}]\n";
    fixture f = open_job(job,
                         "ward,day,w,h,c,safe,age,worry,mark\n"
                         "A,2020,1,1,a,Very,old,none,1\n"
                         "A,2020,1,1,b,Unsafe,old,none,1\n"
                         "A,2021/22,1,1,b,Unsafe,old,none,1\n"
                         "A,2022-05-01,1,1,b,Very,old,none,1\n"
                         "A,2024-05-01,1,1,c,Very,old,none,1\n");
    const ps_measure *m = &f.measures->measure[place(&f, "safe")];
    static const char *const labels[] = {"2022/23", "2022-05", "2024-05", "2020",
                                         "2021/22"};
    assert_int_equal(m->n_periods, 5);
    for (size_t k = 0; k < 5; k++) assert_string_equal(m->period[k].label, labels[k]);
    ps_measure_figure a = figure(&f, "safe", "ward", "A", 3);
    test_near(a.measured.value.value, 50, 1e-13);
    a = figure(&f, "safe", "ward", "B", 3);
    assert_int_equal(a.measured.value.status, PS_VALUE_MISSING);
    assert_string_equal(a.reason,
                        "nobody answered here; the plan's baseline is that of "
                        "another area, and it names no period for this area's "
                        "own");
    assert_string_equal(f.bindings->binding[0].absent[5],
                        "no input of the job is 'hate' (H)");
    close_job(&f);
}

/* What a sample is of, not its period, tells whether it is compared with itself: here the
 * year of the baseline and the year across it have one wave, the year after another. */
static void a_wave_is_not_judged_against_itself(void **state) {
    (void)state;
    static const char job[] = JOB_HEAD
        "records:\n"
        "  - {id: poll, file: poll.csv, areas: ward, code: ward, date: day}\n"
        "periods: [2021, 2021/22, 12m@2022-09, 24m@2022-12]\n"
        "data: [{id: poll, input: poll, " POLL_COLUMNS "}]\n";
    fixture f = open_job(job,
                         "ward,day,w,h,c,safe,age,worry,mark\n"
                         "A,2021-04-01,1,1,a,Very,old,none,1\n"
                         "A,2021-04-02,1,1,b,Unsafe,old,none,1\n"
                         "A,2021-04-03,1,1,c,Unsafe,old,none,1\n"
                         "A,2022-04-01,1,1,a,Very,old,none,1\n"
                         "A,2022-04-02,1,1,b,Very,old,none,1\n"
                         "A,2022-04-03,1,1,c,Unsafe,old,none,1\n");
    static const struct {
        const char *period, *status, *reason;
        bool tested;
    } wanted[] = {
        {"2021", "baseline", "", false},
        {"2021/22", "baseline", "the sample is that of the baseline", false},
        {"12m@2022-09", "met-unclear", "", true},
        {"24m@2022-12", "met-unclear", "the period shares months with the baseline",
         false},
    };
    for (size_t k = 0; k < 4; k++) {
        const ps_measure_figure a = figure(&f, "safer", "ward", "A", k);
        assert_string_equal(a.period->label, wanted[k].period);
        assert_string_equal(a.target_status, wanted[k].status);
        assert_non_null(strstr(a.reason, wanted[k].reason));
        assert_int_equal(ps_value_ok(a.difference), wanted[k].tested);
        assert_int_equal(a.verdict != PS_VERDICT_NONE, wanted[k].tested);
    }
    test_near(figure(&f, "safer", "ward", "A", 2).difference.value, 100 / 3.0, 1e-12);
    close_job(&f);
}

/* The repeats of a register are judged as their limits are drawn: with the incidents of a
 * person as one cluster. Two victims have all but a few of the incidents, and change
 * their ways. */
static void repeats_are_judged_in_clusters(void **state) {
    (void)state;
    char text[8000], *at = text;
    at += sprintf(at, "ward,day,who,strand\nA,2020-04-01,0,race\n");
    for (int year = 0; year < 2; year++) {
        for (int i = 0; i < 40; i++) /* one victim again and again, others once */
            at += sprintf(at, "A,%d-%02d-%02d,%d,race\n", 2021 + year, 5 + i / 10,
                          1 + i % 10,
                          i < (year == 0 ? 24 : 12) ? 1 + year : 100 * (year + 1) + i);
    }
    at += sprintf(at, "A,2023-03-31,,race\n");
    registers = text;
    fixture f = open_job(job_text, poll);
    const ps_measure_figure r = figure(&f, "repeats", "ward", "A", 3);
    assert_string_equal(r.period->label, "2022/23");
    assert_string_equal(r.target_status, "met");
    assert_true(r.measured.numerator == 11 && r.baseline_numerator == 23);
    assert_true(r.measured.effect > 2 && r.baseline_effect > 2);
    const ps_estimate alike = ps_proportion(
        11 / r.measured.effect, 40 / r.measured.effect, 100, 0.95, PS_PROPORTION_WILSON);
    test_near(r.measured.value.lower, alike.lower, 1e-12);
    test_near(r.measured.value.upper, alike.upper, 1e-12);
    const ps_prop_change c =
        ps_prop_change_of(23 / r.baseline_effect, 40 / r.baseline_effect,
                          11 / r.measured.effect, 40 / r.measured.effect, 0.95);
    test_near(r.difference_lower.value, 100 * c.lower.value, 1e-12);
    assert_true(ps_prop_change_of(23, 40, 11, 40, 0.95).verdict == PS_VERDICT_DECREASE);
    assert_true(r.verdict != PS_VERDICT_DECREASE);
    assert_true(r.result.strength != PS_STRENGTH_CLEAR);
    registers = hate;
    close_job(&f);
}

/* A stratum of one unit, and weights of nothing. */
static void odd_designs(void **state) {
    (void)state;
    static const char job[] = JOB_HEAD
        "records: [{id: poll, file: poll.csv, period: 2021}]\n"
        "data: [{id: poll, input: poll, " POLL_COLUMNS "}]\n";
    fixture f = open_job(job,
                         "w,h,c,safe,age,worry,mark\n"
                         "1,1,a,Very,old,none,1\n"
                         "1,1,b,Unsafe,old,none,1\n"
                         "1,2,c,Very,old,none,1\n"
                         "0,2,c,Unsafe,old,none,1\n");
    ps_measure_figure d = figure(&f, "safe", "district", "D", 0);
    assert_string_equal(d.period->label, "2021");
    test_near(d.measured.value.value, 100 * 2 / 3.0, 1e-13);
    assert_non_null(strstr(d.reason, "a stratum has one unit"));
    d = figure(&f, "safe", "ward", "A", 0);
    assert_int_equal(d.measured.value.status, PS_VALUE_MISSING);
    assert_non_null(strstr(d.reason, "the rows do not say which area they are of"));
    close_job(&f);
    f = open_job(job,
                 "w,h,c,safe,age,worry,mark\n"
                 "0,1,a,Very,old,none,1\n"
                 "0,1,b,Unsafe,old,none,1\n");
    d = figure(&f, "safe", "district", "D", 0);
    assert_int_equal(d.measured.value.status, PS_VALUE_MISSING);
    close_job(&f);
    f = open_job(job, "w,h,c,safe,age,worry,mark\n");
    assert_int_equal(f.measures->measure[place(&f, "safe")].n_periods, 0);
    close_job(&f);
}

static ps_status compute_all(void *context, ps_error *err) {
    fixture f = *(fixture *)context;
    f.records = NULL, f.measures = NULL;
    ps_status status = compute(&f, err);
    ps_measure_figure figures[32];
    for (size_t m = 0; status == PS_OK && m < f.measures->n; m++) {
        if (f.measures->measure[m].absent != NULL) continue;
        ps_scope scope;
        status = ps_scope_open(f.measures, m, 1, &scope, err);
        if (status != PS_OK) break;
        status = ps_scope_area(&scope, 0, figures, err);
        ps_scope_close(&scope);
    }
    ps_measures_free(f.measures);
    ps_records_free(f.records);
    return status;
}

static void memory_may_run_out_anywhere(void **state) {
    (void)state;
    fixture f = open_job(job_text, poll);
    assert_true(test_each_allocation_fails(compute_all, &f) > 100);
    close_job(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shares_of_a_survey),
        cmocka_unit_test(several_answers_and_means),
        cmocka_unit_test(texts_that_mean_nothing),
        cmocka_unit_test(amounts_are_added_up),
        cmocka_unit_test(answers_are_ranked),
        cmocka_unit_test(repeats_of_a_register),
        cmocka_unit_test(registers_are_counted),
        cmocka_unit_test(waves_have_their_periods),
        cmocka_unit_test(a_wave_is_not_judged_against_itself),
        cmocka_unit_test(repeats_are_judged_in_clusters),
        cmocka_unit_test(odd_designs),
        cmocka_unit_test(memory_may_run_out_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

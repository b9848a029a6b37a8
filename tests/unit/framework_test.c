/* Frameworks: what the keys mean once resolved, what is told about mistakes, that the
 * shipped ones are complete, and that framework.schema.json says the same as the schema
 * that the program uses. */
#include "engine/run/framework.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/schema.h"
#include "tests/support/test.h"

#define PLAN "indicators/frameworks/communities-partnership-plan.yaml"
#define ASSESSMENT "indicators/frameworks/strategic-intelligence-assessment.yaml"
#define NEIGHBOURHOODS "indicators/frameworks/thriving-neighbourhoods.yaml"

static ps_status parse(const char *text, ps_framework_file **out, ps_error *err) {
    return ps_framework_parse("plan.yaml", text, strlen(text), out, err);
}

static ps_framework_file *good(const char *text) {
    ps_framework_file *file;
    ps_error err = {.text = ""};
    if (parse(text, &file, &err) != PS_OK) fail_msg("%s", err.text);
    return file;
}

/* A small framework in pieces, so that each mistake stands in one of them. */
#define HEAD "id: plan\ntitle: Plan\n"
#define PLACES "geographies: [{id: district, title: D}, {id: ward, title: W}]\n"
#define DATA                                                                           \
    "data:\n"                                                                          \
    "  - {id: crime, kind: incidents, title: C, columns: [{id: type, values: [theft, " \
    "arson]}]}\n"                                                                      \
    "  - {id: people, kind: population, title: P}\n"
#define PRIORITIES "priorities: [{id: safety, title: S}]\n"
#define MEASURE(more)                                                                \
    "measures:\n"                                                                    \
    "  - {id: theft, priority: safety, title: Theft, why: Because, unit: offences, " \
    "geographies: [district],\n"                                                     \
    "     disclosure: public, " more "}\n"
#define WHOLE HEAD PLACES DATA PRIORITIES
#define COUNT(more)                                                       \
    MEASURE(                                                              \
        "numerator: {what: N, data: crime}, method: count_ci, polarity: " \
        "lower-better" more)

/* A second measure that is worked out by a method on a table. */
#define MEAN(more)                                                               \
    COUNT("")                                                                    \
    "  - {id: mean, priority: safety, title: M, why: W, unit: u, method: mean, " \
    "polarity: none, geographies: [ward], disclosure: public, result: {value: "  \
    "value}" more "}\n"

static void tables_are_shared(void **state) {
    (void)state;
    ps_framework_file *file =
        good(WHOLE MEAN(", table: {rows: areas, of: ward, columns: [{name: value, "
                        "measure: theft, above: 2.5}]}")
             "  - {id: sum, priority: safety, title: S, why: W, unit: u, method: mean, "
             "polarity: none, geographies: [ward], disclosure: public, same_table_as: "
             "mean, result: {value: sum, latest: area_code}}\n");
    const ps_framework *f = file->framework;
    assert_ptr_equal(f->measures[2].table, f->measures[1].table);
    assert_true(*f->measures[1].table->columns[0].above == 2.5);
    assert_string_equal(f->measures[2].result->latest, "area_code");
    ps_framework_free(file);
}

static void defaults_are_filled_in(void **state) {
    (void)state;
    ps_framework_file *file = good(WHOLE COUNT(""));
    const ps_framework *f = file->framework;
    assert_null(f->area);
    assert_int_equal(*f->years->kind, PS_YEAR_FINANCIAL);
    assert_string_equal(f->report->title, "Plan");
    assert_int_equal(f->report->order_count, 1);
    assert_string_equal(f->report->order[0], "theft");
    assert_true(*f->measures[0].multiplier == 1);
    assert_null(f->measures[0].baseline);
    assert_null(f->measures[0].target);
    assert_null(f->measures[0].denominator);
    ps_framework_free(file);
    ps_framework_free(NULL);
}

static void every_key_arrives(void **state) {
    (void)state;
    ps_framework_file *file =
        good(HEAD
             "edition: First\nsource: Here\n"
             "area: {geography: ward, code: W1, name: One}\n"
             "years: {kind: calendar, first: 2022, last: 2026}\n" PLACES DATA
             "priorities: [{id: safety, title: S, label: L}]\n"
             "measures:\n"
             "  - id: b\n"
             "    priority: safety\n"
             "    title: B\n"
             "    why: W\n"
             "    source: Row\n"
             "    numerator: {what: N, data: crime, where: [{column: type, is: [theft]}, "
             "{column: type, not: [arson]}]}\n"
             "    denominator: {what: D, data: people}\n"
             "    unit: per 1,000\n"
             "    multiplier: 1000\n"
             "    method: crude_rate\n"
             "    polarity: higher-better\n"
             "    baseline: {value: 1.5, period: 2021, source: S}\n"
             "    target: {kind: trajectory, step: 0.5, source: T}\n"
             "    geographies: [ward, district]\n"
             "    min_base: 30\n"
             "    disclosure: sensitive\n"
             "    caveats: [one, two]\n"
             "  - {id: a, priority: safety, title: A, why: W, numerator: {what: N, data: "
             "crime}, unit: u, method: count_ci, polarity: none, geographies: [ward], "
             "disclosure: council}\n"
             "report:\n"
             "  title: R\n"
             "  introduction: I\n"
             "  order: [a]\n"
             "  wording: [{status: met, text: '{title}: {value}'}]\n");
    const ps_framework *f = file->framework;
    assert_string_equal(f->edition, "First");
    assert_string_equal(f->source, "Here");
    assert_string_equal(f->area->geography, "ward");
    assert_string_equal(f->area->code, "W1");
    assert_string_equal(f->area->name, "One");
    assert_int_equal(*f->years->kind, PS_YEAR_CALENDAR);
    assert_string_equal(f->years->first, "2022");
    assert_string_equal(f->years->last, "2026");
    assert_int_equal(f->data[0].kind, PS_DATA_INCIDENTS);
    assert_string_equal(f->data[0].columns[0].values[1], "arson");
    assert_string_equal(f->priorities[0].label, "L");
    const ps_framework_measure *b = &f->measures[0];
    assert_string_equal(b->source, "Row");
    assert_string_equal(b->numerator->where[0].is[0], "theft");
    assert_string_equal(b->numerator->where[1].not [0], "arson");
    assert_string_equal(b->denominator->data, "people");
    assert_true(*b->multiplier == 1000);
    assert_int_equal(b->polarity, PS_POLARITY_HIGHER);
    assert_true(*b->baseline->value == 1.5);
    assert_string_equal(b->baseline->period, "2021");
    assert_int_equal(b->target->kind, PS_TARGET_TRAJECTORY);
    assert_true(*b->target->step == 0.5);
    assert_string_equal(b->geographies[0], "ward");
    assert_true(b->min_base == 30);
    assert_int_equal(b->disclosure, PS_DISCLOSURE_SENSITIVE);
    assert_int_equal(b->caveats_count, 2);
    assert_string_equal(f->report->introduction, "I");
    assert_int_equal(f->report->order_count, 2);
    assert_string_equal(f->report->order[0], "a");
    assert_string_equal(f->report->order[1], "b");
    assert_string_equal(f->report->wording[0].text, "{title}: {value}");
    ps_framework_free(file);
}

static const struct {
    const char *text, *told;
} mistakes[] = {
    {HEAD "edtion: First\n" PLACES DATA PRIORITIES COUNT(""),
     "plan.yaml:3:1: unknown key 'edtion'; did you mean 'edition'?"},
    {HEAD "area: {geography: wards, code: W1}\n" PLACES DATA PRIORITIES COUNT(""),
     "plan.yaml:3:19: area.geography: no geography has the id 'wards'; did you mean "
     "'ward'?"},
    {HEAD "years: {first: 2022}\n" PLACES DATA PRIORITIES COUNT(""),
     "plan.yaml:3:16: years.first: '2022' is not a financial year, such as 2022/23"},
    {HEAD "years: {first: 2026/27, last: 2022/23}\n" PLACES DATA PRIORITIES COUNT(""),
     "plan.yaml:3:31: years.last: lies before the first year, 2026/27"},
    {HEAD PLACES
     "data: [{id: crime, kind: incidents, title: C, columns: [{id: t, values: [a, "
     "a]}]}]\n" PRIORITIES COUNT(""),
     "plan.yaml:4:77: data[0].columns[0].values[1]: 'a' stands twice"},
    {HEAD PLACES "data: [{id: crime, kind: incident, title: C}]\n" PRIORITIES COUNT(""),
     "plan.yaml:4:26: data[0].kind: 'incident' is not one of incidents, population, "
     "area-table, survey, register, scores, comparator; did you mean 'incidents'?"},
    {HEAD PLACES
     "data: [{id: crime, kind: survey, title: C, columns: [{id: a, role: weight}, {id: "
     "b, role: weight}]}]\n" PRIORITIES COUNT(""),
     "plan.yaml:4:91: data[0].columns[1].role: the column 'a' has the role weight "
     "already"},
    {HEAD PLACES
     "data: [{id: crime, kind: incidents, title: C, columns: [{id: a, several: "
     "true}]}]\n" PRIORITIES COUNT(""),
     "plan.yaml:4:74: data[0].columns[0].several: several answers in a cell are told "
     "apart in surveys, registers and scores only"},
    {HEAD PLACES DATA "priorities: [{id: safe, title: S}]\n" COUNT(""),
     "plan.yaml:9:27: measures[0].priority: no priority has the id 'safety'; did you "
     "mean 'safe'?"},
    {WHOLE MEASURE(
         "numerator: {what: N, data: crimes}, method: count_ci, polarity: none"),
     "plan.yaml:10:53: measures[0].numerator.data: no kind of data has the id 'crimes'; "
     "did you mean 'crime'?"},
    {WHOLE MEASURE("numerator: {what: N, data: crime, where: [{column: typ, is: "
                   "[theft]}]}, method: count_ci, polarity: none"),
     "plan.yaml:10:77: measures[0].numerator.where[0].column: no column of these data "
     "has "
     "the id 'typ'; did you mean 'type'?"},
    {WHOLE MEASURE("numerator: {what: N, data: crime, where: [{column: type, is: "
                   "[thefts]}]}, method: count_ci, polarity: none"),
     "plan.yaml:10:88: measures[0].numerator.where[0].is[0]: the column 'type' has no "
     "value 'thefts'; did you mean 'theft'?"},
    {WHOLE MEASURE("numerator: {what: N, data: crime, where: [{column: type}]}, method: "
                   "count_ci, polarity: none"),
     "plan.yaml:10:68: measures[0].numerator.where[0]: a filter needs either 'is' or "
     "'not'"},
    {WHOLE MEASURE("numerator: {what: N, data: people, where: [{column: age, is: [1]}]}, "
                   "method: count_ci, polarity: none"),
     "plan.yaml:10:78: measures[0].numerator.where[0].column: the data 'people' have no "
     "columns"},
    {WHOLE MEASURE("numerator: {what: N, data: crime}, method: crude-rates, polarity: "
                   "none"),
     "plan.yaml:10:69: measures[0].method: 'crude-rates' is not a method; did you mean "
     "'crude_rate'?"},
    {WHOLE MEASURE("numerator: {what: N, data: crime}, method: svy_share, polarity: "
                   "none"),
     "plan.yaml:10:37: measures[0].numerator: the key 'by' is missing: the column whose "
     "answers svy_share ranks"},
    {WHOLE MEASURE("numerator: {what: N, data: crime}, method: crude_rate, polarity: "
                   "none"),
     "plan.yaml:9:5: measures[0]: the key 'denominator' is missing, which the method "
     "crude_rate needs"},
    {WHOLE COUNT(", denominator: {what: D, data: people}"),
     "plan.yaml:10:116: measures[0].denominator: a count (count_ci) has no denominator; "
     "the methods crude_rate and proportion do"},
    {WHOLE COUNT(", multiplier: 0"),
     "plan.yaml:10:115: measures[0].multiplier: 0 is not above 0 and up to "
     "1,000,000,000, "
     "such as 1000"},
    {WHOLE COUNT(", baseline: {source: S}"),
     "plan.yaml:10:113: measures[0].baseline: needs 'value', 'period' or 'measure'; a "
     "measure without baseline leaves the whole key out"},
    {WHOLE COUNT(", baseline: {period: 2021/22, measure: theft}"),
     "plan.yaml:10:113: measures[0].baseline: the area's own figure is that of a period "
     "or of another measure, not of both"},
    {WHOLE COUNT(", baseline: {measure: theft}"),
     "plan.yaml:10:123: measures[0].baseline.measure: is the measure itself"},
    {WHOLE COUNT(", baseline: {measure: thefts}"),
     "plan.yaml:10:123: measures[0].baseline.measure: no measure has the id 'thefts'; "
     "did you mean 'theft'?"},
    {WHOLE MEAN(", baseline: {measure: theft}, table: {rows: areas, of: ward, columns: "
                "[{name: value, measure: theft}]}"),
     "plan.yaml:11:176: measures[1].baseline.measure: 'theft' is of another method or "
     "unit, so its figures are no baseline"},
    {WHOLE COUNT(", baseline: {period: financial-years}"),
     "plan.yaml:10:122: measures[0].baseline.period: 'financial-years' is a series of "
     "periods; one is wanted, such as 2021/22 or 2021"},
    {WHOLE COUNT(", baseline: {period: 2021/23}"),
     "plan.yaml:10:122: measures[0].baseline.period: 2021/23: a financial year ends in "
     "the next year, as in 2021/22"},
    {WHOLE COUNT(", target: {kind: above, value: 5}"),
     "plan.yaml:10:89: measures[0].polarity: lower-better, but the target is 'above', "
     "which wants it higher"},
    {WHOLE COUNT(", target: {kind: trajectory}"),
     "plan.yaml:10:111: measures[0].target: a trajectory needs the key 'step', its "
     "change "
     "a year, such as -10"},
    {WHOLE COUNT(", target: {kind: trajectory, step: -1, value: 3}"),
     "plan.yaml:10:111: measures[0].target: a trajectory has a step and no 'value'"},
    {WHOLE COUNT(", target: {kind: reduce, step: -1}"),
     "plan.yaml:10:111: measures[0].target: 'step' goes with kind: trajectory"},
    {WHOLE MEASURE("numerator: {what: N, data: crime}, method: count_ci, polarity: none, "
                   "target: {kind: mirror}"),
     "plan.yaml:10:89: measures[0].polarity: none, but the target is 'mirror', which "
     "needs a direction"},
    {WHOLE COUNT(
         ", baseline: {value: 4404}, target: {kind: below-baseline, value: 9999}"),
     "plan.yaml:10:166: measures[0].target.value: the target is 'below-baseline', but "
     "9999 "
     "is above the baseline, 4404"},
    {WHOLE COUNT(", baseline: {value: -5}"),
     "plan.yaml:10:121: measures[0].baseline.value: -5 is below 0, as no count is"},
    {WHOLE MEASURE("numerator: {what: N, data: crime}, denominator: {what: D, data: "
                   "crime}, method: proportion, multiplier: 100, polarity: lower-better, "
                   "baseline: {value: 7200}"),
     "plan.yaml:10:177: measures[0].baseline.value: 7200 is no share: these go from 0 to "
     "100"},
    {WHOLE COUNT(", baseline: {value: 5, period: 2021/22}"),
     "plan.yaml:10:121: measures[0].baseline.value: a stated figure holds for one area, "
     "but the framework's key 'area' is missing"},
    {WHOLE MEASURE("reference: {value: 5, source: S}, polarity: none"),
     "plan.yaml:10:37: measures[0].reference: a stated figure holds for one area, but "
     "the framework's key 'area' is missing"},
    {WHOLE COUNT(", baseline: {period: 2021-04}"),
     "plan.yaml:10:122: measures[0].baseline.period: a count is compared by years, and "
     "'2021-04' has 1 months"},
    {HEAD "years: {exceptional: [lockdown]}\n" PLACES DATA PRIORITIES COUNT(""),
     "plan.yaml:3:23: years.exceptional[0]: lockdown: not a period; periods are 2021, "
     "2021-07, 2021/22, 2021-07..2022-06, 12m@2022-06, months, calendar-years, "
     "financial-years, rolling-12"},
    {WHOLE MEAN(", same_table_as: theft"),
     "plan.yaml:11:171: measures[1].same_table_as: the measure 'theft' has no key "
     "'table' "
     "of its own"},
    {WHOLE MEAN(", same_table_as: mean"),
     "plan.yaml:11:171: measures[1].same_table_as: the measure 'mean' does not stand "
     "before this one"},
    {WHOLE MEAN(", table: {rows: one, columns: [{name: value, text: 1}]}, "
                "same_table_as: theft"),
     "plan.yaml:11:226: measures[1].same_table_as: a measure has either a 'table' or "
     "that "
     "of another measure"},
    {WHOLE MEAN(", table: {rows: one, earlier: true, columns: [{name: value, text: 1}]}"),
     "plan.yaml:11:184: measures[1].table.earlier: goes with rows: records"},
    {WHOLE COUNT(", min_base: -1"),
     "plan.yaml:10:113: measures[0].min_base: -1 is below 0"},
    {WHOLE COUNT("") "report: {order: [thefts]}\n",
     "plan.yaml:11:18: report.order[0]: no measure has the id 'thefts'; did you mean "
     "'theft'?"},
    {WHOLE COUNT("") "report: {order: [theft, theft]}\n",
     "plan.yaml:11:25: report.order[1]: 'theft' stands twice"},
    {WHOLE COUNT("") "report: {wording: [{status: mett, text: t}]}\n",
     "plan.yaml:11:29: report.wording[0].status: 'mett' is not the status of a target; "
     "did you mean 'met'?"},
    {WHOLE COUNT("") "report: {wording: [{status: met, text: '{valued}'}]}\n",
     "plan.yaml:11:40: report.wording[0].text: 'valued' is not what can be filled in; "
     "did "
     "you mean 'value'?"},
    {WHOLE COUNT("") "report: {wording: [{status: met, text: '{value'}]}\n",
     "plan.yaml:11:40: report.wording[0].text: a '{' without its '}', as in '{value}'"},
};

static void mistakes_are_told(void **state) {
    (void)state;
    int wrong = 0;
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        ps_framework_file *file;
        ps_error err = {.text = ""};
        ps_status status = parse(mistakes[i].text, &file, &err);
        ps_framework_free(file);
        if (status == PS_CONFIG && strcmp(err.text, mistakes[i].told) == 0) continue;
        print_error("%sgives    %s\nexpected %s\n", mistakes[i].text,
                    status == PS_OK ? "no error" : err.text, mistakes[i].told);
        wrong++;
    }
    assert_int_equal(wrong, 0);
}

static ps_status open_text(void *context, ps_error *err) {
    ps_framework_file *file;
    ps_status status = parse(context, &file, err);
    if (status != PS_OK) assert_null(file);
    ps_framework_free(file);
    return status;
}

static void memory_may_run_out_anywhere(void **state) {
    (void)state;
    char text[] = WHOLE COUNT(", baseline: {period: 2021/22}, target: {kind: reduce}")
        "report: {wording: [{status: met, text: '{title}'}]}\n";
    assert_true(test_each_allocation_fails(open_text, text) > 50);
}

static const ps_framework_measure *measure_of(const ps_framework *f, const char *id) {
    for (unsigned m = 0; m < f->measures_count; m++)
        if (strcmp(f->measures[m].id, id) == 0) return &f->measures[m];
    fail_msg("there is no measure %s", id);
    return NULL;
}

/* Every row of the Outcome Framework as the plan prints it: id, priority, stated baseline
 * (0: none), kind of target, stated figure or step (0: none). */
static const struct {
    const char *id;
    int priority;
    double baseline;
    const char *period; /* NULL: the plan states none */
    ps_target_kind kind;
    double figure;
    ps_polarity polarity;
} rows[] = {
    {"violence-with-injury", 0, 4404, "2021/22", PS_TARGET_BELOW_BASELINE, 4404, -1},
    {"violence-against-women-girls", 0, 0, NULL, PS_TARGET_MIRROR, 0, -1},
    {"knife-crime", 0, 0, NULL, PS_TARGET_MIRROR, 0, -1},
    {"repeat-domestic-violence", 0, 47.9, "2021/22", PS_TARGET_BELOW_BASELINE, 47.9, -1},
    {"modern-slavery-nrm", 0, 0, NULL, PS_TARGET_INCREASE, 0, 1},
    {"asb-concern", 1, 60, NULL, PS_TARGET_BELOW_BASELINE, 60, -1},
    {"nuisance-incidents", 1, 5131, "2021/22", PS_TARGET_BELOW_BASELINE, 5131, -1},
    {"fly-tipping", 1, 6017, "2021/22", PS_TARGET_BELOW_BASELINE, 6017, -1},
    {"housing-estate-satisfaction", 1, 68, "2021", PS_TARGET_INCREASE, 68, 1},
    {"deliberate-fires", 1, 1054, "2021/22", PS_TARGET_BELOW_BASELINE, 1054, -1},
    {"vehicle-offences", 1, 1971, "2021/22", PS_TARGET_BELOW_BASELINE, 1971, -1},
    {"total-crime", 1, 45418, "2021/22", PS_TARGET_BELOW_BASELINE, 45418, -1},
    {"residential-burglary", 1, 1307, "2021/22", PS_TARGET_BELOW_BASELINE, 1307, -1},
    {"repeat-hate-crime", 2, 25.9, "2021/22", PS_TARGET_BELOW_BASELINE, 25.9, -1},
    {"satisfied-local-area", 2, 72, NULL, PS_TARGET_ABOVE, 72, 1},
    {"young-people-feel-safe", 2, 75, NULL, PS_TARGET_ABOVE, 75, 1},
    {"feel-safe-local-area", 2, 80, NULL, PS_TARGET_ABOVE, 80, 1},
    {"backgrounds-get-along", 2, 55, NULL, PS_TARGET_ABOVE, 55, 1},
    {"icf-measures", 2, 0, NULL, PS_TARGET_INCREASE, 0, 1},
    {"first-time-entrants-cjs", 3, 0, NULL, PS_TARGET_REDUCE, 0, -1},
    {"killed-seriously-injured", 3, 0, NULL, PS_TARGET_TRAJECTORY, -10, -1},
    {"open-water-demand", 3, 0, NULL, PS_TARGET_REDUCE, 0, -1},
    {"drug-related-reoffending", 3, 0, NULL, PS_TARGET_REDUCE, 0, -1},
    {"drug-treatment-referrals", 3, 0, NULL, PS_TARGET_INCREASE, 0, 1},
};

static bool asks_for(const ps_framework_measure *m, const char *geography) {
    for (unsigned g = 0; g < m->geographies_count; g++)
        if (strcmp(m->geographies[g], geography) == 0) return true;
    return false;
}

static void the_partnership_plan_is_complete(void **state) {
    (void)state;
    ps_framework_file *file;
    ps_error err = {.text = ""};
    if (ps_framework_open(PLAN, &file, &err) != PS_OK) fail_msg("%s", err.text);
    const ps_framework *f = file->framework;
    assert_int_equal(f->priorities_count, 4);
    assert_int_equal(f->measures_count, 25);
    assert_int_equal(sizeof rows / sizeof *rows, 24);
    /* one of them in a second unit */
    assert_string_equal(
        measure_of(f, "residential-burglary-household-rate")->denominator->data,
        "households");
    assert_string_equal(f->area->code, "E08000034");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const ps_framework_measure *m = measure_of(f, rows[i].id);
        assert_string_equal(m->priority, f->priorities[rows[i].priority].id);
        assert_int_equal(m->polarity, rows[i].polarity);
        assert_int_equal(m->target->kind, rows[i].kind);
        const double *figure = m->target->step ? m->target->step : m->target->value;
        assert_true(rows[i].figure == (figure != NULL ? *figure : 0));
        if (rows[i].baseline == 0) {
            assert_null(m->baseline);
            continue;
        }
        assert_true(*m->baseline->value == rows[i].baseline);
        if (rows[i].period == NULL)
            assert_null(m->baseline->period);
        else
            assert_string_equal(m->baseline->period, rows[i].period);
    }
    /* "inc by place" */
    assert_true(asks_for(measure_of(f, "vehicle-offences"), "place"));
    assert_true(asks_for(measure_of(f, "vehicle-offences"), "ward"));
    assert_true(asks_for(measure_of(f, "residential-burglary"), "place"));
    assert_true(asks_for(measure_of(f, "residential-burglary"), "ward"));
    assert_true(asks_for(measure_of(f, "residential-burglary-household-rate"), "place"));
    assert_true(asks_for(measure_of(f, "residential-burglary-household-rate"), "ward"));
    ps_framework_free(file);
}

/* Every finding of the Strategic Intelligence Assessment and every measure of Leeds'
 * locality working, with the figure that the source states: as a baseline, or as a
 * reference where it is not computed (0: none). */
static const struct {
    const char *path, *id;
    double baseline, reference;
    const char *period; /* of the baseline; NULL none */
} findings[] = {
    {ASSESSMENT, "sia-total-crime-change-2020", 0, 0, "2019"},
    {ASSESSMENT, "sia-total-crime-change-2020-stated", 0, -13, NULL},
    {ASSESSMENT, "sia-five-year-rise", 0, 0, NULL},
    {ASSESSMENT, "sia-change-by-type", 0, 0, "2019"},
    {ASSESSMENT, "sia-violence-share", 44, 0, NULL},
    {ASSESSMENT, "sia-violence-no-injury-share", 80, 0, NULL},
    {ASSESSMENT, "sia-domestic-abuse-profile", 0, 0, NULL},
    {ASSESSMENT, "sia-modern-slavery-static", 0, 0, NULL},
    {ASSESSMENT, "sia-asb-personal", 0, 0, "2019"},
    {ASSESSMENT, "sia-asb-nuisance", 0, 0, "2019"},
    {ASSESSMENT, "sia-asb-environmental", 0, 0, "2019"},
    {ASSESSMENT, "sia-asb-hate-home-shift", 0, 0, "2019"},
    {ASSESSMENT, "sia-fly-tipping-lockdown-spike", 0, 0, NULL},
    {ASSESSMENT, "sia-hotspots-deprivation", 0, 0, NULL},
    {ASSESSMENT, "sia-hate-crime-change", 0, 0, "2020/21"},
    {ASSESSMENT, "sia-hate-crime-change-stated", 0, 10, NULL},
    {ASSESSMENT, "sia-hate-crime-change-national", 0, 8, NULL},
    {ASSESSMENT, "sia-repeat-hate-by-strand", 0, 0, NULL},
    {ASSESSMENT, "sia-road-casualties-decade", 0, 0, "2010"},
    {ASSESSMENT, "sia-road-casualties-decade-stated", 0, -58, NULL},
    {ASSESSMENT, "sia-road-safety-top-concern", 0, 0, NULL},
    {ASSESSMENT, "sia-fire-deaths", 0, 0, NULL},
    {ASSESSMENT, "sia-water-fatalities", 0, 0, NULL},
    {ASSESSMENT, "sia-drug-related-deaths", 0, 0, NULL},
    {ASSESSMENT, "sia-volunteering", 0, 0, "2021/22"},
    {ASSESSMENT, "context-online-use", 0, 90, NULL},
    {ASSESSMENT, "context-online-use-young", 0, 99, NULL},
    {ASSESSMENT, "context-population", 0, 425500, NULL},
    {NEIGHBOURHOODS, "lsoa-most-deprived-1pct", 16, 0, NULL},
    {NEIGHBOURHOODS, "imd-domain-improved-absolute", 0, 0, NULL},
    {NEIGHBOURHOODS, "imd-domain-improved-relative", 0, 0, NULL},
    {NEIGHBOURHOODS, "residents-describe-improvement", 0, 0, "2021/22"},
    {NEIGHBOURHOODS, "thriving-index", 0, 0, NULL},
    {NEIGHBOURHOODS, "neighbourhood-profile", 0, 0, NULL},
    {NEIGHBOURHOODS, "neighbourhood-typology", 0, 0, NULL},
    {NEIGHBOURHOODS, "service-boundary-alignment", 0, 0, NULL},
};

static void findings_are_as_stated(void **state) {
    (void)state;
    ps_framework_file *file = NULL;
    ps_error err = {.text = ""};
    for (size_t i = 0; i < sizeof findings / sizeof *findings; i++) {
        if (i == 0 || strcmp(findings[i].path, findings[i - 1].path) != 0) {
            ps_framework_free(file);
            if (ps_framework_open(findings[i].path, &file, &err) != PS_OK)
                fail_msg("%s", err.text);
        }
        const ps_framework_measure *m = measure_of(file->framework, findings[i].id);
        const double *stated = m->baseline != NULL ? m->baseline->value : NULL;
        const double *shown = m->reference != NULL ? m->reference->value : NULL;
        assert_true(findings[i].baseline == (stated != NULL ? *stated : 0));
        assert_true(findings[i].reference == (shown != NULL ? *shown : 0));
        if (findings[i].period != NULL)
            assert_string_equal(m->baseline->period, findings[i].period);
        else
            assert_true(m->baseline == NULL || m->baseline->period == NULL);
        /* an assessment describes; the one target is that of the report of 2018 */
        assert_true((m->target != NULL) ==
                    (strcmp(m->id, "lsoa-most-deprived-1pct") == 0));
    }
    assert_string_equal(file->framework->area->code, "E08000035");
    ps_framework_free(file);
}

static void same_data(const ps_framework *one, const ps_framework *other) {
    for (unsigned a = 0; a < one->data_count; a++)
        for (unsigned b = 0; b < other->data_count; b++) {
            if (strcmp(one->data[a].id, other->data[b].id) != 0) continue;
            assert_int_equal(one->data[a].kind, other->data[b].kind);
            assert_string_equal(one->data[a].title, other->data[b].title);
        }
}

/* A kind of data means the same in all that is shipped, so that one job serves them. */
static void data_mean_the_same_everywhere(void **state) {
    (void)state;
    enum { MOST = 16 };
    ps_framework_file *file[MOST];
    ps_arena *arena;
    ps_error err = {.text = ""};
    const char **names, *path;
    size_t n;
    assert_int_equal(ps_arena_create(&arena, &err), PS_OK);
    assert_int_equal(ps_framework_shipped(arena, &names, &n, &err), PS_OK);
    assert_true(n >= 3 && n <= MOST);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(ps_framework_find(names[i], "x", arena, &path, &err), PS_OK);
        if (ps_framework_open(path, &file[i], &err) != PS_OK) fail_msg("%s", err.text);
        for (size_t k = 0; k < i; k++) same_data(file[k]->framework, file[i]->framework);
    }
    for (size_t i = 0; i < n; i++) ps_framework_free(file[i]);
    ps_arena_free(arena);
}

/* What is shipped is found by its name, is right, and bears the name of its file. */
static void shipped_ones_are_found(void **state) {
    (void)state;
    ps_arena *arena;
    ps_error err = {.text = ""};
    const char **names, *path;
    size_t n;
    assert_int_equal(ps_arena_create(&arena, &err), PS_OK);
    assert_int_equal(ps_framework_shipped(arena, &names, &n, &err), PS_OK);
    assert_true(n >= 1);
    for (size_t i = 0; i < n; i++) {
        ps_framework_file *file;
        assert_int_equal(ps_framework_find(names[i], "x", arena, &path, &err), PS_OK);
        if (ps_framework_open(path, &file, &err) != PS_OK) fail_msg("%s", err.text);
        assert_string_equal(file->framework->id, names[i]);
        ps_framework_free(file);
    }
    assert_int_equal(ps_framework_find("my/plan.yaml", "jobs", arena, &path, &err),
                     PS_OK);
    assert_string_equal(path, "jobs/my/plan.yaml");
    assert_int_equal(
        ps_framework_find("communities-partnership-plans", "x", arena, &path, &err),
        PS_CONFIG);
    assert_null(path);
    assert_string_equal(err.text,
                        "no framework called 'communities-partnership-plans' is shipped "
                        "(a file of your own is named with its ending, such as "
                        "plan.yaml); did you mean 'communities-partnership-plan'?");
    ps_arena_free(arena);
}

/* The words for the status of a target are those of the method and three of a measure. */
static void statuses_are_those_of_the_method(void **state) {
    (void)state;
    const char *const *statuses = ps_framework_statuses();
    size_t n = 0;
    for (; n <= PS_TARGET_AWAITING; n++)
        assert_string_equal(statuses[n], ps_target_status_text((ps_target_status)n));
    assert_string_equal(statuses[n], "baseline");
    assert_null(statuses[n + 3]);
    assert_string_equal(ps_polarity_text(PS_POLARITY_LOWER), "lower-better");
    assert_string_equal(ps_polarity_text(PS_POLARITY_HIGHER), "higher-better");
    assert_string_equal(ps_data_kind_text(PS_DATA_COMPARATOR), "comparator");
    assert_string_equal(ps_disclosure_class_text(PS_DISCLOSURE_SENSITIVE), "sensitive");
}

static void schema_for_editors_is_the_same(void **state) {
    (void)state;
    test_schema_is_the_same("engine/run/framework.schema.json", &ps_framework_schema);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_filled_in),
        cmocka_unit_test(every_key_arrives),
        cmocka_unit_test(tables_are_shared),
        cmocka_unit_test(mistakes_are_told),
        cmocka_unit_test(memory_may_run_out_anywhere),
        cmocka_unit_test(the_partnership_plan_is_complete),
        cmocka_unit_test(findings_are_as_stated),
        cmocka_unit_test(data_mean_the_same_everywhere),
        cmocka_unit_test(shipped_ones_are_found),
        cmocka_unit_test(statuses_are_those_of_the_method),
        cmocka_unit_test(schema_for_editors_is_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

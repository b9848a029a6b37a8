/* The attacker's view of figures that are made of records: whoever has measures.csv and
 * the manifest writes down all that they say as sums over what nobody published (people
 * by square, half-year and what they answer), and asks what each small count may be.
 *
 * A survey asks two questions, one of them for a part of the people only, and another
 * figure is of two of its answers; of a register counts that nest are told. Sets of
 * squares nest and overlap, periods share months.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/run/run.h"
#include "indicators/disclose.h"
#include "tests/support/rows.h"
#include "tests/support/test.h"

enum { SQUARES = 7, HALVES = 3, PLACES = SQUARES * HALVES };    /* the last: no area */
enum { SAFE = 3, VIEW = 4, SEX = 2, TOLD = SAFE * VIEW * SEX }; /* 0: no answer */
enum { KIND = 3 };
enum { MOST_ATOMS = PLACES * TOLD, MOST_SUMS = 1500, FAR = 100000 };
enum { THRESHOLD = 5, WORLDS = 12 };

static const char squares[] =
    "{\"type\":\"FeatureCollection\",\"crs\":{\"type\":\"name\",\"properties\":{\"name\":"
    "\"urn:ogc:def:crs:EPSG::27700\"}},\"features\":["
#define SQUARE(code, x0, x1)                                                        \
    "{\"type\":\"Feature\",\"properties\":{\"code\":\"" code                        \
    "\"},\"geometry\":{\"type\":\"Polygon\",\"coordinates\":[[[" x0 ",400000],[" x1 \
    ",400000],[" x1 ",401000],[" x0 ",401000],[" x0 ",400000]]]}}"
    SQUARE("A", "400000", "401000") "," SQUARE("B", "401000", "402000") "," SQUARE(
        "C", "402000",
        "403000") "," SQUARE("D", "403000",
                             "404000") "," SQUARE("E", "404000",
                                                  "405000") "," SQUARE("F", "405000",
                                                                       "406000") "]}";

/* Which areas hold a square. */
static const char *const held_by[SQUARES] = {" A W1 DD P1 ",
                                             " B W1 DD P1 P2 ",
                                             " C W1 DD P2 ",
                                             " D W2 DD ",
                                             " E W2 DD ",
                                             " F W2 DD ",
                                             " "};
static const char *const codes[SQUARES] = {"A", "B", "C", "D", "E", "F", ""};
static const int first_month[HALVES] = {2021 * 12 + 3, 2021 * 12 + 9, 2022 * 12 + 3};

static const char job[] =
    "areas:\n"
    "  - {id: square, file: squares.geojson, code: code}\n"
    "  - {id: ward, of: square, sets: [{code: W1, members: [A, B, C]}, {code: W2, "
    "members: [D, E, F]}]}\n"
    "  - {id: district, of: square, sets: [{code: DD, members: [A, B, C, D, E, F]}]}\n"
    "  - {id: pair, of: square, sets: [{code: P1, members: [A, B]}, {code: P2, members: "
    "[B, C]}]}\n"
    "records:\n"
    "  - {id: poll, file: poll.csv, areas: square, code: code, date: day}\n"
    "  - {id: calls, file: calls.csv, areas: square, code: code, date: day}\n"
    "periods: [2021/22, 12m@2022-09]\n"
    "framework: plan.yaml\n"
    "data:\n"
    "  - {id: poll, input: poll, columns: [{id: weight, column: weight}, {id: safe, "
    "column: safe}, {id: view, column: view}, {id: sex, column: sex}]}\n"
    "  - {id: calls, input: calls, columns: [{id: kind, column: kind}, {id: victim, "
    "column: who}]}\n";

#define MEASURE(id, more)                                                           \
    "  - {id: " id                                                                  \
    ", priority: all, title: T, why: W, disclosure: survey, baseline: "             \
    "{period: 2021/22}, geographies: [square, ward, district, pair], min_base: 1, " \
    "polarity: none, " more "}\n"
#define SHARE "unit: '%', multiplier: 100, method: "

static const char plan[] =
    "id: plan\n"
    "title: Plan\n"
    "geographies: [{id: square, title: S}, {id: ward, title: W}, {id: district, title: "
    "D}, {id: pair, title: P}]\n"
    "data:\n"
    "  - id: poll\n"
    "    kind: survey\n"
    "    title: P\n"
    "    columns: [{id: weight, role: weight}, {id: safe, values: ['yes', 'no']}, {id: "
    "view, values: [good, fair, bad]}, {id: sex, values: [f, m]}]\n"
    "  - id: calls\n"
    "    kind: register\n"
    "    title: C\n"
    "    columns: [{id: kind, values: [a, b, c]}, {id: victim, role: person}]\n"
    "priorities: [{id: all, title: All}]\n"
    "measures:\n"
    MEASURE("safe", "numerator: {what: N, data: poll, where: [{column: safe, is: "
                    "['yes']}]}, denominator: {what: D, data: poll}, " SHARE "svy_mean")
    MEASURE("safe-women", "numerator: {what: N, data: poll, where: [{column: safe, is: "
                          "['yes']}]}, denominator: {what: D, data: poll, where: "
                          "[{column: sex, is: [f]}]}, " SHARE "svy_mean")
    MEASURE("good", "numerator: {what: N, data: poll, where: [{column: view, is: "
                    "[good]}]}, denominator: {what: D, data: poll}, " SHARE "svy_mean")
    MEASURE("good-or-fair", "numerator: {what: N, data: poll, where: [{column: view, is: "
                            "[good, fair]}]}, denominator: {what: D, data: poll}, " SHARE
                            "svy_mean")
    MEASURE("a-or-b", "numerator: {what: N, data: calls, where: [{column: kind, is: [a, "
                      "b]}]}, unit: calls, method: count_ci")
    MEASURE("a", "numerator: {what: N, data: calls, where: [{column: kind, is: [a]}]}, "
                 "unit: calls, method: count_ci")
    MEASURE("share-of-a", "numerator: {what: N, data: calls, where: [{column: kind, is: "
                          "[a]}]}, denominator: {what: D, data: calls}, " SHARE
                          "proportion")
    "report: {order: [safe, safe-women, good, good-or-fair, a-or-b, a, share-of-a]}\n";

typedef struct world {
    int told[PLACES][TOLD], met[PLACES][KIND];
    char *folder;
    char out[4096];
} world;

/* ---- Worlds ---- */

static int safe_of(int told) {
    return told / (VIEW * SEX);
}
static int view_of(int told) {
    return told / SEX % VIEW;
}
static int sex_of(int told) {
    return told % SEX;
}

static size_t put_rows(char *text, size_t n, size_t size, int count, int place,
                       const char *rest) {
    for (int k = 0; k < count; k++) {
        const int month = first_month[place % HALVES] + k % 6;
        n += (size_t)snprintf(text + n, size - n, "%s,%d-%02d-15,%s\n",
                              codes[place / HALVES], month / 12, month % 12 + 1, rest);
    }
    assert_true(n < size);
    return n;
}

static void write_poll(const world *w) {
    static const char *const safe[SAFE] = {"", "yes", "no"},
                             *const view[VIEW] = {"", "good", "fair", "bad"},
                             *const sex[SEX] = {"f", "m"};
    const size_t size = 1000000;
    char *text = malloc(size), rest[64];
    assert_non_null(text);
    size_t n = (size_t)snprintf(text, size, "code,day,weight,safe,view,sex\n");
    for (int p = 0; p < PLACES; p++)
        for (int a = 0; a < TOLD; a++) {
            snprintf(rest, sizeof rest, "%d,%s,%s,%s", 1 + a % 3, safe[safe_of(a)],
                     view[view_of(a)], sex[sex_of(a)]);
            n = put_rows(text, n, size, w->told[p][a], p, rest);
        }
    test_file_write(w->folder, "poll.csv", text, n);
    free(text);
}

static void write_calls(const world *w) {
    static const char *const kind[KIND] = {"a", "b", "c"};
    const size_t size = 1000000;
    char *text = malloc(size), rest[64];
    assert_non_null(text);
    size_t n = (size_t)snprintf(text, size, "code,day,kind,who\n");
    for (int p = 0; p < PLACES; p++)
        for (int a = 0; a < KIND; a++) {
            snprintf(rest, sizeof rest, "%s,", kind[a]);
            n = put_rows(text, n, size, w->met[p][a], p, rest);
        }
    test_file_write(w->folder, "calls.csv", text, n);
    free(text);
}

/* First and last month always have a row, so that the span is known. Some worlds have few
 * people, some many, and in most nearly all of them answer. */
static void make_world(world *w, uint64_t *seed) {
    static const uint64_t below[] = {1, 2, 3, 6};
    memset(w, 0, sizeof *w);
    for (int p = 0; p < PLACES; p++) {
        for (int a = 0; a < TOLD; a++) {
            const bool silent = safe_of(a) == 0 || view_of(a) == 0;
            w->told[p][a] = (int)test_random_below(
                seed, silent ? 2 : 2 * below[test_random_below(seed, 4)]);
            if (silent && test_random_below(seed, 4) > 0) w->told[p][a] = 0;
        }
        for (int a = 0; a < KIND; a++)
            w->met[p][a] =
                (int)test_random_below(seed, 4 * below[test_random_below(seed, 4)]);
    }
    w->told[0][TOLD - 1] += 6, w->told[HALVES - 1][TOLD - 1] += 6;
    w->met[0][0] += 6, w->met[HALVES - 1][0] += 6;
    w->folder = test_folder_make();
    test_file_write(w->folder, "squares.geojson", squares, strlen(squares));
    test_file_write(w->folder, "job.yaml", job, strlen(job));
    test_file_write(w->folder, "plan.yaml", plan, strlen(plan));
    write_poll(w);
    write_calls(w);
    snprintf(w->out, sizeof w->out, "%s", test_path(w->folder, "out"));
}

static void run(const world *w) {
    ps_error err = {.text = ""};
    ps_output *nowhere = NULL;
    ps_run_outcome outcome;
    assert_int_equal(ps_output_open("/dev/null", &nowhere, &err), PS_OK);
    const ps_run_options options = {.job = test_path(w->folder, "job.yaml"),
                                    .folder = w->out,
                                    .command = "test",
                                    .force = true};
    if (ps_run_job(&options, nowhere, &outcome, &err) != PS_OK) fail_msg("%s", err.text);
    ps_output_abandon(nowhere);
}

/* ---- What the attacker writes down ---- */

/* Of one input: atoms are places times what its rows say. */
typedef struct sums {
    int atoms_of_place;
    bool in[MOST_SUMS][MOST_ATOMS];
    double value[MOST_SUMS];
    size_t n;
} sums;

/* Bits: which of what rows say. */
typedef uint32_t says;

static says poll_says(bool (*holds)(int told)) {
    says bits = 0;
    for (int a = 0; a < TOLD; a++)
        if (holds(a)) bits |= UINT32_C(1) << a;
    return bits;
}

static bool anything(int a) {
    return a >= 0;
}
static bool says_safe(int a) {
    return safe_of(a) == 1;
}
static bool says_unsafe(int a) {
    return safe_of(a) == 2;
}
static bool tells_safe(int a) {
    return safe_of(a) > 0;
}
static bool safe_woman(int a) {
    return says_safe(a) && sex_of(a) == 0;
}
static bool unsafe_woman(int a) {
    return says_unsafe(a) && sex_of(a) == 0;
}
static bool telling_woman(int a) {
    return tells_safe(a) && sex_of(a) == 0;
}
static bool says_good(int a) {
    return view_of(a) == 1;
}
static bool says_fair(int a) {
    return view_of(a) == 2;
}
static bool says_bad(int a) {
    return view_of(a) == 3;
}
static bool good_or_fair(int a) {
    return says_good(a) || says_fair(a);
}
static bool not_good(int a) {
    return says_fair(a) || says_bad(a);
}
static bool tells_view(int a) {
    return view_of(a) > 0;
}

enum { OF_A = 1, OF_B = 2, OF_C = 4, OF_ANY = 7 };
typedef enum half_set { YEAR = 3, ROLLING = 6, RUNNING = 4, ALL = 7 } half_set;

static half_set halves_of(const char *period) {
    if (strcmp(period, "2021/22") == 0) return YEAR;
    if (strcmp(period, "12m@2022-09") == 0) return ROLLING;
    if (strcmp(period, "2022/23") == 0) return RUNNING;
    fail_msg("period %s", period);
    return ALL;
}

/* Which atoms; returns how many rows there are. area NULL: everywhere. */
static int choose(const world *w, int atoms_of_place, const char *area, says what,
                  half_set halves, bool in[MOST_ATOMS]) {
    char name[16];
    int truth = 0;
    snprintf(name, sizeof name, " %.12s ", area != NULL ? area : "");
    for (int p = 0; p < PLACES; p++)
        for (int a = 0; a < atoms_of_place; a++) {
            bool *here = &in[p * atoms_of_place + a];
            *here = ((int)halves >> p % HALVES & 1) == 1 && (what >> a & 1) == 1 &&
                    (area == NULL || strstr(held_by[p / HALVES], name) != NULL);
            if (*here) truth += atoms_of_place == TOLD ? w->told[p][a] : w->met[p][a];
        }
    return truth;
}

static void add_sum(sums *s, const world *w, const char *area, says what, half_set halves,
                    double value) {
    assert_true(s->n < MOST_SUMS);
    const int truth = choose(w, s->atoms_of_place, area, what, halves, s->in[s->n]);
    /* All that was written down is true, or the attack would prove nothing. */
    if (truth != (int)value)
        fail_msg("%s, what %x, halves %d: %g, but %d is true",
                 area != NULL ? area : "all", (unsigned)what, (int)halves, value, truth);
    s->value[s->n++] = value;
}

static const struct {
    const char *id;
    bool (*numerator)(int), (*denominator)(int); /* of the survey; */
    says one, all;                               /* of the register */
} measured[] = {{"safe", says_safe, tells_safe, 0, 0},
                {"safe-women", safe_woman, telling_woman, 0, 0},
                {"good", says_good, tells_view, 0, 0},
                {"good-or-fair", good_or_fair, tells_view, 0, 0},
                {"a-or-b", NULL, NULL, OF_A | OF_B, 0},
                {"a", NULL, NULL, OF_A, 0},
                {"share-of-a", NULL, NULL, OF_A, OF_ANY}};
enum { MEASURES = sizeof measured / sizeof *measured };

static const char *next_line(const char *line) {
    line += strcspn(line, "\n");
    return line + (*line != '\0');
}

/* Returns how many figures are shown. */
static int read_measures(sums *poll, sums *calls, const world *w) {
    static const char *const numbers[] = {
        "value",      "lower",          "upper",        "numerator",     "denominator",
        "dispersion", "annual_percent", "annual_lower", "annual_upper",  "projection",
        "difference", "change_percent", "p_change",     "prob_improved", "gap"};
    char *text = test_file_read(test_path(w->out, "measures.csv"), NULL);
    int shown = 0;
    assert_non_null(text);
    const int x = test_column(text, "numerator"), n = test_column(text, "denominator"),
              status = test_column(text, "status");
    for (const char *line = next_line(text); *line != '\0'; line = next_line(line)) {
        char area[16];
        snprintf(area, sizeof area, "%.15s", test_field(line, 5));
        const half_set halves = halves_of(test_field(line, 7));
        const bool ok = strcmp(test_field(line, status), "ok") == 0;
        size_t m = 0;
        while (strcmp(measured[m].id, test_field(line, 2)) != 0) m++;
        for (size_t k = 0; k < sizeof numbers / sizeof *numbers && !ok; k++)
            assert_string_equal(test_field(line, test_column(text, numbers[k])), "");
        for (size_t k = 5; k < 10; k++) /* of months */
            assert_string_equal(test_field(line, test_column(text, numbers[k])), "");
        if (!ok) continue;
        shown++;
        const bool survey = measured[m].numerator != NULL;
        sums *s = survey ? poll : calls;
        add_sum(s, w, area, survey ? poll_says(measured[m].numerator) : measured[m].one,
                halves, atof(test_field(line, x)));
        if (survey || measured[m].all != 0)
            add_sum(s, w, area,
                    survey ? poll_says(measured[m].denominator) : measured[m].all, halves,
                    atof(test_field(line, n)));
    }
    free(text);
    return shown;
}

/* Everybody knows how many rows there are in all. */
static void add_all(sums *s, const world *w) {
    bool in[MOST_ATOMS];
    const says all = s->atoms_of_place == TOLD ? poll_says(anything) : OF_ANY;
    add_sum(s, w, NULL, all, ALL, choose(w, s->atoms_of_place, NULL, all, ALL, in));
}

/* ---- What they find out ---- */

static ps_bounds *open_bounds(const sums *s, const bool in[MOST_ATOMS]) {
    enum { MOST = MOST_ATOMS + 1 };
    static double least[MOST], most[MOST], right[MOST_SUMS + 1],
        sign[(MOST_SUMS + 1) * (size_t)MOST];
    static size_t offset[MOST_SUMS + 2];
    static int32_t cell[(MOST_SUMS + 1) * (size_t)MOST];
    const int atoms = PLACES * s->atoms_of_place;
    size_t at = 0;
    for (int i = 0; i <= atoms; i++) least[i] = 0, most[i] = FAR;
    for (size_t e = 0; e <= s->n; e++) {
        const bool *members = e < s->n ? s->in[e] : in;
        offset[e] = at;
        for (int a = 0; a < atoms; a++)
            if (members[a]) cell[at] = a, sign[at++] = 1;
        right[e] = e < s->n ? s->value[e] : 0;
        if (e == s->n) cell[at] = atoms, sign[at++] = -1;
    }
    offset[s->n + 1] = at;
    const ps_bounds_problem problem = {
        (size_t)atoms + 1, least, most, s->n + 1, offset, cell, sign, right};
    ps_bounds *bounds;
    ps_error err = {.text = ""};
    assert_int_equal(ps_bounds_open(&problem, &bounds, &err), PS_OK);
    return bounds;
}

static void find_ends(const sums *s, const bool in[MOST_ATOMS], double ends[2]) {
    static double x[MOST_ATOMS + 1];
    const int sum = PLACES * s->atoms_of_place;
    ps_error err = {.text = ""};
    ps_bounds *bounds = open_bounds(s, in);
    for (int side = 0; side < 2; side++) {
        if (ps_bounds_reach(bounds, (size_t)sum, side == 1, x, &err) != PS_OK)
            fail_msg("%s", err.text);
        ends[side] = x[sum];
    }
    ps_bounds_free(bounds);
}

/* Of any area and months, whether a table shows them or not. */
static void check_small(const sums *s, const world *w, says what, int number) {
    static const char *const areas[] = {"A",  "B",  "C",  "D",  "E", "F",
                                        "W1", "W2", "DD", "P1", "P2"};
    for (size_t k = 0; k < sizeof areas / sizeof *areas; k++)
        for (int halves = 1; halves <= ALL; halves++) {
            bool in[MOST_ATOMS];
            double ends[2];
            const int truth =
                choose(w, s->atoms_of_place, areas[k], what, (half_set)halves, in);
            if (truth == 0 || truth >= THRESHOLD) continue;
            find_ends(s, in, ends);
            if (ends[1] - ends[0] < THRESHOLD - 1)
                fail_msg(
                    "world %d: the %d rows of %s, what %x, halves %d are known to be %g "
                    "to %g",
                    number, truth, areas[k], (unsigned)what, halves, ends[0], ends[1]);
        }
}

static void nothing_small_follows(void **state) {
    static bool (*const told[])(int) = {
        says_safe,     says_unsafe, tells_safe, safe_woman, unsafe_woman,
        telling_woman, says_good,   says_fair,  says_bad,   good_or_fair,
        not_good,      tells_view,  anything};
    (void)state;
    static sums poll = {.atoms_of_place = TOLD}, calls = {.atoms_of_place = KIND};
    uint64_t seed = 12;
    int shown = 0;
    for (int k = 0; k < WORLDS; k++) {
        world w;
        make_world(&w, &seed);
        run(&w);
        poll.n = calls.n = 0;
        shown += read_measures(&poll, &calls, &w);
        add_all(&poll, &w), add_all(&calls, &w);
        for (size_t t = 0; t < sizeof told / sizeof *told; t++)
            check_small(&poll, &w, poll_says(told[t]), k);
        for (says what = 1; what <= OF_ANY; what++) check_small(&calls, &w, what, k);
        test_folder_remove(w.folder);
    }
    /* Of 11 areas, 7 measures and 3 periods something has to be left. */
    if (shown < WORLDS * 231 / 5) fail_msg("%d of %d shown", shown, WORLDS * 231);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_small_follows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

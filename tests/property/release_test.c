/* The attacker's view: whoever has every file of a run (CSV, GeoPackage, measures,
 * manifest) writes down all that they say as sums over what nobody published (rows by
 * piece of area, kind and half-year), and asks what each hidden count may be. No hidden
 * count may follow, no small one be known more closely than the threshold, and none that
 * no table has more closely than a small count is by itself.
 *
 * Wards cut through squares, sets of squares overlap, periods share months, a proportion
 * has a complement, and the running year is shown by the measures alone.
 */
#include "engine/run/release.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/par.h"
#include "engine/run/run.h"
#include "geo/layer.h"
#include "indicators/disclose.h"
#include "tests/support/rows.h"
#include "tests/support/test.h"

enum {
    PIECES = 9,
    KINDS = 3,
    ALL_KINDS = 7,
    HALVES = 3,
    ATOMS = PIECES * KINDS * HALVES
};
enum { THRESHOLD = 5, WORLDS = 40, MOST_SUMS = 2000, FAR = 100000 };

static const char squares[] =
    "{\"type\":\"FeatureCollection\",\"crs\":{\"type\":\"name\",\"properties\":{\"name\":"
    "\"urn:ogc:def:crs:EPSG::27700\"}},\"features\":["
#define SQUARE(code, x0, y0, x1, y1)                                                     \
    "{\"type\":\"Feature\",\"properties\":{\"code\":\"" code                             \
    "\"},\"geometry\":{"                                                                 \
    "\"type\":\"Polygon\",\"coordinates\":[[[" x0 "," y0 "],[" x1 "," y0 "],[" x1 "," y1 \
    "],[" x0 "," y1 "],[" x0 "," y0 "]]]}}"
    SQUARE("A", "400000", "400000", "401000", "401000") ","
    SQUARE("B", "401000", "400000", "402000", "401000") ","
    SQUARE("C", "402000", "400000", "403000", "401000") ","
    SQUARE("D", "400000", "401000", "401000", "402000") ","
    SQUARE("E", "401000", "401000", "402000", "402000") ","
    SQUARE("F", "402000", "401000", "403000", "402000") "]}";

/* The border runs through B and E. */
static const char wards[] =
    "{\"type\":\"FeatureCollection\",\"crs\":{\"type\":\"name\",\"properties\":{\"name\":"
    "\"urn:ogc:def:crs:EPSG::27700\"}},\"features\":[" SQUARE(
        "W1", "400000", "400000", "401500", "402000") "," SQUARE("W2", "401500", "400000",
                                                                 "403000", "402000") "]}";

/* Where a row of a piece lies, and which areas hold it. */
static const struct {
    int x, y;
    const char *areas;
} pieces[PIECES] = {{400500, 400500, " A W1 DD P1 "},
                    {401200, 400500, " B W1 DD P1 P2 "},
                    {401800, 400500, " B W2 DD P1 P2 "},
                    {402500, 400500, " C W2 DD P2 "},
                    {400500, 401500, " D W1 DD "},
                    {401200, 401500, " E W1 DD "},
                    {401800, 401500, " E W2 DD "},
                    {402500, 401500, " F W2 DD "},
                    {409000, 401500, " "}};
static const char *const kinds[KINDS] = {"fire", "flood", "crash"};
static const int first_month[HALVES] = {2021 * 12 + 3, 2021 * 12 + 9, 2022 * 12 + 3};

static const char people[] =
    "code,people\n"
    "A,1000\n"
    "B,1500\n"
    "C,2000\n"
    "D,800\n"
    "E,900\n"
    "F,1200\n";

static const char job[] =
    "areas:\n"
    "  - {id: square, file: squares.geojson, code: code}\n"
    "  - {id: ward, file: wards.geojson, code: code}\n"
    "  - {id: district, of: square, sets: [{code: DD, members: [A, B, C, D, E, F]}]}\n"
    "  - id: pair\n"
    "    of: square\n"
    "    sets: [{code: P1, members: [A, B]}, {code: P2, members: [B, C]}]\n"
    "points:\n"
    "  - {id: calls, files: [calls.csv], x: e, y: n, crs: 'EPSG:27700', date: day,\n"
    "     category: kind, covers: all}\n"
    "population: {file: people.csv, areas: square, code: code, columns: [people]}\n"
    "periods: [2021/22, 12m@2022-09]\n"
    "series:\n"
    "  - {id: all-calls}\n"
    "  - {id: fires, categories: [fire]}\n"
    "  - {id: fire-or-flood, categories: [fire, flood]}\n"
    "framework: plan.yaml\n"
    "data:\n"
    "  - {id: incidents, input: calls, columns: [{id: kind, column: kind}]}\n"
    "  - {id: residents, input: population}\n";

static const char plan[] =
    "id: plan\n"
    "title: Plan\n"
    "geographies: [{id: square, title: S}, {id: ward, title: W}, {id: district, title: "
    "D}]\n"
    "data:\n"
    "  - {id: incidents, kind: incidents, title: I, columns: [{id: kind, values: [fire, "
    "flood, crash]}]}\n"
    "  - {id: residents, kind: population, title: R}\n"
    "priorities: [{id: all, title: All}]\n"
    "measures:\n"
    "  - {id: floods, priority: all, title: T, why: W, disclosure: council, numerator: "
    "{what: N, data: incidents, where: [{column: kind, is: [flood]}]}, unit: calls, "
    "method: count_ci, polarity: lower-better, baseline: {period: 2021/22}, target: "
    "{kind: reduce}, geographies: [ward, district]}\n"
    "  - {id: flood-share, priority: all, title: T, why: W, disclosure: council, "
    "numerator: {what: N, data: incidents, where: [{column: kind, is: [flood]}]}, "
    "denominator: {what: D, data: incidents}, unit: '%', multiplier: 100, method: "
    "proportion, polarity: lower-better, baseline: {period: 2021/22}, target: {kind: "
    "reduce}, geographies: [square], min_base: 2}\n"
    "  - {id: floods-and-crashes, priority: all, title: T, why: W, disclosure: council, "
    "numerator: {what: N, data: incidents, where: [{column: kind, not: [fire]}]}, unit: "
    "calls, method: count_ci, polarity: lower-better, geographies: [square, ward]}\n"
    "report: {order: [floods]}\n";

typedef struct world {
    int count[ATOMS];
    char *folder;
    char out[4096];
} world;

static int atom(int piece, int kind, int half) {
    return (piece * KINDS + kind) * HALVES + half;
}

static void write_calls(const world *w) {
    const size_t size = 200000;
    char *text = malloc(size);
    assert_non_null(text);
    size_t n = (size_t)snprintf(text, size, "day,kind,e,n\n");
    for (int a = 0; a < ATOMS; a++)
        for (int k = 0; k < w->count[a]; k++) {
            const int month = first_month[a % HALVES] + k % 6,
                      piece = a / (KINDS * HALVES);
            n += (size_t)snprintf(text + n, size - n, "%d-%02d-15,%s,%d,%d\n", month / 12,
                                  month % 12 + 1, kinds[a / HALVES % KINDS],
                                  pieces[piece].x, pieces[piece].y);
        }
    assert_true(n < size);
    test_file_write(w->folder, "calls.csv", text, n);
    free(text);
}

/* First and last month always have a row, so that the span is known. */
static void make_world(world *w, uint64_t *seed) {
    static const uint64_t below[] = {2, 4, 8, 30};
    for (int a = 0; a < ATOMS; a++)
        w->count[a] = (int)test_random_below(seed, below[test_random_below(seed, 4)]);
    w->count[atom(0, 0, 0)] += 6;
    w->count[atom(0, 0, 2)] += 6;
    w->folder = test_folder_make();
    test_file_write(w->folder, "squares.geojson", squares, strlen(squares));
    test_file_write(w->folder, "wards.geojson", wards, strlen(wards));
    test_file_write(w->folder, "people.csv", people, strlen(people));
    test_file_write(w->folder, "job.yaml", job, strlen(job));
    test_file_write(w->folder, "plan.yaml", plan, strlen(plan));
    write_calls(w);
    snprintf(w->out, sizeof w->out, "%s", test_path(w->folder, "out"));
}

static void run_telling(const world *w, const char *job_name, const char *out,
                        const ps_talk *talk) {
    ps_error err = {.text = ""};
    ps_output *nowhere = NULL;
    ps_run_outcome outcome;
    assert_int_equal(ps_output_open("/dev/null", &nowhere, &err), PS_OK);
    const ps_run_options options = {.job = test_path(w->folder, job_name),
                                    .folder = out,
                                    .command = "test",
                                    .talk = talk,
                                    .force = true};
    if (ps_run_job(&options, nowhere, &outcome, &err) != PS_OK) fail_msg("%s", err.text);
    ps_output_abandon(nowhere);
}

static void run(const world *w, const char *job_name, const char *out) {
    run_telling(w, job_name, out, NULL);
}

/* ---- What the attacker writes down ---- */

typedef struct sums {
    bool in[MOST_SUMS][ATOMS];
    bool open[MOST_SUMS]; /* hidden */
    int truth[MOST_SUMS];
    double value[MOST_SUMS];
    size_t n;
} sums;

typedef enum half_set { YEAR = 3, ROLLING = 6, RUNNING = 4, ALL = 7 } half_set;

static half_set halves_of(const char *period) {
    if (strcmp(period, "2021/22") == 0) return YEAR;
    if (strcmp(period, "12m@2022-09") == 0) return ROLLING;
    if (strcmp(period, "2022/23") == 0) return RUNNING;
    fail_msg("period %s", period);
    return ALL;
}

typedef enum kind_set {
    FIRE = 1,
    FLOOD = 2,
    FIRE_OR_FLOOD = 3,
    NO_FIRE = 6,
    ANY_KIND = ALL_KINDS
} kind_set;

static bool is_of(int kinds_wanted, int a) {
    return (kinds_wanted >> a / HALVES % KINDS & 1) == 1;
}

/* area NULL: everywhere. */
static int add_sum(sums *s, const world *w, const char *area, kind_set kind,
                   half_set halves, bool open, double value) {
    char name[16];
    int truth = 0;
    assert_true(s->n < MOST_SUMS);
    snprintf(name, sizeof name, " %.12s ", area != NULL ? area : "");
    for (int a = 0; a < ATOMS; a++) {
        s->in[s->n][a] =
            (halves >> a % HALVES & 1) == 1 && is_of((int)kind, a) &&
            (area == NULL || strstr(pieces[a / (KINDS * HALVES)].areas, name) != NULL);
        if (s->in[s->n][a]) truth += w->count[a];
    }
    /* All that was written down is true, or the attack would prove nothing. */
    if (!open && truth != (int)value)
        fail_msg("%s, kinds %d, halves %d: %g, but %d is true", name, (int)kind,
                 (int)halves, value, truth);
    s->open[s->n] = open;
    s->truth[s->n] = truth;
    s->value[s->n++] = value;
    return truth;
}

static const char *next_line(const char *line) {
    line += strcspn(line, "\n");
    return line + (*line != '\0');
}

static int small(int count) {
    return count > 0 && count < THRESHOLD;
}

/* Counts, and rates, which give them away; returns how many counts are shown. */
static int read_indicators(sums *s, const world *w) {
    char *text = test_file_read(test_path(w->out, "indicators.csv"), NULL);
    int shown = 0;
    assert_non_null(text);
    for (const char *line = next_line(text); *line != '\0'; line = next_line(line)) {
        const char *id = test_field(line, 4), *status = test_field(line, 11);
        const bool ok = strcmp(status, "ok") == 0, rate = strstr(id, "-rate") != NULL;
        const kind_set kind = strncmp(id, "fires", 5) == 0   ? FIRE
                              : strncmp(id, "fire-", 5) == 0 ? FIRE_OR_FLOOD
                                                             : ANY_KIND;
        if (!ok && strcmp(status, "suppressed") != 0) fail_msg("%.200s", line);
        assert_int_equal(test_field(line, 5)[0] != '\0', ok);
        assert_int_equal(test_field(line, 6)[0] != '\0', ok);
        assert_int_equal(test_field(line, 8)[0] != '\0', ok);
        if (rate) { /* hidden with its count, which stands in the line before */
            assert_int_equal(ok, !s->open[s->n - 1]);
            continue;
        }
        const double value = ok ? atof(test_field(line, 5)) : 0;
        const int truth = add_sum(s, w, test_field(line, 1), kind,
                                  halves_of(test_field(line, 3)), !ok, value);
        if (ok) assert_int_equal(truth, (int)value);
        assert_false(ok && small(truth));
        shown += ok;
    }
    free(text);
    return shown;
}

static void read_measures(sums *s, const world *w) {
    char *text = test_file_read(test_path(w->out, "measures.csv"), NULL);
    assert_non_null(text);
    const int x = test_column(text, "numerator"), n = test_column(text, "denominator"),
              baseline = test_column(text, "baseline"),
              projection = test_column(text, "projection"),
              dispersion = test_column(text, "dispersion"),
              status = test_column(text, "status"),
              change = test_column(text, "change_percent");
    for (const char *line = next_line(text); *line != '\0'; line = next_line(line)) {
        const char *area = test_field(line, 5), *period = test_field(line, 7);
        const bool share = strcmp(test_field(line, 2), "flood-share") == 0;
        const kind_set kind =
            strcmp(test_field(line, 2), "floods-and-crashes") == 0 ? NO_FIRE : FLOOD;
        const half_set halves = halves_of(period);
        const bool ok = strcmp(test_field(line, status), "ok") == 0;
        assert_string_equal(test_field(line, projection), "");
        assert_string_equal(test_field(line, dispersion), "");
        if (ok) {
            const int truth =
                add_sum(s, w, area, kind, halves, false, atof(test_field(line, x)));
            assert_int_equal(truth, (int)atof(test_field(line, x)));
            if (share)
                add_sum(s, w, area, ANY_KIND, halves, false, atof(test_field(line, n)));
        } else {
            assert_string_equal(test_field(line, x), "");
            assert_string_equal(test_field(line, n), "");
            assert_string_equal(test_field(line, change), "");
        }
        if (!share && test_field(line, baseline)[0] != '\0')
            add_sum(s, w, area, FLOOD, YEAR, false, atof(test_field(line, baseline)));
    }
    free(text);
}

static void read_manifest(sums *s, const world *w) {
    char *text = test_file_read(test_path(w->out, "manifest.json"), NULL);
    assert_non_null(text);
    assert_null(strstr(text, "\"matched\""));
    const char *located = strstr(text, "\"located\":");
    assert_non_null(located);
    const double rows = atof(located + strlen("\"located\":"));
    assert_int_equal(add_sum(s, w, NULL, ANY_KIND, ALL, false, rows), (int)rows);
    free(text);
}

/* ---- What they find out ---- */

/* What a sum may be, at least and at most, over all tables that fit. */
static void find_ends(const sums *s, const bool in[ATOMS], double ends[2]) {
    enum { MOST = ATOMS + MOST_SUMS };
    static double least[MOST], most[MOST], right[MOST_SUMS],
        sign[MOST_SUMS * (ATOMS + 1)];
    static double x[MOST];
    static size_t offset[MOST_SUMS + 1];
    static int32_t cell[MOST_SUMS * (ATOMS + 1)];
    size_t n = ATOMS, at = 0;
    for (size_t i = 0; i < ATOMS; i++) least[i] = 0, most[i] = FAR;
    for (size_t e = 0; e <= s->n; e++) {
        const bool *members = e < s->n ? s->in[e] : in;
        const bool open = e == s->n || s->open[e];
        offset[e] = at;
        for (int a = 0; a < ATOMS; a++)
            if (members[a]) cell[at] = a, sign[at++] = 1;
        right[e] = open ? 0 : s->value[e];
        if (!open) continue;
        least[n] = 0, most[n] = FAR;
        cell[at] = (int32_t)n++, sign[at++] = -1;
    }
    offset[s->n + 1] = at;
    const ps_bounds_problem problem = {n,      least, most, s->n + 1,
                                       offset, cell,  sign, right};
    ps_bounds *bounds;
    ps_error err = {.text = ""};
    assert_int_equal(ps_bounds_open(&problem, &bounds, &err), PS_OK);
    for (int side = 0; side < 2; side++) {
        if (ps_bounds_reach(bounds, n - 1, side == 1, x, &err) != PS_OK)
            fail_msg("%s", err.text);
        ends[side] = x[n - 1];
    }
    ps_bounds_free(bounds);
}

static double width(const sums *s, const bool in[ATOMS]) {
    double ends[2];
    find_ends(s, in, ends);
    return ends[1] - ends[0];
}

/* How little may be known of a hidden sum. */
static int wanted(int truth) {
    return truth == 0 ? 0 : small(truth) ? THRESHOLD : 1;
}

/* What areas have in common. */
static void check_pieces(const sums *s, const world *w, int number) {
    for (int piece = 0; piece < PIECES - 1; piece++)
        for (int kind = 1; kind <= ALL_KINDS; kind++)
            for (int halves = 1; halves <= ALL; halves++) {
                bool in[ATOMS];
                int truth = 0;
                for (int a = 0; a < ATOMS; a++) {
                    in[a] = a / (KINDS * HALVES) == piece && is_of(kind, a) &&
                            (halves >> a % HALVES & 1) == 1;
                    if (in[a]) truth += w->count[a];
                }
                if (small(truth) && width(s, in) < THRESHOLD - 1)
                    fail_msg(
                        "world %d: the %d rows of piece %d, kinds %d and halves %d "
                        "follow from differences",
                        number, truth, piece, kind, halves);
            }
}

static int choose(const world *w, const char *area, int kind, int halves,
                  bool in[ATOMS]) {
    char name[16];
    int truth = 0;
    snprintf(name, sizeof name, " %.12s ", area);
    for (int a = 0; a < ATOMS; a++) {
        in[a] = (halves >> a % HALVES & 1) == 1 && is_of(kind, a) &&
                strstr(pieces[a / (KINDS * HALVES)].areas, name) != NULL;
        if (in[a]) truth += w->count[a];
    }
    return truth;
}

/* Any months, whether a table shows them or not: a rolling year less the running one is
 * a half-year, and so is a year less what it shares with another. */
static void check_differences_of_periods(const sums *s, const world *w, int number) {
    static const char *const areas[] = {"A",  "B",  "C",  "D",  "E", "F",
                                        "W1", "W2", "DD", "P1", "P2"};
    for (size_t k = 0; k < sizeof areas / sizeof *areas; k++)
        for (int kind = 1; kind <= ALL_KINDS; kind++)
            for (int halves = 1; halves <= ALL; halves++) {
                bool in[ATOMS];
                double ends[2];
                const int truth = choose(w, areas[k], kind, halves, in);
                if (!small(truth)) continue;
                find_ends(s, in, ends);
                if (ends[1] - ends[0] < THRESHOLD - 1)
                    fail_msg(
                        "world %d: the %d rows of %s, kinds %d, halves %d are known to "
                        "be "
                        "%g to %g",
                        number, truth, areas[k], kind, halves, ends[0], ends[1]);
            }
}

static void nothing_small_follows(void **state) {
    (void)state;
    sums *s = malloc(sizeof *s);
    assert_non_null(s);
    uint64_t seed = 20;
    int shown = 0;
    for (int k = 0; k < WORLDS; k++) {
        world w;
        make_world(&w, &seed);
        run(&w, "job.yaml", w.out);
        s->n = 0;
        shown += read_indicators(s, &w);
        read_measures(s, &w);
        read_manifest(s, &w);
        for (size_t e = 0; e < s->n; e++)
            if (s->open[e] && width(s, s->in[e]) < wanted(s->truth[e]))
                fail_msg("world %d: the hidden sum %zu is known within %g", k, e,
                         width(s, s->in[e]));
        check_pieces(s, &w, k);
        check_differences_of_periods(s, &w, k);
        test_folder_remove(w.folder);
    }
    /* Of 11 areas, 2 series and 2 periods something has to be left. */
    assert_true(shown > WORLDS * 44 / 4);
    free(s);
}

/* ---- One decision in all files, and for any number of threads ---- */

static const char *value_of(const char *text, const char *type, const char *area,
                            const char *period, const char *id) {
    for (const char *line = text; *line != '\0'; line = next_line(line))
        if (strcmp(test_field(line, 0), type) == 0 &&
            strcmp(test_field(line, 1), area) == 0 &&
            strcmp(test_field(line, 3), period) == 0 &&
            strcmp(test_field(line, 4), id) == 0)
            return test_field(line, 5);
    fail_msg("no row %s %s %s %s", type, area, period, id);
    return NULL;
}

static void check_layer(const world *w, const char *csv, const char *type) {
    static const char *const ids[] = {"all-calls", "fires"};
    static const char *const periods[] = {"2021/22", "12m@2022-09"};
    static const char *const names[] = {"2021_22", "12m_2022_09"};
    ps_table *table;
    ps_error err = {.text = ""};
    if (ps_layer_read_table("placestat.gpkg", w->out, type, (ps_header){1, 1}, NULL, 0,
                            NULL, &table, &err) != PS_OK)
        fail_msg("%s", err.text);
    for (size_t row = 0; row < ps_table_rows(table); row++)
        for (int k = 0; k < 4; k++) {
            char name[64];
            int code, column;
            snprintf(name, sizeof name, "%s_%s", ids[k / 2], names[k % 2]);
            for (char *c = name; *c != '\0'; c++)
                if (*c == '-') *c = '_';
            assert_int_equal(ps_table_need_column(table, ps_str_of("code"), &code, &err),
                             PS_OK);
            if (ps_table_need_column(table, ps_str_of(name), &column, &err) != PS_OK)
                fail_msg("%s", err.text);
            char area[16];
            const ps_str text = ps_table_cell(table, row, (size_t)code);
            snprintf(area, sizeof area, "%.*s", (int)text.n, text.p);
            const char *wanted = value_of(csv, type, area, periods[k % 2], ids[k / 2]);
            const ps_str seen = ps_table_cell(table, row, (size_t)column);
            if (!ps_str_is(seen, wanted))
                fail_msg("%s %s %s: '%.*s', not '%s'", type, area, name, (int)seen.n,
                         seen.p, wanted);
        }
    ps_table_free(table);
}

/* counts.csv has a row for each area and series, of all months together and without a
 * count, whatever there was. */
static void check_no_months(const char *counts) {
    static const char header[] = "area_type,area_code,series,month,count,status\n",
                      end[] = ",2021-04..2022-09,,suppressed\n";
    assert_int_equal(strncmp(counts, header, sizeof header - 1), 0);
    size_t rows = 0;
    for (const char *line = counts + sizeof header - 1; *line != '\0'; rows++) {
        const char *next = strchr(line, '\n') + 1;
        assert_true((size_t)(next - line) > sizeof end);
        assert_int_equal(strncmp(next - (sizeof end - 1), end, sizeof end - 1), 0);
        line = next;
    }
    assert_true(rows > 0);
}

static void all_files_agree(void **state) {
    (void)state;
    uint64_t seed = 9;
    world w;
    make_world(&w, &seed);
    run(&w, "job.yaml", w.out);
    char *csv = test_file_read(test_path(w.out, "indicators.csv"), NULL);
    char *counts = test_file_read(test_path(w.out, "counts.csv"), NULL);
    assert_non_null(strstr(csv, ",suppressed,"));
    check_layer(&w, csv, "square");
    check_layer(&w, csv, "ward");
    check_layer(&w, csv, "pair");
    check_no_months(counts);
    free(csv), free(counts);
    test_folder_remove(w.folder);
}

static void threads_do_not_matter(void **state) {
    (void)state;
    uint64_t seed = 4;
    world w;
    make_world(&w, &seed);
    const int before = ps_threads();
    char *text[3];
    for (int k = 0; k < 3; k++) {
        ps_set_threads(k + 1);
        run(&w, "job.yaml", w.out);
        text[k] = test_file_read(test_path(w.out, "indicators.csv"), NULL);
        assert_string_equal(text[k], text[0]);
    }
    ps_set_threads(before);
    for (int k = 0; k < 3; k++) free(text[k]);
    test_folder_remove(w.folder);
}

/* ---- Classes ---- */

static void public_data_are_left_alone(void **state) {
    (void)state;
    uint64_t seed = 9;
    world w;
    char text[sizeof job + 64];
    const char *covers = strstr(job, "covers: all");
    make_world(&w, &seed);
    snprintf(text, sizeof text, "%.*sdisclosure: public, %s", (int)(covers - job), job,
             covers);
    test_file_write(w.folder, "job.yaml", text, strlen(text));
    run(&w, "job.yaml", w.out);
    char *csv = test_file_read(test_path(w.out, "indicators.csv"), NULL);
    assert_null(strstr(csv, "suppressed"));
    free(csv);
    test_folder_remove(w.folder);
}

/* Said in the job, with a reason that the manifest tells. */
static void control_can_be_turned_off(void **state) {
    (void)state;
    uint64_t seed = 9;
    world w;
    char text[sizeof job + 128];
    make_world(&w, &seed);
    snprintf(text, sizeof text,
             "%sdisclosure: {off: [{input: calls, reason: Nobody is counted}]}\n", job);
    test_file_write(w.folder, "job.yaml", text, strlen(text));
    run(&w, "job.yaml", w.out);
    char *csv = test_file_read(test_path(w.out, "indicators.csv"), NULL);
    char *manifest = test_file_read(test_path(w.out, "manifest.json"), NULL);
    assert_null(strstr(csv, "suppressed"));
    assert_non_null(strstr(manifest, "\"off\": \"Nobody is counted\""));
    free(csv), free(manifest);
    test_folder_remove(w.folder);
}

/* Sensitive data hide zeros, counts up to 9, and areas with few people. */
static void sensitive_data_hide_more(void **state) {
    (void)state;
    uint64_t seed = 9;
    world w;
    char text[sizeof job + 128];
    const char *covers = strstr(job, "covers: all");
    make_world(&w, &seed);
    snprintf(text, sizeof text,
             "%.*sdisclosure: sensitive, %sdisclosure: "
             "{sensitive_people: 850}\n",
             (int)(covers - job), job, covers);
    test_file_write(w.folder, "job.yaml", text, strlen(text));
    run(&w, "job.yaml", w.out);
    char *csv = test_file_read(test_path(w.out, "indicators.csv"), NULL);
    for (const char *line = next_line(csv); *line != '\0'; line = next_line(line)) {
        const bool ok = strcmp(test_field(line, 11), "ok") == 0;
        if (strcmp(test_field(line, 10), "count") == 0 && ok &&
            strstr(test_field(line, 4), "-rate") == NULL)
            assert_true(atof(test_field(line, 5)) >= 10);
        assert_false(ok && strcmp(test_field(line, 1), "D") == 0);
    }
    free(csv);
    test_folder_remove(w.folder);
}

/* ---- Notes ---- */

static void listen(void *context, ps_talk_level level, const char *sentence) {
    char *kept = context;
    if (level == PS_TALK_WARNING && strstr(sentence, "mean no value") != NULL)
        snprintf(kept, 1024, "%s", sentence);
}

/* Crashes are bound to a text that no row has, so those rows mean nothing. How many they
 * are is told of public data alone. */
static void notes_have_no_small_numbers(void **state) {
    static const char bound[] = "columns: [{id: kind, column: kind}]",
                      other[] =
                          "columns: [{id: kind, column: kind, values: [{id: fire, "
                          "of: [fire]}, {id: flood, of: [flood]}, {id: crash, of: "
                          "[collision]}]}]";
    (void)state;
    uint64_t seed = 9;
    world w;
    make_world(&w, &seed);
    for (int public = 0; public < 2; public ++) {
        char text[2 * sizeof job], told[1024] = "";
        const ps_talk talk = {.say = listen, .context = told};
        const char *covers = strstr(job, "covers: all"), *columns = strstr(job, bound);
        snprintf(text, sizeof text, "%.*s%s%.*s%s%s", (int)(covers - job), job,
                 public ? "disclosure: public, " : "", (int)(columns - covers), covers,
                 other, columns + strlen(bound));
        test_file_write(w.folder, "job.yaml", text, strlen(text));
        run_telling(&w, "job.yaml", w.out, &talk);
        assert_non_null(strstr(told, "'crash'"));
        assert_int_equal(strstr(told, "texts of some rows") != NULL, !public);
        assert_int_equal(strstr(told, "'crash' (") != NULL, public);
    }
    test_folder_remove(w.folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_small_follows),
        cmocka_unit_test(all_files_agree),
        cmocka_unit_test(threads_do_not_matter),
        cmocka_unit_test(public_data_are_left_alone),
        cmocka_unit_test(control_can_be_turned_off),
        cmocka_unit_test(sensitive_data_hide_more),
        cmocka_unit_test(notes_have_no_small_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

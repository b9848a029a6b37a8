/* Every method of the list on tables made to break it: nothing, one row, all the same,
 * all zero, missing, huge, tiny, negative. It gives a table or refuses with a reason;
 * what it gives holds no NaN and no infinity, each status is one that is told, an empty
 * value has a reason, and the bytes are the same on 1, 2 and 7 threads. A method that is
 * added to the list is tested here without a line of its own. */
#include <ctype.h>
#include <stdlib.h>

#include "engine/core/par.h"
#include "indicators/draw.h"
#include "tests/support/method.h"

enum { ROWS = 24, TABLES = 96, TEXT = 32 * 1024 };

static uint64_t seed;
/* Of the whole list: how often a method gave a table, to know that tables get through. */
static size_t given, refused, wrong;

/* One complaint per table; the run goes on, to see all that is wrong at once. */
#define COMPLAIN(...) (print_error(__VA_ARGS__), wrong++)

static size_t below(size_t n) {
    return (size_t)test_random_below(&seed, n);
}

#define PICK(list) ((list)[below(sizeof(list) / sizeof *(list))])

/* ---- tables ---- */

/* Words that columns and parameters of this name want, apart from numbers; "" is a
 * missing cell. %zu is the row. */
static const struct {
    const char *name, *words[8];
} vocabulary[] = {
    {"month", {"2021-01", "2021-02", "2021-04", "2022-03", "2023-12", "1999-12"}},
    {"period", {"2020/21", "2021/22"}},
    {"year", {"2020/21", "2021/22"}},
    {"round", {"2018", "2021"}},
    {"date", {"2021-04-01", "2021-04-02", "2021-12-31", "2020-02-29", "2022-03-31"}},
    {"theme", {"feeling-safe", "natural-space", "moving-around", "play-recreation"}},
    {"approach",
     {"connecting", "communicating", "equalising", "trusting", "celebrating"}},
    {"resp_type", {"individual", "group", ""}},
    {"polarity", {"higher-better", "lower-better"}},
    {"chgind", {"U", "S", "M", "X", ""}},
    {"band", {"hot-99", "cold-95", "ns", ""}},
    {"measure", {"count", "survey", "register", ""}},
    {"target_kind",
     {"below-baseline", "above", "trajectory", "reduce", "increase", "mirror"}},
    {"kind", {"event", "population", ""}},
    {"sample", {"before", "after"}},
    {"version", {"1"}},
    {"area_parent", {""}},
    {"series_parent", {""}},
    {"period_parent", {""}},
    {"part_of", {""}},
    {"indicator", {"i0", "i1", "i2"}},
    {"hotspot", {"0", "1"}},
    {"quintile", {"1", "2", "5"}},
    {"centroid", {"0", "1"}},
    {"marked", {"0", "1"}},
    {"stage", {"1", "2", "3", ""}},
    {"neighbours", {"a0;a1", "a1", "", "a0"}},
};

/* What parameters have to be given, and how often a method repeats itself. */
static const struct {
    const char *name, *value;
} arguments[] = {
    {"scale_min", "0"},    {"scale_max", "5"},  {"least", "2"},    {"from", "2021-04-01"},
    {"to", "2022-03-31"},  {"nsim", "1000"},    {"nstart", "3"},   {"permutations", "19"},
    {"simulations", "19"}, {"bandwidth", "50"}, {"distance", "2"}, {"target", "1"},
};

typedef enum mood {
    SMALL,
    ZERO,
    SAME,
    MISSING,
    HUGE_,
    TINY,
    NEGATIVE,
    MIXED,
    MOODS
} mood;

static const char *number(mood m, bool whole) {
    static const char *const small[] = {"0", "1", "2", "3", "5", "8", "40"};
    static const char *const huge[] = {"1e300", "1.7e308", "1e154", "9e15", "1e12", "0"};
    static const char *const big[] = {"9007199254740992", "4503599627370497",
                                      "2147483648", "1000000", "0"};
    static const char *const tiny[] = {"1e-300", "5e-324", "1e-160", "1e-12", "0"};
    static const char *const negative[] = {"-1", "-0.5", "-1e9", "3", "-1e200"};
    switch (m) {
        case SMALL:
            return PICK(small);
        case ZERO:
            return "0";
        case SAME:
            return "3";
        case MISSING:
            return below(3) == 0 ? "2" : below(2) == 0 ? "" : "[x]";
        case HUGE_:
            return whole ? PICK(big) : PICK(huge);
        case TINY:
            return whole ? PICK(small) : PICK(tiny);
        case NEGATIVE:
            return PICK(negative);
        case MIXED:
            return number((mood)below(MIXED), whole);
        case MOODS:
            break;
    }
    return "";
}

static void cell(const ps_method_column *column, mood m, size_t row, char *out,
                 size_t n) {
    for (size_t i = 0; i < PS_LENGTH(vocabulary); i++) {
        if (strcmp(vocabulary[i].name, column->name) != 0) continue;
        size_t words = 0;
        while (words < 8 && vocabulary[i].words[words] != NULL) words++;
        snprintf(out, n, "%s", vocabulary[i].words[below(words)]);
        return;
    }
    /* Half of the tables are of areas that stand once. */
    if (column->kind == PS_COLUMN_TEXT)
        snprintf(out, n, "a%zu",
                 strstr(column->meaning, "once") != NULL ? row : below(4));
    else
        snprintf(out, n, "%s", number(m, column->kind == PS_COLUMN_INTEGER));
}

static bool is_panel(const ps_method *method) {
    for (size_t c = 0; c < method->n_input; c++)
        if (strcmp(method->input[c].name, "indicator") == 0) return true;
    return false;
}

/* What most methods want: months and quantiles one by one, areas that stand once, or once
 * with each of three indicators. */
static bool in_order(const ps_method *method, size_t column, size_t row, char *out,
                     size_t n) {
    const ps_method_column *of = &method->input[column];
    bool panel = is_panel(method);
    if (strcmp(of->name, "month") == 0)
        snprintf(out, n, "%zu-%02zu", 2019 + row / 12, row % 12 + 1);
    else if (strcmp(of->name, "quantile") == 0)
        snprintf(out, n, "%zu", row + 1);
    else if (strcmp(of->name, "indicator") == 0)
        snprintf(out, n, "i%zu", row % 3);
    else if (strcmp(of->name, "polarity") == 0)
        snprintf(out, n, "%s", row % 3 == 0 ? "higher-better" : "lower-better");
    else if (panel && strcmp(of->name, "period") == 0)
        snprintf(out, n, "2021");
    else if (of->kind == PS_COLUMN_TEXT &&
             (column == 0 || strcmp(of->name, "area_code") == 0))
        snprintf(out, n, "a%zu", panel ? row / 3 : row);
    else
        return false;
    return true;
}

/* A table of some of the method's columns, the required ones among them. */
static void make_table(const ps_method *method, mood m, size_t rows, char *text) {
    bool there[TEST_MOST_COLUMNS];
    size_t at = 0;
    bool first = true, ordered = is_panel(method) || below(2) == 0;
    for (size_t c = 0; c < method->n_input; c++) {
        there[c] = method->input[c].required || below(2) == 0;
        if (!there[c]) continue;
        at += (size_t)snprintf(text + at, TEXT - at, "%s%s", first ? "" : ",",
                               method->input[c].name);
        first = false;
    }
    at += (size_t)snprintf(text + at, TEXT - at, "\n");
    for (size_t r = 0; r < rows; r++) {
        first = true;
        for (size_t c = 0; c < method->n_input; c++) {
            char word[64];
            if (!there[c]) continue;
            if (!ordered || !in_order(method, c, r, word, sizeof word))
                cell(&method->input[c], m, r, word, sizeof word);
            at += (size_t)snprintf(text + at, TEXT - at, "%s%s", first ? "" : ",", word);
            first = false;
        }
        at += (size_t)snprintf(text + at, TEXT - at, "\n");
    }
    assert_true(at < TEXT);
}

/* Any of the choices, and what has to be given. */
static size_t make_arguments(const ps_method *method, ps_method_argument *list,
                             char (*choice)[64]) {
    size_t n = 0;
    for (size_t p = 0; p < method->n_param; p++) {
        const ps_method_param *param = &method->param[p];
        const char *value = NULL;
        for (size_t i = 0; i < PS_LENGTH(arguments); i++)
            if (strcmp(arguments[i].name, param->name) == 0 &&
                (param->fallback == NULL || param->kind == PS_COLUMN_INTEGER ||
                 (param->kind == PS_COLUMN_NUMBER && below(2) == 0)))
                value = arguments[i].value;
        if (value == NULL && param->choices != NULL &&
            (param->fallback == NULL || below(3) == 0)) {
            size_t count = 1;
            for (const char *c = param->choices; *c != '\0'; c++) count += *c == '|';
            const char *c = param->choices;
            for (size_t skip = below(count); skip > 0; skip--) c = strchr(c, '|') + 1;
            snprintf(choice[n], 64, "%.*s", (int)strcspn(c, "|"), c);
            value = choice[n];
        }
        if (value == NULL) continue;
        assert_true(n < TEST_MOST_ARGUMENTS);
        list[n++] = (ps_method_argument){param->name, value};
    }
    return n;
}

/* ---- what holds of every result ---- */

/* Is the word in the text, as a whole word? */
static bool has_word(const char *text, ps_str word) {
    for (const char *at = text; *at != '\0';) {
        size_t n = strcspn(at, " ,;:()|");
        if (n == word.n && memcmp(at, word.p, n) == 0) return true;
        at += n;
        at += strspn(at, " ,;:()|");
    }
    return false;
}

static bool is_not_a_number(ps_str text) {
    static const char *const words[] = {"nan", "inf", "infinity"};
    if (text.n > 0 && (text.p[0] == '-' || text.p[0] == '+'))
        text = (ps_str){text.p + 1, text.n - 1};
    for (size_t i = 0; i < PS_LENGTH(words); i++) {
        size_t k = 0;
        if (strlen(words[i]) != text.n) continue;
        while (k < text.n && tolower((unsigned char)text.p[k]) == words[i][k]) k++;
        if (k == text.n) return true;
    }
    return false;
}

static bool ends_with_status(const char *name) {
    size_t n = strlen(name);
    return n >= 6 && strcmp(name + n - 6, "status") == 0;
}

/* The status column of a value: value_status, of value also status. */
static int status_of(const ps_method *method, size_t column) {
    char name[80];
    snprintf(name, sizeof name, "%s_status", method->output[column].name);
    bool is_value = strcmp(method->output[column].name, "value") == 0;
    int at = -1;
    for (size_t c = 0; c < method->n_output; c++)
        if (strcmp(method->output[c].name, name) == 0 ||
            (is_value && at < 0 && strcmp(method->output[c].name, "status") == 0))
            at = (int)c;
    return at;
}

static size_t check_cells(const ps_method *method, const ps_table *t, const char *input) {
    static const char *const told[] = {"ok",
                                       "missing",
                                       "undefined",
                                       "unbounded",
                                       "small-base",
                                       "suppressed-primary",
                                       "suppressed-secondary",
                                       "not-applicable"};
    for (size_t r = 0; r < ps_table_rows(t); r++) {
        for (size_t c = 0; c < ps_table_columns(t); c++) {
            const ps_method_column *column = &method->output[c];
            ps_str text = ps_table_cell(t, r, c);
            double x;
            if (is_not_a_number(text) || (column->kind != PS_COLUMN_TEXT && text.n > 0 &&
                                          !ps_parse_double(text, &x)))
                return COMPLAIN("%s: row %zu, %s is '%.*s', from\n%s", method->id, r,
                                column->name, (int)text.n, text.p, input);
            if (ends_with_status(column->name)) {
                bool known = has_word(column->meaning, text);
                for (size_t i = 0; i < PS_LENGTH(told); i++)
                    known = known || ps_str_eq(text, ps_str_of(told[i]));
                if (!known)
                    return COMPLAIN(
                        "%s: row %zu, %s is '%.*s', which is not told, from\n"
                        "%s",
                        method->id, r, column->name, (int)text.n, text.p, input);
            }
            int status = status_of(method, c);
            /* What is carried over stands whatever became of it. */
            if (status < 0 || strncmp(column->meaning, "as in the input", 15) == 0)
                continue;
            bool ok = ps_str_eq(ps_table_cell(t, r, (size_t)status), ps_str_of("ok"));
            if (ok != (text.n > 0))
                return COMPLAIN("%s: row %zu, %s is '%.*s', %s '%.*s', from\n%s",
                                method->id, r, column->name, (int)text.n, text.p,
                                method->output[status].name,
                                (int)ps_table_cell(t, r, (size_t)status).n,
                                ps_table_cell(t, r, (size_t)status).p, input);
        }
    }
    return 0;
}

static void same_bytes(const ps_method *method, const ps_table *a, const ps_table *b) {
    assert_int_equal(ps_table_rows(a), ps_table_rows(b));
    for (size_t r = 0; r < ps_table_rows(a); r++)
        for (size_t c = 0; c < ps_table_columns(a); c++)
            if (!ps_str_eq(ps_table_cell(a, r, c), ps_table_cell(b, r, c)))
                fail_msg("%s: row %zu, %s depends on the number of threads", method->id,
                         r, method->output[c].name);
}

/* Whoever asks for the working gets the same result, and none for a cell that is empty.
 */
static void check_steps(const ps_method *method, const ps_table *input,
                        const ps_method_argument *list, size_t n, const ps_table *plain) {
    ps_table *result = NULL, *steps = NULL;
    ps_error err = {.text = ""};
    const ps_status status =
        ps_method_derive(method, input, list, n, &result, &steps, &err);
    assert_true((status == PS_OK) == (plain != NULL));
    if (status == PS_OK) {
        same_bytes(method, plain, result);
        assert_int_equal(ps_table_rows(steps), ps_table_rows(result));
        assert_int_equal(ps_table_columns(steps), ps_table_columns(result));
    }
    for (size_t r = 0; status == PS_OK && r < ps_table_rows(steps); r++)
        for (size_t c = 0; c < ps_table_columns(steps); c++) {
            const ps_str lines = ps_table_cell(steps, r, c);
            if (lines.n == 0) continue;
            assert_true(lines.p[lines.n - 1] == '\n');
            if (ps_table_cell(result, r, c).n == 0)
                fail_msg("%s: row %zu, %s is empty, but has a working: %.*s", method->id,
                         r, method->output[c].name, (int)lines.n, lines.p);
        }
    ps_table_free(steps);
    ps_table_free(result);
}

static void run(const ps_method *method, const char *text, mood m) {
    static const int threads[] = {1, 2, 7};
    ps_method_argument list[TEST_MOST_ARGUMENTS];
    char choice[TEST_MOST_ARGUMENTS][64];
    size_t n = make_arguments(method, list, choice);
    ps_table *input = NULL, *first = NULL;
    ps_error err = {.text = ""};
    assert_int_equal(test_table(text, &input, &err), PS_OK);
    char said[sizeof err.text] = "";
    for (size_t i = 0; i < PS_LENGTH(threads); i++) {
        ps_table *result = NULL;
        ps_set_threads(threads[i]);
        err = (ps_error){.text = ""};
        ps_status status = ps_method_run(method, input, list, n, NULL, &result, &err);
        assert_true((status == PS_OK) == (result != NULL));
        if (i == 0) {
            status == PS_OK ? given++ : refused++;
            if (status != PS_OK) {
                /* Refused: a sentence for who reads it, and nothing that says NaN. */
                if (err.text[0] == '\0' || status == PS_NOMEM ||
                    has_word(err.text, ps_str_of("nan")) ||
                    has_word(err.text, ps_str_of("-nan")) ||
                    has_word(err.text, ps_str_of("inf")))
                    COMPLAIN("%s (mood %d): '%s' (status %d), from\n%s", method->id,
                             (int)m, err.text, (int)status, text);
                if (getenv("SHOW")) print_message("  %s\n", err.text);
                snprintf(said, sizeof said, "%s", err.text);
                continue;
            }
            check_cells(method, result, text);
            first = result;
            continue;
        }
        assert_true((result != NULL) == (first != NULL));
        assert_string_equal(err.text, said);
        if (result != NULL) same_bytes(method, first, result);
        ps_table_free(result);
    }
    static int turn; /* one in four is enough */
    if (turn++ % 4 == 0) check_steps(method, input, list, n, first);
    ps_table_free(first);
    ps_table_free(input);
}

static void nothing_breaks_a_method(void **state) {
    (void)state;
    static char text[TEXT];
    static const size_t rows[] = {0, 1, 2, 5, ROWS, ROWS};
    const ps_method *const *methods;
    size_t n = ps_methods(&methods);
    for (size_t i = 0; i < n; i++) {
        size_t before = given;
        /* A method more does not change the tables of the others. */
        seed = ps_draw_unit(ps_str_of(methods[i]->id));
        for (int t = 0; t < TABLES; t++) {
            mood m = (mood)(t % MOODS);
            make_table(methods[i], m, rows[(size_t)t / MOODS % PS_LENGTH(rows)], text);
            run(methods[i], text, m);
        }
        print_message("%s: %zu of %d tables\n", methods[i]->id, given - before, TABLES);
    }
    ps_set_threads(0);
    print_message("%zu tables, %zu refused\n", given, refused);
    assert_int_equal(wrong, 0);
    assert_true(given > refused);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_breaks_a_method)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

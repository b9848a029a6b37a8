/* Parsing by option table: every form of an option, every refusal, and the argument with
 * keys. */
#include "engine/cli/opt.h"

#include <stdlib.h>
#include <string.h>

#include "tests/support/test.h"

typedef struct request {
    const char *file, *text;
    int64_t number;
    ps_opt_list by;
    int choice, loud;
    bool zeros;
} request;

static const char *const choices[] = {"repair", "skip", "stop", NULL};

static const ps_opt table[] = {
    {.name = "output",
     .letter = 'o',
     .kind = PS_OPT_FILE,
     .at = offsetof(request, file),
     .value = "FILE"},
    {.name = "areas",
     .kind = PS_OPT_TEXT,
     .required = true,
     .at = offsetof(request, text),
     .value = "FILE"},
    {.name = "by", .kind = PS_OPT_LIST, .at = offsetof(request, by), .value = "COL"},
    {.name = "zeros",
     .letter = 'z',
     .kind = PS_OPT_SWITCH,
     .at = offsetof(request, zeros)},
    {.name = "invalid",
     .kind = PS_OPT_CHOICE,
     .at = offsetof(request, choice),
     .choices = choices,
     .fallback = "skip"},
};
static const ps_opt general[] = {
    {.name = "threads",
     .letter = 't',
     .kind = PS_OPT_NUMBER,
     .at = offsetof(request, number),
     .value = "N",
     .least = 0,
     .most = 64,
     .environment = "PLACESTAT_TEST_THREADS"},
    {.name = "quiet", .letter = 'q', .kind = PS_OPT_COUNT, .at = offsetof(request, loud)},
};

static const ps_operand any = {PS_OPERAND_FILE, "POINTS", 1, 0, NULL, ""};
static const ps_operand one = {PS_OPERAND_FILE, "JOB", 1, 1, NULL, ""};
static const ps_operand none = {.kind = PS_OPERAND_NONE};
static const ps_operand choice = {PS_OPERAND_CHOICE, "POLICY", 1, 1, choices, ""};

typedef struct outcome {
    ps_arena *arena;
    request r, g;
    ps_opt_list operands, recorded;
    ps_error err;
} outcome;

/* Parse and complete words up to NULL. */
static ps_status parse(outcome *o, const ps_operand *operand, const char *const *words) {
    size_t n = 0;
    while (words[n] != NULL) n++;
    *o = (outcome){0};
    PS_TRY(ps_arena_create(&o->arena, &o->err));
    ps_opt_group groups[] = {
        {.option = table, .n = sizeof table / sizeof *table, .into = &o->r},
        {.option = general,
         .n = sizeof general / sizeof *general,
         .into = &o->g,
         .unrecorded = true}};
    PS_TRY(
        ps_opt_parse(groups, 2, words, n, o->arena, &o->operands, &o->recorded, &o->err));
    return ps_opt_complete(groups, 2, operand, &o->operands, o->arena, &o->err);
}

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void accept(outcome *o, const ps_operand *operand, const char *const *words) {
    ps_status status = parse(o, operand, words);
    if (status != PS_OK) fail_msg("refused: %s", o->err.text);
}

/* Refused as PS_CONFIG with a message that holds text. */
static void refuse(const ps_operand *operand, const char *const *words,
                   const char *text) {
    outcome o;
    assert_int_equal(parse(&o, operand, words), PS_CONFIG);
    if (strstr(o.err.text, text) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", text, o.err.text);
    ps_arena_free(o.arena);
}

static void forms_mean_the_same(void **state) {
    (void)state;
    static const char *const forms[][4] = {
        {"--output", "x.csv", NULL}, {"--output=x.csv", NULL}, {"-o", "x.csv", NULL},
        {"-ox.csv", NULL},           {"-zox.csv", NULL},       {"-zo", "x.csv", NULL}};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        const char *words[8] = {"p.csv", "--areas=a.shp"};
        size_t n = 2;
        for (size_t j = 0; forms[i][j] != NULL; j++) words[n++] = forms[i][j];
        outcome o;
        accept(&o, &any, words);
        assert_string_equal(o.r.file, "x.csv");
        assert_string_equal(o.r.text, "a.shp");
        assert_int_equal(o.operands.n, 1);
        ps_arena_free(o.arena);
    }
}

static void options_stand_anywhere(void **state) {
    (void)state;
    outcome o;
    accept(&o, &any,
           WORDS("--by", "Month", "a", "-q", "--areas", "s", "b", "--by=x=y", "-qq", "-",
                 "--zeros", "-t", "7", "--", "--by", "-z"));
    assert_int_equal(o.operands.n, 5);
    assert_string_equal(o.operands.item[2], "-");
    assert_string_equal(o.operands.item[3], "--by");
    assert_string_equal(o.operands.item[4], "-z");
    assert_int_equal(o.r.by.n, 2);
    assert_string_equal(o.r.by.item[0], "Month");
    assert_string_equal(o.r.by.item[1], "x=y");
    assert_int_equal(o.g.loud, 3);
    assert_int_equal(o.g.number, 7);
    assert_true(o.r.zeros);
    ps_arena_free(o.arena);
}

static void long_lists_grow(void **state) {
    (void)state;
    const char *words[202] = {"--areas=s"};
    for (size_t i = 1; i < 201; i++) words[i] = i % 2 ? "--by=c" : "file";
    outcome o;
    accept(&o, &any, words);
    assert_int_equal(o.r.by.n, 100);
    assert_int_equal(o.operands.n, 100);
    for (size_t i = 0; i < 100; i++) assert_string_equal(o.operands.item[i], "file");
    ps_arena_free(o.arena);
}

static void mistakes_are_named(void **state) {
    (void)state;
    refuse(&any, WORDS("a", "--area", "s"), "'--area'; did you mean '--areas'?");
    refuse(&any, WORDS("a", "--area=s"), "'--area'; did you mean '--areas'?");
    refuse(&any, WORDS("a", "--thread", "2"), "did you mean '--threads'?");
    refuse(&any, WORDS("a", "--nothing-like-it"), "unknown option '--nothing-like-it'");
    refuse(&any, WORDS("a", "-x"), "unknown option '-x'");
    refuse(&any, WORDS("a", "-areas", "s"), "'--areas'");
    refuse(&any, WORDS("a", "-areas=s"), "'--areas=s'");
    refuse(&any, WORDS("a", "--areas"), "--areas needs a value");
    refuse(&any, WORDS("a", "--areas", "--zeros"), "--areas=--zeros");
    refuse(&any, WORDS("a", "--areas="), "needs a value that is not empty");
    refuse(&any, WORDS("a", "--areas", ""), "needs a value that is not empty");
    refuse(&any, WORDS("a", "-o"), "--output needs a value");
    refuse(&any, WORDS("a", "--zeros=yes"), "--zeros takes no value, got 'yes'");
    refuse(&any, WORDS("a", "--areas=s", "--areas=s"), "--areas stands twice");
    refuse(&any, WORDS("a", "-z", "--zeros"), "--zeros stands twice");
    refuse(&any, WORDS("a", "--invalid", "repar"),
           "'repar' is none of repair, skip, stop; did you mean 'repair'?");
    refuse(&any, WORDS("a", "-t", "65"), "'65' is not a whole number from 0 to 64");
    refuse(&any, WORDS("a", "--threads=-1"), "'-1' is not a whole number");
    refuse(&any, WORDS("a", "--threads", "99999999999999999999"), "whole number");
    refuse(&any, WORDS("a"), "--areas FILE is missing");
    refuse(&any, WORDS("--areas=s"), "POINTS is missing");
    refuse(&any, WORDS("", "--areas=s"), "POINTS is an empty text");
    refuse(&one, WORDS("a", "b", "--areas=s"), "takes one JOB, got 'b' besides");
    refuse(&none, WORDS("a", "--areas=s"), "takes options only, got 'a'");
    refuse(&choice, WORDS("--areas=s"), "POLICY is missing: one of repair, skip, stop");
    refuse(&choice, WORDS("skp", "--areas=s"), "did you mean 'skip'?");
}

static void long_words_are_cut(void **state) {
    (void)state;
    char word[4096] = "--";
    memset(word + 2, 'x', sizeof word - 3);
    word[sizeof word - 1] = '\0';
    refuse(&any, WORDS("a", word), "unknown option '--xxx");
    word[1] = 'y';
    refuse(&any, WORDS("a", word), "unknown option '-y");
    refuse(&any, WORDS("a", "--threads", word + 2), "is not a whole number");
}

static void environment_stands_below_options(void **state) {
    (void)state;
    outcome o;
    setenv("PLACESTAT_TEST_THREADS", "5", 1);
    accept(&o, &any, WORDS("a", "--areas=s"));
    assert_int_equal(o.g.number, 5);
    ps_arena_free(o.arena);
    accept(&o, &any, WORDS("a", "--areas=s", "--threads=6"));
    assert_int_equal(o.g.number, 6);
    ps_arena_free(o.arena);
    setenv("PLACESTAT_TEST_THREADS", "many", 1);
    refuse(&any, WORDS("a", "--areas=s"), "PLACESTAT_TEST_THREADS: 'many'");
    setenv("PLACESTAT_TEST_THREADS", "", 1);
    accept(&o, &any, WORDS("a", "--areas=s"));
    assert_int_equal(o.g.number, 0);
    ps_arena_free(o.arena);
    unsetenv("PLACESTAT_TEST_THREADS");
}

static void fallbacks_fill_in(void **state) {
    (void)state;
    outcome o;
    accept(&o, &any, WORDS("a", "--areas=s"));
    assert_int_equal(o.r.choice, 2);
    ps_arena_free(o.arena);
    accept(&o, &any, WORDS("a", "--areas=s", "--invalid=stop"));
    assert_int_equal(o.r.choice, 3);
    ps_arena_free(o.arena);
}

static void recorded_line_is_canonical(void **state) {
    (void)state;
    static const char *const forms[][9] = {
        {"it's.csv", "--areas", "s,where=a = 'b'", "-zo", "x", "-t", "3", NULL},
        {"it's.csv", "-q", "--threads=9", "--areas=s,where=a = 'b'", "--zeros",
         "--output", "x", NULL}};
    for (size_t i = 0; i < 2; i++) {
        outcome o;
        accept(&o, &any, forms[i]);
        const char *line = ps_opt_line(&o.recorded, o.arena);
        assert_non_null(line);
        assert_string_equal(line,
                            "'it'\\''s.csv' '--areas=s,where=a = '\\''b'\\''' --zeros "
                            "--output=x");
        ps_arena_free(o.arena);
    }
}

enum { LAYER, WHERE, KEYS };
static const ps_opt_key keys[KEYS] = {{"layer", false}, {"where", true}};

static ps_status split(const char *text, const char **head, const char **value,
                       ps_arena **arena, ps_error *err) {
    PS_TRY(ps_arena_create(arena, err));
    return ps_opt_split("--areas", text, keys, KEYS, *arena, head, value, err);
}

static void check_split(const char *text, const char *path, const char *layer,
                        const char *where) {
    const char *head, *value[KEYS];
    ps_arena *arena;
    ps_error err = {0};
    if (split(text, &head, value, &arena, &err) != PS_OK) fail_msg("%s", err.text);
    assert_string_equal(head, path);
    assert_string_equal(value[LAYER] != NULL ? value[LAYER] : "", layer);
    assert_string_equal(value[WHERE] != NULL ? value[WHERE] : "", where);
    ps_arena_free(arena);
}

static void keys_behind_a_file(void **state) {
    (void)state;
    check_split("a.gpkg", "a.gpkg", "", "");
    check_split("a.gpkg,layer=lsoa", "a.gpkg", "lsoa", "");
    check_split("a.gpkg,layer=lsoa,where=x=1", "a.gpkg", "lsoa", "x=1");
    check_split("a.gpkg,where=x=1,layer=lsoa", "a.gpkg", "lsoa", "x=1");
    check_split("Leeds, 2021.gpkg,layer=a, b", "Leeds, 2021.gpkg", "a, b", "");
    check_split("a.shp,where=n IN ('p,layer=q',r,s=t),layer=l", "a.shp", "l",
                "n IN ('p,layer=q',r,s=t)");
    check_split("a.shp,where=n = \"x,layer=y\"", "a.shp", "", "n = \"x,layer=y\"");
    check_split("a.shp,where=n = 'it''s',layer=y", "a.shp", "y", "n = 'it''s'");
}

static void wrong_keys_are_named(void **state) {
    (void)state;
    static const char *const cases[][2] = {{"a,layr=x", "unknown key 'layr'"},
                                           {"a,layr=x", "did you mean 'layer'?"},
                                           {"a,zzzzzzz=x", "known are layer, where"},
                                           {"a,layer=", "layer= needs a value"},
                                           {"a,layer=,where=x", "layer= needs a value"},
                                           {"a,layer=x,layer=y", "layer= stands twice"},
                                           {",layer=x", "the file is missing"},
                                           {"", "the file is missing"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *head, *value[KEYS];
        ps_arena *arena;
        ps_error err = {0};
        assert_int_equal(split(cases[i][0], &head, value, &arena, &err), PS_CONFIG);
        if (strstr(err.text, cases[i][1]) == NULL)
            fail_msg("\"%s\" is not in \"%s\"", cases[i][1], err.text);
        ps_arena_free(arena);
    }
}

/* No argument makes the parser read or write where it must not. */
static void random_words_are_safe(void **state) {
    (void)state;
    static const char *const pieces[] = {"-",     "--",    "=", "o",   "areas", "by",
                                         "z",     "",      "q", ",",   "'",     "x",
                                         "layer", "where", "(", "\xff"};
    uint64_t seed = 11;
    for (int round = 0; round < 20000; round++) {
        char text[6][64];
        const char *words[7] = {NULL};
        size_t n = test_random_below(&seed, 7);
        for (size_t i = 0; i < n; i++) {
            text[i][0] = '\0';
            for (uint64_t left = test_random_below(&seed, 6); left > 0; left--)
                strcat(text[i],
                       pieces[test_random_below(&seed, sizeof pieces / sizeof *pieces)]);
            words[i] = text[i];
        }
        outcome o;
        ps_status status = parse(&o, &any, words);
        assert_true(status == PS_OK || status == PS_CONFIG);
        if (status == PS_CONFIG) assert_true(o.err.text[0] != '\0');
        assert_non_null(ps_opt_line(&o.recorded, o.arena));
        for (size_t i = 0; i < n; i++) {
            const char *head, *value[KEYS];
            status = ps_opt_split("--areas", words[i], keys, KEYS, o.arena, &head, value,
                                  &o.err);
            assert_true(status == PS_OK || status == PS_CONFIG);
        }
        ps_arena_free(o.arena);
    }
}

static ps_status everything(void *context, ps_error *err) {
    (void)context;
    outcome o;
    const char *head, *value[KEYS];
    ps_status status = parse(&o, &any,
                             WORDS("a", "b", "c", "d", "e", "f", "g", "h", "i",
                                   "--areas=s", "--by=x", "--by=y", "-zo", "x"));
    *err = o.err;
    if (status == PS_OK)
        status = ps_opt_split("--areas", "a,layer=b,where=c", keys, KEYS, o.arena, &head,
                              value, err);
    if (status == PS_OK && ps_opt_line(&o.recorded, o.arena) == NULL)
        status = ps_fail_nomem(err);
    ps_arena_free(o.arena);
    return status;
}

static void failing_allocations(void **state) {
    (void)state;
    assert_true(test_each_allocation_fails(everything, NULL) >= 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms_mean_the_same),
        cmocka_unit_test(options_stand_anywhere),
        cmocka_unit_test(long_lists_grow),
        cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(long_words_are_cut),
        cmocka_unit_test(environment_stands_below_options),
        cmocka_unit_test(fallbacks_fill_in),
        cmocka_unit_test(recorded_line_is_canonical),
        cmocka_unit_test(keys_behind_a_file),
        cmocka_unit_test(wrong_keys_are_named),
        cmocka_unit_test(random_words_are_safe),
        cmocka_unit_test(failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What stands on standard error, with a clock of the test's own. */
#include "engine/cli/terminal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/test.h"

static double now;
static double test_clock(void) {
    return now;
}

typedef struct fixture {
    ps_terminal terminal;
    char *folder;
    int fd;
    volatile sig_atomic_t stop;
} fixture;

static void open_terminal(fixture *f, ps_progress_mode mode, int quiet) {
    f->folder = test_folder_make();
    char path[512];
    snprintf(path, sizeof path, "%s/stderr-XXXXXX", f->folder);
    f->fd = mkstemp(path);
    assert_true(f->fd >= 0);
    f->stop = 0;
    now = 100;
    ps_terminal_open(&f->terminal, f->fd, mode, quiet, &f->stop);
    f->terminal.clock = test_clock;
}

/* The text so far must be exactly this. */
static void expect(fixture *f, const char *text) {
    char seen[16384] = "";
    ssize_t n = pread(f->fd, seen, sizeof seen - 1, 0);
    assert_true(n >= 0);
    seen[n] = '\0';
    assert_string_equal(seen, text);
}

static void close_terminal(fixture *f) {
    close(f->fd);
    test_folder_remove(f->folder);
}

static int step(fixture *f, const char *phase, double done, double total) {
    return f->terminal.talk.progress(f->terminal.talk.context, phase, done, total);
}

static void log_by_default(void **state) {
    (void)state;
    fixture f;
    open_terminal(&f, PS_PROGRESS_DEFAULT, 0);
    for (int i = 0; i <= 100; i++) step(&f, "quick", i, 100);
    expect(&f, ""); /* less than a second */
    for (int i = 0; i <= 100; i++) {
        step(&f, "slow", i, 100);
        now += 0.2;
    }
    expect(&f,
           "placestat: slow: 10 %\nplacestat: slow: 20 %\nplacestat: slow: 30 %\n"
           "placestat: slow: 40 %\nplacestat: slow: 50 %\nplacestat: slow: 60 %\n"
           "placestat: slow: 70 %\nplacestat: slow: 80 %\nplacestat: slow: 90 %\n"
           "placestat: slow: 100 %\n");
    close_terminal(&f);
}

static void log_when_nothing_moves(void **state) {
    (void)state;
    fixture f;
    open_terminal(&f, PS_PROGRESS_LOG, 0);
    for (int i = 0; i < 25; i++) {
        step(&f, "stuck", 1, 100);
        now += 1;
    }
    for (int i = 0; i < 12; i++) {
        step(&f, "unknown", i, 0);
        now += 1;
    }
    expect(&f,
           "placestat: stuck: 1 %\nplacestat: stuck: 1 %\nplacestat: unknown: 10 s\n");
    close_terminal(&f);
}

static void json_is_one_object_a_line(void **state) {
    (void)state;
    fixture f;
    open_terminal(&f, PS_PROGRESS_JSON, 0);
    step(&f, "a \"b\"", 0, 1000);
    step(&f, "a \"b\"", 500, 1000); /* too soon */
    step(&f, "a \"b\"", 1000, 1000);
    step(&f, "c", 7, 0);
    f.terminal.talk.say(&f.terminal, PS_TALK_WARNING, "line\nand \\ \x01 \xc3\xa9");
    f.terminal.talk.say(&f.terminal, PS_TALK_INFO, "fact");
    ps_terminal_rows(&f.terminal, ps_str_of("x: 1 read\ny: 2 read\n"));
    ps_terminal_error(&f.terminal, 4, "a.csv: gone");
    expect(&f,
           "{\"event\":\"progress\",\"phase\":\"a \\\"b\\\"\",\"done\":0,\"total\":1000,"
           "\"percent\":0}\n"
           "{\"event\":\"progress\",\"phase\":\"a \\\"b\\\"\",\"done\":1000,\"total\":"
           "1000,\"percent\":100}\n"
           "{\"event\":\"progress\",\"phase\":\"c\",\"done\":7}\n"
           "{\"event\":\"warning\",\"text\":\"line\\nand \\\\ \\u0001 \xc3\xa9\"}\n"
           "{\"event\":\"note\",\"text\":\"fact\"}\n"
           "{\"event\":\"rows\",\"text\":\"x: 1 read\"}\n"
           "{\"event\":\"rows\",\"text\":\"y: 2 read\"}\n"
           "{\"event\":\"error\",\"exit\":4,\"text\":\"a.csv: gone\"}\n");
    close_terminal(&f);
}

static void quiet_has_two_steps(void **state) {
    (void)state;
    static const char *const expected[] = {
        "placestat: note: n\nplacestat: warning: w\nplacestat: p: 100 %\nplacestat: e\n",
        "placestat: note: n\nplacestat: warning: w\nplacestat: e\n", "placestat: e\n"};
    for (int quiet = 0; quiet < 3; quiet++) {
        fixture f;
        open_terminal(&f, PS_PROGRESS_LOG, quiet);
        f.terminal.talk.say(&f.terminal, PS_TALK_INFO, "n");
        f.terminal.talk.say(&f.terminal, PS_TALK_WARNING, "w");
        step(&f, "p", 1, 1);
        ps_terminal_error(&f.terminal, 1, "e");
        expect(&f, expected[quiet]);
        close_terminal(&f);
    }
}

static void bar_is_wiped(void **state) {
    (void)state;
    fixture f;
    open_terminal(&f, PS_PROGRESS_BAR, 0);
    f.terminal.width = 40;
    step(&f, "reading", 1, 4);
    step(&f, "reading", 2, 4); /* too soon */
    now += 0.2;
    step(&f, "reading", 3, 4);
    f.terminal.talk.say(&f.terminal, PS_TALK_WARNING, "w");
    ps_terminal_clear(&f.terminal);
    expect(&f,
           "\rreading [######...............]  25 %\033[K"
           "\rreading [################.....]  75 %\033[K"
           "\r\033[Kplacestat: warning: w\n");
    close_terminal(&f);
}

static void narrow_window(void **state) {
    (void)state;
    char phase[300];
    memset(phase, 'x', sizeof phase - 1);
    phase[sizeof phase - 1] = '\0';
    fixture f;
    open_terminal(&f, PS_PROGRESS_BAR, 0);
    f.terminal.width = 20;
    step(&f, phase, 1, 2);
    expect(&f, "\rxxxxxxxxx  50 %\033[K");
    close_terminal(&f);
}

static void stop_is_passed_on(void **state) {
    (void)state;
    for (int mode = PS_PROGRESS_NONE; mode <= PS_PROGRESS_JSON; mode++) {
        fixture f;
        open_terminal(&f, (ps_progress_mode)mode, mode % 2);
        assert_int_equal(step(&f, "p", 1, 2), 0);
        f.stop = SIGINT;
        assert_int_not_equal(step(&f, "p", 1, 2), 0);
        close_terminal(&f);
    }
}

static void hostile_text(void **state) {
    (void)state;
    static char huge[20000];
    memset(huge, '"', sizeof huge - 1);
    fixture f;
    open_terminal(&f, PS_PROGRESS_JSON, 0);
    f.terminal.talk.say(&f.terminal, PS_TALK_WARNING, huge);
    char seen[16384] = "";
    ssize_t n = pread(f.fd, seen, sizeof seen - 1, 0);
    assert_true(n > 8000 && n <= 8192);
    assert_string_equal(seen + n - 3, "\"}\n");
    close_terminal(&f);
    open_terminal(&f, PS_PROGRESS_LOG, 0);
    ps_terminal_error(&f.terminal, 1, "a\033[2Jb\tc");
    expect(&f, "placestat: a?[2Jb?c\n");
    close_terminal(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(log_by_default),
        cmocka_unit_test(log_when_nothing_moves),
        cmocka_unit_test(json_is_one_object_a_line),
        cmocka_unit_test(quiet_has_two_steps),
        cmocka_unit_test(bar_is_wiped),
        cmocka_unit_test(narrow_window),
        cmocka_unit_test(stop_is_passed_on),
        cmocka_unit_test(hostile_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

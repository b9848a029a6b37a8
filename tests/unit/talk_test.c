/* Words and progress reach whoever listens, and nobody has to. */
#include "engine/core/talk.h"

#include <string.h>

#include "tests/support/test.h"

typedef struct heard {
    ps_talk_level level;
    char sentence[2048];
    int calls;
    double done, total;
    int stop;
} heard;

static void say(void *context, ps_talk_level level, const char *sentence) {
    heard *h = context;
    h->level = level;
    strcpy(h->sentence, sentence);
    h->calls++;
}

static int progress(void *context, const char *phase, double done, double total) {
    heard *h = context;
    assert_string_equal(phase, "reading crime");
    h->done = done;
    h->total = total;
    return h->stop;
}

static void sentences_are_handed_on(void **state) {
    (void)state;
    heard h = {0};
    const ps_talk talk = {say, progress, &h};
    ps_say(&talk, PS_TALK_WARNING, "%d of %s", 3, "four");
    assert_string_equal(h.sentence, "3 of four");
    assert_int_equal(h.level, PS_TALK_WARNING);
    char lengthy[3000];
    memset(lengthy, 'x', sizeof lengthy - 1);
    lengthy[sizeof lengthy - 1] = '\0';
    ps_say(&talk, PS_TALK_INFO, "%s", lengthy);
    assert_int_equal(strlen(h.sentence), 1023);
    assert_int_equal(h.level, PS_TALK_INFO);
    assert_int_equal(h.calls, 2);
}

static void a_listener_can_stop_the_work(void **state) {
    (void)state;
    heard h = {0};
    ps_talk talk = {say, progress, &h};
    ps_error err = {PS_OK, ""};
    assert_int_equal(ps_progress(&talk, "reading crime", 5, 10, &err), PS_OK);
    assert_true(h.done == 5 && h.total == 10);
    h.stop = 1;
    assert_int_equal(ps_progress(&talk, "reading crime", 6, 10, &err), PS_INTERRUPTED);
    assert_int_equal(err.status, PS_INTERRUPTED);
    assert_non_null(strstr(err.text, "reading crime"));
}

static void nobody_has_to_listen(void **state) {
    (void)state;
    const ps_talk silent = {NULL, NULL, NULL};
    ps_say(NULL, PS_TALK_WARNING, "%s", "x");
    ps_say(&silent, PS_TALK_WARNING, "%s", "x");
    assert_int_equal(ps_progress(NULL, "x", 1, 2, NULL), PS_OK);
    assert_int_equal(ps_progress(&silent, "x", 1, 2, NULL), PS_OK);
}

static bool is_of_crime(const void *context, const char *sentence) {
    assert_null(context);
    return strncmp(sentence, "crime:", 6) == 0;
}

static void what_is_held_can_be_sifted(void **state) {
    (void)state;
    heard h = {0};
    const ps_talk talk = {say, progress, &h};
    ps_error err = {PS_OK, ""};
    ps_talk_held *held;
    assert_int_equal(ps_talk_hold(&talk, &held, &err), PS_OK);
    ps_say(ps_talk_of(held), PS_TALK_WARNING, "%s", "fires: one");
    ps_say(ps_talk_of(held), PS_TALK_WARNING, "%s", "crime: two");
    ps_say(ps_talk_of(held), PS_TALK_INFO, "%s", "fires: three");
    assert_int_equal(h.calls, 0);
    assert_int_equal(ps_talk_sift(held, is_of_crime, NULL), 1);
    ps_talk_release(held, true);
    assert_int_equal(h.calls, 1);
    assert_string_equal(h.sentence, "crime: two");
    assert_int_equal(h.level, PS_TALK_WARNING);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sentences_are_handed_on),
        cmocka_unit_test(a_listener_can_stop_the_work),
        cmocka_unit_test(nobody_has_to_listen),
        cmocka_unit_test(what_is_held_can_be_sifted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

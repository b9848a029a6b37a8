/* Blocks depend on n and grain alone; the lowest failing block speaks for the loop. */
#include "engine/core/par.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/test.h"

enum { MOST = 5000 };
static const int thread_counts[] = {1, 2, 7};

typedef struct marks {
    size_t n, grain;
    unsigned char visits[MOST];
    size_t begin_of[MOST], end_of[MOST];
    size_t fails_from; /* blocks at and after this element fail */
    int busy[1024];    /* by worker */
    int wrong;         /* two at a time with one worker, or a worker that is none */
} marks;

static ps_status mark(void *context, size_t begin, size_t end, int worker,
                      ps_error *err) {
    marks *m = context;
    if (worker < 0 || worker >= ps_threads() ||
        __atomic_fetch_add(&m->busy[worker], 1, __ATOMIC_SEQ_CST) != 0) {
        __atomic_store_n(&m->wrong, 1, __ATOMIC_SEQ_CST);
        return PS_OK;
    }
    for (size_t i = begin; i < end; i++) {
        m->visits[i]++;
        m->begin_of[i] = begin;
        m->end_of[i] = end;
    }
    __atomic_fetch_sub(&m->busy[worker], 1, __ATOMIC_SEQ_CST);
    if (begin < m->fails_from) return PS_OK;
    return ps_fail(err, begin % 2 ? PS_FORMAT : PS_LIMIT, "element %zu", begin);
}

static void every_element_is_visited_once(void **state) {
    (void)state;
    static const size_t sizes[][2] = {{0, 1}, {1, 1},     {1, 100},     {10, 3},
                                      {7, 0}, {5000, 16}, {5000, 5000}, {4999, 1}};
    for (size_t t = 0; t < 3; t++) {
        ps_set_threads(thread_counts[t]);
        assert_int_equal(ps_threads(), thread_counts[t]);
        for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
            static marks m;
            memset(&m, 0, sizeof m);
            m.fails_from = SIZE_MAX;
            size_t n = sizes[s][0], grain = sizes[s][1] > 0 ? sizes[s][1] : 1;
            ps_error err = {PS_OK, ""};
            assert_int_equal(ps_par_for(n, sizes[s][1], mark, &m, &err), PS_OK);
            assert_int_equal(m.wrong, 0);
            for (size_t i = 0; i < n; i++) {
                assert_int_equal(m.visits[i], 1);
                assert_int_equal(m.begin_of[i], i / grain * grain);
                size_t end = i / grain * grain + grain;
                assert_int_equal(m.end_of[i], end < n ? end : n);
            }
        }
    }
    ps_set_threads(0);
    assert_true(ps_threads() >= 1);
    ps_set_threads(-3);
    assert_true(ps_threads() >= 1);
    ps_set_threads(1000000);
    assert_int_equal(ps_threads(), 1024);
    ps_set_threads(0);
}

static void the_lowest_failing_block_wins(void **state) {
    (void)state;
    for (size_t t = 0; t < 3; t++) {
        ps_set_threads(thread_counts[t]);
        for (size_t from = 0; from < 200; from += 13) {
            static marks m;
            memset(&m, 0, sizeof m);
            m.fails_from = from;
            ps_error err = {PS_OK, "old words"};
            size_t first = (from + 2) / 3 * 3; /* first block at or after from */
            char expected[64];
            snprintf(expected, sizeof expected, "element %zu", first);
            ps_status status = ps_par_for(300, 3, mark, &m, &err);
            assert_int_equal(status, first % 2 ? PS_FORMAT : PS_LIMIT);
            assert_int_equal(err.status, status);
            assert_string_equal(err.text, expected);
            for (size_t i = 0; i < first; i++) assert_int_equal(m.visits[i], 1);
            assert_int_equal(ps_par_for(300, 3, mark, &m, NULL), status);
        }
    }
    ps_set_threads(0);
}

static ps_status fail_without_words(void *context, size_t begin, size_t end, int worker,
                                    ps_error *err) {
    (void)context;
    (void)begin;
    (void)end;
    (void)worker;
    (void)err;
    return PS_GATE;
}

static void a_failure_without_words_keeps_its_status(void **state) {
    (void)state;
    for (size_t t = 0; t < 3; t++) {
        ps_set_threads(thread_counts[t]);
        ps_error err = {PS_OK, "old words"};
        assert_int_equal(ps_par_for(10, 1, fail_without_words, NULL, &err), PS_GATE);
        assert_int_equal(err.status, PS_GATE);
        assert_string_equal(err.text, "");
    }
    ps_set_threads(0);
}

/* Sums in floating point, one per block and added up in block order: the pattern that
 * callers use has to give the same bits for any number of threads. */
typedef struct sums {
    double part[MOST];
    size_t grain;
} sums;

static ps_status add_up(void *context, size_t begin, size_t end, int worker,
                        ps_error *err) {
    (void)worker;
    (void)err;
    sums *s = context;
    double sum = 0;
    for (size_t i = begin; i < end; i++) {
        uint64_t seed = i;
        sum += 1.0 / (double)(1 + test_random_below(&seed, 1000003));
    }
    s->part[begin / s->grain] = sum;
    return PS_OK;
}

static void results_are_the_same_for_any_number_of_threads(void **state) {
    (void)state;
    static sums s;
    double first = 0;
    for (size_t t = 0; t < 3; t++) {
        ps_set_threads(thread_counts[t]);
        memset(&s, 0, sizeof s);
        s.grain = 37;
        assert_int_equal(ps_par_for(100000, s.grain, add_up, &s, NULL), PS_OK);
        double total = 0;
        for (size_t b = 0; b < MOST; b++) total += s.part[b];
        if (t == 0) first = total;
        assert_memory_equal(&total, &first, sizeof total);
    }
    ps_set_threads(0);
}

/* ---- pipes ---- */

typedef struct stages {
    unsigned char before[MOST], after[MOST];
    size_t order[MOST];
    size_t turns;
    size_t fails_in[3]; /* item that fails before, in turn, after */
} stages;

static ps_status fail_at(size_t item, size_t fails, ps_error *err) {
    return item == fails ? ps_fail(err, PS_FORMAT, "item %zu", item) : PS_OK;
}

static ps_status do_before(void *context, size_t item, int worker, ps_error *err) {
    (void)worker;
    stages *s = context;
    s->before[item]++;
    return fail_at(item, s->fails_in[0], err);
}

/* No lock: the turn is one. */
static ps_status do_in_turn(void *context, size_t item, int worker, ps_error *err) {
    (void)worker;
    stages *s = context;
    s->order[s->turns++] = item;
    return fail_at(item, s->fails_in[1], err);
}

static ps_status do_after(void *context, size_t item, int worker, ps_error *err) {
    (void)worker;
    stages *s = context;
    s->after[item]++;
    return fail_at(item, s->fails_in[2], err);
}

static void turns_come_in_order(void **state) {
    (void)state;
    static stages s;
    for (size_t t = 0; t < 3; t++) {
        ps_set_threads(thread_counts[t]);
        memset(&s, 0, sizeof s);
        for (int i = 0; i < 3; i++) s.fails_in[i] = SIZE_MAX;
        assert_int_equal(ps_par_pipe(MOST, do_before, do_in_turn, do_after, &s, NULL),
                         PS_OK);
        assert_int_equal(s.turns, MOST);
        for (size_t i = 0; i < MOST; i++) {
            assert_int_equal(s.order[i], i);
            assert_int_equal(s.before[i] + s.after[i], 2);
        }
        s.turns = 0;
        assert_int_equal(ps_par_pipe(9, NULL, do_in_turn, NULL, &s, NULL), PS_OK);
        assert_int_equal(s.turns, 9);
        assert_int_equal(ps_par_pipe(0, NULL, do_in_turn, NULL, &s, NULL), PS_OK);
        assert_int_equal(s.turns, 9);
    }
    ps_set_threads(0);
}

static void a_failing_item_ends_the_pipe(void **state) {
    (void)state;
    static stages s;
    for (size_t t = 0; t < 3; t++) {
        ps_set_threads(thread_counts[t]);
        for (int stage = 0; stage < 3; stage++) {
            for (size_t item = 0; item < 60; item += 7) {
                memset(&s, 0, sizeof s);
                for (int i = 0; i < 3; i++) s.fails_in[i] = i == stage ? item : item + 5;
                ps_error err = {PS_OK, ""};
                char expected[32];
                snprintf(expected, sizeof expected, "item %zu", item);
                assert_int_equal(
                    ps_par_pipe(100, do_before, do_in_turn, do_after, &s, &err),
                    PS_FORMAT);
                assert_string_equal(err.text, expected);
                for (size_t i = 0; i < s.turns; i++) assert_int_equal(s.order[i], i);
                for (size_t i = 0; i < item; i++) assert_int_equal(s.after[i], 1);
            }
        }
    }
    ps_set_threads(0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_element_is_visited_once),
        cmocka_unit_test(the_lowest_failing_block_wins),
        cmocka_unit_test(a_failure_without_words_keeps_its_status),
        cmocka_unit_test(results_are_the_same_for_any_number_of_threads),
        cmocka_unit_test(turns_come_in_order),
        cmocka_unit_test(a_failing_item_ends_the_pipe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

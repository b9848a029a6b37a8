/* Counts of an input as bytes: they come back, and other bytes are refused or do no harm.
 */
#include "engine/run/partial.h"

#include <stdio.h>
#include <string.h>

#include "engine/run/recording.h"
#include "tests/support/test.h"

enum { AREAS = 5, LAYERS = 2, ROWS = 8, GROUPS = 3 };

static char *folder;

static int make_folder(void **state) {
    (void)state;
    static const char text[] = "kind,area\nx,A\n";
    folder = test_folder_make();
    test_file_write(folder, "in.csv", text, sizeof text - 1);
    return 0;
}

static int remove_folder(void **state) {
    (void)state;
    test_folder_remove(folder);
    return 0;
}

/* Codes are not asked for here. */
static const ps_areas layer[LAYERS] = {{.n = AREAS}, {.n = 2}};
static const ps_areas *const layers[LAYERS] = {&layer[0], &layer[1]};
static const ps_partial_shape shapes[] = {{layers, LAYERS, true, true},
                                          {layers, LAYERS, false, false}};
static const char *const group_text[GROUPS] = {"fire", "flood", "never"};

static ps_status open_points(ps_points **out, ps_error *err) {
    static const char *const file[] = {"in.csv"}, *const by[] = {"kind"};
    const ps_points_spec spec = {.id = "test",
                                 .files = file,
                                 .n_files = 1,
                                 .base = folder,
                                 .code = "area",
                                 .by = by,
                                 .n_by = 1};
    return ps_points_open(&spec, NULL, out, err);
}

/* Two rows in area 0, one each in 3 and 4, one outside, two unlocated, one invalid; of
 * the second layer two in each area. */
static const int32_t first[ROWS] = {0, 3, 0, 4, AREAS, AREAS + 1, AREAS + 1, PS_NONE};
static const int32_t second[ROWS] = {0, 1, 0, 1, 2, 3, 3, PS_NONE};
static const int32_t group[ROWS] = {0, 0, 1, 1, 0, 1, 0, 2};
static const int64_t number[ROWS] = {1, 700, 3, PS_POINTS_UNKNOWN, 1, 1, 1, 1};
static const uint8_t fate[ROWS] = {PS_FATE_LOCATED,   PS_FATE_LOCATED, PS_FATE_LOCATED,
                                   PS_FATE_LOCATED,   PS_FATE_LOCATED, PS_FATE_UNLOCATED,
                                   PS_FATE_UNLOCATED, PS_FATE_INVALID};

static const ps_points_read found = {
    .rows = {.read = ROWS,
             .invalid = 1,
             .unlocated = 2,
             .located = 5,
             .by_cause = {[PS_CAUSE_BAD_DATE] = 1},
             .example = {{7, PS_CAUSE_BAD_DATE, "2021-02-30"}},
             .examples = 1},
    .placed = 5,
    .swapped = 2,
    .encoding = "Windows-1252",
    .windows_from = "data row 3"};

static ps_status record(const ps_partial_shape *shape, ps_recording *recording,
                        ps_error *err) {
    const ps_points_block block = {
        .n = ROWS, .group = group, .fate = fate, .count = shape->counted ? number : NULL};
    const int32_t *own;
    ps_cube *const *cube = ps_recording_cubes(recording);
    PS_TRY(ps_recording_groups(recording, 0, &block, &own, err));
    for (size_t g = 0; g < LAYERS; g++) {
        const int32_t *row = g == 0 ? first : second;
        PS_TRY(ps_cube_add(cube[g * PS_CUBES + shape->counted], 0, ROWS, row, own, err));
        if (!shape->counted) continue;
        for (size_t i = 0; i < ROWS; i++)
            if (row[i] != PS_NONE && number[i] > 0)
                PS_TRY(ps_cube_add_count(cube[g * PS_CUBES], 0, row[i], own[i], number[i],
                                         err));
        PS_TRY(ps_cube_add_count(cube[g * PS_CUBES + 2], 0, row[3], own[3], 1, err));
    }
    if (!shape->pieces) return PS_OK;
    int32_t rows[LAYERS * ROWS];
    memcpy(rows, first, sizeof first);
    memcpy(rows + ROWS, second, sizeof second);
    return ps_piece_counter_add(ps_recording_pieces(recording), 0, &block, own, layers,
                                rows, err);
}

/* The bytes of those rows. */
static ps_status write_rows(const ps_partial_shape *shape, ps_pack *out, ps_error *err) {
    static const uint64_t context[] = {5, UINT64_MAX};
    const ps_outcome outcome[LAYERS] = {
        {.matches = {4, 1, 2, shape->counted ? 704 : 0, shape->counted},
         .agreement = {1, 2, 3, 4, 5}},
        {.matches = {4, 1, 0, shape->counted ? 704 : 0, shape->counted}}};
    ps_partial partial = {.read = &found,
                          .context = context,
                          .contexts = 2,
                          .whole = true,
                          .outcome = outcome};
    ps_recording *recording = NULL;
    ps_keys *keys = NULL;
    ps_status status = ps_recording_create(shape, 1, 1, 1 << 20, &recording, err);
    if (status == PS_OK) status = ps_keys_create(&keys, err);
    for (int g = 0; g < GROUPS && status == PS_OK; g++) {
        int32_t id;
        status = ps_keys_add(keys, ps_str_of(group_text[g]), &id, NULL, err);
    }
    if (status == PS_OK) status = record(shape, recording, err);
    if (status == PS_OK) status = ps_recording_finish(recording, keys, err);
    if (status == PS_OK) {
        ps_recording_source(recording, 0, &partial);
        status = ps_partial_write(&partial, shape, out, err);
    }
    ps_recording_free(recording);
    ps_keys_free(keys);
    return status;
}

/* What they are added to. */
typedef struct counts {
    ps_points *points;
    ps_outcome outcome[LAYERS];
    ps_cube *cube[LAYERS * PS_CUBES];
    ps_piece_counter *pieces;
} counts;

static ps_status open_counts(const ps_partial_shape *shape, counts *c, ps_error *err) {
    *c = (counts){.points = NULL};
    PS_TRY(open_points(&c->points, err));
    for (size_t i = 0; i < LAYERS * PS_CUBES; i++)
        if (i % PS_CUBES == 0 || shape->counted)
            PS_TRY(ps_cube_create(layers[i / PS_CUBES]->n + 2, 1, 1 << 16, &c->cube[i],
                                  err));
    if (!shape->pieces) return PS_OK;
    return ps_piece_counter_create(LAYERS, 1, &c->pieces, err);
}

static void close_counts(counts *c) {
    ps_points_close(c->points);
    for (size_t i = 0; i < LAYERS * PS_CUBES; i++) ps_cube_free(c->cube[i]);
    ps_piece_counter_free(c->pieces);
}

static ps_status add_to(const ps_partial_shape *shape, counts *c, const void *bytes,
                        size_t n, ps_error *err) {
    const ps_partial_target target = {c->points, c->outcome, c->cube, c->pieces};
    return ps_partial_add(bytes, n, shape, &target, 0, err);
}

static int64_t cell_of(const ps_cube *cube, int32_t area, int32_t g) {
    ps_tally_cell *cells;
    size_t n;
    int64_t count = 0;
    assert_int_equal(ps_cube_cells(cube, NULL, GROUPS, &cells, &n, NULL), PS_OK);
    for (size_t i = 0; i < n; i++)
        if (cells[i].area == area && cells[i].group == g) count = cells[i].count;
    ps_free(cells);
    return count;
}

static void assert_counts(const ps_partial_shape *shape, const counts *c, int times) {
    const bool counted = shape->counted;
    const ps_keys *keys = ps_groups_keys(ps_points_groups(c->points));
    assert_int_equal(ps_keys_size(keys), GROUPS); /* one of them without a cell */
    for (int32_t g = 0; g < GROUPS; g++)
        assert_true(ps_str_is(ps_keys_text(keys, g), group_text[g]));
    assert_int_equal(c->outcome[0].matches.matched, 4);
    assert_int_equal(c->outcome[0].matches.incidents, counted ? 704 : 0);
    assert_int_equal(c->outcome[0].agreement.blank, 4);
    assert_int_equal(c->outcome[1].matches.ties, 0);
    assert_int_equal(cell_of(c->cube[0], 0, 0), times);
    assert_int_equal(cell_of(c->cube[0], 3, 0), counted ? times * 700 : times);
    assert_int_equal(cell_of(c->cube[0], 4, 1), counted ? 0 : times);
    assert_int_equal(cell_of(c->cube[0], AREAS + 1, 1), times);
    assert_int_equal(cell_of(c->cube[PS_CUBES], 1, 0), counted ? times * 700 : times);
    if (!counted) return;
    assert_int_equal(cell_of(c->cube[1], 3, 0), times);
    assert_int_equal(cell_of(c->cube[2], 4, 1), times);
    assert_int_equal(cell_of(c->cube[PS_CUBES + 2], 1, 1), times);
    ps_pieces pieces = {0};
    assert_int_equal(ps_piece_counter_finish(c->pieces, &pieces, NULL), PS_OK);
    assert_int_equal(pieces.n, 3); /* a row that says no number is in none */
    assert_int_equal(pieces.area[0], PS_NONE);
    assert_int_equal(pieces.area[2], 0);
    assert_int_equal(pieces.area[5], 1);
    ps_free(pieces.area), ps_free(pieces.cells);
}

static void they_come_back(void **state) {
    (void)state;
    for (size_t s = 0; s < 2; s++) {
        const ps_partial_shape *shape = &shapes[s];
        ps_pack body = {0};
        ps_partial_front front;
        ps_points_read read;
        counts c;
        assert_int_equal(write_rows(shape, &body, NULL), PS_OK);
        assert_true(ps_partial_look(body.bytes, body.n, shape, &front));
        assert_true(front.whole && !front.boundless);
        assert_int_equal(front.contexts.n, 16);
        ps_partial_read(body.bytes, body.n, &read);
        assert_memory_equal(&read.rows.by_cause, &found.rows.by_cause,
                            sizeof found.rows.by_cause);
        assert_int_equal(read.rows.located, 5);
        assert_int_equal(read.rows.examples, 1);
        assert_int_equal(read.rows.example[0].row, 7);
        assert_string_equal(read.rows.example[0].seen, "2021-02-30");
        assert_int_equal(read.swapped, 2);
        assert_string_equal(read.encoding, "Windows-1252");
        assert_string_equal(read.windows_from, "data row 3");
        assert_int_equal(open_counts(shape, &c, NULL), PS_OK);
        for (int times = 1; times <= 2; times++)
            assert_int_equal(add_to(shape, &c, body.bytes, body.n, NULL), PS_OK);
        assert_counts(shape, &c, 2);
        close_counts(&c);
        /* those of one shape are none of the other */
        assert_false(ps_partial_look(body.bytes, body.n, &shapes[1 - s], &front));
        ps_pack_free(&body);
    }
}

/* In a block of their own, so that a read behind them shows. */
static void use_bytes(const ps_partial_shape *shape, const void *bytes, size_t n) {
    ps_partial_front front = {0};
    void *own = ps_alloc(n, 1);
    assert_non_null(own);
    if (n > 0) memcpy(own, bytes, n);
    (void)ps_partial_front_of(own, n, &front);
    if (ps_partial_look(own, n, shape, &front) && front.whole) {
        counts c;
        ps_points_read read;
        assert_int_equal(open_counts(shape, &c, NULL), PS_OK);
        ps_partial_read(own, n, &read);
        /* sums fit as often as there can be sources */
        assert_int_equal(add_to(shape, &c, own, n, NULL), PS_OK);
        close_counts(&c);
    }
    ps_free(own);
}

static void damage_does_no_harm(void **state) {
    (void)state;
    static const unsigned char with[] = {0, 1, 2, 127, 128, 255};
    for (size_t s = 0; s < 2; s++) {
        ps_pack body = {0};
        assert_int_equal(write_rows(&shapes[s], &body, NULL), PS_OK);
        for (size_t at = 0; at < body.n; at++) {
            ps_partial_front front;
            const unsigned char good = body.bytes[at];
            assert_false(ps_partial_look(body.bytes, at, &shapes[s], &front));
            use_bytes(&shapes[s], body.bytes, at);
            for (size_t w = 0; w < sizeof with; w++) {
                body.bytes[at] = with[w];
                use_bytes(&shapes[s], body.bytes, body.n);
            }
            for (int bit = 0; bit < 8; bit++) {
                body.bytes[at] = (unsigned char)(good ^ (1 << bit));
                use_bytes(&shapes[s], body.bytes, body.n);
            }
            body.bytes[at] = good;
        }
        uint64_t seed = 3 + s;
        for (int round = 0; round < 3000; round++) {
            ps_pack other = {0};
            assert_int_equal(
                ps_pack_text(&other, (ps_str){(char *)body.bytes, body.n}, NULL), PS_OK);
            for (uint64_t k = test_random_below(&seed, 6) + 1; k > 0; k--)
                other.bytes[test_random_below(&seed, other.n)] =
                    (unsigned char)test_random_below(&seed, 256);
            use_bytes(&shapes[s], other.bytes + 2, other.n - 2);
            ps_pack_free(&other);
        }
        ps_pack_free(&body);
    }
}

static ps_status write_and_add(void *context, ps_error *err) {
    const ps_partial_shape *shape = context;
    ps_pack body = {0};
    counts c = {0};
    ps_status status = write_rows(shape, &body, err);
    if (status == PS_OK) status = open_counts(shape, &c, err);
    if (status == PS_OK) status = add_to(shape, &c, body.bytes, body.n, err);
    close_counts(&c);
    ps_pack_free(&body);
    return status;
}

static void failing_allocations_are_survived(void **state) {
    (void)state;
    ps_partial_shape shape = shapes[0];
    assert_true(test_each_allocation_fails(write_and_add, &shape) > 30);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_come_back),
        cmocka_unit_test(damage_does_no_harm),
        cmocka_unit_test(failing_allocations_are_survived),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}

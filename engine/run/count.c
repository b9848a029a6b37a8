#include "engine/run/count.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/core/par.h"
#include "engine/run/kept.h"

/* For the pages of each geography's counts; what does not fit is counted sparsely. */
enum { PAGE_BYTES = 128 << 20 };
/* About what a cell takes in bytes that are kept. */
enum { PARTIAL_CELL = 4 };

/* Where the rows of a block lie: geography after geography. */
typedef struct rows {
    int32_t *row;
    size_t capacity;
    int32_t *withheld; /* rows of the cube of unknown counts */
    size_t withheld_capacity;
    int64_t *ties; /* by geography */
} rows;

typedef struct counter {
    ps_point_counts *count;
    const ps_count_options *options;
    const ps_areas *const *areas; /* by geography */
    ps_locator *locator;          /* of all geographies */
    rows *rows; /* by worker, or by block where they are written down afterwards */
    size_t n_rows;
    ps_cube **cube;           /* geography * PS_CUBES + cube: those of the counts */
    ps_outcome *outcome;      /* block * geographies + geography */
    ps_outcome *total;        /* source * geographies + geography */
    ps_piece_counter *pieces; /* or NULL */
    ps_store_key place;       /* of where points lie, if it */
    bool has_place;           /* can be told */
    ps_partial_shape shape;
    ps_kept *kept; /* or NULL */
    ps_recording *recording;
    bool forget; /* what is kept proved to be wrong */
} counter;

/* Coordinates in degrees could be anywhere on Earth, so what makes sense there follows
 * from the areas: the British Isles for areas that lie in them, else ten degrees around
 * the areas. */
static void set_plausible_box(ps_points *points, const double area_box[4]) {
    static const double british_isles[4] = {-11.0, 49.0, 3.0, 61.5};
    double box[4];
    if (area_box[0] >= british_isles[0] && area_box[1] >= british_isles[1] &&
        area_box[2] <= british_isles[2] && area_box[3] <= british_isles[3]) {
        memcpy(box, british_isles, sizeof box);
    } else {
        const double around = 10;
        box[0] = area_box[0] - around, box[1] = area_box[1] - around;
        box[2] = area_box[2] + around, box[3] = area_box[3] + around;
    }
    ps_points_set_box(points, box);
}

/* Once for each different operation of a run. */
static void tell_operation(const counter *c, size_t g) {
    const ps_operation_used *used = &c->count->geography[g].operation;
    for (size_t before = 0; before < g; before++)
        if (memcmp(used, &c->count->geography[before].operation, sizeof *used) == 0)
            return;
    ps_operation_tell(used, c->options->talk);
}

/* Two rows more than areas: outside and unlocated. */
static ps_status open_counts(counter *c, size_t g, ps_error *err) {
    ps_geography_counts *counts = &c->count->geography[g];
    const ps_points *points = c->count->points;
    const size_t n = c->areas[g]->n + 2;
    counts->areas = c->areas[g];
    counts->matches = ps_zalloc(ps_points_sources(points), sizeof *counts->matches);
    if (counts->matches == NULL) return ps_fail_nomem(err);
    PS_TRY(ps_cube_create(n, ps_threads(), PAGE_BYTES, &counts->cube, err));
    if (c->shape.counted) {
        PS_TRY(ps_cube_create(n, ps_threads(), PAGE_BYTES, &counts->rows, err));
        PS_TRY(ps_cube_create(n, ps_threads(), PAGE_BYTES, &counts->unknown, err));
    }
    ps_cube **cube = c->cube + g * PS_CUBES;
    cube[0] = counts->cube, cube[1] = counts->rows, cube[2] = counts->unknown;
    return PS_OK;
}

/* *op brings the areas to the CRS of the points. */
static ps_status open_target(counter *c, size_t g, ps_crs_operation **op, ps_error *err) {
    ps_geography_counts *counts = &c->count->geography[g];
    ps_points *points = c->count->points;
    const ps_areas *areas = c->areas[g];
    const ps_crs *to = ps_points_crs(points);
    double box[4];
    bool has_box = ps_areas_extent(areas, box);
    PS_TRY(ps_operation_open(c->options->prepared, areas, to, c->options->max_accuracy,
                             op, &counts->operation, err));
    tell_operation(c, g);
    if (has_box && g == 0 && ps_crs_is_geographic(to)) {
        if (*op == NULL || ps_crs_operation_image(*op, box))
            set_plausible_box(points, box);
    }
    return PS_OK;
}

/* One index for all geographies. */
static ps_status open_targets(counter *c, ps_error *err) {
    const size_t n = c->count->n_geographies;
    ps_locator_layer *layer = ps_zalloc(n, sizeof *layer);
    if (layer == NULL) return ps_fail_nomem(err);
    ps_status status = PS_OK;
    for (size_t g = 0; status == PS_OK && g < n; g++) {
        layer[g].areas = c->areas[g];
        status = open_target(c, g, &layer[g].op, err);
    }
    const bool geographic = ps_crs_is_geographic(ps_points_crs(c->count->points));
    if (status == PS_OK)
        c->has_place =
            ps_prepared_key(c->options->prepared, layer, n, geographic, &c->place);
    if (status == PS_OK)
        status = ps_prepared_locator(c->options->prepared, layer, n, geographic,
                                     &c->locator, err);
    for (size_t g = 0; g < n; g++) ps_crs_operation_free(layer[g].op);
    ps_free(layer);
    return status;
}

/* Coded rows are where their codes are. */
static void look_up(const ps_points_spec *spec, const ps_areas *areas,
                    const ps_points_block *b, int32_t *row) {
    const int32_t all = spec->area != NULL
                            ? ps_keys_find(areas->by_code, ps_str_of(spec->area))
                            : PS_NONE;
    for (size_t i = 0; i < b->n; i++) {
        row[i] = all;
        if (spec->code != NULL) row[i] = ps_keys_find(areas->by_code, b->area_code[i]);
    }
}

static void compare_code(const ps_areas *areas, ps_str code, int32_t row,
                         ps_agreement *a) {
    if (code.n == 0) {
        a->blank++;
    } else if (row != PS_NONE && ps_str_eq(code, areas->code[row])) {
        a->same++;
    } else if (ps_keys_find(areas->by_code, code) == PS_NONE) {
        a->unknown++;
    } else if (row == PS_NONE) {
        a->outside++;
    } else {
        a->other++;
    }
}

/* What the rows of a block came to in a geography. Rows become rows of the cube: those in
 * no area the one behind the last, those without a coordinate the next, and those that do
 * not count none. */
static void judge_rows(const ps_areas *areas, const ps_points_block *b, bool compares,
                       int32_t *row, ps_outcome *o) {
    const int32_t outside = (int32_t)areas->n, unlocated = outside + 1;
    for (size_t i = 0; i < b->n; i++) {
        if (b->fate[i] == PS_FATE_LOCATED) {
            if (compares) compare_code(areas, b->area_code[i], row[i], &o->agreement);
            if (row[i] != PS_NONE) {
                o->matches.matched++;
            } else {
                o->matches.outside++;
                row[i] = outside;
            }
        } else {
            row[i] = b->fate[i] == PS_FATE_UNLOCATED ? unlocated : PS_NONE;
        }
    }
}

/* Rows whose number is withheld or cannot be read: where they lie, nothing is known. */
static ps_status list_withheld(const ps_points_block *b, const int32_t *row, rows *r,
                               ps_error *err) {
    PS_TRY(ps_grow((void **)&r->withheld, &r->withheld_capacity, b->n + 1,
                   sizeof *r->withheld, err));
    for (size_t i = 0; i < b->n; i++) {
        const bool taken = b->fate[i] == PS_FATE_LOCATED || b->fate[i] == PS_FATE_INVALID;
        const bool withheld =
            taken && b->group[i] != PS_NONE && b->count[i] == PS_POINTS_UNKNOWN;
        r->withheld[i] = withheld ? row[i] : PS_NONE;
    }
    return PS_OK;
}

/* Where the rows of a block are counted, and in which groups. */
typedef struct count_into {
    ps_cube *const *cube; /* geography * PS_CUBES + cube */
    ps_piece_counter *pieces;
    const int32_t *group;
} count_into;

/* What is to be kept of a source is counted apart. */
static ps_status choose_cubes(const counter *c, const ps_points_block *b, int worker,
                              count_into *into, ps_error *err) {
    *into = (count_into){c->cube, c->pieces, b->group};
    if (c->kept == NULL || !ps_kept_records(c->kept, b->source)) return PS_OK;
    into->cube = ps_recording_cubes(c->recording);
    into->pieces = ps_recording_pieces(c->recording);
    return ps_recording_groups(c->recording, worker, b, &into->group, err);
}

/* Rows that stand for any number of incidents. */
static ps_status add_counted(const counter *c, size_t g, const ps_points_block *b,
                             int worker, const count_into *into, const rows *r,
                             const int32_t *row, ps_outcome *o, ps_error *err) {
    ps_cube *const *cube = into->cube + g * PS_CUBES;
    const int32_t areas = (int32_t)c->areas[g]->n;
    for (size_t i = 0; i < b->n; i++) {
        if (row[i] == PS_NONE) continue;
        const bool unknown = b->count[i] == PS_POINTS_UNKNOWN;
        if (row[i] < areas && unknown) o->matches.unknown++;
        if (row[i] < areas && !unknown) o->matches.incidents += b->count[i];
        if (b->count[i] > 0)
            PS_TRY(ps_cube_add_count(cube[0], worker, row[i], into->group[i], b->count[i],
                                     err));
    }
    PS_TRY(ps_cube_add(cube[1], worker, b->n, row, into->group, err));
    return ps_cube_add(cube[2], worker, b->n, r->withheld, into->group, err);
}

static ps_status count_block(void *context, size_t index, const ps_points_block *b,
                             int worker, ps_error *err) {
    counter *c = context;
    const size_t geographies = c->count->n_geographies;
    rows *r = &c->rows[c->options->assign != NULL ? index : (size_t)worker];
    PS_TRY(ps_grow((void **)&r->row, &r->capacity, b->n * geographies + 1, sizeof *r->row,
                   err));
    if (r->ties == NULL) r->ties = ps_alloc(geographies, sizeof *r->ties);
    if (r->ties == NULL) return ps_fail_nomem(err);
    memset(r->ties, 0, geographies * sizeof *r->ties);
    const ps_points_spec *spec = ps_points_spec_of(c->count->points);
    const bool coded = ps_points_are_coded(spec);
    if (coded)
        look_up(spec, c->areas[0], b, r->row);
    else
        ps_locate(c->locator, b->n, b->x, b->y, r->row, r->ties);
    count_into into;
    PS_TRY(choose_cubes(c, b, worker, &into, err));
    for (size_t g = 0; g < geographies; g++) {
        ps_outcome *o = &c->outcome[index * geographies + g];
        int32_t *row = r->row + g * b->n;
        *o = (ps_outcome){.matches.ties = r->ties[g]};
        if (b->count != NULL) PS_TRY(list_withheld(b, row, r, err));
        judge_rows(c->areas[g], b, !coded && b->area_code != NULL, row, o);
        PS_TRY(b->count != NULL ? add_counted(c, g, b, worker, &into, r, row, o, err)
                                : ps_cube_add(into.cube[g * PS_CUBES], worker, b->n, row,
                                              into.group, err));
    }
    if (into.pieces == NULL) return PS_OK;
    return ps_piece_counter_add(into.pieces, worker, b, into.group, c->areas, r->row,
                                err);
}

static void add_outcome(ps_outcome *to, const ps_outcome *o) {
    to->matches.matched += o->matches.matched;
    to->matches.outside += o->matches.outside;
    to->matches.ties += o->matches.ties;
    to->matches.incidents += o->matches.incidents;
    to->matches.unknown += o->matches.unknown;
    to->agreement.same += o->agreement.same;
    to->agreement.other += o->agreement.other;
    to->agreement.unknown += o->agreement.unknown;
    to->agreement.blank += o->agreement.blank;
    to->agreement.outside += o->agreement.outside;
}

static void add_outcomes(counter *c, const ps_points_block *blocks, size_t n) {
    const size_t geographies = c->count->n_geographies;
    for (size_t i = 0; i < n; i++)
        for (size_t g = 0; g < geographies; g++)
            add_outcome(&c->total[blocks[i].source * geographies + g],
                        &c->outcome[i * geographies + g]);
}

/* All sources are counted. */
static void take_totals(counter *c) {
    const size_t geographies = c->count->n_geographies;
    for (size_t g = 0; g < geographies; g++) {
        ps_geography_counts *counts = &c->count->geography[g];
        ps_outcome all = {0};
        for (size_t s = 0; s < ps_points_sources(c->count->points); s++) {
            const ps_outcome *o = &c->total[s * geographies + g];
            counts->matches[s] = o->matches;
            add_outcome(&all, o);
        }
        counts->agreement = all.agreement;
    }
}

static void write_assignments(const counter *c, const ps_points_block *blocks, size_t n) {
    ps_output *out = c->options->assign;
    const ps_areas *areas = c->areas[0];
    for (size_t i = 0; i < n; i++) {
        const ps_points_block *b = &blocks[i];
        ps_str name = ps_str_of(ps_points_source_name(c->count->points, b->source));
        for (size_t r = 0; r < b->n; r++) {
            ps_output_csv_field(out, name);
            ps_output_write(out, ",", 1);
            ps_output_int(out, b->first_row + (int64_t)r);
            ps_output_write(out, ",", 1);
            int32_t row = c->rows[i].row[r];
            if (row >= 0 && (size_t)row < areas->n)
                ps_output_csv_field(out, areas->code[row]);
            ps_output_write(out, "\n", 1);
        }
    }
}

static ps_status count_all(counter *c, ps_error *err) {
    ps_points *points = c->count->points;
    const size_t most = ps_points_most_blocks(points);
    c->n_rows = c->options->assign != NULL ? most : (size_t)ps_threads();
    c->rows = ps_zalloc(c->n_rows, sizeof *c->rows);
    c->outcome = ps_alloc(most * c->count->n_geographies, sizeof *c->outcome);
    if (c->rows == NULL || c->outcome == NULL) return ps_fail_nomem(err);
    if (c->options->assign != NULL) ps_output_text(c->options->assign, "file,row,area\n");
    for (;;) {
        const ps_points_block *blocks;
        size_t n;
        PS_TRY(ps_points_next(points, count_block, c, &blocks, &n, err));
        if (n == 0) return PS_OK;
        add_outcomes(c, blocks, n);
        if (c->options->assign != NULL) write_assignments(c, blocks, n);
    }
}

static ps_status check_identity(const ps_point_counts *count, ps_error *err) {
    for (size_t g = 0; g < count->n_geographies; g++) {
        for (size_t s = 0; s < ps_points_sources(count->points); s++) {
            const ps_rows *r = ps_points_rows(count->points, s);
            const ps_matches *m = &count->geography[g].matches[s];
            if (r->read == m->matched + m->outside + r->unlocated + r->invalid +
                               r->duplicate + r->filtered)
                continue;
            return ps_fail(
                err, PS_GATE,
                "%s: rows do not add up: %lld read, but %lld matched + %lld outside "
                "+ %lld unlocated + %lld invalid + %lld duplicate + %lld filtered; "
                "this is a fault of placestat: please report it",
                ps_points_source_name(count->points, s), (long long)r->read,
                (long long)m->matched, (long long)m->outside, (long long)r->unlocated,
                (long long)r->invalid, (long long)r->duplicate, (long long)r->filtered);
        }
    }
    return PS_OK;
}

/* ---- what is kept from run to run ---- */

static ps_status open_kept(counter *c, ps_error *err) {
    const ps_count_options *o = c->options;
    if (o->inputs == NULL || o->assign != NULL || !c->has_place) return PS_OK;
    const ps_kept_spec spec = {&c->shape,   c->count->points, o->inputs,
                               o->prepared, &c->place,        c->forget};
    const ps_partial_target target = {c->count->points, c->total, c->cube, c->pieces};
    PS_TRY(ps_kept_open(&spec, &c->kept, err));
    PS_TRY(ps_kept_add_known(c->kept, &target, err));
    return ps_recording_create(&c->shape, ps_points_sources(c->count->points),
                               ps_threads(), PAGE_BYTES, &c->recording, err);
}

static ps_status close_kept(counter *c, bool *wrong, ps_error *err) {
    const ps_partial_target target = {c->count->points, c->total, c->cube, c->pieces};
    if (c->kept == NULL) return PS_OK;
    PS_TRY(ps_kept_check(c->kept, wrong, err));
    if (*wrong) return PS_OK;
    PS_TRY(ps_recording_finish(c->recording,
                               ps_groups_keys(ps_points_groups(c->count->points)), err));
    PS_TRY(ps_kept_add_recorded(c->kept, c->recording, &target, err));
    ps_recording_free(c->recording);
    c->recording = NULL;
    ps_mem_give_back();
    return PS_OK;
}

/* ---- all of it ---- */

static ps_status make_room(counter *c, const ps_points_spec *spec, ps_error *err) {
    const size_t n = c->count->n_geographies;
    c->shape = (ps_partial_shape){c->areas, n, spec->count != NULL, c->options->pieces};
    c->count->geography = ps_zalloc(n, sizeof *c->count->geography);
    c->cube = ps_zalloc(n * PS_CUBES, sizeof *c->cube);
    c->total = ps_zalloc(n * ps_points_sources(c->count->points), sizeof *c->total);
    return c->count->geography != NULL && c->cube != NULL && c->total != NULL
               ? PS_OK
               : ps_fail_nomem(err);
}

static ps_status open_places(counter *c, const ps_points_spec *spec, ps_error *err) {
    if (!ps_points_are_coded(spec)) return open_targets(c, err);
    c->has_place = ps_prepared_key(c->options->prepared, NULL, 0, false, &c->place);
    return PS_OK;
}

static ps_status run_counter(counter *c, const ps_points_spec *spec, bool *wrong,
                             ps_error *err) {
    ps_points_spec kept = *spec;
    kept.prepared = c->options->prepared;
    PS_TRY(ps_points_open(&kept, c->options->talk, &c->count->points, err));
    PS_TRY(make_room(c, spec, err));
    for (size_t g = 0; g < c->shape.geographies; g++) PS_TRY(open_counts(c, g, err));
    PS_TRY(open_places(c, spec, err));
    if (c->options->pieces)
        PS_TRY(
            ps_piece_counter_create(c->shape.geographies, ps_threads(), &c->pieces, err));
    PS_TRY(open_kept(c, err));
    PS_TRY(count_all(c, err));
    PS_TRY(close_kept(c, wrong, err));
    if (*wrong) return PS_OK;
    if (c->pieces != NULL)
        PS_TRY(ps_piece_counter_finish(c->pieces, &c->count->pieces, err));
    take_totals(c);
    return check_identity(c->count, err);
}

static void close_counter(counter *c) {
    ps_locator_free(c->locator);
    for (size_t i = 0; c->rows != NULL && i < c->n_rows; i++) {
        ps_free(c->rows[i].row);
        ps_free(c->rows[i].ties);
        ps_free(c->rows[i].withheld);
    }
    ps_free(c->rows), ps_free(c->outcome), ps_free(c->total), ps_free((void *)c->cube);
    ps_piece_counter_free(c->pieces);
    ps_recording_free(c->recording);
    ps_kept_free(c->kept);
}

double ps_count_memory(size_t areas, double groups, double all_rows) {
    const double cells = (double)(areas + 2) * groups;
    const double cell = sizeof(ps_tally_cell) + PARTIAL_CELL;
    return fmin(cells, PAGE_BYTES) + cell * fmin(cells, all_rows);
}

/* One attempt. */
static ps_status count_once(const ps_points_spec *spec, const ps_areas *const *areas,
                            size_t n_areas, const ps_count_options *options, bool forget,
                            bool *wrong, ps_point_counts **out, ps_error *err) {
    counter c = {.options = options,
                 .areas = areas,
                 .count = ps_zalloc(1, sizeof(ps_point_counts)),
                 .forget = forget};
    *wrong = false;
    if (c.count == NULL) return ps_fail_nomem(err);
    c.count->n_geographies = n_areas;
    const ps_status status = run_counter(&c, spec, wrong, err);
    close_counter(&c);
    if (status == PS_OK && !*wrong)
        *out = c.count;
    else
        ps_point_counts_free(c.count);
    return status;
}

ps_status ps_count_points(const ps_points_spec *spec, const ps_areas *const *areas,
                          size_t n_areas, const ps_count_options *options,
                          ps_point_counts **out, ps_error *err) {
    *out = NULL;
    if (options->inputs == NULL) {
        bool wrong;
        return count_once(spec, areas, n_areas, options, false, &wrong, out, err);
    }
    /* What an attempt says counts when it is not made again. */
    bool wrong;
    ps_talk_held *held;
    ps_count_options attempt = *options;
    PS_TRY(ps_talk_hold(options->talk, &held, err));
    attempt.talk = ps_talk_of(held);
    ps_status status =
        count_once(spec, areas, n_areas, &attempt, false, &wrong, out, err);
    ps_talk_release(held, status != PS_OK || !wrong);
    if (status == PS_OK && wrong)
        status = count_once(spec, areas, n_areas, options, true, &wrong, out, err);
    return status;
}

void ps_point_counts_free(ps_point_counts *count) {
    if (count == NULL) return;
    for (size_t g = 0; count->geography != NULL && g < count->n_geographies; g++) {
        ps_cube_free(count->geography[g].cube);
        ps_cube_free(count->geography[g].rows);
        ps_cube_free(count->geography[g].unknown);
        ps_free(count->geography[g].matches);
    }
    ps_free(count->geography);
    ps_free(count->pieces.area), ps_free(count->pieces.cells);
    ps_points_close(count->points);
    ps_free(count);
}

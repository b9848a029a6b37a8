#include "engine/run/count.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/core/par.h"

/* A geography while rows are being counted. */
typedef struct target {
    const ps_areas *areas;
    ps_tally **tally;  /* one per worker */
    int32_t *code_row; /* id of a supplied code -> row, or PS_NONE */
    size_t code_capacity, codes_known;
} target;

/* What one block of rows gave in one geography; summed in order afterwards. */
typedef struct outcome {
    ps_matches matches;
    ps_agreement agreement;
} outcome;

typedef struct counter {
    ps_point_counts *count;
    const ps_count_options *options;
    target *target;
    ps_locator *locator; /* of all geographies */
    const ps_points_block *block;
    size_t n_blocks;
    int32_t **row; /* per block: rows of all geographies, geography by geography */
    size_t *row_capacity;
    outcome *outcome; /* block * geographies + geography */
    size_t capacity;  /* of blocks */
    int64_t **ties;   /* per worker: one number per geography */
    int n_workers;
} counter;

/* The extent of all areas, in their CRS. */
static bool extent(const ps_areas *areas, double box[4]) {
    bool any = false;
    for (size_t a = 0; a < areas->n; a++) {
        const double *b = areas->box + 4 * a;
        if (!(b[0] <= b[2])) continue;
        if (!any) memcpy(box, b, 4 * sizeof *b);
        box[0] = fmin(box[0], b[0]), box[1] = fmin(box[1], b[1]);
        box[2] = fmax(box[2], b[2]), box[3] = fmax(box[3], b[3]);
        any = true;
    }
    return any;
}

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

/* The box around the image of a box; false when no point of it has one. Some may have
 * none: a grid such as OSTN15 ends not far off the coast, where corners of a box around
 * the land lie. */
static bool transform_box(ps_crs_operation *op, double box[4]) {
    enum { SIDE = 17, POINTS = SIDE * SIDE };
    double x[POINTS], y[POINTS], image[4];
    for (int i = 0; i < POINTS; i++) {
        x[i] = box[0] + (box[2] - box[0]) * (i % SIDE) / (SIDE - 1);
        y[i] = box[1] + (box[3] - box[1]) * (i / SIDE) / (SIDE - 1);
    }
    if (ps_crs_operation_apply(op, POINTS, x, y) == POINTS) return false;
    bool any = false;
    for (int i = 0; i < POINTS; i++) {
        if (!isfinite(x[i])) continue;
        if (!any) image[0] = image[2] = x[i], image[1] = image[3] = y[i];
        image[0] = fmin(image[0], x[i]), image[1] = fmin(image[1], y[i]);
        image[2] = fmax(image[2], x[i]), image[3] = fmax(image[3], y[i]);
        any = true;
    }
    memcpy(box, image, sizeof image);
    return true;
}

static void describe_operation(const ps_crs *points, const ps_crs *areas,
                               const ps_crs_operation *op, ps_operation_used *used) {
    snprintf(used->points_crs, sizeof used->points_crs, "%s", ps_crs_name(points));
    snprintf(used->areas_crs, sizeof used->areas_crs, "%s", ps_crs_name(areas));
    if (op == NULL) {
        snprintf(used->name, sizeof used->name, "none needed");
        return;
    }
    const ps_crs_operation_info *info = ps_crs_operation_describe(op);
    snprintf(used->name, sizeof used->name, "%s", info->name);
    snprintf(used->grid, sizeof used->grid, "%s", info->grid);
    snprintf(used->missing_grid, sizeof used->missing_grid, "%s", info->missing_grid);
    used->accuracy = info->accuracy;
}

/* One sentence for each different operation of a run. */
static void tell_operation(const counter *c, size_t g) {
    const ps_operation_used *used = &c->count->geography[g].operation;
    for (size_t before = 0; before < g; before++)
        if (memcmp(used, &c->count->geography[before].operation, sizeof *used) == 0)
            return;
    if (strcmp(used->name, "none needed") == 0) return;
    ps_say(c->options->talk, PS_TALK_INFO, "from %s to %s by \"%s\", accuracy %.3g m%s%s",
           used->areas_crs, used->points_crs, used->name, used->accuracy,
           used->grid[0] != '\0' ? ", grid " : "", used->grid);
    if (used->missing_grid[0] != '\0')
        ps_say(c->options->talk, PS_TALK_WARNING,
               "the grid %s is not installed, so positions may be %.3g m off, enough to "
               "put a "
               "point beside an edge into the wrong area; install it with `projsync "
               "--file %s`, "
               "or set PROJ_DATA to a folder that holds it and PROJ's own files",
               used->missing_grid, used->accuracy, used->missing_grid);
}

/* *op brings the areas to the CRS of the points. */
static ps_status open_target(counter *c, size_t g, ps_crs_operation **op, ps_error *err) {
    target *t = &c->target[g];
    ps_geography_counts *counts = &c->count->geography[g];
    ps_points *points = c->count->points;
    const ps_crs *from = t->areas->crs, *to = ps_points_crs(points);
    double box[4];
    bool has_box = extent(t->areas, box);
    if (!ps_crs_same(from, to))
        PS_TRY(ps_crs_operation_open(from, to, has_box ? box : NULL,
                                     c->options->max_accuracy, op, err));
    describe_operation(to, from, *op, &counts->operation);
    tell_operation(c, g);
    if (has_box && g == 0 && ps_crs_is_geographic(to)) {
        if (*op == NULL || transform_box(*op, box)) set_plausible_box(points, box);
    }
    t->tally = ps_zalloc((size_t)c->n_workers, sizeof *t->tally);
    if (t->tally == NULL) return ps_fail_nomem(err);
    for (int w = 0; w < c->n_workers; w++) PS_TRY(ps_tally_create(&t->tally[w], err));
    counts->areas = t->areas;
    counts->matches = ps_zalloc(ps_points_sources(points), sizeof *counts->matches);
    return counts->matches != NULL ? PS_OK : ps_fail_nomem(err);
}

/* One index for all geographies. */
static ps_status open_targets(counter *c, ps_error *err) {
    const size_t n = c->count->n_geographies;
    ps_locator_layer *layer = ps_zalloc(n, sizeof *layer);
    if (layer == NULL) return ps_fail_nomem(err);
    ps_status status = PS_OK;
    for (size_t g = 0; status == PS_OK && g < n; g++) {
        layer[g].areas = c->target[g].areas;
        status = open_target(c, g, &layer[g].op, err);
    }
    if (status == PS_OK)
        status = ps_prepared_locator(
            c->options->prepared, layer, n,
            ps_crs_is_geographic(ps_points_crs(c->count->points)), &c->locator, err);
    for (size_t g = 0; g < n; g++) ps_crs_operation_free(layer[g].op);
    ps_free(layer);
    return status;
}

static ps_status learn_codes(const counter *c, ps_error *err) {
    const ps_keys *codes = ps_points_codes(c->count->points);
    const size_t n = ps_keys_size(codes);
    for (size_t g = 0; g < c->count->n_geographies; g++) {
        target *t = &c->target[g];
        PS_TRY(ps_grow((void **)&t->code_row, &t->code_capacity, n, sizeof *t->code_row,
                       err));
        for (; t->codes_known < n; t->codes_known++)
            t->code_row[t->codes_known] = ps_keys_find(
                t->areas->by_code, ps_keys_text(codes, (int32_t)t->codes_known));
    }
    return PS_OK;
}

static void compare_code(const target *t, int32_t code, int32_t row, ps_agreement *a) {
    if (code == PS_NONE) {
        a->blank++;
        return;
    }
    int32_t supplied = t->code_row[code];
    if (supplied == PS_NONE)
        a->unknown++;
    else if (row == PS_NONE)
        a->outside++;
    else if (supplied == row)
        a->same++;
    else
        a->other++;
}

/* Count the rows of a block in a geography. Rows come in runs of one area and group, so
 * the tally is touched once a run. */
static ps_status tally_rows(const target *t, ps_tally *tally, const ps_points_block *b,
                            const int32_t *row, outcome *o, ps_error *err) {
    const int32_t outside = (int32_t)t->areas->n, unlocated = outside + 1;
    int32_t run_area = PS_NONE, run_group = PS_NONE;
    int64_t run = 0;
    for (size_t i = 0; i < b->n; i++) {
        int32_t area;
        if (b->fate[i] == PS_FATE_LOCATED) {
            area = row[i] != PS_NONE ? row[i] : outside;
            if (row[i] != PS_NONE)
                o->matches.matched++;
            else
                o->matches.outside++;
            if (b->area_code != NULL)
                compare_code(t, b->area_code[i], row[i], &o->agreement);
        } else if (b->fate[i] == PS_FATE_UNLOCATED) {
            area = unlocated;
        } else {
            continue;
        }
        if (area != run_area || b->group[i] != run_group) {
            if (run > 0) PS_TRY(ps_tally_add(tally, run_area, run_group, run, err));
            run_area = area, run_group = b->group[i], run = 0;
        }
        run++;
    }
    return run > 0 ? ps_tally_add(tally, run_area, run_group, run, err) : PS_OK;
}

static ps_status count_blocks(void *context, size_t begin, size_t end, int worker,
                              ps_error *err) {
    counter *c = context;
    const size_t geographies = c->count->n_geographies;
    int64_t *ties = c->ties[worker];
    for (size_t i = begin; i < end; i++) {
        const ps_points_block *b = &c->block[i];
        memset(ties, 0, geographies * sizeof *ties);
        ps_locate(c->locator, b->n, b->x, b->y, c->row[i], ties);
        for (size_t g = 0; g < geographies; g++) {
            target *t = &c->target[g];
            outcome *o = &c->outcome[i * geographies + g];
            *o = (outcome){.matches.ties = ties[g]};
            PS_TRY(tally_rows(t, t->tally[worker], b, c->row[i] + g * b->n, o, err));
        }
    }
    return PS_OK;
}

static ps_status reserve_batch(counter *c, ps_error *err) {
    const size_t geographies = c->count->n_geographies;
    if (c->n_blocks > c->capacity) {
        size_t n = c->n_blocks;
        int32_t **row = ps_resize(c->row, n, sizeof *row);
        if (row == NULL) return ps_fail_nomem(err);
        c->row = row;
        size_t *capacity = ps_resize(c->row_capacity, n, sizeof *capacity);
        if (capacity == NULL) return ps_fail_nomem(err);
        c->row_capacity = capacity;
        outcome *outcomes = ps_resize(c->outcome, n * geographies, sizeof *outcomes);
        if (outcomes == NULL) return ps_fail_nomem(err);
        c->outcome = outcomes;
        for (; c->capacity < n; c->capacity++) {
            c->row[c->capacity] = NULL;
            c->row_capacity[c->capacity] = 0;
        }
    }
    for (size_t i = 0; i < c->n_blocks; i++)
        PS_TRY(ps_grow((void **)&c->row[i], &c->row_capacity[i],
                       c->block[i].n * geographies + 1, sizeof **c->row, err));
    return PS_OK;
}

static void add_outcomes(counter *c) {
    const size_t geographies = c->count->n_geographies;
    for (size_t i = 0; i < c->n_blocks; i++) {
        for (size_t g = 0; g < geographies; g++) {
            const outcome *o = &c->outcome[i * geographies + g];
            ps_geography_counts *counts = &c->count->geography[g];
            ps_matches *m = &counts->matches[c->block[i].source];
            m->matched += o->matches.matched;
            m->outside += o->matches.outside;
            m->ties += o->matches.ties;
            counts->agreement.same += o->agreement.same;
            counts->agreement.other += o->agreement.other;
            counts->agreement.unknown += o->agreement.unknown;
            counts->agreement.blank += o->agreement.blank;
            counts->agreement.outside += o->agreement.outside;
        }
    }
}

static void write_assignments(const counter *c) {
    ps_output *out = c->options->assign;
    for (size_t i = 0; i < c->n_blocks; i++) {
        const ps_points_block *b = &c->block[i];
        ps_str name = ps_str_of(ps_points_source_name(c->count->points, b->source));
        for (size_t r = 0; r < b->n; r++) {
            ps_output_csv_field(out, name);
            ps_output_write(out, ",", 1);
            ps_output_int(out, b->first_row + (int64_t)r);
            ps_output_write(out, ",", 1);
            int32_t row = c->row[i][r];
            if (row != PS_NONE) ps_output_csv_field(out, c->target[0].areas->code[row]);
            ps_output_write(out, "\n", 1);
        }
    }
}

static ps_status count_all(counter *c, ps_error *err) {
    if (c->options->assign != NULL) ps_output_text(c->options->assign, "file,row,area\n");
    for (;;) {
        PS_TRY(ps_points_next(c->count->points, &c->block, &c->n_blocks, err));
        if (c->n_blocks == 0) return PS_OK;
        PS_TRY(learn_codes(c, err));
        PS_TRY(reserve_batch(c, err));
        PS_TRY(ps_par_for(c->n_blocks, 1, count_blocks, c, err));
        add_outcomes(c);
        if (c->options->assign != NULL) write_assignments(c);
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

static ps_status run_counter(counter *c, const ps_points_spec *spec,
                             const ps_areas *const *areas, size_t n_areas,
                             ps_error *err) {
    c->n_workers = ps_threads();
    c->count->geography = ps_zalloc(n_areas, sizeof *c->count->geography);
    c->target = ps_zalloc(n_areas, sizeof *c->target);
    if (c->count->geography == NULL || c->target == NULL) return ps_fail_nomem(err);
    c->count->n_geographies = n_areas;
    PS_TRY(ps_points_open(spec, c->options->talk, &c->count->points, err));
    for (size_t g = 0; g < n_areas; g++) c->target[g].areas = areas[g];
    PS_TRY(open_targets(c, err));
    c->ties = ps_zalloc((size_t)c->n_workers, sizeof *c->ties);
    if (c->ties == NULL) return ps_fail_nomem(err);
    for (int w = 0; w < c->n_workers; w++) {
        c->ties[w] = ps_zalloc(n_areas, sizeof **c->ties);
        if (c->ties[w] == NULL) return ps_fail_nomem(err);
    }
    PS_TRY(count_all(c, err));
    for (size_t g = 0; g < n_areas; g++) {
        target *t = &c->target[g];
        for (int w = 1; w < c->n_workers; w++)
            PS_TRY(ps_tally_merge(t->tally[0], t->tally[w], NULL, err));
        c->count->geography[g].tally = t->tally[0];
        t->tally[0] = NULL;
    }
    return check_identity(c->count, err);
}

static void close_counter(counter *c, size_t n_areas) {
    for (size_t g = 0; c->target != NULL && g < n_areas; g++) {
        target *t = &c->target[g];
        for (int w = 0; t->tally != NULL && w < c->n_workers; w++)
            ps_tally_free(t->tally[w]);
        ps_free(t->tally);
        ps_free(t->code_row);
    }
    ps_locator_free(c->locator);
    for (int w = 0; c->ties != NULL && w < c->n_workers; w++) ps_free(c->ties[w]);
    ps_free(c->ties);
    for (size_t i = 0; i < c->capacity; i++) ps_free(c->row[i]);
    ps_free(c->row), ps_free(c->row_capacity), ps_free(c->outcome), ps_free(c->target);
}

ps_status ps_count_points(const ps_points_spec *spec, const ps_areas *const *areas,
                          size_t n_areas, const ps_count_options *options,
                          ps_point_counts **out, ps_error *err) {
    *out = NULL;
    counter c = {.options = options, .count = ps_zalloc(1, sizeof(ps_point_counts))};
    if (c.count == NULL) return ps_fail_nomem(err);
    ps_status status = run_counter(&c, spec, areas, n_areas, err);
    close_counter(&c, n_areas);
    if (status != PS_OK) {
        ps_point_counts_free(c.count);
        return status;
    }
    *out = c.count;
    return PS_OK;
}

void ps_point_counts_free(ps_point_counts *count) {
    if (count == NULL) return;
    for (size_t g = 0; g < count->n_geographies; g++) {
        ps_tally_free(count->geography[g].tally);
        ps_free(count->geography[g].matches);
    }
    ps_free(count->geography);
    ps_points_close(count->points);
    ps_free(count);
}

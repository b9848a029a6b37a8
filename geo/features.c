/* Features come into a batch of bounded size. While the next batch is read, the other
 * threads look at the polygons of this one. Meanwhile, again in order, the rings of the
 * one before go to the builder.
 */
#include "geo/features.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/core/par.h"
#include "geo/overlay.h"
#include "geo/validity.h"

enum {
    BATCHES = 3,
    BATCH_FEATURES = 1024,  /* read before they are checked together */
    BATCH_BYTES = 16 << 20, /* or this much of geometry */
    CHECK_GRAIN = 16,       /* polygons per block of the parallel check */
    NAMED_DUPLICATES = 5
};

/* --- where they lie --- */

const char *ps_features_box_resembles(const double box[4]) {
    if (box[0] >= -180 && box[2] <= 180 && box[1] >= -90 && box[3] <= 90)
        return "degrees of longitude and latitude (crs: EPSG:4326)";
    if (box[0] >= -100000 && box[2] <= 800000 && box[1] >= -100000 && box[3] <= 1300000)
        return "metres of the British National Grid (crs: EPSG:27700)";
    if (box[0] >= -1.1e6 && box[2] <= 3e5 && box[1] >= 6.3e6 && box[3] <= 8.8e6)
        return "web map metres (crs: EPSG:3857)";
    return NULL;
}

void ps_features_box_text(const double box[4], char out[160]) {
    char number[4][32];
    for (int i = 0; i < 4; i++)
        ps_format_double(isfinite(box[i]) ? round(box[i] * 1e4) / 1e4 : 0, number[i]);
    snprintf(out, 160, "x from %s to %s, y from %s to %s", number[0], number[2],
             number[1], number[3]);
}

/* Do the coordinates make sense in the system that they are said to be in? */
static ps_status check_box(const ps_feature_source *s, const ps_areas *areas,
                           const ps_talk *talk, ps_error *err) {
    double all[4] = {HUGE_VAL, HUGE_VAL, -HUGE_VAL, -HUGE_VAL};
    for (size_t a = 0; a < areas->n; a++) {
        for (int i = 0; i < 2; i++) {
            all[i] = fmin(all[i], areas->box[4 * a + (size_t)i]);
            all[i + 2] = fmax(all[i + 2], areas->box[4 * a + (size_t)i + 2]);
        }
    }
    if (!(all[0] <= all[2])) return PS_OK;
    char where[160];
    ps_features_box_text(all, where);
    const char *like = ps_features_box_resembles(all);
    if (ps_crs_is_geographic(areas->crs) &&
        (all[0] < -360 || all[2] > 360 || all[1] < -90.001 || all[3] > 90.001))
        return ps_fail(
            err, PS_FORMAT,
            "'%s', layer '%s' is said to be in %s, but its coordinates (%s) are "
            "no degrees; they look like %s",
            s->shown, s->layer, ps_crs_name(areas->crs), where,
            like != NULL ? like : "nothing that is known here");
    double box[4];
    if (!ps_crs_plausible_box(areas->crs, box)) return PS_OK;
    if (all[2] < box[0] || all[0] > box[2] || all[3] < box[1] || all[1] > box[3])
        ps_say(talk, PS_TALK_WARNING,
               "%s, layer %s: the coordinates (%s) lie outside the area where %s is "
               "used%s%s",
               s->shown, s->layer, where, ps_crs_name(areas->crs),
               like != NULL ? "; they look like " : "", like != NULL ? like : "");
    return PS_OK;
}

typedef struct item {
    int64_t number; /* of the feature, from 1 */
    ps_str code, name;
    ps_feature_shape kind;
    const char *other; /* what it is when it is no polygon */
    size_t at, n;      /* in the bytes of the batch */
    bool valid;
    char *reason; /* why it is not */
    ps_wkb repaired;
} item;

typedef struct batch {
    item *items;
    size_t n;
    ps_wkb wkb;
    ps_arena *text;
} batch;

/* What a worker judges shapes with. */
typedef struct judge {
    ps_validity *quick;
    ps_overlay *overlay;
} judge;

static void clear_batch(batch *b) {
    for (size_t i = 0; i < b->n; i++) {
        ps_free(b->items[i].reason);
        ps_wkb_free(&b->items[i].repaired);
    }
    b->n = 0;
    b->wkb.n = 0;
    if (b->text != NULL) ps_arena_reset(b->text);
}

static void free_batch(batch *b) {
    clear_batch(b);
    ps_free(b->items);
    ps_wkb_free(&b->wkb);
    ps_arena_free(b->text);
}

static ps_status make_batch(batch *b, ps_error *err) {
    b->items = ps_alloc(BATCH_FEATURES, sizeof *b->items);
    if (b->items == NULL) return ps_fail_nomem(err);
    return ps_arena_create(&b->text, err);
}

static ps_status check_one(const batch *b, item *it, ps_geometry_policy policy, judge *j,
                           ps_error *err) {
    int valid;
    char why[200];
    const unsigned char *wkb = b->wkb.bytes + it->at;
    if (j->quick == NULL) PS_TRY(ps_validity_open(&j->quick, err));
    PS_TRY(ps_validity_certain(j->quick, wkb, it->n, &it->valid, err));
    if (it->valid) return PS_OK;
    if (j->overlay == NULL) PS_TRY(ps_overlay_open(&j->overlay, err));
    PS_TRY(ps_overlay_valid(j->overlay, wkb, it->n, &valid, why, err));
    it->valid = valid != 0;
    if (it->valid) return PS_OK;
    it->reason = ps_strndup(why, strlen(why));
    if (it->reason == NULL) return ps_fail_nomem(err);
    if (policy != PS_GEOMETRY_REPAIR) return PS_OK;
    const unsigned char *made;
    size_t n;
    ps_status status = ps_overlay_repair(j->overlay, wkb, it->n, &made, &n, err);
    if (status == PS_FORMAT) return PS_OK; /* beyond repair: nothing is left of it */
    PS_TRY(status);
    if (n == 0) return PS_OK;
    PS_TRY(ps_grow((void **)&it->repaired.bytes, &it->repaired.capacity, n, 1, err));
    memcpy(it->repaired.bytes, made, n);
    it->repaired.n = n;
    return PS_OK;
}

struct ps_features {
    const ps_feature_source *source;
    const ps_layer_spec *spec;
    const ps_talk *talk;
    ps_layer_report *report;
    ps_areas_builder *builder;
    ps_keys *codes;
    int64_t *first; /* feature of each code */
    size_t first_room;
    int64_t duplicates;
    char duplicate[512]; /* the first ones, named */
    int named;
    bool ended; /* there are no more features */
    batch batches[BATCHES];
    batch *settled, *checked, *fresh;
    judge *judges; /* per worker */
};

static void add_example(ps_layer_report *report, const item *it, const char *why) {
    if (report->examples == PS_LAYER_EXAMPLES) return;
    char *out = report->example[report->examples++];
    snprintf(out, sizeof report->example[0], "feature %lld (%.*s): %s",
             (long long)it->number, it->code.n < 60 ? (int)it->code.n : 60, it->code.p,
             why);
}

static ps_status note_code(ps_features *r, const item *it, ps_error *err) {
    if (it->code.n == 0)
        return ps_fail(
            err, PS_FORMAT,
            "'%s', layer '%s': feature %lld (%s '%.*s') has nothing in the field "
            "'%s'; every area needs a code",
            r->source->shown, r->source->layer, (long long)it->number,
            r->spec->name != NULL ? r->spec->name : "name",
            it->name.n < 80 ? (int)it->name.n : 80, it->name.p, r->spec->code);
    int32_t id;
    bool added;
    PS_TRY(ps_keys_add(r->codes, it->code, &id, &added, err));
    if (added) {
        PS_TRY(ps_grow((void **)&r->first, &r->first_room, (size_t)id + 1,
                       sizeof *r->first, err));
        r->first[id] = it->number;
        return PS_OK;
    }
    r->duplicates++;
    if (r->named < NAMED_DUPLICATES) {
        size_t used = strlen(r->duplicate);
        snprintf(r->duplicate + used, sizeof r->duplicate - used,
                 "%s'%.*s' (features %lld and %lld)", r->named > 0 ? ", " : "",
                 it->code.n < 40 ? (int)it->code.n : 40, it->code.p,
                 (long long)r->first[id], (long long)it->number);
        r->named++;
    }
    return PS_OK;
}

/* Count what a feature is, and hand its area on to the builder. */
static ps_status settle(ps_features *r, item *it, ps_error *err) {
    ps_layer_report *report = r->report;
    const unsigned char *wkb = NULL;
    size_t n = 0;
    char why[200];
    const char *trouble = NULL;
    switch (it->kind) {
        case PS_FEATURE_NULL:
            report->null_geometry++;
            trouble = "no geometry";
            break;
        case PS_FEATURE_EMPTY:
            report->empty_geometry++;
            trouble = "an empty geometry";
            break;
        case PS_FEATURE_OTHER:
            report->not_polygon++;
            snprintf(why, sizeof why, "a %s, not a polygon", it->other);
            trouble = why;
            break;
        case PS_FEATURE_POLYGON:
            wkb = r->settled->wkb.bytes + it->at;
            n = it->n;
            if (it->valid) break;
            report->invalid_geometry++;
            trouble = it->reason;
            wkb = it->repaired.bytes;
            n = it->repaired.n;
            if (n > 0) report->repaired++;
    }
    if (trouble != NULL) {
        add_example(report, it, trouble);
        if (n == 0) report->skipped++;
        if (n == 0 && r->spec->policy == PS_GEOMETRY_SKIP) return PS_OK;
    }
    PS_TRY(ps_areas_builder_area(r->builder, it->code, it->name, err));
    return n > 0 ? ps_shape_read(wkb, n, r->builder, err) : PS_OK;
}

/* --- what a reader does --- */

bool ps_features_have_room(const ps_features *to) {
    return to->fresh->n < BATCH_FEATURES && to->fresh->wkb.n < BATCH_BYTES;
}

int64_t ps_features_count(const ps_features *to) {
    return to->report->features;
}

ps_arena *ps_features_text(ps_features *to) {
    return to->fresh->text;
}

ps_status ps_features_add(ps_features *to, ps_str code, ps_str name, ps_error *err) {
    item *it = &to->fresh->items[to->fresh->n++];
    *it = (item){.number = ++to->report->features,
                 .code = ps_str_trim(code),
                 .name = ps_str_trim(name),
                 .kind = PS_FEATURE_NULL};
    return note_code(to, it, err);
}

ps_status ps_features_polygon(ps_features *to, size_t n, unsigned char **wkb,
                              ps_error *err) {
    batch *b = to->fresh;
    item *it = &b->items[b->n - 1];
    if (n > INT32_MAX)
        return ps_fail(err, PS_LIMIT, "feature %lld: a polygon of more than 2 GB",
                       (long long)it->number);
    PS_TRY(ps_grow((void **)&b->wkb.bytes, &b->wkb.capacity, b->wkb.n + n, 1, err));
    it->kind = PS_FEATURE_POLYGON;
    it->at = b->wkb.n;
    it->n = n;
    b->wkb.n += n;
    *wkb = b->wkb.bytes + it->at;
    return PS_OK;
}

void ps_features_no_polygon(ps_features *to, ps_feature_shape shape, const char *other) {
    item *it = &to->fresh->items[to->fresh->n - 1];
    it->kind = shape;
    it->other = other;
}

/* --- all of them --- */

static ps_status settle_batch(ps_features *r, ps_error *err) {
    for (size_t i = 0; i < r->settled->n; i++)
        PS_TRY(settle(r, &r->settled->items[i], err));
    return PS_OK;
}

/* Block 0 settles the batch before, block 1 reads the next one, each other one checks
 * some polygons of this one. */
enum { SETTLING, READING, CHECKING };
static ps_status pass_batches(void *context, size_t block, size_t end, int worker,
                              ps_error *err) {
    (void)end;
    ps_features *r = context;
    if (block == SETTLING) return settle_batch(r, err);
    if (block == READING)
        return r->ended ? PS_OK : r->source->read(r->source->context, r, &r->ended, err);
    batch *b = r->checked;
    const size_t first = (block - CHECKING) * CHECK_GRAIN;
    const size_t last = b->n - first < CHECK_GRAIN ? b->n : first + CHECK_GRAIN;
    for (size_t i = first; i < last; i++) {
        item *it = &b->items[i];
        if (it->kind != PS_FEATURE_POLYGON) continue;
        PS_TRY(check_one(b, it, r->spec->policy, &r->judges[worker], err));
    }
    return PS_OK;
}

static ps_status read_features(ps_features *r, ps_error *err) {
    const double total = r->source->count;
    PS_TRY(ps_progress(r->talk, "reading boundaries", 0, total, err));
    r->settled = &r->batches[0];
    r->checked = &r->batches[1];
    r->fresh = &r->batches[2];
    do {
        const size_t blocks = (r->checked->n + CHECK_GRAIN - 1) / CHECK_GRAIN;
        PS_TRY(ps_par_for(CHECKING + blocks, 1, pass_batches, r, err));
        batch *done = r->settled;
        clear_batch(done);
        r->settled = r->checked;
        r->checked = r->fresh;
        r->fresh = done;
        PS_TRY(ps_progress(r->talk, "reading boundaries", (double)r->report->features,
                           total, err));
    } while (r->settled->n + r->checked->n > 0);
    return ps_progress(r->talk, "reading boundaries", (double)r->report->features,
                       (double)r->report->features, err);
}

static int64_t troubles(const ps_layer_report *report) {
    return report->null_geometry + report->empty_geometry + report->invalid_geometry +
           report->not_polygon;
}

static void list_examples(const ps_layer_report *report, char *out, size_t size) {
    out[0] = '\0';
    size_t used = 0;
    for (int i = 0; i < report->examples && used < size; i++) {
        int wrote = snprintf(out + used, size - used, "%s%s", i > 0 ? "; " : "",
                             report->example[i]);
        if (wrote > 0) used += (size_t)wrote;
    }
}

/* Given all that was met, are there areas? */
static ps_status decide(const ps_features *r, ps_error *err) {
    const ps_layer_report *report = r->report;
    const char *layer = r->source->layer;
    const char *shown = r->source->shown;
    char examples[600];
    list_examples(report, examples, sizeof examples);
    if (report->features == 0)
        return ps_fail(err, PS_FORMAT, "'%s', layer '%s' has no features%s", shown, layer,
                       r->spec->where != NULL ? " that the filter lets pass" : "");
    if (r->duplicates > 0)
        return ps_fail(
            err, PS_FORMAT,
            "'%s', layer '%s': the codes in '%s' are not unique, %lld features "
            "repeat one: %s%s; choose another field, or dissolve the features "
            "first",
            shown, layer, r->spec->code, (long long)r->duplicates, r->duplicate,
            r->duplicates > r->named ? ", ..." : "");
    if (report->not_polygon == report->features)
        return ps_fail(err, PS_FORMAT,
                       "'%s', layer '%s' has no polygons: %s; areas need polygons", shown,
                       layer, examples);
    int64_t bad = troubles(report);
    if (bad == 0) return PS_OK;
    if (r->spec->policy == PS_GEOMETRY_STOP)
        return ps_fail(
            err, PS_FORMAT,
            "'%s', layer '%s': %lld of %lld features have no valid polygon: %s%s; "
            "mend them, or let them be repaired or skipped",
            shown, layer, (long long)bad, (long long)report->features, examples,
            bad > report->examples ? "; ..." : "");
    if (report->skipped == report->features)
        return ps_fail(err, PS_FORMAT,
                       "'%s', layer '%s': no feature has a usable polygon: %s", shown,
                       layer, examples);
    ps_say(
        r->talk, PS_TALK_WARNING,
        "%s, layer %s: %lld of %lld features have no valid polygon; %lld were repaired, "
        "%lld %s: %s%s",
        shown, layer, (long long)bad, (long long)report->features,
        (long long)report->repaired, (long long)report->skipped,
        r->spec->policy == PS_GEOMETRY_SKIP ? "left out" : "are without a shape",
        examples, bad > report->examples ? "; ..." : "");
    return PS_OK;
}

static ps_status make_room(ps_features *r, ps_error *err) {
    r->judges = ps_zalloc((size_t)ps_threads(), sizeof *r->judges);
    if (r->judges == NULL) return ps_fail_nomem(err);
    for (int i = 0; i < BATCHES; i++) PS_TRY(make_batch(&r->batches[i], err));
    PS_TRY(ps_keys_create(&r->codes, err));
    return ps_areas_builder_create(&r->builder, err);
}

/* All but the builder. */
static void free_room(ps_features *r) {
    for (int i = 0; i < BATCHES; i++) free_batch(&r->batches[i]);
    for (int i = 0; r->judges != NULL && i < ps_threads(); i++) {
        ps_validity_close(r->judges[i].quick);
        ps_overlay_close(r->judges[i].overlay);
    }
    ps_free(r->judges);
    ps_keys_free(r->codes);
    ps_free(r->first);
}

static ps_status finish(ps_features *r, ps_crs *crs, ps_areas **out, ps_error *err) {
    const ps_feature_source *s = r->source;
    ps_status status = ps_areas_builder_finish(r->builder, crs, out, err);
    if (status != PS_OK && status != PS_NOMEM) ps_fail_prefix(err, "'%s': ", s->shown);
    if (status == PS_OK) status = check_box(s, *out, r->talk, err);
    if (status == PS_OK) {
        r->report->points = (int64_t)(*out)->n_points;
        return PS_OK;
    }
    ps_areas_free(*out);
    *out = NULL;
    return status;
}

ps_status ps_features_to_areas(const ps_feature_source *source, const ps_layer_spec *spec,
                               ps_crs *crs, const ps_talk *talk, ps_areas **out,
                               ps_layer_report *report, ps_error *err) {
    *out = NULL;
    ps_features *r = ps_zalloc(1, sizeof *r);
    ps_status status = r != NULL ? PS_OK : ps_fail_nomem(err);
    if (r != NULL) {
        r->source = source;
        r->spec = spec;
        r->talk = talk;
        r->report = report;
        snprintf(report->layer, sizeof report->layer, "%s", source->layer);
        snprintf(report->driver, sizeof report->driver, "%s", source->driver);
        status = make_room(r, err);
        if (status == PS_OK) status = read_features(r, err);
        if (status == PS_OK) status = decide(r, err);
        free_room(r);
    }
    if (status == PS_OK) {
        status = finish(r, crs, out, err);
    } else {
        if (r != NULL) ps_areas_builder_free(r->builder);
        ps_crs_free(crs);
    }
    ps_free(r);
    return status;
}

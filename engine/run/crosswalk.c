#include "engine/run/crosswalk.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/run/inputs.h"
#include "engine/run/manifest.h"
#include "engine/run/operation.h"
#include "engine/run/strict.h"
#include "geo/crosswalk.h"

enum { FROM, TO };

static const char *const side_name[2] = {"FROM", "TO"};
/* Digits of shares behind the point, and of square metres. */
static const double share_steps = 1e12, metre_steps = 1e6;
/* A pair that is less of both areas than this is told as a sliver. */
static const double sliver = 0.001;
/* A plane in which areas are further off than this is told. */
static const double most_stretch = 0.01;
/* Square metres of the plane in which two geographies may differ unseen, as a share. */
static const double noise = 1e-9;

/* What two areas have in common. */
typedef struct pair {
    int32_t row[2];
    double area, weight;
    double share[2];
    bool small; /* left out by --min-share */
} pair;

typedef struct coverage {
    double area, covered;
    size_t shapeless, outside, part, twice; /* areas: part of which is outside ... */
    size_t first_part, first_twice;
    double most_outside; /* share of first_part, the largest */
} coverage;

/* What --min-share left out. */
typedef struct left_out {
    size_t pairs;
    double area;
} left_out;

/* Everything a crosswalk opens, so that one place frees it. */
typedef struct crossing {
    const ps_crosswalk_request *request;
    char code[2][128]; /* field of the area codes when none was given */
    ps_areas *areas[2];
    ps_layer_report report[2];
    ps_crs *plane;
    ps_crs_operation *op[2];
    ps_operation_used used[2];
    ps_crosswalk *crosswalk;
    ps_overlap_weights *weights;
    pair *pair;
    size_t n;
    left_out left;
    coverage cover[2];
    ps_output *shares, *manifest;
} crossing;

/* --- reading --- */

/* "LSOA21CD", "wd19cd", "ward_code", "code". */
static bool looks_like_code(const char *name) {
    const size_t n = strlen(name);
    char low[64];
    if (n >= sizeof low) return false;
    for (size_t i = 0; i <= n; i++) low[i] = (char)tolower((unsigned char)name[i]);
    if (strcmp(low, "code") == 0) return true;
    if (n > 5 && strcmp(low + n - 5, "_code") == 0) return true;
    return n >= 6 && n <= 9 && strcmp(low + n - 2, "cd") == 0 &&
           isdigit((unsigned char)low[n - 3]) && isdigit((unsigned char)low[n - 4]);
}

static ps_status find_code(const ps_layer_spec *spec, int side, const ps_talk *talk,
                           char code[128], ps_error *err) {
    ps_layer_listing *listing = NULL;
    char all[400] = "";
    size_t found = 0, used = 0;
    PS_TRY(ps_layer_list(spec->path, spec->base, &listing, err));
    for (size_t l = 0; l < listing->n; l++) {
        const ps_layer_info *layer = &listing->layer[l];
        if (spec->layer != NULL ? strcmp(layer->name, spec->layer) != 0 : listing->n > 1)
            continue;
        for (size_t f = 0; f < layer->n_fields; f++) {
            const char *name = layer->field[f].name;
            const int n = snprintf(all + used, sizeof all - used, "%s%.60s",
                                   used > 0 ? ", " : "", name);
            used += n > 0 && (size_t)n < sizeof all - used ? (size_t)n : 0;
            all[used] = '\0';
            if (!looks_like_code(name)) continue;
            if (found++ == 0) snprintf(code, 128, "%s", name);
        }
    }
    ps_layer_listing_free(listing);
    if (found > 1)
        ps_say(talk, PS_TALK_INFO,
               "%s %s: area codes are taken from the field %s; ,id=FIELD names another",
               side_name[side], spec->path, code);
    /* A layer that is not there or not chosen is told when it is read. */
    if (found > 0 || used == 0) return PS_OK;
    return ps_fail(
        err, PS_CONFIG,
        "%s %s: which field holds the area codes? Say ,id=FIELD; there are: %s",
        side_name[side], spec->path, all);
}

static ps_status read_areas(crossing *c, int side, ps_error *err) {
    ps_layer_spec spec = side == FROM ? c->request->from : c->request->to;
    if (spec.code == NULL) {
        PS_TRY(find_code(&spec, side, c->request->talk, c->code[side], err));
        spec.code = c->code[side][0] != '\0' ? c->code[side] : "code";
    }
    PS_TRY(ps_prepared_areas(c->request->prepared, &spec, c->request->talk,
                             &c->areas[side], &c->report[side], err));
    return c->request->strict
               ? ps_strict_layer(&c->report[side], spec.policy, spec.path, err)
               : PS_OK;
}

/* --- the plane --- */

/* Lambert's azimuthal equal-area projection around a place. */
static ps_status open_equal_area(double longitude, double latitude, ps_crs **out,
                                 ps_error *err) {
    char x[32], y[32], definition[800];
    ps_format_double(round(longitude * 100) / 100, x);
    ps_format_double(round(latitude * 100) / 100, y);
    snprintf(definition, sizeof definition,
             "PROJCRS[\"equal-area plane around %s %s\",BASEGEOGCRS[\"WGS 84\","
             "DATUM[\"World Geodetic System 1984\","
             "ELLIPSOID[\"WGS 84\",6378137,298.257223563]],ID[\"EPSG\",4326]],"
             "CONVERSION[\"Lambert azimuthal equal area\","
             "METHOD[\"Lambert Azimuthal Equal Area\",ID[\"EPSG\",9820]],"
             "PARAMETER[\"Latitude of natural origin\",%s,"
             "ANGLEUNIT[\"degree\",0.0174532925199433]],"
             "PARAMETER[\"Longitude of natural origin\",%s,"
             "ANGLEUNIT[\"degree\",0.0174532925199433]],"
             "PARAMETER[\"False easting\",0,LENGTHUNIT[\"metre\",1]],"
             "PARAMETER[\"False northing\",0,LENGTHUNIT[\"metre\",1]]],"
             "CS[Cartesian,2],AXIS[\"(E)\",east],AXIS[\"(N)\",north],"
             "LENGTHUNIT[\"metre\",1]]",
             x, y, y, x);
    return ps_crs_open(definition, out, err);
}

static bool within(const double inner[4], const double outer[4]) {
    return inner[0] >= outer[0] && inner[1] >= outer[1] && inner[2] <= outer[2] &&
           inner[3] <= outer[3];
}

/* For two geographies in degrees. */
static ps_status choose_plane(crossing *c, ps_error *err) {
    static const double great_britain[4] = {-8.75, 49.7, 2.1, 61.0};
    double box[4] = {0, 0, 0, 0};
    bool any = false;
    for (int k = 0; k < 2; k++) {
        double own[4];
        if (!ps_areas_extent(c->areas[k], own)) continue;
        if (!any) memcpy(box, own, sizeof box);
        box[0] = fmin(box[0], own[0]), box[1] = fmin(box[1], own[1]);
        box[2] = fmax(box[2], own[2]), box[3] = fmax(box[3], own[3]);
        any = true;
    }
    if (any && within(box, great_britain))
        return ps_crs_open("EPSG:27700", &c->plane, err);
    return open_equal_area((box[0] + box[2]) / 2, (box[1] + box[3]) / 2, &c->plane, err);
}

static ps_status open_plane(crossing *c, ps_error *err) {
    const char *asked = c->request->crs;
    if (asked != NULL) {
        PS_TRY(ps_crs_open(asked, &c->plane, err));
        if (!ps_crs_is_geographic(c->plane)) return PS_OK;
        return ps_fail(err, PS_CONFIG,
                       "areas cannot be measured in %s, whose units are degrees; name a "
                       "projected system, such as EPSG:27700",
                       ps_crs_name(c->plane));
    }
    for (int k = TO; k >= FROM; k--)
        if (!ps_crs_is_geographic(c->areas[k]->crs))
            return ps_crs_copy(c->areas[k]->crs, &c->plane, err);
    return choose_plane(c, err);
}

/* How many times larger areas are in the plane than on the ground, in the middle of the
 * areas; 1 where that cannot be told. */
static ps_status measure_stretch(const crossing *c, double *stretch, ps_error *err) {
    enum { CORNERS = 4 };
    double box[4], x = 0, y = 0;
    ps_crs *degrees = NULL, *equal = NULL;
    ps_crs_operation *down = NULL, *over = NULL;
    *stretch = 1;
    const int side = c->op[TO] == NULL ? TO : FROM;
    if (!ps_areas_extent(c->areas[side], box)) return PS_OK;
    x = (box[0] + box[2]) / 2, y = (box[1] + box[3]) / 2;
    if (c->op[side] != NULL && ps_crs_operation_apply(c->op[side], 1, &x, &y) > 0)
        return PS_OK;
    const double half = 500 / ps_crs_metres(c->plane);
    double px[CORNERS] = {x - half, x + half, x + half, x - half};
    double py[CORNERS] = {y - half, y - half, y + half, y + half};
    ps_status status = ps_crs_open("EPSG:4326", &degrees, err);
    if (status == PS_OK)
        status = ps_crs_operation_open(c->plane, degrees, NULL, 0, &down, err);
    if (status == PS_OK && ps_crs_operation_apply(down, 1, &x, &y) == 0) {
        status = open_equal_area(x, y, &equal, err);
        if (status == PS_OK)
            status = ps_crs_operation_open(c->plane, equal, NULL, 0, &over, err);
        if (status == PS_OK && ps_crs_operation_apply(over, CORNERS, px, py) == 0)
            *stretch = 2e6 / fabs((px[2] - px[0]) * (py[3] - py[1]) -
                                  (px[3] - px[1]) * (py[2] - py[0]));
    }
    ps_crs_operation_free(down), ps_crs_operation_free(over);
    ps_crs_free(degrees), ps_crs_free(equal);
    return status;
}

static ps_status tell_plane(const crossing *c, ps_error *err) {
    const ps_talk *talk = c->request->talk;
    double stretch;
    for (int k = 0; k < 2; k++)
        if (k == FROM || memcmp(&c->used[TO], &c->used[FROM], sizeof c->used[TO]) != 0)
            ps_operation_tell(&c->used[k], talk);
    if (strcmp(ps_crs_code(c->plane), "EPSG:27700") == 0) return PS_OK;
    PS_TRY(measure_stretch(c, &stretch, err));
    if (fabs(stretch - 1) > most_stretch)
        ps_say(talk, PS_TALK_WARNING,
               "areas in %s are %.3g times those on the ground; name another system to "
               "measure in with --crs",
               ps_crs_name(c->plane), stretch);
    return PS_OK;
}

/* --- pairs --- */

/* The cells of two matrices of the same shape, row by row. */
static ps_status join_pairs(crossing *c, ps_error *err) {
    const ps_sparse *area = &c->crosswalk->overlap;
    const ps_sparse *weight = c->weights != NULL ? &c->weights->pair : NULL;
    const size_t rows = area->rows;
    size_t room = area->offset[rows] + (weight != NULL ? weight->offset[rows] : 0);
    c->pair = ps_alloc(room, sizeof *c->pair);
    if (c->pair == NULL) return ps_fail_nomem(err);
    for (size_t r = 0; r < rows; r++) {
        size_t i = area->offset[r], k = weight != NULL ? weight->offset[r] : 0;
        const size_t i_end = area->offset[r + 1];
        const size_t k_end = weight != NULL ? weight->offset[r + 1] : 0;
        while (i < i_end || k < k_end) {
            pair p = {.row = {(int32_t)r, INT32_MAX}};
            if (i < i_end) p.row[TO] = area->column[i];
            if (k < k_end && weight->column[k] < p.row[TO]) p.row[TO] = weight->column[k];
            if (i < i_end && area->column[i] == p.row[TO]) p.area = area->weight[i++];
            if (k < k_end && weight->column[k] == p.row[TO])
                p.weight = weight->weight[k++];
            c->pair[c->n++] = p;
        }
    }
    return PS_OK;
}

static double area_of(const crossing *c, int side, int32_t row) {
    return side == FROM ? c->crosswalk->from_area[row] : c->crosswalk->to_area[row];
}

static bool weighed(const crossing *c, int side, int32_t row) {
    return c->weights != NULL && c->weights->total[side][row] > 0;
}

/* Round to that many steps in 1; large numbers have no digits to lose. */
static double round_to(double v, double steps) {
    return fabs(v) < 0x1p52 / steps ? round(v * steps) / steps : v;
}

static void share_pairs(crossing *c) {
    for (size_t i = 0; i < c->n; i++) {
        pair *p = &c->pair[i];
        for (int k = 0; k < 2; k++) {
            const int32_t row = p->row[k];
            const bool by_weight = weighed(c, k, row);
            const double part = by_weight ? p->weight : p->area;
            const double whole =
                by_weight ? c->weights->total[k][row] : area_of(c, k, row);
            p->share[k] = whole > 0 && part > 0 ? fmin(part / whole, 1) : 0;
        }
    }
}

/* Is the pair in the table? Not when nothing is shared, such as ground without people, or
 * when it is smaller than what is written of its area. */
static bool is_told(const pair *p) {
    return !p->small && (p->share[FROM] > 0 || p->share[TO] > 0) &&
           (p->weight > 0 || round_to(p->area, metre_steps) > 0);
}

/* Leave out the slivers and give their shares to the other pairs of their areas. */
static ps_status leave_out(crossing *c, double least, ps_error *err) {
    double *kept[2], *lost[2];
    ps_status status = PS_OK;
    for (int k = 0; k < 2; k++) {
        kept[k] = ps_zalloc(c->areas[k]->n, sizeof *kept[k]);
        lost[k] = ps_zalloc(c->areas[k]->n, sizeof *lost[k]);
        if (kept[k] == NULL || lost[k] == NULL) status = ps_fail_nomem(err);
    }
    for (size_t i = 0; status == PS_OK && i < c->n; i++) {
        pair *p = &c->pair[i];
        if (!is_told(p)) continue;
        p->small = p->share[FROM] < least && p->share[TO] < least;
        for (int k = 0; k < 2; k++) (p->small ? lost : kept)[k][p->row[k]] += p->share[k];
        if (!p->small) continue;
        c->left.pairs++;
        c->left.area += p->area;
    }
    for (size_t i = 0; status == PS_OK && i < c->n; i++) {
        pair *p = &c->pair[i];
        for (int k = 0; k < 2 && is_told(p); k++) {
            const double stays = kept[k][p->row[k]], goes = lost[k][p->row[k]];
            if (goes > 0 && stays > 0) p->share[k] *= (stays + goes) / stays;
        }
    }
    for (int k = 0; k < 2; k++) ps_free(kept[k]), ps_free(lost[k]);
    return status;
}

typedef struct left_over {
    double part; /* of a step */
    size_t pair;
} left_over;

static int largest_first(const void *a, const void *b) {
    const left_over *p = a, *q = b;
    if (p->part != q->part) return p->part > q->part ? -1 : 1;
    return (p->pair > q->pair) - (p->pair < q->pair);
}

/* The shares of one area to whole steps that add up to their rounded sum. */
static void round_shares(pair *pairs, int side, left_over *r, size_t n) {
    double sum = 0, whole = 0;
    for (size_t i = 0; i < n; i++) {
        double *share = &pairs[r[i].pair].share[side];
        const double steps = *share * share_steps;
        sum += *share;
        *share = floor(steps);
        r[i].part = steps - *share;
        whole += *share;
    }
    double missing = round(sum * share_steps) - whole;
    if (n > 1) qsort(r, n, sizeof *r, largest_first);
    for (size_t i = 0; i < n; i++, missing--)
        if (missing >= 1) pairs[r[i].pair].share[side]++;
    for (size_t i = 0; i < n; i++) pairs[r[i].pair].share[side] /= share_steps;
}

static ps_status round_all(crossing *c, ps_error *err) {
    left_over *r = ps_alloc(c->n, sizeof *r);
    if (r == NULL) return ps_fail_nomem(err);
    ps_status status = PS_OK;
    for (int k = 0; k < 2 && status == PS_OK; k++) {
        const size_t areas = c->areas[k]->n;
        size_t *offset = ps_zalloc(areas + 2, sizeof *offset);
        if (offset == NULL) {
            status = ps_fail_nomem(err);
            break;
        }
        for (size_t i = 0; i < c->n; i++) offset[(size_t)c->pair[i].row[k] + 2]++;
        for (size_t a = 0; a < areas; a++) offset[a + 2] += offset[a + 1];
        for (size_t i = 0; i < c->n; i++)
            r[offset[(size_t)c->pair[i].row[k] + 1]++].pair = i;
        for (size_t a = 0; a < areas; a++)
            round_shares(c->pair, k, r + offset[a], offset[a + 1] - offset[a]);
        ps_free(offset);
    }
    ps_free(r);
    return status;
}

/* --- accounting --- */

/* By ground, also where shares are of weight; without what was left out. */
static ps_status measure_coverage(crossing *c, int side, ps_error *err) {
    coverage *out = &c->cover[side];
    const size_t n = c->areas[side]->n;
    double *covered = ps_zalloc(n, sizeof *covered);
    if (covered == NULL) return ps_fail_nomem(err);
    for (size_t i = 0; i < c->n; i++)
        if (!c->pair[i].small) covered[c->pair[i].row[side]] += c->pair[i].area;
    for (size_t a = 0; a < n; a++) {
        const double area = area_of(c, side, (int32_t)a);
        out->area += area;
        out->covered += fmin(covered[a], area);
        if (!(area > 0)) {
            out->shapeless++;
            continue;
        }
        const double share = covered[a] / area;
        if (share > 1 + sliver) {
            if (out->twice++ == 0) out->first_twice = a;
        } else if (share == 0) {
            out->outside++;
        } else if (share < 1 - sliver) {
            out->part++;
            if (1 - share > out->most_outside) {
                out->most_outside = 1 - share;
                out->first_part = a;
            }
        }
    }
    ps_free(covered);
    return PS_OK;
}

static const char *code_of(const crossing *c, int side, size_t row, char text[64]) {
    const ps_str code = c->areas[side]->code[row];
    snprintf(text, 64, "%.*s", code.n < 60 ? (int)code.n : 60, code.p);
    return text;
}

static void tell_coverage(const crossing *c, int side, ps_output *accounting) {
    const coverage *v = &c->cover[side];
    char code[64];
    const int64_t area = llround(v->area);
    int64_t covered = llround(v->covered);
    /* What rounding alone may leave is nothing. */
    if (fabs(v->area - v->covered) <= noise * v->area) covered = area;
    ps_output_printf(
        accounting, "%s %s: %zu areas, %lld m2 = %lld covered by %s + %lld outside\n",
        side_name[side], c->report[side].layer, c->areas[side]->n, (long long)area,
        (long long)covered, side_name[1 - side], (long long)(area - covered));
    if (v->outside > 0)
        ps_output_printf(accounting, "  areas wholly outside: %zu\n", v->outside);
    if (v->part > 0) {
        char percent[32];
        ps_format_double(round(v->most_outside * 1000) / 10, percent);
        ps_output_printf(accounting,
                         "  areas outside by more than 0.1 %%: %zu (most: %s, %s %%)\n",
                         v->part, code_of(c, side, v->first_part, code), percent);
    }
    if (v->twice > 0)
        ps_output_printf(accounting,
                         "  areas covered more than once, by more than 0.1 %%: %zu "
                         "(first: %s); areas of %s overlap\n",
                         v->twice, code_of(c, side, v->first_twice, code),
                         side_name[1 - side]);
    if (v->shapeless > 0)
        ps_output_printf(accounting, "  areas without shape: %zu\n", v->shapeless);
}

static void tell_pairs(const crossing *c, ps_output *accounting) {
    size_t slivers = 0;
    double area = 0;
    for (size_t i = 0; i < c->n; i++) {
        const pair *p = &c->pair[i];
        if (p->share[FROM] >= sliver || p->share[TO] >= sliver) continue;
        slivers++;
        area += p->area;
    }
    ps_output_printf(accounting, "pairs: %zu\n", c->n);
    if (c->left.pairs > 0)
        ps_output_printf(accounting,
                         "  left out below --min-share of both areas, shared out among "
                         "the others: %zu, %lld m2\n",
                         c->left.pairs, llround(c->left.area));
    if (slivers > 0)
        ps_output_printf(accounting,
                         "  less than 0.1 %% of both areas: %zu, %lld m2; slivers of "
                         "lines drawn apart, which --min-share 0.001 leaves out\n",
                         slivers, llround(area));
    for (int k = 0; k < 2 && c->weights != NULL; k++) {
        size_t without = 0;
        for (size_t a = 0; a < c->areas[k]->n; a++)
            without += !weighed(c, k, (int32_t)a) && area_of(c, k, (int32_t)a) > 0;
        if (without > 0)
            ps_output_printf(accounting,
                             "  %s areas without weight, shared by area: %zu\n",
                             side_name[k], without);
    }
}

/* --- writing --- */

static void write_number(ps_output *out, double v) {
    char text[32];
    ps_format_double(v, text);
    ps_output_write(out, ",", 1);
    ps_output_text(out, text);
}

static void write_shares(const crossing *c, ps_output *out) {
    ps_output_text(out, "from,to,from_share,to_share,area_m2");
    if (c->weights != NULL) ps_output_text(out, ",weight,from_basis,to_basis");
    ps_output_text(out, "\n");
    for (size_t i = 0; i < c->n; i++) {
        const pair *p = &c->pair[i];
        ps_output_csv_field(out, c->areas[FROM]->code[p->row[FROM]]);
        ps_output_write(out, ",", 1);
        ps_output_csv_field(out, c->areas[TO]->code[p->row[TO]]);
        write_number(out, p->share[FROM]);
        write_number(out, p->share[TO]);
        write_number(out, round_to(p->area, metre_steps));
        if (c->weights != NULL) {
            write_number(out, p->weight);
            for (int k = 0; k < 2; k++)
                ps_output_text(out, weighed(c, k, p->row[k]) ? ",weight" : ",area");
        }
        ps_output_text(out, "\n");
    }
}

static void write_side(const crossing *c, int side, ps_json *json) {
    const coverage *v = &c->cover[side];
    ps_json_object(json);
    ps_json_member_text(json, "geography", side == FROM ? "from" : "to");
    ps_manifest_layer(json, &c->report[side]);
    const ps_operation_used *used = &c->used[side];
    ps_json_member_text(json, "crs", used->areas_crs);
    ps_manifest_used(json, used);
    ps_json_member_int(json, "areas", (int64_t)c->areas[side]->n);
    ps_json_member_real(json, "area_m2", round_to(v->area, metre_steps));
    ps_json_member_real(json, "covered_m2", round_to(v->covered, metre_steps));
    ps_json_end_object(json);
}

static ps_status write_manifest(const crossing *c, ps_error *err) {
    const ps_crosswalk_request *r = c->request;
    ps_inputs *inputs = NULL;
    PS_TRY(ps_inputs_create(&inputs, err));
    ps_status status = ps_inputs_add(inputs, "areas", r->from.path, NULL, err);
    if (status == PS_OK) status = ps_inputs_add(inputs, "areas", r->to.path, NULL, err);
    if (status == PS_OK && r->weights.path != NULL)
        status = ps_inputs_add_sources(inputs, "weights", &r->weights.path, 1, NULL, err);
    if (status == PS_OK) status = ps_inputs_digest(inputs, r->prepared, r->talk, err);
    if (status == PS_OK) {
        ps_json json = ps_json_begin(c->manifest);
        ps_json_object(&json);
        ps_json_member_text(&json, "command", r->command);
        ps_manifest_versions(&json);
        ps_manifest_inputs(&json, inputs, NULL, 0, NULL);
        ps_json_key(&json, "geometry");
        ps_json_array(&json);
        for (int k = 0; k < 2; k++) write_side(c, k, &json);
        ps_json_end_array(&json);
        ps_json_member_text(&json, "measured_in", ps_crs_name(c->plane));
        ps_json_member_int(&json, "pairs", (int64_t)c->n);
        ps_json_member_int(&json, "pairs_left_out", (int64_t)c->left.pairs);
        ps_json_end_object(&json);
    }
    ps_inputs_free(inputs);
    return status;
}

static bool is_path(const char *path) {
    return path != NULL && strcmp(path, "-") != 0;
}

static ps_status measure(crossing *c, ps_output *accounting, ps_error *err) {
    const ps_crosswalk_request *r = c->request;
    const double max_accuracy = r->strict ? PS_STRICT_ACCURACY : 0;
    PS_TRY(open_plane(c, err));
    for (int k = 0; k < 2; k++)
        PS_TRY(ps_operation_open(NULL, c->areas[k], c->plane, max_accuracy, &c->op[k],
                                 &c->used[k], err));
    PS_TRY(tell_plane(c, err));
    PS_TRY(ps_crosswalk_build(c->areas[FROM], c->op[FROM], c->areas[TO], c->op[TO],
                              ps_crs_metres(c->plane), &c->crosswalk, err));
    if (r->weights.path != NULL)
        PS_TRY(ps_overlap_weights_read(&r->weights, (const ps_areas *const *)c->areas,
                                       max_accuracy, r->strict, r->talk, accounting,
                                       &c->weights, err));
    PS_TRY(join_pairs(c, err));
    share_pairs(c);
    if (r->min_share > 0) PS_TRY(leave_out(c, r->min_share, err));
    for (int k = 0; k < 2; k++) PS_TRY(measure_coverage(c, k, err));
    size_t n = 0;
    for (size_t i = 0; i < c->n; i++)
        if (is_told(&c->pair[i])) c->pair[n++] = c->pair[i];
    c->n = n;
    return round_all(c, err);
}

static ps_status cross(crossing *c, ps_output *out, ps_output *accounting,
                       ps_error *err) {
    const ps_crosswalk_request *r = c->request;
    /* Outputs first: a folder that cannot be written is told before the work. */
    if (is_path(r->shares)) PS_TRY(ps_output_open(r->shares, &c->shares, err));
    if (r->manifest != NULL) PS_TRY(ps_output_open(r->manifest, &c->manifest, err));
    PS_TRY(read_areas(c, FROM, err));
    PS_TRY(read_areas(c, TO, err));
    PS_TRY(measure(c, accounting, err));
    for (int k = 0; k < 2; k++) {
        tell_coverage(c, k, accounting);
    }
    tell_pairs(c, accounting);
    write_shares(c, c->shares != NULL ? c->shares : out);
    if (c->manifest != NULL) PS_TRY(write_manifest(c, err));

    ps_output *done[] = {c->shares, c->manifest};
    c->shares = c->manifest = NULL;
    ps_status status = PS_OK;
    for (size_t i = 0; i < 2; i++) {
        if (done[i] == NULL) continue;
        if (status == PS_OK)
            status = ps_output_commit(done[i], err);
        else
            ps_output_abandon(done[i]);
    }
    return status;
}

ps_status ps_crosswalk_shares(const ps_crosswalk_request *request, ps_output *out,
                              ps_output *accounting, ps_error *err) {
    crossing c = {.request = request};
    const ps_status status = cross(&c, out, accounting, err);
    ps_output_abandon(c.shares), ps_output_abandon(c.manifest);
    ps_overlap_weights_free(c.weights);
    ps_crosswalk_free(c.crosswalk);
    ps_free(c.pair);
    for (int k = 0; k < 2; k++) {
        ps_crs_operation_free(c.op[k]);
        ps_areas_free(c.areas[k]);
    }
    ps_crs_free(c.plane);
    return status;
}

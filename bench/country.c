/* country: the boundaries that the benchmarks use, as GeoPackages with one layer `areas`
 * and the fields `code` and `district`.
 *
 *   country tiling N OUT                 a made-up country of about N areas, EPSG:27700
 *   country cut IN CODE DISTRICT WHERE CRS OUT    areas of IN (WHERE "": all) in CRS
 *   country count IN OUT                 the number of areas, as text
 *   country merge IN GROUPS OUT          neighbours united into GROUPS areas; 0: by
 *                                        district
 *
 * Coordinates are written as whole multiples of a millimetre or of 1e-8 degree, and
 * polygons that this makes invalid are repaired here, so that a program that works in
 * doubles and one that works in integers are asked the same question.
 *
 * The made-up country has small areas in towns and large ones between, as a real one:
 * the widths of its columns and rows swing by a factor of eight. Sides have 14 edges with
 * jittered vertices (57 vertices for an area, as in England) and are the same bits from
 * both neighbours.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/mem.h"
#include "geo/layer.h"

enum { SIDE_EDGES = 14, PASSES = 4, LOW_X = 150000, LOW_Y = 50000, EXTENT = 450000 };

/* Zeroed; this program is short, so that it may end where memory does. */
static void *take(size_t n, size_t size) {
    void *p = ps_zalloc(n, size);
    if (p == NULL) {
        fprintf(stderr, "country: out of memory\n");
        exit(1);
    }
    return p;
}

static uint64_t mix(uint64_t z) {
    z += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* In [-0.5, 0.5), a function of what is asked for alone. */
static double jitter(uint64_t what, int64_t c, int64_t r) {
    const uint64_t z = mix(mix(mix(what) ^ (uint64_t)c) ^ (uint64_t)r);
    return (double)(z >> 11) * 0x1p-53 - 0.5;
}

static double snap(double v, double scale) {
    return round(v * scale) / scale;
}

static ps_status read_areas(const char *path, const char *code, const char *district,
                            const char *where, ps_areas **out, int64_t *repaired,
                            ps_error *err) {
    const ps_layer_spec spec = {.path = path,
                                .code = code,
                                .name = district,
                                .where = where[0] != '\0' ? where : NULL,
                                .policy = PS_GEOMETRY_REPAIR};
    ps_layer_report report;
    PS_TRY(ps_layer_read_areas(&spec, NULL, out, &report, err));
    *repaired = report.repaired;
    return PS_OK;
}

static ps_status write_areas(const char *path, const ps_areas *areas, ps_error *err) {
    static const ps_field fields[] = {{"code", PS_FIELD_TEXT},
                                      {"district", PS_FIELD_TEXT}};
    ps_field_value *values = take(2 * areas->n, sizeof *values);
    for (size_t i = 0; i < areas->n; i++) {
        values[2 * i].text = areas->code[i];
        values[2 * i + 1].text = areas->name[i];
    }
    remove(path);
    ps_geopackage *gpkg = NULL;
    ps_status status = ps_geopackage_create(path, &gpkg, err);
    if (status == PS_OK) {
        status = ps_geopackage_areas(gpkg, "areas", "", areas, fields, 2, values, err);
        if (status == PS_OK)
            status = ps_geopackage_close(gpkg, err);
        else
            ps_geopackage_abandon(gpkg);
    }
    ps_free(values);
    return status;
}

/* Rings of one area, brought to the other CRS and rounded. */
static ps_status copy_area(const ps_areas *areas, size_t row, ps_crs_operation *op,
                           double scale, ps_areas_builder *b, double *x, double *y,
                           ps_error *err) {
    PS_TRY(ps_areas_builder_area(b, areas->code[row], areas->name[row], err));
    for (uint32_t r = areas->area_ring[row]; r < areas->area_ring[row + 1]; r++) {
        const uint32_t from = areas->ring_point[r];
        const size_t n = areas->ring_point[r + 1] - from;
        memcpy(x, areas->x + from, n * sizeof *x);
        memcpy(y, areas->y + from, n * sizeof *y);
        if (op != NULL && ps_crs_operation_apply(op, n, x, y) > 0) {
            return ps_fail(err, PS_FORMAT, "area %.*s has vertices without an image",
                           (int)areas->code[row].n, areas->code[row].p);
        }
        for (size_t i = 0; i < n; i++) {
            x[i] = snap(x[i], scale);
            y[i] = snap(y[i], scale);
        }
        PS_TRY(ps_areas_builder_ring(b, n, x, y, err));
    }
    return PS_OK;
}

static ps_status copy_areas(const ps_areas *areas, ps_crs *crs, ps_crs_operation *op,
                            ps_areas **out, ps_error *err) {
    const double scale = ps_crs_is_geographic(crs) ? 1e8 : 1e3;
    ps_areas_builder *b = NULL;
    double *x = take(areas->n_points, sizeof *x);
    double *y = take(areas->n_points, sizeof *y);
    ps_status status = ps_areas_builder_create(&b, err);
    for (size_t row = 0; row < areas->n && status == PS_OK; row++)
        status = copy_area(areas, row, op, scale, b, x, y, err);
    if (status == PS_OK) {
        status = ps_areas_builder_finish(b, crs, out, err);
    } else {
        ps_areas_builder_free(b);
        ps_crs_free(crs);
    }
    ps_free(x);
    ps_free(y);
    return status;
}

/* Snapped and written; read again until the reader finds nothing to repair. */
static ps_status write_snapped(const char *path, const ps_areas *areas, const char *crs,
                               ps_error *err) {
    ps_areas *next = NULL;
    ps_status status = PS_OK;
    int64_t repaired = 1;
    for (int pass = 0; pass < PASSES && repaired > 0 && status == PS_OK; pass++) {
        ps_crs *target = NULL;
        ps_crs_operation *op = NULL;
        ps_areas *snapped = NULL;
        status = ps_crs_open(crs, &target, err);
        if (status == PS_OK && pass == 0 && !ps_crs_same(areas->crs, target))
            status = ps_crs_operation_open(areas->crs, target, NULL, 0, &op, err);
        if (status == PS_OK)
            status = copy_areas(pass == 0 ? areas : next, target, op, &snapped, err);
        ps_crs_operation_free(op);
        ps_areas_free(next);
        next = NULL;
        if (status == PS_OK) status = write_areas(path, snapped, err);
        ps_areas_free(snapped);
        if (status == PS_OK)
            status = read_areas(path, "code", "district", "", &next, &repaired, err);
    }
    if (status == PS_OK && repaired > 0)
        fprintf(stderr, "country: %lld areas of %s stay invalid\n", (long long)repaired,
                path);
    ps_areas_free(next);
    return status;
}

/* Cumulated widths of n columns, of which the widest is eight times the narrowest. */
static void divide(double *at, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        const double swing = fabs(fmod((double)i * 10.0 / (double)n, 2.0) - 1.0);
        at[i] = sum;
        sum += 0.25 + 1.75 * swing * swing;
    }
    at[n] = sum;
    for (size_t i = 0; i <= n; i++) at[i] = round(at[i] / sum * EXTENT * 1000) / 1000;
}

/* Vertex `step` of the side from node (c, r) to the right or upwards. */
static void side(const double *at_x, const double *at_y, size_t c, size_t r, bool up,
                 int step, double *x, double *y) {
    const size_t c1 = c + !up, r1 = r + up;
    const double t = (double)step / SIDE_EDGES;
    const double wide = up ? at_y[r1] - at_y[r] : at_x[c1] - at_x[c];
    *x = LOW_X + at_x[c] + t * (at_x[c1] - at_x[c]);
    *y = LOW_Y + at_y[r] + t * (at_y[r1] - at_y[r]);
    if (step > 0 && step < SIDE_EDGES) {
        const uint64_t what = (uint64_t)step * 4 + (uint64_t)up * 2;
        *x += wide / SIDE_EDGES * 0.8 * jitter(what, (int64_t)c, (int64_t)r);
        *y += wide / SIDE_EDGES * 0.8 * jitter(what + 1, (int64_t)c, (int64_t)r);
    }
    *x = snap(*x, 1e3);
    *y = snap(*y, 1e3);
}

static ps_status tiling(size_t want, const char *path, ps_error *err) {
    const size_t columns = (size_t)ceil(sqrt((double)want * 0.8)), rows = want / columns;
    double *at_x = take(columns + 1, sizeof *at_x);
    double *at_y = take(rows + 1, sizeof *at_y);
    ps_areas_builder *b = NULL;
    ps_crs *crs = NULL;
    ps_areas *areas = NULL;
    ps_status status = ps_areas_builder_create(&b, err);
    if (status == PS_OK) status = ps_crs_open("EPSG:27700", &crs, err);
    divide(at_x, columns);
    divide(at_y, rows);
    for (size_t i = 0; i < columns * rows && status == PS_OK; i++) {
        const size_t c = i % columns, r = i / columns;
        double x[4 * SIDE_EDGES], y[4 * SIDE_EDGES];
        size_t n = 0;
        for (int s = 0; s < SIDE_EDGES; s++, n++)
            side(at_x, at_y, c, r, false, s, &x[n], &y[n]);
        for (int s = 0; s < SIDE_EDGES; s++, n++)
            side(at_x, at_y, c + 1, r, true, s, &x[n], &y[n]);
        for (int s = SIDE_EDGES; s > 0; s--, n++)
            side(at_x, at_y, c, r + 1, false, s, &x[n], &y[n]);
        for (int s = SIDE_EDGES; s > 0; s--, n++)
            side(at_x, at_y, c, r, true, s, &x[n], &y[n]);
        char code[32], district[32];
        const int n_code = snprintf(code, sizeof code, "Z%08zu", i + 1);
        /* Blocks of ten by ten. */
        const int n_district =
            snprintf(district, sizeof district, "ZD%04zu-%04zu", c / 10, r / 10);
        status = ps_areas_builder_area(b, (ps_str){code, (size_t)n_code},
                                       (ps_str){district, (size_t)n_district}, err);
        if (status == PS_OK) status = ps_areas_builder_ring(b, n, x, y, err);
    }
    if (status == PS_OK) {
        status = ps_areas_builder_finish(b, crs, &areas, err);
    } else {
        ps_areas_builder_free(b);
        ps_crs_free(crs);
    }
    if (status == PS_OK) status = write_snapped(path, areas, "EPSG:27700", err);
    ps_areas_free(areas);
    ps_free(at_x);
    ps_free(at_y);
    return status;
}

typedef struct place {
    double at[2];
    int32_t row;
    int32_t group;
} place;

static int by_x(const void *a, const void *b) {
    const place *p = a, *q = b;
    if (p->at[0] != q->at[0]) return p->at[0] < q->at[0] ? -1 : 1;
    return (p->row > q->row) - (p->row < q->row);
}

static int by_y(const void *a, const void *b) {
    const place *p = a, *q = b;
    if (p->at[1] != q->at[1]) return p->at[1] < q->at[1] ? -1 : 1;
    return (p->row > q->row) - (p->row < q->row);
}

static int by_group(const void *a, const void *b) {
    const place *p = a, *q = b;
    if (p->group != q->group) return p->group < q->group ? -1 : 1;
    return (p->row > q->row) - (p->row < q->row);
}

/* Cut the places in two along their longer extent until there are `groups` of them. */
/* NOLINTNEXTLINE(misc-no-recursion): as deep as the logarithm of the groups */
static void split(place *p, size_t n, size_t groups, int32_t first) {
    if (groups <= 1 || n <= 1) {
        for (size_t i = 0; i < n; i++) p[i].group = first;
        return;
    }
    double low[2] = {HUGE_VAL, HUGE_VAL}, high[2] = {-HUGE_VAL, -HUGE_VAL};
    for (size_t i = 0; i < n; i++) {
        for (int d = 0; d < 2; d++) {
            low[d] = fmin(low[d], p[i].at[d]);
            high[d] = fmax(high[d], p[i].at[d]);
        }
    }
    qsort(p, n, sizeof *p, high[0] - low[0] > high[1] - low[1] ? by_x : by_y);
    const size_t half = groups / 2, cut = n * half / groups;
    split(p, cut, half, first);
    split(p + cut, n - cut, groups - half, first + (int32_t)half);
}

static ps_status unite(const ps_areas *areas, const place *p, size_t groups,
                       const ps_keys *districts, const char *path, ps_error *err) {
    ps_areas *merged = NULL;
    size_t *offset = take(groups + 1, sizeof *offset);
    int32_t *member = take(areas->n, sizeof *member);
    ps_str *code = take(groups, sizeof *code);
    char(*text)[24] = take(groups, sizeof *text);
    for (size_t i = 0; i < areas->n; i++) {
        member[i] = p[i].row;
        offset[p[i].group + 1]++;
    }
    for (size_t g = 0; g < groups; g++) {
        offset[g + 1] += offset[g];
        const int n = snprintf(text[g], sizeof text[g], "ZG%06zu", g + 1);
        code[g] = districts != NULL ? ps_keys_text(districts, (int32_t)g)
                                    : (ps_str){text[g], (size_t)n};
    }
    ps_status status =
        ps_areas_union(areas, groups, offset, member, code, code, &merged, err);
    if (status == PS_OK)
        status = write_snapped(path, merged, ps_crs_code(areas->crs), err);
    ps_areas_free(merged);
    ps_free(offset);
    ps_free(member);
    ps_free(code);
    ps_free(text);
    return status;
}

static ps_status merge(const char *in, size_t groups, const char *out, ps_error *err) {
    ps_areas *areas = NULL;
    ps_keys *districts = NULL;
    int64_t repaired;
    PS_TRY(read_areas(in, "code", "district", "", &areas, &repaired, err));
    place *p = take(areas->n, sizeof *p);
    ps_status status = ps_keys_create(&districts, err);
    for (size_t i = 0; i < areas->n && status == PS_OK; i++) {
        const double *box = areas->box + 4 * i;
        p[i] = (place){{(box[0] + box[2]) / 2, (box[1] + box[3]) / 2}, (int32_t)i, 0};
        if (groups == 0)
            status = ps_keys_add(districts, areas->name[i], &p[i].group, NULL, err);
    }
    if (status == PS_OK && groups > 0) {
        split(p, areas->n, groups < areas->n ? groups : areas->n, 0);
        groups = groups < areas->n ? groups : areas->n;
        ps_keys_free(districts);
        districts = NULL;
    } else if (status == PS_OK) {
        groups = ps_keys_size(districts);
    }
    if (status == PS_OK && areas->n > 0) {
        qsort(p, areas->n, sizeof *p, by_group);
        status = unite(areas, p, groups, districts, out, err);
    }
    ps_keys_free(districts);
    ps_free(p);
    ps_areas_free(areas);
    return status;
}

static ps_status cut(char **argument, ps_error *err) {
    ps_areas *areas = NULL;
    int64_t repaired;
    PS_TRY(read_areas(argument[0], argument[1], argument[2], argument[3], &areas,
                      &repaired, err));
    const ps_status status = write_snapped(argument[5], areas, argument[4], err);
    ps_areas_free(areas);
    return status;
}

static ps_status count(const char *in, const char *out, ps_error *err) {
    ps_layer_listing *list = NULL;
    PS_TRY(ps_layer_list(in, NULL, &list, err));
    FILE *file = fopen(out, "w");
    if (file != NULL)
        fprintf(file, "%lld\n", list->n > 0 ? (long long)list->layer[0].features : 0);
    ps_layer_listing_free(list);
    if (file == NULL || fclose(file) != 0)
        return ps_fail(err, PS_OUTPUT, "cannot write '%s'", out);
    return PS_OK;
}

int main(int argc, char **argv) {
    ps_error err = {PS_OK, ""};
    ps_status status = PS_CONFIG;
    int64_t n = 0;
    if (argc == 4 && strcmp(argv[1], "tiling") == 0 &&
        ps_parse_int(ps_str_of(argv[2]), &n) && n >= 4 && n <= 10000000) {
        status = tiling((size_t)n, argv[3], &err);
    } else if (argc == 4 && strcmp(argv[1], "count") == 0) {
        status = count(argv[2], argv[3], &err);
    } else if (argc == 8 && strcmp(argv[1], "cut") == 0) {
        status = cut(argv + 2, &err);
    } else if (argc == 5 && strcmp(argv[1], "merge") == 0 &&
               ps_parse_int(ps_str_of(argv[3]), &n) && n >= 0) {
        status = merge(argv[2], (size_t)n, argv[4], &err);
    } else {
        fprintf(stderr,
                "usage: country tiling N OUT\n"
                "       country cut IN CODE DISTRICT WHERE CRS OUT\n"
                "       country count IN OUT\n"
                "       country merge IN GROUPS OUT\n");
        return 2;
    }
    if (status != PS_OK) {
        fprintf(stderr, "country: %s\n", err.text);
        return 1;
    }
    return 0;
}

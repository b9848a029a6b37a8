/* Areas of intersection against GEOS, on the frozen coordinates. Real geographies are
 * taken from the folder PLACESTAT_DATA when there is one. */
#include "geo/crosswalk.h"

#include <geos_c.h>
#include <unistd.h>

#include "geo/layer.h"
#include "geo/shape.h"
#include "tests/support/tiling.h"

typedef struct shapes {
    size_t n;
    double unit;
    GEOSGeometry **shape; /* in units; NULL for an area without one */
    size_t *number;
    GEOSSTRtree *tree;
} shapes;

static shapes shapes_make(GEOSContextHandle_t geos, const ps_areas *areas) {
    ps_error err = {PS_OK, ""};
    ps_locator *l = NULL;
    ps_areas *frozen = NULL;
    if (ps_locator_build(&(ps_locator_layer){areas, NULL}, 1, false, &l, &err) != PS_OK)
        fail_msg("%s", err.text);
    assert_int_equal(ps_locator_frozen_areas(l, 0, &frozen, &err), PS_OK);
    shapes s = {.n = areas->n, .unit = ps_locator_unit(l, 0)};
    s.shape = calloc(s.n + 1, sizeof *s.shape);
    s.number = calloc(s.n + 1, sizeof *s.number);
    s.tree = GEOSSTRtree_create_r(geos, 10);
    assert_true(s.shape != NULL && s.number != NULL && s.tree != NULL);
    GEOSWKBReader *reader = GEOSWKBReader_create_r(geos);
    ps_wkb wkb = {NULL, 0, 0};
    for (size_t a = 0; a < s.n; a++) {
        wkb.n = 0;
        assert_int_equal(ps_shape_write(frozen, a, &wkb, &err), PS_OK);
        if (wkb.n == 0) continue;
        s.shape[a] = GEOSWKBReader_read_r(geos, reader, wkb.bytes, wkb.n);
        assert_non_null(s.shape[a]);
        s.number[a] = a;
        GEOSSTRtree_insert_r(geos, s.tree, s.shape[a], &s.number[a]);
    }
    ps_wkb_free(&wkb);
    GEOSWKBReader_destroy_r(geos, reader);
    ps_areas_free(frozen);
    ps_locator_free(l);
    return s;
}

static void shapes_free(GEOSContextHandle_t geos, shapes *s) {
    GEOSSTRtree_destroy_r(geos, s->tree);
    for (size_t a = 0; a < s->n; a++) GEOSGeom_destroy_r(geos, s->shape[a]);
    free(s->shape);
    free(s->number);
}

typedef struct found {
    size_t *area, n, room;
} found;

static void note(void *item, void *context) {
    found *f = context;
    assert_true(f->n < f->room);
    f->area[f->n++] = *(size_t *)item;
}

typedef struct difference {
    double most;    /* square metres per metre of boundary of the FROM area */
    double largest; /* square metres */
    size_t pairs, valid;
} difference;

static double weight_of(const ps_sparse *s, size_t row, int32_t column) {
    for (size_t i = s->offset[row]; i < s->offset[row + 1]; i++)
        if (s->column[i] == column) return s->weight[i];
    return 0;
}

/* Every pair of areas, those that GEOS finds and those that we give. */
static difference compare(const ps_areas *from, const ps_areas *to) {
    ps_error err = {PS_OK, ""};
    ps_crosswalk *c = NULL;
    if (ps_crosswalk_build(from, NULL, to, NULL, 1, &c, &err) != PS_OK)
        fail_msg("%s", err.text);
    GEOSContextHandle_t geos = GEOS_init_r();
    shapes f = shapes_make(geos, from), t = shapes_make(geos, to);
    difference d = {0};
    found near = {calloc(t.n + 1, sizeof *near.area), 0, t.n};
    assert_non_null(near.area);
    for (size_t a = 0; a < f.n; a++) {
        double whole = 0, length = 0;
        if (f.shape[a] == NULL || GEOSisValid_r(geos, f.shape[a]) != 1) continue;
        assert_int_equal(GEOSArea_r(geos, f.shape[a], &whole), 1);
        assert_int_equal(GEOSLength_r(geos, f.shape[a], &length), 1);
        whole *= f.unit * f.unit;
        length *= f.unit;
        assert_true(fabs(c->from_area[a] - whole) < 1e-9 * length + 1e-12 * whole);
        d.valid++;
        near.n = 0;
        GEOSSTRtree_query_r(geos, t.tree, f.shape[a], note, &near);
        size_t pairs = 0;
        bool unsure = false;
        for (size_t i = 0; i < near.n; i++) {
            const size_t b = near.area[i];
            if (GEOSisValid_r(geos, t.shape[b]) != 1) {
                unsure = true;
                continue;
            }
            GEOSGeometry *both = GEOSIntersection_r(geos, f.shape[a], t.shape[b]);
            double want = 0;
            assert_non_null(both);
            assert_int_equal(GEOSArea_r(geos, both, &want), 1);
            GEOSGeom_destroy_r(geos, both);
            want *= f.unit * f.unit;
            const double seen = weight_of(&c->overlap, a, (int32_t)b);
            const double off = fabs(seen - want);
            pairs += seen > 0;
            d.most = fmax(d.most, off / length);
            d.largest = fmax(d.largest, off);
        }
        /* None that GEOS's tree does not know. */
        const size_t given = c->overlap.offset[a + 1] - c->overlap.offset[a];
        if (unsure ? given < pairs : given != pairs)
            fail_msg("area %zu has %zu pairs, of which %zu near", a, given, pairs);
        d.pairs += pairs;
    }
    free(near.area);
    shapes_free(geos, &f);
    shapes_free(geos, &t);
    GEOS_finish_r(geos);
    ps_crosswalk_free(c);
    return d;
}

static ps_areas *tiling(uint64_t seed, int columns, int64_t size, int64_t x0, int64_t y0,
                        bool enclaves) {
    const tiling_spec spec = {.seed = seed,
                              .columns = columns,
                              .rows = columns,
                              .steps = 1 + (int)(seed % TILING_STEPS),
                              .size = size,
                              .growth = 1.1,
                              .wiggle = 0.08,
                              .noise = 0.4,
                              .enclaves = enclaves,
                              .x0 = x0,
                              .y0 = y0};
    return tiling_make(&spec);
}

static void test_tilings(void **state) {
    (void)state;
    size_t pairs = 0;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        const int64_t size = seed % 4 == 0 ? 3000 : 20000 * (int64_t)seed;
        ps_areas *from = tiling(seed, 9, size, 420000000, 410000000, true);
        ps_areas *to = tiling(seed + 100, 4, 2 * size + 7, 420000000 + size / 3,
                              410000000 - size / 5, seed % 2 == 0);
        difference d = compare(from, to);
        assert_true(d.most < 1e-8);
        pairs += d.pairs;
        d = compare(to, from);
        assert_true(d.most < 1e-8);
        /* With itself: every boundary is shared. */
        d = compare(from, from);
        assert_true(d.most < 1e-8);
        assert_int_equal(d.pairs, from->n);
        ps_areas_free(from);
        ps_areas_free(to);
    }
    assert_true(pairs > 1000);
}

/* --- real geographies --- */

static ps_areas *read_layer(const char *file, const char *layer, const char *code) {
    ps_error err = {PS_OK, ""};
    ps_areas *areas = NULL;
    ps_layer_report report;
    const ps_layer_spec spec = {.path = file,
                                .base = getenv("PLACESTAT_DATA"),
                                .layer = layer,
                                .code = code,
                                .policy = PS_GEOMETRY_REPAIR};
    if (ps_layer_read_areas(&spec, NULL, &areas, &report, &err) != PS_OK)
        fail_msg("%s", err.text);
    return areas;
}

static void test_real(void **state) {
    (void)state;
    const char *wards = "ward_boundaries/wards_kirklees_leeds_27700.gpkg";
    const char *lsoas = "lsoa_boundaries/lsoa_bgc_kirklees_leeds_27700.gpkg";
    const char *base = getenv("PLACESTAT_DATA");
    char path[4096];
    if (base == NULL) skip();
    snprintf(path, sizeof path, "%s/%s", base, wards);
    if (access(path, R_OK) != 0) skip();
    static const char *const layers[][3] = {{"lsoa21", "WD20", "WD20CD"},
                                            {"lsoa11", "WD19", "wd19cd"},
                                            {"lsoa11", "WD22_lowres", "ward22_code"}};
    for (size_t i = 0; i < 3; i++) {
        ps_areas *from =
            read_layer(lsoas, layers[i][0], i == 0 ? "LSOA21CD" : "LSOA11CD");
        ps_areas *to = read_layer(wards, layers[i][1], layers[i][2]);
        const difference d = compare(from, to);
        printf(
            "%s x %s: %zu of %zu areas, %zu pairs, largest difference %.3g m2, "
            "%.3g m2 per metre of boundary\n",
            layers[i][0], layers[i][1], d.valid, from->n, d.pairs, d.largest, d.most);
        assert_true(d.most < 1e-8);
        assert_true(d.valid + 5 > from->n);
        ps_areas_free(from);
        ps_areas_free(to);
    }
    ps_areas *from = read_layer(lsoas, "lsoa11", "LSOA11CD");
    ps_areas *to = read_layer(lsoas, "lsoa21", "LSOA21CD");
    const difference d = compare(from, to);
    printf("lsoa11 x lsoa21: %zu pairs, largest difference %.3g m2\n", d.pairs,
           d.largest);
    assert_true(d.most < 1e-8);
    ps_areas_free(from);
    ps_areas_free(to);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tilings),
        cmocka_unit_test(test_real),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

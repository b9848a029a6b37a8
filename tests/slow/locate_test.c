/* A hundred million points and more, at random and where it matters, in layers that share
 * their edges: England's LSOAs when PLACESTAT_DATA has them, and a made-up country. */
#include "geo/layer.h"
#include "tests/support/scanline.h"

static void test_country(void **state) {
    (void)state;
    const tiling_spec spec = {.seed = 11,
                              .columns = 60,
                              .rows = 60,
                              .steps = 12,
                              .size = 900000,
                              .growth = 1.03,
                              .wiggle = 0.3,
                              .noise = 0.4,
                              .enclaves = true,
                              .x0 = 100000000,
                              .y0 = 10000000};
    ps_areas *small = tiling_make(&spec), *groups = tiling_group(small, 40);
    const ps_areas *const layers[] = {small, groups};
    const size_t asked = scanline_check(layers, 2, false, 1, 2000, 10000);
    print_message("%zu points in 2 layers\n", asked);
    assert_true(asked > 20000000);
    ps_areas_free(small);
    ps_areas_free(groups);
}

/* LSOAs, groups of them, and wards whose edges lie beside theirs. */
static void test_england(void **state) {
    (void)state;
    const char *folder = getenv("PLACESTAT_DATA");
    if (folder == NULL) {
        print_message("PLACESTAT_DATA is not set: no real boundaries\n");
        skip();
        return;
    }
    const ps_layer_spec lsoa = {
        .path = "lsoa_boundaries/lsoa11_england_bgc_27700.gpkg.zip",
        .base = folder,
        .code = "LSOA11CD"};
    const ps_layer_spec ward = {.path = "ward_boundaries/wards_kirklees_leeds_27700.gpkg",
                                .base = folder,
                                .layer = "WD19",
                                .code = "WD19CD"};
    ps_error err = {PS_OK, ""};
    ps_areas *small = NULL, *wards = NULL;
    ps_layer_report report;
    if (ps_layer_read_areas(&lsoa, NULL, &small, &report, &err) != PS_OK ||
        ps_layer_read_areas(&ward, NULL, &wards, &report, &err) != PS_OK)
        fail_msg("%s", err.text);
    ps_areas *groups = tiling_group(small, 300);
    const ps_areas *const layers[] = {small, groups, wards};
    const size_t asked = scanline_check(layers, 3, false, 2, 9000, 10000);
    print_message("%zu points in 3 layers\n", asked);
    assert_true(asked > 100000000);
    ps_areas_free(small);
    ps_areas_free(groups);
    ps_areas_free(wards);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_country),
        cmocka_unit_test(test_england),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

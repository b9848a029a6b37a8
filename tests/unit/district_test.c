/* The sample district: what its generator promises. */
#include "datasets/generate/district.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "datasets/generate/graticule.h"
#include "datasets/generate/incidents.h"
#include "engine/core/digest.h"
#include "engine/core/mem.h"
#include "tests/support/test.h"

typedef struct edge {
    int32_t x1, y1, x2, y2;
} edge;

typedef struct edges {
    edge *item;
    size_t n;
} edges;

static int compare_edges(const void *pa, const void *pb) {
    const edge *a = pa, *b = pb;
    if (a->x1 != b->x1) return a->x1 < b->x1 ? -1 : 1;
    if (a->y1 != b->y1) return a->y1 < b->y1 ? -1 : 1;
    if (a->x2 != b->x2) return a->x2 < b->x2 ? -1 : 1;
    return a->y2 < b->y2 ? -1 : a->y2 > b->y2;
}

static edges edges_of(const ps_areas *areas) {
    edges e = {.item = malloc(areas->n_points * sizeof *e.item)};
    assert_non_null(e.item);
    for (size_t r = 0; r < areas->n_rings; r++) {
        for (uint32_t i = areas->ring_point[r]; i + 1 < areas->ring_point[r + 1]; i++) {
            e.item[e.n++] = (edge){(int32_t)areas->x[i], (int32_t)areas->y[i],
                                   (int32_t)areas->x[i + 1], (int32_t)areas->y[i + 1]};
        }
    }
    qsort(e.item, e.n, sizeof *e.item, compare_edges);
    return e;
}

static bool holds(const edges *e, edge wanted) {
    return bsearch(&wanted, e->item, e->n, sizeof wanted, compare_edges) != NULL;
}

static int64_t twice_area(const ps_areas *areas) {
    int64_t sum = 0;
    for (size_t a = 0; a < areas->n; a++) sum += ps_land_twice_area(areas, a);
    return sum;
}

/* Every edge is shared by exactly two areas, or lies on the outline of the district; the
 * areas add up to the district to the square metre. */
static void check_tiling(const ps_land *land) {
    ps_areas *lsoas, *wards, *district;
    assert_int_equal(ps_land_areas(land, PS_LAND_LSOA, &lsoas, NULL), PS_OK);
    assert_int_equal(ps_land_areas(land, PS_LAND_WARD, &wards, NULL), PS_OK);
    assert_int_equal(ps_land_areas(land, PS_LAND_DISTRICT, &district, NULL), PS_OK);
    assert_int_equal(lsoas->n, PS_LAND_LSOAS);
    assert_int_equal(wards->n, PS_LAND_WARDS);
    edges all = edges_of(lsoas), coarse = edges_of(wards), outline = edges_of(district);

    size_t outer = 0;
    for (size_t i = 0; i < all.n; i++) {
        edge e = all.item[i], back = {e.x2, e.y2, e.x1, e.y1};
        if (i > 0) assert_true(compare_edges(&all.item[i - 1], &e) < 0);
        bool shared = holds(&all, back);
        assert_true(shared != holds(&outline, e));
        outer += !shared;
    }
    assert_int_equal(outer, outline.n);
    for (size_t i = 0; i < coarse.n; i++) {
        edge e = coarse.item[i], back = {e.x2, e.y2, e.x1, e.y1};
        assert_true(holds(&all, e));
        assert_true(holds(&coarse, back) != holds(&outline, e));
    }
    assert_true(twice_area(district) > 0);
    assert_true(twice_area(lsoas) == twice_area(district));
    assert_true(twice_area(wards) == twice_area(district));
    for (size_t a = 0; a < lsoas->n; a++) {
        assert_true(ps_land_twice_area(lsoas, a) > 0);
        assert_true(ps_str_is(lsoas->code[a], land->lsoa_code[a]));
    }

    /* holes and parts */
    const uint32_t *ring = lsoas->area_ring;
    int host = PS_NONE;
    for (int l = 0; l < PS_LAND_LSOAS; l++) {
        if (land->adjacent[land->enclosed][l]) {
            assert_int_equal(host, PS_NONE);
            host = l;
        }
    }
    assert_true(host != PS_NONE);
    assert_true(ring[host + 1] - ring[host] >= 2);
    for (int k = 0; k < 2; k++) {
        int l = land->detached[k];
        assert_true(ring[l + 1] - ring[l] >= 2);
    }
    free(all.item);
    free(coarse.item);
    free(outline.item);
    ps_areas_free(lsoas);
    ps_areas_free(wards);
    ps_areas_free(district);
}

/* No corner is further from its regular place than allowed, so no two edges can meet. */
static void check_corners(const ps_land *land) {
    assert_true(2 * PS_LAND_SHIFT < 46);
    for (int32_t c = 0; c < 2 * land->cols * land->rows; c++) {
        int32_t x, y;
        ps_land_centre(land, c / 2, &x, &y);
        int32_t dx = land->x[c] - x, dy = land->y[c] - (y + (c % 2 ? -47 : 47));
        assert_true(dx * dx + dy * dy <= PS_LAND_SHIFT * PS_LAND_SHIFT);
    }
}

/* Groups are whole: from one member, the others are reached without leaving the group. */
static void check_groups(const ps_land *land) {
    int members[PS_LAND_WARDS] = {0}, reached[PS_LAND_WARDS] = {0};
    bool seen[PS_LAND_LSOAS] = {false};
    for (int l = 0; l < PS_LAND_LSOAS; l++) members[land->ward[l]]++;
    for (int l = 0; l < PS_LAND_LSOAS; l++) {
        if (reached[land->ward[l]] > 0) continue;
        int queue[PS_LAND_LSOAS], n = 0;
        queue[n++] = l;
        seen[l] = true;
        for (int done = 0; done < n; done++) {
            for (int m = 0; m < PS_LAND_LSOAS; m++) {
                if (seen[m] || land->ward[m] != land->ward[l] ||
                    !land->adjacent[queue[done]][m])
                    continue;
                seen[m] = true;
                queue[n++] = m;
            }
        }
        reached[land->ward[l]] = n;
    }
    bool place[PS_LAND_PLACES] = {false}, partnership[PS_LAND_PARTNERSHIPS] = {false};
    for (int w = 0; w < PS_LAND_WARDS; w++) {
        assert_true(members[w] >= 5);
        assert_int_equal(reached[w], members[w]);
        place[land->place[w]] = true;
        partnership[land->partnership[w]] = true;
    }
    for (int p = 0; p < PS_LAND_PLACES; p++) assert_true(place[p]);
    for (int p = 0; p < PS_LAND_PARTNERSHIPS; p++) assert_true(partnership[p]);
    bool taken[PS_LAND_LSOAS] = {false};
    for (int p = 0; p < PS_LAND_PRIORITIES; p++) {
        assert_true(land->priority[p][1] != PS_NONE);
        for (int i = 0; i < PS_LAND_PRIORITY_MAX && land->priority[p][i] >= 0; i++) {
            assert_false(taken[land->priority[p][i]]);
            taken[land->priority[p][i]] = true;
        }
    }
}

static void areas_tile_the_district(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 3; seed++) {
        ps_land *land;
        assert_int_equal(ps_land_build(seed, &land, NULL), PS_OK);
        check_tiling(land);
        check_corners(land);
        check_groups(land);
        ps_land_free(land);
    }
}

static bool is_digits(const char *text) {
    return text[strspn(text, "0123456789")] == '\0';
}

/* Real codes are a letter of the country, two digits and six more. */
static void codes_are_nobodys(void **state) {
    (void)state;
    ps_land *land;
    assert_int_equal(ps_land_build(PS_DISTRICT_SEED, &land, NULL), PS_OK);
    for (int l = 0; l < PS_LAND_LSOAS; l++) {
        assert_memory_equal(land->lsoa_code[l], "ZL", 2);
        assert_true(is_digits(land->lsoa_code[l] + 2));
        if (l > 0) assert_true(strcmp(land->lsoa_code[l - 1], land->lsoa_code[l]) < 0);
    }
    for (int w = 1; w < PS_LAND_WARDS; w++) {
        assert_memory_equal(land->ward_code[w], "ZW", 2);
        assert_true(strcmp(land->ward_code[w - 1], land->ward_code[w]) < 0);
        assert_true(strcmp(land->ward_name[w - 1], land->ward_name[w]) < 0);
    }
    ps_land_free(land);
}

/* Against PROJ. With the OSTN15 grid its answer is up to five metres away. */
static void graticule_agrees_with_proj(void **state) {
    (void)state;
    ps_crs *grid, *wgs84;
    ps_crs_operation *op;
    assert_int_equal(ps_crs_open("EPSG:27700", &grid, NULL), PS_OK);
    assert_int_equal(ps_crs_open("EPSG:4326", &wgs84, NULL), PS_OK);
    const double box[4] = {540000, 470000, 568000, 490000};
    assert_int_equal(ps_crs_operation_open(grid, wgs84, box, 0, &op, NULL), PS_OK);
    bool gridded = ps_crs_operation_describe(op)->grid[0] != '\0';
    double bound = gridded ? 1e-4 : 0.51e-6;
    for (int32_t e = 540000; e <= 568000; e += 1750) {
        for (int32_t n = 470000; n <= 490000; n += 1250) {
            double x = e, y = n;
            int32_t lon, lat;
            ps_graticule(e, n, &lon, &lat);
            assert_int_equal(ps_crs_operation_apply(op, 1, &x, &y), 0);
            assert_true(x - lon / 1e6 < bound && lon / 1e6 - x < bound);
            assert_true(y - lat / 1e6 < bound && lat / 1e6 - y < bound);
        }
    }
    ps_crs_operation_free(op);
    ps_crs_free(grid);
    ps_crs_free(wgs84);
}

static void ranks_are_those_of_a_nation(void **state) {
    (void)state;
    ps_land *land;
    ps_people *people;
    assert_int_equal(ps_land_build(PS_DISTRICT_SEED, &land, NULL), PS_OK);
    assert_int_equal(ps_people_settle(land, &people, NULL), PS_OK);
    for (int d = 0; d < PS_PEOPLE_DOMAINS; d++) {
        static bool used[PS_PEOPLE_NATION + 1];
        memset(used, 0, sizeof used);
        for (int l = 0; l < PS_LAND_LSOAS; l++) {
            int rank = people->rank[d][l];
            assert_in_range(rank, 1, PS_PEOPLE_NATION);
            assert_false(used[rank]);
            used[rank] = true;
            assert_in_range(ps_people_decile(rank), 1, 10);
            for (int m = 0; m < l; m++) {
                if (rank < people->rank[d][m])
                    assert_true(people->score[d][l] >= people->score[d][m]);
            }
        }
    }
    assert_int_equal(ps_people_decile(3284), 1);
    assert_int_equal(ps_people_decile(3285), 2);
    assert_int_equal(ps_people_decile(PS_PEOPLE_NATION), 10);
    int worst = 0;
    for (int l = 0; l < PS_LAND_LSOAS; l++) {
        int sum = 0;
        for (int a = 0; a < PS_PEOPLE_AGES; a++) {
            assert_true(people->age[l][a] >= 0);
            sum += people->age[l][a];
        }
        assert_int_equal(sum, people->all[l]);
        assert_in_range(sum, 1000, 3000);
        worst += people->rank[0][l] <= PS_PEOPLE_NATION / 100;
    }
    assert_in_range(worst, 8, 30);
    ps_people_free(people);
    ps_land_free(land);
}

static double rate_of(const ps_people *people, const ps_incidents *truth, int lsoa,
                      int type) {
    int64_t n = 0;
    for (int m = 0; m < PS_INCIDENTS_MONTHS; m++) n += truth->crimes[lsoa][m][type];
    return (double)n / people->all[lsoa];
}

static int64_t half(const ps_incidents *truth, int type, int from) {
    int64_t n = 0;
    for (int l = 0; l < PS_LAND_LSOAS; l++)
        for (int m = from; m < from + 12; m++) n += truth->crimes[l][m][type];
    return n;
}

static void check_fates(const ps_fates *f) {
    assert_int_equal(f->rows,
                     f->matched + f->outside + f->unlocated + f->invalid + f->duplicate);
}

static void effects_are_planted(void **state) {
    enum { ASB = 0, PUBLIC_ORDER = 8, VEHICLE = 12, VIOLENCE = 13 };
    (void)state;
    char *folder = test_folder_make();
    ps_land *land;
    ps_people *people;
    ps_incidents *truth;
    assert_int_equal(ps_land_build(PS_DISTRICT_SEED, &land, NULL), PS_OK);
    assert_int_equal(ps_people_settle(land, &people, NULL), PS_OK);
    assert_int_equal(ps_incidents_write(land, people, folder, &truth, NULL), PS_OK);

    check_fates(&truth->crime);
    check_fates(&truth->waste);
    int rows = 0;
    for (int m = 0; m < PS_INCIDENTS_MONTHS; m++) {
        check_fates(&truth->crime_month[m]);
        check_fates(&truth->waste_month[m]);
        rows += truth->crime_month[m].rows;
    }
    assert_int_equal(rows, truth->crime.rows);
    assert_in_range(rows, 80000, 100000);
    assert_in_range(truth->crime.unlocated * 1000 / rows, 36, 46);
    assert_true(truth->crime.duplicate > 100 && truth->crime.outside > 100);
    assert_true(truth->waste.invalid > 0 && truth->waste.unlocated > 0);
    assert_true(truth->crime_month[PS_INCIDENTS_ABSENT].rows > 0);
    assert_true(truth->crime_month[PS_INCIDENTS_ABSENT].rows < 100);
    assert_true(truth->ties_lsoa > 100 && truth->ties_ward > 50 && truth->on_coast > 10);

    int64_t total = 0, violence = 0, asb = 0;
    for (int t = 0; t < PS_INCIDENTS_TYPES; t++) {
        int64_t n = half(truth, t, 12);
        total += n;
        if (t == VIOLENCE) violence = n;
        if (t == ASB) asb = n;
    }
    assert_in_range(violence * 100 / total, 30, 40);
    assert_in_range(asb * 100 / total, 14, 24);
    assert_true(half(truth, VEHICLE, 18) * 100 < half(truth, VEHICLE, 12) * 95);
    assert_true(half(truth, PUBLIC_ORDER, 18) > half(truth, PUBLIC_ORDER, 12));

    /* the hotspot: beyond all others */
    for (int l = 0; l < PS_LAND_LSOAS; l++) {
        const int *hot = truth->hotspot;
        if (l == hot[0] || l == hot[1] || l == hot[2]) continue;
        for (int k = 0; k < 3; k++)
            assert_true(rate_of(people, truth, hot[k], ASB) >
                        rate_of(people, truth, l, ASB));
    }
    /* deprivation: the most deprived third against the least */
    double high = 0, low = 0;
    int n_high = 0, n_low = 0;
    for (int l = 0; l < PS_LAND_LSOAS; l++) {
        int decile = ps_people_decile(people->rank[0][l]);
        if (decile <= 3) high += rate_of(people, truth, l, VIOLENCE), n_high++;
        if (decile >= 8) low += rate_of(people, truth, l, VIOLENCE), n_low++;
    }
    assert_true(n_high > 20 && n_low > 20);
    assert_true(high / n_high > 1.5 * (low / n_low));

    ps_incidents_free(truth);
    ps_people_free(people);
    ps_land_free(land);
    test_folder_remove(folder);
}

/* Bytes that are the same on every machine. When the generator changes on purpose, so do
 * these. */
static void same_bytes_everywhere(void **state) {
    static const struct {
        const char *file, *digest;
    } known[] = {
        {"crime/2020-04/2020-04-ashdale-street.csv",
         "8328c04cd995c02232ef58d49b8eaa65e46059d8a6cd04e84534cae53def96b2"},
        {"fly-tipping.csv",
         "b8eac3d452465a8f157621ce9936d58fe7fb7437bdc69b18ab8c49dc8a786fd0"},
        {"population.csv",
         "2cda73bcc6ab7fd68d29c8ffc672e664e2862f3fc97ca9161b6bfa3dfface42e"},
        {"deprivation.csv",
         "89a94ca185e55401adf5f5b6b79173b512a7564c0522f9cecacc744c140cd582"},
        {"truth/crime-lsoa.csv",
         "212097fd2b5b64f78f2088833c7bb34c0a42bb514a5ce6fe1aa215be0fee5209"},
        {"offences.csv",
         "41a601e75611dfc66a3c723d785cf39b31b7dcf241edf7014cd7e1574b7e7373"},
        {"crime-history.csv",
         "ebd3e44316dca4346b7e357490c93749065398ecf6d5e440bb8e9126f92e61fe"},
        {"asb.csv", "46e4d4414d5409f64024b822d8289c60a053a82630aebba367d23ac53c3637d0"},
        {"casualties.csv",
         "5b1aa352e70c0853ec7277071e29d0639c18bbe7eedc80f121e98fe32c28a3de"},
        {"domestic.csv",
         "8823d61941bc65af86b2180525a4961680b8d6d98820cd2ae8349f4a70036070"},
        {"hate.csv", "3987af6fd4e9af6cea0024cebbeb8e888ee55a9918e0a9aa16e2b038b02fa3e4"},
        {"survey.csv",
         "b59f128c61acfc2c976da6d852adc1ab5a8f2fbebb997deeed666c688896279f"},
        {"place-standard.csv",
         "861e450beec56094640786cc772f2a6082bcd967ce77fcbc7866998061bda423"},
        {"icf.csv", "890ebd4d72163a6a7d8b8824be4eddfcca4e1dc9811595c0f97ebcfd5a01e740"},
        {"deprivation-2015.csv",
         "fb1fcee1788f49ac0ee4687d6d9fa45895fdac34dd8aa8923cfd8e41b8e0a2d0"},
        {"population-2021.csv",
         "f5a86f0ffdf84dd9c3c487ef7662a5864f959ed9a891d83463b11c82d40c5824"},
        {"clusters.csv",
         "bab7918b017fbfe39c79701e21a13da30b25407b3745a0e362f693532a0108bb"},
        {"comparators.csv",
         "51f2efd3f0c65dfb0aa2e407b7f0f6474f840c8613d100500c57369d8224d51d"},
        {"truth/partners.csv",
         "0b1b5b9ffdb25645d3abce830cd72889175e94521e03d4b2bdc7d220d2c0ac3b"},
    };
    (void)state;
    char *a = test_folder_make(), *b = test_folder_make();
    ps_error err = {0};
    assert_int_equal(ps_district_write(a, PS_DISTRICT_SEED, &err), PS_OK);
    assert_int_equal(ps_district_write(b, PS_DISTRICT_SEED, &err), PS_OK);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        char hex[65];
        int64_t bytes;
        assert_int_equal(ps_digest_file(test_path(a, known[i].file), hex, &bytes, &err),
                         PS_OK);
        assert_string_equal(hex, known[i].digest);
    }
    char first[65], second[65];
    int64_t bytes;
    assert_int_equal(ps_digest_file(test_path(a, "boundaries.gpkg"), first, &bytes, &err),
                     PS_OK);
    assert_int_equal(
        ps_digest_file(test_path(b, "boundaries.gpkg"), second, &bytes, &err), PS_OK);
    assert_string_equal(first, second);
    test_folder_remove(a);
    test_folder_remove(b);
}

/* The job that ships names the priority neighbourhoods that the default seed plants. */
static void job_names_the_planted_sets(void **state) {
    (void)state;
    ps_land *land;
    assert_int_equal(ps_land_build(PS_DISTRICT_SEED, &land, NULL), PS_OK);
    char *job = test_file_read("datasets/sample/job.yaml", NULL);
    assert_non_null(job);
    for (int p = 0; p < PS_LAND_PRIORITIES; p++) {
        char wanted[200];
        int n = snprintf(wanted, sizeof wanted, "name: %s\n        members: [",
                         land->priority_name[p]);
        for (int i = 0; i < PS_LAND_PRIORITY_MAX && land->priority[p][i] >= 0; i++) {
            n += snprintf(wanted + n, sizeof wanted - (size_t)n, "%s%s",
                          i > 0 ? ", " : "", land->lsoa_code[land->priority[p][i]]);
        }
        snprintf(wanted + n, sizeof wanted - (size_t)n, "]\n");
        assert_non_null(strstr(job, wanted));
    }
    free(job);
    ps_land_free(land);
}

static ps_status build_outline(void *context, ps_error *err) {
    (void)context;
    ps_land *land;
    ps_areas *district;
    ps_status status = ps_land_build(PS_DISTRICT_SEED, &land, err);
    if (status != PS_OK) {
        assert_null(land);
        return status;
    }
    status = ps_land_areas(land, PS_LAND_DISTRICT, &district, err);
    if (status != PS_OK) assert_null(district);
    ps_areas_free(district);
    ps_land_free(land);
    return status;
}

static void memory_runs_out(void **state) {
    (void)state;
    assert_true(test_each_allocation_fails(build_outline, NULL) > 10);
}

static void folder_cannot_be_made(void **state) {
    (void)state;
    ps_error err = {0};
    assert_int_equal(ps_district_write("/nowhere/at/all", 1, &err), PS_OUTPUT);
    assert_non_null(strstr(err.text, "/nowhere/at/all"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(areas_tile_the_district),
        cmocka_unit_test(codes_are_nobodys),
        cmocka_unit_test(graticule_agrees_with_proj),
        cmocka_unit_test(ranks_are_those_of_a_nation),
        cmocka_unit_test(effects_are_planted),
        cmocka_unit_test(same_bytes_everywhere),
        cmocka_unit_test(job_names_the_planted_sets),
        cmocka_unit_test(memory_runs_out),
        cmocka_unit_test(folder_cannot_be_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "datasets/generate/district.h"

#include <inttypes.h>
#include <stdio.h>

#include "datasets/generate/comparators.h"
#include "datasets/generate/engagement.h"
#include "datasets/generate/events.h"
#include "datasets/generate/groups.h"
#include "datasets/generate/incidents.h"
#include "datasets/generate/offences.h"
#include "datasets/generate/registers.h"
#include "datasets/generate/scores.h"
#include "datasets/generate/surveys.h"
#include "datasets/generate/vintages.h"
#include "engine/core/mem.h"
#include "geo/layer.h"
#include "sample_text.h"

static ps_status write_layer(const ps_land *land, ps_land_level level, const char *id,
                             ps_geopackage *gpkg, int64_t *twice, ps_error *err) {
    ps_areas *areas = NULL;
    PS_TRY(ps_land_areas(land, level, &areas, err));
    char code[32], name[32], title[64];
    snprintf(code, sizeof code, "%s_code", id);
    snprintf(name, sizeof name, "%s_name", id);
    snprintf(title, sizeof title, "%s of the made-up district of %s", id,
             PS_LAND_DISTRICT_NAME);
    const ps_field fields[2] = {{code, PS_FIELD_TEXT}, {name, PS_FIELD_TEXT}};
    ps_field_value *values = ps_zalloc(areas->n * 2, sizeof *values);
    ps_status status = PS_OK;
    if (values == NULL) {
        status = ps_fail_nomem(err);
    } else {
        *twice = 0;
        for (size_t a = 0; a < areas->n; a++) {
            values[2 * a].text = areas->code[a];
            values[2 * a + 1].text = areas->name[a];
            *twice += ps_land_twice_area(areas, a);
        }
        status = ps_geopackage_areas(gpkg, id, title, areas, fields, 2, values, err);
    }
    ps_free(values);
    ps_areas_free(areas);
    return status;
}

static ps_status write_boundaries(const ps_land *land, const char *folder,
                                  int64_t twice[3], ps_error *err) {
    static const char *const id[] = {"lsoa", "ward", "district"};
    char path[4096];
    snprintf(path, sizeof path, "%s/boundaries.gpkg", folder);
    remove(path);
    ps_geopackage *gpkg = NULL;
    PS_TRY(ps_geopackage_create(path, &gpkg, err));
    for (int level = PS_LAND_LSOA; level <= PS_LAND_DISTRICT; level++) {
        ps_status status =
            write_layer(land, (ps_land_level)level, id[level], gpkg, &twice[level], err);
        if (status != PS_OK) {
            ps_geopackage_abandon(gpkg);
            return status;
        }
    }
    return ps_geopackage_close(gpkg, err);
}

static ps_status write_memberships(const ps_land *land, const char *folder,
                                   ps_error *err) {
    FILE *file;
    PS_TRY(ps_file_begin(folder, "places.csv",
                         "ward_code,ward_name,place_code,place_name", &file, err));
    for (int w = 0; w < PS_LAND_WARDS; w++) {
        fprintf(file, "%s,%s,%s,%s\n", land->ward_code[w], land->ward_name[w],
                land->place_code[land->place[w]], land->place_name[land->place[w]]);
    }
    PS_TRY(ps_file_finish("places.csv", file, err));
    PS_TRY(ps_file_begin(folder, "partnerships.csv",
                         "ward_code,ward_name,partnership_code,partnership_name", &file,
                         err));
    for (int w = 0; w < PS_LAND_WARDS; w++) {
        int p = land->partnership[w];
        fprintf(file, "%s,%s,%s,%s\n", land->ward_code[w], land->ward_name[w],
                land->partnership_code[p], land->partnership_name[p]);
    }
    PS_TRY(ps_file_finish("partnerships.csv", file, err));
    PS_TRY(ps_file_begin(folder, "priority.csv",
                         "lsoa_code,lsoa_name,priority_code,priority_name", &file, err));
    for (int p = 0; p < PS_LAND_PRIORITIES; p++) {
        for (int i = 0; i < PS_LAND_PRIORITY_MAX && land->priority[p][i] >= 0; i++) {
            int l = land->priority[p][i];
            fprintf(file, "%s,%s,%s,%s\n", land->lsoa_code[l], land->lsoa_name[l],
                    land->priority_code[p], land->priority_name[p]);
        }
    }
    return ps_file_finish("priority.csv", file, err);
}

static ps_status write_people(const ps_land *land, const ps_people *people,
                              const char *folder, ps_error *err) {
    FILE *file;
    PS_TRY(ps_file_begin(folder, "population.csv", NULL, &file, err));
    ps_people_write_population(land, people, file);
    PS_TRY(ps_file_finish("population.csv", file, err));
    PS_TRY(ps_file_begin(folder, "deprivation.csv", NULL, &file, err));
    ps_people_write_deprivation(land, people, file);
    return ps_file_finish("deprivation.csv", file, err);
}

static ps_status write_text(const char *folder, const char *name, const void *text,
                            size_t n, ps_error *err) {
    FILE *file;
    PS_TRY(ps_file_begin(folder, name, NULL, &file, err));
    fwrite(text, 1, n, file);
    return ps_file_finish(name, file, err);
}

static ps_status write_job(const char *folder, ps_error *err) {
    PS_TRY(write_text(folder, "neighbourhood-plans.yaml", neighbourhood_plans_text,
                      sizeof neighbourhood_plans_text, err));
    return write_text(folder, "job.yaml", job_text, sizeof job_text, err);
}

/* ---- the truth ---- */

static void print_fates(FILE *file, const char *indent, const ps_fates *f) {
    fprintf(file,
            "%s\"rows\": %d, \"matched\": %d, \"outside\": %d, \"unlocated\": %d, "
            "\"invalid\": %d, \"duplicate\": %d",
            indent, f->rows, f->matched, f->outside, f->unlocated, f->invalid,
            f->duplicate);
}

static void print_input(FILE *file, const char *id, const ps_fates *all,
                        const ps_fates *months) {
    fprintf(file, "    \"%s\": {\n", id);
    print_fates(file, "      ", all);
    fprintf(file, ",\n      \"months\": {");
    for (int m = 0; m < PS_INCIDENTS_MONTHS; m++) {
        int month = PS_INCIDENTS_FIRST + m;
        fprintf(file, "%s\n        \"%04d-%02d\": {", m > 0 ? "," : "", month / 12,
                month % 12 + 1);
        print_fates(file, "", &months[m]);
        fprintf(file, "}");
    }
    fprintf(file, "\n      }\n    }");
}

static void print_codes(FILE *file, const ps_land *land, const int *lsoa, int n) {
    for (int i = 0; i < n && lsoa[i] >= 0; i++) {
        fprintf(file, "%s\"%s\"", i > 0 ? ", " : "", land->lsoa_code[lsoa[i]]);
    }
}

static ps_status write_summary(const ps_land *land, const ps_people *people,
                               const ps_incidents *t, const int64_t twice[3],
                               uint64_t seed, const char *folder, ps_error *err) {
    FILE *file;
    int64_t residents = 0;
    int deprived = 0;
    for (int l = 0; l < PS_LAND_LSOAS; l++) {
        residents += people->all[l];
        deprived += people->rank[0][l] * 100 <= PS_PEOPLE_NATION;
    }
    PS_TRY(ps_file_begin(folder, "truth/truth.json", NULL, &file, err));
    fprintf(file, "{\n  \"seed\": %" PRIu64 ",\n", seed);
    fprintf(file,
            "  \"areas\": {\"lsoa\": %d, \"ward\": %d, \"place\": %d, "
            "\"place-partnership\": %d, \"priority-neighbourhood\": %d, "
            "\"district\": 1},\n",
            PS_LAND_LSOAS, PS_LAND_WARDS, PS_LAND_PLACES, PS_LAND_PARTNERSHIPS,
            PS_LAND_PRIORITIES);
    fprintf(file,
            "  \"twice_area_m2\": {\"lsoa\": %" PRId64 ", \"ward\": %" PRId64
            ", \"district\": %" PRId64 "},\n",
            twice[0], twice[1], twice[2]);
    fprintf(file, "  \"population\": %" PRId64 ",\n", residents);
    fprintf(file, "  \"inputs\": {\n");
    print_input(file, "crime", &t->crime, t->crime_month);
    fprintf(file, ",\n");
    print_input(file, "fly-tipping", &t->waste, t->waste_month);
    fprintf(file, "\n  },\n  \"transport_rows\": %d,\n", t->transport_rows);
    fprintf(file,
            "  \"fly_tipping_ties\": {\"lsoa\": %d, \"ward\": %d, \"on_coast\": %d},\n",
            t->ties_lsoa, t->ties_ward, t->on_coast);
    fprintf(file,
            "  \"planted\": {\n    \"absent_month\": \"2021-02\",\n"
            "    \"falling\": \"vehicle-crime\",\n    \"rising\": \"public-order\",\n"
            "    \"hotspot\": [");
    print_codes(file, land, t->hotspot, 3);
    fprintf(file, "],\n    \"lsoas_in_most_deprived_1_percent\": %d,\n", deprived);
    fprintf(file, "    \"enclosed\": \"%s\",\n    \"two_parts\": [",
            land->lsoa_code[land->enclosed]);
    print_codes(file, land, land->detached, 2);
    fprintf(file, "],\n    \"priority\": {");
    for (int p = 0; p < PS_LAND_PRIORITIES; p++) {
        fprintf(file, "%s\n      \"%s\": [", p > 0 ? "," : "", land->priority_code[p]);
        print_codes(file, land, land->priority[p], PS_LAND_PRIORITY_MAX);
        fprintf(file, "]");
    }
    fprintf(file, "\n    }\n  }\n}\n");
    return ps_file_finish("truth/truth.json", file, err);
}

/* Rows counted once, by area, month and kind; what is not listed is 0. */
static ps_status write_counts(const ps_land *land, const ps_incidents *t,
                              const char *folder, ps_error *err) {
    static const struct {
        const char *file;
        int areas, kinds;
    } table[] = {
        {"truth/crime-lsoa.csv", PS_LAND_LSOAS, PS_INCIDENTS_TYPES},
        {"truth/fly-tipping-lsoa.csv", PS_LAND_LSOAS, PS_INCIDENTS_WASTE},
        {"truth/fly-tipping-ward.csv", PS_LAND_WARDS, PS_INCIDENTS_WASTE},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        FILE *file;
        PS_TRY(ps_file_begin(folder, table[i].file, "area,month,category,count", &file,
                             err));
        for (int a = 0; a < table[i].areas; a++) {
            for (int m = 0; m < PS_INCIDENTS_MONTHS; m++) {
                for (int k = 0; k < table[i].kinds; k++) {
                    int n = i == 0   ? t->crimes[a][m][k]
                            : i == 1 ? t->waste_lsoa[a][m][k]
                                     : t->waste_ward[a][m][k];
                    int month = PS_INCIDENTS_FIRST + m;
                    if (n == 0) continue;
                    fprintf(file, "%s,%04d-%02d,%s,%d\n",
                            i == 2 ? land->ward_code[a] : land->lsoa_code[a], month / 12,
                            month % 12 + 1,
                            i == 0 ? ps_crime_labels[k] : ps_waste_labels[k], n);
                }
            }
        }
        PS_TRY(ps_file_finish(table[i].file, file, err));
    }
    return PS_OK;
}

/* Everything that the council and its partners keep, and the truth about it. */
static ps_status write_partners(const ps_land *land, const ps_people *people,
                                const ps_incidents *incidents, const char *folder,
                                ps_error *err) {
    static ps_status (*const parts[])(const ps_world *, ps_error *) = {
        ps_offences_write, ps_events_write, ps_registers_write,
        ps_surveys_write,  ps_scores_write, ps_engagement_write,
        ps_vintages_write, ps_groups_write, ps_comparators_write,
    };
    ps_world world = {land, people, incidents->hotspot, folder, NULL};
    PS_TRY(ps_file_begin(folder, "truth/partners.csv", "what,area,period,value",
                         &world.truth, err));
    ps_status status = PS_OK;
    for (size_t i = 0; i < sizeof parts / sizeof *parts && status == PS_OK; i++) {
        status = parts[i](&world, err);
    }
    if (status != PS_OK) {
        fclose(world.truth);
        return status;
    }
    return ps_file_finish("truth/partners.csv", world.truth, err);
}

ps_status ps_district_write(const char *folder, uint64_t seed, ps_error *err) {
    char truth_folder[4096];
    if (snprintf(truth_folder, sizeof truth_folder, "%s/truth", folder) > 3900) {
        return ps_fail(err, PS_OUTPUT, "%.40s...: this path is too long", folder);
    }
    PS_TRY(ps_folder_make(folder, err));
    PS_TRY(ps_folder_make(truth_folder, err));

    ps_land *land = NULL;
    ps_people *people = NULL;
    ps_incidents *truth = NULL;
    int64_t twice[3] = {0, 0, 0};
    ps_status status = ps_land_build(seed, &land, err);
    if (status == PS_OK) status = ps_people_settle(land, &people, err);
    if (status == PS_OK) status = write_boundaries(land, folder, twice, err);
    if (status == PS_OK) status = write_memberships(land, folder, err);
    if (status == PS_OK) status = write_people(land, people, folder, err);
    if (status == PS_OK) status = ps_incidents_write(land, people, folder, &truth, err);
    if (status == PS_OK) {
        status = write_summary(land, people, truth, twice, seed, folder, err);
    }
    if (status == PS_OK) status = write_counts(land, truth, folder, err);
    if (status == PS_OK) status = write_partners(land, people, truth, folder, err);
    if (status == PS_OK) status = write_job(folder, err);
    ps_incidents_free(truth);
    ps_people_free(people);
    ps_land_free(land);
    return status;
}

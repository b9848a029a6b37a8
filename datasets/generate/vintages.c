#include "datasets/generate/vintages.h"

#include <stdlib.h>

#include "datasets/generate/draw.h"
#include "engine/core/mem.h"

enum { KEY_EARLIER = 180, KEY_PEOPLE, KEY_CONDITIONS };

enum { DOMAINS = 8 }; /* the index and its seven domains */

static const char *const domain_names[DOMAINS] = {"Index of Multiple Deprivation (IMD)",
                                                  "Income",
                                                  "Employment",
                                                  "\"Education, Skills and Training",
                                                  "Health Deprivation and Disability",
                                                  "Crime",
                                                  "Barriers to Housing and Services",
                                                  "Living Environment"};

typedef struct earlier {
    int rank[PS_PEOPLE_DOMAINS][PS_LAND_LSOAS];
    int score[DOMAINS][PS_LAND_LSOAS]; /* thousandths */
    int without[PS_LAND_LSOAS];        /* the later release without crime: rank */
    int without_score[PS_LAND_LSOAS];
} earlier;

static int clamp(int v, int low, int high) {
    return v < low ? low : v > high ? high : v;
}

static bool in_priority(const ps_land *land, int p, int l) {
    for (int i = 0; i < PS_LAND_PRIORITY_MAX && land->priority[p][i] >= 0; i++) {
        if (land->priority[p][i] == l) return true;
    }
    return false;
}

static bool in_hundredth(int rank) {
    return rank * 100 <= PS_PEOPLE_NATION;
}

/* In the most deprived twentieth, but not in its first hundredth any more. */
static bool has_left_hundredth(const ps_world *w, int l) {
    const int rank = w->people->rank[0][l], ward = w->land->ward[l];
    return !in_hundredth(rank) && rank * 20 <= PS_PEOPLE_NATION &&
           ward != PS_VINTAGES_BETTER && ward != PS_VINTAGES_WORSE;
}

/* The later rank, a hundredth of the nation either way, and what is planted. */
static int rank_before(const ps_world *w, int d, int l, uint64_t key) {
    const ps_land *land = w->land;
    int rank = w->people->rank[d][l], move = 0, wander = PS_PEOPLE_NATION / 100;
    if (has_left_hundredth(w, l) && d != PS_PEOPLE_BARRIERS)
        return ps_draw_between(key, (uint64_t)(d * 1000 + l), 220, 300);
    if (d == PS_PEOPLE_INCOME && land->ward[l] == PS_VINTAGES_BETTER) move = -3600;
    if (d == PS_PEOPLE_INCOME && land->ward[l] == PS_VINTAGES_WORSE) move = 3600;
    if (rank < 4 * wander) {
        /* the most deprived stay where they are, or were a little more so */
        return clamp(rank * 4 / 5 + (move > 0 ? move : 0), 1, PS_PEOPLE_NATION);
    }
    move += ps_draw_between(key, (uint64_t)(d * 1000 + l), -wander, wander);
    return clamp(rank + move, 1, PS_PEOPLE_NATION);
}

static void set_earlier(const ps_world *w, earlier *e) {
    uint64_t key = ps_draw_key(w->land->key, KEY_EARLIER);
    for (int d = 1; d < DOMAINS; d++) {
        for (int l = 0; l < PS_LAND_LSOAS; l++) {
            e->rank[d][l] = rank_before(w, d, l, key);
            e->score[d][l] = ps_people_score(d, e->rank[d][l]);
        }
    }
    ps_people_index(e->rank, 0, e->score[0], e->rank[0]);
    int later[PS_PEOPLE_DOMAINS][PS_LAND_LSOAS];
    for (int d = 0; d < PS_PEOPLE_DOMAINS; d++) {
        for (int l = 0; l < PS_LAND_LSOAS; l++) later[d][l] = w->people->rank[d][l];
    }
    ps_people_index(later, PS_PEOPLE_CRIME, e->without_score, e->without);
}

static void thousandths(FILE *file, int v) {
    fprintf(file, ",%s%d.%03d", v < 0 ? "-" : "", abs(v) / 1000, abs(v) % 1000);
}

static void tell_hundredth(const ps_world *w, const int *rank, const char *year) {
    int n = 0;
    for (int l = 0; l < PS_LAND_LSOAS; l++) n += in_hundredth(rank[l]);
    ps_world_tell(w, "deprived-hundredth", PS_LAND_DISTRICT_CODE, year, n);
}

static ps_status write_earlier(const ps_world *w, const earlier *e, ps_error *err) {
    FILE *file;
    PS_TRY(ps_file_begin(w->folder, "deprivation-2015.csv", NULL, &file, err));
    fprintf(file, "LSOA code (2011),LSOA name (2011)");
    for (int d = 0; d < DOMAINS; d++) {
        const char *end = *domain_names[d] == '"' ? "\"" : "";
        fprintf(file, ",%s Score%s,%s Rank%s", domain_names[d], end, domain_names[d],
                end);
    }
    fputc('\n', file);
    for (int l = 0; l < PS_LAND_LSOAS; l++) {
        fprintf(file, "%s,%s", w->land->lsoa_code[l], w->land->lsoa_name[l]);
        for (int d = 0; d < DOMAINS; d++) {
            thousandths(file, e->score[d][l]);
            fprintf(file, ",%d", e->rank[d][l]);
        }
        fputc('\n', file);
    }
    PS_TRY(ps_file_finish("deprivation-2015.csv", file, err));
    PS_TRY(ps_file_begin(w->folder, "deprivation-without-crime.csv",
                         "lsoa_code,score,rank,decile,fifth", &file, err));
    for (int l = 0; l < PS_LAND_LSOAS; l++) {
        fprintf(file, "%s", w->land->lsoa_code[l]);
        thousandths(file, e->without_score[l]);
        int decile = ps_people_decile(e->without[l]);
        fprintf(file, ",%d,%d,%d\n", e->without[l], decile, (decile + 1) / 2);
    }
    return ps_file_finish("deprivation-without-crime.csv", file, err);
}

/* People behind the rates. Those of 2015 are a hundredth fewer. */
static ps_status write_counts(const ps_world *w, const earlier *e, bool later,
                              ps_error *err) {
    const char *name =
        later ? "deprivation-counts-2019.csv" : "deprivation-counts-2015.csv";
    FILE *file;
    PS_TRY(ps_file_begin(w->folder, name,
                         "lsoa_code,income_deprived,population,employment_deprived,"
                         "working_age",
                         &file, err));
    for (int l = 0; l < PS_LAND_LSOAS; l++) {
        const ps_people *p = w->people;
        int people = p->all[l], working = 0;
        for (int a = 18; a < 65; a++) working += p->age[l][a];
        int income =
            later ? p->score[PS_PEOPLE_INCOME][l] : e->score[PS_PEOPLE_INCOME][l];
        int work =
            later ? p->score[PS_PEOPLE_EMPLOYMENT][l] : e->score[PS_PEOPLE_EMPLOYMENT][l];
        if (!later) {
            people = people * 99 / 100;
            working = working * 99 / 100;
            /* where people and ranks stay, so do rates; but not here */
            if (in_priority(w->land, PS_VINTAGES_BETTER_LEVEL, l))
                income = income * 118 / 100;
            else if (p->rank[PS_PEOPLE_INCOME][l] < 4 * PS_PEOPLE_NATION / 100 &&
                     w->land->ward[l] != PS_VINTAGES_WORSE)
                income = p->score[PS_PEOPLE_INCOME][l];
        }
        fprintf(file, "%s,%d,%d,%d,%d\n", w->land->lsoa_code[l],
                (people * income + 500) / 1000, people, (working * work + 500) / 1000,
                working);
    }
    return ps_file_finish(name, file, err);
}

/* Everybody a year older, more born and fewer old; a town centre grows. */
static ps_status write_population(const ps_world *w, ps_error *err) {
    uint64_t key = ps_draw_key(w->land->key, KEY_PEOPLE);
    ps_people *next = ps_zalloc(1, sizeof *next);
    if (next == NULL) return ps_fail_nomem(err);
    for (int l = 0; l < PS_LAND_LSOAS; l++) {
        const int *before = w->people->age[l];
        for (int a = 0; a < PS_PEOPLE_AGES; a++) {
            uint64_t c = (uint64_t)(l * PS_PEOPLE_AGES + a);
            int from = a == 0 ? before[0] : before[a - 1] + (a == 90 ? before[90] : 0);
            int kept = a < 60 ? 1000 : a < 80 ? 985 : a < 90 ? 930 : 830;
            if (w->land->urban[l] > 900 && a >= 18 && a < 35) kept = 1020;
            next->age[l][a] = (from * kept + ps_draw_between(key, c, 0, 999)) / 1000;
            next->all[l] += next->age[l][a];
        }
    }
    FILE *file;
    ps_status status = ps_file_begin(w->folder, "population-2021.csv", NULL, &file, err);
    if (status == PS_OK) {
        ps_people_write_population(w->land, next, file);
        status = ps_file_finish("population-2021.csv", file, err);
    }
    ps_free(next);
    return status;
}

static ps_status write_conditions(const ps_world *w, ps_error *err) {
    uint64_t key = ps_draw_key(w->land->key, KEY_CONDITIONS);
    FILE *file;
    PS_TRY(
        ps_file_begin(w->folder, "households.csv", "lsoa_code,households", &file, err));
    for (int l = 0; l < PS_LAND_LSOAS; l++) {
        int size = ps_draw_between(key, (uint64_t)l, 215, 255);
        fprintf(file, "%s,%d\n", w->land->lsoa_code[l], w->people->all[l] * 100 / size);
    }
    PS_TRY(ps_file_finish("households.csv", file, err));
    PS_TRY(ps_file_begin(w->folder, "conditions.csv",
                         "lsoa_code,claimants,working_age,metres_to_green_space", &file,
                         err));
    for (int l = 0; l < PS_LAND_LSOAS; l++) {
        int working = 0, poor = w->people->deprived[l];
        for (int a = 16; a < 65; a++) working += w->people->age[l][a];
        int claimants =
            working *
            (15 + poor * 85 / 1000 + ps_draw_between(key, 1000 + (uint64_t)l, -6, 6)) /
            1000;
        int metres = 90 + w->land->urban[l] / 5 + poor / 3 +
                     ps_draw_between(key, 2000 + (uint64_t)l, -60, 140);
        fprintf(file, "%s,%d,%d,%d\n", w->land->lsoa_code[l], claimants, working, metres);
    }
    return ps_file_finish("conditions.csv", file, err);
}

ps_status ps_vintages_write(const ps_world *world, ps_error *err) {
    earlier *e = ps_zalloc(1, sizeof *e);
    if (e == NULL) return ps_fail_nomem(err);
    set_earlier(world, e);
    tell_hundredth(world, e->rank[0], "2015");
    tell_hundredth(world, world->people->rank[0], "2019");
    ps_status status = write_earlier(world, e, err);
    if (status == PS_OK) status = write_counts(world, e, false, err);
    if (status == PS_OK) status = write_counts(world, e, true, err);
    ps_free(e);
    if (status == PS_OK) status = write_population(world, err);
    if (status == PS_OK) status = write_conditions(world, err);
    return status;
}

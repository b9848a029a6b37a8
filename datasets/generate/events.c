#include "datasets/generate/events.h"

#include "datasets/generate/draw.h"

enum {
    KEY_ASB = 80,
    KEY_FIRES,
    KEY_CASUALTIES,
    KEY_NRM,
    KEY_ENTRANTS,
    KEY_WATER,
    KEY_TREATMENT,
    KEY_DEATHS,
    KEY_WASTE,
    KEY_NUMBER
};

enum { YEARS = 5 }; /* 2018 to 2022 */

/* A number around the level of a month, in thousandths of it by year, by season, and by
 * three per cent either way. */
static int number_of(uint64_t key, ps_month month, int level, const int by_year[YEARS],
                     const int by_month[12]) {
    uint64_t own = ps_draw_key(key, KEY_NUMBER);
    int64_t n = (int64_t)level * by_year[month / 12 - 2018];
    if (by_month != NULL) n = n * by_month[month % 12] / 1000;
    n = n * ps_draw_between(own, (uint64_t)month, 970, 1030) / 1000;
    return (int)((n + 500) / 1000);
}

/* Days of a month in the order of its events. */
static int day_of(int i, int n, ps_month month) {
    return 1 + i * ps_days_of(month) / n;
}

static void print_place(const ps_world *w, int lsoa, uint64_t key, uint64_t c,
                        FILE *file) {
    int32_t x, y;
    ps_place_inside(w->land, lsoa, key, c, &x, &y);
    fprintf(file, ",%d,%d\n", x, y);
}

static bool plan_year(ps_month month) {
    return month >= 2021 * 12 + 3 && month <= 2022 * 12 + 2;
}

static void tell_year(const ps_world *w, const char *what, int64_t n) {
    ps_world_tell(w, what, PS_LAND_DISTRICT_CODE, "2021/22", n);
}

/* ---- anti-social behaviour ---- */

static ps_status write_asb(const ps_world *w, ps_error *err) {
    static const struct {
        const char *id;
        int level, by_year[YEARS];
    } kinds[] = {
        {"personal", 92, {1000, 1000, 960, 800, 700}},
        {"nuisance", 205, {1000, 1000, 1150, 960, 800}},
        {"environmental", 42, {1000, 1000, 1250, 1350, 1450}},
    };
    static const int season[12] = {760,  780,  900,  1030, 1140, 1220,
                                   1260, 1200, 1060, 1000, 870,  780};
    uint64_t key = ps_draw_key(w->land->key, KEY_ASB);
    ps_pull before, after;
    ps_pull_set(&before, w->land, w->people, 1900, 7000);
    ps_pull_set(&after, w->land, w->people, 1900, 1500);
    ps_pull_raise(&before, w->hotspot, 3, 4);
    ps_pull_raise(&after, w->hotspot, 3, 4);
    FILE *file;
    int id = 0;
    int64_t told[3] = {0, 0, 0};
    PS_TRY(ps_file_begin(w->folder, "asb.csv",
                         "incident_id,date,asb_type,easting,northing", &file, err));
    for (ps_month m = 2019 * 12; m <= PS_WORLD_LAST; m++) {
        const ps_pull *pull = m < 2020 * 12 + 3 ? &before : &after;
        bool lockdown = m >= 2020 * 12 + 3 && m <= 2020 * 12 + 5;
        uint64_t own = ps_draw_key(key, (uint64_t)m);
        for (int k = 0; k < 3; k++) {
            int n = number_of(ps_draw_key(key, (uint64_t)k), m,
                              kinds[k].level * (lockdown ? 155 : 100) / 100,
                              kinds[k].by_year, season);
            for (int i = 0; i < n; i++) {
                uint64_t c = (uint64_t)(k * 1000 + i) * 8;
                fprintf(file, "N%05d,", ++id);
                ps_print_day(file, m, day_of(i, n, m));
                fprintf(file, ",%s", kinds[k].id);
                print_place(w, ps_pull_pick(pull, own, c), own, c + 1, file);
            }
            if (plan_year(m)) told[k] += n;
        }
    }
    for (int k = 0; k < 3; k++) {
        char what[32];
        snprintf(what, sizeof what, "asb:%s", kinds[k].id);
        tell_year(w, what, told[k]);
    }
    return ps_file_finish("asb.csv", file, err);
}

/* ---- fires ---- */

static ps_status write_fires(const ps_world *w, ps_error *err) {
    static const int by_year[YEARS] = {1000, 1000, 940, 1000, 1010};
    static const int season[12] = {700,  720,  950, 1250, 1150, 1050,
                                   1050, 1000, 900, 1000, 1900, 700};
    uint64_t key = ps_draw_key(w->land->key, KEY_FIRES);
    ps_pull pull;
    ps_pull_set(&pull, w->land, w->people, 2600, 300);
    FILE *file;
    int id = 0;
    int64_t told = 0;
    PS_TRY(ps_file_begin(w->folder, "fires.csv",
                         "incident_id,date,fire_class,motive,easting,northing", &file,
                         err));
    for (ps_month m = 2019 * 12; m <= PS_WORLD_LAST; m++) {
        uint64_t own = ps_draw_key(key, (uint64_t)m);
        int n = number_of(key, m, 84, by_year, season) + 22;
        for (int i = 0; i < n; i++) {
            uint64_t c = (uint64_t)i * 8;
            uint32_t u = ps_draw_below(own, c, 1000);
            bool accident = ps_draw_below(own, c + 5, (uint32_t)n) < 22;
            fprintf(file, "F%05d,", ++id);
            ps_print_day(file, m, day_of(i, n, m));
            fprintf(file, ",%s,%s",
                    u < (accident ? 700u : 190u) ? "Primary" : "Secondary",
                    accident ? "Accidental" : "Deliberate");
            print_place(w, ps_pull_pick(&pull, own, c + 1), own, c + 2, file);
            if (plan_year(m)) told += !accident;
        }
    }
    tell_year(w, "fires:deliberate", told);
    return ps_file_finish("fires.csv", file, err);
}

/* ---- people hurt on roads ---- */

enum { SEVERITIES = 3, DECADE_FIRST = 2010, DECADE = 12 };

static ps_status write_casualties(const ps_world *w, ps_error *err) {
    static const int by_year[YEARS] = {1150, 1100, 850, 1000, 960};
    static const int older[DECADE] = {2560, 2380, 2230, 2110, 1980, 1800,
                                      1620, 1390, 0,    0,    0,    0};
    uint64_t key = ps_draw_key(w->land->key, KEY_CASUALTIES);
    ps_pull pull;
    ps_pull_set(&pull, w->land, w->people, 500, 1500);
    FILE *file, *collisions;
    int id = 0;
    int64_t in_month[DECADE * 12][SEVERITIES] = {{0}}, told = 0;
    PS_TRY(ps_file_begin(w->folder, "casualties.csv",
                         "accident_id,casualty,casualty_severity", &file, err));
    const ps_status status =
        ps_file_begin(w->folder, "collisions.csv", "accident_id,date,easting,northing",
                      &collisions, err);
    if (status != PS_OK) {
        fclose(file);
        return status;
    }
    for (ps_month m = PS_WORLD_FIRST; m <= PS_WORLD_LAST; m++) {
        uint64_t own = ps_draw_key(key, (uint64_t)m);
        int n = number_of(key, m, 58, by_year, NULL), with = 0;
        for (int i = 0; i < n; i++) {
            uint64_t c = (uint64_t)i * 8;
            uint32_t u = ps_draw_below(own, c, 1000);
            int severity = u < 9 ? 1 : u < 260 ? 2 : 3;
            /* a fifth were hurt together with the one before */
            bool together = i > 0 && with < 3 && ps_draw_below(own, c + 1, 5) == 0;
            with = together ? with + 1 : 0;
            id += !together;
            fprintf(file, "%04d%05d,%d,%d\n", m / 12, id, with + 1, severity);
            if (!together) {
                fprintf(collisions, "%04d%05d,", m / 12, id);
                ps_print_day(collisions, m, day_of(i, n, m));
                print_place(w, ps_pull_pick(&pull, own, c + 2), own, c + 3, collisions);
            }
            if (m < (DECADE_FIRST + DECADE) * 12)
                in_month[m - DECADE_FIRST * 12][severity - 1]++;
            if (plan_year(m)) told += severity < 3;
        }
    }
    tell_year(w, "casualties:killed-seriously-injured", told);
    const ps_status finished = ps_file_finish("casualties.csv", file, err);
    PS_TRY(ps_file_finish("collisions.csv", collisions, finished == PS_OK ? err : NULL));
    PS_TRY(finished);
    PS_TRY(ps_file_begin(w->folder, "casualty-history.csv",
                         "district_code,month,casualty_severity,count", &file, err));
    for (int y = 0; y < DECADE; y++) {
        int64_t sum = 0;
        for (int i = 0; i < 12 * SEVERITIES; i++) {
            static const int share[SEVERITIES] = {9, 190, 801};
            int m = y * 12 + i / SEVERITIES, k = i % SEVERITIES;
            /* the months of older years are parts of the year, without a rest */
            int64_t whole = 696 * older[y] / 1000 * share[k] / 1000, at = m % 12;
            int64_t n =
                older[y] > 0 ? whole * (at + 1) / 12 - whole * at / 12 : in_month[m][k];
            fprintf(file, "%s,%04d-%02d,%d,%d\n", PS_LAND_DISTRICT_CODE, DECADE_FIRST + y,
                    (int)at + 1, k + 1, (int)n);
            sum += n;
        }
        char period[8];
        snprintf(period, sizeof period, "%d", DECADE_FIRST + y);
        ps_world_tell(w, "casualties", PS_LAND_DISTRICT_CODE, period, sum);
    }
    return ps_file_finish("casualty-history.csv", file, err);
}

/* ---- referrals, entrants, call-outs ---- */

/* By month with a count, as the safeguarding partners keep them. */
static const char *const exploitation[] = {"Criminal", "Labour", "Sexual"};

/* Referrals of the force's other districts, which no operation reached. */
static void print_other_nrm(uint64_t key, ps_month m, FILE *file) {
    for (int d = 2; d <= 5; d++) {
        uint64_t own = ps_draw_key(key, (uint64_t)d);
        for (int k = 0; k < 3; k++)
            fprintf(file, "%04d-%02d,ZD%02d,%s,Adult,%d\n", m / 12, m % 12 + 1, d,
                    exploitation[k], ps_draw_between(own, (uint64_t)(m * 4 + k), 0, 3));
    }
}

static ps_status write_nrm(const ps_world *w, ps_error *err) {
    uint64_t key = ps_draw_key(w->land->key, KEY_NRM);
    FILE *file;
    int64_t told = 0;
    PS_TRY(ps_file_begin(w->folder, "nrm.csv",
                         "month,district_code,exploitation_type,adult_child,referrals",
                         &file, err));
    for (ps_month m = PS_WORLD_FIRST; m <= PS_WORLD_LAST; m++) {
        bool operation = m == 2021 * 12 + 6;
        for (int k = 0; k < 3; k++) {
            for (int child = 0; child < 2; child++) {
                uint64_t c = (uint64_t)(m * 8 + k * 2 + child);
                int n = ps_draw_between(key, c, 0, 1) + (k == 0 && child) +
                        (operation && k == 1 && !child ? 19 : 0);
                fprintf(file, "%04d-%02d,%s,%s,%s,%d\n", m / 12, m % 12 + 1,
                        PS_LAND_DISTRICT_CODE, exploitation[k], child ? "Child" : "Adult",
                        n);
                if (plan_year(m)) told += n;
            }
        }
        print_other_nrm(key, m, file);
    }
    tell_year(w, "nrm", told);
    return ps_file_finish("nrm.csv", file, err);
}

static ps_status write_entrants(const ps_world *w, ps_error *err) {
    static const int by_year[YEARS] = {1300, 1180, 950, 900, 640};
    uint64_t key = ps_draw_key(w->land->key, KEY_ENTRANTS);
    ps_pull pull;
    ps_pull_set(&pull, w->land, w->people, 4000, 0);
    FILE *file;
    int id = 0;
    int64_t told = 0;
    PS_TRY(ps_file_begin(w->folder, "first-time-entrants.csv",
                         "person_id,date,age,lsoa_code", &file, err));
    for (ps_month m = PS_WORLD_FIRST; m <= PS_WORLD_LAST; m++) {
        uint64_t own = ps_draw_key(key, (uint64_t)m);
        int n = number_of(key, m, 14, by_year, NULL);
        for (int i = 0; i < n; i++) {
            uint64_t c = (uint64_t)i * 8;
            int a = ps_draw_between(own, c, 10, 17),
                b = ps_draw_between(own, c + 1, 10, 17);
            fprintf(file, "P%04d,", ++id);
            ps_print_day(file, m, day_of(i, n, m));
            fprintf(file, ",%d,%s\n", a > b ? a : b,
                    w->land->lsoa_code[ps_pull_pick(&pull, own, c + 2)]);
        }
        if (plan_year(m)) told += n;
    }
    tell_year(w, "first-time-entrants", told);
    return ps_file_finish("first-time-entrants.csv", file, err);
}

enum { SITES = 6 };

static ps_status write_water(const ps_world *w, ps_error *err) {
    static const char *const sites[SITES] = {"Gritstone Reservoir", "Holmebeck Weir",
                                             "Old Clay Pit",        "Spenwick Locks",
                                             "Coldwell Reservoir",  "Millgarth Basin"};
    static const char *const agencies[] = {"Fire and rescue", "Police", "Water company",
                                           "Canal trust"};
    static const int by_year[YEARS] = {900, 950, 1250, 1100, 900};
    static const int season[12] = {250,  250,  450, 900, 1400, 2000,
                                   2300, 1900, 900, 500, 300,  250};
    uint64_t key = ps_draw_key(w->land->key, KEY_WATER);
    ps_pull pull;
    ps_pull_set(&pull, w->land, w->people, 0, 0);
    FILE *file;
    int id = 0;
    int64_t told = 0;
    PS_TRY(ps_file_begin(w->folder, "sites.csv",
                         "site_code,site_name,ward_code,district_code,easting,northing",
                         &file, err));
    for (int i = 0; i < SITES; i++) {
        int lsoa = ps_pull_pick(&pull, key, 900000 + (uint64_t)i * 8);
        fprintf(file, "ZO%02d,%s,%s,%s", i + 1, sites[i],
                w->land->ward_code[w->land->ward[lsoa]], PS_LAND_DISTRICT_CODE);
        print_place(w, lsoa, key, 900001 + (uint64_t)i * 8, file);
    }
    PS_TRY(ps_file_finish("sites.csv", file, err));
    PS_TRY(ps_file_begin(w->folder, "open-water.csv", "incident_id,date,agency,site_code",
                         &file, err));
    for (ps_month m = PS_WORLD_FIRST; m <= PS_WORLD_LAST; m++) {
        uint64_t own = ps_draw_key(key, (uint64_t)m);
        int n = number_of(key, m, 7, by_year, season);
        for (int i = 0; i < n; i++) {
            uint64_t c = (uint64_t)i * 4;
            /* the lower of two draws: the first sites see most */
            int a = (int)ps_draw_below(own, c, SITES),
                b = (int)ps_draw_below(own, c + 1, SITES);
            fprintf(file, "W%04d,", ++id);
            ps_print_day(file, m, day_of(i, n, m));
            fprintf(file, ",%s,ZO%02d\n", agencies[ps_draw_below(own, c + 2, 4)],
                    (a < b ? a : b) + 1);
        }
        if (plan_year(m)) told += n;
    }
    tell_year(w, "open-water", told);
    return ps_file_finish("open-water.csv", file, err);
}

static ps_status write_treatment(const ps_world *w, ps_error *err) {
    static const char *const sources[] = {"Probation", "Liaison and diversion", "Police",
                                          "Court"};
    static const int by_year[YEARS] = {800, 850, 800, 1000, 1300};
    uint64_t key = ps_draw_key(w->land->key, KEY_TREATMENT);
    FILE *file;
    int id = 0;
    int64_t told = 0;
    PS_TRY(ps_file_begin(w->folder, "drug-referrals.csv",
                         "person_id,date,referral_source", &file, err));
    for (ps_month m = PS_WORLD_FIRST; m <= PS_WORLD_LAST; m++) {
        int n = number_of(key, m, 26, by_year, NULL);
        for (int i = 0; i < n; i++) {
            fprintf(file, "T%04d,", ++id);
            ps_print_day(file, m, day_of(i, n, m));
            fprintf(file, ",%s\n",
                    sources[ps_draw_below(key, (uint64_t)(m * 100 + i), 4)]);
        }
        if (plan_year(m)) told += n;
    }
    tell_year(w, "drug-referrals", told);
    return ps_file_finish("drug-referrals.csv", file, err);
}

/* Few enough that a year's figure says little. */
static ps_status write_deaths(const ps_world *w, ps_error *err) {
    static const struct {
        const char *cause;
        int chance; /* of one in a month, in thousandths; three tries */
    } causes[] = {{"fire", 45}, {"water", 30}, {"drug-related", 920}};
    uint64_t key = ps_draw_key(w->land->key, KEY_DEATHS);
    FILE *file;
    int id = 0;
    int64_t told[3] = {0, 0, 0};
    PS_TRY(ps_file_begin(w->folder, "deaths.csv", "event_id,date,cause", &file, err));
    for (ps_month m = PS_WORLD_FIRST; m <= PS_WORLD_LAST; m++) {
        for (int k = 0; k < 3; k++) {
            for (int i = 0; i < 3; i++) {
                uint64_t c = (uint64_t)(m * 32 + k * 8 + i * 2);
                if ((int)ps_draw_below(key, c, 1000) >= causes[k].chance) continue;
                fprintf(file, "D%03d,", ++id);
                ps_print_day(file, m, ps_draw_between(key, c + 1, 1, ps_days_of(m)));
                fprintf(file, ",%s\n", causes[k].cause);
                if (plan_year(m)) told[k]++;
            }
        }
    }
    for (int k = 0; k < 3; k++) {
        char what[32];
        snprintf(what, sizeof what, "deaths:%s", causes[k].cause);
        tell_year(w, what, told[k]);
    }
    return ps_file_finish("deaths.csv", file, err);
}

/* The old case system, of which fly-tipping.csv is the successor. */
static ps_status write_old_waste(const ps_world *w, ps_error *err) {
    static const char *const kinds[] = {"Household waste",    "Household waste",
                                        "Construction waste", "Garden waste",
                                        "White goods",        "Other"};
    uint64_t key = ps_draw_key(w->land->key, KEY_WASTE);
    ps_pull pull;
    ps_pull_set(&pull, w->land, w->people, 1800, 500);
    ps_pull_raise(&pull, w->hotspot, 3, 4);
    FILE *file;
    int id = 0;
    PS_TRY(ps_file_begin(w->folder, "fly-tipping-2018.csv",
                         "case_id,date,type,easting,northing", &file, err));
    for (ps_month m = 2018 * 12 + 3; m < PS_WORLD_FIRST + 27; m++) {
        uint64_t own = ps_draw_key(key, (uint64_t)m);
        int n = ps_draw_between(key, (uint64_t)m, 165, 190);
        for (int i = 0; i < n; i++) {
            uint64_t c = (uint64_t)i * 8;
            fprintf(file, "FS%05d,%02d/%02d/%04d,%s", ++id, day_of(i, n, m), m % 12 + 1,
                    m / 12, kinds[ps_draw_below(own, c, 6)]);
            print_place(w, ps_pull_pick(&pull, own, c + 1), own, c + 2, file);
        }
    }
    return ps_file_finish("fly-tipping-2018.csv", file, err);
}

ps_status ps_events_write(const ps_world *world, ps_error *err) {
    PS_TRY(write_asb(world, err));
    PS_TRY(write_fires(world, err));
    PS_TRY(write_casualties(world, err));
    PS_TRY(write_nrm(world, err));
    PS_TRY(write_entrants(world, err));
    PS_TRY(write_water(world, err));
    PS_TRY(write_treatment(world, err));
    PS_TRY(write_deaths(world, err));
    return write_old_waste(world, err);
}

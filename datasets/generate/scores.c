#include "datasets/generate/scores.h"

#include <string.h>

#include "datasets/generate/draw.h"
#include "datasets/generate/groups.h"

enum { KEY_ICF = 140, KEY_PLACE };

enum { FIRST_YEAR = 2021, YEARS = 2, APPROACHES = 5, THEMES = 14 };

/* ---- inclusive communities ---- */

/* Parts of one organisation are directorates. */
static const struct {
    const char *code, *name, *directorate;
    int from; /* first year that it takes part; after the last: never */
    bool plan;
} organisations[] = {
    {"ZG01", "Ashdale Council", "Adults and Health", 2021, true},
    {"ZG01", "Ashdale Council", "Children and Families", 2021, true},
    {"ZG01", "Ashdale Council", "Environment", 2021, false},
    {"ZG01", "Ashdale Council", "Growth and Regeneration", 2022, false},
    {"ZG01", "Ashdale Council", "Corporate Strategy", 2021, true},
    {"ZG02", "Ashdale Police", "", 2021, true},
    {"ZG03", "Fire and Rescue", "", 2021, true},
    {"ZG04", "Homes of Ashdale", "", 2021, false},
    {"ZG05", "Probation", "", 2021, true},
    {"ZG06", "Norholme College", "", 2021, true},
    {"ZG07", "Health Partnership", "", 2021, true},
    {"ZG08", "Third Sector Leaders", "", 2021, true},
    {"ZG09", "Faith Network", "", 2022, false},
    {"ZG10", "Ashbridge United", "", 2023, false},
};
enum { ORGANISATIONS = sizeof organisations / sizeof *organisations, SILENT = 6 };

static const struct {
    const char *id;
    int mean, rise; /* tenths */
} approaches[APPROACHES] = {{"connecting", 32, 3},
                            {"communicating", 34, 2},
                            {"equalising", 30, 3},
                            {"trusting", 24, 7},
                            {"celebrating", 36, 1}};

static int rating_of(uint64_t key, int o, int approach, int year) {
    uint64_t c = (uint64_t)(o * 32 + approach * 4);
    int tenths = approaches[approach].mean + year * approaches[approach].rise +
                 ps_draw_between(key, c, -7, 7) +
                 ps_draw_between(key, c + 1, -2, 2) * year;
    int rating = (tenths + 5) / 10;
    return rating < 1 ? 1 : rating > 5 ? 5 : rating;
}

static ps_status write_icf(const ps_world *w, ps_error *err) {
    uint64_t key = ps_draw_key(w->land->key, KEY_ICF);
    FILE *file;
    PS_TRY(ps_file_begin(
        w->folder, "icf.csv",
        "organisation_code,organisation,directorate,year,date,approach,score,"
        "scale_min,scale_max",
        &file, err));
    for (int year = 0; year < YEARS; year++) {
        for (int o = 0; o < ORGANISATIONS; o++) {
            if (FIRST_YEAR + year < organisations[o].from) continue;
            for (int a = 0; a < APPROACHES; a++) {
                if (o == SILENT && a == 4) continue;
                fprintf(file, "%s,%s,%s,%d,%d-03,%s,%d,1,5\n", organisations[o].code,
                        organisations[o].name, organisations[o].directorate,
                        FIRST_YEAR + year, FIRST_YEAR + year, approaches[a].id,
                        rating_of(key, o, a, year));
            }
        }
    }
    return ps_file_finish("icf.csv", file, err);
}

/* Each organisation once. */
static ps_status write_organisations(const ps_world *w, ps_error *err) {
    FILE *file;
    PS_TRY(ps_file_begin(w->folder, "organisations.csv",
                         "organisation_code,organisation,board_code,board", &file, err));
    for (int o = 0; o < ORGANISATIONS; o++) {
        if (o > 0 && strcmp(organisations[o].code, organisations[o - 1].code) == 0)
            continue;
        fprintf(file, "%s,%s,ZB01,Communities Board\n", organisations[o].code,
                organisations[o].name);
    }
    return ps_file_finish("organisations.csv", file, err);
}

static ps_status write_roster(const ps_world *w, ps_error *err) {
    FILE *file;
    PS_TRY(ps_file_begin(w->folder, "icf-roster.csv",
                         "organisation_code,organisation,directorate,year,invited,"
                         "submitted,plan_in_place",
                         &file, err));
    for (int year = 0; year < YEARS; year++) {
        int submitted = 0;
        for (int o = 0; o < ORGANISATIONS; o++) {
            bool in = FIRST_YEAR + year >= organisations[o].from;
            fprintf(
                file, "%s,%s,%s,%d,Yes,%s,%s\n", organisations[o].code,
                organisations[o].name, organisations[o].directorate, FIRST_YEAR + year,
                in ? "Yes" : "No",
                in && organisations[o].plan && (year > 0 || o % 2 == 0) ? "Yes" : "No");
            submitted += in;
        }
        char period[8];
        snprintf(period, sizeof period, "%d", FIRST_YEAR + year);
        ps_world_tell(w, "icf:invited", PS_LAND_DISTRICT_CODE, period, ORGANISATIONS);
        ps_world_tell(w, "icf:submitted", PS_LAND_DISTRICT_CODE, period, submitted);
    }
    return ps_file_finish("icf-roster.csv", file, err);
}

/* ---- the Place Standard ---- */

static const struct {
    const char *id;
    int mean; /* tenths */
} themes[THEMES] = {
    {"moving-around", 42},        {"public-transport", 40},   {"traffic-parking", 23},
    {"streets-spaces", 37},       {"natural-space", 46},      {"play-recreation", 33},
    {"facilities-amenities", 39}, {"work-local-economy", 31}, {"housing-community", 36},
    {"social-contact", 44},       {"identity-belonging", 47}, {"feeling-safe", 35},
    {"care-maintenance", 30},     {"influence-control", 29},
};
enum { INFLUENCE = 13, SAFE = 11, CARE = 12 };

/* Tenths that a theme of a place has risen by the second round. */
static int risen(int place, int theme) {
    if (place == 0) return theme == INFLUENCE ? 18 : theme == SAFE ? 11 : 0;
    return place == 2 && theme == CARE ? -12 : 0;
}

static int score_of(uint64_t key, int place, int round, int theme, uint64_t c) {
    int own = ps_draw_between(key, 500000 + (uint64_t)(place * 16 + theme), -5, 5);
    int tenths = themes[theme].mean + own + round * risen(place, theme) +
                 ps_draw_between(key, c, -13, 13) + ps_draw_between(key, c + 1, -13, 13);
    int score = (tenths + 5) / 10;
    return score < 1 ? 1 : score > 7 ? 7 : score;
}

static void print_response(const ps_world *w, int place, int round, bool group, int who,
                           int event, FILE *file) {
    uint64_t key = ps_draw_key(w->land->key, KEY_PLACE);
    int lsoa[PS_LAND_PRIORITY_MAX];
    if (ps_groups_estate(w, place, lsoa) == 0) return;
    for (int t = 0; t < THEMES; t++) {
        uint64_t c = (uint64_t)(((place * 2 + round) * 100 + who) * 64 + t * 3);
        bool blank = !group && ps_draw_below(key, c + 2, 100) < 4;
        fprintf(file, "ZN%02d,%s,%d,%d-%02d,%d,%s,", place + 1,
                w->land->lsoa_code[lsoa[0]], round == 0 ? 2019 : 2022,
                round == 0 ? 2019 : 2022, 3 + event, round == 0 ? 1 : 3, themes[t].id);
        if (!blank) fprintf(file, "%d", score_of(key, place, round, t, c));
        if (group) {
            fprintf(file, ",group,%d", 6 + who % 5);
        } else {
            fprintf(file, ",individual,");
        }
        fprintf(file, ",R%d%d%02d,event-%d\n", place + 1, round + 1, who, event + 1);
    }
}

/* Everywhere once; a second round in the first three. */
static ps_status write_place_standard(const ps_world *w, ps_error *err) {
    FILE *file;
    PS_TRY(ps_file_begin(
        w->folder, "place-standard.csv",
        "neighbourhood_code,lsoa_code,round,date,stage,theme,score,resp_type,"
        "group_size,respondent,event",
        &file, err));
    for (int place = 0; place < PS_GROUPS_NEIGHBOURHOODS; place++) {
        for (int round = 0; round < (place < 3 ? 2 : 1); round++) {
            int n = place == PS_LAND_PRIORITIES - 1 ? 4 : 24;
            for (int who = 0; who < n; who++)
                print_response(w, place, round, false, who, who * 4 / n, file);
            print_response(w, place, round, true, n, 1, file);
        }
    }
    return ps_file_finish("place-standard.csv", file, err);
}

ps_status ps_scores_write(const ps_world *world, ps_error *err) {
    PS_TRY(write_icf(world, err));
    PS_TRY(write_organisations(world, err));
    PS_TRY(write_roster(world, err));
    return write_place_standard(world, err);
}

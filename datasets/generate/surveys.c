#include "datasets/generate/surveys.h"

#include <string.h>

#include "datasets/generate/draw.h"
#include "datasets/generate/groups.h"

enum { KEY_RESIDENTS = 120, KEY_YOUNG, KEY_TENANTS };

enum { WAVES = 2, FIRST_YEAR = 2021, POINTS = 4, CONCERNS = 7 };

/* Weights are printed in thousandths. */
static void print_weight(FILE *file, int64_t thousandths) {
    fprintf(file, "%d.%03d", (int)(thousandths / 1000), (int)(thousandths % 1000));
}

static const char *yes_no(bool yes) {
    return yes ? "Yes" : "No";
}

static int adults(const ps_people *p, int l) {
    int n = 0;
    for (int a = 18; a < PS_PEOPLE_AGES; a++) n += p->age[l][a];
    return n;
}

static int priority_of(const ps_land *land, int l) {
    for (int p = 0; p < PS_LAND_PRIORITIES; p++) {
        for (int i = 0; i < PS_LAND_PRIORITY_MAX && land->priority[p][i] >= 0; i++) {
            if (land->priority[p][i] == l) return p;
        }
    }
    return PS_NONE;
}

static bool unsafe_ward(const ps_land *land, int ward) {
    return strcmp(land->ward_name[ward], "Ashbridge Central") == 0 ||
           strcmp(land->ward_name[ward], "Norholme Town") == 0;
}

/* ---- residents ---- */

/* Where people are asked, and for how many each stands. */
typedef struct point {
    int lsoa, asked;
    int64_t weight; /* of one respondent, thousandths */
} point;

typedef struct sample {
    point item[PS_LAND_WARDS * POINTS + PS_LAND_PRIORITIES * PS_LAND_PRIORITY_MAX];
    int n;
} sample;

/* Four points of a ward, spread over its neighbourhoods, that stand for all of it that is
 * no priority neighbourhood. */
static void add_ward(const ps_world *w, int ward, sample *s) {
    const ps_land *land = w->land;
    int own[PS_LAND_LSOAS], n = 0, first = s->n;
    int64_t people = 0;
    for (int l = 0; l < PS_LAND_LSOAS; l++) {
        if (land->ward[l] != ward || priority_of(land, l) != PS_NONE) continue;
        own[n++] = l;
        people += adults(w->people, l);
    }
    int each = ward == PS_SURVEYS_SMALL_WARD ? 6 : 19, points = n < POINTS ? n : POINTS;
    for (int i = 0; i < points; i++) {
        s->item[s->n++] = (point){.lsoa = own[i * n / points], .asked = each};
    }
    for (int i = first; i < s->n; i++)
        s->item[i].weight = people * 1000 / (each * points);
}

static void set_sample(const ps_world *w, sample *s) {
    s->n = 0;
    for (int ward = 0; ward < PS_LAND_WARDS; ward++) add_ward(w, ward, s);
    for (int p = 0; p < PS_LAND_PRIORITIES; p++) {
        int each = p == PS_LAND_PRIORITIES - 1 ? 4 : 12; /* the last: too few */
        for (int i = 0; i < PS_LAND_PRIORITY_MAX && w->land->priority[p][i] >= 0; i++) {
            int l = w->land->priority[p][i];
            s->item[s->n++] = (point){
                .lsoa = l,
                .asked = each,
                .weight = (int64_t)adults(w->people, l) * 1000 / each,
            };
        }
    }
}

/* What people worry about; several answers. Thousandths who name each. */
static const struct {
    const char *id;
    int named;
} concerns[CONCERNS] = {
    {"Road safety", 640}, {"Anti-social behaviour", 0 /* the column before */},
    {"Burglary", 330},    {"Drugs", 350},
    {"Fly-tipping", 410}, {"Violence", 240},
    {"Hate crime", 90},
};

static void print_concerns(FILE *file, bool asb, uint64_t key, uint64_t c) {
    bool any = false;
    fputc(',', file);
    for (int k = 0; k < CONCERNS; k++) {
        bool named =
            k == 1 ? asb
                   : (int)ps_draw_below(key, c + (uint64_t)k, 1000) < concerns[k].named;
        if (named) fprintf(file, "%s%s", any ? ";" : "", concerns[k].id);
        any = any || named;
    }
    if (!any) fprintf(file, "None");
}

static void print_resident(const ps_world *w, const point *at, int wave, int id,
                           uint64_t key, uint64_t c, FILE *file) {
    const ps_land *land = w->land;
    int l = at->lsoa, ward = land->ward[l], poor = w->people->deprived[l];
    bool priority = priority_of(land, l) != PS_NONE;
    /* people of one point are alike */
    int alike = ps_draw_between(key, 7000000 + (uint64_t)l, -40, 40);
#define SAYS(n, chance) ((int)ps_draw_below(key, c + (n), 1000) < (chance))
    bool safe = SAYS(0, (unsafe_ward(land, ward) ? 600 : 890) - poor / 10 + alike);
    int content = priority ? (wave == 0 ? 480 : 640) : 800 - poor / 12;
    bool satisfied = SAYS(1, content + (wave == 1 ? 5 : 0) + alike);
    bool asb = SAYS(2, 480 + poor / 6 - wave * 25);
    bool silent = SAYS(3, 35), along = SAYS(4, 590 - poor / 20);
    bool volunteers = SAYS(5, wave == 0 ? 240 : 320);
    bool better = SAYS(6, (priority ? 420 : 250) + wave * (priority ? 110 : 10));
#undef SAYS
    fprintf(file, "S%d%04d,%d-%s,", wave + 1, id, FIRST_YEAR + wave,
            wave == 0 ? "06" : "05");
    print_weight(file, at->weight * ps_draw_between(key, c + 7, 880, 1120) / 1000);
    fprintf(file, ",%s,P%03d,%s,%s,%s,%s,%s,%s,%s,%s",
            priority ? "boost" : land->ward_code[ward], l + 1, land->ward_code[ward],
            land->lsoa_code[l], yes_no(asb), yes_no(satisfied), yes_no(safe),
            silent ? "" : yes_no(along), yes_no(volunteers), yes_no(better));
    print_concerns(file, asb, key, c + 8);
    fputc('\n', file);
}

static ps_status write_residents(const ps_world *w, ps_error *err) {
    sample s;
    set_sample(w, &s);
    FILE *file;
    PS_TRY(
        ps_file_begin(w->folder, "survey.csv",
                      "resp_id,date,weight,stratum,psu,ward_code,lsoa_code,"
                      "asb_concern,satisfied,safe,get_along,volunteer,outcomes_improved,"
                      "concerns",
                      &file, err));
    for (int wave = 0; wave < WAVES; wave++) {
        uint64_t key =
            ps_draw_key(ps_draw_key(w->land->key, KEY_RESIDENTS), (uint64_t)wave);
        int id = 0, priority = 0, small = 0;
        for (int p = 0; p < s.n; p++) {
            for (int i = 0; i < s.item[p].asked; i++) {
                uint64_t c = (uint64_t)++id * 32;
                print_resident(w, &s.item[p], wave, id, key, c, file);
                priority += priority_of(w->land, s.item[p].lsoa) != PS_NONE;
                small += w->land->ward[s.item[p].lsoa] == PS_SURVEYS_SMALL_WARD;
            }
        }
        char period[16];
        snprintf(period, sizeof period, "%d-%s", FIRST_YEAR + wave,
                 wave == 0 ? "06" : "05");
        ps_world_tell(w, "survey:asked", PS_LAND_DISTRICT_CODE, period, id);
        ps_world_tell(w, "survey:asked", w->land->ward_code[PS_SURVEYS_SMALL_WARD],
                      period, small);
        ps_world_tell(w, "survey:asked-in-priority", PS_LAND_DISTRICT_CODE, period,
                      priority);
    }
    return ps_file_finish("survey.csv", file, err);
}

/* ---- young people ---- */

/* A school takes its pupils from two wards; the last one is small. */
static ps_status write_young(const ps_world *w, ps_error *err) {
    enum { SCHOOLS = 12 };
    FILE *file;
    PS_TRY(ps_file_begin(w->folder, "young-people.csv",
                         "resp_id,date,weight,school,ward_code,age,safe", &file, err));
    for (int wave = 0; wave < WAVES; wave++) {
        uint64_t key = ps_draw_key(ps_draw_key(w->land->key, KEY_YOUNG), (uint64_t)wave);
        int id = 0;
        for (int school = 0; school < SCHOOLS; school++) {
            int alike = ps_draw_between(key, 900000 + (uint64_t)school, -60, 60);
            int n = school == SCHOOLS - 1
                        ? 22
                        : ps_draw_between(key, (uint64_t)school, 64, 90);
            for (int i = 0; i < n; i++) {
                uint64_t c = (uint64_t)++id * 8;
                int ward = school * 2 + (int)ps_draw_below(key, c + 1, 2);
                if (ward >= PS_LAND_WARDS) ward = PS_LAND_WARDS - 1;
                bool safe =
                    (int)ps_draw_below(key, c + 2, 1000) < 770 + alike + wave * 15;
                fprintf(file, "Y%d%04d,%d-06,", wave + 1, id, FIRST_YEAR + wave);
                print_weight(file, 18000 + ps_draw_between(key, c + 3, -4000, 4000));
                fprintf(file, ",School %c,%s,%d,%s\n", 'A' + school,
                        w->land->ward_code[ward], ps_draw_between(key, c + 4, 11, 17),
                        yes_no(safe));
            }
        }
    }
    return ps_file_finish("young-people.csv", file, err);
}

/* ---- tenants ---- */

static ps_status write_tenants(const ps_world *w, ps_error *err) {
    FILE *file;
    PS_TRY(ps_file_begin(w->folder, "tenants.csv",
                         "resp_id,date,weight,estate_code,lsoa_code,satisfied", &file,
                         err));
    for (int wave = 0; wave < WAVES; wave++) {
        uint64_t key =
            ps_draw_key(ps_draw_key(w->land->key, KEY_TENANTS), (uint64_t)wave);
        int id = 0;
        for (int e = 0; e < PS_GROUPS_ESTATES; e++) {
            int lsoa[PS_LAND_PRIORITY_MAX], members = ps_groups_estate(w, e, lsoa);
            int n = e == PS_GROUPS_ESTATES - 1 ? 17 : 46;
            for (int i = 0; i < n && members > 0; i++) {
                uint64_t c = (uint64_t)++id * 8;
                int content = e == PS_SURVEYS_BETTER_ESTATE
                                  ? (wave == 0 ? 550 : 930)
                                  : 690 + (e % 3 - 1) * 60 + wave * 5;
                bool satisfied = (int)ps_draw_below(key, c, 1000) < content;
                fprintf(file, "T%d%03d,%d-04,", wave + 1, id, FIRST_YEAR + wave);
                print_weight(file, 9000 + ps_draw_between(key, c + 1, -2500, 2500));
                fprintf(file, ",ZE%02d,%s,%s\n", e + 1,
                        w->land->lsoa_code[lsoa[i % members]], yes_no(satisfied));
            }
        }
    }
    return ps_file_finish("tenants.csv", file, err);
}

ps_status ps_surveys_write(const ps_world *world, ps_error *err) {
    PS_TRY(write_residents(world, err));
    PS_TRY(write_young(world, err));
    return write_tenants(world, err);
}

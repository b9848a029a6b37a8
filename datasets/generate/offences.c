#include "datasets/generate/offences.h"

#include <stdlib.h>

#include "datasets/generate/draw.h"
#include "engine/core/mem.h"

enum { KEY_NUMBER = 60, KEY_OFFENCE, KEY_REGION };

enum {
    MONTHS = PS_WORLD_LAST - PS_OFFENCES_FIRST + 1,
    HISTORY_FIRST = 2011 * 12,
    HISTORY_LAST = 2021 * 12 + 11,
    MONTH_MOST = 4000,
    DISTRICTS = 5
};

/* A group of offences: its number in a month of 2019; 2020, 2021 and 2022 in thousandths
 * of 2019; how much more of it there is in midsummer; what draws it; who is hurt by it,
 * in thousandths: women, of the victims; with a knife; against women and girls, of the
 * women. */
typedef struct group {
    const char *code, *id, *title;
    int level, y2020, y2021, y2022, swing, poverty, centre;
    int women, knife, vawg;
} group;

enum { SEXUAL = 3, ROBBERY, DAMAGE = 11, DRUGS, MODERN_SLAVERY = 17 };

static const group groups[PS_OFFENCE_GROUPS] = {
    {"8N", "violence-with-injury", "Assault with injury", 205, 860, 930, 1080, 120, 1900,
     1500, 450, 70, 520},
    {"105A", "violence-without-injury", "Assault without injury", 560, 930, 1000, 1010,
     80, 1900, 900, 560, 12, 600},
    {"8R", "stalking-harassment", "Stalking and harassment", 146, 1150, 1210, 1230, 0,
     1500, 300, 720, 2, 800},
    {"19C", "sexual-offences", "Sexual offences", 60, 920, 1080, 1120, 60, 1400, 800, 860,
     4, 930},
    {"34B", "robbery", "Robbery of personal property", 31, 750, 780, 800, -60, 1800, 2200,
     340, 230, 0},
    {"28E", "residential-burglary", "Burglary of a home", 95, 680, 690, 680, -90, 900,
     200, 490, 1, 0},
    {"30C", "business-burglary", "Burglary of a business", 41, 700, 690, 680, -60, 600,
     1500, 0, 1, 0},
    {"45", "vehicle-offences", "Theft of and from a vehicle", 196, 700, 640, 470, -80,
     700, 400, 380, 1, 0},
    {"39", "theft-person", "Theft from the person", 25, 560, 700, 780, 40, 200, 9500, 580,
     2, 0},
    {"46", "shoplifting", "Shoplifting", 125, 620, 720, 800, -40, 300, 9000, 0, 2, 0},
    {"49", "other-theft", "Other theft", 171, 740, 830, 860, 60, 500, 2200, 450, 1, 0},
    {"58C", "criminal-damage", "Criminal damage and arson", 218, 840, 900, 900, 90, 1800,
     500, 440, 3, 0},
    {"92E", "drugs", "Drug offences", 63, 1180, 1080, 1050, 0, 2200, 900, 0, 2, 0},
    {"10C", "possession-weapons", "Possession of weapons", 26, 930, 1000, 1040, 0, 1900,
     900, 0, 420, 0},
    {"125", "public-order", "Public order offences", 205, 880, 1020, 1080, 110, 1700,
     1700, 480, 4, 0},
    {"NFIB3A", "fraud-online", "Fraud online", 45, 1300, 1390, 1430, 0, 300, 0, 500, 0,
     0},
    {"99", "other-crime", "Other crime", 50, 950, 1000, 1010, 0, 1500, 300, 400, 1, 0},
    {"106", "modern-slavery", "Modern slavery", 5, 1000, 1000, 1000, 0, 1600, 600, 380, 0,
     0},
};

/* Thousandths of 2019 in the years from 2011 on. */
static const int risen[] = {800, 770, 755, 770, 805, 850, 900, 955, 1000};

/* Thousandths of the swing, January to December. */
static const int season[12] = {-950, -900, -350, 100, 500,  850,
                               1000, 950,  400,  100, -300, -800};

typedef struct district {
    const char *code, *name;
    int size; /* thousandths of Ashdale */
} district;

static const district districts[DISTRICTS] = {
    {PS_LAND_DISTRICT_CODE, PS_LAND_DISTRICT_NAME, 1000},
    {"ZD02", "Birkenthwaite", 1340},
    {"ZD03", "Calderford", 480},
    {"ZD04", "Eskmoor", 760},
    {"ZD05", "Wharnside", 2050},
};

typedef struct row {
    int16_t group, lsoa, day; /* lsoa: PS_NONE blank, -2 a code that no area has */
    char victim, suspect;     /* F, M, or 0 */
    bool vawg, knife;
    uint32_t serial;
} row;

typedef struct scene {
    const ps_world *world;
    uint64_t key;
    ps_pull pull[PS_OFFENCE_GROUPS];
    row rows[MONTH_MOST];
    int n_rows;
    /* all rows, and those with the code of an area */
    int all[MONTHS][PS_OFFENCE_GROUPS], located[MONTHS][PS_OFFENCE_GROUPS];
} scene;

/* ---- how many ---- */

static int year_of(const group *g, ps_month month) {
    switch (month / 12) {
        case 2020:
            /* the first quarter was like any other, so the rest makes the year */
            return month % 12 < 3 ? 1000 : (12 * g->y2020 - 3000) / 9;
        case 2021:
            return g->y2021;
        case 2022:
            return g->y2022;
        default:
            return risen[month / 12 - 2011];
    }
}

static int number_of(const scene *s, int g, ps_month month, int size, uint64_t where) {
    const group *of = &groups[g];
    uint64_t key = ps_draw_key(ps_draw_key(s->key, KEY_NUMBER), where);
    uint64_t draw = (uint64_t)(month * 100 + g);
    if (g == MODERN_SLAVERY) {
        bool operation = month == 2019 * 12 + 9 || month == 2021 * 12 + 5;
        int n = operation ? 21 : ps_draw_between(key, draw, 3, 7);
        return (n * size + 500) / 1000;
    }
    int64_t n = (int64_t)of->level * size;
    n = n * year_of(of, month) / 1000;
    n = n * (1000000 + of->swing * season[month % 12]) / 1000000;
    n = n * ps_draw_between(key, draw, 965, 1035) / 1000;
    return (int)((n + 500) / 1000);
}

/* ---- one month ---- */

static row draw_row(const scene *s, int g, uint64_t key, uint32_t serial, int days) {
    uint64_t c = (uint64_t)serial * 16;
    const group *of = &groups[g];
    row r = {.group = (int16_t)g, .serial = serial};
    r.day = (int16_t)ps_draw_between(key, c, 1, days);
    uint32_t fate = ps_draw_below(key, c + 1, 1000);
    r.lsoa = fate < 18   ? PS_NONE
             : fate < 23 ? -2
                         : (int16_t)ps_pull_pick(&s->pull[g], key, c + 2);
    if (of->women > 0 && ps_draw_below(key, c + 3, 1000) < 960) {
        r.victim = (int)ps_draw_below(key, c + 4, 1000) < of->women ? 'F' : 'M';
    }
    if (ps_draw_below(key, c + 5, 1000) < (g <= SEXUAL ? 820 : 300)) {
        r.suspect = ps_draw_below(key, c + 6, 1000) < 780 ? 'M' : 'F';
    }
    r.knife = (int)ps_draw_below(key, c + 7, 1000) < of->knife;
    r.vawg = r.victim == 'F' && (int)ps_draw_below(key, c + 8, 1000) < of->vawg;
    return r;
}

static void draw_month(scene *s, ps_month month) {
    uint64_t key = ps_draw_key(ps_draw_key(s->key, KEY_OFFENCE), (uint64_t)month);
    int days = ps_days_of(month);
    s->n_rows = 0;
    for (int g = 0; g < PS_OFFENCE_GROUPS; g++) {
        int n = number_of(s, g, month, 1000, 0), at = month - PS_OFFENCES_FIRST;
        for (int i = 0; i < n && s->n_rows < MONTH_MOST; i++) {
            row *r = &s->rows[s->n_rows];
            *r = draw_row(s, g, key, (uint32_t)s->n_rows, days);
            s->n_rows++;
            s->all[at][g]++;
            s->located[at][g] += r->lsoa >= 0;
        }
    }
}

static int compare_rows(const void *pa, const void *pb) {
    const row *a = pa, *b = pb;
    if (a->day != b->day) return a->day < b->day ? -1 : 1;
    return a->serial < b->serial ? -1 : a->serial > b->serial;
}

static void print_row(const scene *s, const row *r, int id, ps_month month, FILE *file) {
    fprintf(file, "A%06d,", id);
    ps_print_day(file, month, r->day);
    fprintf(file, ",%s,%s,%s,", groups[r->group].code, r->vawg ? "Y" : "",
            r->knife ? "Y" : "");
    if (r->victim) fputc(r->victim, file);
    fputc(',', file);
    if (r->suspect) fputc(r->suspect, file);
    fprintf(file, ",%s\n",
            r->lsoa >= 0         ? s->world->land->lsoa_code[r->lsoa]
            : r->lsoa == PS_NONE ? ""
                                 : "ZL9001");
}

static ps_status write_offences(scene *s, ps_error *err) {
    FILE *file;
    int id = 0;
    PS_TRY(ps_file_begin(s->world->folder, "offences.csv",
                         "event_id,date,offence_code,vawg_flag,knife_flag,victim_sex,"
                         "suspect_sex,lsoa_code",
                         &file, err));
    for (ps_month month = PS_OFFENCES_FIRST; month <= PS_WORLD_LAST; month++) {
        draw_month(s, month);
        qsort(s->rows, (size_t)s->n_rows, sizeof *s->rows, compare_rows);
        for (int i = 0; i < s->n_rows; i++) print_row(s, &s->rows[i], ++id, month, file);
    }
    return ps_file_finish("offences.csv", file, err);
}

static ps_status write_codes(const scene *s, ps_error *err) {
    FILE *file;
    PS_TRY(ps_file_begin(s->world->folder, "offence-codes.csv",
                         "offence_code,offence_group,title", &file, err));
    for (int g = 0; g < PS_OFFENCE_GROUPS; g++) {
        fprintf(file, "%s,%s,%s\n", groups[g].code, groups[g].id, groups[g].title);
    }
    return ps_file_finish("offence-codes.csv", file, err);
}

/* The district's own months from 2019 on are those of its extract. */
static ps_status write_history(const scene *s, ps_error *err) {
    FILE *file;
    PS_TRY(ps_file_begin(s->world->folder, "crime-history.csv",
                         "district_code,month,offence_code,count", &file, err));
    for (int d = 0; d < DISTRICTS; d++) {
        for (ps_month m = HISTORY_FIRST; m <= HISTORY_LAST; m++) {
            for (int g = 0; g < PS_OFFENCE_GROUPS; g++) {
                int n = d == 0 && m >= PS_OFFENCES_FIRST
                            ? s->all[m - PS_OFFENCES_FIRST][g]
                            : number_of(s, g, m, districts[d].size, (uint64_t)d);
                fprintf(file, "%s,%04d-%02d,%s,%d\n", districts[d].code, m / 12,
                        m % 12 + 1, groups[g].code, n);
            }
        }
    }
    PS_TRY(ps_file_finish("crime-history.csv", file, err));
    PS_TRY(ps_file_begin(s->world->folder, "region.csv",
                         "district_code,district_name,region_code,region_name", &file,
                         err));
    for (int d = 0; d < DISTRICTS; d++) {
        fprintf(file, "%s,%s,ZR01,Ashdale Police\n", districts[d].code,
                districts[d].name);
    }
    return ps_file_finish("region.csv", file, err);
}

/* ---- the truth ---- */

static int64_t sum_of(const scene *s, int g, ps_month first, ps_month last) {
    int64_t n = 0;
    for (ps_month m = first; m <= last; m++) n += s->located[m - PS_OFFENCES_FIRST][g];
    return n;
}

static void tell(const scene *s) {
    static const struct {
        const char *period;
        ps_month first, last;
    } periods[] = {
        {"2019", 2019 * 12, 2019 * 12 + 11},
        {"2020", 2020 * 12, 2020 * 12 + 11},
        {"2021/22", 2021 * 12 + 3, 2022 * 12 + 2},
        {"12m@2022-09", 2021 * 12 + 9, PS_WORLD_LAST},
    };
    for (size_t p = 0; p < sizeof periods / sizeof *periods; p++) {
        int64_t total = 0;
        for (int g = 0; g < PS_OFFENCE_GROUPS; g++) {
            char what[64];
            int64_t n = sum_of(s, g, periods[p].first, periods[p].last);
            snprintf(what, sizeof what, "offences:%s", groups[g].id);
            ps_world_tell(s->world, what, PS_LAND_DISTRICT_CODE, periods[p].period, n);
            total += n;
        }
        ps_world_tell(s->world, "offences", PS_LAND_DISTRICT_CODE, periods[p].period,
                      total);
    }
}

ps_status ps_offences_write(const ps_world *world, ps_error *err) {
    scene *s = ps_zalloc(1, sizeof *s);
    if (s == NULL) return ps_fail_nomem(err);
    s->world = world;
    s->key = world->land->key;
    for (int g = 0; g < PS_OFFENCE_GROUPS; g++) {
        ps_pull_set(&s->pull[g], world->land, world->people, groups[g].poverty,
                    groups[g].centre);
        if (g <= ROBBERY || g == DAMAGE || g == DRUGS)
            ps_pull_raise(&s->pull[g], world->hotspot, 3, 4);
    }
    ps_status status = write_offences(s, err);
    if (status == PS_OK) status = write_codes(s, err);
    if (status == PS_OK) status = write_history(s, err);
    if (status == PS_OK) tell(s);
    ps_free(s);
    return status;
}

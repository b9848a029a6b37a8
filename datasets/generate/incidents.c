/* Crime is drawn by month and type: a number that follows season and trend, then an area
 * for each in proportion to people, deprivation and town centre, then one of the area's
 * twenty places. The places are mesh centres moved by at most 9 metres each way, so they
 * are 8 metres or more from every border: whatever coordinate operation is used, the area
 * is the same. Fly-tips have grid coordinates and are put on borders and corners on
 * purpose.
 */
#include "datasets/generate/incidents.h"

#include <stdlib.h>
#include <string.h>

#include "datasets/generate/draw.h"
#include "datasets/generate/graticule.h"
#include "datasets/generate/world.h"
#include "engine/core/mem.h"

enum {
    SPOTS = 20, /* places of an LSOA at which the police put their points */
    OUTSIDE_SPOTS = 10,
    ROWS_MAX = 8000,
    OUTSIDE = -2
};

enum { KEY_SPOTS = 40, KEY_MONTH, KEY_ROW, KEY_ID, KEY_WASTE, KEY_OUTCOME };

const char *const ps_crime_labels[PS_INCIDENTS_TYPES] = {
    "Anti-social behaviour",
    "Bicycle theft",
    "Burglary",
    "Criminal damage and arson",
    "Drugs",
    "Other crime",
    "Other theft",
    "Possession of weapons",
    "Public order",
    "Robbery",
    "Shoplifting",
    "Theft from the person",
    "Vehicle crime",
    "Violence and sexual offences",
};
const char *const ps_waste_labels[PS_INCIDENTS_WASTE] = {
    "Construction waste", "Garden waste", "Household waste", "Other", "Tyres",
    "White goods",
};

/* How a crime type behaves: its number in a month of average season at the start, change
 * over 30 months and swing of the seasons in thousandths, how much deprivation and town
 * centres draw it, and what the lockdowns of spring 2020 and winter 2021 made of it. */
typedef struct habit {
    int monthly, change, swing, poverty, centre, lockdown;
} habit;

enum {
    ASB = 0,
    BURGLARY = 2,
    DAMAGE = 3,
    DRUGS = 4,
    ROBBERY = 9,
    VEHICLE = 12,
    VIOLENCE = 13
};

static const habit habits[PS_INCIDENTS_TYPES] = {
    {560, -120, 280, 1900, 1500, 1550}, {28, 0, 350, 200, 2600, 700},
    {150, -60, -90, 900, 300, 750},     {262, 20, 90, 1800, 500, 850},
    {82, 0, 0, 2200, 900, 1150},        {66, 120, 0, 1500, 300, 950},
    {176, 40, 60, 500, 2200, 700},      {32, 80, 0, 1900, 900, 900},
    {270, 260, 110, 1700, 1700, 900},   {36, 0, -60, 1800, 2200, 650},
    {138, 90, -40, 300, 9000, 560},     {27, 60, 40, 200, 9500, 420},
    {214, -380, -80, 700, 400, 700},    {1010, 90, 100, 1900, 1300, 920},
};
/* Thousandths of the swing, April to March. */
static const int season[12] = {100, 500,  850,  1000, 950,  400,
                               100, -300, -800, -950, -900, -350};

static const char *const outcomes[] = {
    "Investigation complete; no suspect identified",
    "Unable to prosecute suspect",
    "Status update unavailable",
    "Under investigation",
    "Awaiting court outcome",
    "Local resolution",
    "Offender given a caution",
    "Further action is not in the public interest",
};

static const char *const street_first[] = {
    "Alder",   "Bobbin", "Bridge",   "Chapel",  "Cinder", "Crag",      "Dyer's", "Fell",
    "Foundry", "Gable",  "Hawthorn", "Heather", "Holm",   "Kiln",      "Larch",  "Loom",
    "Mill",    "Moor",   "Orchard",  "Quarry",  "Rowan",  "Spinner's", "Tenter", "Thorn",
    "Towpath", "Weir",   "Well",     "Windle",  "Wool",   "Yew",
};
static const char *const street_last[] = {"Street", "Road",  "Avenue",  "Close",
                                          "Lane",   "Drive", "Terrace", "Grove"};
static const char *const landmarks[] = {"Supermarket",     "Parking Area",
                                        "Petrol Station",  "Sports/Recreation Area",
                                        "Park/Open Space", "Shopping Area"};

typedef struct spot {
    int32_t lon, lat; /* millionths of a degree */
    char name[48];
} spot;

typedef struct row {
    int16_t lsoa; /* PS_NONE: no location; OUTSIDE */
    int16_t spot;
    int16_t type;
    int16_t transport, copies;
    uint32_t serial;
    int32_t id_month; /* of the row whose id it carries: nearly always itself */
    uint32_t id_serial;
} row;

typedef struct scene {
    const ps_land *land;
    const ps_people *people;
    ps_incidents *truth;
    uint64_t key;
    spot spots[PS_LAND_LSOAS][SPOTS];
    spot outside[OUTSIDE_SPOTS];
    ps_pull pull[PS_INCIDENTS_TYPES];
    row rows[ROWS_MAX];
    int n_rows;
} scene;

/* ---- where ---- */

static void name_spot(spot *s, uint64_t key, uint64_t n) {
    if (ps_draw_below(key, n, 100) < 14) {
        snprintf(
            s->name, sizeof s->name, "On or near %s",
            landmarks[ps_draw_below(key, n + 1, sizeof landmarks / sizeof *landmarks)]);
        return;
    }
    snprintf(
        s->name, sizeof s->name, "On or near %s %s",
        street_first[ps_draw_below(key, n + 1,
                                   sizeof street_first / sizeof *street_first)],
        street_last[ps_draw_below(key, n + 2, sizeof street_last / sizeof *street_last)]);
}

static void set_spot(const scene *s, spot *out, int32_t hex, uint64_t key, uint64_t n) {
    int32_t x, y;
    ps_land_centre(s->land, hex, &x, &y);
    x += ps_draw_between(key, n + 3, -9, 9);
    y += ps_draw_between(key, n + 4, -9, 9);
    ps_graticule(x, y, &out->lon, &out->lat);
    name_spot(out, key, n);
}

static void set_spots(scene *s) {
    const ps_land *land = s->land;
    uint64_t key = ps_draw_key(s->key, KEY_SPOTS);
    for (int l = 0; l < PS_LAND_LSOAS; l++) {
        int32_t first = land->hex_from[l], n = land->hex_from[l + 1] - first;
        for (int i = 0; i < SPOTS; i++) {
            /* spread over the area: one of the i-th twentieth of its hexagons */
            uint64_t c = (uint64_t)(l * SPOTS + i) * 8;
            int32_t from = n * i / SPOTS, upto = n * (i + 1) / SPOTS;
            int32_t in =
                from + (int32_t)ps_draw_below(key, c + 7,
                                              (uint32_t)(upto > from ? upto - from : 1));
            set_spot(s, &s->spots[l][i], land->hex[first + in], key, c);
        }
    }
    /* beyond the coast: at least three hexagons from it */
    for (int i = 0, draw = 0; i < OUTSIDE_SPOTS; draw++) {
        int32_t col =
            ps_draw_between(key, 900000 + 2 * (uint64_t)draw, 4, land->cols - 5);
        int32_t line =
            ps_draw_between(key, 900001 + 2 * (uint64_t)draw, 4, land->rows - 5);
        int32_t hex = line * land->cols + col;
        bool sea = true;
        for (int dy = -3; dy <= 3; dy++) {
            for (int dx = -3; dx <= 3; dx++) {
                sea = sea && land->label[hex + dy * land->cols + dx] == PS_NONE;
            }
        }
        if (!sea) continue;
        set_spot(s, &s->outside[i], hex, key, 950000 + (uint64_t)i * 8);
        i++;
    }
}

static void set_weights(scene *s) {
    /* the hotspot: the densest part of the second town and two that touch it */
    const ps_land *land = s->land;
    int *hot = s->truth->hotspot, n = 1;
    hot[0] = PS_NONE;
    for (int l = 0; l < PS_LAND_LSOAS; l++) {
        if (strcmp(land->ward_name[land->ward[l]], "Norholme Town") != 0) continue;
        if (hot[0] < 0 || land->urban[l] > land->urban[hot[0]]) hot[0] = l;
    }
    for (int l = 0; l < PS_LAND_LSOAS && n < 3; l++) {
        if (land->adjacent[hot[0]][l] && land->ward[l] == land->ward[hot[0]])
            hot[n++] = l;
    }
    for (int l = 0; l < PS_LAND_LSOAS && n < 3; l++) {
        if (land->adjacent[hot[0]][l] && l != hot[1]) hot[n++] = l;
    }
    for (int t = 0; t < PS_INCIDENTS_TYPES; t++) {
        ps_pull_set(&s->pull[t], land, s->people, habits[t].poverty, habits[t].centre);
        if (t == ASB || t == DAMAGE || t == DRUGS || t == ROBBERY || t == VIOLENCE)
            ps_pull_raise(&s->pull[t], hot, 3, 4);
    }
}

/* ---- when and how many ---- */

static bool lockdown(int month) {
    return month <= 2 || (month >= 9 && month <= 11); /* Apr-Jun 2020, Jan-Mar 2021 */
}

static int number_of(const scene *s, int month, int type) {
    const habit *h = &habits[type];
    uint64_t key = ps_draw_key(s->key, KEY_MONTH);
    int64_t n = h->monthly * 1000;
    n = n * (1000000 + h->swing * season[month % 12]) / 1000000;
    n = n * (1000 + h->change * month / (PS_INCIDENTS_MONTHS - 1)) / 1000;
    if (lockdown(month)) n = n * h->lockdown / 1000;
    n = n * ps_draw_between(key, (uint64_t)(month * 100 + type), 960, 1040) / 1000;
    return (int)((n + 500) / 1000);
}

/* ---- one month of the police ---- */

static void draw_month(scene *s, int month) {
    uint64_t key = ps_draw_key(ps_draw_key(s->key, KEY_ROW), (uint64_t)month);
    uint32_t serial = 0;
    s->n_rows = 0;
    for (int t = 0; t < PS_INCIDENTS_TYPES; t++) {
        int n = number_of(s, month, t);
        for (int i = 0; i < n && s->n_rows < ROWS_MAX; i++) {
            uint64_t c = (uint64_t)serial * 16;
            uint32_t fate = ps_draw_below(key, c, 1000);
            row r = {.type = (int16_t)t,
                     .serial = serial,
                     .id_month = month,
                     .id_serial = serial};
            serial++;
            /* an id that comes back a month later is not a duplicate */
            if (month % 2 == 1 && r.serial % 1500 == 1499) r.id_month--;
            bool transport = t != ASB && ps_draw_below(key, c + 1, 1000) < 6;
            if (month == PS_INCIDENTS_ABSENT && !transport) continue;
            r.transport = transport;
            if (fate < 41) {
                r.lsoa = PS_NONE;
            } else if (fate < 46) {
                r.lsoa = OUTSIDE;
                r.spot = (int16_t)ps_draw_below(key, c + 2, OUTSIDE_SPOTS);
            } else {
                r.lsoa = (int16_t)ps_pull_pick(&s->pull[t], key, c + 3);
                /* the lower of two draws: some places see more than others */
                uint32_t a = ps_draw_below(key, c + 4, SPOTS);
                uint32_t b = ps_draw_below(key, c + 5, SPOTS);
                r.spot = (int16_t)(a < b ? a : b);
                if (t != ASB && ps_draw_below(key, c + 6, 1000) < 6) r.copies = 1;
            }
            s->rows[s->n_rows++] = r;
        }
    }
}

/* The order of the published files: by area, then type; rows without a place last. */
static int compare_rows(const void *pa, const void *pb) {
    const row *a = pa, *b = pb;
    int la = a->lsoa == PS_NONE ? 30000 : a->lsoa == OUTSIDE ? 20000 : a->lsoa;
    int lb = b->lsoa == PS_NONE ? 30000 : b->lsoa == OUTSIDE ? 20000 : b->lsoa;
    if (la != lb) return la < lb ? -1 : 1;
    if (a->type != b->type) return a->type < b->type ? -1 : 1;
    return a->serial < b->serial ? -1 : a->serial > b->serial;
}

static void print_id(const scene *s, const row *r, FILE *file) {
    uint64_t key = ps_draw_key(s->key, KEY_ID);
    uint64_t c = ((uint64_t)r->id_month << 32) | (uint64_t)r->id_serial * 4;
    for (unsigned i = 0; i < 4; i++) {
        fprintf(file, "%016llx", (unsigned long long)ps_draw(key, c + i));
    }
}

static const char *outcome(const scene *s, int month, const row *r) {
    uint64_t key = ps_draw_key(ps_draw_key(s->key, KEY_OUTCOME), (uint64_t)month);
    static const int usual[] = {300, 640, 730, 800, 850, 900, 940, 1000};
    static const int theft[] = {700, 830, 880, 930, 950, 965, 980, 1000};
    bool hidden =
        r->type == BURGLARY || r->type == VEHICLE || r->type == 1 || r->type == 6;
    const int *upto = hidden ? theft : usual;
    int u = (int)ps_draw_below(key, r->serial, 1000), i = 0;
    while (u >= upto[i]) i++;
    return outcomes[i];
}

static void degrees(FILE *file, int32_t v) {
    fprintf(file, ",%s%d.%06d", v < 0 ? "-" : "", abs(v) / 1000000, abs(v) % 1000000);
}

static void print_row(const scene *s, int month, const row *r, FILE *file) {
    const char *force = r->transport ? "British Transport Police" : "Ashdale Police";
    int m = PS_INCIDENTS_FIRST + month;
    if (r->type != ASB) print_id(s, r, file);
    fprintf(file, ",%04d-%02d,%s,%s", m / 12, m % 12 + 1, force, force);
    if (r->lsoa == PS_NONE) {
        fprintf(file, ",,,No Location,,");
    } else {
        const spot *p =
            r->lsoa == OUTSIDE ? &s->outside[r->spot] : &s->spots[r->lsoa][r->spot];
        degrees(file, p->lon);
        degrees(file, p->lat);
        if (r->lsoa == OUTSIDE) {
            fprintf(file, ",%s,ZL9%03d,Elsewhere 001%c", p->name, r->spot + 1,
                    'A' + r->spot);
        } else {
            fprintf(file, ",%s,%s,%s", p->name, s->land->lsoa_code[r->lsoa],
                    s->land->lsoa_name[r->lsoa]);
        }
    }
    fprintf(file, ",%s,%s,\r\n", ps_crime_labels[r->type],
            r->type == ASB ? "" : outcome(s, month, r));
}

static ps_status write_month(scene *s, int month, bool transport, const char *folder,
                             ps_error *err) {
    char path[4096], name[64];
    int m = PS_INCIDENTS_FIRST + month;
    if (snprintf(path, sizeof path, "%s/crime/%04d-%02d", folder, m / 12, m % 12 + 1) >
        4000) {
        return ps_fail(err, PS_OUTPUT, "%s: this path is too long", folder);
    }
    PS_TRY(ps_folder_make(path, err));
    snprintf(name, sizeof name, "%04d-%02d-%s-street.csv", m / 12, m % 12 + 1,
             transport ? "btp" : "ashdale");
    FILE *file;
    PS_TRY(ps_file_begin(
        path, name,
        "Crime ID,Month,Reported by,Falls within,Longitude,Latitude,Location,"
        "LSOA code,LSOA name,Crime type,Last outcome category,Context\r",
        &file, err));
    for (int i = 0; i < s->n_rows; i++) {
        const row *r = &s->rows[i];
        if ((r->transport != 0) != transport) continue;
        print_row(s, month, r, file);
        if (r->copies) print_row(s, month, r, file);
        ps_fates *f[2] = {&s->truth->crime, &s->truth->crime_month[month]};
        for (int k = 0; k < 2; k++) {
            f[k]->rows += 1 + r->copies;
            f[k]->duplicate += r->copies;
            f[k]->unlocated += r->lsoa == PS_NONE;
            f[k]->outside += r->lsoa == OUTSIDE;
            f[k]->matched += r->lsoa >= 0;
        }
        if (transport) s->truth->transport_rows += 1 + r->copies;
        if (r->lsoa >= 0) s->truth->crimes[r->lsoa][month][r->type]++;
    }
    return ps_file_finish(name, file, err);
}

/* The same id in the files of both forces is not a duplicate: lend one a month. */
static void lend_id(scene *s) {
    const row *force = NULL;
    row *other = NULL;
    for (int i = 0; i < s->n_rows; i++) {
        row *r = &s->rows[i];
        if (r->type == ASB) continue;
        if (r->transport && other == NULL) other = r;
        if (!r->transport && force == NULL) force = r;
    }
    if (force != NULL && other != NULL) {
        other->id_month = force->id_month;
        other->id_serial = force->id_serial;
    }
}

static ps_status write_crime(scene *s, const char *folder, ps_error *err) {
    char path[4096];
    snprintf(path, sizeof path, "%s/crime", folder);
    PS_TRY(ps_folder_make(path, err));
    for (int month = 0; month < PS_INCIDENTS_MONTHS; month++) {
        draw_month(s, month);
        qsort(s->rows, (size_t)s->n_rows, sizeof *s->rows, compare_rows);
        lend_id(s);
        if (month != PS_INCIDENTS_ABSENT)
            PS_TRY(write_month(s, month, false, folder, err));
        PS_TRY(write_month(s, month, true, folder, err));
    }
    return PS_OK;
}

/* ---- the council's register of fly-tipping ---- */

typedef struct place {
    int32_t x, y;
    int hex[3], n; /* the hexagons that it lies in or on */
} place;

static int divisor(int a, int b) {
    a = abs(a);
    b = abs(b);
    while (b != 0) {
        int rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* A place with whole metres exactly on the line between two hexagons of different areas,
 * coast: between land and sea. */
static place on_side(const scene *s, bool coast, uint64_t key, uint64_t n) {
    const ps_land *land = s->land;
    for (uint64_t draw = 0;; draw++) {
        uint64_t c = n + draw * 1000003;
        int l = coast ? (int)ps_draw_below(key, c, PS_LAND_LSOAS)
                      : ps_pull_pick(&s->pull[DAMAGE], key, c);
        int32_t from = land->hex_from[l], size = land->hex_from[l + 1] - from;
        int32_t h = land->hex[from + (int32_t)ps_draw_below(key, c + 1, (uint32_t)size)];
        int side = (int)ps_draw_below(key, c + 2, 6);
        int32_t next = ps_land_neighbour(land, h, side);
        if (land->label[next] == l || (land->label[next] == PS_NONE) != coast) continue;
        int32_t a = ps_land_corner(land, h, side),
                b = ps_land_corner(land, h, (side + 1) % 6);
        int dx = land->x[b] - land->x[a], dy = land->y[b] - land->y[a],
            g = divisor(dx, dy);
        if (g < 2) continue;
        int step = ps_draw_between(key, c + 3, 1, g - 1);
        return (place){
            land->x[a] + dx / g * step, land->y[a] + dy / g * step, {h, next}, 2};
    }
}

/* A corner where areas meet. */
static place on_corner(const scene *s, uint64_t key, uint64_t n) {
    const ps_land *land = s->land;
    for (uint64_t draw = 0;; draw++) {
        uint64_t c = n + draw * 1000003;
        int l = ps_pull_pick(&s->pull[DAMAGE], key, c);
        int32_t from = land->hex_from[l], size = land->hex_from[l + 1] - from;
        int32_t h = land->hex[from + (int32_t)ps_draw_below(key, c + 1, (uint32_t)size)];
        int side = (int)ps_draw_below(key, c + 2, 6);
        /* sides meet clockwise, so the corner lies between this side and the one before
         */
        int32_t b = ps_land_neighbour(land, h, side);
        int32_t d = ps_land_neighbour(land, h, (side + 5) % 6);
        if (land->label[b] == l && land->label[d] == l) continue;
        int32_t corner = ps_land_corner(land, h, side);
        return (place){land->x[corner], land->y[corner], {h, b, d}, 3};
    }
}

static place inside(const scene *s, int l, uint64_t key, uint64_t c) {
    place p = {.n = 1};
    p.hex[0] = ps_place_inside(s->land, l, key, c, &p.x, &p.y);
    return p;
}

/* The rule of the edge: of the areas that hold the place, the one with the lowest code.
 */
static void count_waste(scene *s, const place *p, int month, int type) {
    const ps_land *land = s->land;
    ps_incidents *t = s->truth;
    int lsoa = PS_NONE, ward = PS_NONE;
    bool lsoas = false, wards = false, coast = false;
    for (int i = 0; i < p->n; i++) {
        int l = land->label[p->hex[i]];
        if (l < 0) {
            coast = true;
            continue;
        }
        lsoas = lsoas || (lsoa >= 0 && l != lsoa);
        wards = wards || (ward >= 0 && land->ward[l] != ward);
        if (lsoa < 0 || l < lsoa) lsoa = l;
        if (ward < 0 || land->ward[l] < ward) ward = land->ward[l];
    }
    t->ties_lsoa += lsoas;
    t->ties_ward += wards;
    t->on_coast += coast;
    t->waste_lsoa[lsoa][month][type]++;
    t->waste_ward[ward][month][type]++;
}

static void waste_month(scene *s, int month, int *case_number, FILE *file) {
    static const int upto[PS_INCIDENTS_WASTE] = {140, 230, 720, 860, 900, 1000};
    uint64_t key = ps_draw_key(ps_draw_key(s->key, KEY_WASTE), (uint64_t)month);
    int m = PS_INCIDENTS_FIRST + month, year = m / 12;
    int length = ps_days_of(m);
    int n = 170 + ps_draw_between(key, 1u << 30, 0, 30) + (lockdown(month) ? 40 : 0);
    for (int i = 0; i < n; i++) {
        uint64_t c = (uint64_t)i * 32;
        uint32_t fate = ps_draw_below(key, c, 1000);
        int type = 0, u = (int)ps_draw_below(key, c + 1, 1000), copies = 0;
        while (u >= upto[type]) type++;
        ps_fates add = {.rows = 1};
        char where[32];
        if (fate < 15) {
            snprintf(where, sizeof where, ",");
            add.unlocated = 1;
        } else if (fate < 22) {
            snprintf(where, sizeof where, "-1,-1");
            add.unlocated = 1;
        } else if (fate < 24) {
            snprintf(where, sizeof where, "55O120,479200"); /* the letter O */
            add.invalid = 1;
        } else {
            place p = {0};
            if (fate < 28) {
                p.x = 539100 + ps_draw_between(key, c + 2, 0, 90);
                p.y = 470100 + ps_draw_between(key, c + 3, 0, 90);
            } else if (fate < 66) {
                p = on_side(s, false, key, c + 4);
            } else if (fate < 74) {
                p = on_side(s, true, key, c + 4);
            } else if (fate < 100) {
                p = on_corner(s, key, c + 4);
            } else {
                p = inside(s, ps_pull_pick(&s->pull[DAMAGE], key, c + 8), key, c + 9);
                copies = ps_draw_below(key, c + 12, 1000) < 7;
            }
            snprintf(where, sizeof where, "%d,%d", p.x, p.y);
            add.outside = p.n == 0;
            add.matched = p.n > 0;
            add.duplicate = copies;
            add.rows += copies;
            if (p.n > 0) count_waste(s, &p, month, type);
        }
        ++*case_number;
        for (int k = 0; k <= copies; k++) {
            fprintf(file, "FT%06d,%02d/%02d/%04d,%s,%s\n", *case_number,
                    1 + i * length / n, m % 12 + 1, year, ps_waste_labels[type], where);
        }
        ps_fates *f[2] = {&s->truth->waste, &s->truth->waste_month[month]};
        for (int k = 0; k < 2; k++) {
            f[k]->rows += add.rows;
            f[k]->matched += add.matched;
            f[k]->outside += add.outside;
            f[k]->unlocated += add.unlocated;
            f[k]->invalid += add.invalid;
            f[k]->duplicate += add.duplicate;
        }
    }
}

static ps_status write_waste(scene *s, const char *folder, ps_error *err) {
    FILE *file;
    int case_number = 0;
    PS_TRY(ps_file_begin(folder, "fly-tipping.csv", "case_id,date,type,easting,northing",
                         &file, err));
    for (int month = 0; month < PS_INCIDENTS_MONTHS; month++) {
        waste_month(s, month, &case_number, file);
    }
    return ps_file_finish("fly-tipping.csv", file, err);
}

ps_status ps_incidents_write(const ps_land *land, const ps_people *people,
                             const char *folder, ps_incidents **out, ps_error *err) {
    *out = NULL;
    scene *s = ps_zalloc(1, sizeof *s);
    ps_incidents *truth = ps_zalloc(1, sizeof *truth);
    ps_status status = PS_OK;
    if (s == NULL || truth == NULL) {
        status = ps_fail_nomem(err);
    } else {
        s->land = land;
        s->people = people;
        s->truth = truth;
        s->key = land->key;
        set_spots(s);
        set_weights(s);
        status = write_crime(s, folder, err);
    }
    if (status == PS_OK) status = write_waste(s, folder, err);
    ps_free(s);
    if (status != PS_OK) {
        ps_free(truth);
        return status;
    }
    *out = truth;
    return PS_OK;
}

void ps_incidents_free(ps_incidents *truth) {
    ps_free(truth);
}

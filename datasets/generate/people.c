#include "datasets/generate/people.h"

#include <stdlib.h>

#include "datasets/generate/draw.h"
#include "engine/core/mem.h"

enum { KEY_PEOPLE = 20, KEY_FIELD, KEY_DOMAINS };

typedef struct knot {
    int at, value;
} knot;

/* Straight lines between knots, level outside of them. */
static int64_t line(const knot *k, size_t n, int at) {
    if (at <= k[0].at) return k[0].value;
    for (size_t i = 1; i < n; i++) {
        if (at <= k[i].at) {
            int64_t rise = k[i].value - k[i - 1].value, run = k[i].at - k[i - 1].at;
            return k[i - 1].value + rise * (at - k[i - 1].at) / run;
        }
    }
    return k[n - 1].value;
}

#define LINE(knots, at) line(knots, sizeof knots / sizeof *knots, at)

/* ---- ages ---- */

static const knot estate[] = {{0, 165},  {10, 160}, {17, 135}, {25, 140}, {35, 145},
                              {50, 125}, {65, 90},  {80, 42},  {89, 14},  {90, 30}};
static const knot suburb[] = {{0, 115},  {10, 130}, {18, 115}, {24, 100}, {35, 130},
                              {50, 145}, {65, 115}, {80, 70},  {89, 24},  {90, 60}};
static const knot country[] = {{0, 80},   {10, 105}, {18, 95}, {24, 60}, {35, 95},
                               {55, 175}, {70, 155}, {80, 90}, {89, 32}, {90, 85}};
static const knot centre[] = {{0, 80},   {10, 55},  {17, 90}, {20, 430}, {22, 400},
                              {28, 260}, {40, 130}, {60, 75}, {80, 35},  {90, 25}};

static void settle_ages(const ps_land *land, ps_people *p) {
    uint64_t key = ps_draw_key(land->key, KEY_PEOPLE);
    for (int l = 0; l < PS_LAND_LSOAS; l++) {
        uint64_t own = ps_draw_key(key, (uint64_t)l);
        int total = 1020 + ps_draw_between(own, 1, 0, 400) +
                    ps_draw_between(own, 2, 0, 400) + ps_draw_between(own, 3, 0, 400) +
                    (land->urban[l] > 900 ? 420 : 0);
        int64_t weight[PS_PEOPLE_AGES], sum = 0, so_far = 0, given = 0;
        for (int a = 0; a < PS_PEOPLE_AGES; a++) {
            int64_t w = LINE(suburb, a) * 300;
            w += LINE(country, a) * (land->urban[l] < 300 ? 300 - land->urban[l] : 0) * 4;
            w += LINE(estate, a) * p->deprived[l];
            w += LINE(centre, a) * (land->urban[l] > 800 ? land->urban[l] - 800 : 0) * 6;
            weight[a] = w * ps_draw_between(own, 100 + (uint64_t)a, 820, 1180);
            sum += weight[a];
        }
        for (int a = 0; a < PS_PEOPLE_AGES; a++) {
            so_far += weight[a];
            int64_t upto = so_far / 1000 * total / (sum / 1000);
            if (a == PS_PEOPLE_AGES - 1 || upto > total) upto = total;
            p->age[l][a] = (int)(upto - given);
            given = upto;
        }
        p->all[l] = total;
    }
}

static int ages(const ps_people *p, int l, int from, int to) {
    int sum = 0;
    for (int a = from; a <= to; a++) sum += p->age[l][a];
    return sum;
}

void ps_people_write_population(const ps_land *land, const ps_people *p, FILE *file) {
    fprintf(file, "lsoa_code,lsoa_name,all_ages");
    for (int a = 0; a < PS_PEOPLE_AGES; a++)
        fprintf(file, ",%d%s", a, a == 90 ? "+" : "");
    fprintf(file, "\n");
    for (int l = 0; l < PS_LAND_LSOAS; l++) {
        fprintf(file, "%s,%s,%d", land->lsoa_code[l], land->lsoa_name[l], p->all[l]);
        for (int a = 0; a < PS_PEOPLE_AGES; a++) fprintf(file, ",%d", p->age[l][a]);
        fprintf(file, "\n");
    }
}

/* ---- deprivation ---- */

typedef enum shape {
    INDEX,    /* the weighted sum of the transformed domains */
    RATE,     /* a share of people */
    SPREAD,   /* 0 to 100, few high values */
    STANDARD, /* about 0, either sign */
    SHARE     /* as RATE, around a third */
} shape;

typedef struct domain {
    const char *title; /* as in the header of File 7 */
    shape shape;
    int loose;    /* how far it strays from deprivation in general, of 1000 */
    int weight;   /* in the index, thousandths; 0 when it is not a domain */
    bool inverse; /* worse in the country than in the town */
} domain;

static const domain domains[PS_PEOPLE_DOMAINS] = {
    {"Index of Multiple Deprivation (IMD) Score", INDEX, 0, 0, false},
    {"Income Score (rate)", RATE, 60, 225, false},
    {"Employment Score (rate)", RATE, 80, 225, false},
    {"Education, Skills and Training Score", SPREAD, 150, 135, false},
    {"Health Deprivation and Disability Score", STANDARD, 120, 135, false},
    {"Crime Score", STANDARD, 200, 93, false},
    {"Barriers to Housing and Services Score", SPREAD, 450, 93, true},
    {"Living Environment Score", SPREAD, 400, 93, false},
    {"Income Deprivation Affecting Children Index (IDACI) Score (rate)", RATE, 90, 0,
     false},
    {"Income Deprivation Affecting Older People (IDAOPI) Score (rate)", RATE, 130, 0,
     false},
    {"Children and Young People Sub-domain Score", STANDARD, 200, 0, false},
    {"Adult Skills Sub-domain Score", SHARE, 130, 0, false},
    {"Geographical Barriers Sub-domain Score", STANDARD, 500, 0, true},
    {"Wider Barriers Sub-domain Score", STANDARD, 250, 0, false},
    {"Indoors Sub-domain Score", STANDARD, 450, 0, false},
    {"Outdoors Sub-domain Score", STANDARD, 350, 0, false},
};

/* Scores in thousandths by rank in the nation: round figures of the usual shapes. */
static const knot rates[] = {{1, 560},     {330, 370},  {3284, 255}, {6569, 190},
                             {13138, 118}, {19706, 78}, {26275, 50}, {29560, 36},
                             {32000, 18},  {32844, 4}};
static const knot spreads[] = {
    {1, 97000},     {330, 74000},  {3284, 49000}, {6569, 35500}, {13138, 21500},
    {19706, 13500}, {26275, 7200}, {29560, 4200}, {32000, 1500}, {32844, 30}};
static const knot standards[] = {
    {1, 3400},     {330, 2150},   {3284, 1120},   {6569, 740},    {13138, 220},
    {19706, -230}, {26275, -760}, {29560, -1130}, {32000, -1750}, {32844, -3200}};
static const knot shares[] = {{1, 700},     {330, 600},   {3284, 470},  {6569, 405},
                              {13138, 330}, {19706, 270}, {26275, 210}, {29560, 170},
                              {32000, 120}, {32844, 30}};
/* Rank in the nation by index score in thousandths, falling. */
static const knot index_ranks[] = {
    {500, 32844},   {3000, 32100},  {5700, 29560},  {8500, 26275}, {11200, 22991},
    {14100, 19706}, {17600, 16422}, {21900, 13138}, {27200, 9853}, {34200, 6569},
    {45200, 3284},  {54000, 1642},  {66500, 328},   {80000, 30},   {93000, 1}};

static int score_of(shape s, int rank) {
    switch (s) {
        case RATE:
            return (int)LINE(rates, rank);
        case SHARE:
            return (int)LINE(shares, rank);
        case STANDARD:
            return (int)LINE(standards, rank);
        default:
            return (int)LINE(spreads, rank);
    }
}

static int clamp(int v, int low, int high) {
    return v < low ? low : v > high ? high : v;
}

/* Ranks of a nation are never shared: equal ones move on, in order of the key. */
static void separate(int *rank, const int *order) {
    int last = 0;
    for (int i = 0; i < PS_LAND_LSOAS; i++) {
        int l = order[i];
        if (rank[l] <= last) rank[l] = last + 1;
        last = rank[l];
    }
    int next = PS_PEOPLE_NATION + 1;
    for (int i = PS_LAND_LSOAS - 1; i >= 0; i--) {
        int l = order[i];
        if (rank[l] >= next) rank[l] = next - 1;
        next = rank[l];
    }
}

/* Areas by rising value; equal ones by row. */
static void sort_by(const int *value, int *order) {
    for (int i = 0; i < PS_LAND_LSOAS; i++) {
        int j = i;
        for (; j > 0 && value[order[j - 1]] > value[i]; j--) order[j] = order[j - 1];
        order[j] = i;
    }
}

/* The natural logarithm for 0 < v <= 1 from a series, so that its last bit is the same
 * everywhere. */
static double logarithm(double v) {
    double sum = 0;
    while (v < 0.7) {
        v *= 2;
        sum -= 0.693147180559945309417;
    }
    double t = (v - 1) / (v + 1), power = t;
    for (int k = 1; k < 40; k += 2) {
        sum += 2 * power / k;
        power *= t * t;
    }
    return sum;
}

/* How deprived each LSOA is in general: towns more than country, estates most. */
static void settle_field(const ps_land *land, ps_people *p) {
    uint64_t key = ps_draw_key(land->key, KEY_FIELD);
    int rough[PS_LAND_LSOAS];
    for (int l = 0; l < PS_LAND_LSOAS; l++) {
        rough[l] = ps_draw_between(key, (uint64_t)l, 0, 1000);
    }
    for (int l = 0; l < PS_LAND_LSOAS; l++) {
        /* the draw of the area, softened by those of its neighbours */
        int sum = 2 * rough[l], n = 2;
        for (int m = 0; m < PS_LAND_LSOAS; m++) {
            if (land->adjacent[l][m]) {
                sum += rough[m];
                n++;
            }
        }
        int urban = land->urban[l] > 900 ? 900 : land->urban[l];
        p->deprived[l] =
            clamp(165 + urban * 52 / 100 + (sum / n - 500) * 17 / 10, 15, 955);
    }
    for (int e = 0; e < PS_LAND_PRIORITIES; e++) {
        for (int i = 0; i < PS_LAND_PRIORITY_MAX && land->priority[e][i] >= 0; i++) {
            int l = land->priority[e][i];
            p->deprived[l] = ps_draw_between(key, 5000 + (uint64_t)l, 982, 998);
        }
    }
}

static void settle_domains(const ps_land *land, ps_people *p) {
    uint64_t key = ps_draw_key(land->key, KEY_DOMAINS);
    int order[PS_LAND_LSOAS];
    for (int d = 1; d < PS_PEOPLE_DOMAINS; d++) {
        const domain *m = &domains[d];
        for (int l = 0; l < PS_LAND_LSOAS; l++) {
            uint64_t draw = (uint64_t)(d * 1000 + l);
            int at = p->deprived[l] * 10;
            if (m->inverse) {
                at = 7000 - 6 * land->urban[l] + p->deprived[l] * 3;
            } else if (p->deprived[l] < 980 || m->loose > 200) {
                at += (ps_draw_between(key, draw, -1000, 1000) +
                       ps_draw_between(key, draw + 100000, -1000, 1000)) *
                      m->loose / 200;
            }
            if (m->inverse) at += ps_draw_between(key, draw, -m->loose, m->loose) * 4;
            at = clamp(at, 20, 9990);
            p->rank[d][l] =
                1 + (int)((int64_t)(10000 - at) * (PS_PEOPLE_NATION - 1) / 10000) +
                ps_draw_between(key, draw + 200000, -12, 12);
            p->rank[d][l] = clamp(p->rank[d][l], 1, PS_PEOPLE_NATION);
        }
        sort_by(p->rank[d], order);
        separate(p->rank[d], order);
        for (int l = 0; l < PS_LAND_LSOAS; l++) {
            p->score[d][l] = score_of(m->shape, p->rank[d][l]);
        }
    }
    ps_people_index(p->rank, 0, p->score[0], p->rank[0]);
}

int ps_people_score(int which, int rank) {
    return score_of(domains[which].shape, rank);
}

void ps_people_index(int (*rank)[PS_LAND_LSOAS], int without, int *score, int *place) {
    /* each domain's rank transformed to -23 ln(1 - R (1 - e^(-100/23))), then weighted */
    const double reach = 1 - 0.01293490138894979;
    int negative[PS_LAND_LSOAS], order[PS_LAND_LSOAS], weights = 0;
    for (int d = 1; d < PS_PEOPLE_DOMAINS; d++)
        weights += d == without ? 0 : domains[d].weight;
    for (int l = 0; l < PS_LAND_LSOAS; l++) {
        double sum = 0;
        for (int d = 1; d < PS_PEOPLE_DOMAINS; d++) {
            if (domains[d].weight == 0 || d == without) continue;
            double r = (double)(PS_PEOPLE_NATION - rank[d][l] + 1) / PS_PEOPLE_NATION;
            sum += -23 * logarithm(1 - r * reach) * domains[d].weight;
        }
        if (without > 0) sum = sum * 999 / weights;
        score[l] = (int)(sum + 0.5);
        place[l] = (int)LINE(index_ranks, score[l]);
        negative[l] = -score[l];
    }
    sort_by(negative, order);
    separate(place, order);
}

ps_status ps_people_settle(const ps_land *land, ps_people **out, ps_error *err) {
    *out = ps_zalloc(1, sizeof **out);
    if (*out == NULL) return ps_fail_nomem(err);
    settle_field(land, *out);
    settle_ages(land, *out);
    settle_domains(land, *out);
    return PS_OK;
}

void ps_people_free(ps_people *people) {
    ps_free(people);
}

int ps_people_decile(int rank) {
    return (10 * rank + PS_PEOPLE_NATION - 1) / PS_PEOPLE_NATION;
}

/* A header text, quoted when it holds a comma; tail replaces the word "Score" and what
 * follows it. */
static void header(FILE *file, const char *title, const char *tail) {
    const char *comma = title, *score = title, *s;
    while (*comma != '\0' && *comma != ',') comma++;
    for (s = title; *s != '\0'; s++) {
        if (s[0] == 'S' && s[1] == 'c' && s[2] == 'o' && s[3] == 'r' && s[4] == 'e')
            score = s;
    }
    const char *quote = *comma == ',' ? "\"" : "";
    if (tail == NULL) {
        fprintf(file, ",%s%s%s", quote, title, quote);
    } else {
        fprintf(file, ",%s%.*s%s%s", quote, (int)(score - title), title, tail, quote);
    }
}

static void thousandths(FILE *file, int v) {
    fprintf(file, ",%s%d.%03d", v < 0 ? "-" : "", abs(v) / 1000, abs(v) % 1000);
}

void ps_people_write_deprivation(const ps_land *land, const ps_people *p, FILE *file) {
    fprintf(file,
            "LSOA code (2011),LSOA name (2011),Local Authority District code (2019),"
            "Local Authority District name (2019)");
    for (int d = 0; d < PS_PEOPLE_DOMAINS; d++) {
        header(file, domains[d].title, NULL);
        header(file, domains[d].title, "Rank (where 1 is most deprived)");
        header(file, domains[d].title, "Decile (where 1 is most deprived 10% of LSOAs)");
    }
    fprintf(file,
            ",Total population: mid 2015 (excluding prisoners)"
            ",Dependent Children aged 0-15: mid 2015 (excluding prisoners)"
            ",Population aged 16-59: mid 2015 (excluding prisoners)"
            ",Older population aged 60 and over: mid 2015 (excluding prisoners)"
            ",Working age population 18-59/64: for use with Employment Deprivation "
            "Domain (excluding prisoners) \n");
    for (int l = 0; l < PS_LAND_LSOAS; l++) {
        fprintf(file, "%s,%s,%s,%s", land->lsoa_code[l], land->lsoa_name[l],
                PS_LAND_DISTRICT_CODE, PS_LAND_DISTRICT_NAME);
        for (int d = 0; d < PS_PEOPLE_DOMAINS; d++) {
            thousandths(file, p->score[d][l]);
            fprintf(file, ",%d,%d", p->rank[d][l], ps_people_decile(p->rank[d][l]));
        }
        int children = ages(p, l, 0, 15), adults = ages(p, l, 16, 59),
            old = ages(p, l, 60, 90);
        /* men to 64 and women to 59: half of those of 60 to 64 */
        int working = ages(p, l, 18, 59) + ages(p, l, 60, 64) / 2;
        fprintf(file, ",%d,%d,%d,%d,%d\n", p->all[l], children, adults, old, working);
    }
}

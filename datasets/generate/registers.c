#include "datasets/generate/registers.h"

#include "datasets/generate/draw.h"
#include "engine/core/mem.h"
#include "indicators/period.h"

enum { KEY_DOMESTIC = 100, KEY_HATE, KEY_COHORT };

enum {
    FIRST = 2019 * 12 + 3,
    YEARS = 4, /* 2019/20 to 2022/23 */
    EVENTS_MOST = 20000,
    WINDOW = 365
};

typedef struct event {
    int at;     /* days since the start of FIRST */
    int victim; /* 0: not known */
    int16_t strand, lsoa;
    char sex;
} event;

/* A register in the order of its days. */
typedef struct book {
    event *item;
    int n, victims;
    int from; /* the first event of the window that ends today */
} book;

/* Whether the next event is of somebody met within the window; then that event. */
static const event *earlier(book *b, int today, int strand, uint64_t key, uint64_t c) {
    while (b->from < b->n && b->item[b->from].at < today - WINDOW) b->from++;
    for (int tries = 0; tries < 40 && b->from < b->n; tries++) {
        int i = b->from +
                (int)ps_draw_below(key, c + (uint64_t)tries, (uint32_t)(b->n - b->from));
        if (b->item[i].victim > 0 && b->item[i].strand == strand) return &b->item[i];
    }
    return NULL;
}

/* Add an event; whether it is a repeat. */
static bool add_event(book *b, event e, int chance, uint64_t key, uint64_t c) {
    bool known = ps_draw_below(key, c, 1000) >= 25, repeat = false;
    if (known) {
        const event *before = (int)ps_draw_below(key, c + 1, 1000) < chance
                                  ? earlier(b, e.at, e.strand, key, c + 2)
                                  : NULL;
        repeat = before != NULL;
        e.victim = repeat ? before->victim : ++b->victims;
        if (repeat) {
            e.lsoa = before->lsoa;
            e.sex = before->sex;
        }
    }
    b->item[b->n++] = e;
    return repeat;
}

typedef struct repeats {
    int64_t known, repeat;
} repeats;

static void tell(const ps_world *w, const char *what, int year, const repeats *r) {
    char name[64], period[24];
    ps_financial_year_text(FIRST + 12 * year, period);
    snprintf(name, sizeof name, "%s:known-victim", what);
    ps_world_tell(w, name, PS_LAND_DISTRICT_CODE, period, r->known);
    snprintf(name, sizeof name, "%s:repeat", what);
    ps_world_tell(w, name, PS_LAND_DISTRICT_CODE, period, r->repeat);
}

/* ---- domestic violence ---- */

static void print_delay(FILE *file, uint64_t key, uint64_t c) {
    int days = ps_draw_below(key, c, 1000) < 380 ? ps_draw_between(key, c + 1, 0, 3)
                                                 : ps_draw_between(key, c + 1, 20, 3600);
    fprintf(file, ",%d\n", days);
}

static ps_status write_domestic(const ps_world *w, book *b, ps_error *err) {
    static const int chance[YEARS] = {500, 500, 490, 400};
    uint64_t key = ps_draw_key(w->land->key, KEY_DOMESTIC);
    ps_pull pull;
    ps_pull_set(&pull, w->land, w->people, 2200, 300);
    repeats told[YEARS] = {{0, 0}};
    int today = 0;
    FILE *file;
    PS_TRY(ps_file_begin(w->folder, "domestic.csv",
                         "incident_id,date,victim_id,lsoa_code,victim_sex,suspect_sex,"
                         "days_to_report",
                         &file, err));
    for (ps_month m = FIRST; m <= PS_WORLD_LAST; m++) {
        uint64_t own = ps_draw_key(key, (uint64_t)m);
        int n = ps_draw_between(key, (uint64_t)m, 232, 268), year = (m - FIRST) / 12;
        for (int i = 0; i < n; i++) {
            uint64_t c = (uint64_t)i * 64;
            int day = i * ps_days_of(m) / n;
            event e = {.at = today + day,
                       .lsoa = (int16_t)ps_pull_pick(&pull, own, c),
                       .sex = ps_draw_below(own, c + 1, 1000) < 740 ? 'F' : 'M'};
            bool repeat = add_event(b, e, chance[year], own, c + 4);
            const event *is = &b->item[b->n - 1];
            told[year].known += is->victim > 0;
            told[year].repeat += repeat;
            fprintf(file, "DV%05d,", b->n);
            ps_print_day(file, m, day + 1);
            if (is->victim > 0) {
                fprintf(file, ",V%05d", is->victim);
            } else {
                fputc(',', file);
            }
            fprintf(file, ",%s,%c,%c", w->land->lsoa_code[is->lsoa], is->sex,
                    ps_draw_below(own, c + 2, 1000) < (is->sex == 'F' ? 900 : 450) ? 'M'
                                                                                   : 'F');
            print_delay(file, own, c + 60);
        }
        today += ps_days_of(m);
    }
    for (int y = 0; y < YEARS; y++) tell(w, "domestic", y, &told[y]);
    return ps_file_finish("domestic.csv", file, err);
}

/* ---- hate crime ---- */

enum { STRANDS = 5 };

static const struct {
    const char *id;
    int upto, chance; /* thousandths: running share; repeats */
} strands[STRANDS] = {
    {"race", 600, 230},
    {"religion", 700, 210},
    {"sexual-orientation", 840, 250},
    {"disability", 950, 450},
    {"transgender", 1000, 480},
};

static ps_status write_hate(const ps_world *w, book *b, ps_error *err) {
    static const int level[YEARS] = {88, 86, 95, 94};
    uint64_t key = ps_draw_key(w->land->key, KEY_HATE);
    ps_pull before, after;
    ps_pull_set(&before, w->land, w->people, 900, 8000);
    ps_pull_set(&after, w->land, w->people, 900, 1500);
    repeats told[YEARS][STRANDS] = {{{0, 0}}};
    int64_t all[YEARS] = {0};
    int today = 0;
    FILE *file;
    PS_TRY(ps_file_begin(w->folder, "hate.csv",
                         "incident_id,date,victim_id,strand,lsoa_code", &file, err));
    for (ps_month m = FIRST; m <= PS_WORLD_LAST; m++) {
        uint64_t own = ps_draw_key(key, (uint64_t)m);
        int year = (m - FIRST) / 12;
        int n = level[year] + ps_draw_between(key, (uint64_t)m, -3, 3);
        for (int i = 0; i < n; i++) {
            uint64_t c = (uint64_t)i * 64;
            int day = i * ps_days_of(m) / n, k = 0;
            int u = (int)ps_draw_below(own, c, 1000);
            while (u >= strands[k].upto) k++;
            event e = {.at = today + day, .strand = (int16_t)k};
            e.lsoa = (int16_t)ps_pull_pick(year == 0 ? &before : &after, own, c + 1);
            bool repeat = add_event(b, e, strands[k].chance, own, c + 4);
            const event *is = &b->item[b->n - 1];
            told[year][k].known += is->victim > 0;
            told[year][k].repeat += repeat;
            all[year]++;
            fprintf(file, "HC%05d,", b->n);
            ps_print_day(file, m, day + 1);
            if (is->victim > 0) {
                fprintf(file, ",H%05d", is->victim);
            } else {
                fputc(',', file);
            }
            fprintf(file, ",%s,%s\n", strands[k].id, w->land->lsoa_code[is->lsoa]);
        }
        today += ps_days_of(m);
    }
    for (int y = 0; y < YEARS; y++) {
        char period[24];
        repeats sum = {0, 0};
        for (int k = 0; k < STRANDS; k++) {
            char what[48];
            snprintf(what, sizeof what, "hate:%s", strands[k].id);
            tell(w, what, y, &told[y][k]);
            sum.known += told[y][k].known;
            sum.repeat += told[y][k].repeat;
        }
        tell(w, "hate", y, &sum);
        ps_financial_year_text(FIRST + 12 * y, period);
        ps_world_tell(w, "hate", PS_LAND_DISTRICT_CODE, period, all[y]);
    }
    return ps_file_finish("hate.csv", file, err);
}

/* ---- who offends again ---- */

static ps_status write_cohort(const ps_world *w, ps_error *err) {
    static const char *const offences[] = {"Drugs", "Theft", "Violence", "Other"};
    uint64_t key = ps_draw_key(w->land->key, KEY_COHORT);
    repeats told[YEARS] = {{0, 0}};
    int id = 0;
    FILE *file;
    PS_TRY(ps_file_begin(w->folder, "cohort.csv",
                         "person_id,cohort_date,index_offence,reoffended", &file, err));
    for (ps_month m = FIRST; m <= PS_WORLD_LAST; m++) {
        uint64_t own = ps_draw_key(key, (uint64_t)m);
        int n = ps_draw_between(key, (uint64_t)m, 62, 78), year = (m - FIRST) / 12;
        for (int i = 0; i < n; i++) {
            uint64_t c = (uint64_t)i * 4;
            int k = (int)ps_draw_below(own, c, 4);
            int chance = k == 0 ? 400 - 35 * year : 330;
            bool again = (int)ps_draw_below(own, c + 1, 1000) < chance;
            fprintf(file, "R%05d,", ++id);
            ps_print_day(file, m, 1 + i * ps_days_of(m) / n);
            fprintf(file, ",%s,%s\n", offences[k], again ? "Yes" : "No");
            told[year].known += k == 0;
            told[year].repeat += k == 0 && again;
        }
    }
    for (int y = 0; y < YEARS; y++) tell(w, "cohort:drugs", y, &told[y]);
    return ps_file_finish("cohort.csv", file, err);
}

ps_status ps_registers_write(const ps_world *world, ps_error *err) {
    book b = {.item = ps_zalloc(EVENTS_MOST, sizeof *b.item)};
    if (b.item == NULL) return ps_fail_nomem(err);
    ps_status status = write_domestic(world, &b, err);
    b.n = b.victims = b.from = 0;
    if (status == PS_OK) status = write_hate(world, &b, err);
    ps_free(b.item);
    if (status == PS_OK) status = write_cohort(world, err);
    return status;
}

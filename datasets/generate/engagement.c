#include "datasets/generate/engagement.h"

#include "datasets/generate/draw.h"
#include "datasets/generate/groups.h"
#include "indicators/period.h"

enum { KEY_EVENTS = 160, KEY_TRAINING };

enum { CONVERSATIONS = 32, CITIZENS = 1750, PARTNERED = 15 };

/* Each neighbourhood in turn; the last takes those who are left. */
static ps_status write_events(const ps_world *w, ps_error *err) {
    uint64_t key = ps_draw_key(w->land->key, KEY_EVENTS);
    FILE *file;
    int left = CITIZENS;
    PS_TRY(ps_file_begin(w->folder, "engagement.csv",
                         "event_id,date,neighbourhood_code,lsoa_code,citizens", &file,
                         err));
    for (int i = 0; i < CONVERSATIONS; i++) {
        int place = i % PS_GROUPS_NEIGHBOURHOODS, lsoa[PS_LAND_PRIORITY_MAX];
        int members = ps_groups_estate(w, place, lsoa);
        int to_come = CONVERSATIONS - i, mean = left / to_come, n = left;
        if (to_come > 1)
            n = mean + ps_draw_between(key, (uint64_t)i, -mean / 3, mean / 3);
        fprintf(file, "C%02d,", i + 1);
        ps_print_day(file, 2021 * 12 + 3 + i * 17 / CONVERSATIONS, 1 + i * 5 % 28);
        fprintf(file, ",ZN%02d,%s,%d\n", place + 1,
                members > 0 ? w->land->lsoa_code[lsoa[0]] : "", n);
        left -= n;
    }
    ps_world_tell(w, "engagement:citizens", PS_LAND_DISTRICT_CODE, "all", CITIZENS);
    return ps_file_finish("engagement.csv", file, err);
}

static ps_status write_training(const ps_world *w, ps_error *err) {
    static const struct {
        const char *kind;
        int people;
    } kinds[] = {
        {"Officer", 134},
        {"Councillor", 12},
        {"Voluntary organisation", 18},
        {"Resident", 39},
    };
    uint64_t key = ps_draw_key(w->land->key, KEY_TRAINING);
    FILE *file;
    int session = 0, sum = 0;
    PS_TRY(
        ps_file_begin(w->folder, "training.csv", "session,date,kind,people", &file, err));
    for (int k = 0; k < 4; k++) {
        for (int left = kinds[k].people; left > 0; session++) {
            int n = ps_draw_between(key, (uint64_t)session, 4, 16);
            if (n > left) n = left;
            fprintf(file, "L%02d,", session + 1);
            ps_print_day(file, 2021 * 12 + 3 + session % 18, 1 + session * 3 % 28);
            fprintf(file, ",%s,%d\n", kinds[k].kind, n);
            left -= n;
            sum += n;
        }
    }
    ps_world_tell(w, "training:people", PS_LAND_DISTRICT_CODE, "all", sum);
    return ps_file_finish("training.csv", file, err);
}

/* Two wards a year move on by a stage; none goes back. */
static ps_status write_stages(const ps_world *w, ps_error *err) {
    FILE *file;
    PS_TRY(ps_file_begin(w->folder, "ward-stages.csv",
                         "ward_code,ward_name,year,stage,partnership", &file, err));
    for (int year = 2020; year <= 2022; year++) {
        int partnered = PARTNERED - 2 * (2022 - year);
        for (int i = 0; i < PS_LAND_WARDS; i++) {
            int turn = i * 7 % PS_LAND_WARDS, done = 2 * (year - 2020);
            int stage = turn < 3 + done ? 3 : turn < 9 + 2 * done ? 2 : 1;
            fprintf(file, "%s,%s,%d,%d,%s\n", w->land->ward_code[i],
                    w->land->ward_name[i], year, stage, turn < partnered ? "Yes" : "No");
        }
        char period[8];
        snprintf(period, sizeof period, "%d", year);
        ps_world_tell(w, "ward-stages:partnership", PS_LAND_DISTRICT_CODE, period,
                      partnered);
    }
    return ps_file_finish("ward-stages.csv", file, err);
}

/* Shared out by people in need, to the hundred pounds; the last takes what is left. */
static ps_status write_funding(const ps_world *w, ps_error *err) {
    static const struct {
        const char *purpose;
        int amount, year;
    } grants[] = {
        {"Mental health", 1000000, 2019},
        {"Domestic abuse", 400000, 2019},
        {"Mental health", 350000, 2021},
    };
    int64_t need[PS_LAND_PARTNERSHIPS] = {0}, all = 0;
    for (int l = 0; l < PS_LAND_LSOAS; l++) {
        int64_t people = (int64_t)w->people->all[l] * w->people->deprived[l];
        need[w->land->partnership[w->land->ward[l]]] += people;
        all += people;
    }
    FILE *file;
    PS_TRY(ps_file_begin(w->folder, "funding.csv",
                         "partnership_code,partnership_name,purpose,year,amount", &file,
                         err));
    for (size_t g = 0; g < sizeof grants / sizeof *grants; g++) {
        int64_t left = grants[g].amount;
        char year[24];
        ps_financial_year_text(grants[g].year * 12 + 3, year);
        for (int p = 0; p < PS_LAND_PARTNERSHIPS; p++) {
            int64_t share =
                grants[g].amount * (need[p] / 1000) / (all / 1000) / 100 * 100;
            if (p == PS_LAND_PARTNERSHIPS - 1) share = left;
            fprintf(file, "%s,%s,%s,%s,%d\n", w->land->partnership_code[p],
                    w->land->partnership_name[p], grants[g].purpose, year, (int)share);
            left -= share;
        }
    }
    return ps_file_finish("funding.csv", file, err);
}

ps_status ps_engagement_write(const ps_world *world, ps_error *err) {
    PS_TRY(write_events(world, err));
    PS_TRY(write_training(world, err));
    PS_TRY(write_stages(world, err));
    return write_funding(world, err);
}

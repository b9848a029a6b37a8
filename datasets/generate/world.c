#include "datasets/generate/world.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "datasets/generate/draw.h"

ps_status ps_folder_make(const char *path, ps_error *err) {
    if (mkdir(path, 0777) != 0 && errno != EEXIST) {
        return ps_fail(err, PS_OUTPUT, "%s: %s", path, strerror(errno));
    }
    return PS_OK;
}

ps_status ps_file_begin(const char *folder, const char *name, const char *header,
                        FILE **file, ps_error *err) {
    char path[4096];
    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path) {
        return ps_fail(err, PS_OUTPUT, "%.40s...: this path is too long", folder);
    }
    *file = fopen(path, "w");
    if (*file == NULL) return ps_fail(err, PS_OUTPUT, "%s: %s", path, strerror(errno));
    if (header != NULL) fprintf(*file, "%s\n", header);
    return PS_OK;
}

ps_status ps_file_finish(const char *name, FILE *file, ps_error *err) {
    int bad = ferror(file);
    if (fclose(file) != 0 || bad) {
        return ps_fail(err, PS_OUTPUT, "%s: cannot be written", name);
    }
    return PS_OK;
}

void ps_world_tell(const ps_world *world, const char *what, const char *area,
                   const char *period, int64_t value) {
    fprintf(world->truth, "%s,%s,%s,%" PRId64 "\n", what, area, period, value);
}

int ps_days_of(ps_month month) {
    static const int days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    /* every fourth year of those that the district knows */
    return days[month % 12] + (month % 12 == 1 && month / 12 % 4 == 0);
}

void ps_print_day(FILE *file, ps_month month, int day) {
    fprintf(file, "%04d-%02d-%02d", month / 12, month % 12 + 1, day);
}

int ps_financial_year(ps_month month) {
    return (month - 3) / 12 - 2000;
}

void ps_pull_set(ps_pull *pull, const ps_land *land, const ps_people *people, int poverty,
                 int centre) {
    pull->upto[0] = 0;
    for (int l = 0; l < PS_LAND_LSOAS; l++) {
        int64_t d = people->deprived[l], u = land->urban[l];
        int64_t w = people->all[l] * (1000 + poverty * d / 1000);
        /* town centres count from two thirds of the densest on */
        int64_t c = u > 650 ? (u - 650) * 1000 / 350 : 0;
        pull->upto[l + 1] = pull->upto[l] + w / 100 * (1000 + centre * c / 1000) / 1000;
    }
}

void ps_pull_raise(ps_pull *pull, const int *lsoa, int n, int times) {
    int64_t more = 0, before = 0;
    for (int l = 0; l < PS_LAND_LSOAS; l++) {
        int64_t w = pull->upto[l + 1] - before;
        before = pull->upto[l + 1];
        for (int i = 0; i < n && lsoa[i] >= 0; i++) {
            if (lsoa[i] == l) more += w * (times - 1);
        }
        pull->upto[l + 1] += more;
    }
}

int ps_pull_pick(const ps_pull *pull, uint64_t key, uint64_t n) {
    const int64_t *upto = pull->upto;
    int64_t u = (int64_t)((ps_draw(key, n) >> 1) % (uint64_t)upto[PS_LAND_LSOAS]);
    int low = 0, high = PS_LAND_LSOAS;
    while (high - low > 1) {
        int middle = (low + high) / 2;
        if (upto[middle] <= u) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

int32_t ps_place_inside(const ps_land *land, int lsoa, uint64_t key, uint64_t n,
                        int32_t *x, int32_t *y) {
    int32_t from = land->hex_from[lsoa], size = land->hex_from[lsoa + 1] - from;
    int32_t hex = land->hex[from + (int32_t)ps_draw_below(key, n, (uint32_t)size)];
    ps_land_centre(land, hex, x, y);
    *x += ps_draw_between(key, n + 1, -14, 14);
    *y += ps_draw_between(key, n + 2, -14, 14);
    return hex;
}

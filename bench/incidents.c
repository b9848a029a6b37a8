/* incidents BOUNDARIES ROWS OUT.csv|OUT.xy snap|random: rows in the form of the police's
 * street-level files on any boundaries of `country` in degrees, the same on every run.
 *
 *   snap    every area has 20 places at which all its rows lie, as the police publish
 *           them, 2 of them on its boundary line; rows by month, then force, then area,
 *           anti-social behaviour first, as in their files
 *   random  every row at a place of its own, months, types and areas in random order
 *
 * Coordinates have six decimals, 1.5 % of the rows have none, one in 5,000 has a quoted
 * comma. OUT.xy gets the coordinates of the located rows alone: pairs of doubles. When
 * OUT ends in a slash, it is a folder with one file for each month.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "engine/core/mem.h"
#include "geo/layer.h"
#include "geo/locate.h"

enum {
    SPOTS = 20,
    ON_LINE = 2,
    MONTHS = 36,
    FIRST_YEAR = 2022,
    FORCES = 39,
    TYPES = 14,
    OUTCOMES = 8,
    BATCH = 64,
    MOST_TRIES = 200,
    ROW_ROOM = 512
};

static const char *const type_name[TYPES] = {"Anti-social behaviour",
                                             "Violence and sexual offences",
                                             "Criminal damage and arson",
                                             "Public order",
                                             "Other theft",
                                             "Shoplifting",
                                             "Vehicle crime",
                                             "Burglary",
                                             "Drugs",
                                             "Other crime",
                                             "Theft from the person",
                                             "Robbery",
                                             "Bicycle theft",
                                             "Possession of weapons"};
/* Of a thousand rows. */
static const int type_share[TYPES] = {172, 330, 81, 74, 72, 70, 64,
                                      43,  29,  20, 18, 12, 9,  6};
static const char *const outcome_name[OUTCOMES] = {
    "Investigation complete; no suspect identified",
    "Unable to prosecute suspect",
    "Status update unavailable",
    "Under investigation",
    "Awaiting court outcome",
    "Court result unavailable",
    "Local resolution",
    "Offender given a caution"};
static const char *const street_name[16] = {
    "High",   "Church", "Station", "Mill",   "Chapel", "North", "School", "Moor",
    "Grange", "Bridge", "Market",  "Spring", "Garden", "Oak",   "Manor",  "Cross"};
static const char *const street_kind[8] = {"Street", "Road",  "Lane",  "Avenue",
                                           "Close",  "Drive", "Grove", "Terrace"};

typedef struct spot {
    int32_t x, y; /* millionths of a degree */
} spot;

typedef struct world {
    ps_areas *areas;
    ps_locator *locator;
    int32_t *order; /* rows by force and code */
    uint8_t *force; /* by row */
    double *until;  /* cumulated weight, in order */
    spot *spots;    /* SPOTS per row */
    bool coordinates_only;
    bool monthly;
    char folder[4096];
    FILE *file;
    int64_t number; /* of the row written last */
} world;

static uint64_t mix(uint64_t z) {
    z += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static uint64_t draw(uint64_t key, uint64_t counter) {
    return mix(mix(key) ^ counter * 0xd6e8feb86659fd93u);
}

static double uniform(uint64_t key, uint64_t counter) {
    return (double)(draw(key, counter) >> 11) * 0x1p-53;
}

static uint32_t below(uint64_t z, uint32_t n) {
    return (uint32_t)(((z >> 32) * n) >> 32);
}

static int32_t millionths(double v) {
    return (int32_t)lround(v * 1e6);
}

/* A place inside area `row`; its middle vertex when none is found. */
static spot inside(const world *w, size_t row, uint64_t key) {
    const double *box = w->areas->box + 4 * row;
    for (uint64_t tries = 0; tries < MOST_TRIES; tries += BATCH) {
        double x[BATCH], y[BATCH];
        int32_t found[BATCH];
        spot s[BATCH];
        for (uint64_t i = 0; i < BATCH; i++) {
            s[i].x =
                millionths(box[0] + (box[2] - box[0]) * uniform(key, 2 * (tries + i)));
            s[i].y = millionths(box[1] +
                                (box[3] - box[1]) * uniform(key, 2 * (tries + i) + 1));
            x[i] = s[i].x / 1e6;
            y[i] = s[i].y / 1e6;
        }
        ps_locate(w->locator, BATCH, x, y, found, NULL);
        for (int i = 0; i < BATCH; i++) {
            if (found[i] == (int32_t)row) return s[i];
        }
    }
    const uint32_t first = w->areas->ring_point[w->areas->area_ring[row]];
    return (spot){millionths(w->areas->x[first]), millionths(w->areas->y[first])};
}

/* A place on the boundary, as near as six decimals come to it. */
static spot on_line(const world *w, size_t row, uint64_t key) {
    const ps_areas *a = w->areas;
    const uint32_t from = a->ring_point[a->area_ring[row]];
    const uint32_t edges = a->ring_point[a->area_ring[row] + 1] - from - 1;
    const uint32_t e = from + below(draw(key, 0), edges);
    const double t = uniform(key, 1);
    return (spot){millionths(a->x[e] + t * (a->x[e + 1] - a->x[e])),
                  millionths(a->y[e] + t * (a->y[e + 1] - a->y[e]))};
}

static int compare_order(const void *a, const void *b, void *context) {
    const world *w = context;
    const int32_t p = *(const int32_t *)a, q = *(const int32_t *)b;
    if (w->force[p] != w->force[q]) return w->force[p] < w->force[q] ? -1 : 1;
    return (p > q) - (p < q);
}

static ps_status make_world(const char *path, bool snap, world *w, ps_error *err) {
    const ps_layer_spec spec = {.path = path, .code = "code", .name = "district"};
    ps_layer_report report;
    PS_TRY(ps_layer_read_areas(&spec, NULL, &w->areas, &report, err));
    const size_t n = w->areas->n;
    if (!ps_crs_is_geographic(w->areas->crs))
        return ps_fail(err, PS_CONFIG, "the boundaries in '%s' are not in degrees", path);
    PS_TRY(
        ps_locator_build(&(ps_locator_layer){w->areas, NULL}, 1, true, &w->locator, err));
    w->order = ps_alloc(n, sizeof *w->order);
    w->force = ps_alloc(n, sizeof *w->force);
    w->until = ps_alloc(n + 1, sizeof *w->until);
    w->spots = ps_alloc(snap ? n * SPOTS : 1, sizeof *w->spots);
    if (w->order == NULL || w->force == NULL || w->until == NULL || w->spots == NULL)
        return ps_fail_nomem(err);
    for (size_t i = 0; i < n; i++) {
        if (w->areas->area_ring[i] == w->areas->area_ring[i + 1])
            return ps_fail(err, PS_FORMAT, "an area in '%s' has no shape", path);
        uint64_t hash = 0;
        for (size_t k = 0; k < w->areas->name[i].n; k++)
            hash = mix(hash ^ (uint8_t)w->areas->name[i].p[k]);
        w->order[i] = (int32_t)i;
        w->force[i] = (uint8_t)(hash % FORCES);
        for (uint64_t s = 0; snap && s < SPOTS; s++) {
            const uint64_t key = draw(1, i * SPOTS + s);
            w->spots[i * SPOTS + s] =
                s < ON_LINE ? on_line(w, i, key) : inside(w, i, key);
        }
    }
    qsort_r(w->order, n, sizeof *w->order, compare_order, w);
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        /* A few areas have many times the crime of most. */
        const double u = uniform(2, (uint64_t)w->order[i]);
        w->until[i] = sum;
        sum += 0.3 + u * u * u * u * 9;
    }
    w->until[n] = sum;
    for (size_t i = 0; i <= n; i++) w->until[i] /= sum;
    return PS_OK;
}

static char *put(char *p, const char *text) {
    return stpcpy(p, text);
}

static char *put_str(char *p, ps_str s) {
    const size_t n = s.n < 64 ? s.n : 64;
    memcpy(p, s.p, n);
    return p + n;
}

static char *put_number(char *p, uint64_t v, int digits) {
    for (int i = digits - 1; i >= 0; i--, v /= 10) p[i] = (char)('0' + v % 10);
    return p + digits;
}

static char *put_degrees(char *p, int32_t v) {
    const uint32_t size = v < 0 ? (uint32_t)-v : (uint32_t)v;
    const uint32_t whole = size / 1000000;
    if (v < 0) *p++ = '-';
    p = put_number(p, whole, whole >= 100 ? 3 : whole >= 10 ? 2 : 1);
    *p++ = '.';
    return put_number(p, size % 1000000, 6);
}

static const char header[] =
    "Crime ID,Month,Reported by,Falls within,Longitude,Latitude,Location,LSOA code,"
    "LSOA name,Crime type,Last outcome category,Context\n";

static ps_status open_month(world *w, int month, ps_error *err) {
    char path[4200];
    if (w->file != NULL && fclose(w->file) != 0)
        return ps_fail(err, PS_OUTPUT, "cannot write into '%s'", w->folder);
    snprintf(path, sizeof path, "%s%04d-%02d-bench-street.csv", w->folder,
             FIRST_YEAR + month / 12, month % 12 + 1);
    w->file = fopen(path, "w");
    if (w->file == NULL)
        return ps_fail(err, PS_OUTPUT, "cannot write '%s': %s", path, strerror(errno));
    fwrite(header, 1, sizeof header - 1, w->file);
    return PS_OK;
}

static void write_row(world *w, size_t row, int month, int type, spot at, uint64_t key) {
    const bool located = below(draw(key, 10), 1000) >= 15;
    if (w->coordinates_only) {
        const double xy[2] = {at.x / 1e6, at.y / 1e6};
        if (located) fwrite(xy, sizeof xy, 1, w->file);
        return;
    }
    char text[ROW_ROOM], *p = text;
    static const char hex[] = "0123456789abcdef";
    if (type > 0) {
        const uint64_t id[4] = {mix((uint64_t)w->number), draw(key, 11), draw(key, 12),
                                draw(key, 13)};
        for (int i = 0; i < 64; i++) *p++ = hex[id[i / 16] >> (i % 16 * 4) & 15];
    }
    *p++ = ',';
    p = put_number(p, (uint32_t)FIRST_YEAR + (uint32_t)month / 12, 4);
    *p++ = '-';
    p = put_number(p, (uint32_t)month % 12 + 1, 2);
    for (int i = 0; i < 2; i++) {
        p = put(p, ",Force ");
        p = put_number(p, w->force[row] + 1u, 2);
        p = put(p, " Constabulary");
    }
    *p++ = ',';
    if (located) {
        p = put_degrees(p, at.x);
        *p++ = ',';
        p = put_degrees(p, at.y);
        /* A place has one name. */
        const uint64_t name = draw((uint64_t)(uint32_t)at.x, (uint64_t)(uint32_t)at.y);
        const bool comma = below(draw(key, 14), 5000) == 0;
        p = put(p, comma ? ",\"On or near " : ",On or near ");
        p = put(p, street_name[name & 15]);
        p = put(p, comma ? ", off " : " ");
        p = put(p, street_kind[name >> 4 & 7]);
        if (comma) *p++ = '"';
        *p++ = ',';
        p = put_str(p, w->areas->code[row]);
        *p++ = ',';
        p = put_str(p, w->areas->name[row]);
    } else {
        p = put(p, ",,No Location,,");
    }
    *p++ = ',';
    p = put(p, type_name[type]);
    *p++ = ',';
    if (type > 0) p = put(p, outcome_name[below(draw(key, 15), OUTCOMES)]);
    p = put(p, ",\n");
    fwrite(text, 1, (size_t)(p - text), w->file);
}

static int draw_type(uint64_t key) {
    int left = (int)below(draw(key, 16), 1000);
    for (int t = 0; t < TYPES; t++) {
        left -= type_share[t];
        if (left < 0) return t;
    }
    return 1;
}

/* Rows [first, first + rows) as one month of the police's files. */
static void write_month(world *w, int month, int64_t first, int64_t rows) {
    const double dither = uniform(3, (uint64_t)month);
    int64_t done = 0;
    for (size_t i = 0; i < w->areas->n; i++) {
        const bool last = i + 1 == w->areas->n;
        int64_t until = (int64_t)(w->until[i + 1] * (double)rows + dither);
        if (last || until > rows) until = rows;
        const size_t row = (size_t)w->order[i];
        for (int pass = 0; pass < 2; pass++) {
            for (int64_t k = done; k < until; k++) {
                const uint64_t key = draw(4, (uint64_t)(first + k));
                const int type = draw_type(key);
                if ((type == 0) != (pass == 0)) continue;
                w->number++;
                const spot at = w->spots[row * SPOTS + below(draw(key, 17), SPOTS)];
                write_row(w, row, month, type, at, key);
            }
        }
        done = until > done ? until : done;
    }
}

static void write_random(world *w, int64_t rows) {
    for (int64_t k = 0; k < rows; k++) {
        const uint64_t key = draw(5, (uint64_t)k);
        const size_t row = below(draw(key, 18), (uint32_t)w->areas->n);
        w->number++;
        write_row(w, row, (int)below(draw(key, 19), MONTHS), draw_type(key),
                  inside(w, row, draw(key, 20)), key);
    }
}

static ps_status write_all(world *w, const char *out, int64_t rows, bool snap,
                           ps_error *err) {
    const size_t n = strlen(out);
    w->coordinates_only = n > 3 && strcmp(out + n - 3, ".xy") == 0;
    w->monthly = n > 1 && n < sizeof w->folder && out[n - 1] == '/';
    if (w->monthly) {
        if (!snap)
            return ps_fail(err, PS_CONFIG, "files by month are written with snap only");
        memcpy(w->folder, out, n + 1);
        if (mkdir(out, 0777) != 0 && errno != EEXIST)
            return ps_fail(err, PS_OUTPUT, "cannot make '%s': %s", out, strerror(errno));
    } else {
        w->file = fopen(out, "wb");
        if (w->file == NULL)
            return ps_fail(err, PS_OUTPUT, "cannot write '%s': %s", out, strerror(errno));
        if (!w->coordinates_only) fwrite(header, 1, sizeof header - 1, w->file);
    }
    if (snap) {
        for (int m = 0; m < MONTHS; m++) {
            if (w->monthly) PS_TRY(open_month(w, m, err));
            const int64_t first = rows * m / MONTHS;
            write_month(w, m, first, rows * (m + 1) / MONTHS - first);
        }
    } else {
        write_random(w, rows);
    }
    const bool bad = ferror(w->file) != 0;
    const bool closed = fclose(w->file) == 0;
    w->file = NULL;
    if (bad || !closed)
        return ps_fail(err, PS_OUTPUT, "cannot write '%s'; is the disk full?", out);
    return PS_OK;
}

int main(int argc, char **argv) {
    int64_t rows = 0;
    const bool snap = argc == 5 && strcmp(argv[4], "snap") == 0;
    if (argc != 5 || !ps_parse_int(ps_str_of(argv[2]), &rows) || rows < 1 ||
        (!snap && strcmp(argv[4], "random") != 0)) {
        fprintf(stderr,
                "usage: incidents BOUNDARIES ROWS OUT.csv|OUT.xy|FOLDER/ snap|random\n");
        return 2;
    }
    ps_error err = {PS_OK, ""};
    world w = {0};
    ps_status status = make_world(argv[1], snap, &w, &err);
    if (status == PS_OK) status = write_all(&w, argv[3], rows, snap, &err);
    if (w.file != NULL) fclose(w.file);
    ps_locator_free(w.locator);
    ps_areas_free(w.areas);
    ps_free(w.order);
    ps_free(w.force);
    ps_free(w.until);
    ps_free(w.spots);
    if (status != PS_OK) {
        fprintf(stderr, "incidents: %s\n", err.text);
        return 1;
    }
    return 0;
}

/* The baseline: what a competent engineer writes with GDAL, GEOS and OpenMP.
 *
 *   geos_join BOUNDARIES CODE POINTS OUT THREADS [by|none]
 *
 * POINTS is a street-level file of the police, or pairs of doubles when it ends in .xy.
 * OUT gets area, crime type, month and count (area and count with `none` and for .xy),
 * sorted as placestat sorts them. Each thread takes a part of the mapped file, reads it
 * byte by byte with quotes, asks an STRtree for the candidates and a prepared polygon
 * for each, and counts in an array of its own.
 *
 * Rule  areas are closed; a point in several belongs to the lowest code. Layers are read
 * as they are, so they must be valid.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <gdal.h>
#include <geos_c.h>
#include <omp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <ogr_api.h>

enum {
    FIELDS = 12,
    MONTH = 1,
    LONGITUDE = 4,
    LATITUDE = 5,
    TYPE = 9,
    TYPES = 32,
    MONTHS = 1200,
    FIRST_MONTH = 1970 * 12,
    BATCH = 4096
};

struct area {
    char code[32];
    GEOSGeometry *shape;
    const GEOSPreparedGeometry *prepared;
};

struct field {
    const char *p;
    size_t n;
};

struct worker {
    GEOSContextHandle_t geos;
    const GEOSGeometry *point;
    int found;
    char type[TYPES][64];
    int types;
    uint32_t *month[MONTHS]; /* areas * TYPES, made when the month is met */
    long rows, unlocated, outside, bad;
};

static struct area *areas;
static int n_areas;
static GEOSSTRtree *tree;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void die(const char *what, const char *which) {
    fprintf(stderr, "geos_join: %s %s\n", what, which);
    exit(1);
}

static void *take(size_t n, size_t size) {
    void *p = calloc(n > 0 ? n : 1, size);
    if (p == NULL) die("out of memory", "");
    return p;
}

static void quiet(const char *format, ...) {
    (void)format;
}

static int by_code(const void *a, const void *b) {
    return strcmp(((const struct area *)a)->code, ((const struct area *)b)->code);
}

static void read_areas(const char *path, const char *code) {
    GDALAllRegister();
    GDALDatasetH data = GDALOpenEx(path, GDAL_OF_VECTOR, NULL, NULL, NULL);
    if (data == NULL) die("cannot open", path);
    OGRLayerH layer = GDALDatasetGetLayer(data, 0);
    const int field = OGR_FD_GetFieldIndex(OGR_L_GetLayerDefn(layer), code);
    if (field < 0) die("no field", code);
    const size_t room = (size_t)OGR_L_GetFeatureCount(layer, 1);
    areas = take(room, sizeof *areas);
    GEOSContextHandle_t geos = GEOS_init_r();
    GEOSWKBReader *reader = GEOSWKBReader_create_r(geos);
    unsigned char *wkb = NULL;
    size_t wkb_room = 0;
    OGRFeatureH feature;
    while ((feature = OGR_L_GetNextFeature(layer)) != NULL) {
        OGRGeometryH shape = OGR_F_GetGeometryRef(feature);
        const size_t n = shape != NULL ? (size_t)OGR_G_WkbSize(shape) : 0;
        if (n > wkb_room) {
            free(wkb);
            wkb = take(wkb_room = 2 * n, 1);
        }
        if (n > 0 && (size_t)n_areas < room &&
            OGR_G_ExportToWkb(shape, wkbNDR, wkb) == OGRERR_NONE) {
            struct area *a = &areas[n_areas++];
            snprintf(a->code, sizeof a->code, "%s",
                     OGR_F_GetFieldAsString(feature, field));
            a->shape = GEOSWKBReader_read_r(geos, reader, wkb, n);
            if (a->shape == NULL) die("no geometry in", a->code);
        }
        OGR_F_Destroy(feature);
    }
    free(wkb);
    GEOSWKBReader_destroy_r(geos, reader);
    GDALClose(data);
    qsort(areas, (size_t)n_areas, sizeof *areas, by_code);
}

/* The locator inside a prepared polygon is made when it is first needed, and made again
 * when it is needed the second time, without a lock: so ask twice before threads do. */
static void prepare(GEOSContextHandle_t geos, struct area *a) {
    double x0, y0, x1, y1;
    a->prepared = GEOSPrepare_r(geos, a->shape);
    if (GEOSGeom_getXMin_r(geos, a->shape, &x0) != 1 ||
        GEOSGeom_getYMin_r(geos, a->shape, &y0) != 1 ||
        GEOSGeom_getXMax_r(geos, a->shape, &x1) != 1 ||
        GEOSGeom_getYMax_r(geos, a->shape, &y1) != 1)
        return;
    GEOSGeometry *p = GEOSGeom_createPointFromXY_r(geos, (x0 + x1) / 2, (y0 + y1) / 2);
    for (int i = 0; i < 3; i++) (void)GEOSPreparedIntersects_r(geos, a->prepared, p);
    GEOSGeom_destroy_r(geos, p);
}

static void candidate(void *item, void *context) {
    struct worker *w = context;
    const int row = (int)((struct area *)item - areas);
    if (w->found >= 0 && row > w->found) return;
    if (GEOSPreparedIntersects_r(w->geos, areas[row].prepared, w->point) == 1)
        w->found = row;
}

static int locate(struct worker *w, double x, double y) {
    GEOSGeometry *point = GEOSGeom_createPointFromXY_r(w->geos, x, y);
    w->point = point;
    w->found = -1;
    GEOSSTRtree_query_r(w->geos, tree, point, candidate, w);
    GEOSGeom_destroy_r(w->geos, point);
    return w->found;
}

static void build_index(int threads) {
    tree = GEOSSTRtree_create(10);
    for (int i = 0; i < n_areas; i++) GEOSSTRtree_insert(tree, areas[i].shape, &areas[i]);
#pragma omp parallel num_threads(threads)
    {
        GEOSContextHandle_t geos = GEOS_init_r();
#pragma omp for schedule(dynamic, 64)
        for (int i = 0; i < n_areas; i++) prepare(geos, &areas[i]);
        GEOS_finish_r(geos);
    }
    /* The tree is packed at its first query. */
    struct worker w = {.geos = GEOS_init_r()};
    locate(&w, 0, 0);
    GEOS_finish_r(w.geos);
}

/* One record into its first FIELDS fields; where the next one begins. */
static const char *next_record(const char *p, const char *end, struct field *f, int *n) {
    int k = 0;
    for (;;) {
        const char *start = p;
        size_t length;
        if (p < end && *p == '"') {
            start = ++p;
            while (p < end && (*p != '"' || (p + 1 < end && p[1] == '"')))
                p += *p == '"' ? 2 : 1;
            length = (size_t)(p - start);
            while (p < end && *p != ',' && *p != '\n') p++;
        } else {
            while (p < end && *p != ',' && *p != '\n') p++;
            length = (size_t)(p - start);
            if (length > 0 && (p == end || *p == '\n') && p[-1] == '\r') length--;
        }
        if (k < FIELDS) f[k] = (struct field){start, length};
        k++;
        if (p >= end || *p == '\n') {
            *n = k;
            return p < end ? p + 1 : end;
        }
        p++;
    }
}

/* Exact for up to 15 digits, of which 22 behind the point; strtod else. */
static double number(struct field f) {
    static const double power[23] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                     1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                     1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    const char *p = f.p, *end = f.p + f.n;
    const bool minus = p < end && *p == '-';
    int64_t digits = 0;
    int n = 0, behind = 0;
    bool point = false;
    for (p += minus; p < end; p++) {
        if (*p == '.' && !point) {
            point = true;
        } else if (*p >= '0' && *p <= '9' && n < 15) {
            digits = digits * 10 + (*p - '0');
            n++;
            behind += point;
        } else {
            return strtod(f.p, NULL);
        }
    }
    const double v = (double)digits / power[behind];
    return minus ? -v : v;
}

static int type_of(struct worker *w, struct field f) {
    for (int i = 0; i < w->types; i++) {
        if (strlen(w->type[i]) == f.n && memcmp(w->type[i], f.p, f.n) == 0) return i;
    }
    if (w->types == TYPES || f.n >= sizeof w->type[0]) die("too many crime types", "");
    memcpy(w->type[w->types], f.p, f.n);
    return w->types++;
}

static int month_of(struct field f) {
    const char *p = f.p;
    if (f.n != 7) return -1;
    const int m =
        ((p[0] - '0') * 1000 + (p[1] - '0') * 100 + (p[2] - '0') * 10 + p[3] - '0') * 12 +
        (p[5] - '0') * 10 + p[6] - '0' - 1 - FIRST_MONTH;
    return m >= 0 && m < MONTHS ? m : -1;
}

static void count(struct worker *w, int area, int type, int month) {
    if (w->month[month] == NULL)
        w->month[month] = take((size_t)n_areas * TYPES, sizeof(uint32_t));
    w->month[month][(size_t)area * TYPES + (size_t)type]++;
}

static void take_record(struct worker *w, const struct field *f, int n, bool by) {
    w->rows++;
    const int month = n >= FIELDS ? month_of(f[MONTH]) : -1;
    if (month < 0) {
        w->bad++;
    } else if (f[LONGITUDE].n == 0 || f[LATITUDE].n == 0) {
        w->unlocated++;
    } else {
        const int area = locate(w, number(f[LONGITUDE]), number(f[LATITUDE]));
        if (area < 0)
            w->outside++;
        else
            count(w, area, by ? type_of(w, f[TYPE]) : 0, by ? month : 0);
    }
}

/* The first record that begins at or behind p: quoted line ends do not occur in these
 * files, so a line end is the end of a record. */
static const char *line_after(const char *p, const char *begin, const char *end) {
    if (p <= begin) return begin;
    const char *line = memchr(p - 1, '\n', (size_t)(end - p + 1));
    return line != NULL ? line + 1 : end;
}

static void read_csv(struct worker *workers, int threads, const char *p, size_t n,
                     bool by) {
    const char *end = p + n, *begin = memchr(p, '\n', n);
    begin = begin != NULL ? begin + 1 : end;
#pragma omp parallel num_threads(threads)
    {
        const int t = omp_get_thread_num();
        struct worker *w = &workers[t];
        struct field f[FIELDS];
        int fields;
        const size_t share = (size_t)(end - begin) / (size_t)threads;
        const char *at = line_after(begin + share * (size_t)t, begin, end);
        const char *until = t + 1 == threads
                                ? end
                                : line_after(begin + share * (size_t)(t + 1), begin, end);
        while (at < until) {
            at = next_record(at, end, f, &fields);
            take_record(w, f, fields, by);
        }
    }
}

/* Coordinates in memory: what is timed is the look-up alone. */
static void read_xy(struct worker *workers, int threads, const char *p, size_t n) {
    const long pairs = (long)(n / (2 * sizeof(double)));
    double *xy = take((size_t)pairs, 2 * sizeof *xy);
    int *row = take((size_t)pairs, sizeof *row);
    memcpy(xy, p, (size_t)pairs * 2 * sizeof *xy);
    const double begin = now();
#pragma omp parallel num_threads(threads)
    {
        struct worker *w = &workers[omp_get_thread_num()];
#pragma omp for schedule(dynamic, BATCH)
        for (long i = 0; i < pairs; i++) row[i] = locate(w, xy[2 * i], xy[2 * i + 1]);
    }
    printf("PHASE locate %.6f\n", now() - begin);
    for (long i = 0; i < pairs; i++) {
        workers[0].rows++;
        if (row[i] < 0)
            workers[0].outside++;
        else
            count(&workers[0], row[i], 0, 0);
    }
    free(xy);
    free(row);
}

static int by_text(const void *a, const void *b, void *context) {
    const struct worker *w = context;
    return strcmp(w->type[*(const int *)a], w->type[*(const int *)b]);
}

static void merge(struct worker *workers, int threads) {
    struct worker *all = &workers[0];
    for (int t = 1; t < threads; t++) {
        struct worker *w = &workers[t];
        int to[TYPES] = {0};
        for (int i = 0; i < w->types; i++)
            to[i] = type_of(all, (struct field){w->type[i], strlen(w->type[i])});
        const int types = w->types > 0 ? w->types : 1;
        for (int m = 0; m < MONTHS; m++) {
            if (w->month[m] == NULL) continue;
            for (int a = 0; a < n_areas; a++) {
                for (int i = 0; i < types; i++) {
                    const uint32_t c = w->month[m][(size_t)a * TYPES + (size_t)i];
                    if (c == 0) continue;
                    count(all, a, to[i], m);
                    all->month[m][(size_t)a * TYPES + (size_t)to[i]] += c - 1;
                }
            }
            free(w->month[m]);
        }
        all->rows += w->rows;
        all->unlocated += w->unlocated;
        all->outside += w->outside;
        all->bad += w->bad;
    }
}

/* One line, without the cost of printf. */
static void write_line(FILE *out, const char *code, const char *type, int month,
                       uint32_t n) {
    char line[128], digits[12], *p = stpcpy(line, code);
    int k = 0;
    *p++ = ',';
    if (type != NULL) {
        p = stpcpy(p, type);
        *p++ = ',';
        for (int i = 0, year = month / 12; i < 4; i++, year /= 10)
            p[3 - i] = (char)('0' + year % 10);
        p[4] = '-';
        p[5] = (char)('0' + (month % 12 + 1) / 10);
        p[6] = (char)('0' + (month % 12 + 1) % 10);
        p[7] = ',';
        p += 8;
    }
    for (; n > 0; n /= 10) digits[k++] = (char)('0' + n % 10);
    while (k > 0) *p++ = digits[--k];
    *p++ = '\n';
    fwrite_unlocked(line, 1, (size_t)(p - line), out);
}

static void write_counts(struct worker *w, const char *path, bool by) {
    FILE *out = fopen(path, "w");
    if (out == NULL) die("cannot write", path);
    setvbuf(out, NULL, _IOFBF, 1 << 20);
    fputs(by ? "area,Crime type,Month,count\n" : "area,count\n", out);
    int order[TYPES], month[MONTHS], months = 0;
    for (int i = 0; i < TYPES; i++) order[i] = i;
    for (int m = 0; m < MONTHS; m++) {
        if (w->month[m] != NULL) month[months++] = m;
    }
    const int types = by ? w->types : 1;
    qsort_r(order, (size_t)types, sizeof *order, by_text, w);
    for (int a = 0; a < n_areas; a++) {
        for (int i = 0; i < types; i++) {
            for (int k = 0; k < months; k++) {
                const uint32_t c =
                    w->month[month[k]][(size_t)a * TYPES + (size_t)order[i]];
                if (c > 0)
                    write_line(out, areas[a].code, by ? w->type[order[i]] : NULL,
                               month[k] + FIRST_MONTH, c);
            }
        }
    }
    if (ferror(out) != 0 || fclose(out) != 0) die("cannot write", path);
}

int main(int argc, char **argv) {
    if (argc < 6) die("usage: geos_join BOUNDARIES CODE POINTS OUT THREADS", "[by|none]");
    const int threads = atoi(argv[5]) > 0 ? atoi(argv[5]) : 1;
    const size_t n_path = strlen(argv[3]);
    const bool xy = n_path > 3 && strcmp(argv[3] + n_path - 3, ".xy") == 0;
    const bool by = !xy && (argc < 7 || strcmp(argv[6], "none") != 0);
    initGEOS(quiet, quiet);
    const double start = now();
    read_areas(argv[1], argv[2]);
    const double read = now();
    build_index(threads);
    const double built = now();
    printf("PHASE read %.6f\nPHASE index %.6f\n", read - start, built - read);

    const int file = open(argv[3], O_RDONLY);
    struct stat facts;
    if (file < 0 || fstat(file, &facts) != 0 || facts.st_size == 0)
        die("cannot read", argv[3]);
    const size_t n = (size_t)facts.st_size;
    void *bytes = mmap(NULL, n, PROT_READ, MAP_PRIVATE, file, 0);
    if (bytes == MAP_FAILED) die("cannot map", argv[3]);
    madvise(bytes, n, MADV_SEQUENTIAL);
    struct worker *workers = take((size_t)threads, sizeof *workers);
    for (int t = 0; t < threads; t++) workers[t].geos = GEOS_init_r();
    if (xy)
        read_xy(workers, threads, bytes, n);
    else
        read_csv(workers, threads, bytes, n, by);
    const double counted = now();
    merge(workers, threads);
    write_counts(&workers[0], argv[4], by);
    printf("PHASE count %.6f\nPHASE write %.6f\n", counted - built, now() - counted);
    printf("INFO %ld rows, %ld unlocated, %ld outside, %ld bad, %d areas\n",
           workers[0].rows, workers[0].unlocated, workers[0].outside, workers[0].bad,
           n_areas);
    return 0;
}

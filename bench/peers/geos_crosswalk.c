/* The baseline: what a competent engineer writes with GDAL, GEOS and OpenMP.
 *
 *   geos_crosswalk FROM LAYER CODE TO LAYER CODE OUT THREADS
 *
 * OUT gets from, to and the share of FROM in ten thousandths, where that is not 0. An
 * STRtree of the larger areas gives the candidates of each FROM area; a prepared polygon
 * tells whether it is contained, which needs no overlay, or disjoint; the rest are
 * intersected. Coordinates are rounded to millimetres while reading, so that answers can
 * be compared.
 */
#define _GNU_SOURCE
#include <gdal.h>
#include <geos_c.h>
#include <math.h>
#include <omp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <ogr_api.h>

struct area {
    char code[32];
    GEOSGeometry *shape;
};

struct layer {
    struct area *area;
    int n;
};

struct pair {
    int from, to;
    double share;
};

struct worker {
    GEOSContextHandle_t geos;
    /* A prepared polygon makes its indexes when they are first needed, without a lock: so
     * each thread has its own, of the areas that it meets. */
    const GEOSPreparedGeometry **prepared;
    int *candidate, candidates;
    struct pair *pair;
    size_t n, room;
};

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void die(const char *what, const char *which) {
    fprintf(stderr, "geos_crosswalk: %s %s\n", what, which);
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

static int to_millimetre(double *x, double *y, void *context) {
    (void)context;
    *x = round(*x * 1000) / 1000;
    *y = round(*y * 1000) / 1000;
    return 1;
}

static struct layer read_areas(const char *path, const char *name, const char *code) {
    GDALAllRegister();
    GDALDatasetH data = GDALOpenEx(path, GDAL_OF_VECTOR, NULL, NULL, NULL);
    if (data == NULL) die("cannot open", path);
    OGRLayerH layer = name[0] != '\0' ? GDALDatasetGetLayerByName(data, name)
                                      : GDALDatasetGetLayer(data, 0);
    if (layer == NULL) die("no layer", name);
    const int field = OGR_FD_GetFieldIndex(OGR_L_GetLayerDefn(layer), code);
    if (field < 0) die("no field", code);
    const size_t room = (size_t)OGR_L_GetFeatureCount(layer, 1);
    struct layer out = {take(room, sizeof *out.area), 0};
    GEOSContextHandle_t geos = GEOS_init_r();
    GEOSWKBReader *reader = GEOSWKBReader_create_r(geos);
    OGRFeatureH feature;
    while ((feature = OGR_L_GetNextFeature(layer)) != NULL) {
        OGRGeometryH shape = OGR_F_GetGeometryRef(feature);
        const size_t n = shape != NULL ? (size_t)OGR_G_WkbSize(shape) : 0;
        unsigned char *wkb = take(n, 1);
        if (n > 0 && (size_t)out.n < room &&
            OGR_G_ExportToWkb(shape, wkbNDR, wkb) == OGRERR_NONE) {
            struct area *a = &out.area[out.n++];
            snprintf(a->code, sizeof a->code, "%s",
                     OGR_F_GetFieldAsString(feature, field));
            GEOSGeometry *raw = GEOSWKBReader_read_r(geos, reader, wkb, n);
            if (raw == NULL) die("no geometry in", a->code);
            a->shape = GEOSGeom_transformXY_r(geos, raw, to_millimetre, NULL);
            if (a->shape == NULL) die("no geometry in", a->code);
            GEOSGeom_destroy_r(geos, raw);
        }
        free(wkb);
        OGR_F_Destroy(feature);
    }
    GEOSWKBReader_destroy_r(geos, reader);
    GEOS_finish_r(geos);
    GDALClose(data);
    qsort(out.area, (size_t)out.n, sizeof *out.area, by_code);
    return out;
}

static struct layer from, to;

static void candidate(void *item, void *context) {
    struct worker *w = context;
    w->candidate[w->candidates++] = (int)((struct area *)item - to.area);
}

static void cross(struct worker *w, GEOSSTRtree *tree, int f) {
    GEOSContextHandle_t geos = w->geos;
    const GEOSGeometry *shape = from.area[f].shape;
    double whole = 0;
    if (GEOSArea_r(geos, shape, &whole) != 1 || !(whole > 0)) return;
    w->candidates = 0;
    GEOSSTRtree_query_r(geos, tree, shape, candidate, w);
    for (int i = 0; i < w->candidates; i++) {
        const int t = w->candidate[i];
        double area = whole;
        if (w->prepared[t] == NULL)
            w->prepared[t] = GEOSPrepare_r(geos, to.area[t].shape);
        if (GEOSPreparedIntersects_r(geos, w->prepared[t], shape) != 1) continue;
        if (GEOSPreparedCovers_r(geos, w->prepared[t], shape) != 1) {
            GEOSGeometry *both = GEOSIntersection_r(geos, shape, to.area[t].shape);
            if (both == NULL) die("no intersection of", from.area[f].code);
            if (GEOSArea_r(geos, both, &area) != 1) area = 0;
            GEOSGeom_destroy_r(geos, both);
        }
        if (!(area > 0)) continue;
        if (w->n == w->room) {
            w->room = w->room > 0 ? 2 * w->room : 1024;
            w->pair = realloc(w->pair, w->room * sizeof *w->pair);
            if (w->pair == NULL) die("out of memory", "");
        }
        w->pair[w->n++] = (struct pair){f, t, area / whole};
    }
}

static int by_pair(const void *a, const void *b) {
    const struct pair *p = a, *q = b;
    if (p->from != q->from) return p->from < q->from ? -1 : 1;
    return (p->to > q->to) - (p->to < q->to);
}

int main(int argc, char **argv) {
    if (argc != 9)
        die("usage: geos_crosswalk FROM LAYER CODE TO LAYER CODE OUT THREADS", "");
    const int threads = atoi(argv[8]) > 0 ? atoi(argv[8]) : 1;
    initGEOS(quiet, quiet);
    const double start = now();
    from = read_areas(argv[1], argv[2], argv[3]);
    to = read_areas(argv[4], argv[5], argv[6]);
    const double read = now();
    GEOSSTRtree *tree = GEOSSTRtree_create(10);
    for (int i = 0; i < to.n; i++)
        GEOSSTRtree_insert(tree, to.area[i].shape, &to.area[i]);
    struct worker *workers = take((size_t)threads, sizeof *workers);
    for (int t = 0; t < threads; t++) {
        workers[t].geos = GEOS_init_r();
        workers[t].candidate = take((size_t)to.n, sizeof(int));
        workers[t].prepared = take((size_t)to.n, sizeof(*workers->prepared));
    }
    /* The tree is packed at its first query. */
    if (from.n > 0)
        GEOSSTRtree_query_r(workers[0].geos, tree, from.area[0].shape, candidate,
                            &workers[0]);
#pragma omp parallel num_threads(threads)
    {
        struct worker *w = &workers[omp_get_thread_num()];
#pragma omp for schedule(dynamic, 16)
        for (int f = 0; f < from.n; f++) cross(w, tree, f);
    }
    size_t n = 0;
    for (int t = 0; t < threads; t++) n += workers[t].n;
    struct pair *pairs = take(n, sizeof *pairs);
    n = 0;
    for (int t = 0; t < threads; t++) {
        if (workers[t].n > 0)
            memcpy(pairs + n, workers[t].pair, workers[t].n * sizeof *pairs);
        n += workers[t].n;
    }
    qsort(pairs, n, sizeof *pairs, by_pair);
    printf("PHASE read %.6f\nPHASE crosswalk %.6f\n", read - start, now() - read);
    printf("INFO %d x %d areas, %zu pairs\n", from.n, to.n, n);
    FILE *out = fopen(argv[7], "w");
    if (out == NULL) die("cannot write", argv[7]);
    fputs("from,to,share\n", out);
    for (size_t i = 0; i < n; i++) {
        const long share = lround(pairs[i].share * 1e4);
        if (share > 0)
            fprintf(out, "%s,%s,%ld\n", from.area[pairs[i].from].code,
                    to.area[pairs[i].to].code, share);
    }
    if (fclose(out) != 0) die("cannot write", argv[7]);
    return 0;
}

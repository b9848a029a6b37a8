/* How the cost grows with rows, areas and threads: growth.csv and growth.svg beside the
 * results. Files that no other question uses are removed again. */
#include <math.h>
#include <string.h>

#include "bench/bench.h"

enum { STEPS = 12, LINES = 3 };

/* placestat on one thread, on all, and the GEOS program on all. */
typedef struct curve {
    double x[STEPS], seconds[LINES][STEPS];
    size_t n;
} curve;

static const char *const line_name[LINES] = {"placestat, 1 thread", "placestat",
                                             "GEOS program"};

static void measure(bench *b, FILE *csv, const char *kind, double x,
                    const char *boundaries, const char *points, int rounds, curve *c) {
    bench_question q = {.id = kind};
    bench_add_placestat(b, &q, line_name[0], boundaries, points, 1)->fresh = true;
    bench_add_placestat(b, &q, line_name[1], boundaries, points, b->threads)->fresh =
        true;
    bench_add_geos(b, &q, line_name[2], boundaries, points, b->threads);
    c->x[c->n] = x;
    printf("  %12.0f", x);
    uint64_t checksum = 0;
    for (size_t i = 0; i < q.n; i++) {
        bench_result r;
        bench_measure(b, &q.contender[i], rounds, &r);
        c->seconds[i][c->n] = r.ran ? r.median : 0;
        printf("  %12.3f s %6.0f MB", r.median, r.peak / 1e6);
        if (r.ran && i > 0 && r.checksum != checksum) {
            printf(" DIFFERENT");
            b->failures++;
        }
        checksum = r.checksum;
        if (csv != NULL && r.ran) {
            fprintf(csv, "%s,%.0f,\"%s\",%d,%.6f,%.6f,%.6f,%.0f,%016llx\n", kind, x,
                    line_name[i], i == 0 ? 1 : b->threads, r.median, r.low, r.high,
                    r.peak, (unsigned long long)r.checksum);
            fflush(csv);
        }
        bench_remove(q.contender[i].counts);
    }
    printf("\n");
    fflush(stdout);
    c->n++;
}

/* The exponent with which the time grows between the first and the last step. */
static double exponent(const curve *c, int line) {
    if (c->n < 2) return (double)NAN;
    return log(c->seconds[line][c->n - 1] / c->seconds[line][0]) /
           log(c->x[c->n - 1] / c->x[0]);
}

static void head(const char *title, const char *what) {
    printf("\n%s\n  %12s", title, what);
    for (int i = 0; i < LINES; i++) printf("  %24s", line_name[i]);
    printf("\n");
}

static void by_rows(bench *b, const bench_input *in, FILE *csv, curve *c) {
    static const int64_t rows[] = {100000,   300000,   1000000,  3000000,
                                   10000000, 30000000, 100000000};
    const int64_t most = b->full ? 100000000 : b->quick ? 300000 : 10000000;
    head(bench_text(b, "growth-rows: rows x %d areas", in->england_areas), "rows");
    for (size_t i = 0; i < sizeof rows / sizeof *rows && rows[i] <= most; i++) {
        const char *points =
            bench_incidents(b, in->england, "country", rows[i], ".csv", "snap");
        if (points == NULL) return;
        measure(b, csv, "rows", (double)rows[i], in->england, points,
                rows[i] > 1000000 || b->quick ? 1 : 3, c);
        if (rows[i] != 1000000 && rows[i] != 10000000) bench_remove(points);
    }
}

static void by_areas(bench *b, FILE *csv, curve *c) {
    static const int areas[] = {100, 1000, 10000, 100000};
    const size_t steps = b->quick ? 2 : sizeof areas / sizeof *areas;
    const int64_t rows = b->quick ? 100000 : 1000000;
    head(bench_text(b, "growth-areas: areas x %lld rows", (long long)rows), "areas");
    for (size_t i = 0; i < steps; i++) {
        const char *const tiling[] = {bench_text(b, "%s/bench/country", b->build),
                                      "tiling", bench_text(b, "%d", areas[i]), "@", NULL};
        const char *grid =
            bench_make(b, bench_text(b, "tiling-%d.gpkg", areas[i]), tiling);
        const char *const cut[] = {bench_text(b, "%s/bench/country", b->build),
                                   "cut",
                                   grid,
                                   "code",
                                   "district",
                                   "",
                                   "EPSG:4326",
                                   "@",
                                   NULL};
        const char *label = bench_text(b, "degrees-%d", areas[i]);
        const char *degrees =
            grid != NULL ? bench_make(b, bench_text(b, "%s.gpkg", label), cut) : NULL;
        const char *points =
            degrees != NULL ? bench_incidents(b, degrees, label, rows, ".csv", "snap")
                            : NULL;
        if (points == NULL) return;
        measure(b, csv, "areas", areas[i], degrees, points, b->quick ? 1 : 3, c);
        bench_remove(points);
        if (areas[i] == 100000) bench_remove(degrees);
        if (areas[i] == 100000) bench_remove(grid);
    }
}

void bench_growth(bench *b, const bench_input *in) {
    const char *path = bench_text(b, "%s/growth.csv", b->data);
    FILE *csv = fopen(path, "w");
    if (csv != NULL)
        fputs("kind,size,program,threads,median_s,low_s,high_s,peak_bytes,checksum\n",
              csv);
    curve rows = {.n = 0}, areas = {.n = 0};
    by_rows(b, in, csv, &rows);
    by_areas(b, csv, &areas);
    if (csv != NULL) fclose(csv);
    printf("  time of placestat grows as rows^%.2f and areas^%.2f\n", exponent(&rows, 1),
           exponent(&areas, 1));
    bench_series series[2][LINES];
    for (int i = 0; i < LINES; i++) {
        series[0][i] = (bench_series){line_name[i], rows.x, rows.seconds[i], rows.n};
        series[1][i] = (bench_series){line_name[i], areas.x, areas.seconds[i], areas.n};
    }
    const bench_panel panel[2] = {
        {bench_text(b, "Rows x %d areas, CSV to counts", in->england_areas), "rows",
         "seconds", series[0], LINES},
        {bench_text(b, "%s rows x areas, CSV to counts", b->quick ? "0.1 M" : "1 M"),
         "areas", "seconds", series[1], LINES}};
    const char *picture = bench_text(b, "%s/growth.svg", b->data);
    if (bench_plot(picture, panel, 2))
        printf("  %s, %s\n", path, picture);
    else
        b->failures++;
}

/* bench: asks every question, or those that are named. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/bench.h"

/* Counted up when the generators write something else, so that nothing old is used. */
#define GENERATION "1"

enum { COUNTRY = 33000, ROUNDS = 5, QUICK_ROUNDS = 1 };

static const struct {
    const char *name, *what;
    bench_ask_fn *ask;
} questions[] = {
    {"district", "CSV to counts: a district, and all peers", bench_district},
    {"country", "CSV to counts: a country", bench_country},
    {"crs", "points in another CRS than the boundaries", bench_crs},
    {"boundaries", "reading and preparing boundaries alone", bench_boundaries},
    {"points", "points in memory: in order, in random order, in few huge polygons",
     bench_points},
    {"layers", "several geographies at once", bench_layers},
    {"crosswalk", "overlap shares of two geographies", bench_crosswalk},
    {"moran", "local Moran's I with permutations", bench_moran},
    {"archive", "a ZIP of monthly files", bench_archive},
    {"nightly", "a job again, and after one new month", bench_nightly},
    {"growth", "cost growth with rows, areas and threads", bench_growth},
};
enum { QUESTIONS = sizeof questions / sizeof *questions };

static void usage(FILE *out) {
    fprintf(out,
            "usage: bench/run [--quick|--full] [--no-peers] [--threads N] [--rounds N]\n"
            "                 [QUESTION]...\n\n"
            "  --quick      few rows, one round: does it still work?\n"
            "  --full       cost growth to 100 M rows (22 GB of disk)\n"
            "  --no-peers   placestat, the GEOS program and the limits only\n\n"
            "Questions:\n");
    for (size_t i = 0; i < QUESTIONS; i++)
        fprintf(out, "  %-12s %s\n", questions[i].name, questions[i].what);
}

static const char *cut(bench *b, const char *name, const char *from, const char *code,
                       const char *district, const char *where) {
    const char *const argument[] = {bench_text(b, "%s/bench/country", b->build),
                                    "cut",
                                    from,
                                    code,
                                    district,
                                    where,
                                    "EPSG:4326",
                                    "@",
                                    NULL};
    return bench_make(b, name, argument);
}

/* Asked of a program of its own: this one stays small, since a process is charged with
 * the memory of the one that starts it. */
static int count_areas(bench *b, const char *name, const char *boundaries) {
    const char *const argument[] = {bench_text(b, "%s/bench/country", b->build), "count",
                                    boundaries, "@", NULL};
    const char *path = bench_make(b, name, argument);
    FILE *file = path != NULL ? fopen(path, "r") : NULL;
    char line[32] = "";
    int64_t n = 0;
    if (file == NULL) return 0;
    if (fgets(line, sizeof line, file) == NULL ||
        !ps_parse_int((ps_str){line, strcspn(line, "\n")}, &n))
        n = 0;
    fclose(file);
    return n > 0 && n < 1000000000 ? (int)n : 0;
}

/* England and West Yorkshire when they are at hand, else a made-up country. */
static bool make_input(bench *b, bench_input *in) {
    const char *zip =
        b->real != NULL
            ? bench_text(b, "%s/lsoa_boundaries/lsoa11_england_bgc_27700.gpkg.zip",
                         b->real)
            : "";
    if (bench_size(zip) > 0) {
        in->england = cut(b, "england.gpkg", zip, "LSOA11CD", "LAD", "");
        in->district =
            cut(b, "west-yorkshire.gpkg", zip, "LSOA11CD", "LAD",
                "LAD IN ('E08000032','E08000033','E08000034','E08000035','E08000036')");
        in->england_name = "England";
        in->district_name = "West Yorkshire";
    } else {
        const char *const tiling[] = {bench_text(b, "%s/bench/country", b->build),
                                      "tiling", bench_text(b, "%d", COUNTRY), "@", NULL};
        const char *grid = bench_make(b, "tiling.gpkg", tiling);
        if (grid == NULL) return false;
        in->england = cut(b, "country.gpkg", grid, "code", "district", "");
        in->district =
            cut(b, "district.gpkg", grid, "code", "district", "district < 'ZD0001'");
        in->england_name = "a made-up country";
        in->district_name = "a part of a made-up country";
    }
    if (in->england == NULL || in->district == NULL) return false;
    in->england_areas = count_areas(b, "country-areas.txt", in->england);
    in->district_areas = count_areas(b, "district-areas.txt", in->district);
    return in->england_areas > 0 && in->district_areas > 0;
}

static bool asked(int argc, char **argv, const char *name) {
    bool any = false;
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] == '-') {
            i += strcmp(argv[i], "--threads") == 0 || strcmp(argv[i], "--rounds") == 0;
        } else {
            any = true;
            if (strcmp(argv[i], name) == 0) return true;
        }
    }
    return !any;
}

static bool read_options(int argc, char **argv, bench *b) {
    for (int i = 1; i < argc; i++) {
        int64_t n = 0;
        const bool number = i + 1 < argc && ps_parse_int(ps_str_of(argv[i + 1]), &n) &&
                            n >= 1 && n <= 1024;
        if (strcmp(argv[i], "--quick") == 0) {
            b->quick = true;
        } else if (strcmp(argv[i], "--full") == 0) {
            b->full = true;
        } else if (strcmp(argv[i], "--no-peers") == 0) {
            b->peers = false;
        } else if (strcmp(argv[i], "--threads") == 0 && number) {
            b->threads = (int)n;
            i++;
        } else if (strcmp(argv[i], "--rounds") == 0 && number && n <= BENCH_ROUNDS) {
            b->rounds = (int)n;
            i++;
        } else {
            bool known = false;
            for (size_t k = 0; k < QUESTIONS; k++)
                known = known || strcmp(argv[i], questions[k].name) == 0;
            if (!known) return false;
        }
    }
    return !(b->quick && b->full);
}

/* As many as this process may use. */
static int processors(void) {
    const long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : n > 1024 ? 1024 : (int)n;
}

static bool make_folder(const char *path) {
    if (mkdir(path, 0777) == 0 || errno == EEXIST) return true;
    fprintf(stderr, "bench: cannot make '%s': %s\n", path, strerror(errno));
    return false;
}

int main(int argc, char **argv) {
    bench b = {.peers = true, .threads = processors()};
    ps_error err = {PS_OK, ""};
    if (argc > 1 && strcmp(argv[1], "--help") == 0) {
        usage(stdout);
        return 0;
    }
    if (!read_options(argc, argv, &b)) {
        usage(stderr);
        return 2;
    }
    if (b.rounds == 0) b.rounds = b.quick ? QUICK_ROUNDS : ROUNDS;
    if (ps_arena_create(&b.arena, &err) != PS_OK) return 1;
    b.root = getenv("BENCH_ROOT");
    if (b.root == NULL) b.root = ".";
    b.build = getenv("BENCH_BUILD");
    if (b.build == NULL) b.build = "build/bench";
    b.real = getenv("PLACESTAT_DATA");
    const char *data = getenv("BENCH_DATA");
    if (data == NULL) data = "build/bench-data";
    /* What is generated from other boundaries or by other rules has a folder of its own.
     */
    b.data = bench_text(&b, "%s/" GENERATION "-%s%s", data,
                        b.real != NULL ? "real" : "made-up", b.quick ? "-quick" : "");
    if (!make_folder(data) || !make_folder(b.data)) return 1;
    /* Prepared boundaries are kept in a folder with an absolute path only. */
    char folder[PATH_MAX];
    if (realpath(b.data, folder) == NULL) return 1;
    b.data = bench_text(&b, "%s", folder);
    setenv("PLACESTAT_CACHE", bench_text(&b, "%s/cache", b.data), 1);

    b.csv = fopen(bench_text(&b, "%s/results.csv", b.data), "w");
    if (b.csv != NULL)
        fputs(
            "question,program,rounds,median_s,low_s,high_s,processor_s,rows_per_s,bytes_"
            "per_s,"
            "peak_bytes,ratio,answer,checksum\n",
            b.csv);
    bench_input in = {0};
    if (!make_input(&b, &in)) {
        fprintf(stderr, "bench: no boundaries could be made\n");
        return 1;
    }
    printf(
        "%s (%d areas), %s (%d areas); %d threads, %d rounds, medians; spread is half "
        "the range; ratio: time of the first line = 1\n",
        in.england_name, in.england_areas, in.district_name, in.district_areas, b.threads,
        b.rounds);
    for (size_t i = 0; i < QUESTIONS; i++) {
        if (asked(argc, argv, questions[i].name)) questions[i].ask(&b, &in);
    }
    printf("\n%s\n", b.failures == 0 ? "all answers agree"
                                     : bench_text(&b, "%d failures", b.failures));
    const int failures = b.failures;
    if (b.csv != NULL) fclose(b.csv);
    ps_arena_free(b.arena);
    return failures > 0;
}

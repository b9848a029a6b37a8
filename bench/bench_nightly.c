/* The nightly job: all of it, again with nothing new, and after one new month. */
#include "bench/bench.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *write_job(bench *b, const char *name, const char *boundaries,
                             const char *points) {
    const char *path = bench_text(b, "%s/%s", b->data, name);
    FILE *file = fopen(path, "w");
    if (file == NULL) return NULL;
    fprintf(file,
            "title: Nightly\n"
            "areas:\n"
            "  - id: area\n"
            "    file: %s\n"
            "    code: code\n"
            "points:\n"
            "  - id: crime\n"
            "    format: police.uk\n"
            "    files: [%s]\n"
            "periods: [months]\n"
            "series:\n"
            "  - id: recorded-crime\n"
            "    data: crime\n",
            boundaries, points);
    return fclose(file) == 0 ? path : NULL;
}

/* A folder with links to all files of another but the last. */
static const char *all_but_last(bench *b, const char *folder) {
    const char *less = bench_text(b, "%s/nightly-before", b->data);
    bench_remove(less);
    if (mkdir(less, 0777) != 0) return NULL;
    for (int m = 0; m < 35; m++) {
        const char *name =
            bench_text(b, "%04d-%02d-bench-street.csv", 2022 + m / 12, m % 12 + 1);
        if (link(bench_text(b, "%s/%s", folder, name),
                 bench_text(b, "%s/%s", less, name)) != 0)
            return NULL;
    }
    return less;
}

static bench_contender *add_run(bench *b, bench_question *q, const char *name,
                                const char *job, const char *out, const char *option) {
    const char *const argument[] = {bench_text(b, "%s/placestat", b->build),
                                    "run",
                                    job,
                                    "-o",
                                    out,
                                    "--progress",
                                    "none",
                                    "--threads",
                                    bench_text(b, "%d", b->threads),
                                    option,
                                    NULL};
    return bench_add(q, name, argument);
}

void bench_nightly(bench *b, const bench_input *in) {
    const int64_t rows = b->quick ? 100000 : 1000000;
    const char *folder = bench_incidents(b, in->district, "district", rows, "/", "snap");
    if (folder == NULL) return;
    const char *less = all_but_last(b, folder);
    const char *out = bench_text(b, "%s/nightly-out", b->data);
    const char *before =
        less != NULL ? write_job(b, "nightly-before.yaml", in->district, less) : NULL;
    /* The same job on the grown folder: what stands in the manifest of the first run is
     * the state of the night before. */
    const char *job = write_job(b, "nightly.yaml", in->district, folder);
    if (before == NULL || job == NULL) {
        printf("cannot write the nightly job: %s\n", strerror(errno));
        b->failures++;
        return;
    }
    const char *const prepare[] = {bench_text(b, "%s/placestat", b->build),
                                   "run",
                                   before,
                                   "-o",
                                   out,
                                   "--progress",
                                   "none",
                                   "--force",
                                   NULL};
    bench_question q = {.id = "nightly", .title = "a nightly run", .rows = (double)rows};
    add_run(b, &q, "placestat, all months", job, out, "--force");
    add_run(b, &q, "placestat, nothing new", job, out, NULL);
    add_run(b, &q, "placestat, one new month", job, out, NULL)->before = prepare;
    bench_ask(b, &q, NULL);
    bench_remove(out);
    bench_remove(less);
}

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

enum { MONTHS = 36 };

static const char *month_name(bench *b, int m) {
    return bench_text(b, "%04d-%02d-bench-street.csv", 2022 + m / 12, m % 12 + 1);
}

/* A folder that leads to the first files of another. Links of this kind leave a file as
 * it is, so that it stays one that has not changed for long. */
static const char *lead_to(bench *b, const char *name, const char *folder, int months) {
    const char *made = bench_text(b, "%s/%s", b->data, name);
    bench_remove(made);
    if (mkdir(made, 0777) != 0) return NULL;
    for (int m = 0; m < months; m++)
        if (symlink(bench_text(b, "%s/%s", folder, month_name(b, m)),
                    bench_text(b, "%s/%s", made, month_name(b, m))) != 0)
            return NULL;
    return made;
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
    const char *less = lead_to(b, "nightly-before", folder, MONTHS - 1);
    const char *more = lead_to(b, "nightly-grown", folder, MONTHS - 1);
    const char *out = bench_text(b, "%s/nightly-out", b->data);
    const char *job = write_job(b, "nightly.yaml", in->district, folder);
    const char *before =
        less != NULL ? write_job(b, "nightly-before.yaml", in->district, less) : NULL;
    const char *grown =
        more != NULL ? write_job(b, "nightly-grown.yaml", in->district, more) : NULL;
    if (job == NULL || before == NULL || grown == NULL) {
        printf("cannot write the nightly job: %s\n", strerror(errno));
        b->failures++;
        return;
    }
    const char *const forget[] = {
        "/bin/sh", "-c", bench_text(b, "rm -f %s/cache/*.counts", b->data), NULL};
    /* The night before, and then a month that no run has read: an empty line makes it
     * another file, and some seconds one that is kept. */
    const char *new_month = bench_text(b, "%s/%s", more, month_name(b, MONTHS - 1));
    const char *const prepare[] = {
        "/bin/sh", "-c",
        bench_text(b,
                   "%s/placestat run %s -o %s --progress none --force >/dev/null && "
                   "{ [ -f %s ] || cp %s/%s %s; } && echo >>%s && sleep 4",
                   b->build, before, out, new_month, folder, month_name(b, MONTHS - 1),
                   new_month, new_month),
        NULL};
    bench_question q = {.id = "nightly", .title = "a nightly run", .rows = (double)rows};
    const char *counts = bench_text(b, "%s/counts.csv", out);
    bench_contender *all = add_run(b, &q, "placestat, all months", job, out, "--force");
    all->before = forget;
    all->counts = counts;
    add_run(b, &q, "placestat, nothing new", job, out, NULL);
    bench_contender *one = add_run(b, &q, "placestat, one new month", grown, out, NULL);
    one->before = prepare;
    one->counts = counts;
    bench_ask(b, &q, NULL);
    bench_remove(out);
    bench_remove(less);
    bench_remove(more);
}

#include "bench/bench.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

enum { PHASE_ROOM = 4096, LINE_ROOM = 1 << 16 };

/* One run of a process. */
typedef struct run {
    int exit_code; /* -1: ended by a signal or never started */
    double seconds, phase, processor, peak;
} run;

double bench_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

const char *bench_text(bench *b, const char *format, ...) {
    va_list list;
    char text[8192];
    va_start(list, format);
    const int n = vsnprintf(text, sizeof text, format, list);
    va_end(list);
    const size_t length = n < 0                     ? 0
                          : (size_t)n < sizeof text ? (size_t)n
                                                    : sizeof text - 1;
    const char *copy = ps_arena_strndup(b->arena, text, length);
    if (copy == NULL) {
        fprintf(stderr, "bench: out of memory\n");
        exit(1);
    }
    return copy;
}

/* Folders here are two deep. */
/* NOLINTNEXTLINE(misc-no-recursion) */
double bench_size(const char *path) {
    struct stat facts;
    if (stat(path, &facts) != 0) return 0;
    if (!S_ISDIR(facts.st_mode)) return (double)facts.st_size;
    double sum = 0;
    DIR *folder = opendir(path);
    if (folder == NULL) return 0;
    for (const struct dirent *e; (e = readdir(folder)) != NULL;) {
        char name[4096];
        if (e->d_name[0] == '.') continue;
        if (snprintf(name, sizeof name, "%s/%s", path, e->d_name) < (int)sizeof name)
            sum += bench_size(name);
    }
    closedir(folder);
    return sum;
}

/* NOLINTNEXTLINE(misc-no-recursion) */
void bench_remove(const char *path) {
    struct stat facts;
    if (lstat(path, &facts) != 0) return;
    DIR *folder = S_ISDIR(facts.st_mode) ? opendir(path) : NULL;
    if (folder != NULL) {
        for (const struct dirent *e; (e = readdir(folder)) != NULL;) {
            char name[4096];
            if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
            if (snprintf(name, sizeof name, "%s/%s", path, e->d_name) < (int)sizeof name)
                bench_remove(name);
        }
        closedir(folder);
    }
    (void)remove(path);
}

/* The seconds of a phase, from what a program printed. */
static double phase_of(const char *text, const char *phase) {
    char wanted[64];
    const int n = snprintf(wanted, sizeof wanted, "PHASE %s ", phase);
    const char *at = strstr(text, wanted);
    double seconds = (double)NAN;
    if (at != NULL) {
        const char *number = at + n;
        size_t length = strcspn(number, "\n");
        if (!ps_parse_double((ps_str){number, length}, &seconds)) seconds = (double)NAN;
    }
    return seconds;
}

static double seconds_of(struct timeval t) {
    return (double)t.tv_sec + 1e-6 * (double)t.tv_usec;
}

/* Run a program; its output goes into a log, its first bytes are searched for phases. */
static run start(bench *b, const char *const *argument, const char *phase) {
    run r = {.exit_code = -1};
    const char *log = bench_text(b, "%s/log.txt", b->data);
    posix_spawn_file_actions_t files;
    if (posix_spawn_file_actions_init(&files) != 0) return r;
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, log,
                                     O_WRONLY | O_CREAT | O_TRUNC, 0666);
    posix_spawn_file_actions_adddup2(&files, STDOUT_FILENO, STDERR_FILENO);
    char *list[BENCH_ARGUMENTS + 1];
    size_t n = 0;
    for (; n < BENCH_ARGUMENTS && argument[n] != NULL; n++) {
        /* exec takes pointers to non-const and writes through none. */
        memcpy(&list[n], &argument[n], sizeof list[n]);
    }
    list[n] = NULL;
    if (n == 0) {
        posix_spawn_file_actions_destroy(&files);
        return r;
    }
    pid_t child;
    int status;
    struct rusage used;
    const double begin = bench_now();
    if (posix_spawnp(&child, list[0], &files, NULL, list, environ) == 0) {
        while (wait4(child, &status, 0, &used) < 0 && errno == EINTR) continue;
        r.seconds = bench_now() - begin;
        r.peak = (double)used.ru_maxrss * 1024;
        r.processor = seconds_of(used.ru_utime) + seconds_of(used.ru_stime);
        if (WIFEXITED(status)) r.exit_code = WEXITSTATUS(status);
    }
    posix_spawn_file_actions_destroy(&files);
    r.phase = r.seconds;
    if (phase != NULL && r.exit_code == 0) {
        char text[PHASE_ROOM] = "";
        FILE *file = fopen(log, "r");
        if (file != NULL) {
            text[fread(text, 1, sizeof text - 1, file)] = '\0';
            fclose(file);
        }
        r.phase = phase_of(text, phase);
        if (isnan(r.phase)) r.exit_code = -1;
    }
    return r;
}

static void tell_log(bench *b) {
    char line[512];
    FILE *file = fopen(bench_text(b, "%s/log.txt", b->data), "r");
    if (file == NULL) return;
    for (int i = 0; i < 8 && fgets(line, sizeof line, file) != NULL; i++) {
        fputs("    | ", stdout);
        fputs(line, stdout);
    }
    fclose(file);
}

bool bench_do(bench *b, const char *const *argument) {
    const run r = start(b, argument, NULL);
    if (r.exit_code == 0) return true;
    printf("%s failed (exit %d)\n", argument[0], r.exit_code);
    tell_log(b);
    b->failures++;
    return false;
}

const char *bench_make(bench *b, const char *name, const char *const *argument) {
    const char *path = bench_text(b, "%s/%s", b->data, name);
    struct stat facts;
    if (stat(path, &facts) == 0) return path;
    /* The name says what is to be written, so only something in front may change. */
    const char *part = bench_text(b, "%s/part-%s", b->data, name);
    const char *list[BENCH_ARGUMENTS] = {NULL};
    for (size_t i = 0; i + 1 < BENCH_ARGUMENTS && argument[i] != NULL; i++)
        list[i] = strcmp(argument[i], "@") == 0 ? part : argument[i];
    fprintf(stderr, "making %s ...\n", name);
    bench_remove(part);
    if (bench_do(b, list)) {
        const size_t n = strlen(part);
        const bool folder = part[n - 1] == '/';
        const char *from = folder ? bench_text(b, "%.*s", (int)(n - 1), part) : part;
        const char *to =
            folder ? bench_text(b, "%.*s", (int)(strlen(path) - 1), path) : path;
        if (rename(from, to) == 0) return path;
        printf("cannot rename '%s': %s\n", from, strerror(errno));
        b->failures++;
    }
    bench_remove(part);
    return NULL;
}

/* FNV-1a, then a finaliser, so that the sum over lines is a hash of the set of lines. */
static uint64_t hash_line(const char *p, size_t n) {
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < n; i++) h = (h ^ (uint8_t)p[i]) * 0x100000001b3u;
    h = (h ^ (h >> 30)) * 0xbf58476d1ce4e5b9u;
    h = (h ^ (h >> 27)) * 0x94d049bb133111ebu;
    return h ^ (h >> 31);
}

static bool checksum(const char *path, uint64_t *sum, int64_t *lines) {
    FILE *file = fopen(path, "r");
    if (file == NULL) return false;
    char line[LINE_ROOM];
    bool header = true;
    *sum = 0;
    *lines = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        const size_t n = strcspn(line, "\r\n");
        if (!header) {
            *sum += hash_line(line, n);
            (*lines)++;
        }
        header = false;
    }
    fclose(file);
    return *lines > 0;
}

static int by_size(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

typedef struct record {
    double seconds[BENCH_ROUNDS], processor[BENCH_ROUNDS];
    int n, exit_code;
    bench_result result;
    bool counted;
} record;

static bool has_prepared(const bench *b, char *path, size_t room) {
    snprintf(path, room, "%s/cache", b->data);
    return bench_size(path) > 0;
}

static void one_round(bench *b, const bench_contender *c, record *r) {
    char cache[4096];
    const bool prepared = has_prepared(b, cache, sizeof cache);
    if (c->fresh) bench_remove(cache);
    if (c->prepared && !prepared) {
        r->exit_code = BENCH_NOT_INSTALLED;
        return;
    }
    /* What is prepared is looked at in full once, before its first use. */
    if (c->prepared && start(b, c->argument, NULL).exit_code != 0) {
        r->exit_code = -1;
        return;
    }
    if (c->counts != NULL) (void)remove(c->counts);
    if (c->before != NULL && start(b, c->before, NULL).exit_code != 0) {
        r->exit_code = -1;
        return;
    }
    const run done = start(b, c->argument, c->phase);
    r->exit_code = done.exit_code;
    if (done.exit_code != 0) return;
    r->processor[r->n] = done.processor;
    r->seconds[r->n++] = done.phase;
    r->result.peak = fmax(r->result.peak, done.peak);
    if (c->counts != NULL && !r->counted)
        r->counted = checksum(c->counts, &r->result.checksum, &r->result.lines);
}

static void sum_up(record *r) {
    if (r->n == 0) return;
    qsort(r->seconds, (size_t)r->n, sizeof *r->seconds, by_size);
    r->result.ran = true;
    r->result.low = r->seconds[0];
    r->result.high = r->seconds[r->n - 1];
    r->result.median = (r->seconds[(r->n - 1) / 2] + r->seconds[r->n / 2]) / 2;
    qsort(r->processor, (size_t)r->n, sizeof *r->processor, by_size);
    r->result.processor = (r->processor[(r->n - 1) / 2] + r->processor[r->n / 2]) / 2;
}

void bench_measure(bench *b, const bench_contender *c, int rounds, bench_result *result) {
    record r = {.exit_code = 0};
    for (int i = 0; i < rounds && i < BENCH_ROUNDS && r.exit_code == 0; i++)
        one_round(b, c, &r);
    sum_up(&r);
    if (r.exit_code != 0) {
        printf("%s failed (exit %d)\n", c->name, r.exit_code);
        tell_log(b);
        b->failures++;
    }
    *result = r.result;
}

static void print_rate(double v, const char *unit) {
    if (v >= 1e6)
        printf(" %8.2f M%s", v / 1e6, unit);
    else
        printf(" %8.2f k%s", v / 1e3, unit);
}

static void print_seconds(double s) {
    if (s >= 1)
        printf(" %9.3f s ", s);
    else
        printf(" %9.2f ms", s * 1e3);
}

static const char *verdict(const bench_contender *c, const record *r,
                           const record *first) {
    if (!r->counted) return c->counts != NULL ? "no counts" : "";
    if (r == first) return "";
    if (r->result.checksum == first->result.checksum &&
        r->result.lines == first->result.lines)
        return "same counts";
    return c->other_answer ? "another question" : "DIFFERENT";
}

static void print_row(bench *b, const bench_question *q, const bench_contender *c,
                      const record *r, const record *first) {
    printf("  %-34s", c->name);
    if (c->absent != NULL || (r->n == 0 && r->exit_code == BENCH_NOT_INSTALLED)) {
        const char *why = c->absent != NULL ? c->absent
                          : c->prepared     ? "no prepared file is kept"
                                            : "not installed";
        printf("  %s\n", why);
        if (b->csv != NULL)
            fprintf(b->csv, "%s,\"%s\",,,,,,,,,,%s\n", q->id, c->name, why);
        return;
    }
    if (r->n == 0 || r->exit_code != 0) {
        printf("  FAILED (exit %d)\n", r->exit_code);
        b->failures++;
        return;
    }
    const bench_result *m = &r->result;
    const double ratio = first->n > 0 ? m->median / first->result.median : 0;
    print_seconds(m->median);
    if (r->n > 1)
        printf(" %4.0f %%", 50 * (m->high - m->low) / m->median);
    else
        printf("   once");
    if (c->phase == NULL)
        print_seconds(m->processor);
    else
        printf(" %12s", "");
    if (q->rows > 0)
        print_rate(q->rows / m->median, "/s");
    else
        printf(" %12s", "");
    if (q->bytes > 0 && c->phase == NULL)
        printf(" %7.0f MB/s", q->bytes / m->median / 1e6);
    else
        printf(" %12s", "");
    printf(" %6.0f MB  %6.2f  ", m->peak / 1e6, ratio);
    if (r->counted) printf("%016llx ", (unsigned long long)m->checksum);
    const char *said = verdict(c, r, first);
    printf("%s\n", said);
    if (strcmp(said, "DIFFERENT") == 0 || strcmp(said, "no counts") == 0) b->failures++;
    if (b->csv != NULL) {
        fprintf(b->csv,
                "%s,\"%s\",%d,%.6f,%.6f,%.6f,%.6f,%.0f,%.0f,%.0f,%.3f,%s,%016llx\n",
                q->id, c->name, r->n, m->median, m->low, m->high, m->processor,
                q->rows / m->median, q->bytes / m->median, m->peak, ratio, said,
                (unsigned long long)m->checksum);
        fflush(b->csv);
    }
}

void bench_ask(bench *b, const bench_question *q, bench_result *result) {
    record records[BENCH_CONTENDERS] = {0};
    printf("\n%s: %s\n", q->id, q->title);
    if (q->rows > 0) printf("  %.0f rows", q->rows);
    if (q->rows > 0 && q->bytes > 0) printf(", %.1f MB", q->bytes / 1e6);
    printf("%s  %-32s %11s  %6s %12s %12s %12s %9s %7s\n", q->rows > 0 ? "\n" : "", "",
           "median", "spread", "processors", "rows", "bytes", "peak", "ratio");
    fflush(stdout);
    for (int round = 0; round < b->rounds; round++) {
        for (size_t i = 0; i < q->n; i++) {
            const bench_contender *c = &q->contender[i];
            record *r = &records[i];
            if (c->absent != NULL || r->exit_code != 0) continue;
            if (c->peer && (round > 0 || !b->peers)) {
                if (!b->peers) r->exit_code = BENCH_NOT_INSTALLED;
                continue;
            }
            one_round(b, c, r);
            if (r->exit_code != 0 && r->exit_code != BENCH_NOT_INSTALLED) {
                printf("  %s failed (exit %d)\n", c->name, r->exit_code);
                tell_log(b);
            }
        }
    }
    for (size_t i = 0; i < q->n; i++) {
        sum_up(&records[i]);
        if (q->contender[i].peer && !b->peers && q->contender[i].absent == NULL) continue;
        print_row(b, q, &q->contender[i], &records[i], &records[0]);
    }
    for (size_t i = 0; i < q->n && result != NULL; i++) result[i] = records[i].result;
    for (size_t i = 0; i < q->n; i++) {
        if (q->contender[i].counts != NULL) (void)remove(q->contender[i].counts);
    }
    fflush(stdout);
}

bench_contender *bench_add(bench_question *q, const char *name,
                           const char *const *argument) {
    if (q->n == BENCH_CONTENDERS) abort();
    bench_contender *c = &q->contender[q->n++];
    *c = (bench_contender){.name = name};
    for (size_t i = 0; argument[i] != NULL; i++) {
        if (i + 1 == BENCH_ARGUMENTS) abort();
        c->argument[i] = argument[i];
    }
    return c;
}

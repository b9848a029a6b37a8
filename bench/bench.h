/* The harness: programs side by side on one question, and a table of what they took.
 *
 * A question has contenders, each a program with its arguments that is run as a process
 * of its own, so that start, memory and failures are its own too. The contenders take
 * turns, round by round, so that a machine that is busy for a while is busy for all of
 * them. Told are median, spread (half the range, of the median), the time of all
 * processors (which other programs disturb less), rows and bytes a second, peak memory
 * (wait4), the ratio to the first contender, and whether the counts are the same: every
 * line of a result is hashed and the hashes added, so order plays no part.
 */
#ifndef PS_BENCH_BENCH_H
#define PS_BENCH_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "engine/core/mem.h"
#include "engine/core/text.h"

enum { BENCH_ARGUMENTS = 24, BENCH_ROUNDS = 25, BENCH_CONTENDERS = 20 };

/* Exit code of a peer whose program is not installed. */
enum { BENCH_NOT_INSTALLED = 77 };

typedef struct bench_contender {
    const char *name;
    const char *argument[BENCH_ARGUMENTS]; /* the program first; NULL ends */
    const char *counts;                    /* the file it writes; NULL: none */
    const char *phase; /* the seconds it prints as `PHASE name seconds`; NULL: all its
                          time */
    const char *const *before; /* a command that is run first, untimed; NULL: none */
    const char *absent;        /* why it is not run; NULL: it is */
    bool other_answer;         /* its counts are not those of the question */
    bool fresh;                /* nothing prepared is left of earlier runs */
    bool prepared;             /* run only when an earlier run left something prepared */
    bool peer; /* left out without peers; one round, since they are slow */
} bench_contender;

typedef struct bench_question {
    const char *id, *title;
    double rows, bytes; /* per run; 0: not told */
    bench_contender contender[BENCH_CONTENDERS];
    size_t n;
} bench_question;

typedef struct bench_result {
    bool ran;
    double median, low, high; /* seconds */
    double processor;         /* seconds of all threads, user and system; median */
    double peak;              /* bytes */
    uint64_t checksum;
    int64_t lines;
} bench_result;

typedef struct bench {
    bool quick, full, peers;
    int threads, rounds;
    const char *build; /* folder of the bench preset */
    const char *root;  /* of the project */
    const char *data;  /* folder of what is generated */
    const char *real;  /* folder of real data, or NULL */
    FILE *csv;         /* every result once more */
    ps_arena *arena;
    int failures;
} bench;

/* Seconds of a clock that only goes forward. */
double bench_now(void);

/* Text that lives as long as the bench. Out of memory ends the program, here and below:
 * there is nobody to tell. */
const char *bench_text(bench *b, const char *format, ...) PS_PRINTF(2, 3);

/* The path of data/name, made by running the arguments (NULL ends) when it is not there;
 * an argument "@" stands for the path to be written. NULL when that failed, which is
 * told and counted. */
const char *bench_make(bench *b, const char *name, const char *const *argument);
/* Bytes of a file, or of all files in a folder. */
double bench_size(const char *path);
void bench_remove(const char *path);

/* Run a command once, its output thrown away. */
bool bench_do(bench *b, const char *const *argument);
/* Run all contenders, print the table, add to the CSV. result (may be NULL) has one
 * entry per contender. */
void bench_ask(bench *b, const bench_question *q, bench_result *result);
/* One contender in rounds of its own, without a table. */
void bench_measure(bench *b, const bench_contender *c, int rounds, bench_result *result);

/* Another contender with its arguments up to NULL. */
bench_contender *bench_add(bench_question *q, const char *name,
                           const char *const *argument);

/* What the questions are asked about. */
typedef struct bench_input {
    const char *england;  /* boundaries in degrees */
    const char *district; /* a part of it: West Yorkshire */
    const char *england_name, *district_name;
    int england_areas, district_areas;
} bench_input;

typedef void bench_ask_fn(bench *b, const bench_input *in);

bench_ask_fn bench_district, bench_country, bench_crs, bench_boundaries, bench_points,
    bench_layers, bench_crosswalk, bench_moran, bench_archive, bench_nightly,
    bench_growth;

/* Incidents on boundaries: a file of that many rows, named after both. */
const char *bench_incidents(bench *b, const char *boundaries, const char *label,
                            int64_t rows, const char *ending, const char *order);
/* `placestat join` on such a file, counted by type and month. */
bench_contender *bench_add_placestat(bench *b, bench_question *q, const char *name,
                                     const char *boundaries, const char *points,
                                     int threads);
bench_contender *bench_add_geos(bench *b, bench_question *q, const char *name,
                                const char *boundaries, const char *points, int threads);

/* Lines on double logarithmic axes. */
typedef struct bench_series {
    const char *name;
    const double *x, *y;
    size_t n;
} bench_series;
typedef struct bench_panel {
    const char *title, *x_label, *y_label;
    const bench_series *series;
    size_t n;
} bench_panel;
bool bench_plot(const char *path, const bench_panel *panel, size_t n);

#endif

/* What the hardware allows: the least that any program must do.
 *
 *   limit memory MEGABYTES THREADS     read memory once
 *   limit lines FILE THREADS           read a file and count its line ends
 *   limit structure FILE THREADS       and find every comma and line end outside quotes
 *   limit inflate FILE.zip THREADS     unpack every member
 *   limit unzip FILE.zip THREADS       and find commas and line ends in what comes out
 *
 * Prints the seconds as `PHASE limit`. One thread takes whole blocks of 4 MiB (members of
 * an archive), read with pread. Quotes that are open across blocks are left out of
 * account, since only the cost is asked for.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <libdeflate.h>
#include <omp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK = 4 << 20, WIDE = 64 };

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void die(const char *what, const char *which) {
    fprintf(stderr, "limit: %s %s\n", what, which);
    exit(1);
}

static void *take(size_t n) {
    void *p = aligned_alloc(WIDE, (n + WIDE) / WIDE * WIDE);
    if (p == NULL) die("out of memory", "");
    memset(p, 0, (n + WIDE) / WIDE * WIDE);
    return p;
}

/* Counted in bytes for up to 255 steps, so that the compiler uses whole vectors. */
static uint64_t count_lines(const unsigned char *p, size_t n) {
    uint64_t total = 0;
    size_t i = 0;
    for (; i + WIDE <= n;) {
        uint8_t lane[WIDE] = {0};
        for (int k = 0; k < 255 && i + WIDE <= n; k++, i += WIDE) {
            for (int j = 0; j < WIDE; j++)
                lane[j] = (uint8_t)(lane[j] + (p[i + (size_t)j] == '\n'));
        }
        for (int j = 0; j < WIDE; j++) total += lane[j];
    }
    for (; i < n; i++) total += p[i] == '\n';
    return total;
}

#if defined(__x86_64__)
#include <immintrin.h>
__attribute__((target("avx2"))) static uint64_t equal(const unsigned char *p, char c) {
    const __m256i wanted = _mm256_set1_epi8(c);
    const __m256i a = _mm256_loadu_si256((const __m256i *)(const void *)p);
    const __m256i b = _mm256_loadu_si256((const __m256i *)(const void *)(p + 32));
    const uint32_t low = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(a, wanted));
    const uint32_t high = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(b, wanted));
    return low | (uint64_t)high << 32;
}
#define TARGET __attribute__((target("avx2,popcnt")))
#else
static uint64_t equal(const unsigned char *p, char c) {
    uint64_t mask = 0;
    for (int i = 0; i < WIDE; i++) mask |= (uint64_t)(p[i] == (unsigned char)c) << i;
    return mask;
}
#define TARGET
#endif

/* Separators outside quotes, by the parity of the quotes before them. */
TARGET static uint64_t count_structure(const unsigned char *p, size_t n) {
    uint64_t total = 0, open = 0;
    for (size_t i = 0; i + WIDE <= n; i += WIDE) {
        uint64_t inside = equal(p + i, '"');
        for (int s = 1; s < WIDE; s *= 2) inside ^= inside << s;
        inside ^= open;
        open = (uint64_t)((int64_t)inside >> 63);
        const uint64_t marks = equal(p + i, ',') | equal(p + i, '\n');
        total += (uint64_t)__builtin_popcountll(marks & ~inside);
    }
    return total;
}

static uint64_t add_words(const uint64_t *p, size_t n) {
    uint64_t sum[8] = {0};
    for (size_t i = 0; i + 8 <= n; i += 8) {
        for (int j = 0; j < 8; j++) sum[j] += p[i + (size_t)j];
    }
    for (int j = 1; j < 8; j++) sum[0] += sum[j];
    return sum[0];
}

static double read_memory(size_t n, int threads, uint64_t *sum) {
    uint64_t *p = take(n);
    memset(p, 1, n);
    uint64_t total = 0;
    const double start = now();
#pragma omp parallel for num_threads(threads) reduction(+ : total)
    for (size_t i = 0; i < n / BLOCK; i++)
        total += add_words(p + i * (BLOCK / 8), BLOCK / 8);
    const double seconds = now() - start;
    *sum = total;
    free(p);
    return seconds;
}

static double read_file(int file, size_t n, int threads, int structure, uint64_t *sum) {
    uint64_t total = 0;
    const double start = now();
#pragma omp parallel num_threads(threads) reduction(+ : total)
    {
        unsigned char *block = take(BLOCK);
#pragma omp for schedule(dynamic)
        for (size_t i = 0; i < (n + BLOCK - 1) / BLOCK; i++) {
            const ssize_t got = pread(file, block, BLOCK, (off_t)(i * BLOCK));
            if (got > 0)
                total += structure ? count_structure(block, (size_t)got)
                                   : count_lines(block, (size_t)got);
        }
        free(block);
    }
    *sum = total;
    return now() - start;
}

static uint32_t little(const unsigned char *p, int n) {
    uint32_t v = 0;
    for (int i = n - 1; i >= 0; i--) v = v << 8 | p[i];
    return v;
}

static double read_zip(int file, size_t n, int threads, int structure, uint64_t *sum) {
    unsigned char *zip = take(n);
    size_t have = 0;
    for (ssize_t got;
         have < n && (got = pread(file, zip + have, n - have, (off_t)have)) > 0;)
        have += (size_t)got;
    size_t end = n < 22 ? 0 : n - 22;
    while (end > 0 && little(zip + end, 4) != 0x06054b50) end--;
    if (have < n || end == 0) die("no archive", "");
    const int members = (int)little(zip + end + 10, 2);
    size_t *at = take((size_t)members * sizeof *at);
    size_t entry = little(zip + end + 16, 4);
    for (int i = 0; i < members; i++) {
        if (entry + 46 > n || little(zip + entry, 4) != 0x02014b50)
            die("bad archive", "");
        at[i] = entry;
        entry += 46 + (size_t)little(zip + entry + 28, 2) + little(zip + entry + 30, 2) +
                 little(zip + entry + 32, 2);
    }
    uint64_t total = 0;
    const double start = now();
#pragma omp parallel num_threads(threads) reduction(+ : total)
    {
        struct libdeflate_decompressor *inflate = libdeflate_alloc_decompressor();
        unsigned char *out = NULL;
        size_t room = 0;
#pragma omp for schedule(dynamic)
        for (int i = 0; i < members; i++) {
            const unsigned char *e = zip + at[i];
            const size_t packed = little(e + 20, 4), size = little(e + 24, 4);
            const size_t local = little(e + 42, 4);
            if (local + 30 > n || little(e + 10, 2) != 8) continue;
            const size_t data =
                local + 30 + little(zip + local + 26, 2) + little(zip + local + 28, 2);
            if (data + packed > n) die("bad archive", "");
            if (size > room) {
                free(out);
                out = take(room = size);
            }
            size_t made = 0;
            if (libdeflate_deflate_decompress(inflate, zip + data, packed, out, size,
                                              &made) != LIBDEFLATE_SUCCESS)
                die("bad member", "");
            total += structure ? count_structure(out, made) : made;
        }
        free(out);
        libdeflate_free_decompressor(inflate);
    }
    const double seconds = now() - start;
    *sum = total;
    free(at);
    free(zip);
    return seconds;
}

int main(int argc, char **argv) {
    if (argc != 4)
        die("usage:", "limit memory|lines|structure|inflate|unzip WHAT THREADS");
    const int threads = atoi(argv[3]) > 0 ? atoi(argv[3]) : 1;
    uint64_t sum = 0;
    double seconds;
    if (strcmp(argv[1], "memory") == 0) {
        const size_t n = (size_t)atol(argv[2]) << 20;
        if (n < BLOCK) die("too little memory asked for:", argv[2]);
        seconds = read_memory(n, threads, &sum);
    } else {
        const int file = open(argv[2], O_RDONLY);
        struct stat facts;
        if (file < 0 || fstat(file, &facts) != 0) die("cannot read", argv[2]);
        const size_t n = (size_t)facts.st_size;
        const int structure =
            strcmp(argv[1], "structure") == 0 || strcmp(argv[1], "unzip") == 0;
        if (strcmp(argv[1], "inflate") == 0 || strcmp(argv[1], "unzip") == 0)
            seconds = read_zip(file, n, threads, structure, &sum);
        else
            seconds = read_file(file, n, threads, structure, &sum);
    }
    printf("PHASE limit %.6f\nINFO %llu\n", seconds, (unsigned long long)sum);
    return 0;
}

/* Runs a fuzz harness over stored inputs, without a fuzzer: every file given, and every
 * file of every folder given, in order of name. A path that is not there is an error, so
 * that a corpus cannot go missing unnoticed.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Exactly as many bytes as the file has, so that a sanitizer sees a read behind them. */
static int replay_file(const char *path, size_t size) {
    uint8_t *data = malloc(size > 0 ? size : 1);
    FILE *file = fopen(path, "rb");
    int ok = data != NULL && file != NULL && fread(data, 1, size, file) == size;
    if (file != NULL) fclose(file);
    if (ok)
        LLVMFuzzerTestOneInput(data, size);
    else
        fprintf(stderr, "%s: cannot be read\n", path);
    free(data);
    return ok ? 1 : -1;
}

static int is_shown(const struct dirent *entry) {
    return entry->d_name[0] != '.';
}

/* The number of inputs run, or -1. */
static long replay(const char *path) {
    struct stat info;
    if (stat(path, &info) != 0) {
        fprintf(stderr, "%s: not there\n", path);
        return -1;
    }
    if (!S_ISDIR(info.st_mode)) return replay_file(path, (size_t)info.st_size);
    struct dirent **entries = NULL;
    int n = scandir(path, &entries, is_shown, alphasort);
    long total = n < 0 ? -1 : 0;
    for (int i = 0; i < n; i++) {
        char inner[4096];
        snprintf(inner, sizeof inner, "%s/%s", path, entries[i]->d_name);
        long ran = total >= 0 ? replay(inner) : -1;
        total = ran < 0 ? -1 : total + ran;
        free(entries[i]);
    }
    free(entries);
    return total;
}

int main(int argc, char **argv) {
    long total = 0;
    for (int i = 1; i < argc; i++) {
        long ran = replay(argv[i]);
        if (ran < 0) return 1;
        total += ran;
    }
    printf("%ld inputs replayed\n", total);
    return total > 0 ? 0 : 1;
}

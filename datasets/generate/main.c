/* district OUTDIR [--seed N]: write the sample district. */
#include <stdio.h>
#include <string.h>

#include "datasets/generate/district.h"
#include "engine/core/text.h"

int main(int argc, char **argv) {
    const char *folder = NULL;
    int64_t seed = PS_DISTRICT_SEED;
    bool usage = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc) {
            usage = usage || !ps_parse_int(ps_str_of(argv[++i]), &seed) || seed < 0;
        } else if (argv[i][0] == '-' || folder != NULL) {
            usage = true;
        } else {
            folder = argv[i];
        }
    }
    if (usage || folder == NULL) {
        fprintf(stderr, "usage: district OUTDIR [--seed N]\n");
        return 2;
    }
    ps_error err = {0};
    if (ps_district_write(folder, (uint64_t)seed, &err) != PS_OK) {
        fprintf(stderr, "district: %s\n", err.text);
        return 1;
    }
    return 0;
}

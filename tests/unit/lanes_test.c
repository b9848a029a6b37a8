/* Wider lanes come with the narrower ones, and are those that the kernel tells of. */
#include "engine/core/lanes.h"

#include <stdio.h>
#include <string.h>

#include "tests/support/test.h"

/* The flags of the first processor, with a space at both ends; "" where nobody tells. */
static void read_flags(char *out, size_t n) {
    FILE *in = fopen("/proc/cpuinfo", "r");
    out[0] = '\0';
    while (in != NULL && fgets(out, (int)n, in) != NULL)
        if (strncmp(out, "flags", 5) == 0) break;
    if (in != NULL) fclose(in);
    if (strncmp(out, "flags", 5) != 0) out[0] = '\0';
    char *end = strchr(out, '\n');
    if (end != NULL) *end = ' ';
}

static bool has_all(const char *flags, const char *const *wanted) {
    char flag[32];
    for (; *wanted != NULL; wanted++) {
        snprintf(flag, sizeof flag, " %s ", *wanted);
        if (strstr(flags, flag) == NULL) return false;
    }
    return true;
}

static void lanes_are_those_of_the_processor(void **state) {
    (void)state;
    static const char *const avx2[] = {"avx2", "bmi1", "popcnt", NULL};
    static const char *const avx512[] = {"avx512f", "avx512bw", "avx512dq", "avx512vl",
                                         NULL};
    static const char *const packing[] = {"avx512_vbmi2", "bmi1", "bmi2", "popcnt", NULL};
    static char flags[16384];
    read_flags(flags, sizeof flags);
    assert_true(ps_lanes_avx512() || !ps_lanes_avx512_packing());
    if (flags[0] == '\0') {
        print_message("nobody tells what this processor has\n");
        return;
    }
    assert_int_equal(ps_lanes_avx2(), has_all(flags, avx2));
    assert_int_equal(ps_lanes_avx512(), has_all(flags, avx512));
    assert_int_equal(ps_lanes_avx512_packing(),
                     has_all(flags, avx512) && has_all(flags, packing));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lanes_are_those_of_the_processor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

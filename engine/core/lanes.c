#include "engine/core/lanes.h"

#if defined(__x86_64__)

bool ps_lanes_avx2(void) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
           __builtin_cpu_supports("popcnt");
}

bool ps_lanes_avx512(void) {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

bool ps_lanes_avx512_packing(void) {
    return ps_lanes_avx512() && __builtin_cpu_supports("avx512vbmi2") &&
           __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") &&
           __builtin_cpu_supports("popcnt");
}

#else

bool ps_lanes_avx2(void) {
    return false;
}

bool ps_lanes_avx512(void) {
    return false;
}

bool ps_lanes_avx512_packing(void) {
    return false;
}

#endif

#include "indicators/draw.h"

#include "indicators/distribution.h"

ps_draws ps_draws_of(uint64_t seed, uint64_t unit) {
    return (ps_draws){
        ps_draw_mix(ps_draw_mix(seed + PS_DRAW_STEP) ^ (unit + PS_DRAW_STEP))};
}

uint64_t ps_draw_unit(ps_str code) {
    uint64_t hash = 0xcbf29ce484222325;
    for (size_t i = 0; i < code.n; i++)
        hash = (hash ^ (unsigned char)code.p[i]) * 0x100000001b3;
    return hash;
}

double ps_draw_uniform(ps_draws draws, uint64_t n) {
    return ((double)(ps_draw_bits(draws, n) >> 12) + 0.5) * 0x1p-52;
}

double ps_draw_normal(ps_draws draws, uint64_t n) {
    return ps_normal_quantile(ps_draw_uniform(draws, n));
}

uint64_t ps_draw_below(ps_draws draws, uint64_t n, uint64_t below) {
    uint64_t bits = ps_draw_bits(draws, n);
    uint64_t low = (bits & 0xffffffff) * (below & 0xffffffff);
    uint64_t cross = (bits >> 32) * (below & 0xffffffff) + (low >> 32);
    uint64_t other = (bits & 0xffffffff) * (below >> 32) + (cross & 0xffffffff);
    return (bits >> 32) * (below >> 32) + (cross >> 32) + (other >> 32);
}

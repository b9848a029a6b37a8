#include "indicators/draw.h"

#include "indicators/distribution.h"

static const uint64_t GOLDEN = 0x9e3779b97f4a7c15;

/* The output function of splitmix64: a bijection in which each bit of the input changes
 * about half the bits of the output. */
static uint64_t mix(uint64_t x) {
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return x ^ (x >> 31);
}

ps_draws ps_draws_of(uint64_t seed, uint64_t unit) {
    return (ps_draws){mix(mix(seed + GOLDEN) ^ (unit + GOLDEN))};
}

uint64_t ps_draw_unit(ps_str code) {
    uint64_t hash = 0xcbf29ce484222325;
    for (size_t i = 0; i < code.n; i++)
        hash = (hash ^ (unsigned char)code.p[i]) * 0x100000001b3;
    return hash;
}

uint64_t ps_draw_bits(ps_draws draws, uint64_t n) {
    return mix(draws.key + (n + 1) * GOLDEN);
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

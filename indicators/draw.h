/* Random draws that depend on nothing but (seed, unit, draw).
 *
 * A counter-based generator: the n-th number of a unit is a function, not a step, so any
 * thread may ask for any number and a simulation gives the same bytes however its work is
 * cut. Numbers are splitmix64's output function over a key of seed and unit plus n times
 * the golden ratio, that is: the sequence of splitmix64 started at that key.
 *
 * Source: Steele, Lea & Flood 2014, Fast splittable pseudorandom number generators.
 */
#ifndef PS_INDICATORS_DRAW_H
#define PS_INDICATORS_DRAW_H

#include "engine/core/text.h"

typedef struct ps_draws {
    uint64_t key;
} ps_draws;

/* The draws of one unit (an area, a permutation, a start) of a simulation. */
ps_draws ps_draws_of(uint64_t seed, uint64_t unit);
/* The unit of an area: a hash of its code (64-bit FNV-1a), so that an area keeps its
 * draws when others come or go. */
uint64_t ps_draw_unit(ps_str code);

/* The golden ratio in 64 bits. */
#define PS_DRAW_STEP UINT64_C(0x9e3779b97f4a7c15)

/* The output function of splitmix64: a bijection in which each bit of the input changes
 * about half the bits of the output. */
static inline uint64_t ps_draw_mix(uint64_t x) {
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

/* 64 random bits. Inline, since loops that draw by the billion spread it over lanes. */
static inline uint64_t ps_draw_bits(ps_draws draws, uint64_t n) {
    return ps_draw_mix(draws.key + (n + 1) * PS_DRAW_STEP);
}
/* Uniform in (0, 1), both ends left out: the middles of 2^52 equal steps. */
double ps_draw_uniform(ps_draws draws, uint64_t n);
/* Standard normal, by the inverse distribution function of one uniform. */
double ps_draw_normal(ps_draws draws, uint64_t n);
/* Uniform in 0 .. below - 1, below > 0: the high half of a product (Lemire 2019); the
 * shares differ by less than below / 2^64. */
uint64_t ps_draw_below(ps_draws draws, uint64_t n, uint64_t below);

#endif

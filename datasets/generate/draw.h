/* Random numbers as a pure function of (key, counter): the same on every machine, and one
 * more draw in one place never shifts the draws of another.
 *
 * The mixer is the finaliser of splitmix64 (Steele, Lea & Flood 2014).
 */
#ifndef PS_DATASETS_DRAW_H
#define PS_DATASETS_DRAW_H

#include <stdint.h>

static inline uint64_t ps_draw_mix(uint64_t z) {
    z += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* A key for one purpose, from a parent key and a number. */
static inline uint64_t ps_draw_key(uint64_t parent, uint64_t purpose) {
    return ps_draw_mix(parent ^ ps_draw_mix(purpose));
}

static inline uint64_t ps_draw(uint64_t key, uint64_t counter) {
    return ps_draw_mix(key ^ ps_draw_mix(counter ^ 0x6a09e667f3bcc909u));
}

/* 0 .. n - 1, n >= 1. */
static inline uint32_t ps_draw_below(uint64_t key, uint64_t counter, uint32_t n) {
    return (uint32_t)(((ps_draw(key, counter) >> 32) * n) >> 32);
}

/* low .. high, both included. */
static inline int ps_draw_between(uint64_t key, uint64_t counter, int low, int high) {
    return low + (int)ps_draw_below(key, counter, (uint32_t)(high - low + 1));
}

#endif

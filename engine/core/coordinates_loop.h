/* The steps themselves, compiled once for each set of instructions, which do them for
 * several numbers at a time: as many as their registers hold. */
#ifndef PS_CORE_COORDINATES_LOOP_H
#define PS_CORE_COORDINATES_LOOP_H

#include <string.h>

#include "engine/core/coordinates.h"

enum { LANES = 8 };
typedef uint64_t words __attribute__((vector_size(LANES * 8)));
typedef int64_t integers __attribute__((vector_size(LANES * 8)));
typedef double reals __attribute__((vector_size(LANES * 8)));

/* Characters stand in a word as in the text, the first in the lowest byte. */
typedef struct lanes {
    words first, last; /* 8 characters each */
    words length;      /* without the sign */
    words sign;        /* the highest bit */
} lanes;

static inline uint64_t word_at(const char *p) {
    uint64_t word;
    memcpy(&word, p, sizeof word);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

static inline void load(lanes *l, size_t i, ps_str text) {
    static const char no_number[] = "        ";
    if (text.n - 8 > 17 - 8) text = (ps_str){no_number, 8};
    const size_t negative = *text.p == '-', n = text.n - negative;
    const char *p = text.p + negative;
    if (n - 8 > 16 - 8) p = no_number;
    l->first[i] = word_at(p);
    l->last[i] = word_at(p + (n - 8 > 16 - 8 ? 0 : n - 8));
    l->length[i] = n;
    l->sign[i] = (uint64_t)negative << 63;
}

#define EACH(character) (UINT64_C(0x0101010101010101) * (character))

/* 0 where a word is eight digits. */
static inline void check_digits(const words *word, words *wrong) {
    const words high = *word & EACH(0xF0), carried = (*word + EACH(0x06)) & EACH(0xF0);
    *wrong |= (high ^ EACH(0x30)) | (carried ^ EACH(0x30));
}

/* Eight digits. */
static inline void to_number(words *word) {
    words w = *word - EACH(0x30);
    w = w * 10 + (w >> 8); /* pairs of digits */
    *word = ((w & UINT64_C(0x000000FF000000FF)) * (100 + (UINT64_C(1000000) << 32)) +
             (w >> 16 & UINT64_C(0x000000FF000000FF)) * (1 + (UINT64_C(10000) << 32))) >>
            32;
}

static inline void to_reals(const words *word, reals *out) {
    *out = __builtin_convertvector((integers)*word, reals);
}

static inline void read_lanes(const lanes *l, reals *out) {
    static const uint64_t ten_to[] = {1,      10,      100,      1000,     10000,
                                      100000, 1000000, 10000000, 100000000};
    const words none = {0};
    /* The lowest zero byte, which no borrow can have made, is the first point. */
    const words points = l->first ^ EACH('.');
    const words found = (points - EACH(0x01)) & ~points & EACH(0x80);
    const words one = (found & (none - found)) >> 7; /* 1 << 8 whole */
    const words whole = one * UINT64_C(0x0001020304050607) >> 56;
    const words fraction = l->length - whole - 1;
    const words fits = (words)((whole > 0) & (fraction - 1 < 8));
    const words before = 8 * (8 - whole) & 63, behind = 8 * (8 - fraction) & 63;
    /* The digits at the end of the word, zeros in front of them. */
    words high = l->first << before | (EACH('0') & (((none + 1) << before) - 1));
    words low =
        (l->last >> behind << behind) | (EACH('0') & (((none + 1) << behind) - 1));
    words wrong = ~fits, scale;
    check_digits(&high, &wrong);
    check_digits(&low, &wrong);
    to_number(&high);
    to_number(&low);
    for (size_t i = 0; i < LANES; i++) scale[i] = ten_to[fraction[i] & fits[i] & 15];
    /* At most 15 digits, so both are exact and one division rounds once. */
    const words mantissa = high * scale + low;
    reals value, divisor;
    to_reals(&mantissa, &value);
    to_reals(&scale, &divisor);
    value /= divisor;
    const words good = (words)(wrong == 0);
    *out = (reals)((((words)value | l->sign) & good) | (UINT64_C(0x7FF8) << 48 & ~good));
}

static inline void read_all(size_t n, const ps_str *text, size_t stride, double *out) {
    lanes l = {0};
    for (size_t from = 0; from < n; from += LANES) {
        const size_t some = n - from < LANES ? n - from : LANES;
        for (size_t i = 0; i < LANES; i++)
            load(&l, i, i < some ? text[(from + i) * stride] : (ps_str){"", 0});
        reals value;
        read_lanes(&l, &value);
        memcpy(out + from, &value, some * sizeof *out);
    }
}

#endif

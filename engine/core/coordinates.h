/* Many numbers at once, where they have the form that coordinates have in files.
 *
 * A number takes long from its first byte to its last division, but those of different
 * rows do not wait for each other: they go through each step side by side, in the lanes
 * of vector instructions where the processor has them. All ways give the same numbers.
 */
#ifndef PS_CORE_COORDINATES_H
#define PS_CORE_COORDINATES_H

#include "engine/core/text.h"

/* The numbers of n texts, of which each is `stride` behind the one before: those with 1
 * to 7 digits, a point and 1 to 8 digits, in all 8 to 16 characters, and perhaps "-" in
 * front; read as ps_parse_double does. NAN for any other text, which may be a number as
 * well. Never fails. Threads  any. Cost: some 20 instructions a number. */
void ps_coordinates_read(size_t n, const ps_str *text, size_t stride, double *out);

/* The same by plain C alone, by AVX2, by AVX-512: false, and nothing done, when the
 * compiler or this processor has none. */
bool ps_coordinates_read_plain(size_t n, const ps_str *text, size_t stride, double *out);
bool ps_coordinates_read_avx2(size_t n, const ps_str *text, size_t stride, double *out);
bool ps_coordinates_read_avx512(size_t n, const ps_str *text, size_t stride, double *out);

#endif

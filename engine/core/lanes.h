/* Which vector instructions may be used here?
 *
 * What has a vector form is compiled for several kinds of processors, and the one that
 * runs is asked. Each question names all instruction sets that its files are compiled
 * with (CMakeLists.txt), so that a processor with some of them is not mistaken for one
 * with all.
 * Threads  any. Cost     a few loads. */
#ifndef PS_CORE_LANES_H
#define PS_CORE_LANES_H

#include <stdbool.h>

/* AVX2, BMI1 and POPCNT. */
bool ps_lanes_avx2(void);
/* AVX-512 F, BW, DQ and VL. */
bool ps_lanes_avx512(void);
/* Besides VBMI2, BMI1, BMI2 and POPCNT, for packing bytes by a mask. */
bool ps_lanes_avx512_packing(void);

#endif

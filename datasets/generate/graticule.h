/* From the British National Grid to WGS 84, the same to the last bit on every machine.
 *
 * Ordnance Survey's published formulas: inverse transverse Mercator on Airy 1830, then
 * the seven-parameter shift (EPSG:1314). Sines are summed here from +, -, * and / alone,
 * since those and the square root are the only operations whose last bit IEEE 754 fixes.
 * The result agrees with PROJ's operation of that name to a millimetre; the operation
 * with the OSTN15 grid differs from it by up to five metres, which is why the district's
 * points keep further than that from every border.
 *
 * Source: Ordnance Survey, A guide to coordinate systems in Great Britain, annexes B, C.
 */
#ifndef PS_DATASETS_GRATICULE_H
#define PS_DATASETS_GRATICULE_H

#include <stdint.h>

/* Metres east and north to millionths of a degree, rounded to the nearest. */
void ps_graticule(int32_t easting, int32_t northing, int32_t *longitude,
                  int32_t *latitude);

#endif

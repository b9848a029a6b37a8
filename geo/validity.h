/* Is a polygon certainly valid? A quick yes for nearly all, so that the full test of GEOS
 * is left to the rest.
 *
 * Rule     Certain when no two edges of the polygon or multipolygon meet but neighbours
 * of one ring in the vertex that they share, each hole lies in its own outer ring alone,
 * and no outer ring lies in another ring: then it is valid by OGC's rules and for GEOS.
 * Every comparison is exact, or a sum whose sign its error bound cannot change; what is
 * not decided that way, and what is touched, turned back or nested, is not certain. That
 * says nothing against it.
 * Cost     O(edges) for outlines as they are drawn on maps; the work is bounded, beyond
 * it the answer is no.
 */
#ifndef PS_GEO_VALIDITY_H
#define PS_GEO_VALIDITY_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/core/status.h"

typedef struct ps_validity ps_validity; /* room to work in; one thread */

ps_status ps_validity_open(ps_validity **out, ps_error *err) PS_MUST_CHECK;
void ps_validity_close(ps_validity *room);
/* wkb: little-endian, two-dimensional. Bytes that are no polygon or multipolygon are not
 * certain. */
ps_status ps_validity_certain(ps_validity *room, const unsigned char *wkb, size_t n,
                              bool *certain, ps_error *err) PS_MUST_CHECK;

#endif

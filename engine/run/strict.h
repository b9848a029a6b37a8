/* What --strict refuses instead of counting and telling it. */
#ifndef PS_RUN_STRICT_H
#define PS_RUN_STRICT_H

#include "engine/run/points.h"

/* Metres. OSTN15 reaches 1, the Helmert shift 2: a CRS operation worse than this is
 * refused. */
#define PS_STRICT_ACCURACY 1.5

/* PS_GATE when areas of a layer are left without a shape that nobody decided to skip.
 * Polygons that could be repaired pass. name: of the layer, for the message. */
ps_status ps_strict_layer(const ps_layer_report *report, ps_geometry_policy policy,
                          const char *name, ps_error *err) PS_MUST_CHECK;
/* PS_GATE when an input has invalid rows. */
ps_status ps_strict_rows(const ps_points *points, ps_error *err) PS_MUST_CHECK;

#endif

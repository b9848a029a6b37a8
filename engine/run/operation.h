/* How areas are brought to another coordinate reference system: chosen, told, kept for
 * the manifest. */
#ifndef PS_RUN_OPERATION_H
#define PS_RUN_OPERATION_H

#include "engine/core/talk.h"
#include "geo/prepared.h"

typedef struct ps_operation_used {
    char points_crs[160], areas_crs[160];
    char name[256], grid[128], missing_grid[128];
    double accuracy; /* metres; 0 when both have the same CRS, negative when unknown */
} ps_operation_used;

/* The operation from the CRS of the areas to another for where they are; NULL when both
 * are the same. max_accuracy and errors as in ps_crs_operation_open, the rest as in
 * ps_prepared_operation. */
ps_status ps_operation_open(const ps_prepared *prepared, const ps_areas *areas,
                            const ps_crs *to, double max_accuracy, ps_crs_operation **op,
                            ps_operation_used *used, ps_error *err) PS_MUST_CHECK;
/* Its name, accuracy and grid, and a warning when a better one needs a grid that is not
 * installed. Nothing when none was needed. */
void ps_operation_tell(const ps_operation_used *used, const ps_talk *talk);

#endif

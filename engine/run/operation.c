#include "engine/run/operation.h"

#include <stdio.h>
#include <string.h>

static const char *const none_needed = "none needed";

ps_status ps_operation_open(const ps_prepared *prepared, const ps_areas *areas,
                            const ps_crs *to, double max_accuracy, ps_crs_operation **op,
                            ps_operation_used *used, ps_error *err) {
    double box[4];
    *op = NULL;
    *used = (ps_operation_used){0};
    if (!ps_crs_same(areas->crs, to))
        PS_TRY(ps_prepared_operation(prepared, areas->crs, to,
                                     ps_areas_extent(areas, box) ? box : NULL,
                                     max_accuracy, op, err));
    snprintf(used->points_crs, sizeof used->points_crs, "%s", ps_crs_name(to));
    snprintf(used->areas_crs, sizeof used->areas_crs, "%s", ps_crs_name(areas->crs));
    if (*op == NULL) {
        snprintf(used->name, sizeof used->name, "%s", none_needed);
        return PS_OK;
    }
    const ps_crs_operation_info *info = ps_crs_operation_describe(*op);
    snprintf(used->name, sizeof used->name, "%s", info->name);
    snprintf(used->grid, sizeof used->grid, "%s", info->grid);
    snprintf(used->missing_grid, sizeof used->missing_grid, "%s", info->missing_grid);
    used->accuracy = info->accuracy;
    return PS_OK;
}

void ps_operation_tell(const ps_operation_used *used, const ps_talk *talk) {
    if (strcmp(used->name, none_needed) == 0) return;
    char accuracy[32] = "unknown";
    if (used->accuracy >= 0)
        snprintf(accuracy, sizeof accuracy, "%.3g m", used->accuracy);
    ps_say(talk, PS_TALK_INFO, "from %s to %s by \"%s\", accuracy %s%s%s",
           used->areas_crs, used->points_crs, used->name, accuracy,
           used->grid[0] != '\0' ? ", grid " : "", used->grid);
    if (used->missing_grid[0] != '\0')
        ps_say(talk, PS_TALK_WARNING,
               "the grid %s is not installed, so positions may be %.3g m off, enough to "
               "put a point beside an edge into the wrong area; install it with "
               "`projsync --file %s`, or set PROJ_DATA to a folder that holds it and "
               "PROJ's own files",
               used->missing_grid, used->accuracy, used->missing_grid);
}

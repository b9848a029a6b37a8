/* What the module offers. */
#include "geo/crs_proj.h"
#include "geo/layer_gpkg.h"
#include "geo/overlay_geos.h"

const ps_proj_functions ps_proj = {
    .head = {sizeof(ps_proj_functions), PS_VERSION},
    .open = ps_proj_open,
    .same = ps_proj_same,
    .operation_open = ps_proj_operation_open,
    .operation_apply = ps_proj_operation_apply,
    .operation_clone = ps_proj_operation_clone,
    .operation_release = ps_proj_operation_release,
    .operation_split = ps_proj_operation_split,
    .forget = ps_proj_forget,
    .version = ps_proj_version,
    .folders = ps_proj_folders,
};

const ps_geos_functions ps_geos = {
    .head = {sizeof(ps_geos_functions), PS_VERSION},
    .open = ps_geos_open,
    .close = ps_geos_close,
    .valid = ps_geos_valid,
    .repair = ps_geos_repair,
    .merge = ps_geos_union,
    .interior_point = ps_geos_interior_point,
    .version = ps_geos_version,
};

const ps_gpkg_functions ps_gpkg = {
    .head = {sizeof(ps_gpkg_functions), PS_VERSION},
    .read_areas = ps_gpkg_read_areas,
};

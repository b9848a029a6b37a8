/* What the module offers. */
#include "geo/layer_ogr.h"

const ps_layer_functions ps_layer_ogr = {
    .head = {sizeof(ps_layer_functions), PS_VERSION},
    .read_areas = ps_ogr_read_areas,
    .points_open = ps_ogr_points_open,
    .points_crs = ps_ogr_points_crs,
    .points_next = ps_ogr_points_next,
    .points_close = ps_ogr_points_close,
    .read_table = ps_ogr_read_table,
    .list = ps_ogr_list,
    .geopackage_create = ps_ogr_geopackage_create,
    .geopackage_areas = ps_ogr_geopackage_areas,
    .geopackage_table = ps_ogr_geopackage_table,
    .geopackage_stream = ps_ogr_geopackage_stream,
    .geopackage_view_of = ps_ogr_geopackage_view_of,
    .geopackage_close = ps_ogr_geopackage_close,
    .geopackage_abandon = ps_ogr_geopackage_abandon,
    .gdal_version = ps_ogr_gdal_version,
};

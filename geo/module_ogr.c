/* What the module offers. */
#include <dlfcn.h>
#include <gdal.h>
#include <string.h>

#include "geo/layer_ogr.h"

/* Where the library that answers here was loaded from. */
bool ps_ogr_gdal_file(char *out, size_t size) {
    /* ISO C knows no way from a function to an object. */
    const char *(*const function)(const char *) = GDALVersionInfo;
    void *address;
    memcpy(&address, &function, sizeof address);
    Dl_info info;
    if (dladdr(address, &info) == 0 || info.dli_fname == NULL) return false;
    const size_t n = strlen(info.dli_fname);
    if (info.dli_fname[0] != '/' || n >= size) return false;
    memcpy(out, info.dli_fname, n + 1);
    return true;
}

const ps_layer_functions ps_layer_ogr = {
    .bytes = sizeof(ps_layer_functions),
    .release = PS_VERSION,
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
    .geopackage_close = ps_ogr_geopackage_close,
    .geopackage_abandon = ps_ogr_geopackage_abandon,
    .gdal_version = ps_ogr_gdal_version,
    .gdal_file = ps_ogr_gdal_file,
};

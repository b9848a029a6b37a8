/* Areas of a plain GeoPackage, read through SQLite alone: GDAL takes longer to load than
 * a district takes to read.
 *
 * Rule     Plain is what most programs write: a table of polygons or multipolygons
 *          without heights in a system of a short list, codes and names in columns of
 *          text, no filter, nobody writing to it. What is not certainly plain, or not in
 *          order, is left to OGR; of what is plain both make the same, bit for bit.
 * Errors   those of features.h; all others are left to OGR. A file that goes on for
 * longer than it is: PS_FORMAT. Threads  as ps_layer_read_areas.
 */
#ifndef PS_GEO_LAYER_GPKG_H
#define PS_GEO_LAYER_GPKG_H

#include "engine/core/module.h"
#include "geo/layer.h"

/* As ps_layer_read_areas. *plain false: nothing was made or said, and OGR has to read it.
 */
ps_status ps_gpkg_read_areas(const ps_layer_spec *spec, const ps_talk *talk, bool *plain,
                             ps_areas **out, ps_layer_report *report,
                             ps_error *err) PS_MUST_CHECK;

/* How many of the n bytes of a geometry column stand before its WKB; 0 when it is not
 * plain: of another form or system, empty. srs_id: of the layer. */
size_t ps_gpkg_head(const unsigned char *blob, size_t n, int32_t srs_id);
/* The polygon or multipolygon in n bytes of WKB as little-endian ones in n bytes of out,
 * false when it is not plain: of another type, with heights,
 * empty, cut off or too long. */
bool ps_gpkg_polygon(const unsigned char *wkb, size_t n,
                     unsigned char *out) PS_MUST_CHECK;

/* The systems of plain layers, by EPSG code. */
extern const int32_t ps_gpkg_systems[];
extern const size_t ps_gpkg_n_systems;

typedef struct ps_gpkg_functions {
    ps_module_head head;
    __typeof__(&ps_gpkg_read_areas) read_areas;
} ps_gpkg_functions;

/* Of the module that uses PROJ, which brings SQLite; absent in the library. */
extern const ps_gpkg_functions ps_gpkg __attribute__((weak));

#endif

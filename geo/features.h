/* From the features of a layer to areas, whatever reads them.
 *
 * A reader adds features in the order of the file; what is said of them, and what becomes
 * of them, does not depend on the reader.
 *
 * Rule     Shapes are little-endian, two-dimensional WKB. What is not certainly valid is
 *          checked, and repaired, by GEOS. The whole layer is in memory only once, as the
 *          areas; order and report do not depend on the threads.
 * Errors   those of ps_layer_read_areas that need no more than features.
 * Threads  batches of features are read, checked and taken over at the same time.
 */
#ifndef PS_GEO_FEATURES_H
#define PS_GEO_FEATURES_H

#include "geo/layer.h"

typedef struct ps_features ps_features; /* on their way to areas */

typedef struct ps_feature_source {
    const char *shown; /* the file as the user wrote it */
    const char *layer, *driver;
    double count; /* of features, to show progress; 0: not known */
    /* Adds features while there is room; *ended when there are no more. One call at a
     * time, but each may be on another thread. */
    ps_status (*read)(void *context, ps_features *to, bool *ended, ps_error *err);
    void *context;
} ps_feature_source;

typedef enum ps_feature_shape {
    PS_FEATURE_NULL,
    PS_FEATURE_EMPTY,
    PS_FEATURE_OTHER,
    PS_FEATURE_POLYGON
} ps_feature_shape;

bool ps_features_have_room(const ps_features *to);
/* How many there are so far. */
int64_t ps_features_count(const ps_features *to);
/* Where the texts of the next feature may stand. */
ps_arena *ps_features_text(ps_features *to);
/* The next feature. Without a code: PS_FORMAT. It has no geometry unless that is given.
 */
ps_status ps_features_add(ps_features *to, ps_str code, ps_str name,
                          ps_error *err) PS_MUST_CHECK;
/* Its shape is a polygon or multipolygon of n bytes, for *wkb to be filled. */
ps_status ps_features_polygon(ps_features *to, size_t n, unsigned char **wkb,
                              ps_error *err) PS_MUST_CHECK;
/* Its shape is no polygon; other: the name of its type, which has to last, or NULL. */
void ps_features_no_polygon(ps_features *to, ps_feature_shape shape, const char *other);

/* Takes crs, also on failure. */
ps_status ps_features_to_areas(const ps_feature_source *source, const ps_layer_spec *spec,
                               ps_crs *crs, const ps_talk *talk, ps_areas **out,
                               ps_layer_report *report, ps_error *err) PS_MUST_CHECK;

/* What coordinates in that box look like, for a message; NULL for nothing known. */
const char *ps_features_box_resembles(const double box[4]);
void ps_features_box_text(const double box[4], char out[160]);

#endif

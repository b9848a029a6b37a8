/* Which area of each geography is each point in? Exact, on integers, with a stated rule.
 *
 * Freezing turns boundary coordinates into integers: millimetres for a projected CRS,
 * 1e-8 degree (1.1 mm) for a geographic one, coarser by powers of ten only when the
 * extent would not fit in 31 bits. Vertices that neighbours published with different
 * noise in the last digits meet again, and every orientation test is exact in 64-bit
 * integers: no epsilon, the same answer on every processor. Points are rounded to the
 * same unit, half away from zero.
 *
 * Rule: areas are closed. A point in or on several areas of one layer (a shared edge, or
 * areas that overlap) belongs to the lowest row, which is the lowest code, and is counted
 * as a tie of that layer.
 */
#ifndef PS_GEO_LOCATE_H
#define PS_GEO_LOCATE_H

#include "geo/areas.h"

typedef struct ps_locator ps_locator;

/* One geography: its areas, which must outlive the locator, and the operation that brings
 * them to the points' CRS, or NULL when that is theirs. */
typedef struct ps_locator_layer {
    const ps_areas *areas;
    ps_crs_operation *op;
} ps_locator_layer;

/* An index of n layers for points of one CRS. Where that is not the CRS of a layer, its
 * boundaries are brought to the points', long edges split so that the straight edge in
 * the target stays within 1 mm of the true one; shared edges are split alike, so they
 * stay shared. geographic: coordinates are degrees. Built in parallel; the same for any
 * number of threads. Errors  NOMEM; FORMAT when a coordinate has no image; LIMIT beyond
 * 2^31 edges. Cost    O(edges + cells touched). */
ps_status ps_locator_build(const ps_locator_layer *layer, size_t n, bool geographic,
                           ps_locator **out, ps_error *err) PS_MUST_CHECK;
void ps_locator_free(ps_locator *locator);

/* The row of the area of each of n points in each layer, PS_NONE outside of all: row[l *
 * n
 * + i] for layer l and point i. ties (may be NULL), one number per layer, is increased by
 * the points that were in or on more than one area of the layer. Points may be anything
 * finite or not: what is not finite, or out of range, is outside. Any number of threads
 * at once. No allocation. Cost    one cell look-up, plus the edges of that cell where a
 * boundary crosses it. */
void ps_locate(const ps_locator *locator, size_t n, const double *x, const double *y,
               int32_t *row, int64_t *ties);

/* The frozen unit of a layer in units of the CRS (0.001 for millimetres), and the memory
 * of the index. */
double ps_locator_unit(const ps_locator *locator, size_t layer);
size_t ps_locator_bytes(const ps_locator *locator);

/* The same index byte for byte, so the same answer everywhere. */
bool ps_locator_same(const ps_locator *a, const ps_locator *b);

/* Where the bytes of an index go: in order, but for some that are known last. */
typedef struct ps_locator_sink {
    void (*write)(void *to, const void *bytes, size_t n);
    /* Leave out n bytes, which stand at the offset that it returns; fill them. */
    size_t (*leave)(void *to, size_t n);
    void (*fill)(void *to, size_t at, const void *bytes, size_t n);
    void *to;
} ps_locator_sink;

/* As ps_locator_build, but the index goes into a file while it is made. */
enum { PS_LOCATOR_IMAGE = 2 }; /* version of the form, and of what is written in it */
ps_status ps_locator_write(const ps_locator_layer *layer, size_t n, bool geographic,
                           const ps_locator_sink *sink, ps_error *err) PS_MUST_CHECK;
/* An index that reads such bytes where they stand: they begin at a multiple of 8, are
 * never written, and stay until ps_locator_free calls release(held); on failure it is not
 * called. deep: every entry is looked at, so that no bytes whatsoever can lead ps_locate
 * astray; without it only the head is, for bytes that passed before. layer, n_layers and
 * geographic as for ps_locator_build. Errors  NOMEM; FORMAT when the bytes are no such
 * index, or not of these areas. */
ps_status ps_locator_view(void *bytes, size_t n, bool deep, const ps_locator_layer *layer,
                          size_t n_layers, bool geographic, void (*release)(void *held),
                          void *held, ps_locator **out, ps_error *err) PS_MUST_CHECK;

/* The frozen coordinate of v, as used for a layer: llround(v * (1 / unit)); INT64_MIN
 * when that is out of range or v is not finite. For oracles and tests. */
int64_t ps_locator_freeze(const ps_locator *locator, size_t layer, double v);

/* The frozen rings of a layer, in frozen units, as the index sees them (after
 * reprojection and splitting): for oracles. Caller frees with ps_areas_free; coordinates
 * are integers held in doubles. */
ps_status ps_locator_frozen_areas(const ps_locator *locator, size_t layer, ps_areas **out,
                                  ps_error *err) PS_MUST_CHECK;

#endif

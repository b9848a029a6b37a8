/* Boundaries and indexes kept as files, so that a later run maps them instead of reading,
 * repairing, transforming and indexing again.
 *
 * Rule     Files stand in a ps_store with the endings .areas and .index, and small ones
 *          beside them: .libs (libraries.h), .source, .crs and .op. The key is a hash of
 *          all that the content follows from: for areas the bytes of the source files,
 *          what was asked of them and the state of the libraries; for an index the areas
 *          of all its layers and the operations on them; for what PROJ answers the
 *          question and the state of the libraries. So a file is never out of date, only
 *          unused. Before its first use each is also looked at entry by entry, so that no
 *          content can make a reader leave its bounds. What fails is made again and
 *          replaced. Answers are the same with and without.
 * Errors   None of its own: see ps_store.
 * Threads  any number of processes share one mapping.
 * Cost     With everything kept neither GDAL nor PROJ nor GEOS is loaded, and a source is
 *          hashed only when it changed.
 */
#ifndef PS_GEO_PREPARED_H
#define PS_GEO_PREPARED_H

#include "geo/layer.h"
#include "geo/locate.h"
#include "geo/store.h"

typedef struct ps_prepared {
    ps_store store;
    size_t least_points; /* sets with fewer vertices are not worth a file */
} ps_prepared;

enum { PS_PREPARED_LEAST_POINTS = 20000 };
#define PS_PREPARED_MOST_BYTES INT64_C(2000000000)

/* As the environment says, for a program's start: PLACESTAT_CACHE names the folder by its
 * absolute path, anything else ("off") keeps nothing; without it the folder placestat in
 * XDG_CACHE_HOME, or in .cache of HOME. PLACESTAT_CACHE_MB is the most that the files may
 * take, in 10^6 bytes. folder: room for its name, which has to last. */
ps_prepared ps_prepared_default(char folder[PS_STORE_PATH]);

/* As ps_layer_read_areas, with the same report and the same sentences said. */
ps_status ps_prepared_areas(const ps_prepared *prepared, const ps_layer_spec *spec,
                            const ps_talk *talk, ps_areas **out, ps_layer_report *report,
                            ps_error *err) PS_MUST_CHECK;

/* As ps_crs_open and ps_crs_operation_open; prepared may be NULL. An operation from a
 * file is one that ps_crs_operation_ready has to make before its points are asked for. */
ps_status ps_prepared_crs(const ps_prepared *prepared, const char *definition,
                          ps_crs **out, ps_error *err) PS_MUST_CHECK;
ps_status ps_prepared_operation(const ps_prepared *prepared, const ps_crs *from,
                                const ps_crs *to, const double box[4],
                                double max_accuracy, ps_crs_operation **out,
                                ps_error *err) PS_MUST_CHECK;

/* As ps_locator_build; makes the operations ready when it needs them. */
ps_status ps_prepared_locator(const ps_prepared *prepared, const ps_locator_layer *layer,
                              size_t n, bool geographic, ps_locator **out,
                              ps_error *err) PS_MUST_CHECK;

/* A key for whatever follows from where points lie in these layers, this build of
 * placestat and nothing else; without layers, from the build alone. Codes and names are
 * not in it. false when nothing is kept, or it cannot be told what an operation does. */
bool ps_prepared_key(const ps_prepared *prepared, const ps_locator_layer *layer, size_t n,
                     bool geographic, ps_store_key *out);

/* The areas in the bytes of such a file behind its head; bytes begin at a multiple of 8
 * and stay until release(held) is called by ps_areas_free; on failure it is not called.
 * PS_FORMAT when they are not in order; deep: looked at in full. prepared: where the CRS
 * may be kept, or NULL. */
ps_status ps_prepared_areas_view(const ps_prepared *prepared, void *bytes, size_t n,
                                 bool deep, const ps_talk *talk,
                                 void (*release)(void *held), void *held, ps_areas **out,
                                 ps_layer_report *report, ps_error *err) PS_MUST_CHECK;

#endif

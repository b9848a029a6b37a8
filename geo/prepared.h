/* Boundaries and indexes kept as files, so that a later run maps them instead of reading,
 * repairing, transforming and indexing again.
 *
 * Layout   <folder>/<32 hexadecimal digits>.areas and .index, and beside each a .checked
 *          once it was looked at in full.
 * Rule     The digits are a hash of all that the content follows from: for areas the
 * bytes of the source files, what was asked of them and the releases of the libraries;
 * for an index the coordinates of all its layers and what the operations make of some.
 * GDAL, which is not loaded to use a file of areas, is named in it with the state of its
 * own file, and has to be the same. So a file is never out of date, only unused, and any
 * may be deleted at any time. Files are
 * written whole or not at all. Before its first use a file is checked byte by byte, and
 * entry by entry so that no content can make a reader leave its bounds; later, an
 * unchanged file that belongs to the user and that nobody else may write is taken as
 * checked. What fails is made again and replaced. Answers are the same with and without.
 * Errors   None of its own: without a folder, or when it cannot be read or written, all
 * is as if there were none.
 * Threads  any number of processes share one mapping.
 */
#ifndef PS_GEO_PREPARED_H
#define PS_GEO_PREPARED_H

#include "geo/layer.h"
#include "geo/locate.h"

typedef struct ps_prepared {
    const char *folder;  /* made when absent; NULL: keep nothing */
    size_t least_points; /* sets with fewer vertices are not worth a file */
} ps_prepared;

enum {
    PS_PREPARED_LEAST_POINTS = 20000,
    PS_PREPARED_PATH = 4096,
    PS_PREPARED_HEAD = 512 /* bytes before the body */
};

/* The folder that the environment variable PLACESTAT_CACHE names. false when it is not
 * set or no absolute path: then nothing is kept. */
bool ps_prepared_folder(char out[PS_PREPARED_PATH]);

/* As ps_layer_read_areas, with the same report and the same sentences said. */
ps_status ps_prepared_areas(const ps_prepared *prepared, const ps_layer_spec *spec,
                            const ps_talk *talk, ps_areas **out, ps_layer_report *report,
                            ps_error *err) PS_MUST_CHECK;

/* As ps_locator_build. */
ps_status ps_prepared_locator(const ps_prepared *prepared, const ps_locator_layer *layer,
                              size_t n, bool geographic, ps_locator **out,
                              ps_error *err) PS_MUST_CHECK;

/* The areas in the bytes of such a file behind its head; bytes begin at a multiple of 8
 * and stay until release(held) is called by ps_areas_free; on failure it is not called.
 * PS_FORMAT when they are not in order; deep: looked at in full. */
ps_status ps_prepared_areas_view(void *bytes, size_t n, bool deep, const ps_talk *talk,
                                 void (*release)(void *held), void *held, ps_areas **out,
                                 ps_layer_report *report, ps_error *err) PS_MUST_CHECK;

#endif

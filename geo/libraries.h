/* Which libraries, and which files of theirs, would answer, without loading them.
 *
 * What GDAL, GEOS and PROJ answer follows from their own files and those that they load,
 * and for PROJ from the files in the folders where it looks. All of these are listed once
 * with the state of each, in a file of the store; as long as the states are the same, so
 * are the answers. There are two lists, so that
 * GDAL need not be loaded for what it has no part in.
 */
#ifndef PS_GEO_LIBRARIES_H
#define PS_GEO_LIBRARIES_H

#include "geo/store.h"

typedef enum ps_libraries {
    PS_LIBRARIES_GEO, /* PROJ, GEOS and what they bring */
    PS_LIBRARIES_ALL  /* and GDAL */
} ps_libraries;

/* A hash of the list and its states. When there is no list yet or it no longer holds, the
 * libraries are loaded if `load`. A process is answered by the libraries that it found
 * first: it looks once for each folder and environment. false when nothing is kept, or
 * the list cannot be made, or would have to be. Any thread. */
bool ps_libraries_state(const ps_store *store, ps_libraries which, bool load,
                        ps_store_key *out);

#endif

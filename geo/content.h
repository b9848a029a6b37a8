/* What follows from the content of files alone, such as a hash of them, kept in a store
 * under the state that the files are in.
 *
 * Rule     A state stands for one content unless it is so young that the files could
 *          change once more and look the same: then nothing is recalled nor kept.
 * Errors   None: what is not known is not recalled.
 * Threads  any.
 */
#ifndef PS_GEO_CONTENT_H
#define PS_GEO_CONTENT_H

#include "geo/store.h"

typedef struct ps_content {
    ps_store_key key;
    bool settled;
} ps_content;

/* The state of files together; any of them may be absent. To be taken before they are
 * read. */
void ps_content_look(const char *const *path, size_t n, ps_content *out);
/* The n bytes that were kept as this kind. */
bool ps_content_recall(const ps_store *store, const char *kind, const ps_content *content,
                       void *value, size_t n);
/* Keep them, unless the files have changed since they were looked at. */
void ps_content_keep(const ps_store *store, const char *kind, const ps_content *content,
                     const char *const *path, size_t n_paths, const void *value,
                     size_t n);

#endif

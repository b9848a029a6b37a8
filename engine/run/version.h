/* Which versions are at work? */
#ifndef PS_RUN_VERSION_H
#define PS_RUN_VERSION_H

#include <stddef.h>

typedef struct ps_version {
    const char *name, *version;
} ps_version;

/* The libraries that placestat runs on, by name; the list is constant. Returns its
 * length. placestat's own version is PS_VERSION. */
size_t ps_version_list(const ps_version **out);

#endif

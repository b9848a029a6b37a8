/* Parts of the library that stand in shared objects of their own, because what they use
 * takes long to load and many runs never need it: libplacestat-ogr (GDAL),
 * libplacestat-geo (PROJ, GEOS, SQLite) and libplacestat-omp (OpenMP, which also has to
 * be told how to wait before it is loaded).
 *
 * A part offers one table of functions. Whoever goes on to it declares that table weak:
 * a program that is linked with the part itself, as the tests are, has it at once, and
 * otherwise the shared object is loaded when it is first needed. It is the file of a
 * fixed name, release included, in the folder of the library itself; no path of the
 * environment is searched for it. It stays until the process ends, since GDAL does not
 * like to be unloaded.
 */
#ifndef PS_CORE_MODULE_H
#define PS_CORE_MODULE_H

#include <stddef.h>

/* What every table begins with. */
typedef struct ps_module_head {
    size_t bytes;        /* of the table, as the part was built */
    const char *release; /* of placestat, likewise */
} ps_module_head;

enum { PS_MODULE_TROUBLE = 4096 + 256 };

/* The table of that name in the part of that name, of so many bytes. NULL when it cannot
 * be had, and then trouble says why. */
const void *ps_module_load(const char *part, const char *table, size_t bytes,
                           char trouble[PS_MODULE_TROUBLE]);

#endif

#include "engine/core/module.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { PATH_BYTES = 4096 };

/* The file of a part; false when the folder of the library is not known. */
static bool find_file(const char *part, char path[PATH_BYTES],
                      char trouble[PS_MODULE_TROUBLE]) {
    static const char here = 0; /* stands in the library */
    Dl_info info;
    if (dladdr(&here, &info) == 0 || info.dli_fname == NULL) {
        snprintf(trouble, PS_MODULE_TROUBLE, "the folder of the library is not known");
        return false;
    }
    const char *slash = strrchr(info.dli_fname, '/');
    const int n = snprintf(path, PATH_BYTES, "%.*s/libplacestat-%s-" PS_VERSION ".so",
                           slash != NULL ? (int)(slash - info.dli_fname) : 1,
                           slash != NULL ? info.dli_fname : ".", part);
    if (n > 0 && n < PATH_BYTES) return true;
    snprintf(trouble, PS_MODULE_TROUBLE, "its path is too long");
    return false;
}

const void *ps_module_load(const char *part, const char *table, size_t bytes,
                           char trouble[PS_MODULE_TROUBLE]) {
    char path[PATH_BYTES];
    if (!find_file(part, path, trouble)) return NULL;
    void *handle = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
    if (handle == NULL) {
        const char *why = dlerror();
        snprintf(trouble, PS_MODULE_TROUBLE, "%s", why != NULL ? why : path);
        return NULL;
    }
    const ps_module_head *found = dlsym(handle, table);
    if (found != NULL && found->bytes == bytes && strcmp(found->release, PS_VERSION) == 0)
        return found;
    snprintf(trouble, PS_MODULE_TROUBLE, "%s is of another build", path);
    return NULL;
}

/* What every part of a framework may name: entries of its lists, by id, and periods. */
#include <string.h>

#include "engine/run/framework_check.h"
#include "engine/run/yaml_check.h"

enum { MOST_CANDIDATES = 64 };

/* The id that every entry of a list begins with. */
static const char *id_at(const void *list, size_t size, size_t i) {
    char *id;
    memcpy(&id, (const char *)list + i * size, sizeof id);
    return id;
}

int ps_framework_place(const void *list, size_t n, size_t size, const char *id) {
    for (size_t i = 0; i < n; i++)
        if (strcmp(id_at(list, size, i), id) == 0) return (int)i;
    return -1;
}

ps_status ps_framework_check_reference(const ps_yaml *yaml, const char *path,
                                       const char *what, const void *list, size_t n,
                                       size_t size, const char *id, ps_error *err) {
    const char *candidates[MOST_CANDIDATES];
    char text[PS_YAML_HINT];
    if (ps_framework_place(list, n, size, id) >= 0) return PS_OK;
    size_t k = 0;
    for (; k < n && k < MOST_CANDIDATES; k++) candidates[k] = id_at(list, size, k);
    return PS_YAML_WRONG(yaml, err, path, "no %s has the id '%.40s'%s", what, id,
                         ps_yaml_hint(text, id, candidates, k));
}

ps_status ps_framework_check_period(const ps_yaml *yaml, const char *path,
                                    const char *text, ps_period *period, ps_error *err) {
    ps_error why = {.status = PS_OK};
    size_t n = 0;
    if (ps_period_expand(ps_str_of(text), 1, 0, period, 1, &n, &why) != PS_OK)
        return PS_YAML_WRONG(yaml, err, path, "%s", why.text);
    if (n != 1)
        return PS_YAML_WRONG(yaml, err, path,
                             "'%.40s' is a series of periods; one is wanted, such as "
                             "2021/22 or 2021",
                             text);
    return PS_OK;
}

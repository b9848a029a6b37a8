#include "engine/run/yaml_check.h"

#include <string.h>

const char *ps_yaml_hint(char out[PS_YAML_HINT], const char *text,
                         const char *const *candidates, size_t n) {
    int near = ps_nearest(ps_str_of(text), candidates, n);
    out[0] = '\0';
    if (near >= 0) {
        snprintf(out, PS_YAML_HINT, "; did you mean '%.60s'?", candidates[near]);
        return out;
    }
    size_t used = 0;
    for (size_t i = 0; i < n && used < PS_YAML_HINT; i++) {
        int put = snprintf(out + used, PS_YAML_HINT - used, "%s%.40s",
                           i == 0 ? "; there is " : ", ", candidates[i]);
        used += put > 0 ? (size_t)put : 0;
    }
    return out;
}

static bool is_id(const char *id) {
    const char *first = "abcdefghijklmnopqrstuvwxyz0123456789";
    size_t n = strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789-");
    return strchr(first, id[0]) != NULL && id[n] == '\0' && n <= 64;
}

ps_status ps_yaml_check_id(const ps_yaml *yaml, ps_keys *ids, const char *path,
                           const char *id, ps_error *err) {
    bool added;
    int32_t at;
    if (!is_id(id))
        return PS_YAML_WRONG(yaml, err, path,
                             "'%.40s' is not an id: small letters, digits and '-', "
                             "beginning with a letter or digit, at most 64",
                             id);
    PS_TRY(ps_keys_add(ids, ps_str_of(id), &at, &added, err));
    if (!added) return PS_YAML_WRONG(yaml, err, path, "the id '%s' is taken already", id);
    return PS_OK;
}

ps_status ps_yaml_default_text(char **slot, const char *text, ps_error *err) {
    if (*slot != NULL) return PS_OK;
    *slot = ps_strndup(text, strlen(text));
    return *slot != NULL ? PS_OK : ps_fail_nomem(err);
}

/* The comparisons of a framework: do their geographies and measures exist, and can they
 * be compared? */
#include <string.h>

#include "engine/run/framework_check.h"
#include "engine/run/yaml_check.h"

static ps_status check_list(const ps_yaml *yaml, const ps_framework *f, unsigned i,
                            const char *key, char *const *list, unsigned n,
                            ps_error *err) {
    char path[PS_YAML_PATH];
    for (unsigned k = 0; k < n; k++) {
        PS_YAML_AT(path, "comparisons[%u].%s[%u]", i, key, k);
        PS_TRY(PS_FRAMEWORK_CHECK_REFERENCE(yaml, path, "geography", f->geographies,
                                            f->geographies_count, list[k], err));
        for (unsigned other = 0; other < k; other++)
            if (strcmp(list[other], list[k]) == 0)
                return PS_YAML_WRONG(yaml, err, path, "'%s' stands twice", list[k]);
    }
    return PS_OK;
}

static ps_status check_apart(const ps_yaml *yaml, const ps_framework_comparison *c,
                             unsigned i, ps_error *err) {
    char path[PS_YAML_PATH];
    for (unsigned t = 0; t < c->there_count; t++)
        for (unsigned h = 0; h < c->here_count; h++) {
            if (strcmp(c->there[t], c->here[h]) != 0) continue;
            PS_YAML_AT(path, "comparisons[%u].there[%u]", i, t);
            return PS_YAML_WRONG(yaml, err, path,
                                 "'%s' stands under 'here', too, and an area is not "
                                 "compared with itself",
                                 c->there[t]);
        }
    return PS_OK;
}

static ps_status check_measures(const ps_yaml *yaml, const ps_framework *f,
                                const ps_framework_comparison *c, unsigned i,
                                ps_error *err) {
    char path[PS_YAML_PATH];
    for (unsigned m = 0; m < c->measures_count; m++) {
        PS_YAML_AT(path, "comparisons[%u].measures[%u]", i, m);
        PS_TRY(PS_FRAMEWORK_CHECK_REFERENCE(yaml, path, "measure", f->measures,
                                            f->measures_count, c->measures[m], err));
        for (unsigned k = 0; k < m; k++)
            if (strcmp(c->measures[k], c->measures[m]) == 0)
                return PS_YAML_WRONG(yaml, err, path, "'%s' stands twice",
                                     c->measures[m]);
        const int at = PS_FRAMEWORK_PLACE(f->measures, f->measures_count, c->measures[m]);
        if (f->measures[at].reference != NULL)
            return PS_YAML_WRONG(yaml, err, path,
                                 "'%s' is one published figure, with nothing to compare "
                                 "it with",
                                 c->measures[m]);
    }
    return PS_OK;
}

ps_status ps_framework_check_comparisons(const ps_yaml *yaml, const ps_framework *f,
                                         ps_keys *ids, ps_error *err) {
    char path[PS_YAML_PATH];
    ps_period period;
    for (unsigned i = 0; i < f->comparisons_count; i++) {
        const ps_framework_comparison *c = &f->comparisons[i];
        PS_YAML_AT(path, "comparisons[%u].id", i);
        PS_TRY(ps_yaml_check_id(yaml, ids, path, c->id, err));
        PS_TRY(check_list(yaml, f, i, "here", c->here, c->here_count, err));
        PS_TRY(check_list(yaml, f, i, "there", c->there, c->there_count, err));
        PS_TRY(check_apart(yaml, c, i, err));
        PS_TRY(check_measures(yaml, f, c, i, err));
        PS_YAML_AT(path, "comparisons[%u].baseline", i);
        if (c->baseline != NULL)
            PS_TRY(ps_framework_check_period(yaml, path, c->baseline, &period, err));
    }
    return PS_OK;
}

/* ---- Defaults ---- */

static bool is_counted(const ps_framework_measure *m) {
    static const char *const methods[] = {"count_ci", "crude_rate", "proportion"};
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (m->table == NULL && strcmp(m->method, methods[i]) == 0) return true;
    return false;
}

/* The count grows with each text, so that a list made in part is freed with the rest. */
static ps_status take_all(ps_framework *f, ps_framework_comparison *c, ps_error *err) {
    c->measures = ps_zalloc(f->measures_count, sizeof *c->measures);
    if (c->measures == NULL) return ps_fail_nomem(err);
    for (unsigned i = 0; i < f->report->order_count; i++) {
        const char *id = f->report->order[i];
        const int at = PS_FRAMEWORK_PLACE(f->measures, f->measures_count, id);
        if (!is_counted(&f->measures[at])) continue;
        PS_TRY(ps_yaml_default_text(&c->measures[c->measures_count], id, err));
        c->measures_count++;
    }
    return PS_OK;
}

ps_status ps_framework_complete_comparisons(ps_framework *f, ps_error *err) {
    for (unsigned i = 0; i < f->comparisons_count; i++)
        if (f->comparisons[i].measures_count == 0)
            PS_TRY(take_all(f, &f->comparisons[i], err));
    return PS_OK;
}

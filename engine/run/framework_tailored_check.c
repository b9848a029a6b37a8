/* The plans of single areas in a framework. */
#include <string.h>

#include "engine/run/framework_check.h"
#include "engine/run/tailoring.h"
#include "engine/run/yaml_check.h"

/* A measure that the area could have. */
static ps_status check_measure(const ps_yaml *yaml, const ps_framework *f,
                               const ps_framework_tailored *t, const char *path,
                               const char *id, const ps_framework_measure **out,
                               ps_error *err) {
    PS_TRY(PS_FRAMEWORK_CHECK_REFERENCE(yaml, path, "measure", f->measures,
                                        f->measures_count, id, err));
    *out = &f->measures[PS_FRAMEWORK_PLACE(f->measures, f->measures_count, id)];
    if (ps_framework_lists((*out)->geographies, (*out)->geographies_count,
                           t->area->geography))
        return PS_OK;
    return PS_YAML_WRONG(yaml, err, path,
                         "'%s' is not computed on the geography '%s' of this area", id,
                         t->area->geography);
}

static ps_status check_list(const ps_yaml *yaml, const ps_framework *f, unsigned i,
                            const char *key, char *const *list, unsigned n, bool only,
                            ps_error *err) {
    char path[PS_YAML_PATH];
    const ps_framework_measure *m;
    for (unsigned k = 0; k < n; k++) {
        PS_YAML_AT(path, "tailored[%u].%s[%u]", i, key, k);
        PS_TRY(check_measure(yaml, f, &f->tailored[i], path, list[k], &m, err));
        if (ps_framework_lists(list, k, list[k]))
            return PS_YAML_WRONG(yaml, err, path, "'%s' stands twice", list[k]);
        if (only && m->only == NULL)
            return PS_YAML_WRONG(yaml, err, path,
                                 "'%s' is shown everywhere; what is added here has to be "
                                 "marked 'only: tailored'",
                                 list[k]);
        if (!only && m->only != NULL)
            return PS_YAML_WRONG(yaml, err, path,
                                 "'%s' is only shown where it is added, so there is "
                                 "nothing to hide",
                                 list[k]);
    }
    return PS_OK;
}

/* What a method works out for all areas at once is of one baseline. */
static bool moves_baseline(const ps_framework_measure *m,
                           const ps_framework_change *change) {
    if (m->result == NULL || change->baseline == NULL || change->baseline->period == NULL)
        return false;
    return m->baseline == NULL || m->baseline->period == NULL ||
           strcmp(m->baseline->period, change->baseline->period) != 0;
}

static ps_status check_change(const ps_yaml *yaml, const ps_framework *f, unsigned i,
                              unsigned k, ps_error *err) {
    const ps_framework_tailored *t = &f->tailored[i];
    const ps_framework_change *change = &t->change[k];
    const ps_framework_measure *m;
    char path[PS_YAML_PATH], target[PS_YAML_PATH];
    PS_YAML_AT(path, "tailored[%u].change[%u].measure", i, k);
    PS_TRY(check_measure(yaml, f, t, path, change->measure, &m, err));
    for (unsigned other = 0; other < k; other++)
        if (strcmp(t->change[other].measure, change->measure) == 0)
            return PS_YAML_WRONG(yaml, err, path, "'%s' stands twice", change->measure);
    if (ps_framework_lists(t->hide, t->hide_count, change->measure))
        return PS_YAML_WRONG(yaml, err, path, "'%s' is hidden here", change->measure);
    if (m->only != NULL && !ps_framework_lists(t->add, t->add_count, change->measure))
        return PS_YAML_WRONG(yaml, err, path,
                             "'%s' is only shown where it is added: name it under 'add'",
                             change->measure);
    PS_YAML_AT(path, "tailored[%u].change[%u]", i, k);
    if (change->title == NULL && change->why == NULL && change->baseline == NULL &&
        change->target == NULL && change->min_base == NULL && change->caveats_count == 0)
        return PS_YAML_WRONG(yaml, err, path, "changes nothing");
    if (change->min_base != NULL && *change->min_base < 0)
        return PS_YAML_WRONG(yaml, err, path, "min_base %lld is below 0",
                             (long long)*change->min_base);
    if (change->baseline != NULL && change->baseline->measure != NULL)
        return PS_YAML_WRONG(yaml, err, path,
                             "the baseline of one area is a value or a period");
    if (m->reference != NULL && (change->baseline != NULL || change->target != NULL))
        return PS_YAML_WRONG(yaml, err, path,
                             "a reference is shown as it was published: it has no "
                             "baseline or target");
    if (moves_baseline(m, change))
        return PS_YAML_WRONG(yaml, err, path,
                             "the baseline of '%s' is of one period in all areas",
                             change->measure);
    const ps_framework_measure here = ps_tailored_measure(m, change);
    PS_YAML_AT(target, "tailored[%u].change[%u].target", i, k);
    PS_TRY(ps_framework_check_goal(yaml, &here, path, target, err));
    return ps_framework_check_figures(yaml, m, change->baseline, change->target, path,
                                      err);
}

static ps_status check_area(const ps_yaml *yaml, const ps_framework *f, unsigned i,
                            ps_error *err) {
    const ps_framework_area *area = f->tailored[i].area;
    char path[PS_YAML_PATH];
    PS_YAML_AT(path, "tailored[%u].area.geography", i);
    PS_TRY(PS_FRAMEWORK_CHECK_REFERENCE(yaml, path, "geography", f->geographies,
                                        f->geographies_count, area->geography, err));
    PS_YAML_AT(path, "tailored[%u].area.code", i);
    for (unsigned k = 0; k < i; k++)
        if (strcmp(f->tailored[k].area->geography, area->geography) == 0 &&
            strcmp(f->tailored[k].area->code, area->code) == 0)
            return PS_YAML_WRONG(yaml, err, path, "the area '%.60s' stands twice",
                                 area->code);
    return PS_OK;
}

ps_status ps_framework_check_tailored(const ps_yaml *yaml, const ps_framework *f,
                                      ps_error *err) {
    for (unsigned i = 0; i < f->tailored_count; i++) {
        const ps_framework_tailored *t = &f->tailored[i];
        char path[PS_YAML_PATH];
        PS_TRY(check_area(yaml, f, i, err));
        PS_YAML_AT(path, "tailored[%u]", i);
        if (t->hide_count + t->add_count + t->change_count == 0)
            return PS_YAML_WRONG(yaml, err, path,
                                 "needs one of 'hide', 'add' and 'change'");
        PS_TRY(check_list(yaml, f, i, "hide", t->hide, t->hide_count, false, err));
        PS_TRY(check_list(yaml, f, i, "add", t->add, t->add_count, true, err));
        for (unsigned k = 0; k < t->change_count; k++)
            PS_TRY(check_change(yaml, f, i, k, err));
    }
    return PS_OK;
}

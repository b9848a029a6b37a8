#include "engine/run/tailoring.h"

#include <string.h>

ps_framework_measure ps_tailored_measure(const ps_framework_measure *measure,
                                         const ps_framework_change *change) {
    ps_framework_measure here = *measure;
    if (change == NULL) return here;
    if (change->title != NULL) here.title = change->title;
    if (change->why != NULL) here.why = change->why;
    if (change->baseline != NULL) here.baseline = change->baseline;
    if (change->target != NULL) here.target = change->target;
    if (change->min_base != NULL) here.min_base = *change->min_base;
    if (change->caveats_count > 0) {
        here.caveats = change->caveats;
        here.caveats_count = change->caveats_count;
    }
    return here;
}

static const ps_framework_change *change_of(const ps_framework_tailored *t,
                                            const char *id) {
    for (unsigned k = 0; k < t->change_count; k++)
        if (strcmp(t->change[k].measure, id) == 0) return &t->change[k];
    return NULL;
}

static bool tailors(const ps_framework_tailored *t, const char *id) {
    return ps_framework_lists(t->hide, t->hide_count, id) ||
           ps_framework_lists(t->add, t->add_count, id) || change_of(t, id) != NULL;
}

ps_status ps_tailored_open(const ps_figures *figures, ps_measure *m, ps_error *err) {
    const ps_framework *f = m->binding->framework;
    const char *id = m->spec->id;
    size_t n = 0;
    for (unsigned i = 0; i < f->tailored_count; i++) n += tailors(&f->tailored[i], id);
    if (n == 0) return PS_OK;
    ps_tailored_view *views = ps_zalloc(n, sizeof *views);
    if (views == NULL) return ps_fail_nomem(err);
    size_t found = 0;
    for (unsigned i = 0; i < f->tailored_count; i++) {
        const ps_framework_tailored *t = &f->tailored[i];
        ps_tailored_view *v = &views[found];
        if (!tailors(t, id) ||
            !ps_geographies_find(figures->geographies, t->area->geography, t->area->code,
                                 &v->geography, &v->area))
            continue;
        v->plan = t;
        v->shown = !ps_framework_lists(t->hide, t->hide_count, id);
        v->change = change_of(t, id);
        v->spec = ps_tailored_measure(m->spec, v->change);
        v->measure = *m;
        v->measure.spec = &v->spec;
        v->measure.view = v;
        found++;
    }
    m->views = views;
    m->n_views = found;
    return PS_OK;
}

void ps_tailored_close(ps_measure *m) {
    ps_free(m->views);
}

const ps_tailored_view *ps_tailored_find(const ps_measure *m, size_t geography,
                                         size_t area) {
    for (size_t i = 0; i < m->n_views; i++)
        if (m->views[i].geography == geography && m->views[i].area == area)
            return &m->views[i];
    return NULL;
}

void ps_tailored_tell(const ps_bindings *bindings, const ps_geographies *geographies,
                      const ps_talk *talk) {
    for (size_t b = 0; b < bindings->n; b++) {
        const ps_framework *f = bindings->binding[b].framework;
        for (unsigned i = 0; i < f->tailored_count; i++) {
            const ps_framework_area *area = f->tailored[i].area;
            size_t row, g;
            if (ps_geographies_find(geographies, area->geography, area->code, &g, &row) ||
                g == geographies->n)
                continue;
            ps_say(talk, PS_TALK_WARNING,
                   "%s: the plan tailors its measures to '%.60s', which is no area of %s",
                   f->id, area->code, area->geography);
        }
    }
}

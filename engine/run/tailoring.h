/* What the plan of one area makes of a framework's measures: which are shown there, and
 * which of their words and figures are its own.
 */
#ifndef PS_RUN_TAILORING_H
#define PS_RUN_TAILORING_H

#include "engine/run/form.h"

/* A measure in an area that has a plan of its own. */
struct ps_tailored_view {
    const ps_framework_tailored *plan;
    size_t geography;
    size_t area;
    bool shown;
    const ps_framework_change *change; /* NULL: as everywhere */
    ps_framework_measure spec;         /* with what is changed */
    ps_measure measure;                /* with this spec */
};

/* The measure with what is given in the change; its texts and figures are theirs. */
ps_framework_measure ps_tailored_measure(const ps_framework_measure *measure,
                                         const ps_framework_change *change);

/* Find the areas of a measure's framework that tailor it, once it is open; areas that the
 * job lacks are left aside. Frees with ps_tailored_close. Errors PS_NOMEM. */
ps_status ps_tailored_open(const ps_figures *figures, ps_measure *measure,
                           ps_error *err) PS_MUST_CHECK;
void ps_tailored_close(ps_measure *measure);
/* NULL: the area has no plan of its own for this measure. */
const ps_tailored_view *ps_tailored_find(const ps_measure *measure, size_t geography,
                                         size_t area);
/* Warn of areas with a plan of their own that a geography of the job does not have. */
void ps_tailored_tell(const ps_bindings *bindings, const ps_geographies *geographies,
                      const ps_talk *talk);

#endif

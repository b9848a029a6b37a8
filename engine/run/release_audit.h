/* The audit of one input: all counts that any output shows of its rows, and which of them
 * may be shown so that no small one follows from the others; see indicators/protect.h.
 *
 * Rows are counted by unit (what areas are made of) and group (rows that every selection
 * takes or leaves together). A count is asked for as a selection of groups, in a stretch
 * of months, for all areas of a geography. Beside what is asked for, no small count may
 * follow
 * - of an area in months that its own counts of overlapping stretches give by
 *   subtraction;
 * - of what areas have in common, in a stretch or over all of the time;
 * - of the groups that selections of one geography and stretch tell apart: all less some,
 *   {A, B, C} less {A, B}.
 *
 * Rows may be asked several questions that have nothing to do with each other, as
 * surveys do. Each is an audit of its own then. What they have in common is how many rows
 * there are in a place, which is audited before, as if there were no questions: what is
 * hidden there is hidden in all of them, and what is shown there readers are taken to
 * know. Rows that these counts do not tell apart can change places with all that they
 * say, and what two rows say to one question can be exchanged whatever they say to
 * others, so the proof of one question holds for all of them together.
 */
#ifndef PS_RUN_RELEASE_AUDIT_H
#define PS_RUN_RELEASE_AUDIT_H

#include "engine/core/tally.h"
#include "engine/run/geography.h"
#include "engine/run/release.h"
#include "indicators/protect.h"

typedef struct ps_audit ps_audit;

/* The units of area a are unit[offset[a] .. offset[a + 1]), each once. */
typedef struct ps_audit_makeup {
    const size_t *offset; /* NULL: nothing is known of these areas */
    const int32_t *unit;
} ps_audit_makeup;

typedef struct ps_audit_rows {
    const ps_geographies *geographies;
    size_t n_units, n_groups;
    const ps_audit_makeup *makeup; /* by geography */
    const ps_tally_cell *cell;     /* by unit, as its area, and group */
    size_t n_cells;
    const int32_t *rank;   /* by group: its place in an order that does not hang on the
                              threads */
    const ps_month *month; /* by group; PS_NO_MONTH without a date */
    ps_month first, last;  /* span */
    /* Is everything known of an area in these months? */
    bool (*known)(const void *context, size_t geography, size_t area, ps_month first,
                  ps_month last);
    /* Does something else hide it? NULL: nothing does. */
    bool (*withheld)(const void *context, size_t geography, size_t area, ps_month first,
                     ps_month last);
    const void *context; /* of both */
} ps_audit_rows;

/* The rows and what they point to must outlive the audit. */
ps_status ps_audit_open(const ps_audit_rows *rows, const ps_release_rules *rules,
                        ps_audit **out, ps_error *err) PS_MUST_CHECK;
void ps_audit_free(ps_audit *audit);
/* Nothing is shown of a geography, and why not. */
void ps_audit_leave_out(ps_audit *audit, size_t geography, const char *why);
const char *ps_audit_left_out(const ps_audit *audit, size_t geography);

/* A selection by the groups that it holds, which the audit frees when `owned`; the same
 * pointer gives the same selection. */
ps_status ps_audit_select(ps_audit *audit, bool *holds, bool owned, size_t *selection,
                          ps_error *err) PS_MUST_CHECK;
const bool *ps_audit_holds(const ps_audit *audit, size_t selection);
/* SIZE_MAX: never selected. */
size_t ps_audit_find(const ps_audit *audit, const bool *holds);
/* Its counts are decided on elsewhere: readers are taken to know them, except where
 * everyone's are hidden. */
void ps_audit_take_as_known(ps_audit *audit, size_t selection);
/* An output shows a selection in these months, as far as the rows span them. */
ps_status ps_audit_ask(ps_audit *audit, size_t selection, size_t geography,
                       ps_month first, ps_month last, ps_error *err) PS_MUST_CHECK;
/* Is it asked for anywhere in just these months? */
bool ps_audit_asks(const ps_audit *audit, size_t selection, ps_month first,
                   ps_month last);
/* Everything that was asked of one is asked of the other, of all rows. */
ps_status ps_audit_ask_all(ps_audit *everyone, const ps_audit *audit,
                           ps_error *err) PS_MUST_CHECK;

/* Decide. everyone: the audit of how many rows there are, which is decided and was asked
 * for all that this one is; NULL: rows are asked no other questions.
 * Cost     bounded: where a release has too many counts, the geography with most areas is
 * left out of it. */
ps_status ps_audit_decide(ps_audit *audit, const ps_audit *everyone,
                          ps_error *err) PS_MUST_CHECK;
/* May it be shown? What was not asked for may not. */
bool ps_audit_shows(const ps_audit *audit, size_t selection, size_t geography,
                    size_t area, ps_month first, ps_month last);
/* NULL: so little is left that nothing was decided, and nothing is shown. */
const ps_protect_summary *ps_audit_summary(const ps_audit *audit);
/* Members of the open object that say what was done by which rules; the summary may be
 * that of several audits. NULL: nothing was decided. */
void ps_audit_manifest(const ps_release_rules *rules, const ps_protect_summary *summary,
                       ps_json *json);
/* The same in a line. */
void ps_audit_tell(const char *input, const ps_release_rules *rules,
                   const ps_protect_summary *summary, ps_output *out);

#endif

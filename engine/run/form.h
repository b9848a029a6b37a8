/* How the figures of a measure come about: one form for each kind of method.
 *
 * A form knows values: of an item of its measure, in an area, for a stretch of months. It
 * knows nothing of targets; see judge.h. A new kind of method is a new form: a file
 * form_*.c and its line in forms.c.
 */
#ifndef PS_RUN_FORM_H
#define PS_RUN_FORM_H

#include "engine/core/output.h"
#include "engine/run/part.h"
#include "indicators/compare.h"

typedef struct ps_form ps_form;
typedef struct ps_tailored_view ps_tailored_view; /* tailoring.h */

/* A measure in its job. */
typedef struct ps_measure {
    const ps_binding *binding;
    const ps_framework_measure *spec;
    const char *absent; /* why no figure can be had, or NULL; then nothing below is set */
    const ps_form *form;
    ps_measure_part numerator, denominator;
    ps_period *period;
    size_t n_periods;
    ps_tailored_view *views; /* areas where the plan differs */
    size_t n_views;
    const ps_tailored_view *view; /* that this is the measure of, or NULL */
} ps_measure;

typedef struct ps_measures ps_measures; /* measures.h */

/* A measure in one geography, as a form works on it. */
typedef struct ps_scope ps_scope;
struct ps_scope {
    const ps_measures *all;
    const ps_figures *figures;
    const ps_measure *measure; /* as it is in the area that is looked at */
    const ps_measure *everywhere;
    ps_scope *before;   /* of the measure whose figures are the baseline, or NULL */
    bool before_opened; /* which is done when a figure is judged for the first time */
    const ps_geography *geo;
    size_t geography;
    double confidence;
    size_t area; /* that is looked at now */
    size_t n_items;
    void *state; /* of the form */
};

/* What a form found. Numbers are NAN where there are none. */
typedef struct ps_measured {
    ps_estimate value; /* in the unit of the measure */
    double numerator, denominator;
    double se;            /* of surveys, in the unit of the value */
    double effect;        /* variance of a proportion over that of independent events */
    ps_month first, last; /* of the sample, within the period; first > last: all of it */
    int32_t months;       /* known, of the period */
    bool running;         /* the period goes on after the data end; the value is so far */
    const char *verdict;  /* what the method calls the value, such as hot-95; or NULL */
    char reason[256];     /* what a reader has to know, or why there is no value */
} ps_measured;

/* What a target is judged by. */
typedef enum ps_judged_by {
    PS_JUDGED_BY_COUNT,    /* events, Poisson; of so many people when a rate */
    PS_JUDGED_BY_REGISTER, /* a proportion of all who are known */
    PS_JUDGED_BY_SURVEY,   /* a proportion of a sample */
    PS_JUDGED_BY_VALUE     /* a value with limits, or without */
} ps_judged_by;

/* What a record is in a figure; both, one or none. */
enum { PS_TAKEN_BASE = 1, PS_TAKEN_NUMERATOR = 2 };

struct ps_form {
    const char *method; /* of the registry that it carries out; NULL: any other */
    ps_judged_by judged_by;
    /* Can it be had from what the job binds? *reason in the arena, or NULL. */
    ps_status (*absence)(const ps_binding *binding, const ps_framework_measure *spec,
                         ps_arena *arena, const char **reason, ps_error *err);
    /* The periods of its figures. */
    ps_status (*periods)(const ps_measures *all, ps_measure *measure, ps_error *err);
    /* Get ready for a geography: n_items and state; may be NULL. */
    ps_status (*open)(ps_scope *scope, ps_error *err);
    void (*close)(ps_scope *scope);
    /* Get ready for the area of the scope; may be NULL. */
    ps_status (*enter)(ps_scope *scope, ps_error *err);
    ps_status (*measure)(const ps_scope *scope, size_t item, const ps_period *period,
                         ps_measured *out, ps_error *err);
    /* The working of that value, line by line (indicators/steps.h): nothing when there is
     * no value. NULL: the form tells none. */
    ps_status (*derive)(const ps_scope *scope, size_t item, const ps_period *period,
                        ps_output *steps, ps_error *err);
    /* The name of an item; "" when there is one only. */
    const char *(*item)(const ps_scope *scope, size_t item);
    /* The numerator of an item by month, NULL: it has none. */
    const ps_history *(*months)(const ps_scope *scope, size_t item);
    /* How the areas of two scopes of one measure differ, whatever they have in common, in
     * the unit of the measure; both have a value. NULL: their figures are all that there
     * is to tell. */
    ps_status (*compare)(const ps_scope *here, size_t item, const ps_scope *there,
                         size_t other, const ps_period *period, ps_gap *out,
                         ps_error *err);
    /* Its values follow from the counts of its parts in the period and from people alone,
     * so that disclosure control of counts protects them. Of protected data no other form
     * shows anything. */
    bool counts_only;
    /* Of records: what each is in the figures of an item, in whatever area and months it
     * is; from this disclosure control knows the counts behind them. NULL: they are no
     * counts, and of protected records only those of tables may be shown. */
    ps_status (*take)(const ps_measure *measure, size_t item, uint8_t *taken,
                      ps_error *err);
    /* What is told of an item tells of the next one, too: all of them are shown or none.
     */
    bool ranked;
};

/* The form of a method; NULL when a job does not carry it out. */
const ps_form *ps_form_of(const ps_framework_measure *measure);

/* The period of a measure's baseline; false: it has none. */
bool ps_form_baseline(const ps_framework_measure *measure, ps_period *out);
/* The months that a figure of a period is of: of a sample, those that it was drawn in,
 * which may be few of its period's and the same as another's. */
ps_period ps_measured_held(const ps_period *period, const ps_measured *measured);
/* Nothing measured yet: everything NAN or missing. */
ps_measured ps_measured_nothing(void);
/* Append to the reason, after "; ". */
void ps_measured_note(ps_measured *out, const char *format, ...) PS_PRINTF(2, 3);
/* The same for any text of that many bytes. */
void ps_note_add(char *reason, size_t bytes, const char *format, ...) PS_PRINTF(3, 4);

/* Periods of complete data: those of the measure or of the job, and the running year of
 * the plan, the one that the data end in. */
ps_status ps_form_periods(const ps_measures *all, ps_measure *measure,
                          ps_error *err) PS_MUST_CHECK;
/* Of records: those that hold some, a year by however few months. */
ps_status ps_form_periods_holding(const ps_record_set *records, ps_measure *measure,
                                  ps_error *err) PS_MUST_CHECK;
/* Of a sample: the same, and waves that none of them holds. */
ps_status ps_form_periods_of_sample(const ps_measures *all, ps_measure *measure,
                                    ps_error *err) PS_MUST_CHECK;
/* The value of the column that the numerator is split by; "" without one. */
const char *ps_form_item(const ps_scope *scope, size_t item);

extern const ps_form ps_form_count, ps_form_rate, ps_form_proportion, ps_form_reference;
extern const ps_form ps_form_table;
extern const ps_form ps_form_survey_share, ps_form_survey_mean, ps_form_survey_ranked;
extern const ps_form ps_form_repeat;

#endif

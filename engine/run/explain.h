/* How one figure of a plan came about. */
#ifndef PS_RUN_EXPLAIN_H
#define PS_RUN_EXPLAIN_H

#include "engine/core/output.h"
#include "engine/core/talk.h"
#include "geo/prepared.h"

typedef struct ps_explain_options {
    const char *job;     /* path of JOB.yaml; it names a framework */
    const char *measure; /* id, with /ITEM when it has several; FRAMEWORK:ID where two
                            frameworks of the job have one of this id, else the first.
                            Several with ',' between, no blank after it */
    const char *area;    /* code, of any geography that the measure asks for; the first in
                            the framework's order that has it. GEOGRAPHY:CODE chooses */
    const char *period;  /* as in measures.csv; NULL: the last one there */
    const ps_talk *talk;
    const ps_prepared *prepared; /* where boundaries are kept, or NULL */
} ps_explain_options;

/* Print the derivation of a figure of measures.csv: definition, files, rows by fate,
 * filters in the words of the job, rows counted by month and text, formula with its
 * numbers as steps.h writes them, baseline, target, test, projection and caveats. The
 * data are read and counted as by a run; nothing is written. A measure that the job
 * cannot give is explained by what is lacking. Of what is said of inputs that no figure
 * told comes from, only the number of warnings is passed on. PS_CONFIG for an unknown
 * measure, area or period, with the nearest. */
ps_status ps_explain(const ps_explain_options *options, ps_output *out,
                     ps_error *err) PS_MUST_CHECK;

#endif

/* A job carried out, or only checked. */
#ifndef PS_RUN_RUN_H
#define PS_RUN_RUN_H

#include <stdbool.h>

#include "engine/core/output.h"
#include "engine/core/talk.h"
#include "geo/prepared.h"

typedef struct ps_run_options {
    const char *job;    /* path of JOB.yaml */
    const char *folder; /* of the outputs; NULL: the job's name without its ending, in the
                           working directory */
    bool strict; /* CRS operations worse than 1.5 m, invalid rows, unknown categories are
                    refused */
    bool force;  /* run even when inputs, job and outputs are unchanged */
    const char *command;
    const ps_talk *talk;
    const ps_prepared *prepared; /* where boundaries and indexes are kept, or NULL */
} ps_run_options;

typedef struct ps_run_outcome {
    bool up_to_date; /* nothing had to be done */
    bool partial;    /* some values are masked or missing */
} ps_run_outcome;

/* Carry out a job: indicators.csv, counts.csv, with a framework measures.csv,
 * placestat.gpkg, manifest.json in the folder, whole or not at all. A second run over
 * unchanged inputs changes nothing. The summary (what was read, matched, left out; where
 * to look) goes to `out`. */
ps_status ps_run_job(const ps_run_options *options, ps_output *out,
                     ps_run_outcome *outcome, ps_error *err) PS_MUST_CHECK;

/* Say what a run would do: inputs, rows, areas, series, periods, memory, warnings. Writes
 * nothing but the text in `out`. Opens every input and reads headers and boundaries, not
 * the rows. */
ps_status ps_check_job(const ps_run_options *options, ps_output *out,
                       ps_error *err) PS_MUST_CHECK;

#endif

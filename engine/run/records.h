/* Rows that are kept one by one: answers to a survey, events of people who may be met
 * again, scores, grants. Each is read once into columns: what its texts are, what its
 * numbers are, when it is of and where.
 *
 * Every row has exactly one fate, tested in this order:
 *   invalid    more fields than the header, so that no cell can be trusted, or a key that
 *              another table does not know, since filters may ask for what is looked up
 *   filtered   left out by a filter of the job, and no further looked at
 *   invalid    a date, a weight or a number that cannot be read, an event dated far from
 *              all others, no sampling unit, a number off its scale
 *   unlocated  no code of an area
 *   outside    a code that is no area of the geography
 *   kept       all others
 * Rows outside and unlocated belong to no area, but are records all the same: whoever was
 * drawn stays in the design of a survey, and an event elsewhere is one that a person had.
 *
 * A code belongs to one geography. How records reach the others is said in reach.h.
 */
#ifndef PS_RUN_RECORDS_H
#define PS_RUN_RECORDS_H

#include "engine/core/json.h"
#include "engine/run/binding.h"
#include "engine/run/lookup.h"
#include "engine/run/reach.h"

typedef enum ps_record_cause {
    PS_RECORD_LONG,          /* more fields than the header */
    PS_RECORD_NO_KEY,        /* of a look-up; and the next two */
    PS_RECORD_UNKNOWN_KEY,   /* in the table looked up */
    PS_RECORD_AMBIGUOUS_KEY, /* of several rows there that differ */
    PS_RECORD_BAD_DATE,      /* none, or one that cannot be read */
    PS_RECORD_FAR_DATE,      /* of an event, by the rule of isolated.h */
    PS_RECORD_BAD_WEIGHT,    /* none, no number, or below 0 */
    PS_RECORD_NO_UNIT,       /* of the sample: stratum, primary unit or population size */
    PS_RECORD_BAD_NUMBER,    /* an answer, but no number where one is needed */
    PS_RECORD_OFF_SCALE,     /* a number off the scale that the framework gives */
    PS_RECORD_CAUSES
} ps_record_cause;

/* "date that cannot be read", ... */
const char *ps_record_cause_text(ps_record_cause cause);

typedef struct ps_record_example {
    ps_row_text row;
    ps_record_cause cause;
    char column[64], seen[64]; /* "": the whole row */
} ps_record_example;

/* read = kept + filtered + invalid + outside + unlocated. */
typedef struct ps_record_rows {
    int64_t read, kept, filtered, invalid, outside, unlocated;
    int64_t by_cause[PS_RECORD_CAUSES];
    ps_record_example example[3]; /* of invalid rows */
    int examples;
    char outside_example[64]; /* the first code that is no area; "" none */
} ps_record_rows;

/* A column that the framework's data bind. */
typedef struct ps_record_column {
    const char *name;
    int32_t *text;  /* by record: id of texts, PS_NONE without an answer */
    ps_keys *texts; /* trimmed */
    double *number; /* by record, NAN without an answer; NULL: no role that needs one */
} ps_record_column;

/* Which records lie in the areas of a geography: those of area a are
 * record[offset[a] .. offset[a + 1]), in ascending order, each once. */
typedef struct ps_record_areas {
    const char *how; /* "code", "members", "best fit by interior point", "whole"; NULL:
                        nothing is known of these areas, offset is NULL */
    size_t *offset;
    int32_t *record;
} ps_record_areas;

typedef struct ps_record_set {
    const ps_job_records *spec;
    const char *folder; /* that its file is relative to */
    ps_record_rows rows;
    ps_lookup_rows *looked_up; /* by look-up */
    size_t n;                  /* records: rows but those filtered and invalid */
    int64_t *row;              /* by record: of the data, from 1 */
    ps_month *first;           /* by record: months that it is of; */
    ps_month *last;            /* 0 without dates */
    ps_date *day;              /* by record: the first of a month or year */
    bool days;                 /* every record has a day of its own */
    bool stretches;            /* some are of more than a month */
    ps_month begin, end;       /* span of all; begin > end: no records */
    ps_record_column *column;
    size_t n_columns;
    ps_record_areas *areas; /* by geography of the job */
    size_t n_areas;
    ps_reach *reach; /* NULL: all records are of the whole */
} ps_record_set;

typedef struct ps_records {
    ps_record_set *set; /* in the order of the job */
    size_t n;
} ps_records;

/* Are the records of any time at all? */
bool ps_records_dated(const ps_record_set *set);
/* Why nothing is known of an area. */
const char *ps_records_why_unknown(const ps_record_set *set);
/* Is every record that is of a stretch of months of one that lies in [first, last] or
 * outside? Else what there was in these months cannot be told. */
bool ps_records_whole(const ps_record_set *set, ps_month first, ps_month last);
/* Does a record belong to the months [first, last]? */
static inline bool ps_record_in(const ps_record_set *set, size_t record, ps_month first,
                                ps_month last) {
    return set->first[record] >= first && set->last[record] <= last;
}

/* The months that the records which belong to [first, last] are of; begin > end: none
 * does. */
void ps_records_span(const ps_record_set *set, ps_month first, ps_month last,
                     ps_month *begin, ps_month *end);

/* Read all records of a job. What columns hold follows from the roles that the framework
 * gives them: a weight is 0 or more, stratum, psu and fpc are there in every row; scores
 * and amounts are numbers or no answer.
 * Errors   PS_NOMEM; with the line of the job: a file that cannot be read, a column that
 *   is not there (with the nearest), not one code that is an area. Warnings tell codes
 *   that are no areas and inputs without records.
 * Cost     one pass; memory for the columns that are bound. */
ps_status ps_records_open(const ps_bindings *bindings, const ps_geographies *all,
                          const ps_talk *talk, ps_records **out,
                          ps_error *err) PS_MUST_CHECK;
void ps_records_free(ps_records *records);

/* By id; NULL: none. */
const ps_record_set *ps_records_find(const ps_records *records, const char *id);
/* Where a record stands in its file, for messages. */
ps_row_text ps_records_row_text(const ps_record_set *set, size_t record);
/* Is it known which records lie in an area? */
bool ps_records_know(const ps_record_set *set, size_t geography, size_t area);
/* By the name in the file; NULL: not bound. */
const ps_record_column *ps_records_column(const ps_record_set *set, const char *name);

/* "survey: 9 read = 5 kept + 1 filtered + 1 invalid + 1 outside + 1 unlocated", then a
 * line per cause of invalid rows and one per example; each begins with indent. */
void ps_records_tell(const ps_record_set *set, const char *indent, ps_output *out);
/* The same as members of the open object. */
void ps_records_manifest(const ps_record_set *set, ps_json *json);
/* What --strict refuses: PS_GATE when there are invalid rows. */
ps_status ps_records_strict(const ps_records *records, ps_error *err) PS_MUST_CHECK;

#endif

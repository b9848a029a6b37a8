/* A plan as data: its priorities, its measures, what each is measured by and against.
 *
 * Every structure below is one mapping of the YAML; the comments are the documentation of
 * the keys. framework.schema.json describes the same for editors. A framework knows
 * nothing of files and columns: it names the kinds of data that it needs, the columns and
 * values that it tells apart in them, and its geographies. The job says which of its
 * inputs and columns these are (see job.h), so that one plan serves any council.
 */
#ifndef PS_RUN_FRAMEWORK_H
#define PS_RUN_FRAMEWORK_H

#include "engine/core/output.h"
#include "engine/run/disclosure.h"
#include "engine/run/yaml.h"
#include "indicators/period.h"
#include "indicators/target.h"

/* The area that the plan was written for. The figures that it states (baselines, targets,
 * steps of a trajectory) hold for this area alone; every other one is measured against
 * its own figure of the baseline period. */
typedef struct ps_framework_area {
    char *geography; /* id of one of the geographies below */
    char *code;
    char *name; /* optional */
} ps_framework_area;

typedef enum ps_year_kind { PS_YEAR_FINANCIAL, PS_YEAR_CALENDAR } ps_year_kind;

/* The years of the plan; a target is for such a year, or any twelve months. */
typedef struct ps_framework_years {
    ps_year_kind *kind; /* financial (default), calendar */
    char *first, *last; /* of the plan: 2022/23, 2026/27; optional */
    char **exceptional; /* periods with a level of their own, as lockdowns: left out of
                           how much months vary, and years with them of the season that a
                           running year is projected by, unless there is no other;
                           optional */
    unsigned exceptional_count;
} ps_framework_years;

/* A geography that measures ask for. The areas of a job with this id are it. */
typedef struct ps_framework_geography {
    char *id;
    char *title;
} ps_framework_geography;

/* What the data are; it decides what a job can name as their input. */
typedef enum ps_data_kind {
    PS_DATA_INCIDENTS,  /* one row an incident: points of a job */
    PS_DATA_POPULATION, /* people by area: the population of a job */
    PS_DATA_AREA_TABLE, /* values by area */
    PS_DATA_SURVEY,     /* one row a respondent: records of a job, and all below */
    PS_DATA_REGISTER,   /* one row an event, as of a person who may be met again */
    PS_DATA_SCORES,     /* self-evaluation, Place Standard */
    PS_DATA_COMPARATOR  /* one row a published figure of other areas: of a measure, of a
                           comparator and of a period, which is the date of the record */
} ps_data_kind;

/* What a method needs a column for, beside filters. Data have one column of a role. */
typedef enum ps_column_role {
    PS_ROLE_WEIGHT,  /* of a respondent, 0 or more */
    PS_ROLE_STRATUM, /* of the sample */
    PS_ROLE_PSU,     /* primary sampling unit, nested in the strata */
    PS_ROLE_FPC,     /* units of the stratum in the population, or the share drawn */
    PS_ROLE_PERSON,  /* who is met again */
    PS_ROLE_SCORE,
    PS_ROLE_SCALE_MIN, /* ends of the scale that the score is on */
    PS_ROLE_SCALE_MAX,
    PS_ROLE_THEME, /* of the Place Standard */
    PS_ROLE_PLACE,
    PS_ROLE_ROUND,    /* of engagement */
    PS_ROLE_APPROACH, /* of the Inclusive Communities Framework */
    PS_ROLE_ORGANISATION,
    PS_ROLE_DIRECTORATE,
    PS_ROLE_RESPONDENT, /* for matching rounds */
    PS_ROLE_GROUP_SIZE, /* people who agreed on the score */
    PS_ROLE_EVENT,      /* conversation that the response is from */
    PS_ROLE_AMOUNT,     /* what is added up or averaged: pounds, people, days of delay */
    PS_ROLE_MEASURE,    /* of a published figure: whose it is; its values are the ids of
                           the framework's measures, with /ITEM where one has items */
    PS_ROLE_COMPARATOR, /* which areas it is of: its values are the comparators */
    PS_ROLE_NAME,       /* what these are called; optional */
    PS_ROLE_VALUE,      /* in the unit of the measure, of a count per so many residents as
                           the job's multiplier says; with its limits, optional */
    PS_ROLE_LOWER,
    PS_ROLE_UPPER,
    PS_ROLE_NUMERATOR,  /* what it was worked out from: with both no value is needed, and
                           the  figure is in the measure's unit whatever was printed */
    PS_ROLE_DENOMINATOR /* alone: the base of the value */
} ps_column_role;
enum { PS_ROLES = PS_ROLE_DENOMINATOR + 1 };

/* A column of the data in the framework's own words. */
typedef struct ps_framework_column {
    char *id;
    char *title;
    ps_column_role *role; /* optional */
    bool several; /* a cell may hold several answers; a filter asks whether any of them is
                     the value. Of records only; default false */
    double *least, *most; /* ends of the scale of numbers; rows with one off it are
                             invalid. Of records only; optional */
    char **values;        /* that filters tell apart; optional */
    unsigned values_count;
} ps_framework_column;

/* A kind of data that measures need. */
typedef struct ps_framework_data {
    char *id;
    ps_data_kind kind;
    char *title;
    char *supplier; /* who has them; optional */
    ps_framework_column *columns;
    unsigned columns_count;
} ps_framework_data;

typedef struct ps_framework_priority {
    char *id;
    char *title;
    char *label; /* a second name that the plan uses for it; optional */
} ps_framework_priority;

/* Rows whose value of a column is one of these, or none of these. Exactly one. */
typedef struct ps_framework_filter {
    char *column;
    char **is;
    unsigned is_count;
    char * * not ;
    unsigned not_count;
} ps_framework_filter;

/* Numerator or denominator: rows of the data that pass all filters, or its people. */
typedef struct ps_framework_part {
    char *what; /* in words */
    char *data; /* id of a kind of data */
    ps_framework_filter *where;
    unsigned where_count;
    char *by; /* column with values: one figure for each of them. A denominator by the
                 same column is split likewise, one without is the same for all; people
                 are split only where a table has rows of the values; optional */
} ps_framework_part;

/* What the rows of a method's table are. */
typedef enum ps_row_kind {
    PS_ROWS_ONE,     /* a single row: two counts compared */
    PS_ROWS_AREAS,   /* the areas of the geography `of` */
    PS_ROWS_PERIODS, /* the periods of `periods` */
    PS_ROWS_MONTHS,  /* the months that the data span, up to the end of the figure's
                        period; with `periods` the months of these */
    PS_ROWS_VALUES,  /* the values of the column `of` of the numerator's data */
    PS_ROWS_RECORDS, /* the records of the data `of` */
    PS_ROWS_MEASURES /* each area of the geography `of` with each of `indicators` */
} ps_row_kind;

/* What names a row, or says something of it. */
typedef enum ps_table_key {
    PS_KEY_AREA,       /* code of its area */
    PS_KEY_PERIOD,     /* its period, else the figure's */
    PS_KEY_MONTH,      /* as in 2021-07 */
    PS_KEY_VALUE,      /* its value of the column */
    PS_KEY_NEIGHBOURS, /* codes of the areas that its area touches, with ';' between */
    PS_KEY_X,          /* a point inside its area, in metres */
    PS_KEY_Y,
    PS_KEY_MEASURE, /* of rows of measures: the measure's id, its figure and verdict, and
                       what the list of indicators says of it */
    PS_KEY_FIGURE,
    PS_KEY_VERDICT,
    PS_KEY_POLARITY,
    PS_KEY_DOMAIN,
    PS_KEY_WEIGHT,
    PS_KEY_DOMAIN_WEIGHT
} ps_table_key;

typedef enum ps_table_count { PS_COUNT_NUMERATOR, PS_COUNT_DENOMINATOR } ps_table_count;

/* What of another measure's figure is taken. */
typedef enum ps_table_take {
    PS_TAKE_VALUE,
    PS_TAKE_LOWER,
    PS_TAKE_UPPER,
    PS_TAKE_NUMERATOR,
    PS_TAKE_DENOMINATOR,
    PS_TAKE_VERDICT
} ps_table_take;

/* A column of a method's table. Exactly one of key, count, measure, column, text and
 * numbers says what stands in it. */
typedef struct ps_framework_cell {
    char *name;            /* the method's column; `placestat list methods` has them */
    ps_table_key *key;     /* names the row, or says something of it */
    char *in;              /* of an area: the area of this geography that it lies in */
    ps_table_count *count; /* what is counted of numerator or denominator in the row's
                              area, month, value or period; people for a population */
    char *measure;         /* a measure that stands earlier: its figure in the row's area
                              and period */
    ps_table_take *take;   /* of that figure; default value */
    char *data;            /* data of an area table; with `column` */
    char *column;          /* of `data`, or of the records that are the rows */
    char *text;            /* the same in every row */
    double *numbers;       /* of rows of values: one for each, such as a standard
                              population's */
    unsigned numbers_count;
    char *period; /* of a count, measure or column: another one, or "baseline";
                     of a count "previous", as long and just before; default
                     the row's */
    char **is;    /* 1 when the text is one of these, else 0 */
    unsigned is_count;
    double *above; /* 1 when the number is above it, else 0 */
    double *bands; /* 1 + how many of these the number is above: quintiles of a rank */
    unsigned bands_count;
} ps_framework_cell;

/* A parameter of the method. */
typedef struct ps_framework_setting {
    char *name;
    char *value;
} ps_framework_setting;

/* A measure as one of the indicators of an index. */
typedef struct ps_framework_indicator {
    char *measure;                  /* that stands earlier */
    char *domain;                   /* optional */
    double *weight, *domain_weight; /* default 1 */
} ps_framework_indicator;

/* The table that a method works on. */
typedef struct ps_framework_table {
    ps_row_kind rows;
    char *of;    /* geography, column or data; see ps_row_kind */
    bool *whole; /* of areas and measures: all areas in one table, and each area's figure
                    is its row of the result; default false: a table for every area of the
                    figures, of the rows that lie in it */
    bool *earlier;  /* of records: those before the figure's period stand in the table,
                       too,  for methods that compare rounds or years; one (a text of
                       the result's `latest`) that goes on after the period is left out
                       whole; default false */
    char **periods; /* one set of rows for each; default: the figure's period */
    unsigned periods_count;
    ps_framework_cell *columns;
    unsigned columns_count;
    ps_framework_indicator *indicators;
    unsigned indicators_count;
    ps_framework_setting *parameters;
    unsigned parameters_count;
} ps_framework_table;

/* Which columns of the method's result are the figure. A sum of amounts is the column sum
 * of the method mean. */
typedef struct ps_framework_result {
    char *value;
    char *lower, *upper, *numerator, *denominator, *verdict; /* optional */
    char *interval; /* what lower and upper hold, in words, where it is no confidence
                       interval of the job, such as "90 % of the runs"; optional */
    char *item;     /* every row is a figure, named by this column; optional */
    char *area; /* of a whole table: the column with the row's area; default area_code */
    ps_framework_filter *where; /* rows of the result that count; optional */
    unsigned where_count;
    char *latest; /* of the rows that count, those with the last text of this column, as
                     of a round or year; optional */
} ps_framework_result;

/* A published figure that is shown beside the measures and not computed. Like every
 * stated figure it holds for the plan's area alone, unless it says which area it is of.
 */
typedef struct ps_framework_reference {
    double *value;
    char *area; /* in words, such as England: context, shown in every area; optional */
    char *period;
    char *source;
} ps_framework_reference;

typedef struct ps_framework_baseline {
    double *value; /* as stated for the plan's area; without it that area too is measured
                      against its own figure of the period */
    char *period;  /* see indicators/period.h; optional when there is a value */
    char *measure; /* in place of a period: the area's own figure is the last one of this
                      measure, such as of the release before */
    char *source;
} ps_framework_baseline;

typedef struct ps_framework_target {
    ps_target_kind kind;
    double *value; /* for the plan's area; optional */
    double *step;  /* of a trajectory, a year */
    char *source;  /* what the plan says, or which plan to mirror; optional */
} ps_framework_target;

typedef enum ps_polarity {
    PS_POLARITY_LOWER = -1,
    PS_POLARITY_NONE = 0,
    PS_POLARITY_HIGHER = 1
} ps_polarity;

/* Where a measure is shown. */
typedef enum ps_only { PS_ONLY_TAILORED } ps_only;

typedef struct ps_framework_measure {
    char *id;
    char *priority;
    char *title;
    char *why;
    char *source;                   /* the row of the plan in its own words; optional */
    ps_framework_part *numerator;   /* what most methods count */
    ps_framework_part *denominator; /* of a rate or proportion */
    char *unit;
    double *multiplier; /* default 1; 100 for percent */
    char *method;       /* of the registry: indicators/method.h; none of a reference */
    ps_framework_table *table; /* what other methods than those of counts, surveys
                                  and registers work on; with `result` */
    char *same_table_as; /* instead of `table`: id of a measure that stands earlier and
                            has the same method */
    ps_framework_result *result;
    ps_framework_reference *reference; /* instead of a method */
    ps_polarity polarity;
    char **periods; /* see indicators/period.h; default: those of the job */
    unsigned periods_count;
    ps_framework_baseline *baseline; /* optional: then baseline-missing */
    ps_framework_target *target;     /* optional: then the measure is only watched */
    char **geographies;
    unsigned geographies_count;
    int64_t min_base; /* least denominator of a rate or proportion; default 0 */
    ps_only *only;    /* tailored: shown only in areas that add it; default: everywhere */
    ps_disclosure_class disclosure;
    char **caveats;
    unsigned caveats_count;
} ps_framework_measure;

/* What is different about a measure in one area: what is given here takes the place of
 * what the measure says. Stated figures hold for this area. At least one. */
typedef struct ps_framework_change {
    char *measure;
    char *title, *why;
    ps_framework_baseline *baseline;
    ps_framework_target *target;
    int64_t *min_base;
    char **caveats;
    unsigned caveats_count;
} ps_framework_change;

/* The plan of one area: measures that are not shown there, shown there only, or differ. A
 * job without the area leaves it aside. */
typedef struct ps_framework_tailored {
    ps_framework_area *area;
    char **hide; /* measures without figures there, left out of indices, too */
    unsigned hide_count;
    char **add; /* measures that are marked `only: tailored` */
    unsigned add_count;
    ps_framework_change *change;
    unsigned change_count;
} ps_framework_tailored;

/* Areas beside others, in comparisons.csv. Counts are compared per resident. The id is
 * the prefix of the ids of its rows: <id>-triple-<measure>, <id>-gap-<measure>. */
typedef struct ps_framework_comparison {
    char *id;
    char *title;
    char **here; /* geographies whose areas are compared */
    unsigned here_count;
    char **there; /* geographies that they are compared with: the only area of it, else
                     the one that has most of the area's people */
    unsigned there_count;
    char *published; /* data of the kind comparator: each of its comparators is one more
                        that they are compared with. At least one of the two */
    char **around;   /* comparators that the areas of `here` are part of: their events
                        and people are taken out before it is tested; optional */
    unsigned around_count;
    char **measures; /* default: all counts, rates and proportions */
    unsigned measures_count;
    char *baseline; /* period that changes are from; default: the measure's */
} ps_framework_comparison;

/* The sentence about a measure with this status of its target. {title}, {area},
 * {period}, {value}, {lower}, {upper}, {unit}, {baseline}, {baseline_period}, {target},
 * {change} and {reason} are filled in. */
typedef struct ps_framework_wording {
    char *status;
    char *text;
} ps_framework_wording;

typedef struct ps_framework_report {
    char *title;        /* optional */
    char *introduction; /* optional */
    char **order;       /* ids of measures; default: as they stand in the file */
    unsigned order_count;
    ps_framework_wording *wording; /* a status without one has a plain sentence */
    unsigned wording_count;
} ps_framework_report;

typedef struct ps_framework {
    char *id;
    char *title;
    char *edition; /* optional */
    char *source;  /* optional */
    ps_framework_area *area;
    ps_framework_years *years;
    ps_framework_geography *geographies;
    unsigned geographies_count;
    ps_framework_data *data;
    unsigned data_count;
    ps_framework_priority *priorities;
    unsigned priorities_count;
    ps_framework_measure *measures;
    unsigned measures_count;
    ps_framework_tailored *tailored; /* areas with a plan of their own; optional */
    unsigned tailored_count;
    ps_framework_comparison *comparisons; /* optional */
    unsigned comparisons_count;
    ps_framework_report *report;
} ps_framework;

typedef struct ps_framework_file {
    const ps_framework *framework;
    const ps_yaml *yaml; /* positions, for messages */
} ps_framework_file;

/* The schema that libcyaml and the JSON Schema are made of. */
extern const cyaml_schema_value_t ps_framework_schema;

/* Read a framework and check everything: ids unique, references resolved, columns and
 * values of filters declared, methods known, periods well formed, target and polarity of
 * one mind. PS_CONFIG with file, line, column and the nearest valid name. All defaults
 * are filled in: title, years, multiplier and report are never NULL, the order of the
 * report holds every measure, and a comparison names its measures. */
ps_status ps_framework_open(const char *path, ps_framework_file **out,
                            ps_error *err) PS_MUST_CHECK;
ps_status ps_framework_parse(const char *name, const char *bytes, size_t n,
                             ps_framework_file **out, ps_error *err) PS_MUST_CHECK;
void ps_framework_free(ps_framework_file *file);

/* Where is the framework that a job calls by this name? A name with '/' or ending in
 * .yaml, .yml or .json is a path that starts from base; any other is one of the shipped
 * ones. PS_CONFIG for a name that is none of them, with the nearest. The path is the
 * arena's. */
ps_status ps_framework_find(const char *name, const char *base, ps_arena *arena,
                            const char **path, ps_error *err) PS_MUST_CHECK;

/* The names of the shipped frameworks in byte order, the arena's: the files of
 * share/placestat/frameworks, beside the library or one or two folders above it. */
ps_status ps_framework_shipped(ps_arena *arena, const char ***names, size_t *n,
                               ps_error *err) PS_MUST_CHECK;

/* What the target of a measure may be told to be; those of target.h and "baseline",
 * "before-baseline", "no-target". Ends with NULL. */
const char *const *ps_framework_statuses(void);

/* Does a list of ids hold this one? */
bool ps_framework_lists(char *const *list, unsigned n, const char *id);

/* "lower-better", "none", "higher-better"; "incidents". */
const char *ps_polarity_text(ps_polarity polarity);
const char *ps_data_kind_text(ps_data_kind kind);
const char *ps_column_role_text(ps_column_role role);
/* Are the rows of such data kept one by one? Then they are records of a job. */
bool ps_data_kind_is_records(ps_data_kind kind);

#endif

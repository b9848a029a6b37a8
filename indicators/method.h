/* Every method as data: what it takes, what it gives, by which formula, from which
 * source.
 *
 * A method works on a plain table and writes a plain table, so that it can be used and
 * checked on its own (`placestat compute METHOD INPUT.csv`). Behind the adaptor stands a
 * function on arrays in the header of its family (rate.h, standardise.h, ...), which is
 * what the rest of the program calls. A family file ends with its adaptors and their
 * descriptions; method.c lists them all.
 *
 * Value and status are separate: a cell without a value is empty, and the status column
 * says why. Nothing ever prints NaN or infinity.
 */
#ifndef PS_INDICATORS_METHOD_H
#define PS_INDICATORS_METHOD_H

#include "engine/core/output.h"
#include "engine/core/table.h"
#include "engine/core/talk.h"
#include "indicators/steps.h"
#include "indicators/value.h"

typedef enum ps_column_kind {
    PS_COLUMN_TEXT,
    PS_COLUMN_NUMBER,
    PS_COLUMN_INTEGER
} ps_column_kind;

/* A column of the input or output. */
typedef struct ps_method_column {
    const char *name;
    ps_column_kind kind;
    bool required; /* of an input; outputs are always there */
    const char *meaning;
} ps_method_column;

/* A parameter, given as -p name=value. */
typedef struct ps_method_param {
    const char *name;
    ps_column_kind kind;
    const char *fallback; /* NULL: must be given; "": none, a number is then NAN */
    const char *choices;  /* "a|b|c", or NULL */
    double least, most;   /* of a number; least > most: any */
    const char *meaning;
} ps_method_param;

typedef struct ps_method_call ps_method_call;

typedef struct ps_method {
    const char *id;      /* crude_rate */
    const char *title;   /* Crude rate */
    const char *formula; /* in words and symbols, one paragraph */
    const char *source;  /* paper or standard */
    const ps_method_column *input;
    size_t n_input;
    const ps_method_param *param;
    size_t n_param;
    const ps_method_column *output;
    size_t n_output;
    ps_status (*run)(const ps_method_call *call, ps_error *err);
    bool missing_is_zero; /* an empty count is no event, not an unknown number of them */
    /* What the tests compare it with, and the largest relative difference seen. */
    const char *evidence;
} ps_method;

/* For the tables of a method. */
#define PS_LENGTH(array) (sizeof(array) / sizeof *(array))
/* The interval's level, a parameter of most methods. */
#define PS_PARAM_CONFIDENCE                                               \
    {                                                                     \
        "confidence", PS_COLUMN_NUMBER, "0.95", NULL, 0.9, 0.99999999999, \
            "level of the interval"                                       \
    }

/* All methods, by id. */
size_t ps_methods(const ps_method *const **out);
const ps_method *ps_method_find(const char *id);

/* A parameter as the user gave it. */
typedef struct ps_method_argument {
    const char *name, *value;
} ps_method_argument;

/* Run a method on a table. Checks the columns and parameters first: PS_CONFIG naming the
 * absent column or the unknown parameter and the nearest valid name, or what value was
 * expected. result: a table with the method's output columns (only those that the call
 * filled need hold text). Input columns that the method does not know are ignored.
 * Threads  methods that are parallel inside give the same bytes for any number. */
ps_status ps_method_run(const ps_method *method, const ps_table *input,
                        const ps_method_argument *arguments, size_t n_arguments,
                        const ps_talk *talk, ps_table **result,
                        ps_error *err) PS_MUST_CHECK;

/* The same with the working of the figures, as far as the method tells it: steps is a
 * table of the columns and rows of the result, whose cells hold the lines (steps.h) that
 * the cell of the result came from, and nothing where that cell is empty or was read. */
ps_status ps_method_derive(const ps_method *method, const ps_table *input,
                           const ps_method_argument *arguments, size_t n_arguments,
                           ps_table **result, ps_table **steps,
                           ps_error *err) PS_MUST_CHECK;

/* ---- for the adaptors ---- */

const ps_table *ps_call_table(const ps_method_call *call);
size_t ps_call_rows(const ps_method_call *call);
const ps_talk *ps_call_talk(const ps_method_call *call);
/* Is the i-th input column there? */
bool ps_call_has(const ps_method_call *call, size_t input);
const char *ps_call_input_name(const ps_method_call *call, size_t input);
/* A cell as text, trimmed; empty when the column is absent. */
ps_str ps_call_text(const ps_method_call *call, size_t row, size_t input);
/* A cell as number; *missing for an empty cell, a marker such as [x], or an absent
 * column. PS_FORMAT names row, column and the text seen. */
ps_status ps_call_number(const ps_method_call *call, size_t row, size_t input,
                         double *value, bool *missing, ps_error *err) PS_MUST_CHECK;
/* A cell that cannot be negative, as a count or a population; NAN when missing. PS_FORMAT
 * as above, and when it is negative. */
ps_status ps_call_amount(const ps_method_call *call, size_t row, size_t input,
                         double *value, ps_error *err) PS_MUST_CHECK;
/* A whole column as numbers, NAN where missing; the caller frees it with ps_free. */
ps_status ps_call_numbers(const ps_method_call *call, size_t input, double **values,
                          ps_error *err) PS_MUST_CHECK;
/* The i-th parameter: as given or its fallback. */
const char *ps_call_param_text(const ps_method_call *call, size_t param);
/* Which of its choices a parameter is, the first 0. */
size_t ps_call_param_choice(const ps_method_call *call, size_t param);
double ps_call_param_number(const ps_method_call *call, size_t param);
bool ps_call_param_is(const ps_method_call *call, size_t param, const char *choice);
/* The place of a row in its file, for messages. */
ps_row_text ps_call_row_text(const ps_method_call *call, size_t row);
/* PS_FORMAT, "in.csv: row 12: ...". */
ps_status ps_call_refuse(const ps_method_call *call, size_t row, ps_error *err,
                         const char *format, ...) PS_PRINTF(4, 5);

/* Rows whose cell in an input is none that can be, which a method left out: a warning
 * with how many they are and the first of them. Nothing when n is 0. expected: "scores
 * are 1 to 5". */
void ps_call_tell_rejected(const ps_method_call *call, size_t n, size_t first,
                           size_t input, const char *expected);

/* Rows of equal text in one column, in order of the text: the groups most methods work
 * by. An absent column makes one group of everything. order holds all rows, group g those
 * at [offset[g], offset[g + 1]); both freed with ps_free. */
ps_status ps_call_groups(const ps_method_call *call, size_t input, size_t **order,
                         size_t **offset, size_t *n_groups, ps_error *err) PS_MUST_CHECK;

/* One such group with its numbers. */
enum { PS_GROUP_COLUMNS = 10 };
typedef struct ps_call_group {
    ps_str name;
    size_t at, n; /* the number of the group, the first 0; its rows */
    const size_t *row;
    const double *column[PS_GROUP_COLUMNS]; /* n each, NAN where missing; NULL: the table
                                               has no such column */
} ps_call_group;
typedef ps_status ps_group_fn(const ps_method_call *call, const ps_call_group *group,
                              void *context, ps_error *err);
/* fn for every group of one column, in its order, with the numbers of the inputs. */
ps_status ps_call_each_group(const ps_method_call *call, size_t by, const size_t *inputs,
                             size_t n_inputs, ps_group_fn *fn, void *context,
                             ps_error *err) PS_MUST_CHECK;

/* Fill the row under construction; output is the index of the output column. A number is
 * written only when status is ok and it is finite; else the cell stays empty. Errors are
 * kept and reported by ps_call_end_row. */
void ps_call_put_text(const ps_method_call *call, size_t output, ps_str text);
void ps_call_put_word(const ps_method_call *call, size_t output, const char *word);
void ps_call_put_number(const ps_method_call *call, size_t output, ps_value_status status,
                        double value);
/* A number that is missing when it is NAN. */
void ps_call_put_known(const ps_method_call *call, size_t output, double value);
void ps_call_put_value(const ps_method_call *call, size_t output, ps_value value);
/* n values into output, output + 1, ... */
void ps_call_put_values(const ps_method_call *call, size_t output, const ps_value *values,
                        size_t n);
/* A result of an iteration or a series, with the twelve digits that it settles to: those
 * behind depend on how the machine's libm rounds on the way. */
void ps_call_put_settled(const ps_method_call *call, size_t output, ps_value value);
void ps_call_put_int(const ps_method_call *call, size_t output, int64_t value);
/* The name of a status into a status column. */
void ps_call_put_status(const ps_method_call *call, size_t output,
                        ps_value_status status);
/* value, lower and upper into output, output + 1 and output + 2. */
void ps_call_put_estimate(const ps_method_call *call, size_t output,
                          const ps_estimate *estimate);
/* Where the working of a cell of the row under construction goes; NULL: nobody asks. */
ps_output *ps_call_steps(const ps_method_call *call, size_t output);
/* Of a value and its limits, in output, output + 1 and output + 2. */
ps_estimate_steps ps_call_estimate_steps(const ps_method_call *call, size_t output);
/* The row is complete; unfilled cells stay empty. */
ps_status ps_call_end_row(const ps_method_call *call, ps_error *err) PS_MUST_CHECK;

#endif

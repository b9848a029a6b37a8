/* Who said yes? The filters of a framework asked of every record.
 */
#ifndef PS_RUN_ANSWERS_H
#define PS_RUN_ANSWERS_H

#include "engine/run/records.h"

typedef enum ps_answer {
    PS_ANSWER_NO,
    PS_ANSWER_YES, /* all filters are passed */
    PS_ANSWER_NONE /* no answer in a column that decides */
} ps_answer;

/* The next answer of a cell, trimmed and cut from its front; false at the end. separator
 * NULL: the cell is one answer. */
bool ps_answers_next(const char *separator, ps_str *rest, ps_str *answer);

/* Ask the filters of a part, and, when it is split, whether the answer is `value`.
 * Shapes   answer: one for each record. value: NULL when the part is not split.
 * Rule     of several answers in a cell any one will do for `is`, and none may be one of
 *   `not`. No answer to one of the columns is no answer at all, whatever the others say.
 * Errors   PS_NOMEM. */
ps_status ps_answers_ask(const ps_record_set *set, const ps_framework_data *kind,
                         const ps_job_data *bound, const ps_framework_part *part,
                         const char *value, uint8_t *answer, ps_error *err) PS_MUST_CHECK;

#endif

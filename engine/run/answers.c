/* Every text of a column is asked once; the records follow by its number. */
#include "engine/run/answers.h"

#include <string.h>

#include "engine/run/framework_check.h"

/* A column as the framework, the job and the records have it. */
typedef struct asked {
    const ps_job_data_column *bound;
    const ps_record_column *column;
    const char *separator; /* NULL: one answer in a cell */
} asked;

static asked ask_for(const ps_record_set *set, const ps_framework_data *kind,
                     const ps_job_data *bound, const char *id) {
    asked a = {.bound = ps_binding_column(bound, id)};
    const int at = PS_FRAMEWORK_PLACE(kind->columns, kind->columns_count, id);
    a.column = ps_records_column(set, a.bound->column);
    a.separator = kind->columns[at].several ? set->spec->separator : NULL;
    return a;
}

bool ps_answers_next(const char *separator, ps_str *rest, ps_str *answer) {
    if (rest->p == NULL) return false;
    const size_t step = separator != NULL ? strlen(separator) : 0;
    size_t n = step > 0 ? 0 : rest->n;
    while (step > 0 && n < rest->n &&
           (n + step > rest->n || memcmp(rest->p + n, separator, step) != 0))
        n++;
    *answer = ps_str_trim((ps_str){rest->p, n});
    if (n >= rest->n)
        *rest = (ps_str){NULL, 0};
    else
        *rest = (ps_str){rest->p + n + step, rest->n - n - step};
    return true;
}

/* Is one of the answers in a cell one of these values? */
static bool any_means(const asked *a, const char *const *values, unsigned n,
                      ps_str text) {
    ps_str answer;
    while (ps_answers_next(a->separator, &text, &answer))
        for (unsigned v = 0; v < n; v++)
            if (ps_binding_means(a->bound, values[v], answer)) return true;
    return false;
}

static ps_status ask(const ps_record_set *set, const asked *a, const char *const *values,
                     unsigned n, bool wanted, uint8_t *answer, ps_error *err) {
    const size_t texts = ps_keys_size(a->column->texts);
    bool *passes = ps_alloc(texts, sizeof *passes);
    if (passes == NULL) return ps_fail_nomem(err);
    for (size_t t = 0; t < texts; t++)
        passes[t] =
            any_means(a, values, n, ps_keys_text(a->column->texts, (int32_t)t)) == wanted;
    for (size_t i = 0; i < set->n; i++) {
        const int32_t t = a->column->text[i];
        if (t == PS_NONE)
            answer[i] = PS_ANSWER_NONE;
        else if (answer[i] == PS_ANSWER_YES && !passes[t])
            answer[i] = PS_ANSWER_NO;
    }
    ps_free(passes);
    return PS_OK;
}

ps_status ps_answers_ask(const ps_record_set *set, const ps_framework_data *kind,
                         const ps_job_data *bound, const ps_framework_part *part,
                         const char *value, uint8_t *answer, ps_error *err) {
    memset(answer, PS_ANSWER_YES, set->n);
    for (unsigned w = 0; w < part->where_count; w++) {
        const ps_framework_filter *f = &part->where[w];
        const bool is = f->is_count > 0;
        const asked a = ask_for(set, kind, bound, f->column);
        PS_TRY(ask(set, &a, (const char *const *)(is ? f->is : f->not ),
                   is ? f->is_count : f->not_count, is, answer, err));
    }
    if (value == NULL) return PS_OK;
    const asked a = ask_for(set, kind, bound, part->by);
    return ask(set, &a, &value, 1, true, answer, err);
}

#include "indicators/transition.h"

#include <stdio.h>
#include <string.h>

#include "engine/core/keys.h"
#include "engine/core/mem.h"
#include "indicators/method.h"
#include "indicators/rate.h"

void ps_transitions_count(const int32_t *before, const int32_t *after, size_t n,
                          ps_transitions *out) {
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < n; i++) {
        if (before[i] < 0 || after[i] < 0) {
            out->joined += after[i] >= 0;
            out->left += before[i] >= 0;
            continue;
        }
        out->n[before[i]][after[i]]++;
        out->base[before[i]]++;
        out->up += after[i] > before[i];
        out->down += after[i] < before[i];
        out->same += after[i] == before[i];
    }
}

/* ---- Method ---- */

enum { IN_UNIT, IN_PERIOD, IN_STAGE };
static const ps_method_column inputs[] = {
    {"unit", PS_COLUMN_TEXT, true, "what is at a stage: a ward"},
    {"period", PS_COLUMN_TEXT, true, "in order of the text, as 2022/23"},
    {"stage", PS_COLUMN_TEXT, true,
     "in order of the text, as 1, 2, 3 or a, b; empty: not known"},
};
enum { P_CONFIDENCE, P_FROM, P_TO };
static const ps_method_param params[] = {
    PS_PARAM_CONFIDENCE,
    {"from", PS_COLUMN_TEXT, "", NULL, 1, 0, "period before; else the last before `to`"},
    {"to", PS_COLUMN_TEXT, "", NULL, 1, 0, "period after; else the last"},
};
static const ps_method_column outputs[] = {
    {"from", PS_COLUMN_TEXT, true, "period before"},
    {"to", PS_COLUMN_TEXT, true, "period after"},
    {"level", PS_COLUMN_TEXT, true, "stage: units of one stage; all: all units"},
    {"before", PS_COLUMN_TEXT, true, "stage of the units before"},
    {"after", PS_COLUMN_TEXT, true, "stage of the units after"},
    {"transition", PS_COLUMN_TEXT, true, "before>after; of all: up, same or down"},
    {"n", PS_COLUMN_INTEGER, true, "units that went this way; empty when base is 0"},
    {"base", PS_COLUMN_INTEGER, true, "units of the stage before, or all, known after"},
    {"share", PS_COLUMN_NUMBER, true, "100 n / base"},
    {"lower", PS_COLUMN_NUMBER, true, "Wilson's limit"},
    {"upper", PS_COLUMN_NUMBER, true, "Wilson's limit"},
    {"n_joined", PS_COLUMN_INTEGER, true, "units whose stage is known after alone"},
    {"n_left", PS_COLUMN_INTEGER, true, "units whose stage is known before alone"},
    {"status", PS_COLUMN_TEXT, true, "of share: ok, undefined (no unit known twice)"},
};

typedef struct panel {
    const ps_method_call *call;
    ps_keys *units;
    ps_str from, to;
    ps_str stage[PS_STAGES_MOST];
    size_t n_stages;
    int32_t *before, *after; /* by unit */
    ps_transitions counted;
} panel;

static ps_status period_named(const panel *p, size_t param, ps_str *out, ps_error *err) {
    const ps_str name = ps_str_of(ps_call_param_text(p->call, param));
    for (size_t i = 0; i < ps_call_rows(p->call); i++) {
        *out = ps_call_text(p->call, i, IN_PERIOD);
        if (ps_str_eq(*out, name)) return PS_OK;
    }
    return ps_fail(err, PS_CONFIG, "transition: %s: no row has the period '%.40s'",
                   param == P_FROM ? "from" : "to", name.p);
}

/* The last period, or the last that lies before another. */
static ps_str last_period(const panel *p, const ps_str *limit) {
    ps_str last = {"", 0};
    for (size_t i = 0; i < ps_call_rows(p->call); i++) {
        const ps_str text = ps_call_text(p->call, i, IN_PERIOD);
        if (limit != NULL && ps_str_cmp(text, *limit) >= 0) continue;
        if (ps_str_cmp(text, last) > 0) last = text;
    }
    return last;
}

static ps_status find_periods(panel *p, ps_error *err) {
    for (size_t i = 0; i < ps_call_rows(p->call); i++)
        if (ps_call_text(p->call, i, IN_PERIOD).n == 0)
            return ps_call_refuse(p->call, i, err, "period is empty");
    p->to = last_period(p, NULL);
    if (ps_call_param_text(p->call, P_TO)[0] != '\0')
        PS_TRY(period_named(p, P_TO, &p->to, err));
    p->from = last_period(p, &p->to);
    if (ps_call_param_text(p->call, P_FROM)[0] != '\0')
        PS_TRY(period_named(p, P_FROM, &p->from, err));
    return PS_OK;
}

/* Stages in order; few, so that each row may look through them. */
static ps_status find_stages(panel *p, ps_error *err) {
    for (size_t i = 0; i < ps_call_rows(p->call); i++) {
        const ps_str text = ps_call_text(p->call, i, IN_STAGE);
        size_t at = 0;
        while (at < p->n_stages && ps_str_cmp(p->stage[at], text) < 0) at++;
        if (text.n == 0 || (at < p->n_stages && ps_str_eq(p->stage[at], text))) continue;
        if (p->n_stages == PS_STAGES_MOST)
            return ps_call_refuse(p->call, i, err, "stage is one of more than %d",
                                  PS_STAGES_MOST);
        memmove(&p->stage[at + 1], &p->stage[at], (p->n_stages - at) * sizeof *p->stage);
        p->stage[at] = text;
        p->n_stages++;
    }
    return PS_OK;
}

static int32_t stage_of(const panel *p, ps_str text) {
    for (size_t k = 0; k < p->n_stages; k++)
        if (ps_str_eq(p->stage[k], text)) return (int32_t)k;
    return -1;
}

static ps_status read_units(panel *p, ps_error *err) {
    const size_t rows = ps_call_rows(p->call);
    p->before = ps_alloc(rows + 1, sizeof *p->before);
    p->after = ps_alloc(rows + 1, sizeof *p->after);
    if (p->before == NULL || p->after == NULL) return ps_fail_nomem(err);
    for (size_t i = 0; i < rows; i++) p->before[i] = p->after[i] = -1;
    for (size_t i = 0; i < rows; i++) {
        const ps_str period = ps_call_text(p->call, i, IN_PERIOD),
                     unit = ps_call_text(p->call, i, IN_UNIT),
                     stage = ps_call_text(p->call, i, IN_STAGE);
        const bool is_to = ps_str_eq(period, p->to), is_from = ps_str_eq(period, p->from);
        int32_t at;
        if (unit.n == 0) return ps_call_refuse(p->call, i, err, "unit is empty");
        if (stage.n == 0 || (!is_to && !is_from)) continue;
        PS_TRY(ps_keys_add(p->units, unit, &at, NULL, err));
        int32_t *slot = is_to ? &p->after[at] : &p->before[at];
        if (*slot >= 0)
            return ps_call_refuse(p->call, i, err, "'%.*s' stands twice in %.*s",
                                  (int)(unit.n < 40 ? unit.n : 40), unit.p,
                                  (int)(period.n < 20 ? period.n : 20), period.p);
        *slot = stage_of(p, stage);
    }
    return PS_OK;
}

static ps_status write_row(const panel *p, const char *level, ps_str before, ps_str after,
                           const char *transition, int64_t n, int64_t base,
                           ps_error *err) {
    const ps_estimate share =
        ps_proportion((double)n, (double)base, 100,
                      ps_call_param_number(p->call, P_CONFIDENCE), PS_PROPORTION_WILSON);
    ps_step_add(ps_call_steps(p->call, 6), (double)n,
                "units that went %s from %.*s to %.*s, of %lld", transition,
                (int)(p->from.n < 40 ? p->from.n : 40), p->from.p,
                (int)(p->to.n < 40 ? p->to.n : 40), p->to.p, (long long)base);
    ps_proportion_steps(ps_call_estimate_steps(p->call, 8), (double)n, (double)base, 100,
                        ps_call_param_number(p->call, P_CONFIDENCE),
                        PS_PROPORTION_WILSON);
    ps_call_put_text(p->call, 0, p->from);
    ps_call_put_text(p->call, 1, p->to);
    ps_call_put_word(p->call, 2, level);
    ps_call_put_text(p->call, 3, before);
    ps_call_put_text(p->call, 4, after);
    ps_call_put_word(p->call, 5, transition);
    ps_call_put_number(p->call, 6, share.status, (double)n);
    ps_call_put_int(p->call, 7, base);
    ps_call_put_estimate(p->call, 8, &share);
    ps_call_put_int(p->call, 11, p->counted.joined);
    ps_call_put_int(p->call, 12, p->counted.left);
    ps_call_put_status(p->call, 13, share.status);
    return ps_call_end_row(p->call, err);
}

static ps_status write_stages(const panel *p, ps_error *err) {
    char transition[160];
    for (size_t a = 0; a < p->n_stages; a++) {
        for (size_t b = 0; b < p->n_stages; b++) {
            const ps_str before = p->stage[a], after = p->stage[b];
            snprintf(transition, sizeof transition, "%.*s>%.*s",
                     (int)(before.n < 64 ? before.n : 64), before.p,
                     (int)(after.n < 64 ? after.n : 64), after.p);
            PS_TRY(write_row(p, "stage", before, after, transition, p->counted.n[a][b],
                             p->counted.base[a], err));
        }
    }
    return PS_OK;
}

static ps_status work(panel *p, ps_error *err) {
    const ps_str none = {"", 0};
    PS_TRY(ps_keys_create(&p->units, err));
    PS_TRY(find_periods(p, err));
    PS_TRY(find_stages(p, err));
    PS_TRY(read_units(p, err));
    ps_transitions_count(p->before, p->after, ps_keys_size(p->units), &p->counted);
    const int64_t all = p->counted.up + p->counted.same + p->counted.down;
    PS_TRY(write_stages(p, err));
    PS_TRY(write_row(p, "all", none, none, "up", p->counted.up, all, err));
    PS_TRY(write_row(p, "all", none, none, "same", p->counted.same, all, err));
    return write_row(p, "all", none, none, "down", p->counted.down, all, err);
}

static ps_status run(const ps_method_call *call, ps_error *err) {
    panel p = {.call = call};
    if (ps_call_rows(call) == 0) return PS_OK;
    const ps_status status = work(&p, err);
    ps_keys_free(p.units);
    ps_free(p.before);
    ps_free(p.after);
    return status;
}

extern const ps_method ps_method_transition;
const ps_method ps_method_transition = {
    .id = "transition",
    .title = "Movement between stages",
    .formula =
        "units by their stage in two periods; share = 100 n / units of the stage "
        "before, limits by Wilson. up: a later stage after than before. Units known in "
        "one of the periods alone are told and not in any share.",
    .source = "Wilson 1927, JASA 22:209",
    .evidence = "by hand",
    .input = inputs,
    .n_input = PS_LENGTH(inputs),
    .param = params,
    .n_param = PS_LENGTH(params),
    .output = outputs,
    .n_output = PS_LENGTH(outputs),
    .run = run,
};

/* Baselines, targets and the figures that they state, of measures and of what an area's
 * own plan changes about them. */
#include <string.h>

#include "engine/run/framework_check.h"
#include "engine/run/yaml_check.h"

static ps_status check_target(const ps_yaml *yaml, const ps_framework_measure *measure,
                              const char *at, const char *polarity_at, ps_error *err) {
    const ps_framework_target *target = measure->target;
    char path[PS_YAML_PATH];
    if (target == NULL) return PS_OK;
    PS_YAML_AT(path, "%s.target", at);
    const bool trajectory = target->kind == PS_TARGET_TRAJECTORY;
    if (trajectory != (target->step != NULL))
        return PS_YAML_WRONG(yaml, err, path,
                             trajectory ? "a trajectory needs the key 'step', its change "
                                          "a year, such as -10"
                                        : "'step' goes with kind: trajectory");
    if (trajectory && (*target->step == 0 || target->value != NULL))
        return PS_YAML_WRONG(yaml, err, path,
                             target->value != NULL
                                 ? "a trajectory has a step and no 'value'"
                                 : "the step of a trajectory cannot be 0");
    int wants = 0; /* mirror: whatever the polarity */
    if (target->kind == PS_TARGET_BELOW_BASELINE || target->kind == PS_TARGET_REDUCE)
        wants = PS_POLARITY_LOWER;
    if (target->kind == PS_TARGET_ABOVE || target->kind == PS_TARGET_INCREASE)
        wants = PS_POLARITY_HIGHER;
    if (trajectory) wants = *target->step < 0 ? PS_POLARITY_LOWER : PS_POLARITY_HIGHER;
    if (measure->polarity == PS_POLARITY_NONE ||
        (wants != 0 && wants != (int)measure->polarity))
        return PS_YAML_WRONG(yaml, err, polarity_at, "%s, but the target is '%s'%s",
                             ps_polarity_text(measure->polarity),
                             ps_target_kind_text(target->kind),
                             wants == 0   ? ", which needs a direction"
                             : wants == 1 ? ", which wants it higher"
                                          : ", which wants it lower");
    return PS_OK;
}

/* All of what a measure is a share of, in its unit; 0: it is no share. */
static double whole_of(const ps_framework_measure *m) {
    if (m->method == NULL) return 0;
    const bool asks = strcmp(m->method, "svy_mean") == 0 && m->numerator != NULL &&
                      m->numerator->where_count > 0;
    if (!asks && strcmp(m->method, "proportion") != 0 &&
        strcmp(m->method, "repeat") != 0 && strcmp(m->method, "svy_share") != 0)
        return 0;
    return m->multiplier != NULL ? *m->multiplier : 1;
}

static ps_status check_possible(const ps_yaml *yaml, const ps_framework_measure *m,
                                const double *value, const char *path, ps_error *err) {
    const double whole = whole_of(m);
    if (value == NULL || m->method == NULL) return PS_OK;
    if (whole > 0 && !(*value >= 0 && *value <= whole))
        return PS_YAML_WRONG(yaml, err, path, "%g is no share: these go from 0 to %g",
                             *value, whole);
    const bool counts =
        strcmp(m->method, "count_ci") == 0 || strcmp(m->method, "crude_rate") == 0;
    if (counts && *value < 0)
        return PS_YAML_WRONG(yaml, err, path, "%g is below 0, as no %s is", *value,
                             strcmp(m->method, "count_ci") == 0 ? "count" : "rate");
    return PS_OK;
}

ps_status ps_framework_check_figures(const ps_yaml *yaml, const ps_framework_measure *m,
                                     const ps_framework_baseline *baseline,
                                     const ps_framework_target *target, const char *at,
                                     ps_error *err) {
    const double *from = baseline != NULL ? baseline->value : NULL,
                 *to = target != NULL ? target->value : NULL;
    char path[PS_YAML_PATH];
    PS_YAML_AT(path, "%s.baseline.value", at);
    PS_TRY(check_possible(yaml, m, from, path, err));
    PS_YAML_AT(path, "%s.target.value", at);
    PS_TRY(check_possible(yaml, m, to, path, err));
    if (from == NULL || to == NULL) return PS_OK;
    const bool falls =
        target->kind == PS_TARGET_BELOW_BASELINE || target->kind == PS_TARGET_REDUCE;
    if ((falls && *to > *from) || (target->kind == PS_TARGET_INCREASE && *to < *from))
        return PS_YAML_WRONG(
            yaml, err, path, "the target is '%s', but %g is %s the baseline, %g",
            ps_target_kind_text(target->kind), *to, falls ? "above" : "below", *from);
    return PS_OK;
}

static ps_status check_baseline(const ps_yaml *yaml, const ps_framework_measure *measure,
                                const char *at, ps_error *err) {
    const ps_framework_baseline *baseline = measure->baseline;
    char path[PS_YAML_PATH];
    ps_period period;
    if (baseline == NULL) return PS_OK;
    PS_YAML_AT(path, "%s.baseline", at);
    if (baseline->value == NULL && baseline->period == NULL && baseline->measure == NULL)
        return PS_YAML_WRONG(yaml, err, path,
                             "needs 'value', 'period' or 'measure'; a measure without "
                             "baseline leaves the whole key out");
    if (baseline->period != NULL && baseline->measure != NULL)
        return PS_YAML_WRONG(yaml, err, path,
                             "the area's own figure is that of a period or of another "
                             "measure, not of both");
    if (baseline->period == NULL) return PS_OK;
    PS_YAML_AT(path, "%s.baseline.period", at);
    PS_TRY(ps_framework_check_period(yaml, path, baseline->period, &period, err));
    if (measure->method != NULL && strcmp(measure->method, "count_ci") == 0 &&
        ps_period_months(&period) != 12)
        return PS_YAML_WRONG(yaml, err, path,
                             "a count is compared by years, and '%s' has %d months",
                             baseline->period, (int)ps_period_months(&period));
    return PS_OK;
}

ps_status ps_framework_check_goal(const ps_yaml *yaml,
                                  const ps_framework_measure *measure, const char *at,
                                  const char *polarity_at, ps_error *err) {
    PS_TRY(check_baseline(yaml, measure, at, err));
    return check_target(yaml, measure, at, polarity_at, err);
}

/* How a figure stands against its baseline and its target, in the words of explain. */
#ifndef PS_RUN_EXPLAIN_JUDGEMENT_H
#define PS_RUN_EXPLAIN_JUDGEMENT_H

#include "engine/core/output.h"
#include "engine/run/judge.h"

/* A number rounded for people: the digits that a reader compares. NAN: "none". */
const char *ps_explain_number(double value, char out[32]);
/* "= 0.031", or "< 0.0001". */
const char *ps_explain_chance(double p, char out[32]);
/* The unit behind a value: in brackets when it has a clause of its own. */
enum { PS_EXPLAIN_UNIT = 200 };
const char *ps_explain_unit(const char *unit, char out[PS_EXPLAIN_UNIT]);
/* "Label      text". */
void ps_explain_line(ps_output *out, const char *label, const char *text);

/* Baseline, target, status, change and its test, evidence, trend and projection: each
 * with the numbers that it stands on, as far as there are any. */
void ps_explain_judgement(const ps_measure *measure, const ps_measure_figure *figure,
                          ps_output *out);
/* The report's sentence for the status of a figure that has a value, with its blanks
 * filled in; none when the report has none. */
void ps_explain_sentence(const ps_framework_report *report, const ps_measure *measure,
                         const ps_measure_figure *figure, ps_str area, ps_output *out);

#endif

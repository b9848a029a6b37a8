/* Better or worse, once it is known which way is good. */
#ifndef PS_INDICATORS_JUDGEMENT_H
#define PS_INDICATORS_JUDGEMENT_H

typedef enum ps_judgement {
    PS_JUDGED_NONE, /* nothing to judge by */
    PS_JUDGED_IMPROVED,
    PS_JUDGED_WORSENED,
    PS_JUDGED_UNCLEAR
} ps_judgement;

static inline const char *ps_judgement_text(ps_judgement judgement) {
    switch (judgement) {
        case PS_JUDGED_IMPROVED:
            return "improved";
        case PS_JUDGED_WORSENED:
            return "worsened";
        case PS_JUDGED_UNCLEAR:
            return "no-clear-change";
        case PS_JUDGED_NONE:
            break;
    }
    return "";
}

/* The judgement of a change whose interval is given; polarity 1 when higher is better, -1
 * when lower is, 0 when neither is (then nothing is judged). */
static inline ps_judgement ps_judge_interval(double lower, double upper, int polarity) {
    if (polarity == 0) return PS_JUDGED_NONE;
    if (lower > 0) return polarity > 0 ? PS_JUDGED_IMPROVED : PS_JUDGED_WORSENED;
    if (upper < 0) return polarity > 0 ? PS_JUDGED_WORSENED : PS_JUDGED_IMPROVED;
    return PS_JUDGED_UNCLEAR;
}

#endif

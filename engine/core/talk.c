#include "engine/core/talk.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "engine/core/mem.h"

void ps_say(const ps_talk *talk, ps_talk_level level, const char *format, ...) {
    if (talk == NULL || talk->say == NULL) return;
    char sentence[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    talk->say(talk->context, level, sentence);
}

ps_status ps_progress(const ps_talk *talk, const char *phase, double done, double total,
                      ps_error *err) {
    if (talk == NULL || talk->progress == NULL) return PS_OK;
    if (talk->progress(talk->context, phase, done, total) == 0) return PS_OK;
    return ps_fail(err, PS_INTERRUPTED, "stopped on request while %s", phase);
}

typedef struct sentence {
    ps_talk_level level;
    char *text;
} sentence;

struct ps_talk_held {
    const ps_talk *caller;
    ps_talk talk;
    sentence *said;
    size_t n, capacity;
};

/* Better said too early than not at all. */
static void hold_sentence(void *context, ps_talk_level level, const char *text) {
    ps_talk_held *h = context;
    char *copy = ps_strndup(text, strlen(text));
    if (copy == NULL || ps_grow((void **)&h->said, &h->capacity, h->n + 1,
                                sizeof *h->said, NULL) != PS_OK) {
        ps_free(copy);
        ps_say(h->caller, level, "%s", text);
        return;
    }
    h->said[h->n++] = (sentence){level, copy};
}

static int pass_progress(void *context, const char *phase, double done, double total) {
    const ps_talk_held *h = context;
    return ps_progress(h->caller, phase, done, total, NULL) != PS_OK;
}

ps_status ps_talk_hold(const ps_talk *caller, ps_talk_held **out, ps_error *err) {
    ps_talk_held *h = *out = ps_zalloc(1, sizeof *h);
    if (h == NULL) return ps_fail_nomem(err);
    h->caller = caller;
    h->talk = (ps_talk){hold_sentence, pass_progress, h};
    return PS_OK;
}

const ps_talk *ps_talk_of(const ps_talk_held *held) {
    return &held->talk;
}

size_t ps_talk_sift(ps_talk_held *h,
                    bool (*is_wanted)(const void *context, const char *sentence),
                    const void *context) {
    size_t wanted = 0, warnings = 0;
    for (size_t i = 0; i < h->n; i++) {
        if (is_wanted(context, h->said[i].text)) {
            h->said[wanted++] = h->said[i];
            continue;
        }
        warnings += h->said[i].level == PS_TALK_WARNING;
        ps_free(h->said[i].text);
    }
    h->n = wanted;
    return warnings;
}

void ps_talk_release(ps_talk_held *h, bool say) {
    for (size_t i = 0; i < h->n; i++) {
        if (say) ps_say(h->caller, h->said[i].level, "%s", h->said[i].text);
        ps_free(h->said[i].text);
    }
    ps_free(h->said);
    ps_free(h);
}

#include "engine/core/talk.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

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

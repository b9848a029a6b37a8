#include "engine/core/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

ps_status ps_fail(ps_error *err, ps_status status, const char *format, ...) {
    if (err != NULL) {
        va_list args;
        va_start(args, format);
        vsnprintf(err->text, sizeof err->text, format, args);
        va_end(args);
        err->status = status;
    }
    return status;
}

void ps_fail_prefix(ps_error *err, const char *format, ...) {
    if (err == NULL) return;
    char joined[sizeof err->text];
    va_list args;
    va_start(args, format);
    int used = vsnprintf(joined, sizeof joined, format, args);
    va_end(args);
    if (used < 0) return;
    size_t at = (size_t)used < sizeof joined ? (size_t)used : sizeof joined - 1;
    snprintf(joined + at, sizeof joined - at, "%s", err->text);
    memcpy(err->text, joined, sizeof joined);
}

ps_status ps_fail_nomem(ps_error *err) {
    return ps_fail(err, PS_NOMEM,
                   "memory ran out; free some, raise the limit, or use fewer threads");
}

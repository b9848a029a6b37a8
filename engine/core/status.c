#include "engine/core/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Cut text to n - 1 bytes, never inside a UTF-8 character. */
static void copy_cut(char *to, const char *text, size_t n) {
    size_t length = strlen(text);
    if (length >= n) {
        length = n - 1;
        while (length > 0 && ((unsigned char)text[length] & 0xC0) == 0x80) length--;
    }
    memcpy(to, text, length);
    to[length] = '\0';
}

ps_status ps_fail(ps_error *err, ps_status status, const char *format, ...) {
    if (err != NULL) {
        /* Built apart, since an argument may be err->text itself. */
        char text[sizeof err->text + 4];
        va_list args;
        va_start(args, format);
        if (vsnprintf(text, sizeof text, format, args) < 0) text[0] = '\0';
        va_end(args);
        copy_cut(err->text, text, sizeof err->text);
        err->status = status;
    }
    return status;
}

void ps_fail_prefix(ps_error *err, const char *format, ...) {
    if (err == NULL) return;
    char joined[2 * sizeof err->text];
    va_list args;
    va_start(args, format);
    int used = vsnprintf(joined, sizeof err->text, format, args);
    va_end(args);
    if (used < 0) return;
    memcpy(joined + strlen(joined), err->text, strlen(err->text) + 1);
    copy_cut(err->text, joined, sizeof err->text);
}

ps_status ps_fail_nomem(ps_error *err) {
    return ps_fail(err, PS_NOMEM,
                   "memory ran out; free some, raise the limit, or use fewer threads");
}

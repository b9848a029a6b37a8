/* How the library speaks to whoever called it.
 *
 * The library prints nothing. It hands warnings and facts to `say`, and how far it is to
 * `progress`; the program decides what a person sees. All calls come from the thread that
 * called the library.
 */
#ifndef PS_CORE_TALK_H
#define PS_CORE_TALK_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/core/status.h"

typedef enum ps_talk_level {
    PS_TALK_INFO,   /* a fact a careful reader wants: the CRS operation, an encoding
                       fallback */
    PS_TALK_WARNING /* something that may make a figure wrong */
} ps_talk_level;

typedef struct ps_talk {
    void (*say)(void *context, ps_talk_level level, const char *sentence);
    /* phase: a few words, e.g. "reading crime"; done and total in bytes or rows, total 0
     * when unknown. Returns 0 to go on; anything else asks the library to stop soon with
     * PS_INTERRUPTED. */
    int (*progress)(void *context, const char *phase, double done, double total);
    void *context;
} ps_talk;

/* Both accept a NULL talk and missing functions. */
void ps_say(const ps_talk *talk, ps_talk_level level, const char *format, ...)
    PS_PRINTF(3, 4);
ps_status ps_progress(const ps_talk *talk, const char *phase, double done, double total,
                      ps_error *err) PS_MUST_CHECK;

/* A talk that keeps what is said to itself until it is known whether it counts; progress
 * is passed on. The caller may be NULL. */
typedef struct ps_talk_held ps_talk_held;
ps_status ps_talk_hold(const ps_talk *caller, ps_talk_held **out,
                       ps_error *err) PS_MUST_CHECK;
const ps_talk *ps_talk_of(const ps_talk_held *held);
/* Say it to the caller, or forget it. */
void ps_talk_release(ps_talk_held *held, bool say);
/* Forget what is not wanted; how many warnings these were. */
size_t ps_talk_sift(ps_talk_held *held,
                    bool (*is_wanted)(const void *context, const char *sentence),
                    const void *context);

#endif

/* Status codes and the one error structure.
 *
 * Every function that can fail returns a ps_status and, when the caller passes a
 * ps_error, leaves one sentence in it: which file, row or feature, which column, the
 * value seen, what was expected, what to do. There is no global error state. Bad rows of
 * data are not errors: they are counted by cause (see engine/run/points.h).
 */
#ifndef PS_CORE_STATUS_H
#define PS_CORE_STATUS_H

typedef enum ps_status {
    PS_OK = 0,
    PS_NOMEM,       /* memory could not be had */
    PS_INPUT,       /* an input is missing or cannot be read */
    PS_FORMAT,      /* an input was read and is not what it has to be */
    PS_CONFIG,      /* the job, an option or an argument is wrong */
    PS_GATE,        /* a strict check or the accounting identity failed */
    PS_OUTPUT,      /* an output cannot be written */
    PS_UNSUPPORTED, /* right, but not something this build can do */
    PS_LIMIT,       /* a stated bound was passed */
    PS_INTERRUPTED, /* the caller asked to stop */
    PS_LOCKED       /* another run is at work on the same folder */
} ps_status;

typedef struct ps_error {
    ps_status status;
    char text[1024];
} ps_error;

#define PS_MUST_CHECK __attribute__((warn_unused_result))
#define PS_PRINTF(text, first) __attribute__((format(printf, text, first)))

/* Record a failure and return its status, so that a function can end with
 * `return ps_fail(err, PS_FORMAT, "...")`. err may be NULL. Text that does not fit is
 * cut. */
ps_status ps_fail(ps_error *err, ps_status status, const char *format, ...)
    PS_PRINTF(3, 4);

/* Put context in front of a message already recorded: "reading a.csv: " + text. */
void ps_fail_prefix(ps_error *err, const char *format, ...) PS_PRINTF(2, 3);

/* The message for an allocation that failed. */
ps_status ps_fail_nomem(ps_error *err);

/* Return from the enclosing function when a call failed. */
#define PS_TRY(call)                       \
    do {                                   \
        ps_status ps_try_status_ = (call); \
        if (ps_try_status_ != PS_OK) {     \
            return ps_try_status_;         \
        }                                  \
    } while (0)

#endif

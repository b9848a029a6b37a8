/* What the program says beside its results: progress, notes, warnings, errors.
 *
 * All of it goes to standard error. A bar is one line that is drawn again at most ten
 * times a second and wiped before anything else is printed. JSON is one object per line:
 *   {"event":"progress","phase":"reading crime","done":5,"total":10,"percent":50}
 *   {"event":"note"|"warning"|"rows","text":"..."}
 *   {"event":"error","exit":4,"text":"..."}
 */
#ifndef PS_CLI_TERMINAL_H
#define PS_CLI_TERMINAL_H

#include <signal.h>
#include <stdbool.h>

#include "engine/core/output.h"
#include "engine/core/talk.h"

typedef enum ps_progress_mode {
    PS_PROGRESS_DEFAULT, /* bar on a terminal, else log */
    PS_PROGRESS_NONE,
    PS_PROGRESS_BAR,
    PS_PROGRESS_LOG,
    PS_PROGRESS_JSON
} ps_progress_mode;

typedef struct ps_terminal {
    int fd;
    ps_progress_mode mode; /* never DEFAULT once open */
    int quiet;             /* 1: no progress, 2: no notes and warnings */
    bool colour;
    double least_gap;                  /* seconds between two lines of a log */
    int width;                         /* of the bar's line */
    const volatile sig_atomic_t *stop; /* not zero: ask the library to stop */
    double (*clock)(void);             /* seconds; replaced by tests */
    ps_talk talk;                      /* for the library; its context is this */
    /* The phase under way and what was last shown of it. */
    char phase[80];
    double began, shown_at, shown_done;
    int shown_percent; /* -1: nothing yet */
    bool bar_drawn;
} ps_terminal;

/* Begin on a file descriptor; stop may be NULL. The terminal must not be moved. Reads
 * TERM, NO_COLOR and the width of the window. */
void ps_terminal_open(ps_terminal *terminal, int fd, ps_progress_mode mode, int quiet,
                      const volatile sig_atomic_t *stop);
/* Wipe the bar. To be called before others write to the same terminal. */
void ps_terminal_clear(ps_terminal *terminal);
/* "placestat: text" */
void ps_terminal_error(ps_terminal *terminal, int exit_code, const char *text);
/* Lines that the library made, such as the accounting of rows: on standard error as they
 * are, or as JSON. */
void ps_terminal_rows(ps_terminal *terminal, ps_str lines);

#endif

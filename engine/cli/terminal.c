/* See terminal.h. Each line is put together in memory and written with one call, so that
 * lines of several programs in one log do not mix. */
#include "engine/cli/terminal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { LINE_BYTES = 8192, LEAST_WIDTH = 20, MOST_WIDTH = 100 };

/* A line under construction; what does not fit is cut. */
typedef struct line {
    size_t n;
    char text[LINE_BYTES];
} line;

static void put(line *l, const char *text, size_t n) {
    size_t room = sizeof l->text - 1 - l->n; /* one byte stays for the line end */
    if (n > room) n = room;
    memcpy(l->text + l->n, text, n);
    l->n += n;
}

static void put_text(line *l, const char *text) {
    put(l, text, strlen(text));
}

static void put_json(line *l, ps_str text) {
    put(l, "\"", 1);
    /* Room for the longest escape, the quote and the closing brace, so that a text which
     * is too long is cut and the object still ends. */
    for (size_t i = 0; i < text.n && l->n + 16 < sizeof l->text; i++) {
        unsigned char c = (unsigned char)text.p[i];
        char escaped[8];
        if (c == '"' || c == '\\') {
            snprintf(escaped, sizeof escaped, "\\%c", c);
        } else if (c == '\n') {
            memcpy(escaped, "\\n", 3);
        } else if (c < 0x20 || c == 0x7f) {
            snprintf(escaped, sizeof escaped, "\\u%04x", (unsigned)c);
        } else {
            escaped[0] = (char)c;
            escaped[1] = '\0';
        }
        put_text(l, escaped);
    }
    put(l, "\"", 1);
}

/* Text from files may hold anything: control characters must not reach a terminal. */
static void put_safe(line *l, const char *text) {
    for (const char *c = text; *c != '\0'; c++) {
        unsigned char byte = (unsigned char)*c;
        bool control = (byte < 0x20 && byte != '\n') || byte == 0x7f;
        put(l, control ? "?" : c, 1);
    }
}

/* A standard error that is gone is no reason to fail. */
static void send(const ps_terminal *t, const char *text, size_t n) {
    size_t done = 0;
    while (done < n) {
        ssize_t written = write(t->fd, text + done, n - done);
        if (written > 0) {
            done += (size_t)written;
        } else if (written < 0 && errno != EINTR) {
            return;
        }
    }
}

static void send_line(const ps_terminal *t, line *l) {
    l->text[l->n++] = '\n';
    send(t, l->text, l->n);
}

void ps_terminal_clear(ps_terminal *t) {
    static const char wipe[] = "\r\033[K";
    if (!t->bar_drawn) return;
    send(t, wipe, sizeof wipe - 1);
    t->bar_drawn = false;
}

static void event(ps_terminal *t, const char *kind, const char *member, ps_str text) {
    line l = {.n = 0};
    put_text(&l, "{\"event\":\"");
    put_text(&l, kind);
    put_text(&l, "\",");
    put_text(&l, member);
    put_text(&l, "\"text\":");
    put_json(&l, text);
    put_text(&l, "}");
    send_line(t, &l);
}

void ps_terminal_error(ps_terminal *t, int exit_code, const char *text) {
    ps_terminal_clear(t);
    if (t->mode == PS_PROGRESS_JSON) {
        char member[24];
        snprintf(member, sizeof member, "\"exit\":%d,", exit_code);
        event(t, "error", member, ps_str_of(text));
        return;
    }
    line l = {.n = 0};
    put_text(&l, "placestat: ");
    put_safe(&l, text);
    send_line(t, &l);
}

static void rows_as_events(ps_terminal *t, ps_str lines) {
    for (size_t i = 0; i < lines.n;) {
        const char *end = memchr(lines.p + i, '\n', lines.n - i);
        size_t n = end != NULL ? (size_t)(end - lines.p) - i : lines.n - i;
        event(t, "rows", "", (ps_str){lines.p + i, n});
        i += n + 1;
    }
}

void ps_terminal_rows(ps_terminal *t, ps_str lines) {
    ps_terminal_clear(t);
    if (t->mode == PS_PROGRESS_JSON)
        rows_as_events(t, lines);
    else
        send(t, lines.p, lines.n);
}

static void say(void *context, ps_talk_level level, const char *sentence) {
    ps_terminal *t = context;
    bool warning = level == PS_TALK_WARNING;
    if (t->quiet > 1) return;
    ps_terminal_clear(t);
    if (t->mode == PS_PROGRESS_JSON) {
        event(t, warning ? "warning" : "note", "", ps_str_of(sentence));
        return;
    }
    line l = {.n = 0};
    put_text(&l, "placestat: ");
    if (t->colour && warning) put_text(&l, "\033[33m");
    put_text(&l, warning ? "warning:" : "note:");
    if (t->colour && warning) put_text(&l, "\033[0m");
    put_text(&l, " ");
    put_safe(&l, sentence);
    send_line(t, &l);
}

static void show_json(ps_terminal *t, double done, double total, int percent) {
    line l = {.n = 0};
    char numbers[96];
    put_text(&l, "{\"event\":\"progress\",\"phase\":");
    put_json(&l, ps_str_of(t->phase));
    snprintf(numbers, sizeof numbers, ",\"done\":%.0f", done);
    put_text(&l, numbers);
    if (total > 0) {
        snprintf(numbers, sizeof numbers, ",\"total\":%.0f,\"percent\":%d}", total,
                 percent);
        put_text(&l, numbers);
    } else {
        put_text(&l, "}");
    }
    send_line(t, &l);
}

static void show_log(ps_terminal *t, double total, int percent, double now) {
    line l = {.n = 0};
    char number[48];
    put_text(&l, "placestat: ");
    put_safe(&l, t->phase);
    if (total > 0)
        snprintf(number, sizeof number, ": %d %%", percent);
    else
        snprintf(number, sizeof number, ": %.0f s", now - t->began);
    put_text(&l, number);
    send_line(t, &l);
}

/* "reading crime [########............]  40 %" in one line of the window */
static void show_bar(ps_terminal *t, double total, int percent, double now) {
    line l = {.n = 0};
    int room = t->width - 1 - (int)strlen(t->phase) - 11;
    put_text(&l, "\r");
    put_safe(&l, t->phase);
    if (l.n > (size_t)t->width - 10) l.n = (size_t)t->width - 10;
    char number[48];
    if (total > 0) {
        if (room >= 10) {
            put_text(&l, " [");
            for (int i = 0; i < room; i++)
                put_text(&l, i * 100 < percent * room ? "#" : ".");
            put_text(&l, "]");
        }
        snprintf(number, sizeof number, " %3d %%", percent);
    } else {
        snprintf(number, sizeof number, " %.0f s", now - t->began);
    }
    put_text(&l, number);
    put_text(&l, "\033[K");
    send(t, l.text, l.n);
    t->bar_drawn = true;
}

static bool log_is_due(const ps_terminal *t, double total, int percent, double now) {
    if (now - t->shown_at >= 10) return true;
    return total > 0 && percent / 10 > t->shown_percent / 10 &&
           now - t->shown_at >= t->least_gap;
}

/* The first and the last of a phase always; between them at most ten a second. */
static bool json_is_due(const ps_terminal *t, double total, int percent, double now) {
    if (t->shown_percent < 0 || now - t->shown_at >= 1) return true;
    if (total <= 0 || percent == t->shown_percent) return false;
    return percent == 100 || now - t->shown_at >= 0.1;
}

static int progress(void *context, const char *phase, double done, double total) {
    ps_terminal *t = context;
    int stop = t->stop != NULL && *t->stop != 0;
    if (t->mode == PS_PROGRESS_NONE || t->quiet > 0) return stop;
    double now = t->clock();
    if (strncmp(phase, t->phase, sizeof t->phase - 1) != 0) {
        snprintf(t->phase, sizeof t->phase, "%s", phase);
        t->began = t->shown_at = now;
        t->shown_percent = t->mode == PS_PROGRESS_LOG ? 0 : -1;
    }
    int percent = 0;
    if (total > 0 && done > 0) percent = done < total ? (int)(done * 100 / total) : 100;
    bool due = false;
    if (t->mode == PS_PROGRESS_BAR) {
        due = t->shown_percent < 0 || now - t->shown_at >= 0.1;
        if (due) show_bar(t, total, percent, now);
    } else if (t->mode == PS_PROGRESS_LOG) {
        due = log_is_due(t, total, percent, now);
        if (due) show_log(t, total, percent, now);
    } else {
        due = json_is_due(t, total, percent, now);
        if (due) show_json(t, done, total, percent);
    }
    if (due) {
        t->shown_at = now;
        t->shown_percent = percent;
    }
    return stop;
}

static double monotonic(void) {
    struct timespec now = {0, 0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static bool is_set(const char *variable) {
    const char *value = getenv(variable);
    return value != NULL && value[0] != '\0';
}

void ps_terminal_open(ps_terminal *t, int fd, ps_progress_mode mode, int quiet,
                      const volatile sig_atomic_t *stop) {
    const char *term = getenv("TERM");
    bool redraws = term != NULL && term[0] != '\0' && strcmp(term, "dumb") != 0;
    bool screen = isatty(fd) && redraws;
    *t = (ps_terminal){.fd = fd,
                       .quiet = quiet,
                       .stop = stop,
                       .clock = monotonic,
                       .shown_percent = -1,
                       .width = 80};
    t->talk = (ps_talk){.say = say, .progress = progress, .context = t};
    t->colour = screen && !is_set("NO_COLOR");
    t->least_gap = mode == PS_PROGRESS_LOG ? 0 : 1;
    t->mode = mode;
    if (mode == PS_PROGRESS_DEFAULT)
        t->mode = screen ? PS_PROGRESS_BAR : PS_PROGRESS_LOG;
    else if (mode == PS_PROGRESS_BAR && isatty(fd) && !redraws)
        t->mode = PS_PROGRESS_LOG;
    struct winsize window;
    if (ioctl(fd, TIOCGWINSZ, &window) == 0 && window.ws_col >= LEAST_WIDTH)
        t->width = window.ws_col < MOST_WIDTH ? window.ws_col : MOST_WIDTH;
}

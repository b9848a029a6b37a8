/* Small line plots as SVG: double logarithmic, a mark at every measurement, one panel
 * beside the other. Lines differ in colour, mark and label. */
#include <math.h>
#include <string.h>

#include "bench/bench.h"

enum { WIDTH = 440, HEIGHT = 360, LEFT = 62, RIGHT = 120, TOP = 36, BOTTOM = 48 };
enum { LINES = 4, LABEL_GAP = 14 };

static const char *const colour[LINES] = {"#0072b2", "#d55e00", "#555555", "#009e73"};

typedef struct scale {
    double low, high, from, to; /* exponents of ten; positions */
} scale;

static double place(const scale *s, double v) {
    return s->from + (log10(v) - s->low) / (s->high - s->low) * (s->to - s->from);
}

typedef struct label_at {
    double x, y;
    size_t series;
    bool drawn;
} label_at;

static bool drawable(double x, double y) {
    return x > 0 && y > 0 && isfinite(x) && isfinite(y);
}

static void tick(FILE *f, double x, double y, const char *anchor, int exponent) {
    const bool millions = exponent >= 6;
    fprintf(f, "<text x='%.1f' y='%.1f' text-anchor='%s'>%g%s</text>\n", x, y, anchor,
            pow(10, millions ? exponent - 6 : exponent), millions ? " M" : "");
}

static void draw_axes(FILE *f, const bench_panel *p, const scale *x, const scale *y) {
    for (int e = (int)x->low; e <= (int)x->high; e++) {
        const double at = place(x, pow(10, e));
        fprintf(f, "<path class='grid' d='M%.1f %.1fV%.1f'/>", at, y->from, y->to);
        tick(f, at, y->from + 16, "middle", e);
    }
    for (int e = (int)y->low; e <= (int)y->high; e++) {
        const double at = place(y, pow(10, e));
        fprintf(f, "<path class='grid' d='M%.1f %.1fH%.1f'/>", x->from, at, x->to);
        tick(f, x->from - 6, at + 4, "end", e);
    }
    fprintf(f, "<text class='title' x='%.1f' y='%.1f'>%s</text>\n", x->from, y->to - 12,
            p->title);
    fprintf(f, "<text x='%.1f' y='%.1f' text-anchor='middle'>%s</text>\n",
            (x->from + x->to) / 2, y->from + 36, p->x_label);
    fprintf(f,
            "<text transform='translate(%.1f %.1f) rotate(-90)' "
            "text-anchor='middle'>%s</text>\n",
            x->from - 46, (y->from + y->to) / 2, p->y_label);
}

static void draw_line(FILE *f, const bench_series *s, size_t number, const scale *x,
                      const scale *y, label_at *label) {
    const char *c = colour[number];
    fprintf(f, "<path fill='none' stroke='%s' stroke-width='2' d='", c);
    char step = 'M';
    double end_x = 0, end_y = 0;
    for (size_t i = 0; i < s->n; i++) {
        if (!drawable(s->x[i], s->y[i])) continue;
        end_x = place(x, s->x[i]);
        end_y = place(y, s->y[i]);
        fprintf(f, "%c%.1f %.1f", step, end_x, end_y);
        step = 'L';
    }
    fprintf(f, "'/>\n");
    for (size_t i = 0; i < s->n; i++) {
        if (!drawable(s->x[i], s->y[i])) continue;
        fprintf(f,
                "<circle r='3' fill='%s' cx='%.1f' cy='%.1f'><title>%s: %g, %.3g s"
                "</title></circle>\n",
                c, place(x, s->x[i]), place(y, s->y[i]), s->name, s->x[i], s->y[i]);
    }
    *label = (label_at){end_x + 8, end_y + 4, number, step == 'L'};
}

/* Names at the ends of their lines, moved apart where they would overlap. */
static void draw_labels(FILE *f, const bench_panel *p, label_at *label, size_t n) {
    for (size_t i = 0; i < n; i++) {
        for (size_t k = i; k > 0 && label[k].y < label[k - 1].y; k--) {
            const label_at swap = label[k];
            label[k] = label[k - 1];
            label[k - 1] = swap;
        }
    }
    for (size_t i = 0; i < n; i++) {
        if (i > 0) label[i].y = fmax(label[i].y, label[i - 1].y + LABEL_GAP);
        if (label[i].drawn) {
            fprintf(f, "<text x='%.1f' y='%.1f' fill='%s'>%s</text>\n", label[i].x,
                    label[i].y, colour[label[i].series], p->series[label[i].series].name);
        }
    }
}

static void draw_panel(FILE *f, const bench_panel *p, double left) {
    scale x = {HUGE_VAL, -HUGE_VAL, left + LEFT, left + WIDTH - RIGHT + LEFT};
    scale y = {HUGE_VAL, -HUGE_VAL, HEIGHT - BOTTOM, TOP};
    for (size_t i = 0; i < p->n; i++) {
        for (size_t k = 0; k < p->series[i].n; k++) {
            const double at_x = p->series[i].x[k], at_y = p->series[i].y[k];
            if (!drawable(at_x, at_y)) continue;
            x.low = fmin(x.low, floor(log10(at_x) + 1e-9));
            x.high = fmax(x.high, ceil(log10(at_x) - 1e-9));
            y.low = fmin(y.low, floor(log10(at_y)));
            y.high = fmax(y.high, ceil(log10(at_y)));
        }
    }
    if (x.low > x.high) return;
    x.high = fmax(x.high, x.low + 1);
    y.high = fmax(y.high, y.low + 1);
    draw_axes(f, p, &x, &y);
    label_at label[LINES] = {{0}};
    const size_t n = p->n < LINES ? p->n : LINES;
    for (size_t i = 0; i < n; i++) draw_line(f, &p->series[i], i, &x, &y, &label[i]);
    draw_labels(f, p, label, n);
}

bool bench_plot(const char *path, const bench_panel *panel, size_t n) {
    FILE *f = fopen(path, "w");
    if (f == NULL) {
        printf("cannot write '%s'\n", path);
        return false;
    }
    const size_t wide = n * (WIDTH + LEFT + 60);
    fprintf(f,
            "<svg xmlns='http://www.w3.org/2000/svg' width='%zu' height='%d' "
            "viewBox='0 0 %zu %d'>\n"
            "<style>text{font:12px sans-serif}.title{font-weight:bold}"
            ".grid{stroke:#ddd}</style>\n"
            "<rect width='100%%' height='100%%' fill='white'/>\n",
            wide, HEIGHT, wide, HEIGHT);
    for (size_t i = 0; i < n; i++)
        draw_panel(f, &panel[i], (double)(i * (WIDTH + LEFT + 60)));
    fprintf(f, "</svg>\n");
    return fclose(f) == 0;
}

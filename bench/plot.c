/* Small line plots as SVG: double logarithmic, a mark at every measurement, one panel
 * beside the other. Lines differ in colour, mark and label. */
#include <math.h>
#include <string.h>

#include "bench/bench.h"

enum { WIDTH = 440, HEIGHT = 360, LEFT = 62, RIGHT = 120, TOP = 36, BOTTOM = 48 };

static const char *const colour[] = {"#0072b2", "#d55e00", "#555555", "#009e73"};

typedef struct scale {
    double low, high, from, to; /* exponents of ten; positions */
} scale;

static double place(const scale *s, double v) {
    return s->from + (log10(v) - s->low) / (s->high - s->low) * (s->to - s->from);
}

static bool drawable(double x, double y) {
    return x > 0 && y > 0 && isfinite(x) && isfinite(y);
}

static void draw_axes(FILE *f, const bench_panel *p, const scale *x, const scale *y) {
    for (int e = (int)x->low; e <= (int)x->high; e++) {
        const double at = place(x, pow(10, e));
        fprintf(f, "<path class='grid' d='M%.1f %.1fV%.1f'/>", at, y->from, y->to);
        fprintf(f, "<text x='%.1f' y='%.1f' text-anchor='middle'>%g</text>\n", at,
                y->from + 16, pow(10, e));
    }
    for (int e = (int)y->low; e <= (int)y->high; e++) {
        const double at = place(y, pow(10, e));
        fprintf(f, "<path class='grid' d='M%.1f %.1fH%.1f'/>", x->from, at, x->to);
        fprintf(f, "<text x='%.1f' y='%.1f' text-anchor='end'>%g</text>\n", x->from - 6,
                at + 4, pow(10, e));
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
                      const scale *y) {
    const char *c = colour[number % (sizeof colour / sizeof *colour)];
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
    if (step == 'L')
        fprintf(f, "<text x='%.1f' y='%.1f' fill='%s'>%s</text>\n", end_x + 8, end_y + 4,
                c, s->name);
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
    for (size_t i = 0; i < p->n; i++) draw_line(f, &p->series[i], i, &x, &y);
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

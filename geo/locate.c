/* Layers of one unit that lie near enough to each other share one grid; a point goes down
 * it once and comes back with a row of each. grid.h tells how a grid stands in memory.
 */
#include "geo/locate.h"

#include <math.h>
#include <string.h>

#include "engine/core/par.h"
#include "geo/descend.h"

/* A grid and the layers [layer, layer + grid.layers) that it holds. */
typedef struct part {
    ps_grid grid;
    size_t layer;
    ps_reach reach;
} part;

/* A layer, with its operation: ours, or NULL when the CRSs are the same. */
typedef struct layer {
    const ps_areas *areas;
    ps_crs_operation *op;
    size_t part;
} layer;

struct ps_locator {
    layer *layer;
    size_t layers;
    part *part; /* room for one per layer */
    size_t parts;
    bool geographic;
    bool viewed; /* the words are not ours */
    void (*release)(void *held);
    void *held;
};

static ps_status create(const ps_locator_layer *from, size_t n, bool geographic,
                        ps_locator **out, ps_error *err) {
    ps_locator *l = *out = ps_zalloc(1, sizeof *l);
    if (l == NULL) return ps_fail_nomem(err);
    l->layer = ps_zalloc(n, sizeof *l->layer);
    l->part = ps_zalloc(n, sizeof *l->part);
    if (l->layer == NULL || l->part == NULL) return ps_fail_nomem(err);
    l->layers = n;
    l->geographic = geographic;
    for (size_t i = 0; i < n; i++) {
        l->layer[i].areas = from[i].areas;
        if (from[i].op != NULL)
            PS_TRY(ps_crs_operation_clone(from[i].op, &l->layer[i].op, err));
    }
    return PS_OK;
}

void ps_locator_free(ps_locator *l) {
    if (l == NULL) return;
    for (size_t p = 0; p < l->parts; p++) {
        ps_grid *g = &l->part[p].grid;
        if (!l->viewed) {
            for (size_t b = 0; g->band != NULL && b < g->n_bands; b++)
                ps_free(g->band[b]);
            ps_free(g->top);
        }
        ps_free(g->band);
        ps_free(g->band_words);
        ps_free(g->first);
    }
    for (size_t i = 0; l->layer != NULL && i < l->layers; i++)
        ps_crs_operation_free(l->layer[i].op);
    if (l->release != NULL) l->release(l->held);
    ps_free(l->layer);
    ps_free(l->part);
    ps_free(l);
}

/* A part of the n layers that come next, their areas numbered. */
static ps_status begin_part(ps_locator *l, size_t n, part **out, ps_error *err) {
    size_t next = 0;
    if (l->parts > 0)
        next = l->part[l->parts - 1].layer + l->part[l->parts - 1].grid.layers;
    part *p = *out = &l->part[l->parts++];
    p->layer = next;
    p->grid.layers = n;
    p->grid.first = ps_zalloc(n + 1, sizeof *p->grid.first);
    if (p->grid.first == NULL) return ps_fail_nomem(err);
    for (size_t i = 0; i < n; i++) {
        const size_t areas = l->layer[next + i].areas->n;
        l->layer[next + i].part = l->parts - 1;
        if (areas >= PS_GRID_ROW - p->grid.first[i])
            return ps_fail(err, PS_LIMIT, "more than %u areas in one index",
                           PS_GRID_ROW - 1);
        p->grid.first[i + 1] = p->grid.first[i] + (uint32_t)areas;
    }
    return PS_OK;
}

static void set_reach(part *p) {
    const ps_grid *g = &p->grid;
    p->reach = (ps_reach){(double)g->origin_x - 1, (double)g->origin_y - 1,
                          (double)(g->origin_x + g->span_x + 1),
                          (double)(g->origin_y + g->span_y + 1)};
}

/* How many of n frozen layers, from the first on, can share a grid: 31 bits hold them all
 * in the unit that each has alone, so that no answer depends on the company. */
static size_t count_near(ps_frozen *const *f, size_t n) {
    int64_t low_x = f[0]->origin_x, high_x = low_x + f[0]->span_x;
    int64_t low_y = f[0]->origin_y, high_y = low_y + f[0]->span_y;
    size_t i = 1;
    for (; i < n && i < PS_GRID_LAYERS && f[i]->scale == f[0]->scale; i++) {
        const int64_t x = f[i]->origin_x, y = f[i]->origin_y;
        low_x = x < low_x ? x : low_x, low_y = y < low_y ? y : low_y;
        high_x = x + f[i]->span_x > high_x ? x + f[i]->span_x : high_x;
        high_y = y + f[i]->span_y > high_y ? y + f[i]->span_y : high_y;
        if (high_x - low_x >= INT32_MAX || high_y - low_y >= INT32_MAX) break;
    }
    return i;
}

static ps_status build_grid(const ps_frozen *const *frozen, ps_grid *g,
                            const ps_locator_sink *sink, ps_error *err);

static ps_status build_parts(ps_locator *l, ps_frozen **frozen,
                             const ps_locator_sink *sink, ps_error *err) {
    for (size_t i = 0; i < l->layers; i++)
        PS_TRY(
            ps_freeze(l->layer[i].areas, l->layer[i].op, l->geographic, &frozen[i], err));
    for (size_t i = 0; i < l->layers;) {
        part *p = NULL;
        PS_TRY(begin_part(l, count_near(frozen + i, l->layers - i), &p, err));
        PS_TRY(build_grid((const ps_frozen *const *)frozen + i, &p->grid, sink, err));
        set_reach(p);
        i += p->grid.layers;
    }
    return PS_OK;
}

static ps_status build(const ps_locator_layer *from, size_t n, bool geographic,
                       const ps_locator_sink *sink, ps_locator **out, ps_error *err) {
    ps_locator *l = NULL;
    ps_status status = create(from, n, geographic, &l, err);
    ps_frozen **frozen = ps_zalloc(n, sizeof(ps_frozen *));
    if (status == PS_OK && frozen == NULL) status = ps_fail_nomem(err);
    if (status == PS_OK) status = build_parts(l, frozen, sink, err);
    for (size_t i = 0; frozen != NULL && i < n; i++) ps_frozen_free(frozen[i]);
    ps_free(frozen);
    if (status != PS_OK) {
        ps_locator_free(l);
        l = NULL;
    }
    *out = l;
    return status;
}

ps_status ps_locator_build(const ps_locator_layer *from, size_t n, bool geographic,
                           ps_locator **out, ps_error *err) {
    return build(from, n, geographic, NULL, out, err);
}

ps_status ps_locator_write(const ps_locator_layer *from, size_t n, bool geographic,
                           const ps_locator_sink *sink, ps_error *err) {
    ps_locator *l = NULL;
    const ps_status status = build(from, n, geographic, sink, &l, err);
    ps_locator_free(l);
    return status;
}

static const ps_grid *grid_of(const ps_locator *l, size_t i) {
    return &l->part[l->layer[i].part].grid;
}

double ps_locator_unit(const ps_locator *locator, size_t i) {
    return 1 / grid_of(locator, i)->scale;
}

static size_t top_words(const ps_grid *g) {
    return (size_t)g->columns * g->rows + 1;
}

size_t ps_locator_bytes(const ps_locator *locator) {
    size_t n = sizeof *locator + locator->layers * (sizeof(layer) + sizeof(part));
    for (size_t i = 0; i < locator->parts; i++) {
        const ps_grid *g = &locator->part[i].grid;
        n += top_words(g) * sizeof *g->top +
             g->n_bands * (sizeof *g->band + sizeof *g->band_words) +
             (g->layers + 1) * sizeof *g->first;
        for (size_t b = 0; b < g->n_bands; b++) n += g->band_words[b] * sizeof *g->top;
    }
    return n;
}

static bool is_same(const ps_grid *a, const ps_grid *b) {
    if (a->scale != b->scale || a->origin_x != b->origin_x ||
        a->origin_y != b->origin_y || a->span_x != b->span_x || a->span_y != b->span_y ||
        a->shift != b->shift || a->n_bands != b->n_bands || a->layers != b->layers ||
        memcmp(a->first, b->first, (a->layers + 1) * sizeof *a->first) != 0 ||
        memcmp(a->top, b->top, top_words(a) * sizeof *a->top) != 0)
        return false;
    for (size_t i = 0; i < a->n_bands; i++) {
        if (a->band_words[i] != b->band_words[i] ||
            memcmp(a->band[i], b->band[i], a->band_words[i] * sizeof *a->top) != 0)
            return false;
    }
    return true;
}

bool ps_locator_same(const ps_locator *a, const ps_locator *b) {
    if (a->layers != b->layers || a->parts != b->parts) return false;
    for (size_t i = 0; i < a->parts; i++)
        if (!is_same(&a->part[i].grid, &b->part[i].grid)) return false;
    return true;
}

int64_t ps_locator_freeze(const ps_locator *locator, size_t i, double v) {
    const double units = v * grid_of(locator, i)->scale;
    return fabs(units) < 0x1p62 ? ps_freeze_round(units) : INT64_MIN;
}

ps_status ps_locator_frozen_areas(const ps_locator *locator, size_t i, ps_areas **out,
                                  ps_error *err) {
    *out = NULL;
    const layer *of = &locator->layer[i];
    const ps_areas *areas = of->areas;
    ps_frozen *f = NULL;
    ps_areas_builder *b = NULL;
    double *x = NULL, *y = NULL;
    size_t room[2] = {0, 0};
    if (of->op != NULL) PS_TRY(ps_crs_operation_ready(of->op, err));
    ps_status status = ps_freeze(areas, of->op, locator->geographic, &f, err);
    if (status == PS_OK) status = ps_areas_builder_create(&b, err);
    for (size_t a = 0; status == PS_OK && a < areas->n; a++) {
        status = ps_areas_builder_area(b, areas->code[a], areas->name[a], err);
        for (size_t r = areas->area_ring[a];
             status == PS_OK && r < areas->area_ring[a + 1]; r++) {
            const size_t n = f->ring_end[r] - f->ring_begin[r];
            status = ps_grow((void **)&x, &room[0], n, sizeof *x, err);
            if (status == PS_OK)
                status = ps_grow((void **)&y, &room[1], n, sizeof *y, err);
            if (status != PS_OK) break;
            for (size_t k = 0; k < n; k++) {
                x[k] = (double)(f->x[f->ring_begin[r] + k] + f->origin_x);
                y[k] = (double)(f->y[f->ring_begin[r] + k] + f->origin_y);
            }
            status = ps_areas_builder_ring(b, n, x, y, err);
        }
    }
    if (status == PS_OK)
        status = ps_areas_builder_finish(b, NULL, out, err);
    else
        ps_areas_builder_free(b);
    ps_free(x);
    ps_free(y);
    ps_frozen_free(f);
    return status;
}

/* --- as bytes --- */

/* For each grid, one behind the other: head; for each band where it begins and how many
 * words it has, the top cells being band 0; the words, each band at a multiple of 64
 * bytes. */
typedef struct image {
    double scale;
    int64_t origin_x, origin_y;
    uint32_t span_x, span_y, columns, rows;
    uint32_t shift, band_shift, n_bands, layers;
    uint32_t areas, unused;
} image;
typedef struct extent {
    uint64_t begin, n; /* in words from the end of the extents, rounded up */
} extent;
enum { LINE_WORDS = 16 };

static size_t line_up(size_t n) {
    return (n + LINE_WORDS - 1) / LINE_WORDS * LINE_WORDS;
}

/* Words before the first of the bands. */
static size_t image_front(size_t n_bands) {
    return line_up((sizeof(image) + (n_bands + 1) * sizeof(extent)) / sizeof(uint32_t));
}

/* A grid on its way out. */
typedef struct writing {
    const ps_locator_sink *sink;
    size_t at; /* of its head */
} writing;

static void leave_front(void *to, const ps_grid *g) {
    writing *w = to;
    const size_t words = image_front(g->n_bands) + line_up(top_words(g));
    w->at = w->sink->leave(w->sink->to, words * sizeof(uint32_t));
}

static void write_band(void *to, const uint32_t *from, size_t n) {
    static const uint32_t zero[LINE_WORDS];
    const ps_locator_sink *sink = ((const writing *)to)->sink;
    if (n > 0) sink->write(sink->to, from, n * sizeof *from);
    if (line_up(n) > n) sink->write(sink->to, zero, (line_up(n) - n) * sizeof *zero);
}

/* What stands before the bands. */
static void fill_front(const writing *w, const ps_grid *g) {
    const image head = {g->scale,
                        g->origin_x,
                        g->origin_y,
                        g->span_x,
                        g->span_y,
                        g->columns,
                        g->rows,
                        (uint32_t)g->shift,
                        (uint32_t)g->band_shift,
                        (uint32_t)g->n_bands,
                        (uint32_t)g->layers,
                        g->first[g->layers],
                        0};
    uint32_t front[(sizeof head + (PS_GRID_MAX_BANDS + 1) * sizeof(extent)) /
                   sizeof(uint32_t)];
    memcpy(front, &head, sizeof head);
    size_t used = sizeof head / sizeof *front;
    extent e = {0, top_words(g)};
    for (size_t i = 0; i <= g->n_bands; i++) {
        if (i > 0) e = (extent){e.begin + line_up(e.n), g->band_words[i - 1]};
        memcpy(front + used, &e, sizeof e);
        used += sizeof e / sizeof *front;
    }
    w->sink->fill(w->sink->to, w->at, front, used * sizeof *front);
    w->sink->fill(w->sink->to, w->at + image_front(g->n_bands) * sizeof *front, g->top,
                  top_words(g) * sizeof *g->top);
}

static ps_status build_grid(const ps_frozen *const *frozen, ps_grid *g,
                            const ps_locator_sink *sink, ps_error *err) {
    if (sink == NULL) return ps_grid_build(frozen, g, NULL, err);
    writing w = {.sink = sink};
    const ps_grid_sink bands = {leave_front, write_band, &w};
    PS_TRY(ps_grid_build(frozen, g, &bands, err));
    fill_front(&w, g);
    return PS_OK;
}

/* A band under test. Each word belongs to one grid or record, so what was visited cannot
 * be more than there is: that bounds the work, whatever the entries say. Answers for
 * several layers may be shared, and anywhere. */
typedef struct audit {
    const ps_grid *g;
    const uint32_t *band;
    size_t n, left;
} audit;

static bool spend(audit *a, size_t at, size_t n) {
    if (at > a->n || n > a->n - at || n > a->left) return false;
    a->left -= n;
    return true;
}

/* An edge in the first of five columns of n words. */
static bool edge_is_sound(const audit *a, const uint32_t *at, size_t n, uint32_t known) {
    const uint32_t x = a->g->span_x, y = a->g->span_y;
    return at[0] <= x && at[n] <= y && at[2 * n] <= x && at[3 * n] <= y &&
           (at[4 * n] & PS_GRID_AREA_BITS & ~known) == 0;
}

static bool record_is_sound(audit *a, size_t at) {
    uint32_t least = 0; /* areas ascend, from block to block too */
    for (;;) {
        if (!spend(a, at, 2)) return false;
        const uint32_t head = a->band[at], base = a->band[at + 1];
        const size_t areas = ps_grid_head_areas(head), edges = ps_grid_head_edges(head);
        if (areas > PS_GRID_BLOCK) return false;
        const uint32_t known = (1u << areas) - 1;
        if ((base & ~known) != 0 || !spend(a, at + 2, areas + edges * PS_GRID_EDGE_WORDS))
            return false;
        at += 2;
        for (size_t i = 0; i < areas; i++, at++) {
            const uint32_t area = a->band[at];
            if (area < least || area >= a->g->first[a->g->layers]) return false;
            least = area + 1;
        }
        if (a->n - at < edges * PS_GRID_EDGE_WORDS + PS_GRID_BEYOND) return false;
        for (size_t i = 0; i < edges; i++)
            if (!edge_is_sound(a, a->band + at + i, edges, known)) return false;
        at += edges * PS_GRID_EDGE_WORDS;
        if (!(head & PS_GRID_MORE)) return true;
    }
}

static bool answer_is_sound(const ps_grid *g, size_t l, uint32_t answer) {
    return !(answer & PS_GRID_MIXED) && answer != PS_GRID_TIE &&
           (answer & PS_GRID_ROW) <= g->first[l + 1] - g->first[l];
}

static bool whole_is_sound(const audit *a, uint32_t entry) {
    const ps_grid *g = a->g;
    if (g->layers == 1) return answer_is_sound(g, 0, entry);
    if (entry == 0) return true;
    if (a->n < g->layers || entry - 1 > a->n - g->layers) return false;
    for (size_t l = 0; l < g->layers; l++)
        if (!answer_is_sound(g, l, a->band[entry - 1 + l])) return false;
    return true;
}

static bool entry_is_sound(audit *a, uint32_t entry, int shift) {
    if (!(entry & PS_GRID_MIXED)) return whole_is_sound(a, entry);
    if (!ps_grid_is_grid(entry)) return record_is_sound(a, ps_grid_record(entry));
    const int fan = ps_grid_fan(entry);
    const size_t at = ps_grid_offset(entry), cells = (size_t)1 << (2 * fan);
    if (fan > shift || !spend(a, at, cells)) return false;
    for (size_t i = 0; i < cells; i++)
        if (!entry_is_sound(a, a->band[at + i], shift - fan)) return false;
    return true;
}

static ps_status fail_image(ps_error *err) {
    return ps_fail(err, PS_FORMAT, "the bytes are no index of these areas");
}

static ps_status audit_bands(void *context, size_t begin, size_t end, int worker,
                             ps_error *err) {
    (void)worker;
    const ps_grid *g = context;
    for (size_t b = begin; b < end; b++) {
        audit a = {g, g->band[b], g->band_words[b], g->band_words[b]};
        const size_t first = b << g->band_shift;
        for (size_t r = first; r < g->rows && r >> g->band_shift == b; r++) {
            for (size_t c = 0; c < g->columns; c++)
                if (!entry_is_sound(&a, g->top[r * g->columns + c], g->shift))
                    return fail_image(err);
        }
    }
    return PS_OK;
}

static bool is_near(int64_t origin) {
    return origin >= -((int64_t)1 << 52) && origin <= (int64_t)1 << 52;
}

/* The grid that begins at *used words, and *used beyond it. */
static ps_status view_grid(uint32_t *words, size_t n, size_t *used, bool deep,
                           ps_locator *l, ps_error *err) {
    image h;
    size_t layers = l->layers;
    for (size_t p = 0; p < l->parts; p++) layers -= l->part[p].grid.layers;
    char *bytes = (char *)(words + *used);
    if ((n - *used) * sizeof *words < sizeof h) return fail_image(err);
    memcpy(&h, bytes, sizeof h);
    if (!(h.scale >= 1e-6 && h.scale <= 1e8) || !is_near(h.origin_x) ||
        !is_near(h.origin_y) || h.span_x >= INT32_MAX || h.span_y >= INT32_MAX ||
        h.shift > 30 || h.band_shift > 30 || h.columns != (h.span_x >> h.shift) + 1 ||
        h.rows != (h.span_y >> h.shift) + 1 || h.n_bands > PS_GRID_MAX_BANDS ||
        h.n_bands != ((h.rows - 1) >> h.band_shift) + 1 || h.layers == 0 ||
        h.layers > layers || h.layers > PS_GRID_LAYERS)
        return fail_image(err);
    part *p = NULL;
    PS_TRY(begin_part(l, h.layers, &p, err));
    ps_grid *g = &p->grid;
    if (h.areas != g->first[g->layers]) return fail_image(err);
    g->scale = h.scale;
    g->origin_x = h.origin_x, g->origin_y = h.origin_y;
    g->span_x = h.span_x, g->span_y = h.span_y;
    g->columns = h.columns, g->rows = h.rows;
    g->shift = (int)h.shift, g->band_shift = (int)h.band_shift;
    g->n_bands = h.n_bands;
    set_reach(p);
    const size_t front = image_front(g->n_bands), all = n - *used;
    if (all < front) return fail_image(err);
    g->band = ps_zalloc(g->n_bands, sizeof *g->band);
    g->band_words = ps_zalloc(g->n_bands, sizeof *g->band_words);
    if (g->band == NULL || g->band_words == NULL) return ps_fail_nomem(err);
    uint32_t *first = words + *used + front;
    size_t at = 0;
    for (size_t i = 0; i <= g->n_bands; i++) {
        extent e;
        memcpy(&e, bytes + sizeof h + i * sizeof e, sizeof e);
        if (e.begin != at || e.n > all - front - at || line_up(e.n) > all - front - at ||
            (i == 0 && e.n != top_words(g)))
            return fail_image(err);
        if (i == 0) g->top = first;
        if (i > 0) g->band[i - 1] = first + at, g->band_words[i - 1] = e.n;
        at += line_up(e.n);
    }
    *used += front + at;
    if (g->top[top_words(g) - 1] != 0) return fail_image(err);
    return deep ? ps_par_for(g->n_bands, 1, audit_bands, g, err) : PS_OK;
}

ps_status ps_locator_view(void *bytes, size_t n, bool deep, const ps_locator_layer *from,
                          size_t n_layers, bool geographic, void (*release)(void *held),
                          void *held, ps_locator **out, ps_error *err) {
    ps_locator *l = NULL;
    ps_status status = create(from, n_layers, geographic, &l, err);
    size_t used = 0;
    if (l != NULL) l->viewed = true;
    for (size_t seen = 0; status == PS_OK && seen < n_layers;) {
        status = view_grid(bytes, n / sizeof(uint32_t), &used, deep, l, err);
        if (status == PS_OK) seen += l->part[l->parts - 1].grid.layers;
    }
    if (status == PS_OK && used * sizeof(uint32_t) != n) status = fail_image(err);
    if (status != PS_OK) {
        ps_locator_free(l);
        l = NULL;
    } else {
        l->release = release;
        l->held = held;
    }
    *out = l;
    return status;
}

void ps_locate(const ps_locator *locator, size_t n, const double *x, const double *y,
               int32_t *row, int64_t *ties) {
    for (size_t k = 0; k < locator->parts; k++) {
        const part *p = &locator->part[k];
        int64_t tied[PS_GRID_LAYERS] = {0};
        ps_descend(&p->grid, &p->reach, n, x, y,
                   (ps_descent){row + p->layer * n, n, tied});
        for (size_t l = 0; ties != NULL && l < p->grid.layers; l++)
            ties[p->layer + l] += tied[l];
    }
}

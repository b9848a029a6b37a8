#include "engine/run/area_overlap.h"

#include <stdlib.h>

/* What each area is made of: block[first[a] .. first[a + 1]), ascending, each once. */
typedef struct made_of {
    size_t *first;
    int32_t *block;
    size_t n;
} made_of;

static void made_of_free(made_of *m) {
    ps_free(m->first), ps_free(m->block);
}

static size_t areas_in(const ps_geographies *all, int geography) {
    return all->geography[geography].areas->n;
}

static int by_number(const void *a, const void *b) {
    const int32_t p = *(const int32_t *)a, q = *(const int32_t *)b;
    return (p > q) - (p < q);
}

/* ---- Down to common ground ---- */

static int root_of(const ps_geographies *all, int geography) {
    while (all->geography[geography].base >= 0)
        geography = all->geography[geography].base;
    return geography;
}

static bool is_built_of(const ps_geographies *all, int geography, int base) {
    while (geography >= 0 && geography != base)
        geography = all->geography[geography].base;
    return geography == base;
}

/* The first geography that both are built of, or -1. */
static int common_base(const ps_geographies *all, int here, int there) {
    while (here >= 0 && !is_built_of(all, there, here)) here = all->geography[here].base;
    return here;
}

/* Blocks that are being gathered; taken: by block, 1 + the last area that has it. */
typedef struct gathering {
    const ps_geographies *all;
    int base;
    made_of *out;
    size_t capacity;
    size_t *taken;
} gathering;

static ps_status gather(gathering *g, int geography, size_t area, size_t owner,
                        ps_error *err) {
    const ps_geography *geo = &g->all->geography[geography];
    if (geography != g->base) {
        for (size_t k = geo->offset[area]; k < geo->offset[area + 1]; k++)
            PS_TRY(gather(g, geo->base, (size_t)geo->member[k], owner, err));
        return PS_OK;
    }
    if (g->taken[area] == owner + 1) return PS_OK;
    g->taken[area] = owner + 1;
    PS_TRY(ps_grow((void **)&g->out->block, &g->capacity, g->out->n + 1,
                   sizeof *g->out->block, err));
    g->out->block[g->out->n++] = (int32_t)area;
    return PS_OK;
}

static ps_status resolve(const ps_geographies *all, int geography, int base, made_of *out,
                         ps_error *err) {
    const size_t n = areas_in(all, geography);
    gathering g = {.all = all, .base = base, .out = out};
    out->first = ps_zalloc(n + 1, sizeof *out->first);
    g.taken = ps_zalloc(areas_in(all, base), sizeof *g.taken);
    ps_status status = out->first != NULL && g.taken != NULL ? PS_OK : ps_fail_nomem(err);
    for (size_t a = 0; status == PS_OK && a < n; a++) {
        status = gather(&g, geography, a, a, err);
        out->first[a + 1] = out->n;
        if (out->n > out->first[a])
            qsort(out->block + out->first[a], out->n - out->first[a], sizeof *out->block,
                  by_number);
    }
    ps_free(g.taken);
    return status;
}

/* ---- Best fit ---- */

/* Put in place of each block the areas of `finer` that lie in it. */
static ps_status refine(const ps_geographies *all, int geography, int coarser, int finer,
                        made_of *of, ps_error *err) {
    const size_t n = areas_in(all, geography), n_fine = areas_in(all, finer);
    int32_t *lies_in = ps_alloc(n_fine, sizeof *lies_in);
    size_t *first = ps_zalloc(areas_in(all, coarser) + 2, sizeof *first);
    int32_t *held = ps_alloc(n_fine, sizeof *held);
    made_of fine = {.first = ps_zalloc(n + 1, sizeof *fine.first)};
    size_t capacity = 0;
    const bool room =
        lies_in != NULL && first != NULL && held != NULL && fine.first != NULL;
    ps_status status =
        room ? ps_geography_fit(all, (size_t)finer, (size_t)coarser, lies_in, err)
             : ps_fail_nomem(err);
    /* By area of coarser, those that lie in it, in their order. */
    for (size_t i = 0; status == PS_OK && i < n_fine; i++)
        if (lies_in[i] != PS_NONE) first[lies_in[i] + 2]++;
    for (size_t c = 0; status == PS_OK && c < areas_in(all, coarser); c++)
        first[c + 2] += first[c + 1];
    for (size_t i = 0; status == PS_OK && i < n_fine; i++)
        if (lies_in[i] != PS_NONE) held[first[lies_in[i] + 1]++] = (int32_t)i;
    for (size_t a = 0; status == PS_OK && a < n; a++) {
        for (size_t k = of->first[a]; k < of->first[a + 1] && status == PS_OK; k++) {
            const size_t from = first[of->block[k]], to = first[of->block[k] + 1];
            status = ps_grow((void **)&fine.block, &capacity, fine.n + (to - from),
                             sizeof *fine.block, err);
            for (size_t i = from; status == PS_OK && i < to; i++)
                fine.block[fine.n++] = held[i];
        }
        fine.first[a + 1] = fine.n;
        if (status == PS_OK && fine.n > fine.first[a])
            qsort(fine.block + fine.first[a], fine.n - fine.first[a], sizeof *fine.block,
                  by_number);
    }
    ps_free(lies_in), ps_free(first), ps_free(held);
    made_of_free(status == PS_OK ? of : &fine);
    if (status == PS_OK) *of = fine;
    return status;
}

/* Both geographies in blocks; *blocks -1 when there is no common ground. */
static ps_status find_blocks(const ps_geographies *all, int here, int there,
                             ps_area_overlaps *o, made_of *h, made_of *t, ps_error *err) {
    o->blocks = common_base(all, here, there);
    if (o->blocks >= 0) {
        PS_TRY(resolve(all, here, o->blocks, h, err));
        return resolve(all, there, o->blocks, t, err);
    }
    const int h_root = root_of(all, here), t_root = root_of(all, there);
    if (!ps_geography_has_map(&all->geography[h_root]) ||
        !ps_geography_has_map(&all->geography[t_root]))
        return PS_OK;
    const bool t_finer = areas_in(all, t_root) > areas_in(all, h_root);
    o->best_fit = true;
    o->blocks = t_finer ? t_root : h_root;
    PS_TRY(resolve(all, here, h_root, h, err));
    PS_TRY(resolve(all, there, t_root, t, err));
    return t_finer ? refine(all, here, h_root, t_root, h, err)
                   : refine(all, there, t_root, h_root, t, err);
}

/* ---- Matching ---- */

/* By block, the areas that it is part of. */
static ps_status invert(const made_of *of, size_t n, size_t blocks, made_of *out,
                        ps_error *err) {
    out->first = ps_zalloc(blocks + 2, sizeof *out->first);
    out->block = ps_alloc(of->n, sizeof *out->block);
    if (out->first == NULL || out->block == NULL) return ps_fail_nomem(err);
    out->n = of->n;
    for (size_t k = 0; k < of->n; k++) out->first[of->block[k] + 2]++;
    for (size_t b = 0; b < blocks; b++) out->first[b + 2] += out->first[b + 1];
    for (size_t a = 0; a < n; a++)
        for (size_t k = of->first[a]; k < of->first[a + 1]; k++)
            out->block[out->first[of->block[k] + 1]++] = (int32_t)a;
    return PS_OK;
}

/* How much of an area lies in each of the others. */
typedef struct weight {
    double people;
    size_t blocks;
} weight;

static bool heavier(weight a, weight b) {
    return a.people != b.people ? a.people > b.people : a.blocks > b.blocks;
}

static int32_t heaviest(const ps_geography *geo, const made_of *h, const made_of *parents,
                        size_t area, size_t n_there, weight *of) {
    int32_t best = PS_NONE;
    for (size_t a = 0; a < n_there; a++) of[a] = (weight){0, 0};
    for (size_t k = h->first[area]; k < h->first[area + 1]; k++) {
        const int32_t block = h->block[k];
        const bool known = geo->population != NULL && !geo->population_missing[block];
        for (size_t i = parents->first[block]; i < parents->first[block + 1]; i++) {
            weight *w = &of[parents->block[i]];
            w->people += known ? geo->population[block] : 0;
            w->blocks++;
        }
    }
    for (size_t a = 0; a < n_there; a++)
        if (of[a].blocks > 0 && (best == PS_NONE || heavier(of[a], of[best])))
            best = (int32_t)a;
    return best;
}

/* What an area and the one it is compared with have in common. */
static void meet(const made_of *h, const made_of *t, size_t a, ps_area_overlaps *o,
                 size_t *n) {
    const size_t other = (size_t)o->area[a];
    size_t i = h->first[a], k = t->first[other];
    const size_t n_here = h->first[a + 1] - i, n_there = t->first[other + 1] - k;
    const size_t begin = *n;
    while (i < h->first[a + 1] && k < t->first[other + 1]) {
        if (h->block[i] == t->block[k]) {
            o->block[(*n)++] = h->block[i];
            i++, k++;
        } else if (h->block[i] < t->block[k]) {
            i++;
        } else {
            k++;
        }
    }
    const size_t common = *n - begin;
    o->kind[a] = n_here == 0 || n_there == 0             ? PS_OVERLAP_UNKNOWN
                 : common == 0                           ? PS_OVERLAP_NONE
                 : common == n_here && common == n_there ? PS_OVERLAP_SAME
                 : common == n_here                      ? PS_OVERLAP_INSIDE
                 : common == n_there                     ? PS_OVERLAP_AROUND
                                                         : PS_OVERLAP_PARTLY;
}

static ps_status match(const ps_geographies *all, int here, int there, const made_of *h,
                       const made_of *t, ps_area_overlaps *o, ps_error *err) {
    const size_t n_here = areas_in(all, here), n_there = areas_in(all, there);
    made_of parents = {NULL, NULL, 0};
    weight *of = ps_alloc(n_there, sizeof *of);
    o->block = ps_alloc(h->n, sizeof *o->block);
    ps_status status = of != NULL && o->block != NULL ? PS_OK : ps_fail_nomem(err);
    if (status == PS_OK)
        status = invert(t, n_there, areas_in(all, o->blocks), &parents, err);
    size_t n = 0;
    for (size_t a = 0; status == PS_OK && a < n_here; a++) {
        o->area[a] = n_there == 1 ? 0
                                  : heaviest(&all->geography[o->blocks], h, &parents, a,
                                             n_there, of);
        if (o->area[a] != PS_NONE) meet(h, t, a, o, &n);
        o->first[a + 1] = n;
    }
    made_of_free(&parents);
    ps_free(of);
    return status;
}

ps_status ps_area_overlaps_open(const ps_geographies *all, size_t here, size_t there,
                                ps_area_overlaps **out, ps_error *err) {
    const size_t n = areas_in(all, (int)here);
    made_of h = {NULL, NULL, 0}, t = {NULL, NULL, 0};
    *out = NULL;
    ps_area_overlaps *o = ps_zalloc(1, sizeof *o);
    if (o == NULL) return ps_fail_nomem(err);
    o->area = ps_alloc(n, sizeof *o->area);
    o->kind = ps_zalloc(n, sizeof *o->kind);
    o->first = ps_zalloc(n + 1, sizeof *o->first);
    ps_status status = o->area != NULL && o->kind != NULL && o->first != NULL
                           ? find_blocks(all, (int)here, (int)there, o, &h, &t, err)
                           : ps_fail_nomem(err);
    for (size_t a = 0; status == PS_OK && a < n; a++)
        o->area[a] = areas_in(all, (int)there) == 1 ? 0 : PS_NONE;
    if (status == PS_OK && o->blocks >= 0)
        status = match(all, (int)here, (int)there, &h, &t, o, err);
    made_of_free(&h), made_of_free(&t);
    if (status == PS_OK)
        *out = o;
    else
        ps_area_overlaps_free(o);
    return status;
}

void ps_area_overlaps_free(ps_area_overlaps *o) {
    if (o == NULL) return;
    ps_free(o->area), ps_free(o->kind), ps_free(o->first), ps_free(o->block);
    ps_free(o);
}

const char *ps_overlap_kind_text(ps_overlap_kind kind) {
    static const char *const words[] = {"unknown", "apart", "inside",
                                        "around",  "same",  "partly"};
    return words[kind];
}

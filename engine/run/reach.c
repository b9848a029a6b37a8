#include "engine/run/reach.h"

#include <stdio.h>
#include <string.h>

static ps_status all_unknown(ps_reach *r, const ps_geographies *all, size_t g,
                             ps_error *err) {
    const size_t n = all->geography[g].areas->n;
    r->unknown[g] = ps_alloc(n, sizeof **r->unknown);
    if (r->unknown[g] == NULL) return ps_fail_nomem(err);
    for (size_t a = 0; a < n; a++) r->unknown[g][a] = true;
    return PS_OK;
}

/* An area is known when coded areas fall into it of which none is larger than it: one
 * that holds the interior points of several areas could not be told apart among them. */
static ps_status mark_fitted(const ps_reach *r, const ps_geographies *all, size_t g,
                             ps_error *err) {
    const size_t coded = all->geography[r->coded].areas->n;
    const size_t n = all->geography[g].areas->n;
    const int32_t *fit = r->fit[g];
    bool *unknown = r->unknown[g];
    int32_t *back = ps_alloc(n, sizeof *back);
    int32_t *held = ps_zalloc(coded, sizeof *held);
    ps_status status = back != NULL && held != NULL
                           ? ps_geography_fit(all, g, (size_t)r->coded, back, err)
                           : ps_fail_nomem(err);
    for (size_t a = 0; status == PS_OK && a < n; a++)
        if (back[a] != PS_NONE) held[back[a]]++;
    for (size_t s = 0; status == PS_OK && s < coded; s++)
        if (fit[s] != PS_NONE) unknown[fit[s]] = false;
    for (size_t s = 0; status == PS_OK && s < coded; s++)
        if (fit[s] != PS_NONE && held[s] > 1) unknown[fit[s]] = true;
    ps_free(back), ps_free(held);
    return status;
}

static ps_status fit_geography(ps_reach *r, const ps_geographies *all, size_t g,
                               ps_error *err) {
    PS_TRY(all_unknown(r, all, g, err));
    r->fit[g] = ps_alloc(all->geography[r->coded].areas->n, sizeof **r->fit);
    if (r->fit[g] == NULL) return ps_fail_nomem(err);
    PS_TRY(ps_geography_fit(all, (size_t)r->coded, g, r->fit[g], err));
    r->first[g] = r->coded;
    return mark_fitted(r, all, g, err);
}

/* Areas of a list without polygons count where they lie. */
static ps_status fit_list(ps_reach *r, const ps_geographies *all, size_t g,
                          ps_error *err) {
    const ps_geography *list = &all->geography[r->coded];
    PS_TRY(all_unknown(r, all, g, err));
    r->fit[g] = ps_alloc(list->areas->n, sizeof **r->fit);
    if (r->fit[g] == NULL) return ps_fail_nomem(err);
    memcpy(r->fit[g], list->within, list->areas->n * sizeof **r->fit);
    for (size_t s = 0; s < list->areas->n; s++)
        if (list->within[s] != PS_NONE) r->unknown[g][list->within[s]] = false;
    r->first[g] = r->coded;
    return PS_OK;
}

/* What is built of areas is known when all of them are. */
static ps_status mark_built(ps_reach *r, const ps_geography *geo, size_t g,
                            ps_error *err) {
    const bool *unknown = r->unknown[geo->base];
    r->unknown[g] = ps_zalloc(geo->areas->n, sizeof **r->unknown);
    if (r->unknown[g] == NULL) return ps_fail_nomem(err);
    for (size_t a = 0; a < geo->areas->n; a++)
        for (size_t k = geo->offset[a]; k < geo->offset[a + 1]; k++)
            r->unknown[g][a] |= unknown[geo->member[k]];
    return PS_OK;
}

static ps_status plan_geography(ps_reach *r, const ps_geographies *all, size_t g,
                                size_t *n_counted, ps_error *err) {
    const ps_geography *geo = &all->geography[g];
    const bool counted =
        r->coded >= 0 ? (int)g == r->coded : geo->base < 0 && ps_geography_has_map(geo);
    if (counted) r->id[*n_counted] = geo->spec->id;
    r->counted[g] = counted ? (int)(*n_counted)++ : -1;
    r->first[g] = counted ? (int)g : -1;
    if (counted) return PS_OK;
    if (geo->base >= 0 && r->first[geo->base] >= 0) {
        r->first[g] = r->first[geo->base];
        return r->unknown[geo->base] != NULL ? mark_built(r, geo, g, err) : PS_OK;
    }
    if (r->coded >= 0 && all->geography[r->coded].lies_in == (int)g)
        return fit_list(r, all, g, err);
    if (r->coded >= 0 && ps_geography_has_map(geo) &&
        ps_geography_has_map(&all->geography[r->coded]))
        return fit_geography(r, all, g, err);
    return all_unknown(r, all, g, err);
}

ps_status ps_reach_open(const ps_geographies *all, const char *coded, ps_reach **out,
                        ps_error *err) {
    *out = NULL;
    ps_reach *r = ps_zalloc(1, sizeof *r);
    if (r == NULL) return ps_fail_nomem(err);
    r->n = all->n;
    r->coded = -1;
    for (size_t g = 0; coded != NULL && g < all->n; g++)
        if (strcmp(all->geography[g].spec->id, coded) == 0) r->coded = (int)g;
    if (coded != NULL)
        snprintf(r->why, sizeof r->why, "rows are coded to %.64s, not to these areas",
                 coded);
    else
        snprintf(r->why, sizeof r->why, "these areas have no map to locate rows on");
    r->counted = ps_alloc(all->n, sizeof *r->counted);
    r->id = ps_alloc(all->n, sizeof *r->id);
    r->first = ps_alloc(all->n, sizeof *r->first);
    r->fit = ps_zalloc(all->n, sizeof *r->fit);
    r->unknown = ps_zalloc(all->n, sizeof *r->unknown);
    const bool room = r->counted != NULL && r->id != NULL && r->first != NULL &&
                      r->fit != NULL && r->unknown != NULL;
    ps_status status = room ? PS_OK : ps_fail_nomem(err);
    size_t n_counted = 0;
    for (size_t g = 0; status == PS_OK && g < all->n; g++)
        status = plan_geography(r, all, g, &n_counted, err);
    if (status != PS_OK) {
        ps_reach_free(r);
        return status;
    }
    while (r->whole + 1 < all->n && r->counted[r->whole] < 0) r->whole++;
    *out = r;
    return PS_OK;
}

size_t ps_reach_areas(const ps_reach *r, const ps_geographies *all,
                      const ps_areas **areas) {
    size_t n = 0;
    for (size_t g = 0; g < r->n; g++)
        if (r->counted[g] >= 0) areas[n++] = all->geography[g].areas;
    return n;
}

bool ps_reach_knows(const ps_reach *r, size_t geography, size_t area) {
    return r->unknown[geography] == NULL || !r->unknown[geography][area];
}

/* Cells of coded areas, each handed on to the area that it fits. */
static ps_status fit_cells(const ps_reach *r, const ps_geographies *all, size_t g,
                           const ps_area_counts *from, ps_area_counts *to,
                           ps_error *err) {
    const size_t coded = all->geography[r->coded].areas->n;
    const size_t areas = all->geography[g].areas->n;
    ps_tally *sums = NULL;
    PS_TRY(ps_tally_create(&sums, err));
    ps_status status = PS_OK;
    for (size_t c = 0; status == PS_OK && c < from->n; c++) {
        const ps_tally_cell *cell = &from->cell[c];
        const size_t source = (size_t)cell->area;
        int32_t row = (int32_t)(areas + source - coded); /* outside or unlocated */
        if (source < coded) row = r->fit[g][source];
        if (row == PS_NONE || (source < coded && !ps_reach_knows(r, g, (size_t)row)))
            continue;
        status = ps_tally_add(sums, row, cell->group, cell->count, err);
    }
    if (status == PS_OK) status = ps_tally_cells(sums, &to->cell, &to->n, err);
    ps_tally_free(sums);
    return status;
}

ps_status ps_reach_cells(const ps_reach *r, const ps_geographies *all,
                         const ps_cube *const *cube, size_t groups, ps_area_counts *cells,
                         ps_error *err) {
    for (size_t g = 0; g < r->n; g++)
        if (r->counted[g] >= 0)
            PS_TRY(ps_cube_cells(cube[r->counted[g]], NULL, groups, &cells[g].cell,
                                 &cells[g].n, err));
    for (size_t g = 0; g < r->n; g++) {
        const ps_geography *geo = &all->geography[g];
        if (r->counted[g] >= 0 || r->first[g] < 0) continue;
        if (r->fit[g] != NULL) {
            PS_TRY(fit_cells(r, all, g, &cells[r->coded], &cells[g], err));
            continue;
        }
        const ps_area_counts *base = &cells[geo->base];
        PS_TRY(ps_geography_sum_cells(geo, all->geography[geo->base].areas->n, base->cell,
                                      base->n, &cells[g].cell, &cells[g].n, err));
    }
    return PS_OK;
}

void ps_area_counts_free(ps_area_counts *cells, size_t n) {
    for (size_t g = 0; cells != NULL && g < n; g++) ps_free(cells[g].cell);
    ps_free(cells);
}

void ps_reach_free(ps_reach *r) {
    if (r == NULL) return;
    for (size_t g = 0; g < r->n; g++) {
        if (r->fit != NULL) ps_free(r->fit[g]);
        if (r->unknown != NULL) ps_free(r->unknown[g]);
    }
    ps_free(r->counted), ps_free((void *)r->id), ps_free(r->first);
    ps_free(r->fit), ps_free(r->unknown);
    ps_free(r);
}

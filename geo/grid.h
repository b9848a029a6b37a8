/* A grid of grids over frozen boundaries of one or several layers: how locate.c and
 * grid.c share it.
 *
 * Areas are numbered through all layers: those of layer l are first[l] .. first[l + 1]
 * - 1. An edge that several areas have, of one layer or of different ones, is there once.
 *
 * Top cells are squares of 2^shift units; a cell that few edges touch is a leaf, one that
 * more touch is cut into 2^f x 2^f cells, and so on. A point goes down by shifts and
 * masks, usually one or two steps, and then meets either one answer or the few edges of
 * its cell.
 *
 * The index is 32-bit words: the entries of the top cells row by row and one entry
 * "outside"; and for each band of 2^band_shift rows of top cells an array of its own with
 * all that is below them, so that bands are built side by side and stay where they are.
 *
 * An answer is 0t, row + 1, with t the tie mark and the lowest row of a layer; 0 for
 * outside.
 *
 * An entry is one of
 *
 * 0, answer: the whole cell, when there is one layer;
 *
 * 0, offset + 1: the whole cell, one answer for each layer, in the band; 0 for outside of
 * all;
 *
 * 10, offset: a record in the band, in steps of 2 words;
 *
 * 11, f, offset: a grid of 2^(f+1) x 2^(f+1) entries, in steps of 8 words.
 *
 * A record is a head (does another block follow, how many areas, how many edges); a base;
 * the numbers of the areas, ascending; and the edges as five columns, x1, y1, x2, y2 and
 * mask. Behind its last edge a band has PS_GRID_BEYOND words more.
 *
 * The plane. Cells hold whole integer points: the borders lie half a unit beside them, so
 * no vertex is on a border. Every point P is taken a hair higher, so that the line to its
 * left meets no vertex; R is the corner at the lower left of a cell. The areas that hold
 * P are those that hold R, toggled by every edge that the way from R goes over: up along
 * the left border, then right to P. Edges are directed upwards. When both ends of an edge
 * are right of the left border, that is: the ray from P to the left crosses it. An edge
 * that comes in over the border is met by the upward part too; the ray crosses what
 * sticks out on the left as well, and both together differ from the way only by a toggle
 * at the height of its outer end. So an edge needs nothing but its ends and which of them
 * is outside, and the base of a record is the state at R with those terms taken out for R
 * itself.
 *
 * A point exactly on an edge (in the plain plane) is in the areas of that edge, whatever
 * the toggles say: areas are closed.
 */
#ifndef PS_GEO_GRID_H
#define PS_GEO_GRID_H

#include <stdbool.h>

#include "geo/freeze.h"

#define PS_GRID_MIXED 0x80000000u /* entry: not one answer */
#define PS_GRID_GRID 0x40000000u  /* mixed entry: a grid */
#define PS_GRID_TIE 0x40000000u   /* answer: more than one area */
#define PS_GRID_ROW 0x3fffffffu   /* answer: the row + 1 */

#define PS_GRID_MORE 1u               /* head: another block follows */
#define PS_GRID_LOWER_OUT 0x80000000u /* edge: the lower end is left of the cell */
#define PS_GRID_UPPER_OUT 0x40000000u
#define PS_GRID_AREA_BITS 0x3fffffffu

enum {
    PS_GRID_BLOCK = 30, /* areas in one block of a record: the bits of a word less two */
    PS_GRID_MAX_BANDS = 128,
    PS_GRID_LAYERS = 64, /* at most */
    PS_GRID_EDGE_WORDS = 5,
    PS_GRID_LANES = 8, /* edges that may be read at once */
    PS_GRID_BEYOND =
        PS_GRID_LANES - 1, /* so many words of a band stand behind any edge */
    PS_GRID_MOST_FAN = 8   /* f + 1 of an entry: three bits */
};

/* A row of the columns in a record. (x1, y1) is the lower end; the left one when y1 = y2.
 */
typedef struct ps_grid_edge {
    int32_t x1, y1, x2, y2;
    uint32_t mask;
} ps_grid_edge;
_Static_assert(sizeof(ps_grid_edge) == PS_GRID_EDGE_WORDS * sizeof(uint32_t),
               "whole words");

typedef struct ps_grid {
    double scale;
    int64_t origin_x, origin_y;
    uint32_t span_x, span_y;
    int shift;
    uint32_t columns, rows;
    uint32_t *top; /* columns * rows + 1 */
    int band_shift;
    size_t n_bands;
    uint32_t **band;
    size_t *band_words;
    size_t layers;
    uint32_t *first; /* layers + 1 */
} ps_grid;

static inline bool ps_grid_is_grid(uint32_t entry) {
    return (entry & (PS_GRID_MIXED | PS_GRID_GRID)) == (PS_GRID_MIXED | PS_GRID_GRID);
}

/* Of an entry that is a grid: f + 1, and where it begins. */
static inline int ps_grid_fan(uint32_t entry) {
    return (int)(entry >> 27 & 7u) + 1;
}
static inline size_t ps_grid_offset(uint32_t entry) {
    return (size_t)(entry & 0x07ffffffu) * 8;
}

/* Of an entry that is a record: where it begins. */
static inline size_t ps_grid_record(uint32_t entry) {
    return (size_t)(entry & 0x3fffffffu) * 2;
}

static inline uint32_t ps_grid_head_areas(uint32_t head) {
    return head >> 1 & 31u;
}
static inline uint32_t ps_grid_head_edges(uint32_t head) {
    return head >> 6;
}

/* The layer of an area, given that of one before it. */
static inline size_t ps_grid_layer(const ps_grid *g, size_t layer, uint32_t area) {
    while (area >= g->first[layer + 1]) layer++;
    return layer;
}

/* Who takes bands as they are made, so that they need not be kept. */
typedef struct ps_grid_sink {
    /* Once, before the first band: all is known of the grid but top and bands. */
    void (*planned)(void *to, const ps_grid *grid);
    /* Band after band, in order, by one thread at a time. */
    void (*band)(void *to, const uint32_t *words, size_t n);
    void *to;
} ps_grid_sink;

/* Fill in a grid of which only layers and first are set: one frozen layer each, all of
 * one scale, which together span less than 2^31 units. With a sink, which may be NULL,
 * bands stay NULL. What stands in *grid afterwards is the caller's to free, also on
 * failure. Errors  NOMEM; LIMIT. */
ps_status ps_grid_build(const ps_frozen *const *frozen, ps_grid *grid,
                        const ps_grid_sink *sink, ps_error *err) PS_MUST_CHECK;

#endif

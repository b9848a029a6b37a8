/* How the district comes about: a blob with a ragged coast; seeds of LSOAs, dense where
 * people live; growth of all seeds at once over ground of uneven cost, which leaves every
 * LSOA in one piece with a crooked border; wards, places and partnerships grown the same
 * way over the graph of the level below. Integers throughout.
 */
#include "datasets/generate/land.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "datasets/generate/draw.h"
#include "engine/core/mem.h"

enum {
    COLS = 340,
    ROWS = 288,
    HEXES = COLS * ROWS,
    ORIGIN_X = 540000,
    ORIGIN_Y = 470000,
    CORNER_HIGH = 47,          /* top and bottom corner, from the centre */
    GROWN = PS_LAND_LSOAS - 1, /* one more is carved out of the inside of another */
    UNDECIDED = -2
};

enum { KEY_COAST = 1, KEY_SEEDS, KEY_GROUND, KEY_CORNERS, KEY_ESTATES };

typedef struct town {
    const char *ward, *place;
    int x, y; /* metres from the south-west corner of the mesh */
    int people;
    int spread; /* metres */
} town;

static const town towns[PS_LAND_PLACES] = {
    {"Ashbridge Central", "Ashbridge", 10200, 8600, 100000, 2100},
    {"Norholme Town", "Norholme", 19600, 12400, 80000, 1500},
    {"Spenwick", "Spenwick", 15800, 15900, 60000, 1000},
    {"Denmoor", "Denmoor", 7000, 3900, 50000, 800},
};
static const town villages[] = {
    {NULL, NULL, 4600, 12800, 22000, 600},  {NULL, NULL, 14600, 4600, 26000, 700},
    {NULL, NULL, 20800, 7400, 24000, 700},  {NULL, NULL, 3900, 7600, 16000, 500},
    {NULL, NULL, 11200, 13400, 26000, 600}, {NULL, NULL, 22800, 15200, 14000, 500},
};

/* In the order of their codes. */
static const char *const ward_names[PS_LAND_WARDS] = {
    "Ashbridge Central", "Ashbridge North", "Beckside",    "Cinder Hill", "Coldwell",
    "Denmoor",           "Farnhope",        "Gritstone",   "Hallowmere",  "Holmebeck",
    "Kilnside",          "Larkrigg",        "Millgarth",   "Netherspen",  "Norholme Town",
    "Oakenfold",         "Priorsgate",      "Quarryhead",  "Ravensike",   "Spenwick",
    "Tenterfield",       "Weavers Cross",   "Windlestraw",
};
static const char *const priority_names[PS_LAND_PRIORITIES] = {
    "Kiln Lane",    "Weir Street and Canalside", "Bobbin Row", "Park Royds", "Crag Bank",
    "Old Gasworks",
};

/* ---- the mesh ---- */

void ps_land_centre(const ps_land *land, int32_t hex, int32_t *x, int32_t *y) {
    int32_t col = hex % land->cols, row = hex / land->cols;
    *x = ORIGIN_X + col * PS_LAND_STEP_X + (row % 2 ? PS_LAND_STEP_X / 2 : 0);
    *y = ORIGIN_Y + row * PS_LAND_STEP_Y;
}

int32_t ps_land_neighbour(const ps_land *land, int32_t hex, int side) {
    int32_t odd = (hex / land->cols) % 2;
    switch (side) {
        case 0:
            return hex + land->cols + odd;
        case 1:
            return hex + 1;
        case 2:
            return hex - land->cols + odd;
        case 3:
            return hex - land->cols + odd - 1;
        case 4:
            return hex - 1;
        default:
            return hex + land->cols + odd - 1;
    }
}

/* Every corner of the mesh is the top of one hexagon or the bottom of another. */
int32_t ps_land_corner(const ps_land *land, int32_t hex, int side) {
    switch (side) {
        case 0:
            return 2 * hex;
        case 1:
            return 2 * ps_land_neighbour(land, hex, 0) + 1;
        case 2:
            return 2 * ps_land_neighbour(land, hex, 2);
        case 3:
            return 2 * hex + 1;
        case 4:
            return 2 * ps_land_neighbour(land, hex, 3);
        default:
            return 2 * ps_land_neighbour(land, hex, 5) + 1;
    }
}

/* Hexagons of the outermost two rings stay outside, so that those inside have all their
 * neighbours. */
static bool inner(int32_t hex) {
    int32_t col = hex % COLS, row = hex / COLS;
    return col >= 2 && col < COLS - 2 && row >= 2 && row < ROWS - 2;
}

static int lattice(uint64_t key, int i, int j) {
    uint64_t place = ((uint64_t)(uint32_t)i << 32) | (uint32_t)j;
    return (int)ps_draw_below(key, place, 2049) - 1024;
}

/* Smooth noise, -1024 .. 1024, with features of about the size of wave metres. */
static int noise(uint64_t key, int x, int y, int wave) {
    int i = x / wave, j = y / wave;
    int64_t fx = (int64_t)(x % wave) * 1024 / wave,
            fy = (int64_t)(y % wave) * 1024 / wave;
    fx = fx * fx * (3 * 1024 - 2 * fx) / (1024 * 1024);
    fy = fy * fy * (3 * 1024 - 2 * fy) / (1024 * 1024);
    int64_t low = lattice(key, i, j) * (1024 - fx) + lattice(key, i + 1, j) * fx;
    int64_t high = lattice(key, i, j + 1) * (1024 - fx) + lattice(key, i + 1, j + 1) * fx;
    return (int)((low * (1024 - fy) + high * fy) / (1024 * 1024));
}

static int64_t square(int64_t v) {
    return v * v;
}

/* How many people live about here, in no unit. */
static int64_t people_at(int x, int y) {
    int64_t sum = 900;
    for (size_t t = 0; t < PS_LAND_PLACES + sizeof villages / sizeof *villages; t++) {
        const town *c = t < PS_LAND_PLACES ? &towns[t] : &villages[t - PS_LAND_PLACES];
        int64_t r2 = square(c->spread / 10);
        int64_t d2 = square((x - c->x) / 10) + square((y - c->y) / 10);
        /* a bell with a long tail: (r2 / (r2 + d2))^2 */
        sum +=
            c->people * (r2 * 1000 / (r2 + d2)) / 1000 * (r2 * 1000 / (r2 + d2)) / 1000;
    }
    return sum;
}

/* ---- the coast ---- */

static int32_t flood(const ps_land *land, int16_t *mark, int32_t start, int16_t from,
                     int16_t to, int32_t *queue) {
    int32_t n = 0, done = 0;
    queue[n++] = start;
    mark[start] = to;
    while (done < n) {
        int32_t h = queue[done++];
        for (int side = 0; side < 6; side++) {
            int32_t next = ps_land_neighbour(land, h, side);
            if (next >= 0 && next < HEXES && inner(next) && mark[next] == from) {
                mark[next] = to;
                queue[n++] = next;
            }
        }
    }
    return n;
}

/* Which hexagons are land: label 0, the others PS_NONE. One piece without holes. */
static void shape(ps_land *land, int32_t *queue) {
    uint64_t key = ps_draw_key(land->key, KEY_COAST);
    enum { SEA = -3, LAND = -4, OTHER = -5 };
    for (int32_t h = 0; h < HEXES; h++) {
        int32_t x, y;
        ps_land_centre(land, h, &x, &y);
        x -= ORIGIN_X;
        y -= ORIGIN_Y;
        int64_t away = square(x - 13400) * 1000 / square(12400) +
                       square(y - 10000) * 1000 / square(9200);
        int64_t height = 900 - away + noise(key, x, y, 5200) * 300 / 1024 +
                         noise(key + 1, x, y, 1900) * 120 / 1024 +
                         noise(key + 2, x, y, 700) * 40 / 1024;
        land->label[h] = inner(h) && height > 0 ? LAND : SEA;
    }
    int32_t best = -1, most = 0;
    for (int32_t h = 0; h < HEXES; h++) {
        if (land->label[h] == LAND) {
            int32_t n = flood(land, land->label, h, LAND, OTHER, queue);
            if (n > most) {
                most = n;
                best = h;
            }
        }
    }
    if (best >= 0) flood(land, land->label, best, OTHER, 0, queue);
    /* what the sea does not reach is land: no lakes */
    for (int32_t h = 0; h < HEXES; h++) {
        if (land->label[h] != 0) land->label[h] = OTHER;
    }
    int32_t corner = 2 * COLS + 2;
    flood(land, land->label, corner, OTHER, SEA, queue);
    for (int32_t h = 0; h < HEXES; h++) {
        if (!inner(h) || land->label[h] == SEA) {
            land->label[h] = PS_NONE;
        } else {
            land->label[h] = UNDECIDED;
        }
    }
}

/* ---- LSOAs ---- */

/* Places for the seeds: drawn in proportion to people, never too near to each other. */
static ps_status sow(const ps_land *land, int32_t seed_hex[GROWN], ps_error *err) {
    uint64_t key = ps_draw_key(land->key, KEY_SEEDS);
    int64_t *sum = ps_alloc(HEXES + 1, sizeof *sum);
    if (sum == NULL) return ps_fail_nomem(err);
    sum[0] = 0;
    for (int32_t h = 0; h < HEXES; h++) {
        int32_t x, y;
        ps_land_centre(land, h, &x, &y);
        int64_t w = land->label[h] == PS_NONE ? 0 : people_at(x - ORIGIN_X, y - ORIGIN_Y);
        sum[h + 1] = sum[h] + w;
    }
    int64_t total = sum[HEXES];
    int64_t apart = total / GROWN * (PS_LAND_STEP_X * PS_LAND_STEP_Y) * 8 / 10;
    int n = 0, refused = 0;
    for (uint64_t draw = 0; n < GROWN && apart > 0; draw++) {
        int64_t u = (int64_t)(ps_draw(key, draw) % (uint64_t)(total > 0 ? total : 1));
        int32_t low = 0, high = HEXES;
        while (high - low > 1) {
            int32_t middle = low + (high - low) / 2;
            if (sum[middle] <= u) {
                low = middle;
            } else {
                high = middle;
            }
        }
        int32_t x, y, sx, sy;
        ps_land_centre(land, low, &x, &y);
        int64_t w = sum[low + 1] - sum[low];
        bool near = false;
        for (int s = 0; s < n && !near; s++) {
            ps_land_centre(land, seed_hex[s], &sx, &sy);
            int64_t v = sum[seed_hex[s] + 1] - sum[seed_hex[s]];
            near = (square(x - sx) + square(y - sy)) * ((v + w) / 2) < apart;
        }
        if (!near) {
            seed_hex[n++] = low;
            refused = 0;
        } else if (++refused == 300) {
            apart -= apart / 20 + 1;
            refused = 0;
        }
    }
    ps_free(sum);
    if (n < GROWN) {
        return ps_fail(err, PS_LIMIT,
                       "this seed leaves no room for %d areas; take another", GROWN);
    }
    return PS_OK;
}

typedef struct front {
    int64_t cost;
    int32_t hex, label;
} front;

static bool sooner(const front *a, const front *b) {
    if (a->cost != b->cost) return a->cost < b->cost;
    if (a->label != b->label) return a->label < b->label;
    return a->hex < b->hex;
}

static void heap_push(front *heap, size_t *n, front item) {
    size_t i = (*n)++;
    while (i > 0 && sooner(&item, &heap[(i - 1) / 2])) {
        heap[i] = heap[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    heap[i] = item;
}

static front heap_pop(front *heap, size_t *n) {
    front top = heap[0], last = heap[--*n];
    size_t i = 0;
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= *n) break;
        if (child + 1 < *n && sooner(&heap[child + 1], &heap[child])) child++;
        if (!sooner(&heap[child], &last)) break;
        heap[i] = heap[child];
        i = child;
    }
    heap[i] = last;
    return top;
}

/* All seeds spread at once; ground of uneven cost bends the borders. */
static ps_status grow(ps_land *land, const int32_t seed_hex[GROWN], ps_error *err) {
    uint64_t key = ps_draw_key(land->key, KEY_GROUND);
    front *heap = ps_alloc((size_t)HEXES * 6 + GROWN, sizeof *heap);
    if (heap == NULL) return ps_fail_nomem(err);
    size_t n = 0;
    for (int s = 0; s < GROWN; s++) {
        heap_push(heap, &n, (front){.cost = 0, .hex = seed_hex[s], .label = s});
    }
    while (n > 0) {
        front f = heap_pop(heap, &n);
        if (land->label[f.hex] != UNDECIDED) continue;
        land->label[f.hex] = (int16_t)f.label;
        for (int side = 0; side < 6; side++) {
            int32_t next = ps_land_neighbour(land, f.hex, side);
            if (land->label[next] != UNDECIDED) continue;
            int32_t x, y;
            ps_land_centre(land, next, &x, &y);
            x -= ORIGIN_X;
            y -= ORIGIN_Y;
            /* streams, where the noise changes sign, are hard to cross: borders follow */
            int stream = abs(noise(key, x, y, 2300)),
                brook = abs(noise(key + 1, x, y, 800));
            int cost = 60 + noise(key + 2, x, y, 420) * 25 / 1024 +
                       ps_draw_between(key, (uint64_t)next, -12, 12) +
                       (stream < 70 ? 420 - 6 * stream : 0) +
                       (brook < 80 ? 160 - 2 * brook : 0);
            heap_push(heap, &n, (front){f.cost + cost, next, f.label});
        }
    }
    ps_free(heap);
    return PS_OK;
}

/* Steps from each hexagon to the nearest one of another label, in depth[]. */
static void sound(const ps_land *land, int32_t *depth, int32_t *queue) {
    int32_t n = 0, done = 0;
    for (int32_t h = 0; h < HEXES; h++) {
        depth[h] = -1;
        if (!inner(h)) continue;
        for (int side = 0; side < 6 && depth[h] < 0; side++) {
            if (land->label[ps_land_neighbour(land, h, side)] != land->label[h]) {
                depth[h] = 0;
                queue[n++] = h;
            }
        }
    }
    while (done < n) {
        int32_t h = queue[done++];
        for (int side = 0; side < 6; side++) {
            int32_t next = ps_land_neighbour(land, h, side);
            if (inner(next) && depth[next] < 0) {
                depth[next] = depth[h] + 1;
                queue[n++] = next;
            }
        }
    }
}

/* Give the hexagons within radius steps of centre to label. */
static void carve(ps_land *land, int32_t centre, int radius, int16_t label) {
    int32_t cx, cy;
    ps_land_centre(land, centre, &cx, &cy);
    int64_t reach = square((int64_t)radius * PS_LAND_STEP_Y);
    for (int32_t h = 0; h < HEXES; h++) {
        int32_t x, y;
        ps_land_centre(land, h, &x, &y);
        if (square(x - cx) + square(y - cy) <= reach) land->label[h] = label;
    }
}

/* One LSOA inside another (a village in the moor), and two with a part of their own
 * inside a neighbour: holes and several parts, as real boundaries have. */
static ps_status carve_out(ps_land *land, int16_t part_of[3], ps_error *err) {
    int32_t *depth = ps_alloc(HEXES, sizeof *depth);
    int32_t *queue = ps_alloc(HEXES, sizeof *queue);
    ps_status status = PS_OK;
    int16_t host[3];
    if (depth == NULL || queue == NULL) {
        status = ps_fail_nomem(err);
        goto done;
    }
    for (int k = 0; k < 3; k++) {
        int32_t best = -1;
        sound(land, depth, queue);
        for (int32_t h = 0; h < HEXES; h++) {
            int16_t l = land->label[h];
            if (l < 0 || l >= GROWN || (k > 0 && l == host[0]) ||
                (k > 1 && l == host[1])) {
                continue;
            }
            if (best < 0 || depth[h] > depth[best]) best = h;
        }
        if (best < 0 || depth[best] < 6) {
            status =
                ps_fail(err, PS_LIMIT,
                        "this seed leaves no area large enough for a hole; take another");
            goto done;
        }
        host[k] = land->label[best];
        int16_t label = GROWN;
        if (k > 0) {
            /* the neighbour met first on the way west */
            int32_t h = best;
            while (land->label[h] == host[k] || land->label[h] == GROWN) {
                h = ps_land_neighbour(land, h, 4);
            }
            label = land->label[h];
            for (h = best; label < 0 || label == host[k] || label == GROWN;) {
                h = ps_land_neighbour(land, h, 1);
                label = land->label[h];
            }
        }
        part_of[k] = label;
        carve(land, best, k == 0 ? 4 : 2, label);
    }
done:
    ps_free(depth);
    ps_free(queue);
    return status;
}

static void look_around(ps_land *land) {
    memset(land->adjacent, 0, sizeof land->adjacent);
    for (int32_t h = 0; h < HEXES; h++) {
        if (land->label[h] < 0) continue;
        for (int side = 0; side < 6; side++) {
            int16_t a = land->label[h];
            int16_t b = land->label[ps_land_neighbour(land, h, side)];
            if (b >= 0 && b != a) land->adjacent[a][b] = 1;
        }
    }
}

/* ---- groups of areas ---- */

enum { NODES = PS_LAND_LSOAS };

typedef struct graph {
    int n;
    const uint8_t *edge; /* n rows of stride */
    size_t stride;
    const int32_t *x, *y;
} graph;

static bool joined(const graph *g, int a, int b) {
    return g->edge[(size_t)a * g->stride + (size_t)b] != 0;
}

static void hops_from(const graph *g, int start, int *hops) {
    int queue[NODES], n = 0, done = 0;
    for (int i = 0; i < g->n; i++) hops[i] = -1;
    hops[start] = 0;
    queue[n++] = start;
    while (done < n) {
        int a = queue[done++];
        for (int b = 0; b < g->n; b++) {
            if (hops[b] < 0 && joined(g, a, b)) {
                hops[b] = hops[a] + 1;
                queue[n++] = b;
            }
        }
    }
}

/* Does the group of a stay in one piece when a leaves it? */
static bool spare(const graph *g, const int *group, int a) {
    int queue[NODES], n = 0, done = 0, members = 0;
    bool seen[NODES] = {false};
    for (int b = 0; b < g->n; b++) {
        if (b != a && group[b] == group[a]) {
            if (members++ == 0) {
                queue[n++] = b;
                seen[b] = true;
            }
        }
    }
    while (done < n) {
        int b = queue[done++];
        for (int c = 0; c < g->n; c++) {
            if (c != a && group[c] == group[a] && !seen[c] && joined(g, b, c)) {
                seen[c] = true;
                queue[n++] = c;
            }
        }
    }
    return members > 0 && n == members;
}

/* k groups, each in one piece, of about the same number of members. The first given
 * groups start from start[]; the others as far from all starts as can be. */
static void partition(const graph *g, int k, const int *start, int given, int *group) {
    int hops[NODES], nearest[NODES], seed[NODES], size[NODES];
    for (int i = 0; i < g->n; i++) {
        nearest[i] = 1 << 20;
        group[i] = PS_NONE;
    }
    for (int s = 0; s < k; s++) {
        int best = 0;
        if (s < given) {
            best = start[s];
        } else {
            for (int i = 1; i < g->n; i++) {
                if (nearest[i] > nearest[best]) best = i;
            }
        }
        seed[s] = best;
        group[best] = s;
        size[s] = 1;
        hops_from(g, best, hops);
        for (int i = 0; i < g->n; i++) {
            if (hops[i] >= 0 && hops[i] < nearest[i]) nearest[i] = hops[i];
        }
    }
    for (int left = g->n - k; left > 0; left--) {
        int who = -1, what = -1;
        for (int s = 0; s < k; s++) {
            if (who >= 0 && size[s] >= size[who]) continue;
            int found = -1;
            int64_t near = 0;
            for (int i = 0; i < g->n; i++) {
                if (group[i] != PS_NONE) continue;
                bool touches = false;
                for (int j = 0; j < g->n && !touches; j++) {
                    touches = group[j] == s && joined(g, i, j);
                }
                int64_t d =
                    square(g->x[i] - g->x[seed[s]]) + square(g->y[i] - g->y[seed[s]]);
                if (touches && (found < 0 || d < near)) {
                    found = i;
                    near = d;
                }
            }
            if (found >= 0) {
                who = s;
                what = found;
            }
        }
        if (who < 0) break;
        group[what] = who;
        size[who]++;
    }
    /* even out: members on a border go from the larger to the smaller group */
    for (int round = 0; round < 400; round++) {
        int who = -1, to = -1, gain = 1;
        for (int i = 0; i < g->n; i++) {
            for (int j = 0; j < g->n; j++) {
                int a = group[i], b = group[j];
                if (a == b || a < 0 || b < 0 || !joined(g, i, j)) continue;
                if (size[a] - size[b] > gain && i != seed[a] && spare(g, group, i)) {
                    gain = size[a] - size[b];
                    who = i;
                    to = b;
                }
            }
        }
        if (who < 0) break;
        size[group[who]]--;
        size[to]++;
        group[who] = to;
    }
}

/* ---- putting names to it ---- */

static void gather(ps_land *land) {
    int32_t count[PS_LAND_LSOAS] = {0};
    for (int32_t h = 0; h < HEXES; h++) {
        if (land->label[h] >= 0) count[land->label[h]]++;
    }
    land->hex_from[0] = 0;
    for (int l = 0; l < PS_LAND_LSOAS; l++) {
        land->hex_from[l + 1] = land->hex_from[l] + count[l];
        count[l] = land->hex_from[l];
    }
    for (int32_t h = 0; h < HEXES; h++) {
        if (land->label[h] >= 0) land->hex[count[land->label[h]]++] = h;
    }
    /* the hexagon nearest to the middle of its LSOA */
    for (int l = 0; l < PS_LAND_LSOAS; l++) {
        int64_t sx = 0, sy = 0, n = land->hex_from[l + 1] - land->hex_from[l], near = -1;
        int32_t x, y;
        for (int32_t i = land->hex_from[l]; i < land->hex_from[l + 1]; i++) {
            ps_land_centre(land, land->hex[i], &x, &y);
            sx += x;
            sy += y;
        }
        for (int32_t i = land->hex_from[l]; i < land->hex_from[l + 1]; i++) {
            ps_land_centre(land, land->hex[i], &x, &y);
            int64_t d = square(x - sx / n) + square(y - sy / n);
            if (near < 0 || d < near) {
                near = d;
                land->centre_x[l] = x;
                land->centre_y[l] = y;
            }
        }
        int64_t p = people_at(land->centre_x[l] - ORIGIN_X, land->centre_y[l] - ORIGIN_Y);
        land->urban[l] = (int)(p > 60000 ? 1000 : p / 60);
    }
}

static int lsoa_near(const ps_land *land, int x, int y) {
    int best = 0;
    for (int l = 1; l < PS_LAND_LSOAS; l++) {
        int64_t d = square(land->centre_x[l] - x) + square(land->centre_y[l] - y);
        if (d < square(land->centre_x[best] - x) + square(land->centre_y[best] - y)) {
            best = l;
        }
    }
    return best;
}

/* Number the LSOAs ward by ward, north to south, as codes are handed out; the order of
 * wards in it is the order in which they grew, not that of their codes. */
static void renumber(ps_land *land, int *raw_ward, int16_t part_of[3]) {
    int16_t rank[PS_LAND_LSOAS];
    int n = 0;
    for (int w = 0; w < PS_LAND_WARDS; w++) {
        int first = n;
        for (;;) {
            int best = -1;
            for (int l = 0; l < PS_LAND_LSOAS; l++) {
                bool taken = false;
                if (raw_ward[l] != w) continue;
                for (int i = first; i < n && !taken; i++) taken = rank[i] == l;
                if (taken) continue;
                if (best < 0 || land->centre_y[l] > land->centre_y[best] ||
                    (land->centre_y[l] == land->centre_y[best] &&
                     land->centre_x[l] < land->centre_x[best])) {
                    best = l;
                }
            }
            if (best < 0) break;
            rank[n++] = (int16_t)best;
        }
    }
    int16_t new_label[PS_LAND_LSOAS];
    int old_ward[PS_LAND_LSOAS];
    memcpy(old_ward, raw_ward, sizeof old_ward);
    for (int i = 0; i < n; i++) {
        new_label[rank[i]] = (int16_t)i;
        raw_ward[i] = old_ward[rank[i]];
    }
    for (int32_t h = 0; h < HEXES; h++) {
        if (land->label[h] >= 0) land->label[h] = new_label[land->label[h]];
    }
    for (int k = 0; k < 3; k++) part_of[k] = new_label[part_of[k]];
}

static void name_wards(ps_land *land, const int *raw_ward,
                       int town_ward[PS_LAND_PLACES]) {
    int code_of[PS_LAND_WARDS];
    bool used[PS_LAND_WARDS] = {false};
    for (int w = 0; w < PS_LAND_WARDS; w++) code_of[w] = PS_NONE;
    for (int t = 0; t < PS_LAND_PLACES; t++) {
        int raw = raw_ward[lsoa_near(land, ORIGIN_X + towns[t].x, ORIGIN_Y + towns[t].y)];
        for (int w = 0; w < PS_LAND_WARDS; w++) {
            if (strcmp(ward_names[w], towns[t].ward) == 0 && code_of[raw] == PS_NONE) {
                code_of[raw] = w;
                used[w] = true;
            }
        }
        town_ward[t] = code_of[raw];
    }
    /* the ward nearest to the first town that has no name yet */
    int north = PS_NONE;
    int64_t near = 0;
    for (int l = 0; l < PS_LAND_LSOAS; l++) {
        int64_t d = square(land->centre_x[l] - ORIGIN_X - towns[0].x) +
                    square(land->centre_y[l] - ORIGIN_Y - towns[0].y - 1500);
        if (code_of[raw_ward[l]] == PS_NONE && (north == PS_NONE || d < near)) {
            north = raw_ward[l];
            near = d;
        }
    }
    code_of[north] = 1;
    used[1] = true;
    /* the others in an order that has nothing to do with that of growth */
    int next = 0;
    for (int i = 0; i < PS_LAND_WARDS; i++) {
        int raw = i * 7 % PS_LAND_WARDS;
        if (code_of[raw] != PS_NONE) continue;
        while (used[next]) next++;
        used[next] = true;
        code_of[raw] = next;
    }
    for (int l = 0; l < PS_LAND_LSOAS; l++) land->ward[l] = code_of[raw_ward[l]];
}

static void name_all(ps_land *land) {
    int block = 0, in_block = 0;
    for (int l = 0; l < PS_LAND_LSOAS; l++) {
        if (l == 0 || land->ward[l] != land->ward[l - 1] || in_block == 5) {
            block++;
            in_block = 0;
        }
        snprintf(land->lsoa_code[l], sizeof land->lsoa_code[l], "ZL%04d",
                 (l + 1) % 10000);
        snprintf(land->lsoa_name[l], sizeof land->lsoa_name[l],
                 PS_LAND_DISTRICT_NAME " %03d%c", block % 1000, (char)('A' + in_block++));
    }
    for (int w = 0; w < PS_LAND_WARDS; w++) {
        snprintf(land->ward_code[w], sizeof land->ward_code[w], "ZW%02d", w + 1);
        land->ward_name[w] = ward_names[w];
    }
    for (int p = 0; p < PS_LAND_PLACES; p++) {
        snprintf(land->place_code[p], sizeof land->place_code[p], "ZP%02d", p + 1);
        land->place_name[p] = towns[p].place;
    }
    for (int p = 0; p < PS_LAND_PARTNERSHIPS; p++) {
        int w = 0;
        while (w < PS_LAND_WARDS - 1 && land->partnership[w] != p) w++;
        snprintf(land->partnership_code[p], sizeof land->partnership_code[p], "ZT%02d",
                 p + 1);
        snprintf(land->partnership_name[p], sizeof land->partnership_name[p],
                 "%s Partnership", ward_names[w]);
    }
    for (int p = 0; p < PS_LAND_PRIORITIES; p++) {
        snprintf(land->priority_code[p], sizeof land->priority_code[p], "ZN%02d", p + 1);
        land->priority_name[p] = priority_names[p];
    }
}

/* Estates: LSOAs in towns, far from each other, each with two or three that touch it. */
static void found_estates(ps_land *land) {
    uint64_t key = ps_draw_key(land->key, KEY_ESTATES);
    bool taken[PS_LAND_LSOAS] = {false};
    int heart[PS_LAND_PRIORITIES];
    for (int p = 0; p < PS_LAND_PRIORITIES; p++) {
        int64_t best_score = -1;
        int best = 0;
        for (int l = 0; l < PS_LAND_LSOAS; l++) {
            int64_t room = (int64_t)1 << 40;
            for (int q = 0; q < p; q++) {
                int64_t d = square(land->centre_x[l] - land->centre_x[heart[q]]) +
                            square(land->centre_y[l] - land->centre_y[heart[q]]);
                if (d < room) room = d;
            }
            if (land->urban[l] < 330 || land->urban[l] > 850 || taken[l]) continue;
            int64_t score = (room > square(1900) ? 100000 : room / 100) +
                            ps_draw_between(key, (uint64_t)(p * 1000 + l), 0, 20000);
            if (score > best_score) {
                best_score = score;
                best = l;
            }
        }
        heart[p] = best;
        int n = 0, want = ps_draw_between(key, (uint64_t)p, 3, 4);
        land->priority[p][n++] = best;
        taken[best] = true;
        while (n < want) {
            int next = PS_NONE; /* the densest that touches its heart */
            for (int l = 0; l < PS_LAND_LSOAS; l++) {
                if (!land->adjacent[best][l] || taken[l]) continue;
                if (next == PS_NONE || land->urban[l] > land->urban[next]) next = l;
            }
            if (next == PS_NONE) break;
            land->priority[p][n++] = next;
            taken[next] = true;
        }
        while (n < PS_LAND_PRIORITY_MAX) land->priority[p][n++] = PS_NONE;
        for (int i = 1; i < PS_LAND_PRIORITY_MAX && land->priority[p][i] != PS_NONE;
             i++) {
            for (int j = i; j > 0 && land->priority[p][j] < land->priority[p][j - 1];
                 j--) {
                int swap = land->priority[p][j];
                land->priority[p][j] = land->priority[p][j - 1];
                land->priority[p][j - 1] = swap;
            }
        }
    }
}

/* ---- corners ---- */

/* Within PS_LAND_SHIFT metres of the regular place: shortened until it is. */
static void clamp_shift(int32_t *dx, int32_t *dy, int32_t scale) {
    while (square(*dx) + square(*dy) > square((int64_t)PS_LAND_SHIFT * scale)) {
        *dx = *dx * 15 / 16;
        *dy = *dy * 15 / 16;
    }
}

static ps_status place_corners(ps_land *land, ps_error *err) {
    enum { FINE = 16, ROUNDS = 4, CORNERS = 2 * HEXES };
    uint64_t key = ps_draw_key(land->key, KEY_CORNERS);
    ps_status status = PS_OK;
    int32_t(*link)[3] = ps_alloc(CORNERS, sizeof *link);
    int32_t *base_x = ps_alloc(CORNERS, sizeof *base_x);
    int32_t *base_y = ps_alloc(CORNERS, sizeof *base_y);
    int32_t *new_x = ps_alloc(CORNERS, sizeof *new_x);
    int32_t *new_y = ps_alloc(CORNERS, sizeof *new_y);
    if (link == NULL || base_x == NULL || base_y == NULL || new_x == NULL ||
        new_y == NULL) {
        status = ps_fail_nomem(err);
        goto done;
    }
    for (int32_t h = 0; h < HEXES; h++) {
        int32_t x, y;
        ps_land_centre(land, h, &x, &y);
        for (int32_t c = 2 * h; c < 2 * h + 2; c++) {
            link[c][0] = link[c][1] = link[c][2] = PS_NONE;
            base_x[c] = land->x[c] = x * FINE;
            base_y[c] = land->y[c] = (y + (c % 2 ? -CORNER_HIGH : CORNER_HIGH)) * FINE;
        }
    }
    /* the corners next to each along borders between areas */
    for (int32_t h = 0; h < HEXES; h++) {
        if (!inner(h)) continue;
        for (int side = 0; side < 3; side++) {
            if (land->label[ps_land_neighbour(land, h, side)] == land->label[h]) continue;
            int32_t end[2] = {ps_land_corner(land, h, side),
                              ps_land_corner(land, h, side + 1)};
            for (int e = 0; e < 2; e++) {
                int32_t *l = link[end[e]];
                l[l[0] == PS_NONE ? 0 : l[1] == PS_NONE ? 1 : 2] = end[1 - e];
            }
        }
    }
    for (int round = 0; round < ROUNDS; round++) {
        for (int32_t c = 0; c < CORNERS; c++) {
            new_x[c] = land->x[c];
            new_y[c] = land->y[c];
            int32_t n = 0, sx = 0, sy = 0;
            while (n < 3 && link[c][n] != PS_NONE) {
                sx += land->x[link[c][n]] - base_x[c];
                sy += land->y[link[c][n]] - base_y[c];
                n++;
            }
            if (n < 2) continue;
            int32_t dx = (sx / n + land->x[c] - base_x[c]) / 2;
            int32_t dy = (sy / n + land->y[c] - base_y[c]) / 2;
            if (round == ROUNDS - 1) {
                dx += ps_draw_between(key, (uint64_t)c * 2, -5 * FINE, 5 * FINE);
                dy += ps_draw_between(key, (uint64_t)c * 2 + 1, -5 * FINE, 5 * FINE);
            }
            clamp_shift(&dx, &dy, FINE);
            new_x[c] = base_x[c] + dx;
            new_y[c] = base_y[c] + dy;
        }
        memcpy(land->x, new_x, sizeof *new_x * CORNERS);
        memcpy(land->y, new_y, sizeof *new_y * CORNERS);
    }
    for (int32_t c = 0; c < CORNERS; c++) {
        int32_t dx = (land->x[c] - base_x[c]) / FINE,
                dy = (land->y[c] - base_y[c]) / FINE;
        land->x[c] = base_x[c] / FINE + dx;
        land->y[c] = base_y[c] / FINE + dy;
    }
done:
    ps_free(link);
    ps_free(base_x);
    ps_free(base_y);
    ps_free(new_x);
    ps_free(new_y);
    return status;
}

/* ---- all of it ---- */

static ps_status lay_out(ps_land *land, ps_error *err) {
    int32_t seed_hex[GROWN];
    int16_t part_of[3];
    int32_t *queue = ps_alloc(HEXES, sizeof *queue);
    if (queue == NULL) return ps_fail_nomem(err);
    shape(land, queue);
    ps_free(queue);
    PS_TRY(sow(land, seed_hex, err));
    PS_TRY(grow(land, seed_hex, err));
    PS_TRY(carve_out(land, part_of, err));

    int raw_ward[PS_LAND_LSOAS], town_ward[PS_LAND_PLACES], first[PS_LAND_PLACES];
    look_around(land);
    gather(land);
    graph lsoas = {PS_LAND_LSOAS, &land->adjacent[0][0], PS_LAND_LSOAS, land->centre_x,
                   land->centre_y};
    for (int t = 0; t < PS_LAND_PLACES; t++) {
        first[t] = lsoa_near(land, ORIGIN_X + towns[t].x, ORIGIN_Y + towns[t].y);
    }
    partition(&lsoas, PS_LAND_WARDS, first, PS_LAND_PLACES, raw_ward);
    renumber(land, raw_ward, part_of);
    look_around(land);
    gather(land);
    land->enclosed = part_of[0];
    land->detached[0] = part_of[1];
    land->detached[1] = part_of[2];
    name_wards(land, raw_ward, town_ward);

    uint8_t touch[PS_LAND_WARDS * PS_LAND_WARDS] = {0};
    int32_t wx[PS_LAND_WARDS] = {0}, wy[PS_LAND_WARDS] = {0}, wn[PS_LAND_WARDS] = {0};
    for (int a = 0; a < PS_LAND_LSOAS; a++) {
        wx[land->ward[a]] += land->centre_x[a] - ORIGIN_X;
        wy[land->ward[a]] += land->centre_y[a] - ORIGIN_Y;
        wn[land->ward[a]]++;
        for (int b = 0; b < PS_LAND_LSOAS; b++) {
            if (land->adjacent[a][b] && land->ward[a] != land->ward[b]) {
                touch[land->ward[a] * PS_LAND_WARDS + land->ward[b]] = 1;
            }
        }
    }
    for (int w = 0; w < PS_LAND_WARDS; w++) {
        if (wn[w] == 0) return ps_fail(err, PS_LIMIT, "this seed leaves a ward empty");
        wx[w] /= wn[w];
        wy[w] /= wn[w];
    }
    graph wards = {PS_LAND_WARDS, touch, PS_LAND_WARDS, wx, wy};
    partition(&wards, PS_LAND_PLACES, town_ward, PS_LAND_PLACES, land->place);
    partition(&wards, PS_LAND_PARTNERSHIPS, town_ward, 1, land->partnership);
    found_estates(land);
    name_all(land);
    return place_corners(land, err);
}

ps_status ps_land_build(uint64_t seed, ps_land **out, ps_error *err) {
    *out = NULL;
    ps_land *land = ps_zalloc(1, sizeof *land);
    if (land == NULL) return ps_fail_nomem(err);
    land->key = ps_draw_key(seed, 0x61736864616c65);
    land->cols = COLS;
    land->rows = ROWS;
    land->label = ps_alloc(HEXES, sizeof *land->label);
    land->hex = ps_alloc(HEXES, sizeof *land->hex);
    land->x = ps_alloc(2 * HEXES, sizeof *land->x);
    land->y = ps_alloc(2 * HEXES, sizeof *land->y);
    ps_status status = PS_OK;
    if (land->label == NULL || land->hex == NULL || land->x == NULL || land->y == NULL) {
        status = ps_fail_nomem(err);
    } else {
        status = lay_out(land, err);
    }
    if (status != PS_OK) {
        ps_land_free(land);
        return status;
    }
    *out = land;
    return PS_OK;
}

void ps_land_free(ps_land *land) {
    if (land == NULL) return;
    ps_free(land->label);
    ps_free(land->hex);
    ps_free(land->x);
    ps_free(land->y);
    ps_free(land);
}

/* ---- polygons ---- */

static int group_of(const ps_land *land, ps_land_level level, int32_t hex) {
    int l = land->label[hex];
    if (l < 0) return PS_NONE;
    return level == PS_LAND_LSOA ? l : level == PS_LAND_WARD ? land->ward[l] : 0;
}

/* Walk the border of one group: at every corner three hexagons meet, so a group has at
 * most one side that starts there, and following them closes every ring. next[] is
 * PS_NONE everywhere before and after. */
static ps_status trace(const ps_land *land, ps_land_level level, int group, int32_t *next,
                       double *x, double *y, ps_areas_builder *b, ps_error *err) {
    int32_t begin = level == PS_LAND_LSOA ? land->hex_from[group] : 0;
    int32_t end = land->hex_from[level == PS_LAND_LSOA ? group + 1 : PS_LAND_LSOAS];
    for (int pass = 0; pass < 2; pass++) {
        for (int32_t i = begin; i < end; i++) {
            int32_t h = land->hex[i];
            if (group_of(land, level, h) != group) continue;
            for (int side = 0; side < 6; side++) {
                if (group_of(land, level, ps_land_neighbour(land, h, side)) == group) {
                    continue;
                }
                int32_t from = ps_land_corner(land, h, side);
                if (pass == 0) {
                    next[from] = ps_land_corner(land, h, (side + 1) % 6);
                    continue;
                }
                size_t n = 0;
                while (next[from] != PS_NONE) {
                    int32_t to = next[from];
                    next[from] = PS_NONE;
                    x[n] = land->x[from];
                    y[n] = land->y[from];
                    n++;
                    from = to;
                }
                if (n > 0) {
                    x[n] = x[0];
                    y[n] = y[0];
                    PS_TRY(ps_areas_builder_ring(b, n + 1, x, y, err));
                }
            }
        }
    }
    return PS_OK;
}

ps_status ps_land_areas(const ps_land *land, ps_land_level level, ps_areas **out,
                        ps_error *err) {
    enum { CORNERS = 2 * HEXES };
    static const int count[] = {PS_LAND_LSOAS, PS_LAND_WARDS, 1};
    *out = NULL;
    ps_areas_builder *b = NULL;
    ps_crs *crs = NULL;
    int32_t *next = ps_alloc(CORNERS, sizeof *next);
    double *x = ps_alloc(CORNERS + 1, sizeof *x);
    double *y = ps_alloc(CORNERS + 1, sizeof *y);
    ps_status status = PS_OK;
    if (next == NULL || x == NULL || y == NULL) {
        status = ps_fail_nomem(err);
        goto done;
    }
    for (int32_t c = 0; c < CORNERS; c++) next[c] = PS_NONE;
    status = ps_areas_builder_create(&b, err);
    for (int g = 0; status == PS_OK && g < count[level]; g++) {
        const char *code = PS_LAND_DISTRICT_CODE, *name = PS_LAND_DISTRICT_NAME;
        if (level == PS_LAND_LSOA) {
            code = land->lsoa_code[g];
            name = land->lsoa_name[g];
        } else if (level == PS_LAND_WARD) {
            code = land->ward_code[g];
            name = land->ward_name[g];
        }
        status = ps_areas_builder_area(b, ps_str_of(code), ps_str_of(name), err);
        if (status == PS_OK) status = trace(land, level, g, next, x, y, b, err);
    }
    if (status == PS_OK) status = ps_crs_open("EPSG:27700", &crs, err);
    if (status == PS_OK) {
        status = ps_areas_builder_finish(b, crs, out, err);
        b = NULL;
    }
done:
    ps_areas_builder_free(b);
    ps_free(next);
    ps_free(x);
    ps_free(y);
    return status;
}

int64_t ps_land_twice_area(const ps_areas *areas, size_t area) {
    int64_t sum = 0;
    for (uint32_t r = areas->area_ring[area]; r < areas->area_ring[area + 1]; r++) {
        for (uint32_t i = areas->ring_point[r]; i + 1 < areas->ring_point[r + 1]; i++) {
            sum += ((int64_t)areas->x[i + 1] - (int64_t)areas->x[i]) *
                   ((int64_t)areas->y[i + 1] + (int64_t)areas->y[i]);
        }
    }
    return sum;
}

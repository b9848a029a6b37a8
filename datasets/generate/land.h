/* The ground of the sample district: a mesh of hexagons, each of which lies in one LSOA.
 *
 * Every boundary of every geography runs along edges of the mesh, so areas tile without a
 * gap or an overlap, neighbours share their vertices exactly, and a ward is its LSOAs to
 * the last vertex. The corners of the mesh are moved from their regular places, to look
 * like surveyed lines rather than honeycomb, by at most PS_LAND_SHIFT metres. Corners are
 * at least 46 m apart and edges that share no corner at least as far, so no two edges can
 * meet: 2 * PS_LAND_SHIFT < 46. For the same reason every place within 40 - PS_LAND_SHIFT
 * metres of a mesh centre is known to lie in the area of that hexagon, without any
 * geometry.
 *
 * All coordinates are whole metres of the British National Grid. The district lies in the
 * North Sea, where no real neighbourhood can be mistaken for one of its own.
 */
#ifndef PS_DATASETS_LAND_H
#define PS_DATASETS_LAND_H

#include "geo/areas.h"

enum {
    PS_LAND_LSOAS = 260,
    PS_LAND_WARDS = 23,
    PS_LAND_PLACES = 4,
    PS_LAND_PARTNERSHIPS = 7,
    PS_LAND_PRIORITIES = 6,
    PS_LAND_PRIORITY_MAX = 5, /* LSOAs of one priority neighbourhood */
    PS_LAND_SHIFT = 19,
    PS_LAND_STEP_X = 80, /* between the centres of neighbours in a row */
    PS_LAND_STEP_Y = 70  /* between rows */
};

typedef enum ps_land_level { PS_LAND_LSOA, PS_LAND_WARD, PS_LAND_DISTRICT } ps_land_level;

typedef struct ps_land {
    uint64_t key;
    int cols, rows;
    int16_t *label; /* per hexagon: row of its LSOA, in code order, or PS_NONE */
    int32_t *x, *y; /* two corners per hexagon: its top and its bottom */

    int32_t *hex; /* hexagons of each LSOA: hex[hex_from[l] .. hex_from[l + 1]) */
    int32_t hex_from[PS_LAND_LSOAS + 1];
    int32_t centre_x[PS_LAND_LSOAS],
        centre_y[PS_LAND_LSOAS]; /* a mesh centre inside it */
    uint8_t adjacent[PS_LAND_LSOAS][PS_LAND_LSOAS];
    int urban[PS_LAND_LSOAS]; /* 0 open country .. 1000 town centre */

    int ward[PS_LAND_LSOAS];
    int place[PS_LAND_WARDS], partnership[PS_LAND_WARDS];
    /* Deprived estates, each a few LSOAs that touch; members end with PS_NONE. */
    int priority[PS_LAND_PRIORITIES][PS_LAND_PRIORITY_MAX];
    int enclosed;    /* an LSOA that lies inside another */
    int detached[2]; /* LSOAs of two parts, the second inside a neighbour */

    char lsoa_code[PS_LAND_LSOAS][8], lsoa_name[PS_LAND_LSOAS][16];
    char ward_code[PS_LAND_WARDS][8];
    const char *ward_name[PS_LAND_WARDS];
    char place_code[PS_LAND_PLACES][8], partnership_code[PS_LAND_PARTNERSHIPS][8];
    const char *place_name[PS_LAND_PLACES];
    char partnership_name[PS_LAND_PARTNERSHIPS][32];
    char priority_code[PS_LAND_PRIORITIES][8];
    const char *priority_name[PS_LAND_PRIORITIES];
} ps_land;

#define PS_LAND_DISTRICT_CODE "ZD01"
#define PS_LAND_DISTRICT_NAME "Ashdale"

/* Lay out a district. The same seed gives the same district. PS_LIMIT for the rare seed
 * that gives no district of the right shape. */
ps_status ps_land_build(uint64_t seed, ps_land **out, ps_error *err) PS_MUST_CHECK;
void ps_land_free(ps_land *land);

/* The polygons of one level. Exterior rings run clockwise, holes the other way. */
ps_status ps_land_areas(const ps_land *land, ps_land_level level, ps_areas **out,
                        ps_error *err) PS_MUST_CHECK;

/* Twice the area of one area in square metres, exactly: from its rings. */
int64_t ps_land_twice_area(const ps_areas *areas, size_t area);

/* Regular place of the centre of a hexagon. */
void ps_land_centre(const ps_land *land, int32_t hex, int32_t *x, int32_t *y);
/* Neighbour on side 0 .. 5: north-east, east, south-east, south-west, west, north-west.
 */
int32_t ps_land_neighbour(const ps_land *land, int32_t hex, int side);
/* The corner (2 * hexagon, + 1 for a bottom) at which a side starts, clockwise. */
int32_t ps_land_corner(const ps_land *land, int32_t hex, int side);

#endif

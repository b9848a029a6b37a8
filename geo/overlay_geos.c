/* GEOS behind bytes. Every function reads WKB, lets GEOS work, and writes WKB that the
 * overlay keeps until its next call, so nothing of GEOS leaves this file. GEOS answers
 * predicates with 2 for an exception and geometry calls with NULL; the text of the
 * exception comes through a handler and goes into the error.
 */
#include "geo/overlay_geos.h"

#include <geos_c.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/core/mem.h"
#include "engine/core/text.h"

enum { MAX_MESSAGE = 200 };

struct ps_overlay {
    GEOSContextHandle_t geos;
    GEOSWKBReader *reader;
    GEOSWKBReader *lenient; /* closes rings that are open */
    GEOSWKBWriter *writer;
    unsigned char *bytes; /* result of the last call, GEOS's memory */
    char message[MAX_MESSAGE];
};

static void keep_message(const char *text, void *data) {
    ps_overlay *overlay = data;
    snprintf(overlay->message, sizeof overlay->message, "%s", text);
}

ps_status ps_geos_open(ps_overlay **out, ps_error *err) {
    *out = NULL;
    ps_overlay *o = ps_zalloc(1, sizeof *o);
    if (o == NULL) return ps_fail_nomem(err);
    o->geos = GEOS_init_r();
    if (o->geos != NULL) {
        GEOSContext_setErrorMessageHandler_r(o->geos, keep_message, o);
        o->reader = GEOSWKBReader_create_r(o->geos);
        o->lenient = GEOSWKBReader_create_r(o->geos);
        o->writer = GEOSWKBWriter_create_r(o->geos);
    }
    if (o->reader == NULL || o->lenient == NULL || o->writer == NULL) {
        ps_geos_close(o);
        return ps_fail_nomem(err);
    }
    GEOSWKBReader_setFixStructure_r(o->geos, o->lenient, 1);
    GEOSWKBWriter_setOutputDimension_r(o->geos, o->writer, 2);
    GEOSWKBWriter_setByteOrder_r(o->geos, o->writer, GEOS_WKB_NDR);
    *out = o;
    return PS_OK;
}

static void drop_bytes(ps_overlay *o) {
    if (o->bytes != NULL) GEOSFree_r(o->geos, o->bytes);
    o->bytes = NULL;
}

void ps_geos_close(ps_overlay *o) {
    if (o == NULL) return;
    if (o->geos != NULL) {
        drop_bytes(o);
        if (o->reader != NULL) GEOSWKBReader_destroy_r(o->geos, o->reader);
        if (o->lenient != NULL) GEOSWKBReader_destroy_r(o->geos, o->lenient);
        if (o->writer != NULL) GEOSWKBWriter_destroy_r(o->geos, o->writer);
        GEOS_finish_r(o->geos);
    }
    ps_free(o);
}

static ps_status fail(ps_overlay *o, const char *what, ps_error *err) {
    return ps_fail(err, PS_FORMAT, "GEOS could not %s: %s", what,
                   o->message[0] != '\0' ? o->message : "no reason given");
}

ps_status ps_geos_valid(ps_overlay *o, const unsigned char *wkb, size_t n, int *valid,
                        char reason[200], ps_error *err) {
    *valid = 0;
    reason[0] = '\0';
    o->message[0] = '\0';
    GEOSGeometry *g = GEOSWKBReader_read_r(o->geos, o->reader, wkb, n);
    if (g == NULL) {
        const char *text = strstr(o->message, "Exception: ");
        text = text != NULL ? text + strlen("Exception: ") : o->message;
        snprintf(reason, 200, "%s", text[0] != '\0' ? text : "not a geometry");
        return PS_OK;
    }
    char *why = NULL;
    GEOSGeometry *where = NULL;
    char answer = GEOSisValidDetail_r(o->geos, g, 0, &why, &where);
    ps_status status = PS_OK;
    if (answer == 2) {
        status = fail(o, "check a polygon", err);
    } else {
        *valid = answer == 1;
        double x = 0, y = 0;
        char x_text[32], y_text[32];
        if (answer == 0) {
            const char *text = why != NULL ? why : "not valid";
            if (where != NULL && GEOSGeomGetX_r(o->geos, where, &x) == 1 &&
                GEOSGeomGetY_r(o->geos, where, &y) == 1 && fabs(x) < 1e9 &&
                fabs(y) < 1e9) {
                ps_format_double(round(x * 1e7) / 1e7, x_text);
                ps_format_double(round(y * 1e7) / 1e7, y_text);
                snprintf(reason, 200, "%.120s at %s %s", text, x_text, y_text);
            } else {
                snprintf(reason, 200, "%s", text);
            }
        }
    }
    if (why != NULL) GEOSFree_r(o->geos, why);
    if (where != NULL) GEOSGeom_destroy_r(o->geos, where);
    GEOSGeom_destroy_r(o->geos, g);
    return status;
}

/* The polygons in g, collected into parts of *n; the parts stay g's. */
static ps_status collect_polygons(ps_overlay *o, const GEOSGeometry *g,
                                  const GEOSGeometry ***parts, size_t *n, size_t *room,
                                  ps_error *err) {
    int type = GEOSGeomTypeId_r(o->geos, g);
    if (type == GEOS_POLYGON) {
        if (GEOSisEmpty_r(o->geos, g) != 0) return PS_OK;
        PS_TRY(ps_grow((void **)parts, room, *n + 1, sizeof **parts, err));
        (*parts)[(*n)++] = g;
    } else if (type == GEOS_MULTIPOLYGON || type == GEOS_GEOMETRYCOLLECTION) {
        int count = GEOSGetNumGeometries_r(o->geos, g);
        for (int i = 0; i < count; i++) {
            const GEOSGeometry *part = GEOSGetGeometryN_r(o->geos, g, i);
            if (part == NULL) return fail(o, "take a geometry apart", err);
            PS_TRY(collect_polygons(o, part, parts, n, room, err));
        }
    }
    return PS_OK;
}

/* The polygons of g as WKB of the overlay. A polygon or multipolygon goes out as it is;
 * from a mixed collection points and lines are dropped. */
static ps_status write_polygons(ps_overlay *o, const GEOSGeometry *g, const char *what,
                                const unsigned char **bytes, size_t *n_bytes,
                                ps_error *err) {
    int type = GEOSGeomTypeId_r(o->geos, g);
    if (type == GEOS_POLYGON || type == GEOS_MULTIPOLYGON) {
        if (GEOSisEmpty_r(o->geos, g) != 0) return PS_OK;
        o->bytes = GEOSWKBWriter_write_r(o->geos, o->writer, g, n_bytes);
        *bytes = o->bytes;
        if (o->bytes != NULL) return PS_OK;
        *n_bytes = 0;
        return fail(o, what, err);
    }
    const GEOSGeometry **parts = NULL;
    size_t n = 0, room = 0;
    ps_status status = collect_polygons(o, g, &parts, &n, &room, err);
    GEOSGeometry **copies = NULL;
    if (status == PS_OK && n > 0) {
        copies = ps_zalloc(n, sizeof *copies);
        if (copies == NULL) status = ps_fail_nomem(err);
    }
    size_t made = 0;
    for (; status == PS_OK && made < n; made++) {
        copies[made] = GEOSGeom_clone_r(o->geos, parts[made]);
        if (copies[made] == NULL) {
            status = ps_fail_nomem(err);
            break;
        }
    }
    if (status == PS_OK && n > 0) {
        GEOSGeometry *multi =
            GEOSGeom_createCollection_r(o->geos, GEOS_MULTIPOLYGON, copies, (unsigned)n);
        made = 0; /* they belong to the collection, or are gone with it */
        if (multi != NULL) {
            o->bytes = GEOSWKBWriter_write_r(o->geos, o->writer, multi, n_bytes);
            GEOSGeom_destroy_r(o->geos, multi);
        }
        *bytes = o->bytes;
        if (o->bytes == NULL) {
            *n_bytes = 0;
            status = fail(o, what, err);
        }
    }
    for (size_t i = 0; i < made; i++) GEOSGeom_destroy_r(o->geos, copies[i]);
    ps_free(copies);
    ps_free(parts);
    return status;
}

ps_status ps_geos_repair(ps_overlay *o, const unsigned char *wkb, size_t n,
                         const unsigned char **repaired, size_t *n_repaired,
                         ps_error *err) {
    *repaired = NULL;
    *n_repaired = 0;
    drop_bytes(o);
    o->message[0] = '\0';
    GEOSGeometry *g = GEOSWKBReader_read_r(o->geos, o->lenient, wkb, n);
    if (g == NULL) return fail(o, "read a polygon", err);
    GEOSMakeValidParams *how = GEOSMakeValidParams_create_r(o->geos);
    GEOSGeometry *made = NULL;
    if (how != NULL) {
        GEOSMakeValidParams_setMethod_r(o->geos, how, GEOS_MAKE_VALID_STRUCTURE);
        GEOSMakeValidParams_setKeepCollapsed_r(o->geos, how, 0);
        made = GEOSMakeValidWithParams_r(o->geos, g, how);
        GEOSMakeValidParams_destroy_r(o->geos, how);
    }
    GEOSGeom_destroy_r(o->geos, g);
    if (made == NULL) return fail(o, "repair a polygon", err);
    ps_status status =
        write_polygons(o, made, "write a repaired polygon", repaired, n_repaired, err);
    GEOSGeom_destroy_r(o->geos, made);
    return status;
}

ps_status ps_geos_union(ps_overlay *o, const unsigned char *const *wkb,
                        const size_t *n_bytes, size_t n, double grid,
                        const unsigned char **merged, size_t *n_merged, ps_error *err) {
    *merged = NULL;
    *n_merged = 0;
    drop_bytes(o);
    o->message[0] = '\0';
    if (n > INT32_MAX) return ps_fail(err, PS_LIMIT, "more than %d polygons", INT32_MAX);
    GEOSGeometry **parts = ps_zalloc(n, sizeof *parts);
    if (parts == NULL) return ps_fail_nomem(err);
    ps_status status = PS_OK;
    size_t read = 0;
    for (; status == PS_OK && read < n; read++) {
        parts[read] = GEOSWKBReader_read_r(o->geos, o->reader, wkb[read], n_bytes[read]);
        if (parts[read] == NULL) {
            status = fail(o, "read a polygon", err);
            break;
        }
    }
    GEOSGeometry *all = NULL, *made = NULL;
    if (status == PS_OK) {
        all = GEOSGeom_createCollection_r(o->geos, GEOS_GEOMETRYCOLLECTION, parts,
                                          (unsigned)n);
        read = 0;
        if (all != NULL)
            made = grid > 0 ? GEOSUnaryUnionPrec_r(o->geos, all, grid)
                            : GEOSUnaryUnion_r(o->geos, all);
        status = made != NULL
                     ? write_polygons(o, made, "write a union", merged, n_merged, err)
                     : fail(o, "unite polygons", err);
    }
    for (size_t i = 0; i < read; i++) GEOSGeom_destroy_r(o->geos, parts[i]);
    if (made != NULL) GEOSGeom_destroy_r(o->geos, made);
    if (all != NULL) GEOSGeom_destroy_r(o->geos, all);
    ps_free(parts);
    return status;
}

ps_status ps_geos_interior_point(ps_overlay *o, const unsigned char *wkb, size_t n,
                                 double *x, double *y, ps_error *err) {
    *x = *y = (double)NAN;
    o->message[0] = '\0';
    GEOSGeometry *g = GEOSWKBReader_read_r(o->geos, o->reader, wkb, n);
    if (g == NULL) return fail(o, "read a polygon", err);
    GEOSGeometry *point = GEOSPointOnSurface_r(o->geos, g);
    GEOSGeom_destroy_r(o->geos, g);
    if (point == NULL) return fail(o, "find a point inside a polygon", err);
    if (GEOSisEmpty_r(o->geos, point) == 0 && (GEOSGeomGetX_r(o->geos, point, x) != 1 ||
                                               GEOSGeomGetY_r(o->geos, point, y) != 1))
        *x = *y = (double)NAN;
    GEOSGeom_destroy_r(o->geos, point);
    return PS_OK;
}

const char *ps_geos_version(void) {
    return GEOSversion();
}

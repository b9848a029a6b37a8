/* Coordinate reference systems through PROJ.
 *
 * Whoever needs the PROJ object of a ps_crs makes it again in a context of its own: PROJ
 * contexts and objects must not be shared between threads, texts may. The cost is a
 * fraction of a millisecond, a few times in a run.
 *
 * The operation between two systems is not left to proj_create_crs_to_crs, which picks
 * one per point and falls back to a guess without a word. All known operations are
 * listed, and one is chosen by coverage of the data, then accuracy.
 */
#include "geo/crs_proj.h"

#include <ctype.h>
#include <math.h>
#include <proj.h>
#include <proj_experimental.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

enum { MAX_DEFINITION = 1 << 16, MAX_MESSAGE = 256 };

/* PROJ's last message, instead of a print to stderr. */
typedef struct session {
    PJ_CONTEXT *context;
    char message[MAX_MESSAGE];
} session;

static void keep_message(void *data, int level, const char *text) {
    (void)level;
    char *message = data;
    snprintf(message, MAX_MESSAGE, "%s", text);
}

static void drop_message(void *data, int level, const char *text) {
    (void)data, (void)level, (void)text;
}

/* A context opens PROJ's database, which costs more than most questions asked of it, so
 * one that is done with waits here for the next. */
static _Atomic(PJ_CONTEXT *) idle[4];

static PJ_CONTEXT *quiet_context(void) {
    PJ_CONTEXT *context = NULL;
    for (size_t i = 0; context == NULL && i < sizeof idle / sizeof *idle; i++)
        context = atomic_exchange(&idle[i], NULL);
    if (context != NULL) return context;
    context = proj_context_create();
    if (context == NULL) return NULL;
    proj_log_level(context, PJ_LOG_ERROR);
    proj_log_func(context, NULL, drop_message);
    proj_context_set_enable_network(context, 0);
    return context;
}

static void give_context(PJ_CONTEXT *context) {
    if (context == NULL) return;
    proj_log_func(context, NULL, drop_message);
    for (size_t i = 0; i < sizeof idle / sizeof *idle; i++) {
        PJ_CONTEXT *none = NULL;
        if (atomic_compare_exchange_strong(&idle[i], &none, context)) return;
    }
    proj_context_destroy(context);
}

static ps_status session_open(session *s, ps_error *err) {
    s->message[0] = '\0';
    s->context = quiet_context();
    if (s->context == NULL) return ps_fail_nomem(err);
    proj_log_func(s->context, s->message, keep_message);
    return PS_OK;
}

static void session_close(session *s) {
    give_context(s->context);
}

void ps_proj_forget(void) {
    for (size_t i = 0; i < sizeof idle / sizeof *idle; i++) {
        PJ_CONTEXT *context = atomic_exchange(&idle[i], NULL);
        if (context != NULL) proj_context_destroy(context);
    }
}

static bool starts_with(const char *text, const char *prefix) {
    return strncasecmp(text, prefix, strlen(prefix)) == 0;
}

/* Does a PROJ or WKT definition make PROJ read a file? */
static bool names_a_file(const char *text) {
    static const char *const keys[] = {
        "init=",  "nadgrids=", "geoidgrids=", "grids=",  "file=",
        "model=", "catalog=",  "xy_grids=",   "z_grids="};
    if (strcasestr(text, "PARAMETERFILE") != NULL) return true;
    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
        for (const char *at = text; (at = strcasestr(at, keys[k])) != NULL; at++) {
            if (at > text && (isalnum((unsigned char)at[-1]) || at[-1] == '_')) continue;
            const char *value = at + strlen(keys[k]);
            bool null_grid = starts_with(value, "@null") &&
                             strchr(" \t\"", value[5]) != NULL; /* also the end */
            bool code = k == 0 && starts_with(value, "epsg:");
            if (!null_grid && !code) return true;
        }
    }
    return false;
}

/* The definition in the form that proj_create takes, or NULL when it is of no known
 * form. `text` has room for MAX_DEFINITION + 32 bytes. */
static bool normal_form(const char *definition, char *text) {
    static const char *const wkt[] = {
        "PROJC", "GEOGC",  "GEODC",  "BOUNDC",   "COMPD",    "COMPO",  "GEOCCS",
        "VERT",  "LOCAL_", "ENGCRS", "ENGINEER", "GEODETIC", "DERIVED"};
    while (isspace((unsigned char)*definition)) definition++;
    size_t n = strlen(definition);
    if (n == 0 || n > MAX_DEFINITION) return false;
    memcpy(text, definition, n + 1);
    while (n > 0 && isspace((unsigned char)text[n - 1])) text[--n] = '\0';

    if (strcasecmp(text, "CRS84") == 0 || strcasecmp(text, "WGS84") == 0) {
        snprintf(text, MAX_DEFINITION, "OGC:CRS84");
        return true;
    }
    int used = 0;
    int code = 0;
    if (sscanf(text, "+init=epsg:%6d%n", &code, &used) == 1 && text[used] == '\0') {
        snprintf(text, MAX_DEFINITION, "EPSG:%d", code);
        return true;
    }
    if (strspn(text, "0123456789") == n && n <= 6) {
        memmove(text + 5, text, n + 1);
        memcpy(text, "EPSG:", 5);
        return true;
    }
    if (strstr(text, "+proj=") != NULL || starts_with(text, "proj=")) {
        if (strstr(text, "type=crs") == NULL) strcat(text, " +type=crs");
        return true;
    }
    for (size_t i = 0; i < sizeof wkt / sizeof *wkt; i++) {
        if (starts_with(text, wkt[i])) return true;
    }
    if (starts_with(text, "urn:ogc:def:crs") ||
        starts_with(text, "http://www.opengis.net") ||
        starts_with(text, "https://www.opengis.net"))
        return true;
    size_t authority = strcspn(text, ":");
    if (authority == 0 || authority > 10 || text[authority] == '\0') return false;
    for (size_t i = 0; i < n; i++) {
        if (i != authority && !isalnum((unsigned char)text[i])) return false;
    }
    for (size_t i = 0; i < authority; i++)
        text[i] = (char)toupper((unsigned char)text[i]);
    return true;
}

/* Put `better` in the place of *pj. */
static void replace(PJ **pj, PJ *better) {
    if (better == NULL) return;
    proj_destroy(*pj);
    *pj = better;
}

static bool same_system(PJ_CONTEXT *context, const PJ *a, const PJ *b) {
    return proj_is_equivalent_to_with_ctx(
               context, a, b, PJ_COMP_EQUIVALENT_EXCEPT_AXIS_ORDER_GEOGCRS) != 0;
}

/* Make *pj the system of the EPSG database that it certainly is; false when there is
 * none. A definition that claims a code is believed only when it agrees with the
 * database. */
static bool identify(PJ_CONTEXT *context, PJ **pj) {
    const char *authority = proj_get_id_auth_name(*pj, 0);
    const char *code = proj_get_id_code(*pj, 0);
    if (authority != NULL && code != NULL) {
        PJ *known =
            proj_create_from_database(context, authority, code, PJ_CATEGORY_CRS, 0, NULL);
        if (known != NULL && same_system(context, *pj, known)) {
            replace(pj, known);
            return true;
        }
        proj_destroy(known);
    }
    int *confidence = NULL;
    PJ_OBJ_LIST *found = proj_identify(context, *pj, "EPSG", NULL, &confidence);
    int best = -1;
    bool alone = true;
    for (int i = 0; found != NULL && i < proj_list_get_count(found); i++) {
        if (confidence[i] < 90) continue;
        if (best < 0 || confidence[i] > confidence[best]) {
            best = i;
            alone = true;
        } else if (confidence[i] == confidence[best]) {
            alone = false;
        }
    }
    bool certain = false;
    if (best >= 0 && alone) {
        PJ *known = proj_list_get(context, found, best);
        certain = known != NULL && proj_get_id_code(known, 0) != NULL;
        if (certain)
            replace(pj, known);
        else
            proj_destroy(known);
    }
    proj_int_list_destroy(confidence);
    proj_list_destroy(found);
    return certain;
}

/* A box in degrees from (or, inverse, to) the units of a system on the same datum. */
static bool convert_box(PJ_CONTEXT *context, const PJ *crs, PJ_DIRECTION direction,
                        const double in[4], double out[4]) {
    PJ *geodetic = proj_crs_get_geodetic_crs(context, crs);
    PJ *plain = geodetic != NULL
                    ? proj_create_crs_to_crs_from_pj(context, geodetic, crs, NULL, NULL)
                    : NULL;
    PJ *normal = plain != NULL ? proj_normalize_for_visualization(context, plain) : NULL;
    bool good = normal != NULL &&
                proj_trans_bounds(context, normal, direction, in[0], in[1], in[2], in[3],
                                  &out[0], &out[1], &out[2], &out[3], 21) != 0;
    for (int i = 0; i < 4; i++) good = good && isfinite(out[i]);
    proj_destroy(normal);
    proj_destroy(plain);
    proj_destroy(geodetic);
    return good;
}

static bool area_of_use(PJ_CONTEXT *context, const PJ *pj, double degrees[4]) {
    return proj_get_area_of_use(context, pj, &degrees[0], &degrees[1], &degrees[2],
                                &degrees[3], NULL) != 0 &&
           degrees[0] > -1000 && degrees[0] < degrees[2] && degrees[1] < degrees[3];
}

static void find_box(PJ_CONTEXT *context, const PJ *pj, ps_crs *crs) {
    double degrees[4];
    if (!area_of_use(context, pj, degrees)) return;
    if (crs->geographic)
        memcpy(crs->box, degrees, sizeof degrees);
    else if (!convert_box(context, pj, PJ_FWD, degrees, crs->box))
        return;
    for (int i = 0; i < 2; i++) {
        double margin = (crs->box[i + 2] - crs->box[i]) / 10;
        crs->box[i] -= margin;
        crs->box[i + 2] += margin;
        double end = i == 0 ? 180 : 90;
        if (crs->geographic && crs->box[i] < -end) crs->box[i] = -end;
        if (crs->geographic && crs->box[i + 2] > end) crs->box[i + 2] = end;
    }
    crs->has_box = true;
}

/* The factor from the unit of the first axis to metres or radians. */
static bool axis_unit(PJ_CONTEXT *context, const PJ *pj, double *factor,
                      const char **unit) {
    PJ *axes = proj_crs_get_coordinate_system(context, pj);
    bool good = axes != NULL && proj_cs_get_axis_info(context, axes, 0, NULL, NULL, NULL,
                                                      factor, unit, NULL, NULL) != 0;
    proj_destroy(axes);
    return good;
}

/* Cut `definition` for a message. */
static const char *shortened(const char *definition, char out[84]) {
    snprintf(out, 84, "%.80s%s", definition, strlen(definition) > 80 ? "..." : "");
    return out;
}

/* The horizontal system in *pj: 2D, without a bound transformation or a height. */
static ps_status horizontal(PJ_CONTEXT *context, const char *definition, PJ **pj,
                            ps_error *err) {
    char seen[84];
    if (proj_get_type(*pj) == PJ_TYPE_COMPOUND_CRS)
        replace(pj, proj_crs_get_sub_crs(context, *pj, 0));
    if (proj_get_type(*pj) == PJ_TYPE_BOUND_CRS) {
        /* A shift written into the definition is the rough one of older software. It
         * counts only when the system itself is not a known one, whose shifts PROJ
         * knows better. */
        PJ *source = proj_get_source_crs(context, *pj);
        if (source != NULL && identify(context, &source))
            replace(pj, source);
        else
            proj_destroy(source);
    }
    PJ_TYPE type = proj_get_type(*pj);
    if (type == PJ_TYPE_BOUND_CRS) {
        PJ *source = proj_get_source_crs(context, *pj);
        type = source != NULL ? proj_get_type(source) : PJ_TYPE_UNKNOWN;
        proj_destroy(source);
    } else if (type == PJ_TYPE_GEOGRAPHIC_3D_CRS || type == PJ_TYPE_PROJECTED_CRS) {
        replace(pj, proj_crs_demote_to_2D(context, NULL, *pj));
        type = proj_get_type(*pj);
    }
    if (type == PJ_TYPE_VERTICAL_CRS)
        return ps_fail(err, PS_CONFIG,
                       "the CRS '%s' (%s) is one of heights; a horizontal one is needed, "
                       "such as EPSG:27700",
                       shortened(definition, seen), proj_get_name(*pj));
    if (type != PJ_TYPE_GEOGRAPHIC_2D_CRS && type != PJ_TYPE_PROJECTED_CRS)
        return ps_fail(err, PS_CONFIG,
                       "'%s' (%s) is neither a projected nor a geographic CRS; give one, "
                       "such as EPSG:27700 or EPSG:4326",
                       shortened(definition, seen),
                       proj_get_name(*pj) != NULL ? proj_get_name(*pj) : "no name");
    return PS_OK;
}

/* The object of a ps_crs in a context of the caller's. */
static PJ *revive(PJ_CONTEXT *context, const ps_crs *crs) {
    return proj_create(context, crs->code[0] != '\0' ? crs->code : crs->wkt);
}

static ps_status describe(PJ_CONTEXT *context, const PJ *pj, bool certain, ps_crs *crs,
                          ps_error *err) {
    static const char *const options[] = {"MULTILINE=NO", NULL};
    const char *name = proj_get_name(pj);
    const char *authority = proj_get_id_auth_name(pj, 0);
    const char *code = proj_get_id_code(pj, 0);
    const char *wkt = proj_as_wkt(context, pj, PJ_WKT2_2019, options);
    if (wkt == NULL)
        return ps_fail(err, PS_UNSUPPORTED, "the CRS '%s' cannot be written as WKT",
                       name != NULL ? name : "");
    char joined[64] = "";
    if (certain && authority != NULL && code != NULL &&
        (size_t)snprintf(joined, sizeof joined, "%s:%s", authority, code) >=
            sizeof joined)
        joined[0] = '\0';
    if (name == NULL || name[0] == '\0') name = "unknown";
    crs->name = ps_strndup(name, strlen(name));
    crs->code = ps_strndup(joined, strlen(joined));
    crs->wkt = ps_strndup(wkt, strlen(wkt));
    if (crs->name == NULL || crs->code == NULL || crs->wkt == NULL)
        return ps_fail_nomem(err);

    PJ *inner =
        proj_get_type(pj) == PJ_TYPE_BOUND_CRS ? proj_get_source_crs(context, pj) : NULL;
    const PJ *base = inner != NULL ? inner : pj;
    crs->geographic = proj_get_type(base) == PJ_TYPE_GEOGRAPHIC_2D_CRS;
    crs->metres = 1;
    double factor = 0;
    const char *unit = NULL;
    ps_status status = PS_OK;
    if (!axis_unit(context, base, &factor, &unit) || !(factor > 0)) {
        status =
            ps_fail(err, PS_UNSUPPORTED, "the CRS '%s' does not say its unit", crs->name);
    } else if (!crs->geographic) {
        crs->metres = factor;
    } else if (fabs(factor - M_PI / 180) > 1e-12) {
        status = ps_fail(err, PS_UNSUPPORTED,
                         "the CRS '%s' counts in %s; geographic ones are read in degrees "
                         "only",
                         crs->name, unit);
    }
    if (status == PS_OK) find_box(context, base, crs);
    proj_destroy(inner);
    return status;
}

ps_status ps_proj_open(const char *definition, ps_crs **out, ps_error *err) {
    *out = NULL;
    char seen[84];
    if (names_a_file(definition)) {
        return ps_fail(err, PS_CONFIG,
                       "the CRS '%s' names a file; give a code such as EPSG:27700, or a "
                       "definition without init, grids or parameter files",
                       shortened(definition, seen));
    }
    char *text = ps_alloc(MAX_DEFINITION + 32, 1);
    if (text == NULL) return ps_fail_nomem(err);
    if (!normal_form(definition, text)) {
        ps_free(text);
        return ps_fail(err, PS_CONFIG,
                       "'%s' is not a coordinate reference system; give a code such as "
                       "EPSG:27700 (British National Grid) or EPSG:4326 (longitude, "
                       "latitude), a WKT or a PROJ string",
                       shortened(definition, seen));
    }
    session s;
    ps_status status = session_open(&s, err);
    if (status != PS_OK) {
        ps_free(text);
        return status;
    }
    ps_crs *crs = ps_zalloc(1, sizeof *crs);
    PJ *pj = proj_create(s.context, text);
    if (crs == NULL)
        status = ps_fail_nomem(err);
    else if (pj == NULL || !proj_is_crs(pj))
        status = ps_fail(err, PS_CONFIG,
                         "the CRS '%s' is not known (%s); give a code such as EPSG:27700 "
                         "or EPSG:4326",
                         shortened(definition, seen),
                         s.message[0] != '\0' ? s.message : "not a CRS");
    if (status == PS_OK) status = horizontal(s.context, definition, &pj, err);
    if (status == PS_OK) {
        bool certain = proj_get_type(pj) != PJ_TYPE_BOUND_CRS && identify(s.context, &pj);
        status = describe(s.context, pj, certain, crs, err);
    }
    proj_destroy(pj);
    session_close(&s);
    ps_free(text);
    if (status != PS_OK) {
        ps_crs_free(crs);
        return status;
    }
    *out = crs;
    return PS_OK;
}

bool ps_proj_same(const ps_crs *a, const ps_crs *b) {
    PJ_CONTEXT *context = quiet_context();
    if (context == NULL) return false;
    PJ *one = revive(context, a), *two = revive(context, b);
    bool same = one != NULL && two != NULL && same_system(context, one, two);
    if (!same && one != NULL && two != NULL) {
        replace(&one, proj_normalize_for_visualization(context, one));
        replace(&two, proj_normalize_for_visualization(context, two));
        same = same_system(context, one, two);
    }
    proj_destroy(one);
    proj_destroy(two);
    give_context(context);
    return same;
}

/* The data's box in degrees: what the caller gave, else where both systems are used. */
static bool area_of_interest(PJ_CONTEXT *context, const PJ *from, const PJ *to,
                             bool geographic, const double box[4], double degrees[4]) {
    if (box != NULL) {
        for (int i = 0; i < 4; i++) {
            if (!isfinite(box[i])) return false;
        }
        if (geographic)
            memcpy(degrees, box, 4 * sizeof *box);
        else if (!convert_box(context, from, PJ_INV, box, degrees))
            return false;
    } else {
        double other[4];
        bool first = area_of_use(context, from, degrees);
        if (!area_of_use(context, to, other)) {
            if (!first) return false;
        } else if (!first) {
            memcpy(degrees, other, sizeof other);
        } else {
            for (int i = 0; i < 2; i++) {
                degrees[i] = fmax(degrees[i], other[i]);
                degrees[i + 2] = fmin(degrees[i + 2], other[i + 2]);
            }
        }
    }
    for (int i = 0; i < 2; i++) { /* a single point still has to have an area */
        degrees[i] -= 1e-6;
        degrees[i + 2] += 1e-6;
    }
    return degrees[0] < degrees[2] && degrees[1] < degrees[3] && degrees[0] >= -360 &&
           degrees[2] <= 360 && degrees[1] >= -91 && degrees[3] <= 91;
}

/* The part of `box` that `area` covers. */
static double coverage(const double box[4], const double area[4]) {
    double part = 1;
    for (int i = 0; i < 2; i++) {
        double low = fmax(box[i], area[i]), high = fmin(box[i + 2], area[i + 2]);
        if (high <= low) return 0;
        part *= (high - low) / (box[i + 2] - box[i]);
    }
    return part;
}

typedef struct candidate {
    bool usable;
    double covers, accuracy;
} candidate;

/* The most accurate of the (un)installed operations that cover the data about as well as
 * the best of them; the order of PROJ decides ties. */
static int choose(const candidate *all, int n, bool usable) {
    double most = 0;
    for (int i = 0; i < n; i++) {
        if (all[i].usable == usable && all[i].covers > most) most = all[i].covers;
    }
    int best = -1;
    for (int i = 0; i < n; i++) {
        if (all[i].usable != usable || all[i].covers < most - 0.1) continue;
        double accuracy = all[i].accuracy >= 0 ? all[i].accuracy : HUGE_VAL;
        double record =
            best < 0 || all[best].accuracy < 0 ? HUGE_VAL : all[best].accuracy;
        if (best < 0 || accuracy < record) best = i;
    }
    return best;
}

/* The name of the first grid that is (or is not) there; "" when there is none. */
static char *grid_name(PJ_CONTEXT *context, const PJ *operation, bool available) {
    int n = proj_coordoperation_get_grid_used_count(context, operation);
    for (int i = 0; i < n; i++) {
        const char *name = NULL;
        int there = 0;
        if (proj_coordoperation_get_grid_used(context, operation, i, &name, NULL, NULL,
                                              NULL, NULL, NULL, &there) != 0 &&
            name != NULL && (there != 0) == available)
            return ps_strndup(name, strlen(name));
    }
    return ps_strndup("", 0);
}

static PJ_OBJ_LIST *list_operations(PJ_CONTEXT *context, const PJ *from, const PJ *to,
                                    const double degrees[4]) {
    PJ_OPERATION_FACTORY_CONTEXT *factory =
        proj_create_operation_factory_context(context, NULL);
    if (factory == NULL) return NULL;
    proj_operation_factory_context_set_allow_ballpark_transformations(context, factory,
                                                                      0);
    proj_operation_factory_context_set_spatial_criterion(
        context, factory, PROJ_SPATIAL_CRITERION_PARTIAL_INTERSECTION);
    proj_operation_factory_context_set_grid_availability_use(
        context, factory, PROJ_GRID_AVAILABILITY_USED_FOR_SORTING);
    if (degrees != NULL)
        proj_operation_factory_context_set_area_of_interest(
            context, factory, degrees[0], degrees[1], degrees[2], degrees[3]);
    PJ_OBJ_LIST *list = proj_create_operations(context, from, to, factory);
    proj_operation_factory_context_destroy(factory);
    return list;
}

static const char how_to_get_grid[] =
    "install it with `projsync --file %s`, or put the file into a folder that the "
    "environment variable PROJ_DATA names beside PROJ's own";

static ps_status too_rough(const ps_crs *from, const ps_crs *to,
                           const ps_crs_operation_info *info, double max_accuracy,
                           ps_error *err) {
    char rough[48] = "of unknown accuracy";
    if (info->accuracy >= 0)
        snprintf(rough, sizeof rough, "accurate to %g m", info->accuracy);
    char advice[400] = "no better one is known";
    if (info->missing_grid[0] != '\0') {
        char how[300];
        snprintf(how, sizeof how, how_to_get_grid, info->missing_grid);
        snprintf(advice, sizeof advice, "the grid %s would give %g m: %s",
                 info->missing_grid, info->missing_accuracy, how);
    }
    return ps_fail(err, PS_GATE,
                   "from %s to %s the best operation installed (%s) is %s, but %g m is "
                   "asked for; %s",
                   from->name, to->name, info->name, rough, max_accuracy, advice);
}

static ps_status nothing_installed(const ps_crs *from, const ps_crs *to,
                                   const char *missing_grid, const double *degrees,
                                   ps_error *err) {
    if (missing_grid[0] != '\0') {
        char how[300];
        snprintf(how, sizeof how, how_to_get_grid, missing_grid);
        return ps_fail(err, PS_UNSUPPORTED,
                       "every operation from %s to %s needs a grid that is not installed "
                       "(%s): %s",
                       from->name, to->name, missing_grid, how);
    }
    char where[160] = "";
    if (degrees != NULL)
        snprintf(where, sizeof where,
                 " for data between %.4f and %.4f east, %.4f and %.4f north (are x and y "
                 "swapped, or is the CRS another?)",
                 degrees[0], degrees[2], degrees[1], degrees[3]);
    return ps_fail(
        err, PS_CONFIG,
        "no coordinate operation from %s to %s is known%s; a guess without "
        "datum shift is refused. When a system has no code, name the code that "
        "is meant, such as EPSG:27700",
        from->name, to->name, where);
}

/* Choose among the listed operations and keep the one chosen in op. */
static ps_status pick(session *s, const ps_crs *from, const ps_crs *to,
                      const PJ_OBJ_LIST *list, const double *degrees,
                      ps_crs_operation *op, ps_error *err) {
    int n = list != NULL ? proj_list_get_count(list) : 0;
    if (n < 0) n = 0;
    candidate *all = ps_zalloc((size_t)n, sizeof *all);
    if (all == NULL) return ps_fail_nomem(err);
    for (int i = 0; i < n; i++) {
        PJ *one = proj_list_get(s->context, list, i);
        double area[4];
        if (one == NULL ||
            proj_coordoperation_has_ballpark_transformation(s->context, one)) {
            all[i].covers = -1;
        } else {
            all[i].usable = proj_coordoperation_is_instantiable(s->context, one) != 0;
            all[i].accuracy = proj_coordoperation_get_accuracy(s->context, one);
            all[i].covers = degrees != NULL && area_of_use(s->context, one, area)
                                ? coverage(degrees, area)
                                : 0;
        }
        proj_destroy(one);
    }
    int chosen = -1, better = choose(all, n, false);
    ps_status status = PS_OK;
    for (;;) {
        chosen = choose(all, n, true);
        if (chosen < 0) break;
        PJ *one = proj_list_get(s->context, list, chosen);
        op->pj = one != NULL ? proj_normalize_for_visualization(s->context, one) : NULL;
        if (op->pj != NULL) {
            const char *name = proj_get_name(one);
            op->grid = grid_name(s->context, one, true);
            op->name =
                ps_strndup(name != NULL ? name : "", name != NULL ? strlen(name) : 0);
            const char *steps = proj_as_proj_string(s->context, op->pj, PJ_PROJ_5, NULL);
            op->pipeline =
                ps_strndup(steps != NULL ? steps : "", steps != NULL ? strlen(steps) : 0);
            if (op->grid == NULL || op->name == NULL || op->pipeline == NULL)
                status = ps_fail_nomem(err);
        } else {
            all[chosen].usable = false; /* listed, yet it cannot be made: take the next */
            all[chosen].covers = -1;
        }
        proj_destroy(one);
        if (op->pj != NULL) break;
    }
    double accuracy = chosen >= 0 ? all[chosen].accuracy : -1;
    if (status == PS_OK && better >= 0 && all[better].covers >= 0 &&
        (chosen < 0 || (all[better].accuracy >= 0 &&
                        (accuracy < 0 || all[better].accuracy < accuracy)))) {
        PJ *one = proj_list_get(s->context, list, better);
        op->info.missing_accuracy = all[better].accuracy;
        op->missing_grid = one != NULL ? grid_name(s->context, one, false) : NULL;
        if (one != NULL && op->missing_grid == NULL) status = ps_fail_nomem(err);
        proj_destroy(one);
    }
    ps_free(all);
    if (status == PS_OK && chosen < 0)
        status = nothing_installed(
            from, to, op->missing_grid != NULL ? op->missing_grid : "", degrees, err);
    if (status == PS_OK) status = ps_crs_operation_fill(op, "", accuracy, err);
    return status;
}

ps_status ps_proj_operation_open(const ps_crs *from, const ps_crs *to,
                                 const double box[4], double max_accuracy,
                                 ps_crs_operation **out, ps_error *err) {
    *out = NULL;
    ps_crs_operation *op = ps_zalloc(1, sizeof *op);
    if (op == NULL) return ps_fail_nomem(err);
    ps_status status;
    if (ps_crs_same(from, to)) {
        status = ps_crs_operation_fill(op, "none: both are the same system", 0, err);
    } else {
        session s;
        status = session_open(&s, err);
        if (status == PS_OK) {
            op->context = s.context;
            PJ *source = revive(s.context, from), *target = revive(s.context, to);
            double degrees[4];
            bool known = source != NULL && target != NULL &&
                         area_of_interest(s.context, source, target, from->geographic,
                                          box, degrees);
            PJ_OBJ_LIST *list =
                source != NULL && target != NULL
                    ? list_operations(s.context, source, target, known ? degrees : NULL)
                    : NULL;
            status = pick(&s, from, to, list, known ? degrees : NULL, op, err);
            proj_list_destroy(list);
            proj_destroy(source);
            proj_destroy(target);
            proj_log_func(op->context, NULL, drop_message); /* s ends here */
        }
    }
    if (status == PS_OK && max_accuracy > 0 &&
        (op->info.accuracy < 0 || op->info.accuracy > max_accuracy))
        status = too_rough(from, to, &op->info, max_accuracy, err);
    if (status != PS_OK) {
        ps_crs_operation_free(op);
        return status;
    }
    *out = op;
    return PS_OK;
}

void ps_proj_operation_apply(ps_crs_operation *op, size_t n, double *x, double *y) {
    proj_trans_generic(op->pj, PJ_FWD, x, sizeof *x, n, y, sizeof *y, n, NULL, 0, 0, NULL,
                       0, 0);
}

ps_status ps_proj_operation_clone(const ps_crs_operation *op, ps_crs_operation *copy,
                                  ps_error *err) {
    copy->context = quiet_context();
    if (copy->context != NULL) copy->pj = proj_clone(copy->context, op->pj);
    return copy->pj != NULL ? PS_OK : ps_fail_nomem(err);
}

void ps_proj_operation_release(ps_crs_operation *op) {
    proj_destroy(op->pj);
    give_context(op->context);
}

/* The steps of a pipeline around the only one that reads a table of shifts, which is cut
 * out of text; false when it is built otherwise. */
static bool cut_pipeline(char *text, char **before, char **step, char **after) {
    static const char start[] = "+proj=pipeline", between[] = " +step ";
    static const char *const others[] = {"grids=", "file=", "model="};
    if (strncmp(text, start, sizeof start - 1) != 0) return false;
    char *kind = strstr(text, "+proj=hgridshift ");
    if (kind == NULL || strstr(kind + 1, "+proj=hgridshift") != NULL) return false;
    char *begin = kind;
    while (begin > text && strncmp(begin, between, sizeof between - 1) != 0) begin--;
    if (begin == text) return false;
    char *end = strstr(kind, between);
    *after = end != NULL ? end : kind + strlen(kind);
    *step = ps_strndup(begin, (size_t)(*after - begin));
    *begin = '\0';
    *before = text + sizeof start - 1;
    bool plain = *step != NULL;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        plain = plain && strstr(*before, others[i]) == NULL &&
                strstr(*after, others[i]) == NULL;
    return plain;
}

static ps_crs_operation *make_part(const char *a, const char *b, const char *c) {
    ps_crs_operation *op = ps_zalloc(1, sizeof *op);
    const size_t n = strlen(a) + strlen(b) + strlen(c) + 32;
    char *text = ps_alloc(n, 1);
    bool good =
        op != NULL && text != NULL && ps_crs_operation_fill(op, "", -1, NULL) == PS_OK;
    if (good) {
        snprintf(text, n, "+proj=pipeline%s%s%s", a, b, c);
        op->context = quiet_context();
        op->pj = op->context != NULL ? proj_create(op->context, text) : NULL;
        good = op->pj != NULL;
    }
    ps_free(text);
    if (good) return op;
    ps_crs_operation_free(op);
    return NULL;
}

/* PROJ tells of a table in its default context only, which threads must not share. */
static bool describe_table(const char *name, ps_crs_shifts *out) {
    static pthread_mutex_t one = PTHREAD_MUTEX_INITIALIZER;
    const double degrees = 180 / M_PI;
    (void)pthread_mutex_lock(&one);
    const PJ_LOG_LEVEL level = proj_log_level(NULL, PJ_LOG_NONE);
    const PJ_GRID_INFO g = proj_grid_info(name);
    (void)proj_log_level(NULL, level);
    (void)pthread_mutex_unlock(&one);
    out->west = g.lowerleft.lam * degrees, out->south = g.lowerleft.phi * degrees;
    out->step_x = g.cs_lon * degrees, out->step_y = g.cs_lat * degrees;
    if (!(g.n_lon > 1 && g.n_lat > 1 && out->step_x > 0 && out->step_y > 0 &&
          fabs(out->west) <= 360 && fabs(out->south) <= 90))
        return false;
    out->columns = (uint32_t)g.n_lon, out->rows = (uint32_t)g.n_lat;
    return true;
}

bool ps_proj_operation_split(const ps_crs_operation *op, ps_crs_operation *part[3],
                             ps_crs_shifts *shifts) {
    static const char to_degrees[] = " +step +proj=unitconvert +xy_in=rad +xy_out=deg";
    static const char to_radians[] = " +step +proj=unitconvert +xy_in=deg +xy_out=rad";
    part[0] = part[1] = part[2] = NULL;
    const char *whole =
        op->pj != NULL ? proj_as_proj_string(op->context, op->pj, PJ_PROJ_5, NULL) : NULL;
    char *text = whole != NULL ? ps_strndup(whole, strlen(whole)) : NULL;
    char *before = NULL, *step = NULL, *after = NULL;
    bool good = text != NULL && cut_pipeline(text, &before, &step, &after);
    char *name = good ? strstr(step, "+grids=") : NULL;
    good = name != NULL;
    if (good) {
        name += strlen("+grids=");
        char file[256];
        const size_t n = strcspn(name, " ");
        good = n < sizeof file && memchr(name, ',', n) == NULL && name[0] != '@' &&
               name[0] != '"';
        if (good) {
            memcpy(file, name, n);
            file[n] = '\0';
            shifts->inverse = strstr(step, "+inv ") != NULL;
            good = describe_table(file, shifts);
        }
        if (good) {
            char shift[320];
            snprintf(shift, sizeof shift, " +step +proj=hgridshift +grids=%s", file);
            part[0] = make_part(before, to_degrees, "");
            part[1] = make_part(to_radians, shift, to_degrees);
            part[2] = make_part(to_radians, after, "");
            good = part[0] != NULL && part[1] != NULL && part[2] != NULL;
        }
    }
    for (int i = 0; i < 3 && !good; i++) {
        ps_crs_operation_free(part[i]);
        part[i] = NULL;
    }
    ps_free(step);
    ps_free(text);
    return good;
}

const char *ps_proj_version(void) {
    return proj_info().version;
}

const char *ps_proj_folders(void) {
    return proj_info().searchpath;
}

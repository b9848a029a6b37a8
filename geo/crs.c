/* What is known of a system or an operation as plain values is answered here; all else
 * goes on to the module that uses PROJ, which the first question loads. An operation may
 * be known by its description alone, as it was kept from an earlier run; it is made when
 * its points are needed. */
#include "geo/crs.h"

#include <assert.h>
#include <math.h>
#include <pthread.h>
#include <string.h>

#include "geo/crs_proj.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
/* Written once. */
static const ps_proj_functions *module;
static char trouble[PS_MODULE_TROUBLE];

static void load(void) {
    module = &ps_proj != NULL ? &ps_proj
                              : ps_module_load("geo", "ps_proj", sizeof *module, trouble);
}

static ps_status need(const ps_proj_functions **out, ps_error *err) {
    pthread_once(&once, load);
    *out = module;
    if (module != NULL) return PS_OK;
    return ps_fail(err, PS_UNSUPPORTED,
                   "coordinate reference systems are looked up with PROJ, by "
                   "libplacestat-geo-" PS_VERSION
                   ".so, which cannot be used: %s; install placestat again, and PROJ "
                   "with it",
                   trouble);
}

/* ---- systems ---- */

ps_status ps_crs_open(const char *definition, ps_crs **out, ps_error *err) {
    const ps_proj_functions *m;
    *out = NULL;
    PS_TRY(need(&m, err));
    return m->open(definition, out, err);
}

ps_status ps_crs_copy(const ps_crs *crs, ps_crs **out, ps_error *err) {
    *out = NULL;
    ps_crs *copy = ps_zalloc(1, sizeof *copy);
    if (copy == NULL) return ps_fail_nomem(err);
    *copy = *crs;
    copy->name = ps_strndup(crs->name, strlen(crs->name));
    copy->code = ps_strndup(crs->code, strlen(crs->code));
    copy->wkt = ps_strndup(crs->wkt, strlen(crs->wkt));
    if (copy->name == NULL || copy->code == NULL || copy->wkt == NULL) {
        ps_crs_free(copy);
        return ps_fail_nomem(err);
    }
    *out = copy;
    return PS_OK;
}

void ps_crs_free(ps_crs *crs) {
    if (crs == NULL) return;
    ps_free(crs->name);
    ps_free(crs->code);
    ps_free(crs->wkt);
    ps_free(crs);
}

const char *ps_crs_name(const ps_crs *crs) {
    return crs->name;
}

const char *ps_crs_code(const ps_crs *crs) {
    return crs->code;
}

const char *ps_crs_wkt(const ps_crs *crs) {
    return crs->wkt;
}

bool ps_crs_is_geographic(const ps_crs *crs) {
    return crs->geographic;
}

double ps_crs_metres(const ps_crs *crs) {
    return crs->metres;
}

bool ps_crs_same(const ps_crs *a, const ps_crs *b) {
    if (a == b || strcmp(a->wkt, b->wkt) == 0) return true;
    if (a->code[0] != '\0' && strcmp(a->code, b->code) == 0) return true;
    if (a->geographic != b->geographic) return false;
    const ps_proj_functions *m;
    return need(&m, NULL) == PS_OK && m->same(a, b);
}

bool ps_crs_plausible_box(const ps_crs *crs, double box[4]) {
    if (crs->has_box) memcpy(box, crs->box, sizeof crs->box);
    return crs->has_box;
}

/* ---- operations ---- */

ps_status ps_crs_operation_fill(ps_crs_operation *op, const char *name, double accuracy,
                                ps_error *err) {
    if (op->name == NULL) op->name = ps_strndup(name, strlen(name));
    if (op->grid == NULL) op->grid = ps_strndup("", 0);
    if (op->missing_grid == NULL) op->missing_grid = ps_strndup("", 0);
    if (op->pipeline == NULL) op->pipeline = ps_strndup("", 0);
    if (op->name == NULL || op->grid == NULL || op->missing_grid == NULL ||
        op->pipeline == NULL)
        return ps_fail_nomem(err);
    op->info = (ps_crs_operation_info){.name = op->name,
                                       .accuracy = accuracy,
                                       .grid = op->grid,
                                       .missing_grid = op->missing_grid,
                                       .missing_accuracy = op->info.missing_accuracy,
                                       .pipeline = op->pipeline};
    return PS_OK;
}

/* The box around the image of a box; false when no point of it has one. Some may have
 * none: a grid such as OSTN15 ends not far off the coast, where corners of a box around
 * the land lie. */
static bool find_image(ps_crs_operation *op, const double box[4], double image[4]) {
    enum { SIDE = 17, POINTS = SIDE * SIDE };
    double x[POINTS], y[POINTS];
    for (int i = 0; i < POINTS; i++) {
        x[i] = box[0] + (box[2] - box[0]) * (i % SIDE) / (SIDE - 1);
        y[i] = box[1] + (box[3] - box[1]) * (i / SIDE) / (SIDE - 1);
    }
    (void)ps_crs_operation_apply(op, POINTS, x, y);
    bool any = false;
    for (int i = 0; i < POINTS; i++) {
        if (!isfinite(x[i])) continue;
        if (!any) image[0] = image[2] = x[i], image[1] = image[3] = y[i];
        image[0] = fmin(image[0], x[i]), image[1] = fmin(image[1], y[i]);
        image[2] = fmax(image[2], x[i]), image[3] = fmax(image[3], y[i]);
        any = true;
    }
    return any;
}

ps_status ps_crs_operation_open(const ps_crs *from, const ps_crs *to, const double box[4],
                                double max_accuracy, ps_crs_operation **out,
                                ps_error *err) {
    const ps_proj_functions *m;
    *out = NULL;
    PS_TRY(need(&m, err));
    PS_TRY(m->operation_open(from, to, box, max_accuracy, out, err));
    if (box != NULL) (*out)->has_image = find_image(*out, box, (*out)->image);
    return PS_OK;
}

const ps_crs_operation_info *ps_crs_operation_describe(const ps_crs_operation *op) {
    return &op->info;
}

bool ps_crs_operation_image(const ps_crs_operation *op, double box[4]) {
    if (op->has_image) memcpy(box, op->image, sizeof op->image);
    return op->has_image;
}

static void free_request(ps_crs_request *r) {
    if (r == NULL) return;
    ps_crs_free(r->from);
    ps_crs_free(r->to);
    ps_free(r);
}

static ps_status copy_request(const ps_crs_request *r, ps_crs_request **out,
                              ps_error *err) {
    ps_crs_request *copy = *out = ps_zalloc(1, sizeof *copy);
    if (copy == NULL) return ps_fail_nomem(err);
    copy->has_box = r->has_box;
    memcpy(copy->box, r->box, sizeof copy->box);
    copy->max_accuracy = r->max_accuracy;
    PS_TRY(ps_crs_copy(r->from, &copy->from, err));
    return ps_crs_copy(r->to, &copy->to, err);
}

ps_status ps_crs_operation_ready(ps_crs_operation *op, ps_error *err) {
    const ps_crs_request *r = op->request;
    if (r == NULL) return PS_OK;
    ps_crs_operation *made = NULL;
    PS_TRY(ps_crs_operation_open(r->from, r->to, r->has_box ? r->box : NULL,
                                 r->max_accuracy, &made, err));
    const ps_crs_operation known = *op;
    *op = *made;
    *made = known;
    ps_crs_operation_free(made);
    return PS_OK;
}

size_t ps_crs_operation_apply(ps_crs_operation *op, size_t n, double *x, double *y) {
    assert(op->request == NULL);
    /* PROJ stops at nothing but marks what failed; a NaN passes through some steps. */
    if (op->pj != NULL) module->operation_apply(op, n, x, y);
    size_t lost = 0;
    for (size_t i = 0; i < n; i++) {
        if (isfinite(x[i]) && isfinite(y[i])) continue;
        x[i] = y[i] = HUGE_VAL;
        lost++;
    }
    return lost;
}

ps_status ps_crs_operation_clone(const ps_crs_operation *op, ps_crs_operation **out,
                                 ps_error *err) {
    *out = NULL;
    ps_crs_operation *copy = ps_zalloc(1, sizeof *copy);
    if (copy == NULL) return ps_fail_nomem(err);
    copy->info.missing_accuracy = op->info.missing_accuracy;
    copy->has_image = op->has_image;
    memcpy(copy->image, op->image, sizeof copy->image);
    copy->name = ps_strndup(op->name, strlen(op->name));
    copy->grid = ps_strndup(op->grid, strlen(op->grid));
    copy->missing_grid = ps_strndup(op->missing_grid, strlen(op->missing_grid));
    copy->pipeline = ps_strndup(op->pipeline, strlen(op->pipeline));
    ps_status status = copy->name != NULL && copy->grid != NULL &&
                               copy->missing_grid != NULL && copy->pipeline != NULL
                           ? ps_crs_operation_fill(copy, "", op->info.accuracy, err)
                           : ps_fail_nomem(err);
    if (status == PS_OK && op->pj != NULL)
        status = module->operation_clone(op, copy, err);
    if (status == PS_OK && op->request != NULL)
        status = copy_request(op->request, &copy->request, err);
    if (status != PS_OK) {
        ps_crs_operation_free(copy);
        return status;
    }
    *out = copy;
    return PS_OK;
}

void ps_crs_operation_free(ps_crs_operation *op) {
    if (op == NULL) return;
    if (op->pj != NULL || op->context != NULL) module->operation_release(op);
    free_request(op->request);
    ps_free(op->name);
    ps_free(op->grid);
    ps_free(op->missing_grid);
    ps_free(op->pipeline);
    ps_free(op);
}

bool ps_crs_operation_split(const ps_crs_operation *op, ps_crs_operation *part[3],
                            ps_crs_shifts *shifts) {
    part[0] = part[1] = part[2] = NULL;
    return op->pj != NULL && module->operation_split(op, part, shifts);
}

/* ---- PROJ itself ---- */

void ps_crs_forget(void) {
    const ps_proj_functions *m;
    if (need(&m, NULL) == PS_OK) m->forget();
}

const char *ps_crs_proj_version(void) {
    const ps_proj_functions *m;
    return need(&m, NULL) == PS_OK ? m->version() : "none";
}

const char *ps_crs_proj_folders(void) {
    const ps_proj_functions *m;
    return need(&m, NULL) == PS_OK ? m->folders() : NULL;
}

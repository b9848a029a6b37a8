/* The part of crs.h that needs PROJ, as a table of functions; crs.c goes on to it. */
#ifndef PS_GEO_CRS_PROJ_H
#define PS_GEO_CRS_PROJ_H

#include "engine/core/module.h"
#include "geo/crs.h"

/* What others ask for as plain values, found once, and the system itself as WKT. */
struct ps_crs {
    char *name, *code, *wkt;
    bool geographic;
    double metres;
    bool has_box;
    double box[4];
};

struct ps_crs_operation {
    struct pj_ctx *context;
    struct PJconsts *pj; /* NULL: nothing to do, or only known by its description */
    char *name, *grid, *missing_grid, *pipeline;
    ps_crs_operation_info info;
    bool has_image;
    double image[4];
    struct ps_crs_request *request; /* how to make it, while it is only known */
};

/* What an operation was asked for. */
typedef struct ps_crs_request {
    ps_crs *from, *to;
    bool has_box;
    double box[4];
    double max_accuracy;
} ps_crs_request;

/* Bring info up to date with the texts; absent ones become empty, name becomes `name`. */
ps_status ps_crs_operation_fill(ps_crs_operation *op, const char *name, double accuracy,
                                ps_error *err) PS_MUST_CHECK;

/* Each is the function of crs.h with the same end of its name, or a part of it. */
ps_status ps_proj_open(const char *definition, ps_crs **out, ps_error *err) PS_MUST_CHECK;
bool ps_proj_same(const ps_crs *a, const ps_crs *b);
ps_status ps_proj_operation_open(const ps_crs *from, const ps_crs *to,
                                 const double box[4], double max_accuracy,
                                 ps_crs_operation **out, ps_error *err) PS_MUST_CHECK;
/* Of an operation with something to do. */
void ps_proj_operation_apply(ps_crs_operation *op, size_t n, double *x, double *y);
ps_status ps_proj_operation_clone(const ps_crs_operation *op, ps_crs_operation *copy,
                                  ps_error *err) PS_MUST_CHECK;
void ps_proj_operation_release(ps_crs_operation *op);
bool ps_proj_operation_split(const ps_crs_operation *op, ps_crs_operation *part[3],
                             ps_crs_shifts *shifts) PS_MUST_CHECK;
void ps_proj_forget(void);
const char *ps_proj_version(void);
/* Where PROJ looks for its files, ':' between. */
const char *ps_proj_folders(void);

typedef struct ps_proj_functions {
    ps_module_head head;
    __typeof__(&ps_proj_open) open;
    __typeof__(&ps_proj_same) same;
    __typeof__(&ps_proj_operation_open) operation_open;
    __typeof__(&ps_proj_operation_apply) operation_apply;
    __typeof__(&ps_proj_operation_clone) operation_clone;
    __typeof__(&ps_proj_operation_release) operation_release;
    __typeof__(&ps_proj_operation_split) operation_split;
    __typeof__(&ps_proj_forget) forget;
    __typeof__(&ps_proj_version) version;
    __typeof__(&ps_proj_folders) folders;
} ps_proj_functions;

/* Of the module; absent in the library. */
extern const ps_proj_functions ps_proj __attribute__((weak));

#endif

/* GDAL's own state around one call of ours, for the two files that use GDAL.
 *
 * Between enter and leave, on one thread: GDAL is registered, its messages are kept
 * instead of printed, nothing goes to a network, dates are fixed so that files come out
 * the same, and the options are put back as they were.
 */
#ifndef PS_GEO_GDAL_SCOPE_H
#define PS_GEO_GDAL_SCOPE_H

typedef struct ps_gdal_scope {
    char message[512]; /* the first failure, else the last warning; "" when none */
    int failures;
    char **options; /* the thread's options before */
} ps_gdal_scope;

/* The scope must stay where it is until it is left: GDAL holds its address. */
void ps_gdal_enter(ps_gdal_scope *scope);
void ps_gdal_leave(ps_gdal_scope *scope);

#endif

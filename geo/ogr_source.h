/* What reading layers and reading sheets share: GDAL's state around one call of ours, and
 * the way from a path to an open layer. For the files of geo/ that use GDAL, nobody else.
 */
#ifndef PS_GEO_OGR_SOURCE_H
#define PS_GEO_OGR_SOURCE_H

#include "engine/core/talk.h"
#include "engine/core/text.h"

enum { PS_OGR_PATH_BYTES = 4096 };

/* Between enter and leave, on one thread: GDAL is registered, its messages are kept
 * instead of printed, nothing goes to a network, dates are fixed so that files come out
 * the same, and the options are put back as they were. */
typedef struct ps_gdal_scope {
    char message[512]; /* the first failure, else the last warning; "" when none */
    int failures;
    char **options; /* the thread's options before */
} ps_gdal_scope;

/* The scope must stay where it is until it is left: GDAL holds its address. */
void ps_gdal_enter(ps_gdal_scope *scope);
void ps_gdal_leave(ps_gdal_scope *scope);
/* The message, or that there is none. */
const char *ps_gdal_reason(const ps_gdal_scope *scope);

/* A file that exists, under the name by which GDAL opens it. */
typedef struct ps_ogr_place {
    char path[PS_OGR_PATH_BYTES];
    bool folder;
} ps_ogr_place;

/* The file that path names. Names of connections and of GDAL's virtual files are refused,
 * except members of a ZIP archive. Of an archive named alone the only member with one of
 * the endings is taken, or the one with the name of the layer. */
ps_status ps_ogr_find(const char *path, const char *base, const char *const *endings,
                      const char *layer, ps_ogr_place *out, ps_gdal_scope *scope,
                      ps_error *err) PS_MUST_CHECK;
/* Refuse a workbook that unpacks to more than a bound. What the archive says of itself is
 * not believed: the members are unpacked once to count. */
ps_status ps_ogr_check_workbook(const char *path, const char *shown,
                                ps_error *err) PS_MUST_CHECK;

typedef struct ps_ogr_source {
    void *dataset;     /* GDALDatasetH */
    void *layer;       /* OGRLayerH */
    const char *shown; /* path as the user wrote it */
    bool shapefile;
} ps_ogr_source;

/* Open what was found, with one of the drivers for local vector files and sheets. */
ps_status ps_ogr_open(const ps_ogr_place *where, const char *encoding, ps_ogr_source *s,
                      ps_gdal_scope *scope, ps_error *err) PS_MUST_CHECK;
/* Set the layer: by name, by place when that is allowed, or the only one. kind is what to
 * call it, "layer" or "sheet". */
ps_status ps_ogr_choose(ps_ogr_source *s, const char *layer, const char *kind,
                        bool by_place, ps_error *err) PS_MUST_CHECK;
void ps_ogr_close(ps_ogr_source *s);
const char *ps_ogr_driver(const ps_ogr_source *s);

/* UTF-8 text of a field of an OGRFeatureH, in the arena: numbers exact, dates in ISO
 * form,
 * "" for null. *guessed is set when bytes were not UTF-8 and were taken for Windows-1252,
 * which ps_ogr_say_guessed then says. */
ps_status ps_ogr_text(void *feature, int field, ps_arena *arena, ps_str *out,
                      bool *guessed, ps_error *err) PS_MUST_CHECK;
void ps_ogr_say_guessed(const ps_ogr_source *s, const ps_talk *talk);

bool ps_ogr_ends_with(const char *text, const char *end); /* ignoring case */
/* Append the i-th name, quoted, to a list for a message; the first dozen. */
void ps_ogr_list_name(char *list, size_t size, size_t i, const char *name);

#endif

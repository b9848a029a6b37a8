/* The files that a run reads, with their SHA-256: for the manifest, and to tell whether
 * anything changed since the last run. */
#ifndef PS_RUN_INPUTS_H
#define PS_RUN_INPUTS_H

#include "engine/core/source.h"
#include "engine/core/talk.h"
#include "geo/content.h"
#include "geo/prepared.h"

typedef struct ps_input {
    const char *kind; /* "job", "areas", "points", "table", "records", "population",
                         "membership" */
    const char *name; /* as the user wrote it */
    const char *path; /* as opened */
    int64_t bytes;
    char sha256[65];
    ps_content content; /* the state in which it was digested */
} ps_input;

typedef struct ps_inputs ps_inputs;

ps_status ps_inputs_create(ps_inputs **out, ps_error *err) PS_MUST_CHECK;
/* Add a file; a path that is there already is left alone. base: folder that a relative
 * name starts from. The files beside a Shapefile that belong to it are added with it, and
 * the files of a folder. */
ps_status ps_inputs_add(ps_inputs *inputs, const char *kind, const char *name,
                        const char *base, ps_error *err) PS_MUST_CHECK;
/* Add a file that is called otherwise than its path: a framework by its name. */
ps_status ps_inputs_add_path(ps_inputs *inputs, const char *kind, const char *name,
                             const char *path, ps_error *err) PS_MUST_CHECK;
/* Add all sources of a pattern list (see source.h). */
ps_status ps_inputs_add_sources(ps_inputs *inputs, const char *kind,
                                const char *const *patterns, size_t n, const char *base,
                                ps_error *err) PS_MUST_CHECK;
/* Compute all digests, in parallel. Those of large files are kept in prepared, which may
 * be NULL, for as long as the files are in the same state (see content.h). */
ps_status ps_inputs_digest(ps_inputs *inputs, const ps_prepared *prepared,
                           const ps_talk *talk, ps_error *err) PS_MUST_CHECK;
/* Is the file still the one that was digested, for sure? Once digests are computed. */
bool ps_input_unchanged(const ps_input *input);
size_t ps_inputs_size(const ps_inputs *inputs);
const ps_input *ps_inputs_get(const ps_inputs *inputs, size_t i);
/* The input that was opened by this path, or NULL. */
const ps_input *ps_inputs_find(const ps_inputs *inputs, const char *path);
void ps_inputs_free(ps_inputs *inputs);

/* name, or base/name when name is relative; from the arena. */
ps_status ps_path_join(ps_arena *arena, const char *base, const char *name,
                       const char **out, ps_error *err) PS_MUST_CHECK;

#endif

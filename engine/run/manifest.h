/* The parts of a manifest that a job and an ad-hoc join have in common. */
#ifndef PS_RUN_MANIFEST_H
#define PS_RUN_MANIFEST_H

#include "engine/core/json.h"
#include "engine/run/count.h"
#include "engine/run/inputs.h"

/* "crime.csv: 9408 read = 9407 matched + 1 outside + 0 unlocated + 0 invalid + 0
 * duplicate + 0 filtered", one line per input for one geography, then a line per cause of
 * invalid rows with the first examples, and one for ties. prefix stands before each
 * input's name, e.g. "lsoa: ". */
void ps_accounting_lines(const ps_point_counts *count, size_t geography,
                         const char *prefix, ps_output *out);

/* "version": {"placestat": "0.1.0", "GDAL": "3.6.2", ...} as a member of the open object.
 */
void ps_manifest_versions(ps_json *json);

/* "name", "bytes", "sha256" as members of the open object. */
void ps_manifest_file(ps_json *json, const ps_input *input);
/* Rows by fate, as members of the open object. */
void ps_manifest_fates(ps_json *json, const ps_rows *rows);
/* All inputs, a member "inputs" of the open object; those that one of the counts read
 * with their encoding and rows by fate, and matches by geography. Members of an archive
 * are elements of their own with the digest of the archive. ids[i]: names of the
 * geographies of counts[i]; NULL: protected data, of which no rows are told, since a file
 * may be a month and a geography a single area. */
void ps_manifest_inputs(ps_json *json, const ps_inputs *inputs,
                        const ps_point_counts *const *counts, size_t n_counts,
                        const char *const *const *ids);
/* How coordinates were transformed, as members of the open object. */
void ps_manifest_used(ps_json *json, const ps_operation_used *used);
/* How points and one geography were brought together, as an element of the open array. */
void ps_manifest_operation(ps_json *json, const char *geography,
                           const ps_operation_used *used);
/* "geometry": what the boundary layer held, as members of the open object. */
void ps_manifest_layer(ps_json *json, const ps_layer_report *report);

#endif

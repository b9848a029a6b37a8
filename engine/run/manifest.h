/* The parts of a manifest that a job and an ad-hoc join have in common. */
#ifndef PS_RUN_MANIFEST_H
#define PS_RUN_MANIFEST_H

#include "engine/core/json.h"
#include "engine/run/count.h"

/* "crime.csv: 9408 read = 9407 matched + 1 outside + 0 unlocated + 0 invalid + 0
 * duplicate + 0 filtered", one line per input for one geography, then a line per cause of
 * invalid rows with the first examples, and one for ties. prefix stands before each
 * input's name, e.g. "lsoa: ". */
void ps_accounting_lines(const ps_point_counts *count, size_t geography, const char *prefix,
                         ps_output *out);

/* "version": {"placestat": "0.1.0", "GDAL": "3.6.2", ...} as a member of the open object.
 */
void ps_manifest_versions(ps_json *json);

/* The inputs of a count as elements of the open array: path, SHA-256, bytes, encoding,
 * rows with their fates, matches by geography (ids name them). */
ps_status ps_manifest_inputs(ps_json *json, const ps_point_counts *count, const char *const *ids,
                             ps_error *err) PS_MUST_CHECK;
/* One other input file (boundaries, a table) as an element of the open array. */
ps_status ps_manifest_file(ps_json *json, const char *kind, const char *name,
                           const char *path, ps_error *err) PS_MUST_CHECK;
/* "operation": how points and one geography were brought together. */
void ps_manifest_operation(ps_json *json, const char *geography,
                           const ps_operation_used *used);
/* "geometry": what the boundary layer held, as members of the open object. */
void ps_manifest_layer(ps_json *json, const ps_layer_report *report);

#endif

/* What is in a file? */
#ifndef PS_RUN_INSPECT_H
#define PS_RUN_INSPECT_H

#include <stdbool.h>

#include "engine/core/output.h"
#include "engine/core/talk.h"

/* Describe each file: for layers and workbooks driver, layers or sheets, CRS, geometry,
 * features, extent, fields; for delimited text encoding, delimiter, line ends, columns
 * with examples, rows, rows of another length, the months and categories of a police.uk
 * file, coordinates present; problems that placestat would meet. json: one JSON document
 * instead of text. Files that cannot be read are told and skipped; the first such failure
 * is returned at the end. */
ps_status ps_inspect(const char *const *paths, size_t n, bool json, const ps_talk *talk,
                     ps_output *out, ps_error *err) PS_MUST_CHECK;

#endif

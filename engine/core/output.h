/* Files that appear whole or not at all.
 *
 * A set of outputs is written under temporary names in the target folder, flushed to
 * disk, and then renamed one after the other, the manifest last: a set is complete when
 * its manifest stands and names the SHA-256 of every file. On failure or abandon nothing
 * is left behind.
 */
#ifndef PS_CORE_OUTPUT_H
#define PS_CORE_OUTPUT_H

#include "engine/core/text.h"

typedef struct ps_output_set ps_output_set;
typedef struct ps_output ps_output;

/* Begin a set in a folder, which is made when absent (one level). PS_OUTPUT when it
 * cannot be written. */
ps_status ps_output_set_open(const char *folder, ps_output_set **out,
                             ps_error *err) PS_MUST_CHECK;
/* The temporary path of a member that a foreign library writes itself (GeoPackage,
 * workbook); name has no '/'. The string lives as long as the set. */
ps_status ps_output_set_path(ps_output_set *set, const char *name, const char **path,
                             ps_error *err) PS_MUST_CHECK;
/* A member written through ps_output_write. */
ps_status ps_output_set_begin(ps_output_set *set, const char *name, ps_output **out,
                              ps_error *err) PS_MUST_CHECK;
size_t ps_output_set_size(const ps_output_set *set);
const char *ps_output_set_name(const ps_output_set *set, size_t i);
/* Where a finished member stands until it is committed: to read it. NULL: the set has no
 * finished member of that name. */
const char *ps_output_set_finished(const ps_output_set *set, const char *name);
/* SHA-256 of a finished member as hexadecimal text, and its size. */
ps_status ps_output_set_digest(const ps_output_set *set, size_t i, char hex[65],
                               int64_t *bytes, ps_error *err) PS_MUST_CHECK;
/* Flush all members to disk and rename them in order of creation; when a rename fails,
 * the earlier ones are taken back. Frees the set, also on error. */
ps_status ps_output_set_commit(ps_output_set *set, ps_error *err) PS_MUST_CHECK;
/* Remove what was written and free the set. NULL is fine. Outputs of members that are
 * still open are freed by their owner, before or after. */
void ps_output_set_abandon(ps_output_set *set);

/* One file on its own, by path; "-" is standard output. Commit with ps_output_commit. A
 * device or a pipe is written as it comes, a symbolic link stays one. */
ps_status ps_output_open(const char *path, ps_output **out, ps_error *err) PS_MUST_CHECK;
/* Bytes that stay in memory until the output is abandoned; ps_output_kept views them. */
ps_status ps_output_keep(ps_output **out, ps_error *err) PS_MUST_CHECK;
ps_str ps_output_kept(const ps_output *output);
/* PS_OK, or why they are not all there. */
ps_status ps_output_status(const ps_output *output, ps_error *err) PS_MUST_CHECK;
/* Forget them, to begin anew. */
void ps_output_forget(ps_output *output);
/* Errors are kept and reported by finish or commit, so that writers need not test each
 * call. */
void ps_output_write(ps_output *output, const void *bytes, size_t n);
void ps_output_str(ps_output *output, ps_str text);
void ps_output_text(ps_output *output, const char *text);
void ps_output_int(ps_output *output, int64_t value);
/* For words and whole numbers; %f would follow the locale, so use ps_format_double. */
void ps_output_printf(ps_output *output, const char *format, ...) PS_PRINTF(2, 3);
/* One CSV field: quoted when it holds the delimiter, a quote, a line end or an outer
 * space. A text that a spreadsheet would take for a formula (first character = + - @, tab
 * or CR, and not a plain number) gets an apostrophe in front. */
void ps_output_csv_field(ps_output *output, ps_str text);
/* A JSON string with its quotes. */
void ps_output_json(ps_output *output, ps_str text);
/* Write the text of one item; any worker, side by side. */
typedef ps_status ps_output_item(void *context, size_t item, int worker, ps_output *page,
                                 ps_error *err);
/* Write n items in their order: each goes to a page in memory first, so that many are
 * made at the same time. Items of some 10 to 100 KB are best.
 * Threads  parallel inside; same bytes for any number. */
ps_status ps_output_items(ps_output *output, size_t n, ps_output_item *item,
                          void *context, ps_error *err) PS_MUST_CHECK;
/* End a member of a set: its bytes are complete. The output is freed; also on error. */
ps_status ps_output_finish(ps_output *output, ps_error *err) PS_MUST_CHECK;
/* End an output of its own: flush, fsync, rename. The output is freed; also on error. */
ps_status ps_output_commit(ps_output *output, ps_error *err) PS_MUST_CHECK;
/* Give up: nothing of it stays. NULL is fine. */
void ps_output_abandon(ps_output *output);

#endif

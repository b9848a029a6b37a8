/* Where people find a data row: rows are counted from 1 behind the header, as in a
 * table, while an editor counts lines, of which the header, empty ones and line ends in
 * quotes have more.
 *
 * For messages only: a text is read again up to the row. One of more than
 * PS_CSV_LINE_BYTES nobody opens in an editor, so it gets no lines.
 */
#ifndef PS_CORE_CSV_LINE_H
#define PS_CORE_CSV_LINE_H

#include "engine/core/csv.h"

enum { PS_CSV_LINE_BYTES = 64 << 20 };

/* "12, line 13", or "12" where a line is not known or is the same. */
typedef struct ps_row_text {
    char text[56];
} ps_row_text;

ps_row_text ps_csv_row_text(const ps_source *source, ps_header header, int64_t row);
/* The same for the one text that a path names; a workbook, whose rows have the numbers
 * that it shows, has no lines. base as in source.h. */
ps_row_text ps_csv_row_text_of(const char *path, const char *base, ps_header header,
                               int64_t row);

#endif

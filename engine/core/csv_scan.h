/* The structure of delimited text: where fields and records end.
 *
 * One pass over the bytes in windows of 64. Bit masks say which bytes are separators
 * (delimiters and line ends), line ends and quotes; quotes are followed one by one, since
 * whether one opens a field depends on the byte in front of it, and what stands inside is
 * no separator. What is left becomes two lists: the position of every separator, and for
 * each record the number of its first one. A column that nobody wants costs no more than
 * its separator.
 *
 * The masks come from vector instructions where the processor has them. All ways give
 * the same lists; csv.c is the only user.
 */
#ifndef PS_CORE_CSV_SCAN_H
#define PS_CORE_CSV_SCAN_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "engine/core/mem.h"

enum {
    PS_SCAN_WINDOW = 64, /* bytes of a mask; so many have to be readable behind the end */
    PS_SCAN_STEP = 4096  /* bytes between two looks at the room of the lists */
};

/* Zero-initialise; reused from text to text. Positions count from the first byte. */
typedef struct ps_csv_scan {
    uint32_t *separator; /* of every field, in order; a line end closes a record, and
                            further ones right behind it are separators of their own */
    size_t separators, separator_room;
    uint32_t *record; /* number of the first separator of each record */
    size_t records, record_room;
    bool quoted;      /* the end lies inside a quoted field */
    size_t opened_at; /* the quote that opened it */
    bool open;        /* the last record has no line end */
    bool nul, high;   /* some byte is NUL, is not ASCII */
} ps_csv_scan;

/* Scan bytes [from, n) of b, where a record begins at from. A last record without a line
 * end gets a separator at n. n < 2^31. NOMEM. */
ps_status ps_csv_scan_bytes(ps_csv_scan *scan, const char *b, size_t from, size_t n,
                            char delimiter, ps_error *err) PS_MUST_CHECK;
void ps_csv_scan_free(ps_csv_scan *scan);

/* The same by plain C alone, by AVX2, and by AVX-512 with VBMI2: UNSUPPORTED when the
 * compiler or this processor has none. */
ps_status ps_csv_scan_plain(ps_csv_scan *scan, const char *b, size_t from, size_t n,
                            char delimiter, ps_error *err) PS_MUST_CHECK;
ps_status ps_csv_scan_avx2(ps_csv_scan *scan, const char *b, size_t from, size_t n,
                           char delimiter, ps_error *err) PS_MUST_CHECK;
bool ps_csv_scan_has_avx2(void);
ps_status ps_csv_scan_avx512(ps_csv_scan *scan, const char *b, size_t from, size_t n,
                             char delimiter, ps_error *err) PS_MUST_CHECK;
bool ps_csv_scan_has_avx512(void);

#endif

/* One row after the other: the texts of its fields into a coordinate, a group and a fate.
 */
#ifndef PS_RUN_DECODE_H
#define PS_RUN_DECODE_H

#include "engine/core/seen.h"
#include "engine/run/points.h"

/* The decoded rows of one block, and what was seen on the way. What the decoder does not
 * read is NULL. */
typedef struct ps_decoded {
    double *x, *y;
    int32_t *group;
    uint8_t *fate;
    ps_str *area_code; /* supplied, or that the row is coded to */
    int64_t *count;
    const char *lasting;         /* memory that stays as long as the rows do, */
    size_t lasting_n;            /* so that area codes in it need no copy */
    ps_arena *copies;            /* of all others; made when needed */
    ps_fingerprint *fingerprint; /* of rows that may be duplicates; else {0, 0} */
    uint64_t *context;           /* what they are duplicates within */
    size_t n, capacity;
    ps_rows rows;
    int64_t placed;  /* coordinates that make sense, whatever became of their rows */
    int64_t swapped; /* others that would make sense the other way round */
} ps_decoded;

typedef struct ps_decoder ps_decoder;

/* Empty, with room for n rows of the decoder whose fields lie in these bytes or
 * elsewhere.
 */
ps_status ps_decoded_begin(const ps_decoder *decoder, ps_decoded *rows, size_t n,
                           ps_str lasting, ps_error *err) PS_MUST_CHECK;
/* Room for n rows more, behind those that are there. */
ps_status ps_decoded_extend(const ps_decoder *decoder, ps_decoded *rows, size_t n,
                            ps_error *err) PS_MUST_CHECK;
void ps_decoded_free(ps_decoded *rows);
/* Count the fates once they are settled; duplicates lose their coordinate. */
void ps_decoded_count(ps_decoded *rows);

/* For rows of these sources. Fields come in the order of ps_decoder_columns. The spec is
 * borrowed; tables that it looks up are read. */
ps_status ps_decoder_create(const ps_points_spec *spec, int workers, const ps_talk *talk,
                            ps_decoder **out, ps_error *err) PS_MUST_CHECK;
const ps_lookup *ps_decoder_lookup(const ps_decoder *decoder, size_t with);
/* The columns that have to be read, each once; those that are looked up are none. */
const char *const *ps_decoder_columns(const ps_decoder *decoder, size_t *n);
/* The box in which coordinates make sense; none before this is called. */
void ps_decoder_set_box(ps_decoder *decoder, const double box[4]);
/* Do rows have a key by which duplicates are known? */
bool ps_decoder_has_key(const ps_decoder *decoder);
ps_groups *ps_decoder_groups(const ps_decoder *decoder);

/* Put the next row behind the others, for which there is room. px, py: the coordinate of
 * a layer's geometry; NULL takes it from the columns.
 * Threads  any number at once, each as the worker it is, with rows of its own. */
ps_status ps_decode_row(ps_decoder *decoder, int worker, ps_decoded *rows, int64_t row,
                        const ps_str *field, const double *px, const double *py,
                        ps_error *err) PS_MUST_CHECK;
/* The same for n rows that follow one another, up to PS_DECODE_ROWS, their fields row
 * after row. */
enum { PS_DECODE_ROWS = 64 };
ps_status ps_decode_rows(ps_decoder *decoder, int worker, ps_decoded *rows,
                         int64_t first_row, size_t n, const ps_str *field,
                         ps_error *err) PS_MUST_CHECK;
/* A row that cannot be decoded at all. */
void ps_decode_nothing(ps_decoded *rows, int64_t row, ps_cause cause, ps_str seen);
void ps_decoder_free(ps_decoder *decoder);

#endif

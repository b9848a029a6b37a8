/* Numbers and texts in few bytes, one after the other.
 *
 * A number takes a byte for each 7 bits that it has, the lowest first; a text its length
 * and its bytes. Whoever reads them has to know what comes next. Reading never leaves the
 * bytes: from where they are not in order on, all is 0 and empty, and `bad` tells it.
 */
#ifndef PS_CORE_PACK_H
#define PS_CORE_PACK_H

#include "engine/core/text.h"

/* At first all zeros. */
typedef struct ps_pack {
    unsigned char *bytes;
    size_t n, capacity;
} ps_pack;

ps_status ps_pack_number(ps_pack *to, uint64_t number, ps_error *err) PS_MUST_CHECK;
ps_status ps_pack_text(ps_pack *to, ps_str text, ps_error *err) PS_MUST_CHECK;
void ps_pack_free(ps_pack *pack);

typedef struct ps_unpack {
    const unsigned char *at, *end;
    bool bad;
} ps_unpack;

ps_unpack ps_unpack_of(const void *bytes, size_t n);
/* At most `most`, else the bytes are bad. */
uint64_t ps_unpack_number(ps_unpack *from, uint64_t most);
/* A view of the bytes. */
ps_str ps_unpack_text(ps_unpack *from);
/* Was all of it read, and good? */
bool ps_unpack_done(const ps_unpack *from);

#endif

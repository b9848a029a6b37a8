#include "engine/core/pack.h"

#include <string.h>

#include "engine/core/mem.h"

enum { LONGEST = 10, BITS = 7, MORE = 1 << BITS };

ps_status ps_pack_number(ps_pack *to, uint64_t number, ps_error *err) {
    if (to->capacity - to->n < LONGEST)
        PS_TRY(ps_grow((void **)&to->bytes, &to->capacity, to->n + LONGEST, 1, err));
    for (; number >= MORE; number >>= BITS)
        to->bytes[to->n++] = (unsigned char)(number | MORE);
    to->bytes[to->n++] = (unsigned char)number;
    return PS_OK;
}

ps_status ps_pack_text(ps_pack *to, ps_str text, ps_error *err) {
    PS_TRY(ps_pack_number(to, text.n, err));
    PS_TRY(ps_grow((void **)&to->bytes, &to->capacity, to->n + text.n, 1, err));
    if (text.n > 0) memcpy(to->bytes + to->n, text.p, text.n);
    to->n += text.n;
    return PS_OK;
}

void ps_pack_free(ps_pack *pack) {
    ps_free(pack->bytes);
    *pack = (ps_pack){0};
}

ps_unpack ps_unpack_of(const void *bytes, size_t n) {
    const unsigned char *at = bytes;
    return (ps_unpack){at, at + n, false};
}

static void give_up(ps_unpack *from) {
    from->at = from->end;
    from->bad = true;
}

uint64_t ps_unpack_number(ps_unpack *from, uint64_t most) {
    uint64_t number = 0;
    for (int shift = 0; from->at < from->end && shift < LONGEST * BITS; shift += BITS) {
        const unsigned char byte = *from->at++;
        number |= (uint64_t)(byte & (MORE - 1)) << shift;
        if (byte >= MORE) continue;
        /* of the tenth byte only the lowest bit has a place */
        if (number > most || (shift == (LONGEST - 1) * BITS && byte > 1)) break;
        return number;
    }
    give_up(from);
    return 0;
}

ps_str ps_unpack_text(ps_unpack *from) {
    const size_t n = ps_unpack_number(from, (uint64_t)(from->end - from->at));
    if (n > (size_t)(from->end - from->at)) give_up(from);
    if (from->bad) return (ps_str){"", 0};
    const ps_str text = {(const char *)from->at, n};
    from->at += n;
    return text;
}

bool ps_unpack_done(const ps_unpack *from) {
    return !from->bad && from->at == from->end;
}

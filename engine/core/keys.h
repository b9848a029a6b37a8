/* Text keys to dense ids: area codes, category names, groups of rows.
 *
 * An open-addressing hash table over copies of the keys in an arena; ids count from 0 in
 * order of first insertion. Frozen when nobody inserts any more: look-ups then need no
 * lock.
 */
#ifndef PS_CORE_KEYS_H
#define PS_CORE_KEYS_H

#include "engine/core/text.h"

#define PS_NONE (-1)

typedef struct ps_keys ps_keys;

ps_status ps_keys_create(ps_keys **out, ps_error *err) PS_MUST_CHECK;
/* The id of key, inserted when it is new; *added (may be NULL) tells which. */
ps_status ps_keys_add(ps_keys *keys, ps_str key, int32_t *id, bool *added,
                      ps_error *err) PS_MUST_CHECK;
/* The id of key or PS_NONE. */
int32_t ps_keys_find(const ps_keys *keys, ps_str key);
size_t ps_keys_size(const ps_keys *keys);
/* The key of an id; NUL-terminated behind the view. */
ps_str ps_keys_text(const ps_keys *keys, int32_t id);
void ps_keys_free(ps_keys *keys);

#endif

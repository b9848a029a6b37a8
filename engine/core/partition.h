/* Units told apart by sets: those that lie in the same sets are one block.
 *
 * Starts with one block of all units; each set splits every block that it cuts through.
 * Blocks are numbered in the order in which sets and units are given, so the same calls
 * give the same numbers.
 */
#ifndef PS_CORE_PARTITION_H
#define PS_CORE_PARTITION_H

#include <stddef.h>
#include <stdint.h>

#include "engine/core/status.h"

typedef struct ps_partition {
    size_t n_units, n_blocks;
    int32_t *block; /* by unit */
    size_t *size;   /* by block: its units */
    size_t *inside; /* scratch, 0 between calls */
    int32_t *into;
} ps_partition;

/* At most INT32_MAX units. */
ps_status ps_partition_open(size_t n_units, ps_partition *out,
                            ps_error *err) PS_MUST_CHECK;
/* One block of all units again. */
void ps_partition_join(ps_partition *partition);
/* unit: each once. */
void ps_partition_split(ps_partition *partition, const int32_t *unit, size_t n);
void ps_partition_close(ps_partition *partition);

#endif

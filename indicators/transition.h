/* Who moved on? The stages of units at two times: wards and their partnerships, places
 * and their engagement.
 */
#ifndef PS_INDICATORS_TRANSITION_H
#define PS_INDICATORS_TRANSITION_H

#include <stddef.h>
#include <stdint.h>

#include "engine/core/status.h"

enum { PS_STAGES_MOST = 32 };

typedef struct ps_transitions {
    int64_t n[PS_STAGES_MOST][PS_STAGES_MOST]; /* units by stage before and after */
    int64_t base[PS_STAGES_MOST];              /* units by stage before, known after */
    int64_t up, down, same;                    /* by the order of the stages */
    int64_t joined, left;                      /* known at one of the times only */
} ps_transitions;

/* before, after: by unit, a stage below PS_STAGES_MOST, ascending the way that is wanted,
 * or negative when it is not known. Cost O(n). */
void ps_transitions_count(const int32_t *before, const int32_t *after, size_t n,
                          ps_transitions *out);

#endif

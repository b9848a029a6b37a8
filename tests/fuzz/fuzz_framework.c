/* Any bytes as a framework: no crash, no leak, and a result that keeps its promises. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/run/framework.h"
#include "indicators/method.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PROMISE(what)                                       \
    do {                                                    \
        if (!(what)) {                                      \
            fprintf(stderr, "broken promise: %s\n", #what); \
            abort();                                        \
        }                                                   \
    } while (0)

static void check_part(const ps_framework *f, const ps_framework_part *part) {
    const ps_framework_data *data = NULL;
    for (unsigned d = 0; d < f->data_count; d++)
        if (strcmp(f->data[d].id, part->data) == 0) data = &f->data[d];
    PROMISE(data != NULL && part->what);
    for (unsigned w = 0; data != NULL && w < part->where_count; w++) {
        const ps_framework_filter *filter = &part->where[w];
        PROMISE((filter->is != NULL) != (filter->not != NULL));
        bool found = false;
        for (unsigned c = 0; c < data->columns_count; c++)
            found |= strcmp(data->columns[c].id, filter->column) == 0;
        PROMISE(found);
    }
}

static void check_framework(const ps_framework *f) {
    PROMISE(f->id && f->title && f->years && f->years->kind && f->report);
    PROMISE(f->geographies_count > 0 && f->data_count > 0 && f->priorities_count > 0);
    PROMISE(f->measures_count > 0 && f->report->order_count == f->measures_count);
    for (unsigned m = 0; m < f->measures_count; m++) {
        const ps_framework_measure *measure = &f->measures[m];
        PROMISE(*measure->multiplier > 0 && measure->min_base >= 0);
        PROMISE(measure->reference != NULL || ps_method_find(measure->method) != NULL);
        PROMISE(measure->geographies_count > 0);
        if (measure->numerator != NULL) check_part(f, measure->numerator);
        if (measure->denominator != NULL) check_part(f, measure->denominator);
        const ps_framework_target *target = measure->target;
        PROMISE(target == NULL || measure->polarity != PS_POLARITY_NONE);
        PROMISE(target == NULL ||
                (target->kind == PS_TARGET_TRAJECTORY) == (target->step != NULL));
        const ps_framework_baseline *baseline = measure->baseline;
        PROMISE(baseline == NULL || baseline->value != NULL || baseline->period != NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    ps_framework_file *file;
    ps_error err = {.text = ""};
    ps_status status =
        ps_framework_parse("plan.yaml", (const char *)data, size, &file, &err);
    if (status == PS_OK) {
        check_framework(file->framework);
        ps_framework_free(file);
        return 0;
    }
    PROMISE(file == NULL);
    PROMISE(status == PS_CONFIG && err.status == PS_CONFIG);
    PROMISE(strncmp(err.text, "plan.yaml:", 10) == 0);
    /* The walk lets nothing through that libcyaml would not take. */
    PROMISE(strncmp(err.text, "plan.yaml: cannot be mapped", 27) != 0);
    return 0;
}

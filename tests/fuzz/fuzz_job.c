/* Any bytes as a job: no crash, no leak, and a result that keeps its promises. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/run/job.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PROMISE(what)                                       \
    do {                                                    \
        if (!(what)) {                                      \
            fprintf(stderr, "broken promise: %s\n", #what); \
            abort();                                        \
        }                                                   \
    } while (0)

static void check_job(const ps_job *job) {
    PROMISE(job->areas_count > 0);
    PROMISE(job->points_count + job->tables_count + job->records_count > 0);
    PROMISE(job->records_count == 0 || job->framework != NULL ||
            job->frameworks_count > 0);
    PROMISE(job->periods_count > 0);
    PROMISE(*job->confidence >= 0.9 && *job->confidence < 1 && *job->multiplier > 0);
    PROMISE(job->outputs->counts && job->outputs->indicators && job->outputs->geopackage);
    PROMISE(job->outputs->measures);
    PROMISE(job->data_count == 0 || job->framework != NULL || job->frameworks_count > 0);
    for (unsigned i = 0; i < job->data_count; i++) {
        bool found = ps_job_population_find(job, job->data[i].input) != NULL;
        for (unsigned k = 0; k < job->points_count && !found; k++)
            found = strcmp(job->points[k].id, job->data[i].input) == 0;
        for (unsigned k = 0; k < job->records_count && !found; k++)
            found = strcmp(job->records[k].id, job->data[i].input) == 0;
        PROMISE(found);
    }
    for (unsigned i = 0; i < job->areas_count; i++) {
        const ps_job_areas *a = &job->areas[i];
        PROMISE(a->id && a->title && (a->file == NULL || a->invalid));
        PROMISE((a->file != NULL) + (a->of != NULL) + (a->codes != NULL) == 1);
        PROMISE(a->of == NULL || (a->table != NULL) != (a->sets != NULL));
        bool found = a->of == NULL;
        for (unsigned k = 0; k < i && !found; k++)
            found = strcmp(job->areas[k].id, a->of) == 0;
        PROMISE(found);
    }
    for (unsigned i = 0; i < job->points_count; i++) {
        const ps_job_points *p = &job->points[i];
        PROMISE(p->id && p->title && p->format && p->date_form && p->duplicates &&
                p->covers && p->files_count > 0);
        PROMISE((p->x == NULL) == (p->y == NULL));
        PROMISE(p->x == NULL || p->crs != NULL);
        PROMISE((p->areas != NULL) == ((p->code != NULL) != (p->area != NULL)));
        PROMISE(p->areas == NULL || (p->x == NULL && p->layer == NULL));
        PROMISE(*p->duplicates == PS_DUPLICATES_KEEP || p->key != NULL);
        for (unsigned w = 0; w < p->with_count; w++)
            PROMISE(p->with[w].file && p->with[w].key && p->with[w].columns_count > 0);
    }
    for (unsigned i = 0; i < job->records_count; i++) {
        const ps_job_records *r = &job->records[i];
        PROMISE(r->id && r->title && r->file && r->date_form && r->separator);
        PROMISE(r->header >= 1 && r->missing_count > 0);
        PROMISE((r->areas != NULL) == ((r->code != NULL) != (r->area != NULL)));
        PROMISE(r->date == NULL || r->period == NULL);
    }
    PROMISE(job->points_count == 0 || job->series_count > 0);
    for (unsigned i = 0; i < job->series_count; i++) {
        const ps_job_series *s = &job->series[i];
        bool found = false;
        PROMISE(s->id && s->title && s->data);
        for (unsigned k = 0; k < job->points_count && !found; k++)
            found = strcmp(job->points[k].id, s->data) == 0;
        PROMISE(found);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    ps_job_file *file;
    ps_error err = {.text = ""};
    ps_status status = ps_job_parse("job.yaml", (const char *)data, size, &file, &err);
    if (status == PS_OK) {
        check_job(file->job);
        ps_job_free(file);
        return 0;
    }
    PROMISE(file == NULL);
    PROMISE(status == PS_CONFIG && err.status == PS_CONFIG);
    PROMISE(strncmp(err.text, "job.yaml:", 9) == 0);
    /* The walk lets nothing through that libcyaml would not take. */
    PROMISE(strncmp(err.text, "job.yaml: cannot be mapped", 26) != 0);
    size_t lines = 1;
    for (const char *p = err.text; *p != '\0'; p++) lines += *p == '\n';
    PROMISE(lines <= 6);
    return 0;
}

#include "engine/run/job.h"

#include <stdio.h>
#include <string.h>

/* What a caller sees, and what it is made of. */
typedef struct owner {
    ps_job_file file;
    ps_yaml *yaml;
    char *folder;
} owner;

void ps_job_free(ps_job_file *file) {
    if (file == NULL) return;
    owner *own = (owner *)file;
    ps_yaml_free(own->yaml);
    ps_free(own->folder);
    ps_free(own);
}

/* The folder of a path: all before the last '/'. */
static char *folder_of(const char *path) {
    const char *slash = strrchr(path, '/');
    if (slash == NULL) return ps_strndup(".", 1);
    return ps_strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

/* Takes the YAML, also on failure. */
static ps_status finish(const char *name, ps_yaml *yaml, void *data, ps_job_file **out,
                        ps_error *err) {
    ps_job *job = data;
    ps_status status = ps_job_resolve(yaml, job, err);
    owner *own = status == PS_OK ? ps_zalloc(1, sizeof *own) : NULL;
    char *folder = own != NULL ? folder_of(name) : NULL;
    if (folder == NULL) {
        ps_free(own);
        ps_yaml_free(yaml);
        return status == PS_OK ? ps_fail_nomem(err) : status;
    }
    own->yaml = yaml;
    own->folder = folder;
    own->file = (ps_job_file){.job = job, .yaml = yaml, .folder = folder};
    *out = &own->file;
    return PS_OK;
}

ps_status ps_job_open(const char *path, ps_job_file **out, ps_error *err) {
    ps_yaml *yaml;
    void *data;
    *out = NULL;
    PS_TRY(ps_yaml_open(path, &ps_job_schema, &yaml, &data, err));
    return finish(path, yaml, data, out, err);
}

ps_status ps_job_parse(const char *name, const char *bytes, size_t n, ps_job_file **out,
                       ps_error *err) {
    ps_yaml *yaml;
    void *data;
    *out = NULL;
    PS_TRY(ps_yaml_parse(name, bytes, n, &ps_job_schema, &yaml, &data, err));
    return finish(name, yaml, data, out, err);
}

unsigned ps_job_frameworks(const ps_job *job, char *const **names) {
    *names = job->framework != NULL ? &job->framework : job->frameworks;
    return job->framework != NULL ? 1 : job->frameworks_count;
}

const ps_job_population *ps_job_population_at(const ps_job *job, unsigned k) {
    if (job->population != NULL) {
        if (k == 0) return job->population;
        k--;
    }
    return k < job->populations_count ? &job->populations[k] : NULL;
}

void ps_job_population_path(const ps_job *job, unsigned k, char out[32]) {
    if (job->population != NULL && k == 0)
        snprintf(out, 32, "population");
    else
        snprintf(out, 32, "populations[%u]", job->population != NULL ? k - 1 : k);
}

const ps_job_population *ps_job_population_find(const ps_job *job, const char *id) {
    const ps_job_population *p;
    for (unsigned k = 0; (p = ps_job_population_at(job, k)) != NULL; k++)
        if (strcmp(p->id, id) == 0) return p;
    return NULL;
}

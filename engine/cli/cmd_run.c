#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/cli/cmd.h"
#include "engine/run/run.h"

typedef struct run_request {
    const char *folder;
    bool strict, force, fail_on_partial, dry_run;
} run_request;

static const ps_opt options[] = {
    {.name = "output",
     .letter = 'o',
     .kind = PS_OPT_FOLDER,
     .at = offsetof(run_request, folder),
     .value = "DIR",
     .help = "folder of the outputs [name of the job without .yaml]",
     .detail =
         "It is made when absent. Two runs cannot write to it at the same time: the "
         "second ends at once with exit code 75."},
    {.name = "strict",
     .kind = PS_OPT_SWITCH,
     .at = offsetof(run_request, strict),
     .help = "refuse invalid rows, unknown categories and a CRS operation worse than "
             "1.5 m"},
    {.name = "force",
     .kind = PS_OPT_SWITCH,
     .at = offsetof(run_request, force),
     .help = "run even when job, inputs and outputs are unchanged"},
    {.name = "fail-on-partial",
     .kind = PS_OPT_SWITCH,
     .at = offsetof(run_request, fail_on_partial),
     .help = "end with 5 when values are masked or missing",
     .detail = "The outputs are written all the same."},
    {.name = "dry-run",
     .kind = PS_OPT_SWITCH,
     .at = offsetof(run_request, dry_run),
     .help = "write nothing, print the plan, as `check` does"},
};

static const ps_example examples[] = {
    {"placestat run job.yaml -o results", "write indicators.csv and the rest to results"},
    {"placestat run job.yaml -qq --fail-on-partial", "for a nightly run"},
};

/* The folder that a run writes to, held for it alone. The lock is that of the folder
 * itself (flock), so it leaves no file behind and ends with the process. */
typedef struct held_folder {
    const char *path;
    int fd;
    bool made;
} held_folder;

/* The job's name without its ending, in the working directory. */
static const char *default_folder(const char *job, ps_arena *arena) {
    const char *slash = strrchr(job, '/');
    const char *name = slash != NULL ? slash + 1 : job;
    const char *dot = strrchr(name, '.');
    size_t n = dot != NULL && dot > name ? (size_t)(dot - name) : strlen(name);
    bool same_as_job = dot == NULL || dot == name;
    char *folder = ps_arena_alloc(arena, n + 8);
    if (folder == NULL) return NULL;
    memcpy(folder, name, n);
    memcpy(folder + n, same_as_job ? "-output" : "", same_as_job ? 8 : 1);
    return folder;
}

static ps_exit fail_folder(const char *path, int code, ps_error *err) {
    return ps_exit_of(ps_fail(err, PS_OUTPUT,
                              "%s: cannot be used as the folder of the outputs: %s", path,
                              strerror(code)));
}

static ps_exit hold(held_folder *held, ps_error *err) {
    if (mkdir(held->path, 0777) == 0)
        held->made = true;
    else if (errno != EEXIST)
        return fail_folder(held->path, errno, err);
    held->fd = open(held->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (held->fd < 0) return fail_folder(held->path, errno, err);
    if (flock(held->fd, LOCK_EX | LOCK_NB) == 0) return PS_EXIT_OK;
    if (errno != EWOULDBLOCK) return PS_EXIT_OK; /* a file system without locks */
    ps_fail(err, PS_OUTPUT, "%s: another run is writing to this folder; try again later",
            held->path);
    return PS_EXIT_LOCKED;
}

static void let_go(held_folder *held, bool done) {
    /* Goes only when it is empty, which is what a failed run leaves of a new folder. */
    if (!done && held->made) (void)rmdir(held->path);
    if (held->fd >= 0) close(held->fd);
}

static ps_exit run(const ps_call *call, ps_error *err) {
    const run_request *request = call->request;
    ps_run_options run_options = {.job = call->operands->item[0],
                                  .folder = request->folder,
                                  .strict = request->strict,
                                  .force = request->force,
                                  .command = call->line,
                                  .talk = call->talk};
    if (request->dry_run) return ps_exit_of(ps_check_job(&run_options, call->out, err));
    struct stat job;
    if (stat(run_options.job, &job) != 0)
        return ps_exit_of(ps_fail(err, PS_INPUT, "%s: cannot be read: %s",
                                  run_options.job, strerror(errno)));
    if (run_options.folder == NULL)
        run_options.folder = default_folder(run_options.job, call->arena);
    if (run_options.folder == NULL) return ps_exit_of(ps_fail_nomem(err));

    held_folder held = {.path = run_options.folder, .fd = -1};
    ps_run_outcome outcome = {0};
    ps_exit result = hold(&held, err);
    if (result == PS_EXIT_OK)
        result = ps_exit_of(ps_run_job(&run_options, call->out, &outcome, err));
    let_go(&held, result == PS_EXIT_OK);
    if (result == PS_EXIT_OK && outcome.partial && request->fail_on_partial) {
        ps_fail(err, PS_GATE,
                "%s: some values are masked or missing; the column status of "
                "indicators.csv says which and why",
                held.path);
        return PS_EXIT_PARTIAL;
    }
    return result;
}

const ps_command ps_command_run = {
    .name = "run",
    .summary = "carry out a job: counts and rates by area, as tables and a map",
    .detail =
        "Writes indicators.csv, counts.csv, placestat.gpkg and manifest.json into the "
        "folder, all of them or none. When job, inputs and outputs are unchanged since "
        "the last run, nothing is done. What was read, matched and left out is printed "
        "at "
        "the end and stands in the manifest.",
    .operand = {PS_OPERAND_FILE, "JOB.yaml", 1, 1, NULL, "the job; see placestat-job(5)"},
    .option = options,
    .n_options = PS_COUNT_OF(options),
    .request_bytes = sizeof(run_request),
    .example = examples,
    .n_examples = PS_COUNT_OF(examples),
    .run = run,
};

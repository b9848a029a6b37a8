#include "engine/run/compute.h"

static ps_status find_method(const char *id, const ps_method **out, ps_error *err) {
    *out = ps_method_find(id);
    if (*out != NULL) return PS_OK;
    const ps_method *const *methods;
    size_t n = ps_methods(&methods);
    const char **ids = ps_alloc(n, sizeof *ids);
    if (ids == NULL) return ps_fail_nomem(err);
    for (size_t i = 0; i < n; i++) ids[i] = methods[i]->id;
    int near = ps_nearest(ps_str_of(id), ids, n);
    ps_status status =
        near >= 0
            ? ps_fail(err, PS_CONFIG,
                      "unknown method '%.60s'; did you mean '%s'? (`placestat list "
                      "methods` lists all)",
                      id, ids[near])
            : ps_fail(err, PS_CONFIG,
                      "unknown method '%.60s' (`placestat list methods` lists all)", id);
    ps_free(ids);
    return status;
}

static void write_row(const ps_table *table, size_t row, ps_output *out) {
    for (size_t i = 0; i < ps_table_columns(table); i++) {
        if (i > 0) ps_output_text(out, ",");
        ps_output_csv_field(out, ps_table_cell(table, row, i));
    }
    ps_output_text(out, "\n");
}

static void write_table(const ps_table *table, ps_output *out) {
    for (size_t i = 0; i < ps_table_columns(table); i++) {
        if (i > 0) ps_output_text(out, ",");
        ps_output_csv_field(out, ps_table_column_name(table, i));
    }
    ps_output_text(out, "\n");
    for (size_t i = 0; i < ps_table_rows(table); i++) write_row(table, i, out);
}

static ps_status write_file(const ps_table *table, const char *path, ps_error *err) {
    ps_output *out;
    PS_TRY(ps_output_open(path, &out, err));
    write_table(table, out);
    return ps_output_commit(out, err);
}

ps_status ps_compute(const ps_compute_request *request, ps_output *out, ps_error *err) {
    const ps_method *method;
    PS_TRY(find_method(request->method, &method, err));
    ps_table *input, *result;
    PS_TRY(ps_table_read_csv(request->input, NULL, (ps_header){1, 1}, NULL, 0,
                             request->talk, &input, err));
    ps_status status = ps_method_run(method, input, request->arguments,
                                     request->n_arguments, request->talk, &result, err);
    ps_table_free(input);
    if (status != PS_OK) return status;
    if (request->output != NULL)
        status = write_file(result, request->output, err);
    else
        write_table(result, out);
    ps_table_free(result);
    return status;
}

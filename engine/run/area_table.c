#include "engine/run/area_table.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool is_workbook(const char *file) {
    const char *dot = strrchr(file, '.');
    return dot != NULL && (strcasecmp(dot, ".xlsx") == 0 || strcasecmp(dot, ".ods") == 0);
}

ps_status ps_area_table_open(const char *file, const char *base, const char *sheet,
                             int64_t header, const char *const *columns, size_t n_columns,
                             const ps_talk *talk, ps_table **out, ps_error *err) {
    *out = NULL;
    ps_str *names = NULL; /* all columns */
    if (columns != NULL) {
        names = ps_alloc(n_columns, sizeof *names);
        if (names == NULL) return ps_fail_nomem(err);
    }
    for (size_t i = 0; i < n_columns; i++) names[i] = ps_str_of(columns[i]);
    const ps_status status =
        is_workbook(file)
            ? ps_layer_read_table(file, base, sheet, header, names, n_columns, talk, out,
                                  err)
            : ps_table_read_csv(file, base, header, names, n_columns, talk, out, err);
    ps_free(names);
    return status;
}

ps_status ps_area_table_read(const ps_job_file *job, const char *at, const char *file,
                             const char *sheet, int64_t header,
                             const char *const *columns, size_t n_columns,
                             const ps_talk *talk, ps_table **out, ps_error *err) {
    const ps_status status = ps_area_table_open(file, job->folder, sheet, header, columns,
                                                n_columns, talk, out, err);
    if (status == PS_OK || status == PS_NOMEM || err == NULL) return status;
    char why[sizeof err->text];
    memcpy(why, err->text, sizeof why);
    return ps_yaml_fail(job->yaml, err, status, at, "%s", why);
}

ps_status ps_area_table_sum(const ps_table *table, int code, const int *columns,
                            size_t n_columns, const ps_areas *areas, double *value,
                            bool *missing, ps_area_match *match, ps_error *err) {
    *match = (ps_area_match){0};
    bool *seen = ps_zalloc(areas->n, sizeof *seen);
    if (seen == NULL) return ps_fail_nomem(err);
    for (size_t a = 0; a < areas->n; a++) value[a] = 0, missing[a] = true;
    ps_status status = PS_OK;
    for (size_t r = 0; r < ps_table_rows(table) && status == PS_OK; r++) {
        ps_str key = ps_str_trim(ps_table_cell(table, r, (size_t)code));
        if (key.n == 0) continue;
        match->rows++;
        int32_t area = ps_keys_find(areas->by_code, key);
        if (area == PS_NONE) {
            if (match->unknown++ == 0)
                snprintf(match->unknown_example, sizeof match->unknown_example, "%.*s",
                         (int)(key.n < 60 ? key.n : 60), key.p);
            continue;
        }
        if (seen[area]) {
            status = ps_fail(
                err, PS_FORMAT,
                "%s: row %lld: the code %.*s stood in an earlier row; one row per "
                "area is expected",
                ps_table_name(table), (long long)ps_table_row_in_file(table, r),
                (int)key.n, key.p);
            break;
        }
        seen[area] = true;
        missing[area] = false;
        for (size_t c = 0; c < n_columns && status == PS_OK; c++) {
            double number = 0;
            bool absent = false;
            status = ps_table_number(table, r, (size_t)columns[c], &number, &absent, err);
            if (absent)
                missing[area] = true;
            else
                value[area] += number;
        }
    }
    for (size_t a = 0; a < areas->n; a++) {
        if (seen[a]) continue;
        if (match->absent++ == 0)
            snprintf(match->absent_example, sizeof match->absent_example, "%.*s",
                     (int)(areas->code[a].n < 60 ? areas->code[a].n : 60),
                     areas->code[a].p);
    }
    ps_free(seen);
    return status;
}

/* Ranks of LSOAs among those of their city: other figures than the national ones, with
 * names of their own. */
#include "indicators/deprivation.h"
#include "indicators/rank_test.h"

#include "engine/core/mem.h"

enum { IN_LSOA, IN_CITY, IN_RANK };
static const ps_method_column inputs[] = {
    {"lsoa", PS_COLUMN_TEXT, true, "carried over"},
    {"city", PS_COLUMN_TEXT, false, "whose LSOAs are ranked among themselves; else all"},
    {"rank", PS_COLUMN_INTEGER, true, "rank in the country, 1 = most deprived"},
};
static const ps_method_param params[] = {PS_PARAM_COUNTRY("country")};
static const ps_method_column outputs[] = {
    {"lsoa", PS_COLUMN_TEXT, true, "as in the input"},
    {"city", PS_COLUMN_TEXT, true, "as in the input"},
    {"rank", PS_COLUMN_INTEGER, true, "as in the input"},
    {"decile", PS_COLUMN_INTEGER, true, "of the country, 1 = most deprived"},
    {"percentile", PS_COLUMN_INTEGER, true, "likewise"},
    {"local_rank", PS_COLUMN_INTEGER, true, "among the city's LSOAs that have a rank"},
    {"local_decile", PS_COLUMN_INTEGER, true, "tenth of the city, 1 = most deprived"},
    {"local_percentile", PS_COLUMN_INTEGER, true, "hundredth of the city, likewise"},
    {"local_n", PS_COLUMN_INTEGER, true, "LSOAs of the city that have a rank"},
    {"country", PS_COLUMN_INTEGER, true, "areas that were ranked together"},
    {"status", PS_COLUMN_TEXT, true, "ok, missing"},
};

static ps_status put_lsoa(const ps_method_call *call, const ps_call_group *city, size_t i,
                          int64_t rank, int64_t local, int64_t n, ps_error *err) {
    int64_t country = (int64_t)ps_call_param_number(call, 0);
    ps_call_put_text(call, 0, ps_call_text(call, city->row[i], IN_LSOA));
    ps_call_put_text(call, 1, city->name);
    if (rank > 0) {
        ps_call_put_int(call, 2, rank);
        ps_call_put_int(call, 3, ps_rank_part(rank, country, 10));
        ps_call_put_int(call, 4, ps_rank_part(rank, country, 100));
        ps_call_put_int(call, 5, local);
        ps_call_put_int(call, 6, ps_rank_part(local, n, 10));
        ps_call_put_int(call, 7, ps_rank_part(local, n, 100));
    }
    ps_call_put_int(call, 8, n);
    ps_call_put_int(call, 9, country);
    ps_call_put_status(call, 10, rank > 0 ? PS_VALUE_OK : PS_VALUE_MISSING);
    return ps_call_end_row(call, err);
}

static ps_status rank_city(const ps_method_call *call, const ps_call_group *city,
                           void *context, ps_error *err) {
    (void)context;
    int64_t n = 0, *rank, *local = ps_alloc(city->n, sizeof *local);
    if (local == NULL) return ps_fail_nomem(err);
    ps_status status = ps_deprivation_ranks(
        call, city, 0, (int64_t)ps_call_param_number(call, 0), &rank, err);
    if (status == PS_OK)
        status = ps_rank_min(city->column[0], city->n, PS_RANK_LOWEST_FIRST, local, err);
    for (size_t i = 0; i < city->n && status == PS_OK; i++) n += rank[i] > 0;
    for (size_t i = 0; i < city->n && status == PS_OK; i++)
        status = put_lsoa(call, city, i, rank[i], local[i], n, err);
    ps_free(rank);
    ps_free(local);
    return status;
}

static ps_status run(const ps_method_call *call, ps_error *err) {
    static const size_t columns[] = {IN_RANK};
    return ps_call_each_group(call, IN_CITY, columns, 1, rank_city, NULL, err);
}

extern const ps_method ps_method_imd_local;
const ps_method ps_method_imd_local = {
    .id = "imd_local",
    .title = "Deprivation ranks within a city",
    .formula =
        "local_rank: place of the national rank among the city's LSOAs, equal ones share "
        "the lowest; local_decile = ceil(10 local_rank / local_n), local_percentile = "
        "ceil(100 local_rank / local_n). Never to be read beside national deciles as if "
        "they were the same.",
    .source =
        "McLennan et al. 2019, English Indices of Deprivation 2019: Research report",
    .evidence = "by hand; a city of all LSOAs has the national ranks: equal",
    .input = inputs,
    .n_input = PS_LENGTH(inputs),
    .param = params,
    .n_param = PS_LENGTH(params),
    .output = outputs,
    .n_output = PS_LENGTH(outputs),
    .run = run,
};

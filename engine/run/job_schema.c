/* The keys of a job as libcyaml takes them. job.schema.json says the same for editors,
 * and a test compares the two. Limits on list lengths keep the checks of a hostile job
 * cheap.
 */
#include "engine/run/job.h"

#define TEXT(key, type, member) \
    CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_DEFAULT, type, member, 1, CYAML_UNLIMITED)
#define OPTIONAL_TEXT(key, type, member) \
    CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_OPTIONAL, type, member, 1, CYAML_UNLIMITED)
#define OPTIONAL_INT(key, type, member) \
    CYAML_FIELD_INT(key, CYAML_FLAG_OPTIONAL, type, member)
#define OPTIONAL_WORD(key, type, member, words)                                      \
    CYAML_FIELD_ENUM_PTR(key, CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT, type, member, \
                         words, CYAML_ARRAY_LEN(words))
#define LIST(key, type, member, entry, least, most) \
    CYAML_FIELD_SEQUENCE(key, CYAML_FLAG_POINTER, type, member, entry, least, most)
#define OPTIONAL_LIST(key, type, member, entry, least, most)                          \
    CYAML_FIELD_SEQUENCE(key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, type, member, \
                         entry, least, most)

enum { MOST_INPUTS = 64, MOST_SERIES = 1000, MOST_TEXTS = 100000 };

static const cyaml_schema_value_t text_entry = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, CYAML_UNLIMITED)};
/* The text of a cell, which may be empty. */
static const cyaml_schema_value_t cell_entry = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 0, CYAML_UNLIMITED)};

static const cyaml_strval_t policies[] = {{"repair", PS_GEOMETRY_REPAIR},
                                          {"skip", PS_GEOMETRY_SKIP},
                                          {"stop", PS_GEOMETRY_STOP}};
static const cyaml_strval_t formats[] = {{"columns", PS_POINTS_COLUMNS},
                                         {"police.uk", PS_POINTS_POLICE_UK}};
static const cyaml_strval_t date_forms[] = {{"auto", PS_DATE_AUTO},
                                            {"iso", PS_DATE_ISO},
                                            {"dmy", PS_DATE_DMY},
                                            {"mdy", PS_DATE_MDY}};
static const cyaml_strval_t duplicates[] = {{"id", PS_DUPLICATES_ID},
                                            {"keep", PS_DUPLICATES_KEEP}};
static const cyaml_strval_t coverages[] = {{"seen", PS_COVERAGE_SEEN},
                                           {"all", PS_COVERAGE_ALL}};

static const cyaml_schema_field_t set_fields[] = {
    TEXT("code", ps_job_set, code), OPTIONAL_TEXT("name", ps_job_set, name),
    LIST("members", ps_job_set, members, &text_entry, 1, MOST_TEXTS), CYAML_FIELD_END};
static const cyaml_schema_value_t set_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, ps_job_set, set_fields)};

static const cyaml_schema_field_t membership_fields[] = {
    TEXT("file", ps_job_membership, file),
    OPTIONAL_TEXT("sheet", ps_job_membership, sheet),
    OPTIONAL_INT("header", ps_job_membership, header),
    TEXT("member", ps_job_membership, member),
    TEXT("code", ps_job_membership, code),
    OPTIONAL_TEXT("name", ps_job_membership, name),
    CYAML_FIELD_END};

static const cyaml_schema_field_t areas_fields[] = {
    TEXT("id", ps_job_areas, id),
    OPTIONAL_TEXT("title", ps_job_areas, title),
    OPTIONAL_TEXT("file", ps_job_areas, file),
    OPTIONAL_TEXT("layer", ps_job_areas, layer),
    OPTIONAL_TEXT("code", ps_job_areas, code),
    OPTIONAL_TEXT("name", ps_job_areas, name),
    OPTIONAL_TEXT("where", ps_job_areas, where),
    OPTIONAL_TEXT("crs", ps_job_areas, crs),
    OPTIONAL_TEXT("encoding", ps_job_areas, encoding),
    OPTIONAL_WORD("invalid", ps_job_areas, invalid, policies),
    OPTIONAL_TEXT("of", ps_job_areas, of),
    CYAML_FIELD_MAPPING_PTR("table", CYAML_FLAG_OPTIONAL, ps_job_areas, table,
                            membership_fields),
    OPTIONAL_LIST("sets", ps_job_areas, sets, &set_entry, 1, MOST_TEXTS),
    CYAML_FIELD_END};
static const cyaml_schema_value_t areas_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, ps_job_areas, areas_fields)};

static const cyaml_schema_field_t filter_fields[] = {
    TEXT("column", ps_job_filter, column),
    OPTIONAL_LIST("is", ps_job_filter, is, &cell_entry, 1, MOST_TEXTS),
    OPTIONAL_LIST("not", ps_job_filter, not, &cell_entry, 1, MOST_TEXTS),
    CYAML_FIELD_END};
static const cyaml_schema_value_t filter_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, ps_job_filter, filter_fields)};

static const cyaml_schema_field_t points_fields[] = {
    TEXT("id", ps_job_points, id),
    OPTIONAL_TEXT("title", ps_job_points, title),
    OPTIONAL_WORD("format", ps_job_points, format, formats),
    LIST("files", ps_job_points, files, &text_entry, 1, MOST_TEXTS),
    OPTIONAL_TEXT("layer", ps_job_points, layer),
    OPTIONAL_TEXT("x", ps_job_points, x),
    OPTIONAL_TEXT("y", ps_job_points, y),
    OPTIONAL_TEXT("crs", ps_job_points, crs),
    OPTIONAL_TEXT("date", ps_job_points, date),
    OPTIONAL_WORD("date_form", ps_job_points, date_form, date_forms),
    OPTIONAL_TEXT("category", ps_job_points, category),
    OPTIONAL_TEXT("key", ps_job_points, key),
    OPTIONAL_TEXT("reporter", ps_job_points, reporter),
    OPTIONAL_TEXT("area_code", ps_job_points, area_code),
    OPTIONAL_LIST("missing", ps_job_points, missing, &cell_entry, 0, MOST_SERIES),
    OPTIONAL_LIST("where", ps_job_points, where, &filter_entry, 1, MOST_INPUTS),
    OPTIONAL_WORD("duplicates", ps_job_points, duplicates, duplicates),
    OPTIONAL_WORD("covers", ps_job_points, covers, coverages),
    CYAML_FIELD_END};
static const cyaml_schema_value_t points_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, ps_job_points, points_fields)};

static const cyaml_schema_field_t value_fields[] = {
    TEXT("id", ps_job_value, id),
    OPTIONAL_TEXT("title", ps_job_value, title),
    TEXT("column", ps_job_value, column),
    OPTIONAL_TEXT("unit", ps_job_value, unit),
    OPTIONAL_TEXT("period", ps_job_value, period),
    CYAML_FIELD_END};
static const cyaml_schema_value_t value_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, ps_job_value, value_fields)};

static const cyaml_schema_field_t table_fields[] = {
    TEXT("id", ps_job_table, id),
    TEXT("file", ps_job_table, file),
    OPTIONAL_TEXT("sheet", ps_job_table, sheet),
    OPTIONAL_INT("header", ps_job_table, header),
    TEXT("areas", ps_job_table, areas),
    TEXT("code", ps_job_table, code),
    LIST("values", ps_job_table, values, &value_entry, 1, MOST_SERIES),
    CYAML_FIELD_END};
static const cyaml_schema_value_t table_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, ps_job_table, table_fields)};

static const cyaml_schema_field_t population_fields[] = {
    OPTIONAL_TEXT("title", ps_job_population, title),
    TEXT("file", ps_job_population, file),
    OPTIONAL_TEXT("sheet", ps_job_population, sheet),
    OPTIONAL_INT("header", ps_job_population, header),
    TEXT("areas", ps_job_population, areas),
    TEXT("code", ps_job_population, code),
    LIST("columns", ps_job_population, columns, &text_entry, 1, MOST_SERIES),
    OPTIONAL_INT("year", ps_job_population, year),
    CYAML_FIELD_END};

static const cyaml_schema_field_t series_fields[] = {
    TEXT("id", ps_job_series, id), OPTIONAL_TEXT("title", ps_job_series, title),
    OPTIONAL_TEXT("data", ps_job_series, data),
    OPTIONAL_LIST("categories", ps_job_series, categories, &cell_entry, 1, MOST_SERIES),
    CYAML_FIELD_END};
static const cyaml_schema_value_t series_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, ps_job_series, series_fields)};

static const cyaml_schema_field_t outputs_fields[] = {
    CYAML_FIELD_BOOL_PTR("counts", CYAML_FLAG_OPTIONAL, ps_job_outputs, counts),
    CYAML_FIELD_BOOL_PTR("indicators", CYAML_FLAG_OPTIONAL, ps_job_outputs, indicators),
    CYAML_FIELD_BOOL_PTR("geopackage", CYAML_FLAG_OPTIONAL, ps_job_outputs, geopackage),
    CYAML_FIELD_END};

static const cyaml_schema_field_t job_fields[] = {
    OPTIONAL_TEXT("title", ps_job, title),
    LIST("areas", ps_job, areas, &areas_entry, 1, MOST_INPUTS),
    OPTIONAL_LIST("points", ps_job, points, &points_entry, 1, MOST_INPUTS),
    OPTIONAL_LIST("tables", ps_job, tables, &table_entry, 1, MOST_INPUTS),
    CYAML_FIELD_MAPPING_PTR("population", CYAML_FLAG_OPTIONAL, ps_job, population,
                            population_fields),
    OPTIONAL_LIST("periods", ps_job, periods, &text_entry, 1, MOST_SERIES),
    OPTIONAL_LIST("series", ps_job, series, &series_entry, 1, MOST_SERIES),
    CYAML_FIELD_FLOAT_PTR("confidence", CYAML_FLAG_OPTIONAL, ps_job, confidence),
    CYAML_FIELD_FLOAT_PTR("multiplier", CYAML_FLAG_OPTIONAL, ps_job, multiplier),
    CYAML_FIELD_MAPPING_PTR("outputs", CYAML_FLAG_OPTIONAL, ps_job, outputs,
                            outputs_fields),
    CYAML_FIELD_END};

const cyaml_schema_value_t ps_job_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, ps_job, job_fields)};

/* The keys of a job as libcyaml takes them. job.schema.json says the same for editors,
 * and a test compares the two.
 */
#include "engine/run/job.h"
#include "engine/run/yaml_fields.h"

enum { MOST_INPUTS = 64, MOST_SERIES = 1000, MOST_TEXTS = 100000 };

static const cyaml_schema_value_t text_entry = {PS_TEXT_ENTRY(1)};
/* The text of a cell, which may be empty. */
static const cyaml_schema_value_t cell_entry = {PS_TEXT_ENTRY(0)};

static const cyaml_strval_t policies[] = {{"repair", PS_GEOMETRY_REPAIR},
                                          {"skip", PS_GEOMETRY_SKIP},
                                          {"stop", PS_GEOMETRY_STOP}};
static const cyaml_strval_t formats[] = {{"columns", PS_POINTS_COLUMNS},
                                         {"police.uk", PS_POINTS_POLICE_UK}};
static const cyaml_strval_t date_forms[] = {
    {"auto", PS_DATE_AUTO}, {"iso", PS_DATE_ISO},
    {"dmy", PS_DATE_DMY},   {"mdy", PS_DATE_MDY},
    {"year", PS_DATE_YEAR}, {"financial-year", PS_DATE_FINANCIAL_YEAR}};
enum { DAY_FORMS = 4 }; /* of these: records are of a day or a month */
static const cyaml_strval_t duplicates[] = {{"id", PS_DUPLICATES_ID},
                                            {"keep", PS_DUPLICATES_KEEP}};
static const cyaml_strval_t repeats[] = {{"stop", PS_REPEATS_STOP},
                                         {"add", PS_REPEATS_ADD}};
static const cyaml_strval_t coverages[] = {{"seen", PS_COVERAGE_SEEN},
                                           {"all", PS_COVERAGE_ALL}};
static const cyaml_strval_t classes[] = {{"public", PS_DISCLOSURE_PUBLIC},
                                         {"council", PS_DISCLOSURE_COUNCIL},
                                         {"partner", PS_DISCLOSURE_PARTNER},
                                         {"survey", PS_DISCLOSURE_SURVEY},
                                         {"sensitive", PS_DISCLOSURE_SENSITIVE}};

static const cyaml_schema_field_t filter_fields[] = {
    PS_TEXT("column", ps_job_filter, column),
    PS_OPTIONAL_LIST("is", ps_job_filter, is, &cell_entry, 1, MOST_TEXTS),
    PS_OPTIONAL_LIST("not", ps_job_filter, not, &cell_entry, 1, MOST_TEXTS),
    CYAML_FIELD_END};
static const cyaml_schema_value_t filter_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, ps_job_filter, filter_fields)};

static const cyaml_schema_field_t set_fields[] = {
    PS_TEXT("code", ps_job_set, code), PS_OPTIONAL_TEXT("name", ps_job_set, name),
    PS_LIST("members", ps_job_set, members, &text_entry, 1, MOST_TEXTS), CYAML_FIELD_END};
static const cyaml_schema_value_t set_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, ps_job_set, set_fields)};

static const cyaml_schema_field_t membership_fields[] = {
    PS_TEXT("file", ps_job_membership, file),
    PS_OPTIONAL_TEXT("sheet", ps_job_membership, sheet),
    PS_OPTIONAL_INT("header", ps_job_membership, header),
    PS_OPTIONAL_INT("header_rows", ps_job_membership, header_rows),
    PS_OPTIONAL_LIST("where", ps_job_membership, where, &filter_entry, 1, MOST_INPUTS),
    PS_TEXT("member", ps_job_membership, member),
    PS_TEXT("code", ps_job_membership, code),
    PS_OPTIONAL_TEXT("name", ps_job_membership, name),
    PS_OPTIONAL_TEXT("weight", ps_job_membership, weight),
    CYAML_FIELD_END};

static const cyaml_schema_field_t within_fields[] = {
    PS_TEXT("areas", ps_job_within, areas), PS_TEXT("code", ps_job_within, code),
    CYAML_FIELD_END};

static const cyaml_schema_field_t codes_fields[] = {
    PS_TEXT("file", ps_job_codes, file),
    PS_OPTIONAL_TEXT("sheet", ps_job_codes, sheet),
    PS_OPTIONAL_INT("header", ps_job_codes, header),
    PS_OPTIONAL_INT("header_rows", ps_job_codes, header_rows),
    PS_OPTIONAL_LIST("where", ps_job_codes, where, &filter_entry, 1, MOST_INPUTS),
    PS_TEXT("code", ps_job_codes, code),
    PS_OPTIONAL_TEXT("name", ps_job_codes, name),
    PS_OPTIONAL_MAPPING("in", ps_job_codes, in, within_fields),
    CYAML_FIELD_END};

static const cyaml_schema_field_t areas_fields[] = {
    PS_TEXT("id", ps_job_areas, id),
    PS_OPTIONAL_TEXT("title", ps_job_areas, title),
    PS_OPTIONAL_TEXT("file", ps_job_areas, file),
    PS_OPTIONAL_TEXT("layer", ps_job_areas, layer),
    PS_OPTIONAL_TEXT("code", ps_job_areas, code),
    PS_OPTIONAL_TEXT("name", ps_job_areas, name),
    PS_OPTIONAL_TEXT("where", ps_job_areas, where),
    PS_OPTIONAL_TEXT("crs", ps_job_areas, crs),
    PS_OPTIONAL_TEXT("encoding", ps_job_areas, encoding),
    PS_OPTIONAL_WORD("invalid", ps_job_areas, invalid, policies),
    PS_OPTIONAL_TEXT("of", ps_job_areas, of),
    CYAML_FIELD_MAPPING_PTR("table", CYAML_FLAG_OPTIONAL, ps_job_areas, table,
                            membership_fields),
    PS_OPTIONAL_LIST("sets", ps_job_areas, sets, &set_entry, 1, MOST_TEXTS),
    PS_OPTIONAL_MAPPING("codes", ps_job_areas, codes, codes_fields),
    CYAML_FIELD_END};
static const cyaml_schema_value_t areas_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, ps_job_areas, areas_fields)};

static const cyaml_schema_field_t lookup_fields[] = {
    PS_TEXT("file", ps_job_lookup, file),
    PS_OPTIONAL_TEXT("sheet", ps_job_lookup, sheet),
    PS_OPTIONAL_INT("header", ps_job_lookup, header),
    PS_TEXT("key", ps_job_lookup, key),
    PS_OPTIONAL_TEXT("by", ps_job_lookup, by),
    PS_LIST("columns", ps_job_lookup, columns, &text_entry, 1, MOST_SERIES),
    CYAML_FIELD_END};
static const cyaml_schema_value_t lookup_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, ps_job_lookup, lookup_fields)};

static const cyaml_schema_field_t points_fields[] = {
    PS_TEXT("id", ps_job_points, id),
    PS_OPTIONAL_TEXT("title", ps_job_points, title),
    PS_OPTIONAL_WORD("format", ps_job_points, format, formats),
    PS_LIST("files", ps_job_points, files, &text_entry, 1, MOST_TEXTS),
    PS_OPTIONAL_TEXT("sheet", ps_job_points, sheet),
    PS_OPTIONAL_INT("header", ps_job_points, header),
    PS_OPTIONAL_INT("header_rows", ps_job_points, header_rows),
    PS_OPTIONAL_LIST("with", ps_job_points, with, &lookup_entry, 1, MOST_INPUTS),
    PS_OPTIONAL_TEXT("layer", ps_job_points, layer),
    PS_OPTIONAL_TEXT("x", ps_job_points, x),
    PS_OPTIONAL_TEXT("y", ps_job_points, y),
    PS_OPTIONAL_TEXT("crs", ps_job_points, crs),
    PS_OPTIONAL_TEXT("areas", ps_job_points, areas),
    PS_OPTIONAL_TEXT("code", ps_job_points, code),
    PS_OPTIONAL_TEXT("area", ps_job_points, area),
    PS_OPTIONAL_TEXT("count", ps_job_points, count),
    PS_OPTIONAL_TEXT("date", ps_job_points, date),
    PS_OPTIONAL_WORD("date_form", ps_job_points, date_form, date_forms),
    PS_OPTIONAL_TEXT("category", ps_job_points, category),
    PS_OPTIONAL_TEXT("key", ps_job_points, key),
    PS_OPTIONAL_TEXT("reporter", ps_job_points, reporter),
    PS_OPTIONAL_TEXT("area_code", ps_job_points, area_code),
    PS_OPTIONAL_LIST("missing", ps_job_points, missing, &cell_entry, 0, MOST_SERIES),
    PS_OPTIONAL_LIST("where", ps_job_points, where, &filter_entry, 1, MOST_INPUTS),
    PS_OPTIONAL_WORD("duplicates", ps_job_points, duplicates, duplicates),
    PS_OPTIONAL_WORD("covers", ps_job_points, covers, coverages),
    PS_OPTIONAL_WORD("disclosure", ps_job_points, disclosure, classes),
    CYAML_FIELD_END};
static const cyaml_schema_value_t points_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, ps_job_points, points_fields)};

static const cyaml_schema_field_t value_fields[] = {
    PS_TEXT("id", ps_job_value, id),
    PS_OPTIONAL_TEXT("title", ps_job_value, title),
    PS_TEXT("column", ps_job_value, column),
    PS_OPTIONAL_TEXT("unit", ps_job_value, unit),
    PS_OPTIONAL_TEXT("period", ps_job_value, period),
    CYAML_FIELD_END};
static const cyaml_schema_value_t value_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, ps_job_value, value_fields)};

static const cyaml_schema_field_t table_fields[] = {
    PS_TEXT("id", ps_job_table, id),
    PS_TEXT("file", ps_job_table, file),
    PS_OPTIONAL_TEXT("sheet", ps_job_table, sheet),
    PS_OPTIONAL_INT("header", ps_job_table, header),
    PS_OPTIONAL_INT("header_rows", ps_job_table, header_rows),
    PS_OPTIONAL_LIST("where", ps_job_table, where, &filter_entry, 1, MOST_INPUTS),
    PS_TEXT("areas", ps_job_table, areas),
    PS_TEXT("code", ps_job_table, code),
    PS_OPTIONAL_TEXT("period", ps_job_table, period),
    PS_OPTIONAL_WORD("date_form", ps_job_table, date_form, date_forms),
    PS_OPTIONAL_WORD("repeats", ps_job_table, repeats, repeats),
    PS_LIST("values", ps_job_table, values, &value_entry, 1, MOST_SERIES),
    CYAML_FIELD_END};
static const cyaml_schema_value_t table_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, ps_job_table, table_fields)};

static const cyaml_schema_field_t records_fields[] = {
    PS_TEXT("id", ps_job_records, id),
    PS_OPTIONAL_TEXT("title", ps_job_records, title),
    PS_TEXT("file", ps_job_records, file),
    PS_OPTIONAL_TEXT("sheet", ps_job_records, sheet),
    PS_OPTIONAL_INT("header", ps_job_records, header),
    PS_OPTIONAL_LIST("with", ps_job_records, with, &lookup_entry, 1, MOST_INPUTS),
    PS_OPTIONAL_TEXT("areas", ps_job_records, areas),
    PS_OPTIONAL_TEXT("code", ps_job_records, code),
    PS_OPTIONAL_TEXT("area", ps_job_records, area),
    PS_OPTIONAL_TEXT("date", ps_job_records, date),
    CYAML_FIELD_ENUM_PTR("date_form", CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT,
                         ps_job_records, date_form, date_forms, DAY_FORMS),
    PS_OPTIONAL_TEXT("period", ps_job_records, period),
    PS_OPTIONAL_LIST("missing", ps_job_records, missing, &cell_entry, 1, MOST_SERIES),
    PS_OPTIONAL_TEXT("separator", ps_job_records, separator),
    PS_OPTIONAL_LIST("where", ps_job_records, where, &filter_entry, 1, MOST_INPUTS),
    PS_OPTIONAL_WORD("disclosure", ps_job_records, disclosure, classes),
    CYAML_FIELD_END};
static const cyaml_schema_value_t records_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, ps_job_records, records_fields)};

static const cyaml_schema_field_t population_fields[] = {
    PS_OPTIONAL_TEXT("id", ps_job_population, id),
    PS_OPTIONAL_TEXT("title", ps_job_population, title),
    PS_TEXT("file", ps_job_population, file),
    PS_OPTIONAL_TEXT("sheet", ps_job_population, sheet),
    PS_OPTIONAL_INT("header", ps_job_population, header),
    PS_OPTIONAL_INT("header_rows", ps_job_population, header_rows),
    PS_OPTIONAL_LIST("where", ps_job_population, where, &filter_entry, 1, MOST_INPUTS),
    PS_TEXT("areas", ps_job_population, areas),
    PS_TEXT("code", ps_job_population, code),
    PS_OPTIONAL_WORD("repeats", ps_job_population, repeats, repeats),
    PS_LIST("columns", ps_job_population, columns, &text_entry, 1, MOST_SERIES),
    PS_OPTIONAL_INT("year", ps_job_population, year),
    CYAML_FIELD_END};

static const cyaml_schema_value_t population_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, ps_job_population, population_fields)};

static const cyaml_schema_field_t series_fields[] = {
    PS_TEXT("id", ps_job_series, id), PS_OPTIONAL_TEXT("title", ps_job_series, title),
    PS_OPTIONAL_TEXT("data", ps_job_series, data),
    PS_OPTIONAL_LIST("categories", ps_job_series, categories, &cell_entry, 1,
                     MOST_SERIES),
    CYAML_FIELD_END};
static const cyaml_schema_value_t series_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, ps_job_series, series_fields)};

static const cyaml_schema_field_t meaning_fields[] = {
    PS_TEXT("id", ps_job_meaning, id),
    PS_LIST("of", ps_job_meaning, of, &cell_entry, 0, MOST_SERIES), CYAML_FIELD_END};
static const cyaml_schema_value_t meaning_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, ps_job_meaning, meaning_fields)};

static const cyaml_schema_field_t data_column_fields[] = {
    PS_TEXT("id", ps_job_data_column, id),
    PS_OPTIONAL_TEXT("column", ps_job_data_column, column),
    PS_OPTIONAL_LIST("values", ps_job_data_column, values, &meaning_entry, 1,
                     MOST_SERIES),
    CYAML_FIELD_END};
static const cyaml_schema_value_t data_column_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, ps_job_data_column, data_column_fields)};

static const cyaml_schema_field_t data_fields[] = {
    PS_TEXT("id", ps_job_data, id), PS_TEXT("input", ps_job_data, input),
    PS_OPTIONAL_LIST("columns", ps_job_data, columns, &data_column_entry, 1, MOST_INPUTS),
    CYAML_FIELD_END};
static const cyaml_schema_value_t data_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, ps_job_data, data_fields)};

static const cyaml_schema_field_t off_fields[] = {
    PS_TEXT("input", ps_job_unhidden, input), PS_TEXT("reason", ps_job_unhidden, reason),
    CYAML_FIELD_END};
static const cyaml_schema_value_t off_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, ps_job_unhidden, off_fields)};

static const cyaml_schema_field_t disclosure_fields[] = {
    PS_OPTIONAL_INT("threshold", ps_job_disclosure, threshold),
    PS_OPTIONAL_INT("sensitive_threshold", ps_job_disclosure, sensitive_threshold),
    PS_OPTIONAL_INT("sensitive_people", ps_job_disclosure, sensitive_people),
    PS_OPTIONAL_LIST("off", ps_job_disclosure, off, &off_entry, 1, MOST_INPUTS),
    CYAML_FIELD_END};

static const cyaml_schema_field_t outputs_fields[] = {
    CYAML_FIELD_BOOL_PTR("counts", CYAML_FLAG_OPTIONAL, ps_job_outputs, counts),
    CYAML_FIELD_BOOL_PTR("indicators", CYAML_FLAG_OPTIONAL, ps_job_outputs, indicators),
    CYAML_FIELD_BOOL_PTR("geopackage", CYAML_FLAG_OPTIONAL, ps_job_outputs, geopackage),
    CYAML_FIELD_BOOL_PTR("measures", CYAML_FLAG_OPTIONAL, ps_job_outputs, measures),
    CYAML_FIELD_BOOL_PTR("comparisons", CYAML_FLAG_OPTIONAL, ps_job_outputs, comparisons),
    CYAML_FIELD_END};

static const cyaml_schema_field_t job_fields[] = {
    PS_OPTIONAL_TEXT("title", ps_job, title),
    PS_LIST("areas", ps_job, areas, &areas_entry, 1, MOST_INPUTS),
    PS_OPTIONAL_LIST("points", ps_job, points, &points_entry, 1, MOST_INPUTS),
    PS_OPTIONAL_LIST("tables", ps_job, tables, &table_entry, 1, MOST_INPUTS),
    PS_OPTIONAL_LIST("records", ps_job, records, &records_entry, 1, MOST_INPUTS),
    CYAML_FIELD_MAPPING_PTR("population", CYAML_FLAG_OPTIONAL, ps_job, population,
                            population_fields),
    PS_OPTIONAL_LIST("populations", ps_job, populations, &population_entry, 1,
                     MOST_INPUTS),
    PS_OPTIONAL_LIST("periods", ps_job, periods, &text_entry, 1, MOST_SERIES),
    PS_OPTIONAL_LIST("series", ps_job, series, &series_entry, 1, MOST_SERIES),
    PS_OPTIONAL_TEXT("framework", ps_job, framework),
    PS_OPTIONAL_LIST("frameworks", ps_job, frameworks, &text_entry, 1, 20),
    PS_OPTIONAL_LIST("data", ps_job, data, &data_entry, 1, MOST_INPUTS),
    CYAML_FIELD_FLOAT_PTR("confidence", CYAML_FLAG_OPTIONAL, ps_job, confidence),
    CYAML_FIELD_FLOAT_PTR("multiplier", CYAML_FLAG_OPTIONAL, ps_job, multiplier),
    PS_OPTIONAL_MAPPING("disclosure", ps_job, disclosure, disclosure_fields),
    CYAML_FIELD_MAPPING_PTR("outputs", CYAML_FLAG_OPTIONAL, ps_job, outputs,
                            outputs_fields),
    CYAML_FIELD_END};

const cyaml_schema_value_t ps_job_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, ps_job, job_fields)};

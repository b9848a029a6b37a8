/* The keys of a framework as libcyaml takes them. framework.schema.json says the same for
 * editors, and a test compares the two.
 */
#include "engine/run/framework.h"
#include "engine/run/yaml_fields.h"
#include "indicators/trend.h"

enum {
    MOST_GEOGRAPHIES = 64,
    MOST_MEASURES = 1000,
    MOST_VALUES = 1000,
    MOST_TEXTS = 100
};

static const cyaml_schema_value_t text_entry = {PS_TEXT_ENTRY(1)};

static const cyaml_strval_t year_kinds[] = {{"financial", PS_YEAR_FINANCIAL},
                                            {"calendar", PS_YEAR_CALENDAR}};
static const cyaml_strval_t data_kinds[] = {
    {"incidents", PS_DATA_INCIDENTS},   {"population", PS_DATA_POPULATION},
    {"area-table", PS_DATA_AREA_TABLE}, {"survey", PS_DATA_SURVEY},
    {"register", PS_DATA_REGISTER},     {"scores", PS_DATA_SCORES},
    {"comparator", PS_DATA_COMPARATOR}};
static const cyaml_strval_t roles[] = {{"weight", PS_ROLE_WEIGHT},
                                       {"stratum", PS_ROLE_STRATUM},
                                       {"psu", PS_ROLE_PSU},
                                       {"fpc", PS_ROLE_FPC},
                                       {"person", PS_ROLE_PERSON},
                                       {"score", PS_ROLE_SCORE},
                                       {"scale-min", PS_ROLE_SCALE_MIN},
                                       {"scale-max", PS_ROLE_SCALE_MAX},
                                       {"theme", PS_ROLE_THEME},
                                       {"place", PS_ROLE_PLACE},
                                       {"round", PS_ROLE_ROUND},
                                       {"approach", PS_ROLE_APPROACH},
                                       {"organisation", PS_ROLE_ORGANISATION},
                                       {"directorate", PS_ROLE_DIRECTORATE},
                                       {"respondent", PS_ROLE_RESPONDENT},
                                       {"group-size", PS_ROLE_GROUP_SIZE},
                                       {"event", PS_ROLE_EVENT},
                                       {"amount", PS_ROLE_AMOUNT},
                                       {"measure", PS_ROLE_MEASURE},
                                       {"comparator", PS_ROLE_COMPARATOR},
                                       {"name", PS_ROLE_NAME},
                                       {"value", PS_ROLE_VALUE},
                                       {"lower", PS_ROLE_LOWER},
                                       {"upper", PS_ROLE_UPPER},
                                       {"numerator", PS_ROLE_NUMERATOR},
                                       {"denominator", PS_ROLE_DENOMINATOR}};
static const cyaml_strval_t target_kinds[] = {
    {"below-baseline", PS_TARGET_BELOW_BASELINE},
    {"above", PS_TARGET_ABOVE},
    {"trajectory", PS_TARGET_TRAJECTORY},
    {"reduce", PS_TARGET_REDUCE},
    {"increase", PS_TARGET_INCREASE},
    {"mirror", PS_TARGET_MIRROR}};
static const cyaml_strval_t row_kinds[] = {
    {"one", PS_ROWS_ONE},          {"areas", PS_ROWS_AREAS},
    {"periods", PS_ROWS_PERIODS},  {"months", PS_ROWS_MONTHS},
    {"values", PS_ROWS_VALUES},    {"records", PS_ROWS_RECORDS},
    {"measures", PS_ROWS_MEASURES}};
static const cyaml_strval_t table_keys[] = {{"area", PS_KEY_AREA},
                                            {"period", PS_KEY_PERIOD},
                                            {"month", PS_KEY_MONTH},
                                            {"value", PS_KEY_VALUE},
                                            {"neighbours", PS_KEY_NEIGHBOURS},
                                            {"x", PS_KEY_X},
                                            {"y", PS_KEY_Y},
                                            {"measure", PS_KEY_MEASURE},
                                            {"figure", PS_KEY_FIGURE},
                                            {"verdict", PS_KEY_VERDICT},
                                            {"polarity", PS_KEY_POLARITY},
                                            {"domain", PS_KEY_DOMAIN},
                                            {"weight", PS_KEY_WEIGHT},
                                            {"domain-weight", PS_KEY_DOMAIN_WEIGHT}};
static const cyaml_strval_t table_counts[] = {{"numerator", PS_COUNT_NUMERATOR},
                                              {"denominator", PS_COUNT_DENOMINATOR}};
static const cyaml_strval_t takes[] = {{"value", PS_TAKE_VALUE},
                                       {"lower", PS_TAKE_LOWER},
                                       {"upper", PS_TAKE_UPPER},
                                       {"numerator", PS_TAKE_NUMERATOR},
                                       {"denominator", PS_TAKE_DENOMINATOR},
                                       {"verdict", PS_TAKE_VERDICT}};
static const cyaml_strval_t onlys[] = {{"tailored", PS_ONLY_TAILORED}};
static const cyaml_strval_t polarities[] = {{"lower-better", PS_POLARITY_LOWER},
                                            {"none", PS_POLARITY_NONE},
                                            {"higher-better", PS_POLARITY_HIGHER}};
static const cyaml_strval_t disclosures[] = {{"public", PS_DISCLOSURE_PUBLIC},
                                             {"council", PS_DISCLOSURE_COUNCIL},
                                             {"partner", PS_DISCLOSURE_PARTNER},
                                             {"survey", PS_DISCLOSURE_SURVEY},
                                             {"sensitive", PS_DISCLOSURE_SENSITIVE}};

const char *ps_polarity_text(ps_polarity polarity) {
    return polarities[polarity + 1].str;
}

const char *ps_data_kind_text(ps_data_kind kind) {
    return data_kinds[kind].str;
}

bool ps_data_kind_is_records(ps_data_kind kind) {
    return kind >= PS_DATA_SURVEY;
}

const char *ps_column_role_text(ps_column_role role) {
    return roles[role].str;
}

const char *ps_disclosure_class_text(ps_disclosure_class disclosure) {
    return disclosures[disclosure].str;
}

static const cyaml_schema_field_t area_fields[] = {
    PS_TEXT("geography", ps_framework_area, geography),
    PS_TEXT("code", ps_framework_area, code),
    PS_OPTIONAL_TEXT("name", ps_framework_area, name), CYAML_FIELD_END};

static const cyaml_schema_field_t years_fields[] = {
    PS_OPTIONAL_WORD("kind", ps_framework_years, kind, year_kinds),
    PS_OPTIONAL_TEXT("first", ps_framework_years, first),
    PS_OPTIONAL_TEXT("last", ps_framework_years, last),
    PS_OPTIONAL_LIST("exceptional", ps_framework_years, exceptional, &text_entry, 1,
                     PS_INTERVENTIONS_MOST),
    CYAML_FIELD_END};

static const cyaml_schema_field_t geography_fields[] = {
    PS_TEXT("id", ps_framework_geography, id),
    PS_TEXT("title", ps_framework_geography, title), CYAML_FIELD_END};
static const cyaml_schema_value_t geography_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, ps_framework_geography, geography_fields)};

static const cyaml_schema_field_t column_fields[] = {
    PS_TEXT("id", ps_framework_column, id),
    PS_OPTIONAL_TEXT("title", ps_framework_column, title),
    PS_OPTIONAL_WORD("role", ps_framework_column, role, roles),
    CYAML_FIELD_BOOL("several", CYAML_FLAG_OPTIONAL, ps_framework_column, several),
    PS_OPTIONAL_NUMBER("least", ps_framework_column, least),
    PS_OPTIONAL_NUMBER("most", ps_framework_column, most),
    PS_OPTIONAL_LIST("values", ps_framework_column, values, &text_entry, 1, MOST_VALUES),
    CYAML_FIELD_END};
static const cyaml_schema_value_t column_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, ps_framework_column, column_fields)};

static const cyaml_schema_field_t data_fields[] = {
    PS_TEXT("id", ps_framework_data, id),
    PS_WORD("kind", ps_framework_data, kind, data_kinds),
    PS_TEXT("title", ps_framework_data, title),
    PS_OPTIONAL_TEXT("supplier", ps_framework_data, supplier),
    PS_OPTIONAL_LIST("columns", ps_framework_data, columns, &column_entry, 1, MOST_TEXTS),
    CYAML_FIELD_END};
static const cyaml_schema_value_t data_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, ps_framework_data, data_fields)};

static const cyaml_schema_field_t priority_fields[] = {
    PS_TEXT("id", ps_framework_priority, id),
    PS_TEXT("title", ps_framework_priority, title),
    PS_OPTIONAL_TEXT("label", ps_framework_priority, label), CYAML_FIELD_END};
static const cyaml_schema_value_t priority_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, ps_framework_priority, priority_fields)};

static const cyaml_schema_field_t filter_fields[] = {
    PS_TEXT("column", ps_framework_filter, column),
    PS_OPTIONAL_LIST("is", ps_framework_filter, is, &text_entry, 1, MOST_VALUES),
    PS_OPTIONAL_LIST("not", ps_framework_filter, not, &text_entry, 1, MOST_VALUES),
    CYAML_FIELD_END};
static const cyaml_schema_value_t filter_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, ps_framework_filter, filter_fields)};

static const cyaml_schema_field_t part_fields[] = {
    PS_TEXT("what", ps_framework_part, what), PS_TEXT("data", ps_framework_part, data),
    PS_OPTIONAL_LIST("where", ps_framework_part, where, &filter_entry, 1, MOST_TEXTS),
    PS_OPTIONAL_TEXT("by", ps_framework_part, by), CYAML_FIELD_END};

static const cyaml_schema_value_t number_entry = {
    CYAML_VALUE_FLOAT(CYAML_FLAG_DEFAULT, double)};
static const cyaml_schema_field_t cell_fields[] = {
    PS_TEXT("name", ps_framework_cell, name),
    PS_OPTIONAL_WORD("key", ps_framework_cell, key, table_keys),
    PS_OPTIONAL_TEXT("in", ps_framework_cell, in),
    PS_OPTIONAL_WORD("count", ps_framework_cell, count, table_counts),
    PS_OPTIONAL_TEXT("measure", ps_framework_cell, measure),
    PS_OPTIONAL_WORD("take", ps_framework_cell, take, takes),
    PS_OPTIONAL_TEXT("data", ps_framework_cell, data),
    PS_OPTIONAL_TEXT("column", ps_framework_cell, column),
    PS_OPTIONAL_TEXT("text", ps_framework_cell, text),
    PS_OPTIONAL_LIST("numbers", ps_framework_cell, numbers, &number_entry, 1, MOST_TEXTS),
    PS_OPTIONAL_TEXT("period", ps_framework_cell, period),
    PS_OPTIONAL_LIST("is", ps_framework_cell, is, &text_entry, 1, MOST_VALUES),
    PS_OPTIONAL_NUMBER("above", ps_framework_cell, above),
    PS_OPTIONAL_LIST("bands", ps_framework_cell, bands, &number_entry, 1, MOST_TEXTS),
    CYAML_FIELD_END};
static const cyaml_schema_value_t cell_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, ps_framework_cell, cell_fields)};

static const cyaml_schema_field_t setting_fields[] = {
    PS_TEXT("name", ps_framework_setting, name),
    PS_TEXT("value", ps_framework_setting, value), CYAML_FIELD_END};
static const cyaml_schema_value_t setting_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, ps_framework_setting, setting_fields)};

static const cyaml_schema_field_t indicator_fields[] = {
    PS_TEXT("measure", ps_framework_indicator, measure),
    PS_OPTIONAL_TEXT("domain", ps_framework_indicator, domain),
    PS_OPTIONAL_NUMBER("weight", ps_framework_indicator, weight),
    PS_OPTIONAL_NUMBER("domain_weight", ps_framework_indicator, domain_weight),
    CYAML_FIELD_END};
static const cyaml_schema_value_t indicator_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, ps_framework_indicator, indicator_fields)};

static const cyaml_schema_field_t table_fields[] = {
    PS_WORD("rows", ps_framework_table, rows, row_kinds),
    PS_OPTIONAL_TEXT("of", ps_framework_table, of),
    PS_OPTIONAL_SWITCH("whole", ps_framework_table, whole),
    PS_OPTIONAL_SWITCH("earlier", ps_framework_table, earlier),
    PS_OPTIONAL_LIST("periods", ps_framework_table, periods, &text_entry, 1, MOST_TEXTS),
    PS_LIST("columns", ps_framework_table, columns, &cell_entry, 1, MOST_TEXTS),
    PS_OPTIONAL_LIST("indicators", ps_framework_table, indicators, &indicator_entry, 1,
                     MOST_TEXTS),
    PS_OPTIONAL_LIST("parameters", ps_framework_table, parameters, &setting_entry, 1,
                     MOST_TEXTS),
    CYAML_FIELD_END};

static const cyaml_schema_field_t result_fields[] = {
    PS_TEXT("value", ps_framework_result, value),
    PS_OPTIONAL_TEXT("lower", ps_framework_result, lower),
    PS_OPTIONAL_TEXT("upper", ps_framework_result, upper),
    PS_OPTIONAL_TEXT("numerator", ps_framework_result, numerator),
    PS_OPTIONAL_TEXT("denominator", ps_framework_result, denominator),
    PS_OPTIONAL_TEXT("verdict", ps_framework_result, verdict),
    PS_OPTIONAL_TEXT("interval", ps_framework_result, interval),
    PS_OPTIONAL_TEXT("item", ps_framework_result, item),
    PS_OPTIONAL_TEXT("area", ps_framework_result, area),
    PS_OPTIONAL_LIST("where", ps_framework_result, where, &filter_entry, 1, MOST_TEXTS),
    PS_OPTIONAL_TEXT("latest", ps_framework_result, latest),
    CYAML_FIELD_END};

static const cyaml_schema_field_t reference_fields[] = {
    PS_OPTIONAL_NUMBER("value", ps_framework_reference, value),
    PS_OPTIONAL_TEXT("area", ps_framework_reference, area),
    PS_OPTIONAL_TEXT("period", ps_framework_reference, period),
    PS_TEXT("source", ps_framework_reference, source), CYAML_FIELD_END};

static const cyaml_schema_field_t baseline_fields[] = {
    PS_OPTIONAL_NUMBER("value", ps_framework_baseline, value),
    PS_OPTIONAL_TEXT("period", ps_framework_baseline, period),
    PS_OPTIONAL_TEXT("measure", ps_framework_baseline, measure),
    PS_OPTIONAL_TEXT("source", ps_framework_baseline, source), CYAML_FIELD_END};

static const cyaml_schema_field_t target_fields[] = {
    PS_WORD("kind", ps_framework_target, kind, target_kinds),
    PS_OPTIONAL_NUMBER("value", ps_framework_target, value),
    PS_OPTIONAL_NUMBER("step", ps_framework_target, step),
    PS_OPTIONAL_TEXT("source", ps_framework_target, source), CYAML_FIELD_END};

static const cyaml_schema_field_t measure_fields[] = {
    PS_TEXT("id", ps_framework_measure, id),
    PS_TEXT("priority", ps_framework_measure, priority),
    PS_TEXT("title", ps_framework_measure, title),
    PS_TEXT("why", ps_framework_measure, why),
    PS_OPTIONAL_TEXT("source", ps_framework_measure, source),
    PS_OPTIONAL_MAPPING("numerator", ps_framework_measure, numerator, part_fields),
    PS_OPTIONAL_MAPPING("denominator", ps_framework_measure, denominator, part_fields),
    PS_TEXT("unit", ps_framework_measure, unit),
    PS_OPTIONAL_NUMBER("multiplier", ps_framework_measure, multiplier),
    PS_OPTIONAL_TEXT("method", ps_framework_measure, method),
    PS_OPTIONAL_MAPPING("table", ps_framework_measure, table, table_fields),
    PS_OPTIONAL_TEXT("same_table_as", ps_framework_measure, same_table_as),
    PS_OPTIONAL_MAPPING("result", ps_framework_measure, result, result_fields),
    PS_OPTIONAL_MAPPING("reference", ps_framework_measure, reference, reference_fields),
    PS_WORD("polarity", ps_framework_measure, polarity, polarities),
    PS_OPTIONAL_LIST("periods", ps_framework_measure, periods, &text_entry, 1,
                     MOST_TEXTS),
    PS_OPTIONAL_MAPPING("baseline", ps_framework_measure, baseline, baseline_fields),
    PS_OPTIONAL_MAPPING("target", ps_framework_measure, target, target_fields),
    PS_LIST("geographies", ps_framework_measure, geographies, &text_entry, 1,
            MOST_GEOGRAPHIES),
    PS_OPTIONAL_INT("min_base", ps_framework_measure, min_base),
    PS_OPTIONAL_WORD("only", ps_framework_measure, only, onlys),
    PS_WORD("disclosure", ps_framework_measure, disclosure, disclosures),
    PS_OPTIONAL_LIST("caveats", ps_framework_measure, caveats, &text_entry, 1,
                     MOST_TEXTS),
    CYAML_FIELD_END};
static const cyaml_schema_value_t measure_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, ps_framework_measure, measure_fields)};

static const cyaml_schema_field_t change_fields[] = {
    PS_TEXT("measure", ps_framework_change, measure),
    PS_OPTIONAL_TEXT("title", ps_framework_change, title),
    PS_OPTIONAL_TEXT("why", ps_framework_change, why),
    PS_OPTIONAL_MAPPING("baseline", ps_framework_change, baseline, baseline_fields),
    PS_OPTIONAL_MAPPING("target", ps_framework_change, target, target_fields),
    CYAML_FIELD_INT_PTR("min_base", CYAML_FLAG_OPTIONAL, ps_framework_change, min_base),
    PS_OPTIONAL_LIST("caveats", ps_framework_change, caveats, &text_entry, 1, MOST_TEXTS),
    CYAML_FIELD_END};
static const cyaml_schema_value_t change_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, ps_framework_change, change_fields)};

static const cyaml_schema_field_t tailored_fields[] = {
    CYAML_FIELD_MAPPING_PTR("area", CYAML_FLAG_DEFAULT, ps_framework_tailored, area,
                            area_fields),
    PS_OPTIONAL_LIST("hide", ps_framework_tailored, hide, &text_entry, 1, MOST_MEASURES),
    PS_OPTIONAL_LIST("add", ps_framework_tailored, add, &text_entry, 1, MOST_MEASURES),
    PS_OPTIONAL_LIST("change", ps_framework_tailored, change, &change_entry, 1,
                     MOST_MEASURES),
    CYAML_FIELD_END};
static const cyaml_schema_value_t tailored_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, ps_framework_tailored, tailored_fields)};

static const cyaml_schema_field_t comparison_fields[] = {
    PS_TEXT("id", ps_framework_comparison, id),
    PS_TEXT("title", ps_framework_comparison, title),
    PS_LIST("here", ps_framework_comparison, here, &text_entry, 1, MOST_GEOGRAPHIES),
    PS_OPTIONAL_LIST("there", ps_framework_comparison, there, &text_entry, 1,
                     MOST_GEOGRAPHIES),
    PS_OPTIONAL_TEXT("published", ps_framework_comparison, published),
    PS_OPTIONAL_LIST("around", ps_framework_comparison, around, &text_entry, 1,
                     MOST_VALUES),
    PS_OPTIONAL_LIST("measures", ps_framework_comparison, measures, &text_entry, 1,
                     MOST_MEASURES),
    PS_OPTIONAL_TEXT("baseline", ps_framework_comparison, baseline),
    CYAML_FIELD_END};
static const cyaml_schema_value_t comparison_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, ps_framework_comparison, comparison_fields)};

static const cyaml_schema_field_t wording_fields[] = {
    PS_TEXT("status", ps_framework_wording, status),
    PS_TEXT("text", ps_framework_wording, text), CYAML_FIELD_END};
static const cyaml_schema_value_t wording_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, ps_framework_wording, wording_fields)};

static const cyaml_schema_field_t report_fields[] = {
    PS_OPTIONAL_TEXT("title", ps_framework_report, title),
    PS_OPTIONAL_TEXT("introduction", ps_framework_report, introduction),
    PS_OPTIONAL_LIST("order", ps_framework_report, order, &text_entry, 1, MOST_MEASURES),
    PS_OPTIONAL_LIST("wording", ps_framework_report, wording, &wording_entry, 1,
                     MOST_TEXTS),
    CYAML_FIELD_END};

static const cyaml_schema_field_t framework_fields[] = {
    PS_TEXT("id", ps_framework, id),
    PS_TEXT("title", ps_framework, title),
    PS_OPTIONAL_TEXT("edition", ps_framework, edition),
    PS_OPTIONAL_TEXT("source", ps_framework, source),
    PS_OPTIONAL_MAPPING("area", ps_framework, area, area_fields),
    PS_OPTIONAL_MAPPING("years", ps_framework, years, years_fields),
    PS_LIST("geographies", ps_framework, geographies, &geography_entry, 1,
            MOST_GEOGRAPHIES),
    PS_LIST("data", ps_framework, data, &data_entry, 1, MOST_TEXTS),
    PS_LIST("priorities", ps_framework, priorities, &priority_entry, 1, MOST_TEXTS),
    PS_LIST("measures", ps_framework, measures, &measure_entry, 1, MOST_MEASURES),
    PS_OPTIONAL_LIST("tailored", ps_framework, tailored, &tailored_entry, 1,
                     MOST_MEASURES),
    PS_OPTIONAL_LIST("comparisons", ps_framework, comparisons, &comparison_entry, 1,
                     MOST_TEXTS),
    PS_OPTIONAL_MAPPING("report", ps_framework, report, report_fields),
    CYAML_FIELD_END};

const cyaml_schema_value_t ps_framework_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, ps_framework, framework_fields)};

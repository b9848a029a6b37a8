/* Jobs: what the keys mean once resolved, what is told about the mistakes people make,
 * and that job.schema.json says the same as the schema that the program uses. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/mem.h"
#include "engine/run/binding.h"
#include "engine/run/comparison.h"
#include "engine/run/job.h"
#include "indicators/crime.h"
#include "tests/support/schema.h"
#include "tests/support/test.h"

static ps_status parse(const char *text, ps_job_file **out, ps_error *err) {
    return ps_job_parse("job.yaml", text, strlen(text), out, err);
}

static ps_job_file *good(const char *text) {
    ps_job_file *file;
    ps_error err = {.text = ""};
    if (parse(text, &file, &err) != PS_OK) fail_msg("%s", err.text);
    return file;
}

static const char small[] =
    "areas:\n"
    "  - {id: lsoa, file: lsoa.gpkg, code: LSOA11CD}\n"
    "points:\n"
    "  - {id: crime, format: police.uk, files: [crime]}\n";

static void defaults_are_filled_in(void **state) {
    (void)state;
    ps_job_file *file = good(small);
    const ps_job *job = file->job;
    assert_string_equal(file->folder, ".");
    assert_string_equal(ps_yaml_name(file->yaml), "job.yaml");
    assert_null(job->title);
    assert_true(*job->confidence == 0.95);
    assert_true(*job->multiplier == 1000);
    assert_true(*job->outputs->counts && *job->outputs->indicators &&
                *job->outputs->geopackage);
    assert_null(job->framework);
    assert_false(*job->outputs->measures);
    assert_int_equal(job->periods_count, 1);
    assert_string_equal(job->periods[0], "financial-years");
    const ps_job_areas *areas = &job->areas[0];
    assert_string_equal(areas->title, "lsoa");
    assert_int_equal(*areas->invalid, PS_GEOMETRY_REPAIR);
    const ps_job_points *points = &job->points[0];
    assert_int_equal(*points->format, PS_POINTS_POLICE_UK);
    assert_string_equal(points->title, "crime");
    assert_string_equal(points->x, "Longitude");
    assert_string_equal(points->y, "Latitude");
    assert_string_equal(points->crs, "EPSG:4326");
    assert_string_equal(points->date, "Month");
    assert_int_equal(*points->date_form, PS_DATE_AUTO);
    assert_string_equal(points->category, "Crime type");
    assert_string_equal(points->key, "Crime ID");
    assert_string_equal(points->reporter, "Reported by");
    assert_string_equal(points->area_code, "LSOA code");
    assert_int_equal(*points->duplicates, PS_DUPLICATES_ID);
    assert_int_equal(*points->covers, PS_COVERAGE_SEEN);
    const ps_crime_series *builtin;
    size_t n = ps_crime_series_list(&builtin), at = 0;
    for (size_t i = 0; i < n; i++) {
        if (!builtin[i].by_default) continue;
        assert_true(at < job->series_count);
        assert_string_equal(job->series[at].id, builtin[i].id);
        assert_string_equal(job->series[at].title, builtin[i].title);
        assert_string_equal(job->series[at].data, "crime");
        assert_int_equal(job->series[at].categories_count, 0);
        at++;
    }
    assert_int_equal(job->series_count, at);
    ps_job_free(file);
    ps_job_free(NULL);
}

static const char large[] =
    "title: Kirklees\n"
    "areas:\n"
    "  - id: lsoa\n"
    "    title: LSOA 2011\n"
    "    file: boundaries.zip\n"
    "    layer: lsoa\n"
    "    code: LSOA11CD\n"
    "    name: LSOA11NM\n"
    "    where: LAD17NM = 'Kirklees'\n"
    "    crs: EPSG:27700\n"
    "    encoding: UTF-8\n"
    "    invalid: stop\n"
    "  - id: ward\n"
    "    of: lsoa\n"
    "    table: {file: lookup.xlsx, sheet: '2', header: 3, member: LSOA, code: WD, name: "
    "WDNM}\n"
    "  - id: priority\n"
    "    of: lsoa\n"
    "    sets:\n"
    "      - {code: P1, name: First, members: [E01000001, E01000002]}\n"
    "      - {code: P2, members: [E01000002]}\n"
    "points:\n"
    "  - {id: crime, format: police.uk, files: [a.zip, b/*.csv], duplicates: keep, "
    "covers: all}\n"
    "  - id: casualties\n"
    "    title: Road casualties\n"
    "    files: [stats19.csv]\n"
    "    x: easting\n"
    "    y: northing\n"
    "    crs: EPSG:27700\n"
    "    date: date\n"
    "    date_form: dmy\n"
    "    category: severity\n"
    "    key: id\n"
    "    missing: [-1, '']\n"
    "    where:\n"
    "      - {column: severity, is: [1, 2]}\n"
    "      - {column: type, not: ['']}\n"
    "  - {id: trees, files: [trees.gpkg], layer: trees}\n"
    "  - {id: calls, files: [calls.csv], areas: ward, code: WD, count: n}\n"
    "  - {id: fires, files: [fires.csv], areas: ward, area: W1}\n"
    "  - id: hurt\n"
    "    files: [hurt.csv]\n"
    "    with:\n"
    "      - {file: c.xlsx, sheet: all, header: 2, key: nr, by: no, columns: [WD, day]}\n"
    "    areas: ward\n"
    "    code: WD\n"
    "    date: day\n"
    "tables:\n"
    "  - id: imd\n"
    "    file: File_7.csv\n"
    "    areas: lsoa\n"
    "    code: LSOA code (2011)\n"
    "    values:\n"
    "      - {id: imd-score, title: IMD score, column: Score, unit: score, period: "
    "2019}\n"
    "      - {id: imd-rank, column: Rank}\n"
    "records:\n"
    "  - {id: answers, file: a.csv}\n"
    "  - id: poll\n"
    "    title: The poll\n"
    "    file: poll.xlsx\n"
    "    sheet: '2'\n"
    "    header: 4\n"
    "    areas: ward\n"
    "    code: Ward\n"
    "    date: Day\n"
    "    date_form: dmy\n"
    "    missing: ['', -1]\n"
    "    separator: ' | '\n"
    "    where: [{column: wave, is: [2]}]\n"
    "  - {id: all-of-it, file: b.csv, areas: ward, area: E05, period: 2021}\n"
    "population:\n"
    "  title: mid-2019\n"
    "  file: pop.xlsx\n"
    "  sheet: Mid-2019 Persons\n"
    "  header: 5\n"
    "  areas: lsoa\n"
    "  code: LSOA Code\n"
    "  columns: [0..90+, All]\n"
    "  year: 2019\n"
    "periods: [2019, 2018/19, rolling-12]\n"
    "series:\n"
    "  - {id: burglary, data: crime}\n"
    "  - {id: theft, data: crime, categories: [Shoplifting, Bicycle theft, New type]}\n"
    "  - {id: ksi, title: Killed or seriously injured, data: casualties, categories: [1, "
    "2]}\n"
    "  - {id: trees, data: trees}\n"
    "framework: plans/own.yaml\n"
    "data:\n"
    "  - id: fires\n"
    "    input: casualties\n"
    "    columns:\n"
    "      - {id: severity, column: severity, values: [{id: serious, of: [1, 2]}, {id: "
    "none, of: []}]}\n"
    "  - {id: residents, input: population}\n"
    "confidence: 0.998\n"
    "multiplier: 100000\n"
    "outputs: {geopackage: false}\n";

/* The manifest holds the job with its defaults: a job again, which gives the same. */
static void written_again(void **state) {
    (void)state;
    static const char odd[] =
        "title: '~'\nareas: [{id: lsoa, file: a.gpkg, code: c}]\n"
        "points: [{id: f, files: ['null'], areas: lsoa, code: '# c', missing: ['', -1, "
        "'a: b'], where: [{column: '[', not: ['', ' x ']}]}]\n";
    static const char *const texts[] = {large, odd};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        ps_job_file *file = good(texts[i]);
        char *text, *again;
        ps_error err = {0};
        if (ps_yaml_text(file->yaml, &text, &err) != PS_OK) fail_msg("%s", err.text);
        ps_job_free(file);
        file = good(text);
        if (ps_yaml_text(file->yaml, &again, &err) != PS_OK) fail_msg("%s", err.text);
        assert_string_equal(again, text);
        const ps_job_points *points = &file->job->points[0];
        if (texts[i] == odd) {
            assert_string_equal(file->job->title, "~");
            assert_string_equal(points->files[0], "null");
            assert_string_equal(points->missing[0], "");
            assert_string_equal(points->missing[2], "a: b");
            assert_string_equal(points->where[0].not [1], " x ");
        }
        ps_free(text), ps_free(again);
        ps_job_free(file);
    }
}

static void every_key_arrives(void **state) {
    (void)state;
    ps_job_file *file = good(large);
    const ps_job *job = file->job;
    assert_string_equal(job->title, "Kirklees");
    const ps_job_areas *lsoa = &job->areas[0], *ward = &job->areas[1];
    assert_string_equal(lsoa->title, "LSOA 2011");
    assert_string_equal(lsoa->layer, "lsoa");
    assert_string_equal(lsoa->name, "LSOA11NM");
    assert_string_equal(lsoa->where, "LAD17NM = 'Kirklees'");
    assert_string_equal(lsoa->crs, "EPSG:27700");
    assert_string_equal(lsoa->encoding, "UTF-8");
    assert_int_equal(*lsoa->invalid, PS_GEOMETRY_STOP);
    assert_string_equal(ward->of, "lsoa");
    assert_string_equal(ward->table->sheet, "2");
    assert_true(ward->table->header == 3);
    assert_string_equal(ward->table->member, "LSOA");
    assert_string_equal(ward->table->name, "WDNM");
    assert_int_equal(job->areas[2].sets_count, 2);
    assert_string_equal(job->areas[2].sets[0].name, "First");
    assert_int_equal(job->areas[2].sets[0].members_count, 2);
    assert_null(job->areas[2].sets[1].name);

    const ps_job_points *crime = &job->points[0], *hurt = &job->points[1];
    assert_string_equal(crime->files[1], "b/*.csv");
    assert_int_equal(*crime->duplicates, PS_DUPLICATES_KEEP);
    assert_int_equal(*crime->covers, PS_COVERAGE_ALL);
    assert_int_equal(*hurt->format, PS_POINTS_COLUMNS);
    assert_int_equal(*hurt->date_form, PS_DATE_DMY);
    assert_int_equal(*hurt->duplicates, PS_DUPLICATES_ID);
    assert_int_equal(hurt->missing_count, 2);
    assert_string_equal(hurt->missing[0], "-1");
    assert_string_equal(hurt->missing[1], "");
    assert_int_equal(hurt->where_count, 2);
    assert_string_equal(hurt->where[0].is[1], "2");
    assert_int_equal(hurt->where[1].not_count, 1);
    assert_int_equal(*job->points[2].duplicates, PS_DUPLICATES_KEEP);
    assert_null(job->points[2].x);
    assert_string_equal(job->points[3].areas, "ward");
    assert_string_equal(job->points[3].code, "WD");
    assert_string_equal(job->points[3].count, "n");
    assert_string_equal(job->points[4].area, "W1");

    assert_true(job->tables[0].header == 1);
    assert_string_equal(job->tables[0].values[0].period, "2019");
    assert_string_equal(job->tables[0].values[1].title, "imd-rank");
    const ps_job_records *plain = &job->records[0], *poll = &job->records[1];
    assert_int_equal(job->records_count, 3);
    assert_string_equal(plain->title, "answers");
    assert_true(plain->header == 1);
    assert_null(plain->areas);
    assert_int_equal(plain->missing_count, 1);
    assert_string_equal(plain->missing[0], "");
    assert_string_equal(plain->separator, ";");
    assert_int_equal(*plain->date_form, PS_DATE_AUTO);
    assert_string_equal(poll->title, "The poll");
    assert_string_equal(poll->sheet, "2");
    assert_true(poll->header == 4);
    assert_string_equal(poll->code, "Ward");
    assert_string_equal(poll->date, "Day");
    assert_int_equal(*poll->date_form, PS_DATE_DMY);
    assert_int_equal(poll->missing_count, 2);
    assert_string_equal(poll->missing[1], "-1");
    assert_string_equal(poll->separator, " | ");
    assert_string_equal(poll->where[0].is[0], "2");
    assert_string_equal(job->records[2].area, "E05");
    assert_string_equal(job->records[2].period, "2021");
    assert_true(job->population->header == 5);
    assert_true(job->population->year == 2019);
    assert_string_equal(job->population->columns[0], "0..90+");
    assert_int_equal(job->periods_count, 3);
    assert_int_equal(job->series_count, 4);
    assert_string_equal(job->series[0].title, "Burglary");
    assert_string_equal(job->series[1].title, "theft");
    assert_int_equal(job->series[1].categories_count, 3);
    assert_string_equal(job->series[3].data, "trees");
    assert_string_equal(job->framework, "plans/own.yaml");
    assert_int_equal(job->data_count, 2);
    assert_string_equal(job->data[0].input, "casualties");
    assert_string_equal(job->data[0].columns[0].column, "severity");
    assert_string_equal(job->data[0].columns[0].values[0].of[1], "2");
    assert_int_equal(job->data[0].columns[0].values[1].of_count, 0);
    assert_int_equal(job->data[1].columns_count, 0);
    assert_true(*job->outputs->measures);
    assert_true(*job->confidence == 0.998);
    assert_true(*job->multiplier == 100000);
    assert_true(*job->outputs->counts);
    assert_false(*job->outputs->geopackage);
    ps_job_free(file);
}

static void series_of_points_without_a_preset(void **state) {
    (void)state;
    ps_job_file *file = good(
        "areas: [{id: a, file: a.gpkg, code: c}]\n"
        "points:\n"
        "  - {id: fires, title: Fires, files: [f.csv], x: x, y: y, crs: 'EPSG:27700'}\n"
        "  - {id: crime, format: police.uk, files: [crime]}\n");
    assert_int_equal(file->job->series_count, 16);
    assert_string_equal(file->job->series[0].id, "fires");
    assert_string_equal(file->job->series[0].title, "Fires");
    assert_string_equal(file->job->series[0].data, "fires");
    assert_string_equal(file->job->series[1].data, "crime");
    ps_job_free(file);
    file = good(
        "areas: [{id: a, file: a.gpkg, code: c}]\n"
        "tables: [{id: t, file: t.csv, areas: a, code: c,"
        " values: [{id: v, column: v}]}]\n");
    assert_int_equal(file->job->series_count, 0);
    ps_job_free(file);
}

static void paths_start_from_the_folder_of_the_job(void **state) {
    (void)state;
    static const char *const cases[][2] = {{"job.yaml", "."},
                                           {"/job.yaml", "/"},
                                           {"jobs/2022/job.yaml", "jobs/2022"},
                                           {"./job.yaml", "."}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ps_job_file *file;
        ps_error err;
        assert_int_equal(ps_job_parse(cases[i][0], small, sizeof small - 1, &file, &err),
                         PS_OK);
        assert_string_equal(file->folder, cases[i][1]);
        ps_job_free(file);
    }
    char *folder = test_folder_make();
    const char *path = test_file_write(folder, "job.yaml", large, sizeof large - 1);
    ps_job_file *file;
    ps_error err;
    assert_int_equal(ps_job_open(path, &file, &err), PS_OK);
    assert_string_equal(file->folder, folder);
    ps_job_free(file);
    path = test_path(folder, "no.yaml");
    assert_int_equal(ps_job_open(path, &file, &err), PS_INPUT);
    assert_null(file);
    test_folder_remove(folder);
}

/* A job of four lines, then the line under test. */
#define AREAS "areas: [{id: lsoa, file: a.gpkg, code: c}]\n"
#define CRIME "points: [{id: crime, format: police.uk, files: [c]}]\n"
#define FIRES "points: [{id: fires, files: [f.csv], x: x, y: y, crs: 'EPSG:27700'}]\n"
#define PLAN "framework: p\n"
#define TABLE(areas, more)                        \
    "tables: [{id: t, file: t.csv, areas: " areas \
    ", code: c, values: [{id: v, column: v}]" more "}]\n"

static const struct {
    const char *text, *told;
} mistakes[] = {
    /* The slips that people make most. */
    {AREAS "point:\n  - {id: crime, format: police.uk, files: [c]}\n",
     "job.yaml:2:1: unknown key 'point'; did you mean 'points'?"},
    {AREAS "points:\n  - {id: crime, format: police-uk, files: [c]}\n",
     "job.yaml:3:25: points[0].format: 'police-uk' is not one of columns, police.uk; did "
     "you mean 'police.uk'?"},
    {AREAS "points:\n  - {id: crime, format: police.uk, file: c.csv}\n",
     "job.yaml:3:36: points[0]: unknown key 'file'; did you mean 'files'?\n"
     "job.yaml:3:5: points[0]: the key 'files' is missing"},
    {AREAS "points:\n  - {id: crime, format: police.uk, files: c.csv}\n",
     "job.yaml:3:43: points[0].files: must be a list; write [c.csv]"},
    {AREAS CRIME "periods: [2021-22]\n",
     "job.yaml:3:11: periods[0]: 2021-22: there is no month 22; write the financial year "
     "as 2021/22"},
    {AREAS CRIME "periods: [2021/22, 2021/23]\n",
     "job.yaml:3:20: periods[1]: 2021/23: a financial year ends in the next year, as in "
     "2021/22"},
    {AREAS CRIME "series: [{id: burglery}]\n",
     "job.yaml:3:15: series[0].id: 'burglery' is not a built-in series; did you mean "
     "'burglary'?"},
    {AREAS CRIME TABLE("lsoas", ""),
     "job.yaml:3:38: tables[0].areas: no areas have the id 'lsoas'; did you mean "
     "'lsoa'?"},
    {AREAS CRIME "confidence: 95\n",
     "job.yaml:3:13: confidence: 95 is not from 0.9 to below 1, such as 0.95 or 0.998"},
    {AREAS "points: [{id: fires, files: [f.csv], x: x, y: y, crs: 27700}]\n",
     "job.yaml:2:55: points[0].crs: '27700' is not a CRS; did you mean 'EPSG:27700'?"},
    {AREAS "points: [{id: fires, files: [f.csv], x: x, y: y}]\n",
     "job.yaml:2:10: points[0]: the key 'crs' is missing: the coordinate system of x and "
     "y, such as EPSG:4326 or EPSG:27700"},
    {AREAS "points: [{id: fires, files: [f.csv]}]\n",
     "job.yaml:2:10: points[0]: the keys 'x', 'y' and 'crs' are missing, which delimited "
     "files such as 'f.csv' need"},
    {AREAS CRIME "outputs: {geopackage: no}\n",
     "job.yaml:3:23: outputs.geopackage: must be true or false, not 'no'"},

    /* Framework. */
    {AREAS CRIME "data: [{id: a, input: crime}]\n",
     "job.yaml:3:7: data: says what a framework's data are, but the key 'framework' is "
     "missing"},
    {AREAS CRIME "framework: p\ndata: [{id: a, input: crim}]\n",
     "job.yaml:4:23: data[0].input: no input has the id 'crim'; did you mean 'crime'?"},
    {AREAS CRIME "framework: p\ndata: [{id: a, input: population}]\n",
     "job.yaml:4:23: data[0].input: the job has no population"},
    {AREAS CRIME "framework: p\ndata: [{id: a, input: crime}, {id: a, input: crime}]\n",
     "job.yaml:4:36: data[1].id: the id 'a' is taken already"},
    {AREAS CRIME
     "framework: p\ndata: [{id: a, input: crime, columns: [{id: c, column: x, "
     "values: [{id: v, of: [1]}, {id: v, of: [2]}]}]}]\n",
     "job.yaml:4:91: data[0].columns[0].values[1].id: 'v' stands twice"},
    {AREAS CRIME "outputs: {measures: true}\n",
     "job.yaml:3:21: outputs.measures: there are measures only with the key 'framework'"},
    {AREAS CRIME "framework: p\noutputs: {counts: false, indicators: false, geopackage: "
                 "false, measures: false}\n",
     "job.yaml:4:10: outputs: nothing would be written"},

    /* Records. */
    {AREAS "records: [{id: r, file: r.csv}]\n",
     "job.yaml:2:10: records: are for the measures of a framework, but the key "
     "'framework' is missing"},
    {AREAS CRIME PLAN "records: [{id: crime, file: r.csv}]\n",
     "job.yaml:4:16: records[0].id: the id 'crime' is taken already"},
    {AREAS PLAN "records: [{id: r, file: r.csv, code: ward}]\n",
     "job.yaml:3:11: records[0]: the key 'areas' is missing: the id of the areas that "
     "'code' belongs to"},
    {AREAS PLAN "records: [{id: r, file: r.csv, areas: lsoa}]\n",
     "job.yaml:3:11: records[0]: 'areas' needs either 'code' (column of the area's code) "
     "or 'area' (the one that all rows are of)"},
    {AREAS PLAN "records: [{id: r, file: r.csv, areas: lsoa, code: c, area: A}]\n",
     "job.yaml:3:11: records[0]: 'areas' needs either 'code' (column of the area's code) "
     "or 'area' (the one that all rows are of), not both"},
    {AREAS PLAN "records: [{id: r, file: r.csv, areas: lsao, code: c}]\n",
     "job.yaml:3:39: records[0].areas: no areas have the id 'lsao'; did you mean "
     "'lsoa'?"},
    {AREAS PLAN "records: [{id: r, file: r.csv, date: d, period: 2021}]\n",
     "job.yaml:3:11: records[0]: either 'date' (a column) or 'period' (of all rows) says "
     "when, not both"},
    {AREAS PLAN "records: [{id: r, file: r.csv, date_form: dmy}]\n",
     "job.yaml:3:43: records[0].date_form: says how to read a date, but the key 'date' "
     "is missing"},
    {AREAS PLAN "records: [{id: r, file: r.csv, period: months}]\n",
     "job.yaml:3:40: records[0].period: 'months' is a series of periods; one is wanted, "
     "such as 2021/22 or 2021"},
    {AREAS PLAN "records: [{id: r, file: r.csv, sheet: '1'}]\n",
     "job.yaml:3:39: records[0].sheet: 'r.csv' is no workbook, so it has no sheets; "
     "leave the key out"},
    {AREAS PLAN "records: [{id: r, file: r.csv, where: [{column: a}]}]\n",
     "job.yaml:3:40: records[0].where[0]: a filter needs either 'is' or 'not'"},

    /* Areas. */
    {AREAS, "job.yaml:1:1: needs 'points' to count, 'tables' of values or 'records'"},
    {CRIME, "job.yaml:1:1: the key 'areas' is missing"},
    {"areas: [{id: LSOA, file: a, code: c}]\n" CRIME,
     "job.yaml:1:14: areas[0].id: 'LSOA' is not an id: small letters, digits and '-', "
     "beginning with a letter or digit, at most 64"},
    {"areas: [{id: -a, file: a, code: c}]\n" CRIME,
     "job.yaml:1:14: areas[0].id: '-a' is not an id: small letters, digits and '-', "
     "beginning with a letter or digit, at most 64"},
    {"areas: [{id: a, file: a, code: c}, {id: a, file: b, code: c}]\n" CRIME,
     "job.yaml:1:41: areas[1].id: the id 'a' is taken already"},
    {"areas: [{id: a}]\n" CRIME,
     "job.yaml:1:9: areas[0]: needs either 'file' (polygons), 'of' (built of other "
     "areas) or 'codes' (a list)"},
    {"areas: [{id: a, file: a, code: c, of: b}]\n" CRIME,
     "job.yaml:1:9: areas[0]: needs either 'file' (polygons), 'of' (built of other "
     "areas) or 'codes' (a list), only one of them"},
    {"areas: [{id: a, codes: {file: o.csv, code: c}, layer: l}]\n" FIRES,
     "job.yaml:1:55: areas[0].layer: describes a file, but these areas are a list of "
     "codes; leave the key out"},
    {"areas: [{id: a, codes: {file: o.csv, code: c}, sets: [{code: x, members: "
     "[y]}]}]\n" FIRES,
     "job.yaml:1:9: areas[0]: 'sets' goes with 'of', not with 'codes'"},
    {"areas: [{id: a, codes: {file: o.csv, code: c, header_rows: 10}}]\n" FIRES,
     "job.yaml:1:60: areas[0].codes.header_rows: a header has 1 to 9 rows, not 10"},
    {AREAS "points: [{id: f, files: [f.csv], areas: lsoa, code: c, sheet: 1}]\n",
     "job.yaml:2:63: points[0].sheet: 'f.csv' is no workbook, so it has no sheets; leave "
     "the key out"},
    {AREAS "points: [{id: f, files: [f.gpkg], layer: l, header: 2}]\n",
     "job.yaml:2:53: points[0].header: is for delimited files and workbooks, 'layer' for "
     "point layers; give one or the other"},
    {"areas: [{id: a, codes: {file: o.csv, code: c}}]\n" FIRES,
     "job.yaml:2:10: points[0]: has coordinates, but no areas of the job have polygons; "
     "say by 'areas' and 'code' what the rows are coded to"},
    {"areas: [{id: a, file: a}]\n" CRIME,
     "job.yaml:1:9: areas[0]: the key 'code' is missing: the field of the area's code"},
    {"areas: [{id: a, file: a, code: c, sets: [{code: x, members: [y]}]}]\n" CRIME,
     "job.yaml:1:9: areas[0]: 'sets' goes with 'of', not with 'file'"},
    {"areas: [{id: a, file: a, code: c, crs: OSGB}]\n" CRIME,
     "job.yaml:1:40: areas[0].crs: 'OSGB' is not a CRS such as EPSG:4326 (longitude, "
     "latitude) or EPSG:27700 (British National Grid)"},
    {"areas: [{id: a, file: a, code: c, crs: 'EPSG:bng'}]\n" CRIME,
     "job.yaml:1:40: areas[0].crs: 'EPSG:bng' is not a CRS such as EPSG:4326 "
     "(longitude, latitude) or EPSG:27700 (British National Grid)"},
    {"areas: [{id: ward, file: w, code: c}, {id: place, of: wards, sets: [{code: x, "
     "members: [y]}]}]\n" CRIME,
     "job.yaml:1:55: areas[1].of: no areas have the id 'wards'; did you mean 'ward'?"},
    {"areas: [{id: ward, file: w, code: c}, {id: place, of: lsoa, sets: [{code: x, "
     "members: [y]}]}]\n" CRIME,
     "job.yaml:1:55: areas[1].of: no areas have the id 'lsoa'; there is ward"},
    {"areas: [{id: a, of: b, sets: [{code: x, members: [y]}]}, {id: b, file: f, code: "
     "c}]\n" CRIME,
     "job.yaml:1:21: areas[0].of: 'b' must stand further up in areas than what is built "
     "of it"},
    {"areas: [{id: a, of: a, sets: [{code: x, members: [y]}]}]\n" CRIME,
     "job.yaml:1:21: areas[0].of: 'a' must stand further up in areas than what is built "
     "of it"},
    {"areas: [{id: b, file: f, code: c}, {id: a, of: b}]\n" CRIME,
     "job.yaml:1:36: areas[1]: areas built of others need either 'table' or 'sets'"},
    {"areas: [{id: b, file: f, code: c}, {id: a, of: b, code: c, sets: [{code: x, "
     "members: [y]}]}]\n" CRIME,
     "job.yaml:1:57: areas[1].code: describes a file, but these areas are built of "
     "others; leave the key out"},
    {"areas: [{id: b, file: f, code: c}, {id: a, of: b, sets: [{code: x, members: [y]}, "
     "{code: x, members: [z]}]}]\n" CRIME,
     "job.yaml:1:90: areas[1].sets[1].code: the code 'x' is taken already"},
    {"areas: [{id: b, file: f, code: c}, {id: a, of: b, sets: [{code: x, members: [y, z, "
     "y]}]}]\n" CRIME,
     "job.yaml:1:84: areas[1].sets[0].members[2]: 'y' stands twice in this set"},
    {"areas: [{id: b, file: f, code: c}, {id: a, of: b, table: {file: t.csv, sheet: s, "
     "member: m, code: c}}]\n" CRIME,
     "job.yaml:1:79: areas[1].table.sheet: 't.csv' is no workbook, so it has no sheets; "
     "leave the key out"},

    /* Points. */
    {AREAS "points: [{id: crime, format: police.uk, files: [c], x: lon}]\n",
     "job.yaml:2:56: points[0].x: format: police.uk sets this to 'Longitude'; leave the "
     "key out, or write format: columns and all columns"},
    {AREAS "points: [{id: crime, format: police.uk, files: [c], layer: l}]\n",
     "job.yaml:2:60: points[0].layer: police.uk files have no layers; leave the key out"},
    {AREAS "points: [{id: f, files: [f.csv], x: x, crs: 'EPSG:27700'}]\n",
     "job.yaml:2:10: points[0]: the key 'y' is missing; x and y go together"},
    {AREAS "points: [{id: f, files: [f], x: x, y: y, crs: 'EPSG:27700', layer: l}]\n",
     "job.yaml:2:10: points[0]: x and y are columns of delimited files, 'layer' is for "
     "point layers; give one or the other"},
    {AREAS "points: [{id: f, files: [f.gpkg], date_form: dmy}]\n",
     "job.yaml:2:46: points[0].date_form: says how to read a date, but the key 'date' is "
     "missing"},
    {AREAS "points: [{id: f, files: [f.gpkg], duplicates: id}]\n",
     "job.yaml:2:47: points[0].duplicates: duplicates are found by the incident's id, "
     "but the key 'key' is missing"},
    {AREAS "points: [{id: f, files: [f.gpkg], where: [{column: c}]}]\n",
     "job.yaml:2:43: points[0].where[0]: a filter needs either 'is' or 'not'"},
    {AREAS
     "points: [{id: f, files: [f.gpkg], where: [{column: c, is: [a], not: [b]}]}]\n",
     "job.yaml:2:43: points[0].where[0]: a filter needs either 'is' or 'not', not both"},
    {AREAS "points: [{id: f, files: [f.gpkg]}, {id: f, files: [g.gpkg]}]\n",
     "job.yaml:2:41: points[1].id: the id 'f' is taken already"},

    {AREAS "points: [{id: f, files: [f.csv], areas: lsoa, x: x}]\n",
     "job.yaml:2:50: points[0].x: is for rows with coordinates, but these are coded to "
     "'areas'; leave the key out"},
    {AREAS "points: [{id: f, files: [f.csv], areas: ward, code: c}]\n",
     "job.yaml:2:41: points[0].areas: no areas have the id 'ward'; there is lsoa"},
    {AREAS "points: [{id: f, files: [f.csv], areas: lsoa}]\n",
     "job.yaml:2:10: points[0]: rows coded to areas need either 'code' (a column) or "
     "'area' (one code for all rows)"},
    {AREAS "points: [{id: f, files: [f.csv], areas: lsoa, code: c, area: d}]\n",
     "job.yaml:2:10: points[0]: rows coded to areas need either 'code' (a column) or "
     "'area' (one code for all rows), not both"},
    {AREAS "points: [{id: f, files: [f.gpkg], area: d}]\n",
     "job.yaml:2:41: points[0].area: is a code of an area, but the key 'areas' is "
     "missing: the geography that it belongs to"},
    {AREAS "points: [{id: c, format: police.uk, files: [c], count: n}]\n",
     "job.yaml:2:56: points[0].count: format: police.uk has a row with coordinates for "
     "each incident; leave the key out, or write format: columns and all columns"},

#define WITH(more) \
    "points: [{id: f, files: [f.gpkg], with: [{file: c.csv, key: k, " more "}]}]\n"
    {AREAS WITH("columns: [d], sheet: s"),
     "job.yaml:2:85: points[0].with[0].sheet: 'c.csv' is no workbook, so it has no "
     "sheets; leave the key out"},
    {AREAS WITH("columns: [d], header: -1"),
     "job.yaml:2:86: points[0].with[0].header: -1 is not the number of a row; the first "
     "row is 1"},
    {AREAS WITH("columns: [d, e, d]"),
     "job.yaml:2:80: points[0].with[0].columns[2]: 'd' is looked up already"},
    {AREAS WITH("columns: [d, k]"),
     "job.yaml:2:61: points[0].with[0].key: 'k' is looked up itself; a look-up goes by a "
     "column of the input's own"},
    {AREAS WITH("columns: [d], by: d"),
     "job.yaml:2:82: points[0].with[0].by: 'd' is looked up itself; a look-up goes by a "
     "column of the input's own"},
    {AREAS WITH("by: d"),
     "job.yaml:2:42: points[0].with[0]: the key 'columns' is missing"},

    /* Tables and population. */
    {AREAS TABLE("lsoa", ", sheet: s"),
     "job.yaml:2:90: tables[0].sheet: 't.csv' is no workbook, so it has no sheets; leave "
     "the key out"},
    {AREAS TABLE("lsoa", ", header: -1"),
     "job.yaml:2:91: tables[0].header: -1 is not the number of a row; the first row is "
     "1"},
    {AREAS TABLE("lsoa", ", where: [{column: x}]"),
     "job.yaml:2:91: tables[0].where[0]: a filter needs either 'is' or 'not'"},
    {AREAS TABLE("lsoa", ", date_form: year"),
     "job.yaml:2:94: tables[0].date_form: says how to read a period, but the key "
     "'period' "
     "is missing"},
    {AREAS "tables: [{id: t, file: t.csv, areas: lsoa, code: c, period: y, values: [{id: "
           "v, column: v, period: 2019}]}]\n",
     "job.yaml:2:100: tables[0].values[0].period: the table has a column of periods, "
     "'y'; "
     "leave one of the two out"},
    {AREAS CRIME "population: {file: p.csv, areas: lsoa, code: c, columns: [a]}\n"
                 "populations: [{file: p.csv, areas: lsoa, code: c, columns: [a], year: "
                 "2020}]\n",
     "job.yaml:4:15: populations[0]: is the population 'population' as one before it; "
     "give each its 'year', or another 'id'"},
    {AREAS CRIME "populations: [{id: crime, file: p.csv, areas: lsoa, code: c, columns: "
                 "[a]}]\n",
     "job.yaml:3:20: populations[0].id: the id 'crime' is taken already"},
    {AREAS CRIME TABLE("lsoa", "") "series: [{id: v, categories: [x]}]\n",
     "job.yaml:4:15: series[0].id: the id 'v' is taken already"},
    {AREAS CRIME "population: {file: p.csv, areas: ward, code: c, columns: [all]}\n",
     "job.yaml:3:34: population.areas: no areas have the id 'ward'; there is lsoa"},
    {AREAS CRIME "population: {file: p.csv, areas: lsoa, code: c, columns: [0..]}\n",
     "job.yaml:3:59: population.columns[0]: '0..' lacks an end; a range of columns is "
     "written as in '0..90+'"},
    {AREAS CRIME
     "population: {file: p.csv, areas: lsoa, code: c, columns: [a], year: 19}\n",
     "job.yaml:3:69: population.year: 19 is not a year"},

    /* Series and the rest. */
    {AREAS CRIME "series: [{id: violent-and-weird}]\n",
     "job.yaml:3:15: series[0].id: 'violent-and-weird' is not a built-in series (such as "
     "burglary, recorded-crime); give 'categories' to make it one of your own"},
    {AREAS CRIME "series: [{id: x-rate, categories: [a]}, {id: x, categories: [b]}]\n",
     "job.yaml:3:46: series[1].id: the rate of this series is called 'x-rate', an id "
     "that "
     "is taken already"},
    {AREAS CRIME "tables: [{id: t, file: t.csv, areas: lsoa, code: c, values: [{id: "
                 "burglary-rate, column: v}]}]\n",
     "job.yaml:2:10: points[0]: the series of these points have ids that are taken "
     "already; list the series under the key 'series'"},
    {AREAS CRIME "series: [{id: drugs, categories: [Drugs]}]\n",
     "job.yaml:3:15: series[0].id: 'drugs' is a built-in series with categories of its "
     "own; choose another id or leave 'categories' out"},
    {AREAS CRIME "series: [{id: mine, categories: [Burglery]}]\n",
     "job.yaml:3:34: series[0].categories[0]: 'Burglery' is not a police.uk crime type; "
     "did you mean 'Burglary'?"},
    {AREAS FIRES "series: [{id: mine, categories: [Big]}]\n",
     "job.yaml:3:33: series[0].categories: the points 'fires' have no category column; "
     "name it by the key 'category' there"},
    {AREAS FIRES "series: [{id: mine, data: fire}]\n",
     "job.yaml:3:27: series[0].data: no points have the id 'fire'; did you mean "
     "'fires'?"},
    {AREAS TABLE("lsoa", "") "series: [{id: burglary}]\n",
     "job.yaml:3:10: series[0]: there are no points to count"},
    {AREAS "points: [{id: f, files: [f.gpkg]}, {id: g, files: [g.gpkg]}]\n"
           "series: [{id: s}]\n",
     "job.yaml:3:10: series[0]: the key 'data' is missing: which of the points to count"},
    {AREAS "points: [{id: a, format: police.uk, files: [a]}, {id: b, format: police.uk, "
           "files: [b]}]\n",
     "job.yaml:2:50: points[1]: the series of these points have ids that are taken "
     "already; list the series under the key 'series'"},
    {AREAS CRIME "periods: [2021, 2021]\n",
     "job.yaml:3:17: periods[1]: '2021' stands twice"},
    {AREAS CRIME "multiplier: 0\n",
     "job.yaml:3:13: multiplier: 0 is not above 0 and up to 1,000,000,000, such as "
     "1000"},
    {AREAS CRIME "outputs: {counts: false, indicators: false, geopackage: false}\n",
     "job.yaml:3:10: outputs: nothing would be written"},
};

static void mistakes_are_told(void **state) {
    (void)state;
    size_t wrong = 0;
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        ps_job_file *file;
        ps_error err = {.text = ""};
        ps_status status = parse(mistakes[i].text, &file, &err);
        ps_job_free(file);
        if (status == PS_CONFIG && strcmp(err.text, mistakes[i].told) == 0) continue;
        print_error("%sgives    %s\nexpected %s\n", mistakes[i].text,
                    status == PS_OK ? "no error" : err.text, mistakes[i].told);
        wrong++;
    }
    assert_int_equal(wrong, 0);
}

static ps_status open_large(void *context, ps_error *err) {
    ps_job_file *file;
    ps_status status = parse(context, &file, err);
    if (status != PS_OK) assert_null(file);
    ps_job_free(file);
    return status;
}

static void memory_may_run_out_anywhere(void **state) {
    (void)state;
    char text[sizeof large];
    memcpy(text, large, sizeof large);
    assert_true(test_each_allocation_fails(open_large, text) > 100);
    memcpy(text, small, sizeof small);
    assert_true(test_each_allocation_fails(open_large, text) > 50);
}

/* The example of the manual page is a right job. */
/* Without the data that they read, which tests/data has. */
static void shipped_ones_agree_with_their_plans(void **state) {
    (void)state;
    const char *const jobs[] = {"datasets/jobs/kirklees.yaml",
                                "datasets/jobs/leeds.yaml"};
    for (size_t i = 0; i < sizeof jobs / sizeof *jobs; i++) {
        ps_job_file *job = NULL;
        ps_bindings *plans = NULL;
        ps_error err = {.text = ""};
        ps_status status = ps_job_open(jobs[i], &job, &err);
        if (status == PS_OK) status = ps_bindings_open(job, &plans, &err);
        if (status != PS_OK) fail_msg("%s", err.text);
        ps_bindings_free(plans);
        ps_job_free(job);
    }
}

static void example_of_the_manual_is_taken(void **state) {
    (void)state;
    char *page = test_file_read("engine/cli/man/placestat-job.5.scd", NULL);
    assert_non_null(page);
    char *begin = strstr(page, "\n```\n");
    assert_non_null(begin);
    begin += strlen("\n```\n");
    char *end = strstr(begin, "\n```\n");
    assert_non_null(end);
    end[1] = '\0';
    ps_job_file *file = good(begin);
    assert_int_equal(file->job->areas_count, 4);
    ps_job_free(file);
    free(page);
}

static void in_manual(const char *words, const char *word) {
    char wanted[80];
    snprintf(wanted, sizeof wanted, "*%s*", word);
    if (word[0] != '\0' && strstr(words, wanted) == NULL)
        fail_msg("placestat-job(5) does not tell what '%s' means", word);
}

/* Every word that a status, verdict, strength or overlap may be has its meaning there. */
static void words_of_the_outputs_are_in_the_manual(void **state) {
    (void)state;
    char *page = test_file_read("engine/cli/man/placestat-job.5.scd", NULL);
    assert_non_null(page);
    const char *words = strstr(page, "# WORDS\n");
    assert_non_null(words);
    for (int s = PS_VALUE_OK; s <= PS_VALUE_DENOMINATOR_ZERO; s++)
        in_manual(words, ps_value_status_text((ps_value_status)s));
    for (const char *const *s = ps_framework_statuses(); *s != NULL; s++)
        in_manual(words, *s);
    for (int s = PS_STRENGTH_NONE; s <= PS_STRENGTH_WITHIN_NOISE; s++)
        in_manual(words, ps_strength_text((ps_strength)s));
    for (int v = PS_VERDICT_NONE; v <= PS_VERDICT_NO_CLEAR_CHANGE; v++)
        for (int polarity = -1; polarity <= 1; polarity++)
            in_manual(words, ps_gap_word((ps_verdict)v, polarity));
    for (int v = PS_GAP_NONE; v <= PS_GAP_NO_CLEAR_CHANGE; v++)
        in_manual(words, ps_gap_verdict_text((ps_gap_verdict)v));
    for (int o = PS_OVERLAP_UNKNOWN; o <= PS_OVERLAP_PARTLY; o++)
        in_manual(words, ps_overlap_kind_text((ps_overlap_kind)o));
    static const char *const others[] = {
        "no-data",      "no-areas", "better",
        "worse",        "higher",   "lower",
        "rose",         "fell",     "no-clear-difference",
        "neither-alone"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        in_manual(words, others[i]);
    assert_non_null(strstr(words, "masked month"));
    free(page);
}

static void schema_for_editors_is_the_same(void **state) {
    (void)state;
    test_schema_is_the_same("engine/run/job.schema.json", &ps_job_schema);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_filled_in),
        cmocka_unit_test(every_key_arrives),
        cmocka_unit_test(written_again),
        cmocka_unit_test(series_of_points_without_a_preset),
        cmocka_unit_test(paths_start_from_the_folder_of_the_job),
        cmocka_unit_test(mistakes_are_told),
        cmocka_unit_test(memory_may_run_out_anywhere),
        cmocka_unit_test(shipped_ones_agree_with_their_plans),
        cmocka_unit_test(example_of_the_manual_is_taken),
        cmocka_unit_test(words_of_the_outputs_are_in_the_manual),
        cmocka_unit_test(schema_for_editors_is_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

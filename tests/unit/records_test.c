/* Records: what becomes of every row, where and when it is, and what its cells are. */
#include "engine/run/records.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/test.h"

#define SQUARE(code, x, x1)                                                        \
    "{\"type\":\"Feature\",\"properties\":{\"code\":\"" code                       \
    "\"},\"geometry\":{\"type\":\"Polygon\",\"coordinates\":[[[" x ",400000],[" x1 \
    ",400000],[" x1 ",401000],[" x ",401000],[" x ",400000]]]}}"
#define LAYER(features)                                                          \
    "{\"type\":\"FeatureCollection\",\"crs\":{\"type\":\"name\",\"properties\":" \
    "{\"name\":\"urn:ogc:def:crs:EPSG::27700\"}},\"features\":[" features "]}"

static const char wards[] = LAYER(SQUARE("A", "400000", "401000") "," SQUARE(
    "B", "401000", "402000") "," SQUARE("C", "402000", "403000"));
static const char halves[] =
    LAYER(SQUARE("W", "400000", "402000") "," SQUARE("E", "402000", "403000"));
static const char whole[] = LAYER(SQUARE("D", "400000", "403000"));
static const char cells[] =
    LAYER(SQUARE("1", "400000", "400500") "," SQUARE("2", "400500", "401000") "," SQUARE(
        "3", "401000", "402000") "," SQUARE("4", "402000", "403000"));

static const char plan[] =
    "id: plan\n"
    "title: Plan\n"
    "geographies: [{id: ward, title: W}]\n"
    "data:\n"
    "  - id: poll\n"
    "    kind: survey\n"
    "    title: P\n"
    "    columns:\n"
    "      - {id: weight, role: weight}\n"
    "      - {id: unit, role: psu}\n"
    "      - {id: size, role: fpc}\n"
    "      - {id: mark, role: score, least: -1, most: 2000}\n"
    "      - {id: worry, several: true, values: [litter, speed]}\n"
    "  - {id: calls, kind: incidents, title: C}\n"
    "priorities: [{id: all, title: All}]\n"
    "measures: [{id: m, priority: all, title: T, why: W, numerator: {what: N, data: "
    "poll}, unit: u, method: svy_mean, polarity: none, geographies: [ward], disclosure: "
    "survey}]\n";

#define AREAS                                                                  \
    "areas:\n"                                                                 \
    "  - {id: ward, file: wards.json, code: code}\n"                           \
    "  - {id: half, file: halves.json, code: code}\n"                          \
    "  - {id: whole, file: whole.json, code: code}\n"                          \
    "  - {id: cell, file: cells.json, code: code}\n"                           \
    "  - {id: pair, of: ward, sets: [{code: AB, members: [A, B]}, {code: BC, " \
    "members: [C, B]}]}\n"                                                     \
    "framework: plan.yaml\n"

#define POLL_COLUMNS                                                                \
    "data: [{id: poll, input: poll, columns: [{id: weight, column: w}, {id: unit, " \
    "column: street}, {id: mark, column: mark}, {id: worry, column: worry}]}]\n"

static const char job_text[] = AREAS
    "records:\n"
    "  - {id: poll, file: poll.csv, areas: ward, code: ward, date: day,\n"
    "     missing: ['', -1], where: [{column: wave, is: [2]}]}\n" POLL_COLUMNS;

static const char poll[] =
    "wave,ward,day,w,street,mark,worry\n"
    "2,A,2021-05-03,1.5,s1,4,litter\n"      /* row 1 */
    "2,B,2021-06-30,0,s1,-1,speed;litter\n" /* a weight of 0, no mark */
    "1,A,nonsense,text,,x,\n"               /* filtered: no further looked at */
    "2,C,2021-07-01,two,s2,3,litter\n"      /* text in weight */
    "2,C,2021-07-01,,s2,3,litter\n"         /* no weight */
    "2,C,2021-07-01,-2,s2,3,litter\n"       /* below 0 */
    "2,C,2021-07-01,1,,3,litter\n"          /* no unit */
    "2,C,yesterday,1,s2,3,litter\n"         /* no date */
    "2,C,,1,s2,3,litter\n"                  /* neither */
    "2,C,2021-07-01,1,s2,good,litter\n"     /* no number */
    "2,,2021-08-01,1,s2,5,speed\n"          /* unlocated */
    "2,Z,2021-09-01,1,s3,\"1,234\",\n"      /* outside; no worry */
    "2, C ,2022-01-31,2.5,s3,2,speed\n"     /* row 13 */
    "2,C,2021-08-02,1,s2,2001,litter\n";    /* off the scale */

typedef struct fixture {
    char *folder;
    ps_job_file *job;
    ps_bindings *binding;
    ps_geographies *all;
    ps_records *records;
} fixture;

static void write_file(const char *folder, const char *name, const char *text) {
    test_file_write(folder, name, text, strlen(text));
}

static char *make_folder(const char *job, const char *rows) {
    char *folder = test_folder_make();
    write_file(folder, "wards.json", wards);
    write_file(folder, "halves.json", halves);
    write_file(folder, "whole.json", whole);
    write_file(folder, "cells.json", cells);
    write_file(folder, "plan.yaml", plan);
    write_file(folder, "job.yaml", job);
    write_file(folder, "poll.csv", rows);
    return folder;
}

static ps_status open_all(fixture *f, ps_error *err) {
    PS_TRY(ps_job_open(test_path(f->folder, "job.yaml"), &f->job, err));
    PS_TRY(ps_bindings_open(f->job, &f->binding, err));
    PS_TRY(ps_geographies_open(f->job, NULL, &f->all, err));
    return ps_records_open(f->binding, f->all, NULL, &f->records, err);
}

static void close_all(fixture *f) {
    ps_records_free(f->records);
    ps_geographies_free(f->all);
    ps_bindings_free(f->binding);
    ps_job_free(f->job);
    if (f->folder != NULL) test_folder_remove(f->folder);
    *f = (fixture){0};
}

static fixture good(const char *job, const char *rows) {
    fixture f = {.folder = make_folder(job, rows)};
    ps_error err = {.text = ""};
    if (open_all(&f, &err) != PS_OK) fail_msg("%s", err.text);
    return f;
}

static void every_row_has_one_fate(void **state) {
    (void)state;
    fixture f = good(job_text, poll);
    const ps_record_set *s = ps_records_find(f.records, "poll");
    assert_null(ps_records_find(f.records, "none"));
    const ps_record_rows *r = &s->rows;
    assert_int_equal(r->read, 14);
    assert_int_equal(r->kept, 3);
    assert_int_equal(r->filtered, 1);
    assert_int_equal(r->invalid, 8);
    assert_int_equal(r->outside, 1);
    assert_int_equal(r->unlocated, 1);
    assert_int_equal(s->n, 5);
    assert_int_equal(r->by_cause[PS_RECORD_BAD_WEIGHT], 3);
    assert_int_equal(r->by_cause[PS_RECORD_NO_UNIT], 1);
    assert_int_equal(r->by_cause[PS_RECORD_BAD_DATE], 2);
    assert_int_equal(r->by_cause[PS_RECORD_BAD_NUMBER], 1);
    assert_int_equal(r->by_cause[PS_RECORD_OFF_SCALE], 1);
    assert_int_equal(r->examples, 3);
    assert_string_equal(r->example[0].row.text, "4, line 5");
    assert_string_equal(r->example[0].column, "w");
    assert_string_equal(r->example[0].seen, "two");
    assert_string_equal(r->outside_example, "Z");
    assert_int_equal(s->row[0], 1);
    assert_int_equal(s->row[4], 13);
    ps_error err;
    assert_int_equal(ps_records_strict(f.records, &err), PS_GATE);
    assert_string_equal(
        err.text,
        "poll.csv: 8 invalid rows (row 4, line 5, column 'w': no weight of 0 or "
        "more: \"two\"); mend the file or run without --strict");
    close_all(&f);
}

/* A delimiter in a text without quotes moves all cells behind it, so no cell of the row
 * is looked at, not even by a filter. */
static void a_row_with_too_many_fields_is_invalid(void **state) {
    (void)state;
    fixture f = good(job_text,
                     "wave,ward,day,w,street,mark,worry\n"
                     "2,A,2021-05-03,1,s1,4,litter\n"
                     "1,Mill Lane, A,2021-05-03,1,s1,4,litter\n"
                     "2,A,2021-05-04,1,s1,4,litter,,\n"
                     "2,A,2021-05-04,1,s1,4,litter;speed,noise\n");
    const ps_record_rows *r = &ps_records_find(f.records, "poll")->rows;
    assert_int_equal(r->read, 4);
    assert_int_equal(r->kept, 2);
    assert_int_equal(r->filtered, 0);
    assert_int_equal(r->invalid, 2);
    assert_int_equal(r->by_cause[PS_RECORD_LONG], 2);
    ps_error err;
    assert_int_equal(ps_records_strict(f.records, &err), PS_GATE);
    assert_string_equal(err.text,
                        "poll.csv: 2 invalid rows (row 2, line 3: more fields than the "
                        "header); mend the file or run without --strict");
    close_all(&f);
}

static void cells_are_texts_and_numbers(void **state) {
    (void)state;
    fixture f = good(job_text, poll);
    const ps_record_set *s = &f.records->set[0];
    const ps_record_column *w = ps_records_column(s, "w"),
                           *mark = ps_records_column(s, "mark"),
                           *worry = ps_records_column(s, "worry"),
                           *street = ps_records_column(s, "street");
    assert_null(ps_records_column(s, "day"));
    assert_true(w->number[0] == 1.5 && w->number[1] == 0 && w->number[4] == 2.5);
    assert_true(mark->number[0] == 4 && isnan(mark->number[1]));
    assert_true(mark->number[3] == 1234);
    assert_int_equal(mark->text[1], PS_NONE);
    assert_null(worry->number);
    assert_null(street->number);
    assert_true(ps_str_is(ps_keys_text(worry->texts, worry->text[1]), "speed;litter"));
    assert_int_equal(worry->text[3], PS_NONE);
    assert_int_equal(street->text[0], street->text[1]);
    assert_int_not_equal(street->text[1], street->text[2]);
    close_all(&f);
}

static void records_have_their_months(void **state) {
    (void)state;
    fixture f = good(job_text, poll);
    const ps_record_set *s = &f.records->set[0];
    assert_true(s->days);
    assert_int_equal(s->begin, 2021 * 12 + 4);
    assert_int_equal(s->end, 2022 * 12);
    assert_int_equal(s->first[1], 2021 * 12 + 5);
    assert_int_equal(s->last[1], 2021 * 12 + 5);
    assert_int_equal(s->day[1].day, 30);
    close_all(&f);

    static const struct {
        const char *text;
        int first, last;
        bool day;
    } dates[] = {
        {"2021", 2021 * 12, 2021 * 12 + 11, false},
        {"2021/22", 2021 * 12 + 3, 2022 * 12 + 2, false},
        {"12m@2022-09", 2021 * 12 + 9, 2022 * 12 + 8, false},
        {"2021-07..2022-06", 2021 * 12 + 6, 2022 * 12 + 5, false},
        {"2021-05", 2021 * 12 + 4, 2021 * 12 + 4, false},
        {"May 2021", 2021 * 12 + 4, 2021 * 12 + 4, false},
        {"3-May-21", 2021 * 12 + 4, 2021 * 12 + 4, true},
        {"2021-05-03 10:30", 2021 * 12 + 4, 2021 * 12 + 4, true},
    };
    for (size_t i = 0; i < sizeof dates / sizeof *dates; i++) {
        char rows[256];
        snprintf(rows, sizeof rows, "wave,ward,day,w,street,mark,worry\n2,A,%s,1,s,1,\n",
                 dates[i].text);
        f = good(job_text, rows);
        s = &f.records->set[0];
        assert_int_equal(s->n, 1);
        assert_int_equal(s->first[0], dates[i].first);
        assert_int_equal(s->last[0], dates[i].last);
        assert_int_equal(s->days, dates[i].day);
        close_all(&f);
    }
    static const char *const bad[] = {"1821", "2021/23",  "1821-05-03",      "3/5/2021",
                                      "21",   "12m@2022", "2022-06..2021-07"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char rows[256];
        snprintf(rows, sizeof rows, "wave,ward,day,w,street,mark,worry\n2,A,%s,1,s,1,\n",
                 bad[i]);
        f = good(job_text, rows);
        assert_int_equal(f.records->set[0].rows.by_cause[PS_RECORD_BAD_DATE], 1);
        close_all(&f);
    }
}

/* What is looked up is a column like any other: coded by, dated by, filtered by, bound.
 */
static void columns_are_looked_up(void **state) {
    (void)state;
    static const char rows[] =
        "visit,w,street,mark\n"
        "v1,1,s1,4\n"
        "v2,1,s1,5\n"
        ",1,s1,5\n"      /* row 3: nothing to look up */
        "v9,1,s1,5\n"    /* not there */
        "v3,1,s1,5\n"    /* there twice, and differs */
        "v4,1,s1,5\n"    /* filtered */
        " v2 ,1,s1,6\n"; /* row 7 */
    static const char visits[] =
        "place,id,day,worry,kind\n"
        "A,v1,2021-05-03,litter,x\nB,v2,2021-06-30,speed,x\n"
        "A,v3,2021-05-03,,x\nB,v3,2021-05-03,,x\n"
        "A,v4,2021-05-03,,y\nB,v2,2021-06-30,speed,x\n";
    fixture f = {
        .folder = make_folder(
            AREAS "records:\n"
                  "  - {id: poll, file: poll.csv, areas: ward, code: place, date: day,\n"
                  "     with: [{file: visits.csv, key: id, by: visit, columns: [place, "
                  "day, worry, kind]}],\n"
                  "     where: [{column: kind, is: [x]}]}\n" POLL_COLUMNS,
            rows)};
    write_file(f.folder, "visits.csv", visits);
    ps_error err = {.text = ""};
    if (open_all(&f, &err) != PS_OK) fail_msg("%s", err.text);
    const ps_record_set *s = ps_records_find(f.records, "poll");
    const ps_record_rows *r = &s->rows;
    assert_int_equal(r->read, 7);
    assert_int_equal(r->kept, 3);
    assert_int_equal(r->filtered, 1);
    assert_int_equal(r->invalid, 3);
    assert_int_equal(r->by_cause[PS_RECORD_NO_KEY], 1);
    assert_int_equal(r->by_cause[PS_RECORD_UNKNOWN_KEY], 1);
    assert_int_equal(r->by_cause[PS_RECORD_AMBIGUOUS_KEY], 1);
    assert_string_equal(r->example[1].row.text, "4, line 5");
    assert_string_equal(r->example[1].column, "visit");
    assert_string_equal(r->example[1].seen, "v9");
    assert_int_equal(s->row[2], 7);
    assert_int_equal(s->first[1], 2021 * 12 + 5);
    const ps_record_column *worry = ps_records_column(s, "worry");
    assert_true(ps_str_is(ps_keys_text(worry->texts, worry->text[2]), "speed"));
    assert_true(ps_records_column(s, "mark")->number[2] == 6);
    assert_int_equal(s->areas[0].offset[1], 1); /* of ward A */
    assert_int_equal(s->areas[0].offset[2], 3);
    assert_int_equal(s->looked_up[0].ambiguous, 1);
    assert_int_equal(s->looked_up[0].repeated, 1);
    close_all(&f);
}

static void lies_in(const fixture *f, const char *geography, const char *how,
                    const char *code, const char *records) {
    const ps_record_set *s = &f->records->set[0];
    size_t g = 0;
    while (strcmp(f->all->geography[g].spec->id, geography) != 0) g++;
    const ps_record_areas *areas = &s->areas[g];
    assert_non_null(areas->how);
    assert_string_equal(areas->how, how);
    const int32_t a = ps_keys_find(f->all->geography[g].areas->by_code, ps_str_of(code));
    char seen[64] = "";
    for (size_t k = areas->offset[a]; k < areas->offset[a + 1]; k++)
        snprintf(seen + strlen(seen), sizeof seen - strlen(seen), "%d ",
                 areas->record[k]);
    assert_string_equal(seen, records);
}

static void records_reach_every_geography_that_is_no_finer(void **state) {
    (void)state;
    fixture f = good(job_text, poll);
    lies_in(&f, "ward", "code", "A", "0 ");
    lies_in(&f, "ward", "code", "B", "1 ");
    lies_in(&f, "ward", "code", "C", "4 ");
    lies_in(&f, "half", "best fit by interior point", "W", "0 1 ");
    lies_in(&f, "half", "best fit by interior point", "E", "4 ");
    lies_in(&f, "whole", "best fit by interior point", "D", "0 1 4 ");
    lies_in(&f, "pair", "members", "AB", "0 1 ");
    lies_in(&f, "pair", "members", "BC", "1 4 ");
    assert_true(ps_records_know(&f.records->set[0], 0, 2));
    /* Ward A holds two cells, so what is theirs cannot be told; the others are one. */
    lies_in(&f, "cell", "best fit by interior point", "3", "1 ");
    assert_false(ps_records_know(&f.records->set[0], 3, 0));
    assert_false(ps_records_know(&f.records->set[0], 3, 1));
    assert_true(ps_records_know(&f.records->set[0], 3, 2));
    close_all(&f);

    f = good(AREAS
             "records: [{id: poll, file: poll.csv, period: 2021, where: [{column: day, "
             "is: [2021-05-03, 2021-06-30]}]}]\n" POLL_COLUMNS,
             poll);
    lies_in(&f, "whole", "whole", "D", "0 1 ");
    assert_null(f.records->set[0].areas[0].how);
    assert_false(ps_records_know(&f.records->set[0], 0, 0));
    assert_true(ps_records_know(&f.records->set[0], 2, 0));
    assert_int_equal(f.records->set[0].rows.kept, 2);
    assert_int_equal(f.records->set[0].first[1], 2021 * 12);
    assert_int_equal(f.records->set[0].last[1], 2021 * 12 + 11);
    assert_false(f.records->set[0].days);
    close_all(&f);

    f = good(
        AREAS
        "records: [{id: poll, file: poll.csv, areas: ward, area: B, where: [{column: "
        "day, is: [2021-05-03, 2021-06-30]}]}]\n" POLL_COLUMNS,
        poll);
    lies_in(&f, "ward", "code", "A", "");
    lies_in(&f, "ward", "code", "B", "0 1 ");
    lies_in(&f, "whole", "best fit by interior point", "D", "0 1 ");
    assert_int_equal(f.records->set[0].begin, 0);
    assert_int_equal(f.records->set[0].end, 0);
    close_all(&f);
}

/* A file of nothing but its header is no mistake; an empty one is. */
static void there_may_be_no_rows(void **state) {
    (void)state;
    fixture f = good(job_text, "wave,ward,day,w,street,mark,worry\n");
    const ps_record_set *s = &f.records->set[0];
    assert_int_equal(s->rows.read, 0);
    assert_int_equal(s->n, 0);
    assert_true(s->begin > s->end);
    lies_in(&f, "ward", "code", "A", "");
    lies_in(&f, "pair", "members", "BC", "");
    ps_error err;
    assert_int_equal(ps_records_strict(f.records, &err), PS_OK);
    close_all(&f);
    f.folder = make_folder(job_text, "");
    assert_int_not_equal(open_all(&f, &err), PS_OK);
    assert_string_equal(err.text + strlen(f.folder) + 1,
                        "job.yaml:9:5: records[0]: poll.csv is empty; a table begins "
                        "with a row of column names");
    assert_null(f.records);
    close_all(&f);
}

static const struct {
    const char *job, *rows, *told;
} mistakes[] = {
    {AREAS "records: [{id: poll, file: poll.csv, areas: ward, code: wards}]\n",
     "ward\nA\n",
     "job.yaml:8:11: records[0]: poll.csv has no column 'wards'; the nearest is "
     "'ward'"},
    {AREAS "records: [{id: poll, file: poll.csv, areas: ward, code: ward}]\n",
     "ward\nX\nY\n",
     "job.yaml:8:57: records[0].code: none of the 2 codes in column 'ward' (first: X) is "
     "an area of ward; another vintage of codes, or another column?"},
    {AREAS "records: [{id: poll, file: poll.csv, areas: ward, area: X}]\n", "ward\nA\n",
     "job.yaml:8:57: records[0].area: 'X' is no area of ward"},
    {AREAS "records: [{id: poll, file: poll.csv}]\ndata: [{id: calls, input: poll}]\n",
     "ward\nA\n",
     "job.yaml:9:27: data[0].input: 'calls' is of the kind incidents: name points of the "
     "job"},
};

static void mistakes_are_told(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        fixture f = {.folder = make_folder(mistakes[i].job, mistakes[i].rows)};
        ps_error err = {.text = ""};
        assert_int_not_equal(open_all(&f, &err), PS_OK);
        const size_t skip = strlen(f.folder) + 1;
        assert_true(strlen(err.text) > skip);
        assert_string_equal(err.text + skip, mistakes[i].told);
        assert_null(f.records);
        close_all(&f);
    }
}

typedef struct inputs {
    const ps_bindings *binding;
    const ps_geographies *all;
} inputs;

static ps_status read_only(void *context, ps_error *err) {
    const inputs *in = context;
    ps_records *records;
    ps_status status = ps_records_open(in->binding, in->all, NULL, &records, err);
    if (status != PS_OK) assert_null(records);
    ps_records_free(records);
    return status;
}

static void memory_may_run_out_anywhere(void **state) {
    (void)state;
    fixture f = good(job_text, poll);
    inputs in = {f.binding, f.all};
    assert_true(test_each_allocation_fails(read_only, &in) > 30);
    close_all(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_has_one_fate),
        cmocka_unit_test(a_row_with_too_many_fields_is_invalid),
        cmocka_unit_test(cells_are_texts_and_numbers),
        cmocka_unit_test(columns_are_looked_up),
        cmocka_unit_test(records_have_their_months),
        cmocka_unit_test(records_reach_every_geography_that_is_no_finer),
        cmocka_unit_test(there_may_be_no_rows),
        cmocka_unit_test(mistakes_are_told),
        cmocka_unit_test(memory_may_run_out_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

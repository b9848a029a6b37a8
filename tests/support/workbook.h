/* XLSX workbooks as Excel writes them, from the XML of their rows. */
#ifndef PS_TESTS_SUPPORT_WORKBOOK_H
#define PS_TESTS_SUPPORT_WORKBOOK_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>

#include "tests/support/test.h"

/* Cells of a row: <row r="3">TEST_TEXT("A3", "x")</row>. Style 1 is a date, 2 a date with
 * a time. */
#define TEST_TEXT(at, value) \
    "<c r=\"" at "\" t=\"inlineStr\"><is><t>" value "</t></is></c>"
#define TEST_NUMBER(at, value) "<c r=\"" at "\"><v>" value "</v></c>"
#define TEST_DATE(at, style, value) "<c r=\"" at "\" s=\"" style "\"><v>" value "</v></c>"

#define TEST_OOXML "http://schemas.openxmlformats.org/"
#define TEST_XML "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"

/* Texts one after the other, as a member of the archive. */
static inline void test_workbook_part(zip_t *zip, const char *name,
                                      const char *const *texts, size_t n) {
    size_t bytes = 0, used = 0;
    for (size_t i = 0; i < n; i++) bytes += strlen(texts[i]);
    char *whole = malloc(bytes + 1); /* freed by the archive */
    assert_non_null(whole);
    for (size_t i = 0; i < n; i++) {
        const size_t m = strlen(texts[i]);
        memcpy(whole + used, texts[i], m);
        used += m;
    }
    zip_source_t *source = zip_source_buffer(zip, whole, bytes, 1);
    assert_non_null(source);
    assert_true(zip_file_add(zip, name, source, 0) >= 0);
}

/* A workbook of up to nine sheets; rows[i] is the XML of all rows of sheets[i]. */
static inline void test_workbook(const char *path, const char *const *sheets,
                                 const char *const *rows, size_t n) {
    static const char types[] = TEST_XML
        "<Types xmlns=\"" TEST_OOXML
        "package/2006/content-types\"><Default Extension=\"rels\" "
        "ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>"
        "<Default Extension=\"xml\" ContentType=\"application/xml\"/>"
        "<Override PartName=\"/xl/workbook.xml\" ContentType=\"application/"
        "vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml\"/>"
        "<Override PartName=\"/xl/worksheets/sheet1.xml\" ContentType=\"application/"
        "vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml\"/></Types>";
    static const char roots[] =
        TEST_XML "<Relationships xmlns=\"" TEST_OOXML
                 "package/2006/relationships\">"
                 "<Relationship Id=\"rId1\" Type=\"" TEST_OOXML
                 "officeDocument/2006/relationships/officeDocument\" "
                 "Target=\"xl/workbook.xml\"/></Relationships>";
    static const char styles[] =
        TEST_XML "<styleSheet xmlns=\"" TEST_OOXML
                 "spreadsheetml/2006/main\">"
                 "<cellXfs count=\"3\"><xf numFmtId=\"0\"/><xf numFmtId=\"14\"/>"
                 "<xf numFmtId=\"22\"/></cellXfs></styleSheet>";
    const char *book[12] = {TEST_XML "<workbook xmlns=\"" TEST_OOXML
                                     "spreadsheetml/2006/main\" xmlns:r=\"" TEST_OOXML
                                     "officeDocument/2006/relationships\"><sheets>"};
    const char *links[12] = {
        TEST_XML "<Relationships xmlns=\"" TEST_OOXML
                 "package/2006/relationships\">"
                 "<Relationship Id=\"rId99\" Type=\"" TEST_OOXML
                 "officeDocument/2006/relationships/styles\" Target=\"styles.xml\"/>"};
    char entry[9][256], link[9][256];
    assert_in_range(n, 1, 9);
    remove(path);
    zip_t *zip = zip_open(path, ZIP_CREATE, NULL);
    assert_non_null(zip);
    test_workbook_part(zip, "[Content_Types].xml", (const char *[]){types}, 1);
    test_workbook_part(zip, "_rels/.rels", (const char *[]){roots}, 1);
    test_workbook_part(zip, "xl/styles.xml", (const char *[]){styles}, 1);
    for (size_t i = 0; i < n; i++) {
        char name[64];
        snprintf(entry[i], sizeof entry[i],
                 "<sheet name=\"%s\" sheetId=\"%zu\" r:id=\"rId%zu\"/>", sheets[i], i + 1,
                 i + 1);
        snprintf(link[i], sizeof link[i],
                 "<Relationship Id=\"rId%zu\" Type=\"" TEST_OOXML
                 "officeDocument/2006/relationships/worksheet\" "
                 "Target=\"worksheets/sheet%zu.xml\"/>",
                 i + 1, i + 1);
        book[i + 1] = entry[i];
        links[i + 1] = link[i];
        snprintf(name, sizeof name, "xl/worksheets/sheet%zu.xml", i + 1);
        test_workbook_part(zip, name,
                           (const char *[]){TEST_XML "<worksheet xmlns=\"" TEST_OOXML
                                                     "spreadsheetml/2006/main\">"
                                                     "<sheetData>",
                                            rows[i], "</sheetData></worksheet>"},
                           3);
    }
    book[n + 1] = "</sheets></workbook>";
    links[n + 1] = "</Relationships>";
    test_workbook_part(zip, "xl/workbook.xml", book, n + 2);
    test_workbook_part(zip, "xl/_rels/workbook.xml.rels", links, n + 2);
    assert_int_equal(zip_close(zip), 0);
}

#endif

/* What a schema cannot say: which keys go together, what ids and references mean, which
 * words are well formed. Everything is checked before anything is filled in, so that a
 * message always speaks of what stands in the file.
 */
#include <math.h>
#include <string.h>

#include "engine/core/csv.h"
#include "engine/run/job.h"
#include "engine/run/yaml_check.h"
#include "indicators/crime.h"
#include "indicators/period.h"

/* Outputs call the rate of a series "<id>-rate". */
static ps_status add_rate_id(ps_keys *ids, const char *id, bool *added, ps_error *err) {
    char text[80];
    int32_t at;
    snprintf(text, sizeof text, "%.64s-rate", id);
    return ps_keys_add(ids, ps_str_of(text), &at, added, err);
}

static bool ends_in(const char *text, const char *end) {
    size_t n = strlen(text), m = strlen(end);
    return n >= m && strcasecmp(text + n - m, end) == 0;
}

static bool is_delimited(const char *file) {
    static const char *const ends[] = {".csv", ".csv.gz", ".txt", ".txt.gz",
                                       ".tsv", ".tsv.gz", NULL};
    for (size_t i = 0; ends[i] != NULL; i++)
        if (ends_in(file, ends[i])) return true;
    return false;
}

static ps_status check_filters(const ps_yaml *yaml, const char *at,
                               const ps_job_filter *where, unsigned n, ps_error *err) {
    char path[PS_YAML_PATH];
    for (unsigned w = 0; w < n; w++) {
        const ps_job_filter *filter = &where[w];
        if ((filter->is != NULL) != (filter->not != NULL)) continue;
        PS_YAML_AT(path, "%.64s.where[%u]", at, w);
        return PS_YAML_WRONG(yaml, err, path, "a filter needs either 'is' or 'not'%s",
                             filter->is != NULL ? ", not both" : "");
    }
    return PS_OK;
}

/* A table, as far as all kinds of them have the same keys. */
typedef struct sheet {
    const char *file, *sheet;
    int64_t header, header_rows;
    const ps_job_filter *where;
    unsigned where_count;
} sheet;

#define SHEET_OF(x)                                                             \
    (&(sheet){(x)->file, (x)->sheet, (x)->header, (x)->header_rows, (x)->where, \
              (x)->where_count})

/* The file, sheet, rows of the column names and filters of a table, at path `at`. */
static ps_status check_sheet(const ps_yaml *yaml, const char *at, const sheet *s,
                             ps_error *err) {
    char path[PS_YAML_PATH];
    const char *file = s->file;
    if (s->sheet != NULL && is_delimited(file)) {
        PS_YAML_AT(path, "%s.sheet", at);
        return PS_YAML_WRONG(
            yaml, err, path,
            "'%.60s' is no workbook, so it has no sheets; leave the key out", file);
    }
    if (s->header < 0 || s->header > 1000000) {
        PS_YAML_AT(path, "%s.header", at);
        return PS_YAML_WRONG(yaml, err, path,
                             "%lld is not the number of a row; the first row is 1",
                             (long long)s->header);
    }
    if (s->header_rows < 0 || s->header_rows > PS_HEADER_ROWS) {
        PS_YAML_AT(path, "%s.header_rows", at);
        return PS_YAML_WRONG(yaml, err, path, "a header has 1 to %d rows, not %lld",
                             PS_HEADER_ROWS, (long long)s->header_rows);
    }
    return check_filters(yaml, at, s->where, s->where_count, err);
}

/* A CRS as far as it can be told without asking PROJ. */
static ps_status check_crs(const ps_yaml *yaml, const char *path, const char *crs,
                           ps_error *err) {
    if (crs == NULL || strchr(crs, '[') != NULL || crs[0] == '+' ||
        strcmp(crs, "CRS84") == 0)
        return PS_OK;
    const char *colon = strchr(crs, ':');
    if (colon != NULL && colon > crs && colon[1] != '\0') {
        bool is_epsg = colon - crs == 4 && strncasecmp(crs, "EPSG", 4) == 0;
        if (!is_epsg || colon[1 + strspn(colon + 1, "0123456789")] == '\0') return PS_OK;
    }
    if (crs[strspn(crs, "0123456789")] == '\0')
        return PS_YAML_WRONG(yaml, err, path,
                             "'%.20s' is not a CRS; did you mean 'EPSG:%.20s'?", crs,
                             crs);
    return PS_YAML_WRONG(
        yaml, err, path,
        "'%.40s' is not a CRS such as EPSG:4326 (longitude, latitude) or "
        "EPSG:27700 (British National Grid)",
        crs);
}

/* ---- Areas ---- */

static ps_status find_areas(const ps_yaml *yaml, const ps_job *job, unsigned before,
                            const char *path, const char *id, ps_error *err) {
    const char *candidates[64];
    size_t n = 0;
    for (unsigned i = 0; i < before && n < 64; i++) {
        if (strcmp(job->areas[i].id, id) == 0) return PS_OK;
        candidates[n++] = job->areas[i].id;
    }
    for (unsigned i = before; i < job->areas_count; i++)
        if (strcmp(job->areas[i].id, id) == 0)
            return PS_YAML_WRONG(
                yaml, err, path,
                "'%s' must stand further up in areas than what is built of it", id);
    char text[PS_YAML_HINT];
    return PS_YAML_WRONG(yaml, err, path, "no areas have the id '%.40s'%s", id,
                         ps_yaml_hint(text, id, candidates, n));
}

static ps_status check_sets(const ps_yaml *yaml, const ps_job_areas *areas, unsigned i,
                            ps_keys *codes, ps_keys *members, ps_error *err) {
    char path[PS_YAML_PATH];
    for (unsigned s = 0; s < areas->sets_count; s++) {
        const ps_job_set *set = &areas->sets[s];
        int32_t id;
        bool added;
        PS_TRY(ps_keys_add(codes, ps_str_of(set->code), &id, &added, err));
        if (!added) {
            PS_YAML_AT(path, "areas[%u].sets[%u].code", i, s);
            return PS_YAML_WRONG(yaml, err, path, "the code '%.60s' is taken already",
                                 set->code);
        }
        for (unsigned m = 0; m < set->members_count; m++) {
            /* A set's number in front keeps the members of sets apart, which may
             * overlap. */
            char key[128];
            int n = snprintf(key, sizeof key, "%u %s", s, set->members[m]);
            if (n < 0 || (size_t)n >= sizeof key) n = (int)sizeof key - 1;
            PS_YAML_AT(path, "areas[%u].sets[%u].members[%u]", i, s, m);
            if (strlen(set->members[m]) > 64)
                return PS_YAML_WRONG(yaml, err, path,
                                     "'%.40s...' is too long for an area code",
                                     set->members[m]);
            PS_TRY(ps_keys_add(members, (ps_str){key, (size_t)n}, &id, &added, err));
            if (!added)
                return PS_YAML_WRONG(yaml, err, path, "'%s' stands twice in this set",
                                     set->members[m]);
        }
    }
    return PS_OK;
}

static ps_status check_distinct_sets(const ps_yaml *yaml, const ps_job_areas *areas,
                                     unsigned i, ps_error *err) {
    ps_keys *codes = NULL, *members = NULL;
    ps_status status = ps_keys_create(&codes, err);
    if (status == PS_OK) status = ps_keys_create(&members, err);
    if (status == PS_OK) status = check_sets(yaml, areas, i, codes, members, err);
    ps_keys_free(codes);
    ps_keys_free(members);
    return status;
}

/* The keys that describe polygons have no place in other areas. */
static ps_status check_no_polygons(const ps_yaml *yaml, const ps_job_areas *areas,
                                   unsigned i, ps_error *err) {
    char path[PS_YAML_PATH];
    const struct {
        const char *key;
        bool given;
    } of_files[] = {
        {"layer", areas->layer != NULL},     {"code", areas->code != NULL},
        {"name", areas->name != NULL},       {"where", areas->where != NULL},
        {"crs", areas->crs != NULL},         {"encoding", areas->encoding != NULL},
        {"invalid", areas->invalid != NULL},
    };
    for (size_t k = 0; k < sizeof of_files / sizeof *of_files; k++) {
        if (!of_files[k].given) continue;
        PS_YAML_AT(path, "areas[%u].%s", i, of_files[k].key);
        return PS_YAML_WRONG(yaml, err, path,
                             "describes a file, but these areas are %s; leave the key "
                             "out",
                             areas->of != NULL ? "built of others" : "a list of codes");
    }
    return PS_OK;
}

static ps_status check_built_areas(const ps_yaml *yaml, const ps_job *job, unsigned i,
                                   ps_error *err) {
    const ps_job_areas *areas = &job->areas[i];
    char path[PS_YAML_PATH];
    PS_TRY(check_no_polygons(yaml, areas, i, err));
    PS_YAML_AT(path, "areas[%u].of", i);
    PS_TRY(find_areas(yaml, job, i, path, areas->of, err));
    PS_YAML_AT(path, "areas[%u]", i);
    if ((areas->table != NULL) == (areas->sets != NULL))
        return PS_YAML_WRONG(yaml, err, path,
                             "areas built of others need either 'table' or 'sets'%s",
                             areas->table != NULL ? ", not both" : "");
    if (areas->sets != NULL) return check_distinct_sets(yaml, areas, i, err);
    PS_YAML_AT(path, "areas[%u].table", i);
    return check_sheet(yaml, path, SHEET_OF(areas->table), err);
}

static ps_status check_areas(const ps_yaml *yaml, const ps_job *job, ps_keys *ids,
                             ps_error *err) {
    char path[PS_YAML_PATH];
    for (unsigned i = 0; i < job->areas_count; i++) {
        const ps_job_areas *areas = &job->areas[i];
        PS_YAML_AT(path, "areas[%u].id", i);
        PS_TRY(ps_yaml_check_id(yaml, ids, path, areas->id, err));
        PS_YAML_AT(path, "areas[%u]", i);
        const int kinds =
            (areas->file != NULL) + (areas->of != NULL) + (areas->codes != NULL);
        if (kinds != 1)
            return PS_YAML_WRONG(yaml, err, path,
                                 "needs either 'file' (polygons), 'of' (built of other "
                                 "areas) or 'codes' (a list)%s",
                                 kinds > 1 ? ", only one of them" : "");
        if (areas->of == NULL && (areas->table != NULL || areas->sets != NULL))
            return PS_YAML_WRONG(yaml, err, path, "'%s' goes with 'of', not with '%s'",
                                 areas->table != NULL ? "table" : "sets",
                                 areas->file != NULL ? "file" : "codes");
        if (areas->codes != NULL) {
            PS_TRY(check_no_polygons(yaml, areas, i, err));
            PS_YAML_AT(path, "areas[%u].codes", i);
            PS_TRY(check_sheet(yaml, path, SHEET_OF(areas->codes), err));
            PS_YAML_AT(path, "areas[%u].codes.in.areas", i);
            if (areas->codes->in != NULL)
                PS_TRY(find_areas(yaml, job, i, path, areas->codes->in->areas, err));
            continue;
        }
        if (areas->of != NULL) {
            PS_TRY(check_built_areas(yaml, job, i, err));
            continue;
        }
        if (areas->code == NULL)
            return PS_YAML_WRONG(
                yaml, err, path,
                "the key 'code' is missing: the field of the area's code");
        PS_YAML_AT(path, "areas[%u].crs", i);
        PS_TRY(check_crs(yaml, path, areas->crs, err));
    }
    return PS_OK;
}

/* ---- Points ---- */

/* What format: police.uk stands for. */
static const struct {
    const char *key;
    size_t offset;
    const char *text;
} police_uk[] = {
    {"x", offsetof(ps_job_points, x), "Longitude"},
    {"y", offsetof(ps_job_points, y), "Latitude"},
    {"crs", offsetof(ps_job_points, crs), "EPSG:4326"},
    {"date", offsetof(ps_job_points, date), "Month"},
    {"category", offsetof(ps_job_points, category), "Crime type"},
    {"key", offsetof(ps_job_points, key), "Crime ID"},
    {"reporter", offsetof(ps_job_points, reporter), "Reported by"},
    {"area_code", offsetof(ps_job_points, area_code), "LSOA code"},
};
enum { N_POLICE_UK = sizeof police_uk / sizeof *police_uk };

static char *text_at(const ps_job_points *points, size_t offset) {
    char *text;
    memcpy(&text, (const char *)points + offset, sizeof text);
    return text;
}

static bool is_police_uk(const ps_job_points *points) {
    return points->format != NULL && *points->format == PS_POINTS_POLICE_UK;
}

/* The keys of rows that are coded to areas, and those of rows with coordinates. */
static ps_status check_coded(const ps_yaml *yaml, const ps_job *job, unsigned i,
                             ps_error *err) {
    const ps_job_points *points = &job->points[i];
    char path[PS_YAML_PATH];
    const struct {
        const char *key;
        bool given;
    } of_places[] = {
        {"x", points->x != NULL},
        {"y", points->y != NULL},
        {"crs", points->crs != NULL},
        {"layer", points->layer != NULL},
        {"area_code", points->area_code != NULL},
    };
    for (size_t k = 0; k < sizeof of_places / sizeof *of_places; k++) {
        if (!of_places[k].given) continue;
        PS_YAML_AT(path, "points[%u].%s", i, of_places[k].key);
        return PS_YAML_WRONG(yaml, err, path,
                             "is for rows with coordinates, but these are coded to "
                             "'areas'; leave the key out");
    }
    PS_YAML_AT(path, "points[%u].areas", i);
    PS_TRY(find_areas(yaml, job, job->areas_count, path, points->areas, err));
    if ((points->code != NULL) != (points->area != NULL)) return PS_OK;
    PS_YAML_AT(path, "points[%u]", i);
    return PS_YAML_WRONG(yaml, err, path,
                         "rows coded to areas need either 'code' (a column) or 'area' "
                         "(one code for all rows)%s",
                         points->code != NULL ? ", not both" : "");
}

/* Which geography code and area speak of has to be said. */
static ps_status check_uncoded(const ps_yaml *yaml, const ps_job_points *points,
                               unsigned i, ps_error *err) {
    char path[PS_YAML_PATH];
    const char *key = points->code != NULL ? "code" : "area";
    if (points->code == NULL && points->area == NULL) return PS_OK;
    PS_YAML_AT(path, "points[%u].%s", i, key);
    return PS_YAML_WRONG(yaml, err, path,
                         "is a code of an area, but the key 'areas' is missing: the "
                         "geography that it belongs to");
}

static ps_status check_police_uk(const ps_yaml *yaml, const ps_job_points *points,
                                 unsigned i, ps_error *err) {
    char path[PS_YAML_PATH];
    for (size_t k = 0; k < N_POLICE_UK; k++) {
        const char *given = text_at(points, police_uk[k].offset);
        if (given == NULL || strcmp(given, police_uk[k].text) == 0) continue;
        PS_YAML_AT(path, "points[%u].%s", i, police_uk[k].key);
        return PS_YAML_WRONG(
            yaml, err, path,
            "format: police.uk sets this to '%s'; leave the key out, or write "
            "format: columns and all columns",
            police_uk[k].text);
    }
    if (points->layer != NULL) {
        PS_YAML_AT(path, "points[%u].layer", i);
        return PS_YAML_WRONG(yaml, err, path,
                             "police.uk files have no layers; leave the key out");
    }
    if (points->areas == NULL && points->count == NULL) return PS_OK;
    PS_YAML_AT(path, "points[%u].%s", i, points->areas != NULL ? "areas" : "count");
    return PS_YAML_WRONG(yaml, err, path,
                         "format: police.uk has a row with coordinates for each "
                         "incident; leave the key out, or write format: columns and all "
                         "columns");
}

static ps_status check_columns(const ps_yaml *yaml, const ps_job_points *points,
                               unsigned i, ps_error *err) {
    char path[PS_YAML_PATH];
    PS_YAML_AT(path, "points[%u]", i);
    if ((points->x == NULL) != (points->y == NULL))
        return PS_YAML_WRONG(yaml, err, path,
                             "the key '%s' is missing; x and y go together",
                             points->x == NULL ? "x" : "y");
    if (points->x != NULL && points->crs == NULL)
        return PS_YAML_WRONG(
            yaml, err, path,
            "the key 'crs' is missing: the coordinate system of x and y, such "
            "as EPSG:4326 or EPSG:27700");
    if (points->x != NULL && points->layer != NULL)
        return PS_YAML_WRONG(
            yaml, err, path,
            "x and y are columns of delimited files, 'layer' is for point "
            "layers; give one or the other");
    if (points->x == NULL)
        for (unsigned f = 0; f < points->files_count; f++) {
            if (!is_delimited(points->files[f])) continue;
            return PS_YAML_WRONG(
                yaml, err, path,
                "the keys 'x', 'y' and 'crs' are missing, which delimited files "
                "such as '%.60s' need",
                points->files[f]);
        }
    PS_YAML_AT(path, "points[%u].crs", i);
    return check_crs(yaml, path, points->crs, err);
}

/* Coordinates are located on polygons. */
static ps_status check_map(const ps_yaml *yaml, const ps_job *job, unsigned i,
                           ps_error *err) {
    char path[PS_YAML_PATH];
    for (unsigned a = 0; a < job->areas_count; a++)
        if (job->areas[a].file != NULL) return PS_OK;
    PS_YAML_AT(path, "points[%u]", i);
    return PS_YAML_WRONG(yaml, err, path,
                         "has coordinates, but no areas of the job have polygons; say by "
                         "'areas' and 'code' what the rows are coded to");
}

/* Where files of text and workbooks have their rows. */
static ps_status check_files(const ps_yaml *yaml, const ps_job_points *points, unsigned i,
                             ps_error *err) {
    char path[PS_YAML_PATH];
    if (points->layer != NULL &&
        (points->sheet != NULL || points->header != 0 || points->header_rows != 0)) {
        PS_YAML_AT(path, "points[%u].%s", i,
                   points->sheet != NULL ? "sheet"
                   : points->header != 0 ? "header"
                                         : "header_rows");
        return PS_YAML_WRONG(yaml, err, path,
                             "is for delimited files and workbooks, 'layer' for point "
                             "layers; give one or the other");
    }
    PS_YAML_AT(path, "points[%u]", i);
    for (unsigned f = 0; f < points->files_count; f++)
        PS_TRY(
            check_sheet(yaml, path,
                        &(sheet){points->files[f], points->sheet, points->header,
                                 points->header_rows, points->where, points->where_count},
                        err));
    return PS_OK;
}

/* The look-ups of an input, which stands at a path of the job. */
typedef struct lookups {
    const char *at;
    const ps_job_lookup *with;
    unsigned n;
} lookups;

/* Names of columns that are looked up are taken once, and none of them is what another
 * look-up goes by. */
static ps_status check_looked_up(const ps_yaml *yaml, const lookups *l, ps_keys *names,
                                 ps_error *err) {
    char path[PS_YAML_PATH];
    int32_t id;
    bool added;
    for (unsigned w = 0; w < l->n; w++) {
        const ps_job_lookup *with = &l->with[w];
        for (unsigned c = 0; c < with->columns_count; c++) {
            PS_TRY(ps_keys_add(names, ps_str_of(with->columns[c]), &id, &added, err));
            if (added) continue;
            PS_YAML_AT(path, "%s.with[%u].columns[%u]", l->at, w, c);
            return PS_YAML_WRONG(yaml, err, path, "'%.60s' is looked up already",
                                 with->columns[c]);
        }
    }
    for (unsigned w = 0; w < l->n; w++) {
        const ps_job_lookup *with = &l->with[w];
        const char *by = with->by != NULL ? with->by : with->key;
        if (ps_keys_find(names, ps_str_of(by)) == PS_NONE) continue;
        PS_YAML_AT(path, "%s.with[%u].%s", l->at, w, with->by != NULL ? "by" : "key");
        return PS_YAML_WRONG(yaml, err, path,
                             "'%.60s' is looked up itself; a look-up goes by a column of "
                             "the input's own",
                             by);
    }
    return PS_OK;
}

static ps_status check_with(const ps_yaml *yaml, const char *at,
                            const ps_job_lookup *with, unsigned n, ps_error *err) {
    char path[PS_YAML_PATH];
    for (unsigned w = 0; w < n; w++) {
        PS_YAML_AT(path, "%s.with[%u]", at, w);
        PS_TRY(check_sheet(
            yaml, path, &(sheet){with[w].file, with[w].sheet, with[w].header, 0, NULL, 0},
            err));
    }
    ps_keys *names;
    PS_TRY(ps_keys_create(&names, err));
    const ps_status status = check_looked_up(yaml, &(lookups){at, with, n}, names, err);
    ps_keys_free(names);
    return status;
}

static ps_status check_points(const ps_yaml *yaml, const ps_job *job, ps_keys *ids,
                              unsigned i, ps_error *err) {
    char path[PS_YAML_PATH];
    const ps_job_points *points = &job->points[i];
    const bool police = is_police_uk(points);
    PS_YAML_AT(path, "points[%u].id", i);
    PS_TRY(ps_yaml_check_id(yaml, ids, path, points->id, err));
    PS_TRY(police                  ? check_police_uk(yaml, points, i, err)
           : points->areas != NULL ? check_coded(yaml, job, i, err)
                                   : check_columns(yaml, points, i, err));
    if (points->areas == NULL) PS_TRY(check_uncoded(yaml, points, i, err));
    if (points->date_form != NULL && *points->date_form != PS_DATE_AUTO &&
        points->date == NULL && !police) {
        PS_YAML_AT(path, "points[%u].date_form", i);
        return PS_YAML_WRONG(yaml, err, path,
                             "says how to read a date, but the key 'date' is missing");
    }
    if (points->duplicates != NULL && *points->duplicates == PS_DUPLICATES_ID &&
        points->key == NULL && !police) {
        PS_YAML_AT(path, "points[%u].duplicates", i);
        return PS_YAML_WRONG(
            yaml, err, path,
            "duplicates are found by the incident's id, but the key 'key' "
            "is missing");
    }
    if (points->areas == NULL) PS_TRY(check_map(yaml, job, i, err));
    PS_TRY(check_files(yaml, points, i, err));
    PS_YAML_AT(path, "points[%u]", i);
    return check_with(yaml, path, points->with, points->with_count, err);
}

/* ---- Tables and population ---- */

/* Series and values share their ids: both are indicators in the outputs. */
static ps_status check_tables(const ps_yaml *yaml, const ps_job *job, ps_keys *table_ids,
                              ps_keys *indicators, ps_error *err) {
    char path[PS_YAML_PATH];
    for (unsigned i = 0; i < job->tables_count; i++) {
        const ps_job_table *table = &job->tables[i];
        PS_YAML_AT(path, "tables[%u].id", i);
        PS_TRY(ps_yaml_check_id(yaml, table_ids, path, table->id, err));
        PS_YAML_AT(path, "tables[%u]", i);
        PS_TRY(check_sheet(yaml, path, SHEET_OF(table), err));
        if (table->date_form != NULL && table->period == NULL) {
            PS_YAML_AT(path, "tables[%u].date_form", i);
            return PS_YAML_WRONG(
                yaml, err, path,
                "says how to read a period, but the key 'period' is missing");
        }
        PS_YAML_AT(path, "tables[%u].areas", i);
        PS_TRY(find_areas(yaml, job, job->areas_count, path, table->areas, err));
        for (unsigned v = 0; v < table->values_count; v++) {
            PS_YAML_AT(path, "tables[%u].values[%u].id", i, v);
            PS_TRY(ps_yaml_check_id(yaml, indicators, path, table->values[v].id, err));
            if (table->period == NULL || table->values[v].period == NULL) continue;
            PS_YAML_AT(path, "tables[%u].values[%u].period", i, v);
            return PS_YAML_WRONG(yaml, err, path,
                                 "the table has a column of periods, '%.60s'; leave one "
                                 "of the two out",
                                 table->period);
        }
    }
    return PS_OK;
}

static ps_status check_population(const ps_yaml *yaml, const ps_job *job, const char *at,
                                  const ps_job_population *population, ps_error *err) {
    char path[PS_YAML_PATH];
    PS_TRY(check_sheet(yaml, at, SHEET_OF(population), err));
    PS_YAML_AT(path, "%s.areas", at);
    PS_TRY(find_areas(yaml, job, job->areas_count, path, population->areas, err));
    PS_YAML_AT(path, "%s.year", at);
    if (population->year != 0 && (population->year < 1900 || population->year > 2199))
        return PS_YAML_WRONG(yaml, err, path, "%lld is not a year",
                             (long long)population->year);
    for (unsigned c = 0; c < population->columns_count; c++) {
        const char *text = population->columns[c], *dots = strstr(text, "..");
        if (dots == NULL || (dots > text && dots[2] != '\0')) continue;
        PS_YAML_AT(path, "%s.columns[%u]", at, c);
        return PS_YAML_WRONG(
            yaml, err, path,
            "'%.40s' lacks an end; a range of columns is written as in '0..90+'", text);
    }
    return PS_OK;
}

/* ---- Records ---- */

static ps_status check_period(const ps_yaml *yaml, const char *path, const char *text,
                              ps_error *err) {
    ps_error why = {.status = PS_OK};
    ps_period period;
    size_t n = 0;
    if (ps_period_expand(ps_str_of(text), 1, 0, &period, 1, &n, &why) != PS_OK)
        return PS_YAML_WRONG(yaml, err, path, "%s", why.text);
    if (n != 1)
        return PS_YAML_WRONG(yaml, err, path,
                             "'%.40s' is a series of periods; one is wanted, such as "
                             "2021/22 or 2021",
                             text);
    return PS_OK;
}

/* Where and when rows are is told in one way. */
static ps_status check_place(const ps_yaml *yaml, const ps_job *job, unsigned i,
                             ps_error *err) {
    const ps_job_records *r = &job->records[i];
    char path[PS_YAML_PATH];
    PS_YAML_AT(path, "records[%u]", i);
    if (r->areas == NULL && (r->code != NULL || r->area != NULL))
        return PS_YAML_WRONG(yaml, err, path,
                             "the key 'areas' is missing: the id of the areas that '%s' "
                             "belongs to",
                             r->code != NULL ? "code" : "area");
    if (r->areas != NULL && (r->code != NULL) == (r->area != NULL))
        return PS_YAML_WRONG(yaml, err, path,
                             "'areas' needs either 'code' (column of the area's code) or "
                             "'area' (the one that all rows are of)%s",
                             r->code != NULL ? ", not both" : "");
    if (r->date != NULL && r->period != NULL)
        return PS_YAML_WRONG(yaml, err, path,
                             "either 'date' (a column) or 'period' (of all rows) says "
                             "when, not both");
    if (r->date_form != NULL && *r->date_form != PS_DATE_AUTO && r->date == NULL) {
        PS_YAML_AT(path, "records[%u].date_form", i);
        return PS_YAML_WRONG(yaml, err, path,
                             "says how to read a date, but the key 'date' is missing");
    }
    PS_YAML_AT(path, "records[%u].period", i);
    if (r->period != NULL) PS_TRY(check_period(yaml, path, r->period, err));
    PS_YAML_AT(path, "records[%u].areas", i);
    return r->areas != NULL ? find_areas(yaml, job, job->areas_count, path, r->areas, err)
                            : PS_OK;
}

static bool has_framework(const ps_job *job) {
    char *const *names;
    return ps_job_frameworks(job, &names) > 0;
}

/* Points and records share their ids: both are inputs of the framework's data. */
static ps_status check_records(const ps_yaml *yaml, const ps_job *job, ps_keys *ids,
                               ps_error *err) {
    char path[PS_YAML_PATH];
    if (job->records_count > 0 && !has_framework(job))
        return PS_YAML_WRONG(yaml, err, "records",
                             "are for the measures of a framework, but the key "
                             "'framework' is missing");
    for (unsigned i = 0; i < job->records_count; i++) {
        const ps_job_records *r = &job->records[i];
        PS_YAML_AT(path, "records[%u].id", i);
        PS_TRY(ps_yaml_check_id(yaml, ids, path, r->id, err));
        PS_YAML_AT(path, "records[%u]", i);
        PS_TRY(check_sheet(
            yaml, path,
            &(sheet){r->file, r->sheet, r->header, 1, r->where, r->where_count}, err));
        PS_TRY(check_with(yaml, path, r->with, r->with_count, err));
        PS_TRY(check_place(yaml, job, i, err));
    }
    return PS_OK;
}

static const char default_population[] = "population";

static const char *population_id(const ps_job_population *p) {
    return p->id != NULL ? p->id : default_population;
}

/* Populations of one id are the same people in different years. */
static ps_status check_populations(const ps_yaml *yaml, const ps_job *job,
                                   ps_keys *point_ids, ps_error *err) {
    const ps_job_population *p, *other;
    char at[32], path[PS_YAML_PATH];
    for (unsigned k = 0; (p = ps_job_population_at(job, k)) != NULL; k++) {
        bool known = false;
        ps_job_population_path(job, k, at);
        for (unsigned e = 0; e < k && (other = ps_job_population_at(job, e)) != NULL;
             e++) {
            if (strcmp(population_id(p), population_id(other)) != 0) continue;
            known = true;
            if (p->year != 0 && other->year != 0 && p->year != other->year) continue;
            PS_YAML_AT(path, "%s", at);
            return PS_YAML_WRONG(yaml, err, path,
                                 "is the population '%.60s' as one before it; give each "
                                 "its 'year', or another 'id'",
                                 population_id(p));
        }
        PS_YAML_AT(path, "%s.id", at);
        if (!known && p->id != NULL)
            PS_TRY(ps_yaml_check_id(yaml, point_ids, path, p->id, err));
        PS_TRY(check_population(yaml, job, at, p, err));
    }
    return PS_OK;
}

/* ---- Series ---- */

static bool is_builtin(const char *id) {
    const ps_crime_series *series;
    size_t n = ps_crime_series_list(&series);
    for (size_t i = 0; i < n; i++)
        if (strcmp(series[i].id, id) == 0) return true;
    return false;
}

static ps_status tell_no_builtin(const ps_yaml *yaml, const char *path, const char *id,
                                 ps_error *err) {
    enum { MOST = 64 };
    const char *candidates[MOST];
    const ps_crime_series *series;
    size_t n = ps_crime_series_list(&series);
    if (n > MOST) n = MOST;
    for (size_t i = 0; i < n; i++) candidates[i] = series[i].id;
    int near = ps_nearest(ps_str_of(id), candidates, n);
    if (near >= 0)
        return PS_YAML_WRONG(yaml, err, path,
                             "'%s' is not a built-in series; did you mean '%s'?", id,
                             candidates[near]);
    return PS_YAML_WRONG(
        yaml, err, path,
        "'%s' is not a built-in series (such as burglary, recorded-crime); give "
        "'categories' to make it one of your own",
        id);
}

/* A category that is nearly a police.uk label is a slip, which would count nothing. Other
 * labels pass: police.uk may publish new ones. */
static ps_status check_categories(const ps_yaml *yaml, const ps_job_series *series,
                                  unsigned i, ps_error *err) {
    enum { MOST = 64 };
    char path[PS_YAML_PATH];
    const ps_crime_type *types;
    const char *labels[MOST];
    size_t n = ps_crime_types(&types);
    if (n > MOST) n = MOST;
    for (size_t t = 0; t < n; t++) labels[t] = types[t].label;
    for (unsigned c = 0; c < series->categories_count; c++) {
        const char *label = series->categories[c];
        int near = ps_nearest(ps_str_of(label), labels, n);
        if (near < 0 || strcmp(label, labels[near]) == 0) continue;
        PS_YAML_AT(path, "series[%u].categories[%u]", i, c);
        return PS_YAML_WRONG(yaml, err, path,
                             "'%.60s' is not a police.uk crime type; did you mean '%s'?",
                             label, labels[near]);
    }
    return PS_OK;
}

/* The points that series i counts; NULL after a PS_CONFIG message. */
static const ps_job_points *find_points(const ps_yaml *yaml, const ps_job *job,
                                        unsigned i, ps_error *err) {
    const char *candidates[64];
    char path[PS_YAML_PATH], text[PS_YAML_HINT];
    const char *data = job->series[i].data;
    size_t n = 0;
    PS_YAML_AT(path, "series[%u]", i);
    if (data == NULL && job->points_count == 1) return &job->points[0];
    if (data == NULL && job->points_count == 0) {
        PS_YAML_WRONG(yaml, err, path, "there are no points to count");
        return NULL;
    }
    if (data == NULL) {
        PS_YAML_WRONG(yaml, err, path,
                      "the key 'data' is missing: which of the points to count");
        return NULL;
    }
    for (unsigned p = 0; p < job->points_count && n < 64; p++) {
        if (strcmp(job->points[p].id, data) == 0) return &job->points[p];
        candidates[n++] = job->points[p].id;
    }
    PS_YAML_AT(path, "series[%u].data", i);
    PS_YAML_WRONG(yaml, err, path, "no points have the id '%.40s'%s", data,
                  ps_yaml_hint(text, data, candidates, n));
    return NULL;
}

static ps_status check_series(const ps_yaml *yaml, const ps_job *job, ps_keys *indicators,
                              ps_error *err) {
    char path[PS_YAML_PATH];
    for (unsigned i = 0; i < job->series_count; i++) {
        const ps_job_series *series = &job->series[i];
        PS_YAML_AT(path, "series[%u].id", i);
        PS_TRY(ps_yaml_check_id(yaml, indicators, path, series->id, err));
        bool rate_is_free;
        PS_TRY(add_rate_id(indicators, series->id, &rate_is_free, err));
        if (!rate_is_free)
            return PS_YAML_WRONG(
                yaml, err, path,
                "the rate of this series is called '%s-rate', an id that is "
                "taken already",
                series->id);
        const ps_job_points *points = find_points(yaml, job, i, err);
        if (points == NULL) return PS_CONFIG;
        const bool police = is_police_uk(points);
        if (series->categories_count == 0) {
            if (police && !is_builtin(series->id))
                return tell_no_builtin(yaml, path, series->id, err);
            continue;
        }
        if (police && is_builtin(series->id))
            return PS_YAML_WRONG(
                yaml, err, path,
                "'%s' is a built-in series with categories of its own; choose "
                "another id or leave 'categories' out",
                series->id);
        if (police) {
            PS_TRY(check_categories(yaml, series, i, err));
        } else if (points->category == NULL) {
            PS_YAML_AT(path, "series[%u].categories", i);
            return PS_YAML_WRONG(
                yaml, err, path,
                "the points '%s' have no category column; name it by the key "
                "'category' there",
                points->id);
        }
    }
    return PS_OK;
}

/* ---- Framework ---- */

static bool is_population(const ps_job *job, const char *id) {
    const ps_job_population *p;
    for (unsigned k = 0; (p = ps_job_population_at(job, k)) != NULL; k++)
        if (strcmp(population_id(p), id) == 0) return true;
    return false;
}

/* People stand in columns by what they are, everything else has a column that says so. */
static ps_status check_data_column(const ps_yaml *yaml, const ps_job_data *data,
                                   unsigned i, unsigned c, bool of_people,
                                   ps_error *err) {
    const ps_job_data_column *column = &data->columns[c];
    char path[PS_YAML_PATH];
    PS_YAML_AT(path, "data[%u].columns[%u]", i, c);
    if (of_people && column->values_count == 0)
        return PS_YAML_WRONG(yaml, err, path,
                             "the key 'values' is missing: in which columns of the "
                             "population the people of each value stand");
    if (!of_people && column->column == NULL)
        return PS_YAML_WRONG(yaml, err, path, "the key 'column' is missing");
    PS_YAML_AT(path, "data[%u].columns[%u].column", i, c);
    if (of_people && column->column != NULL)
        return PS_YAML_WRONG(yaml, err, path,
                             "a population has no column that says who people are; "
                             "'values' names the columns that they stand in");
    for (unsigned v = 0; of_people && v < column->values_count; v++) {
        PS_YAML_AT(path, "data[%u].columns[%u].values[%u].of", i, c, v);
        if (column->values[v].of_count == 0)
            return PS_YAML_WRONG(yaml, err, path,
                                 "names no column of the population that holds the "
                                 "people of '%.40s'",
                                 column->values[v].id);
    }
    return PS_OK;
}

/* All that can be told of data without the framework itself; see binding.h. */
static ps_status check_data_columns(const ps_yaml *yaml, const ps_job *job, unsigned i,
                                    ps_keys *ids, ps_keys *values, ps_error *err) {
    const ps_job_data *data = &job->data[i];
    const bool of_people = is_population(job, data->input);
    char path[PS_YAML_PATH], key[160];
    for (unsigned c = 0; c < data->columns_count; c++) {
        const ps_job_data_column *column = &data->columns[c];
        PS_YAML_AT(path, "data[%u].columns[%u].id", i, c);
        PS_TRY(ps_yaml_check_id(yaml, ids, path, column->id, err));
        PS_TRY(check_data_column(yaml, data, i, c, of_people, err));
        for (unsigned v = 0; v < column->values_count; v++) {
            bool added;
            int32_t at;
            snprintf(key, sizeof key, "%s %.64s", column->id, column->values[v].id);
            PS_TRY(ps_keys_add(values, ps_str_of(key), &at, &added, err));
            PS_YAML_AT(path, "data[%u].columns[%u].values[%u].id", i, c, v);
            if (!added)
                return PS_YAML_WRONG(yaml, err, path, "'%.64s' stands twice",
                                     column->values[v].id);
        }
    }
    return PS_OK;
}

static ps_status check_input(const ps_yaml *yaml, const ps_job *job, unsigned i,
                             ps_error *err) {
    const char *candidates[64], *input = job->data[i].input;
    char path[PS_YAML_PATH], text[PS_YAML_HINT];
    size_t n = 0;
    for (unsigned p = 0; p < job->points_count && n < 63; p++) {
        if (strcmp(job->points[p].id, input) == 0) return PS_OK;
        candidates[n++] = job->points[p].id;
    }
    for (unsigned r = 0; r < job->records_count && n < 63; r++) {
        if (strcmp(job->records[r].id, input) == 0) return PS_OK;
        candidates[n++] = job->records[r].id;
    }
    for (unsigned t = 0; t < job->tables_count && n < 63; t++) {
        if (strcmp(job->tables[t].id, input) == 0) return PS_OK;
        candidates[n++] = job->tables[t].id;
    }
    PS_YAML_AT(path, "data[%u].input", i);
    const ps_job_population *p;
    if (is_population(job, input)) return PS_OK;
    for (unsigned k = 0; (p = ps_job_population_at(job, k)) != NULL && n < 63; k++)
        candidates[n++] = population_id(p);
    if (strcmp(input, default_population) == 0)
        return PS_YAML_WRONG(yaml, err, path, "the job has no population%s",
                             job->populations_count > 0 ? " of that id" : "");
    return PS_YAML_WRONG(yaml, err, path, "no input has the id '%.40s'%s", input,
                         ps_yaml_hint(text, input, candidates, n));
}

/* Rows are counted by every column that the framework tells apart. */
static ps_status check_bound_columns(const ps_yaml *yaml, const ps_job *job,
                                     ps_error *err) {
    char path[PS_YAML_PATH];
    for (unsigned p = 0; p < job->points_count; p++) {
        unsigned n = 0;
        for (unsigned i = 0; i < job->data_count; i++) {
            if (strcmp(job->data[i].input, job->points[p].id) != 0) continue;
            n += job->data[i].columns_count;
            PS_YAML_AT(path, "data[%u].columns", i);
            if (n > PS_JOB_BOUND_COLUMNS)
                return PS_YAML_WRONG(yaml, err, path,
                                     "more than %d columns of the points '%s' are bound",
                                     PS_JOB_BOUND_COLUMNS, job->points[p].id);
        }
    }
    return PS_OK;
}

static ps_status check_framework(const ps_yaml *yaml, const ps_job *job, ps_error *err) {
    if (job->framework != NULL && job->frameworks_count > 0)
        return PS_YAML_WRONG(yaml, err, "frameworks",
                             "a job has either 'framework' or 'frameworks'");
    if (job->data_count > 0 && !has_framework(job))
        return PS_YAML_WRONG(yaml, err, "data",
                             "says what a framework's data are, but the key 'framework' "
                             "is missing");
    return check_bound_columns(yaml, job, err);
}

static ps_status check_data(const ps_yaml *yaml, const ps_job *job, ps_keys *ids,
                            unsigned i, ps_error *err) {
    char path[PS_YAML_PATH];
    ps_keys *columns = NULL, *values = NULL;
    PS_YAML_AT(path, "data[%u].id", i);
    PS_TRY(ps_yaml_check_id(yaml, ids, path, job->data[i].id, err));
    PS_TRY(check_input(yaml, job, i, err));
    ps_status status = ps_keys_create(&columns, err);
    if (status == PS_OK) status = ps_keys_create(&values, err);
    if (status == PS_OK) status = check_data_columns(yaml, job, i, columns, values, err);
    ps_keys_free(columns);
    ps_keys_free(values);
    return status;
}

/* ---- The rest ---- */

static ps_status check_periods(const ps_yaml *yaml, const ps_job *job, ps_keys *seen,
                               ps_error *err) {
    char path[PS_YAML_PATH];
    for (unsigned i = 0; i < job->periods_count; i++) {
        ps_error why = {.status = PS_OK};
        size_t n = 0;
        int32_t id;
        bool added;
        PS_YAML_AT(path, "periods[%u]", i);
        if (ps_period_expand(ps_str_of(job->periods[i]), 1, 0, NULL, 0, &n, &why) !=
            PS_OK)
            return PS_YAML_WRONG(yaml, err, path, "%s", why.text);
        PS_TRY(
            ps_keys_add(seen, ps_str_trim(ps_str_of(job->periods[i])), &id, &added, err));
        if (!added)
            return PS_YAML_WRONG(yaml, err, path, "'%s' stands twice", job->periods[i]);
    }
    return PS_OK;
}

static bool is_counted(const ps_job *job, const char *id) {
    for (unsigned i = 0; i < job->points_count; i++)
        if (strcmp(job->points[i].id, id) == 0) return true;
    for (unsigned i = 0; i < job->records_count; i++)
        if (strcmp(job->records[i].id, id) == 0) return true;
    return false;
}

static ps_status check_off(const ps_yaml *yaml, const ps_job *job, ps_error *err) {
    char path[PS_YAML_PATH];
    for (unsigned k = 0; k < job->disclosure->off_count; k++) {
        const ps_job_unhidden *open = &job->disclosure->off[k];
        PS_YAML_AT(path, "disclosure.off[%u].input", k);
        if (!is_counted(job, open->input))
            return PS_YAML_WRONG(yaml, err, path, "'%s' is no id in points or records",
                                 open->input);
        PS_YAML_AT(path, "disclosure.off[%u].reason", k);
        if (open->reason[0] == '\0')
            return PS_YAML_WRONG(yaml, err, path,
                                 "'%s' is no reason; the manifest tells it",
                                 open->reason);
    }
    return PS_OK;
}

static ps_status check_disclosure(const ps_yaml *yaml, const ps_job *job, ps_error *err) {
    const ps_job_disclosure *d = job->disclosure;
    char path[PS_YAML_PATH];
    if (d == NULL) return PS_OK;
    PS_TRY(check_off(yaml, job, err));
    const struct {
        const char *key;
        int64_t value, least; /* 0 is what was left out */
    } numbers[] = {
        {"threshold", d->threshold, 2},
        {"sensitive_threshold", d->sensitive_threshold, 2},
        {"sensitive_people", d->sensitive_people, 1},
    };
    for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++) {
        if (numbers[k].value == 0 ||
            (numbers[k].value >= numbers[k].least && numbers[k].value <= 1000000))
            continue;
        PS_YAML_AT(path, "disclosure.%s", numbers[k].key);
        return PS_YAML_WRONG(yaml, err, path, "%lld is not from %lld to 1,000,000",
                             (long long)numbers[k].value, (long long)numbers[k].least);
    }
    return PS_OK;
}

static ps_status check_numbers(const ps_yaml *yaml, const ps_job *job, ps_error *err) {
    if (job->confidence != NULL && !(*job->confidence >= 0.9 && *job->confidence < 1))
        return PS_YAML_WRONG(yaml, err, "confidence",
                             "%g is not from 0.9 to below 1, such as 0.95 or 0.998",
                             *job->confidence);
    if (job->multiplier != NULL && !(*job->multiplier > 0 && *job->multiplier <= 1e9))
        return PS_YAML_WRONG(yaml, err, "multiplier",
                             "%g is not above 0 and up to 1,000,000,000, such as 1000",
                             *job->multiplier);
    PS_TRY(check_disclosure(yaml, job, err));
    const ps_job_outputs *o = job->outputs;
    if (o == NULL) return PS_OK;
    const bool measures =
        has_framework(job) && (o->measures == NULL || *o->measures ||
                               (o->comparisons != NULL && *o->comparisons));
    if (!measures && o->counts != NULL && o->indicators != NULL &&
        o->geopackage != NULL && !*o->counts && !*o->indicators && !*o->geopackage)
        return PS_YAML_WRONG(yaml, err, "outputs", "nothing would be written");
    if (o->measures != NULL && *o->measures && !has_framework(job))
        return PS_YAML_WRONG(yaml, err, "outputs.measures",
                             "there are measures only with the key 'framework'");
    if (o->comparisons != NULL && *o->comparisons && !has_framework(job))
        return PS_YAML_WRONG(yaml, err, "outputs.comparisons",
                             "there are comparisons only with the key 'framework'");
    return PS_OK;
}

/* ids: of areas, points and other inputs, tables, indicators; periods; data. */
enum { N_KEYS = 6 };

static ps_status check_all(const ps_yaml *yaml, const ps_job *job, ps_keys **keys,
                           ps_error *err) {
    if (job->points_count == 0 && job->tables_count == 0 && job->records_count == 0)
        return PS_YAML_WRONG(yaml, err, "",
                             "needs 'points' to count, 'tables' of values or 'records'");
    PS_TRY(check_areas(yaml, job, keys[0], err)); /* all else speaks of them */
    ps_yaml_mistakes mistakes = {.n = 0};
    ps_error found = {PS_OK, ""};
#define ALSO(check) PS_TRY(ps_yaml_collect(&mistakes, check, &found, err))
    for (unsigned i = 0; i < job->points_count; i++)
        ALSO(check_points(yaml, job, keys[1], i, &found));
    ALSO(check_tables(yaml, job, keys[2], keys[3], &found));
    ALSO(check_records(yaml, job, keys[1], &found));
    ALSO(check_populations(yaml, job, keys[1], &found));
    ALSO(check_periods(yaml, job, keys[4], &found));
    ALSO(check_series(yaml, job, keys[3], &found));
    for (unsigned i = 0; i < job->data_count; i++)
        ALSO(check_data(yaml, job, keys[5], i, &found));
    ALSO(check_framework(yaml, job, &found));
    ALSO(check_numbers(yaml, job, &found));
#undef ALSO
    return ps_yaml_refuse(&mistakes, err);
}

static ps_status check(const ps_yaml *yaml, const ps_job *job, ps_error *err) {
    ps_keys *keys[N_KEYS] = {NULL};
    ps_status status = PS_OK;
    for (size_t i = 0; i < N_KEYS && status == PS_OK; i++)
        status = ps_keys_create(&keys[i], err);
    if (status == PS_OK) status = check_all(yaml, job, keys, err);
    for (size_t i = 0; i < N_KEYS; i++) ps_keys_free(keys[i]);
    return status;
}

/* ---- Presets and defaults ---- */

static void default_header(int64_t *header, int64_t *rows) {
    if (*header == 0) *header = 1;
    if (*rows == 0) *rows = 1;
}

static ps_status resolve_areas(ps_job_areas *areas, ps_error *err) {
    PS_TRY(ps_yaml_default_text(&areas->title, areas->id, err));
    if (areas->file != NULL) PS_YAML_DEFAULT(areas->invalid, PS_GEOMETRY_REPAIR, err);
    if (areas->table != NULL)
        default_header(&areas->table->header, &areas->table->header_rows);
    if (areas->codes != NULL)
        default_header(&areas->codes->header, &areas->codes->header_rows);
    return PS_OK;
}

static ps_status resolve_points(ps_job_points *points, ps_error *err) {
    if (points->layer == NULL) default_header(&points->header, &points->header_rows);
    PS_TRY(ps_yaml_default_text(&points->title, points->id, err));
    PS_YAML_DEFAULT(points->format, PS_POINTS_COLUMNS, err);
    for (size_t k = 0; is_police_uk(points) && k < N_POLICE_UK; k++) {
        char *text = text_at(points, police_uk[k].offset);
        PS_TRY(ps_yaml_default_text(&text, police_uk[k].text, err));
        memcpy((char *)points + police_uk[k].offset, &text, sizeof text);
    }
    PS_YAML_DEFAULT(points->date_form, PS_DATE_AUTO, err);
    PS_YAML_DEFAULT(points->duplicates,
                    points->key != NULL ? PS_DUPLICATES_ID : PS_DUPLICATES_KEEP, err);
    PS_YAML_DEFAULT(points->covers, PS_COVERAGE_SEEN, err);
    return PS_OK;
}

static ps_status resolve_table(ps_job_table *table, ps_error *err) {
    default_header(&table->header, &table->header_rows);
    PS_YAML_DEFAULT(table->repeats, PS_REPEATS_STOP, err);
    for (unsigned v = 0; v < table->values_count; v++)
        PS_TRY(ps_yaml_default_text(&table->values[v].title, table->values[v].id, err));
    return PS_OK;
}

static ps_status resolve_records(ps_job_records *records, ps_error *err) {
    if (records->header == 0) records->header = 1;
    PS_TRY(ps_yaml_default_text(&records->title, records->id, err));
    PS_TRY(ps_yaml_default_text(&records->separator, ";", err));
    PS_YAML_DEFAULT(records->date_form, PS_DATE_AUTO, err);
    if (records->missing_count > 0) return PS_OK;
    records->missing = ps_zalloc(1, sizeof *records->missing);
    if (records->missing == NULL) return ps_fail_nomem(err);
    records->missing_count = 1;
    return ps_yaml_default_text(&records->missing[0], "", err);
}

static ps_status resolve_population(ps_job_population *p, ps_error *err) {
    default_header(&p->header, &p->header_rows);
    PS_YAML_DEFAULT(p->repeats, PS_REPEATS_STOP, err);
    PS_TRY(ps_yaml_default_text(&p->id, default_population, err));
    return ps_yaml_default_text(&p->title, p->id, err);
}

/* Append a series. The count grows before the texts are made, so that a series made in
 * part is freed with the job. */
static ps_status add_series(ps_job *job, const char *id, const char *title,
                            const char *data, ps_error *err) {
    ps_job_series *grown =
        ps_resize(job->series, (size_t)job->series_count + 1, sizeof *grown);
    if (grown == NULL) return ps_fail_nomem(err);
    job->series = grown;
    ps_job_series *added = &grown[job->series_count++];
    memset(added, 0, sizeof *added);
    PS_TRY(ps_yaml_default_text(&added->id, id, err));
    PS_TRY(ps_yaml_default_text(&added->title, title, err));
    return ps_yaml_default_text(&added->data, data, err);
}

/* Series for a job that names none: for police.uk the built-in ones, else all rows. */
static ps_status default_series(const ps_yaml *yaml, ps_job *job, ps_keys *indicators,
                                ps_error *err) {
    const ps_crime_series *builtin;
    size_t n = ps_crime_series_list(&builtin);
    char path[PS_YAML_PATH];
    for (unsigned t = 0; t < job->tables_count; t++)
        for (unsigned v = 0; v < job->tables[t].values_count; v++) {
            int32_t id;
            PS_TRY(ps_keys_add(indicators, ps_str_of(job->tables[t].values[v].id), &id,
                               NULL, err));
        }
    for (unsigned i = 0; i < job->points_count; i++) {
        const ps_job_points *points = &job->points[i];
        size_t before = ps_keys_size(indicators), added = 0;
        const size_t wanted = is_police_uk(points) ? n : 1;
        for (size_t s = 0; s < wanted; s++) {
            const bool police = is_police_uk(points);
            if (police && !builtin[s].by_default) continue;
            const char *id = police ? builtin[s].id : points->id;
            int32_t key;
            PS_TRY(ps_keys_add(indicators, ps_str_of(id), &key, NULL, err));
            PS_TRY(add_rate_id(indicators, id, NULL, err));
            PS_TRY(add_series(job, id, police ? builtin[s].title : points->title,
                              points->id, err));
            added += 2;
        }
        if (ps_keys_size(indicators) == before + added) continue;
        PS_YAML_AT(path, "points[%u]", i);
        return PS_YAML_WRONG(
            yaml, err, path,
            "the series of these points have ids that are taken already; list "
            "the series under the key 'series'");
    }
    return PS_OK;
}

static ps_status resolve_series(const ps_yaml *yaml, ps_job *job, ps_error *err) {
    if (job->series_count == 0 && job->points_count > 0) {
        ps_keys *indicators;
        PS_TRY(ps_keys_create(&indicators, err));
        ps_status status = default_series(yaml, job, indicators, err);
        ps_keys_free(indicators);
        return status;
    }
    const ps_crime_series *builtin;
    size_t n = ps_crime_series_list(&builtin);
    for (unsigned i = 0; i < job->series_count; i++) {
        ps_job_series *series = &job->series[i];
        if (series->categories_count == 0)
            for (size_t s = 0; s < n; s++)
                if (strcmp(builtin[s].id, series->id) == 0)
                    PS_TRY(ps_yaml_default_text(&series->title, builtin[s].title, err));
        PS_TRY(ps_yaml_default_text(&series->title, series->id, err));
        PS_TRY(ps_yaml_default_text(&series->data, job->points[0].id, err));
    }
    return PS_OK;
}

/* A list without entries is no list at all to libcyaml, which would not write it again.
 */
static ps_status resolve_data(ps_job_data *data, ps_error *err) {
    for (unsigned c = 0; c < data->columns_count; c++) {
        for (unsigned v = 0; v < data->columns[c].values_count; v++) {
            ps_job_meaning *meaning = &data->columns[c].values[v];
            if (meaning->of == NULL) meaning->of = ps_zalloc(1, sizeof *meaning->of);
            if (meaning->of == NULL) return ps_fail_nomem(err);
        }
    }
    return PS_OK;
}

static ps_status resolve_outputs(ps_job *job, ps_error *err) {
    if (job->outputs == NULL) job->outputs = ps_zalloc(1, sizeof *job->outputs);
    if (job->outputs == NULL) return ps_fail_nomem(err);
    PS_YAML_DEFAULT(job->outputs->counts, true, err);
    PS_YAML_DEFAULT(job->outputs->indicators, true, err);
    PS_YAML_DEFAULT(job->outputs->geopackage, true, err);
    PS_YAML_DEFAULT(job->outputs->measures, has_framework(job), err);
    PS_YAML_DEFAULT(job->outputs->comparisons, has_framework(job), err);
    return PS_OK;
}

static ps_status resolve_disclosure(ps_job *job, ps_error *err) {
    if (job->disclosure == NULL) job->disclosure = ps_zalloc(1, sizeof *job->disclosure);
    ps_job_disclosure *d = job->disclosure;
    if (d == NULL) return ps_fail_nomem(err);
    if (d->threshold == 0) d->threshold = 5;
    if (d->sensitive_threshold == 0) d->sensitive_threshold = 10;
    if (d->sensitive_people == 0) d->sensitive_people = 100;
    return PS_OK;
}

static ps_status resolve_periods(ps_job *job, ps_error *err) {
    if (job->periods_count > 0) return PS_OK;
    job->periods = ps_zalloc(1, sizeof *job->periods);
    if (job->periods == NULL) return ps_fail_nomem(err);
    job->periods_count = 1;
    return ps_yaml_default_text(&job->periods[0], "financial-years", err);
}

ps_status ps_job_resolve(const ps_yaml *yaml, ps_job *job, ps_error *err) {
    PS_TRY(check(yaml, job, err));
    for (unsigned i = 0; i < job->areas_count; i++)
        PS_TRY(resolve_areas(&job->areas[i], err));
    for (unsigned i = 0; i < job->points_count; i++)
        PS_TRY(resolve_points(&job->points[i], err));
    for (unsigned i = 0; i < job->tables_count; i++)
        PS_TRY(resolve_table(&job->tables[i], err));
    for (unsigned i = 0; i < job->records_count; i++)
        PS_TRY(resolve_records(&job->records[i], err));
    for (unsigned i = 0; i < job->data_count; i++)
        PS_TRY(resolve_data(&job->data[i], err));
    if (job->population != NULL) PS_TRY(resolve_population(job->population, err));
    for (unsigned i = 0; i < job->populations_count; i++)
        PS_TRY(resolve_population(&job->populations[i], err));
    PS_TRY(resolve_periods(job, err));
    PS_TRY(resolve_series(yaml, job, err));
    PS_YAML_DEFAULT(job->confidence, 0.95, err);
    PS_YAML_DEFAULT(job->multiplier, 1000.0, err);
    PS_TRY(resolve_disclosure(job, err));
    return resolve_outputs(job, err);
}

#include <stdio.h>
#include <string.h>

#include "engine/run/write.h"
#include "geo/layer.h"

enum {
    FIXED_FIELDS = 3,  /* code, name, population */
    MOST_FIELDS = 1900 /* SQLite takes 2,000 columns */
};

/* What a field of a layer shows. */
typedef struct column {
    enum { COLUMN_COUNT, COLUMN_RATE, COLUMN_VALUE } kind;
    size_t index; /* slot, or area value */
    char name[128];
} column;

/* "vehicle-crime", "2021/22" -> "vehicle_crime_2021_22": a name that every GIS takes. */
static void field_name(char out[128], const char *id, const char *suffix,
                       const char *period) {
    snprintf(out, 128, "%s%s%s%s", id, suffix, period[0] != '\0' ? "_" : "", period);
    for (char *c = out; *c != '\0'; c++) {
        bool keep = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
                    (*c >= '0' && *c <= '9');
        if (!keep) *c = '_';
    }
}

static size_t list_columns(const ps_figures *f, size_t geography, column *columns) {
    const bool rates = f->geographies->geography[geography].population != NULL;
    size_t n = 0;
    for (size_t s = 0; s < f->n_series; s++) {
        const ps_series *series = &f->series[s];
        const ps_data_set *d = &f->data[series->data];
        for (size_t k = 0; k < d->n_periods; k++) {
            for (int rate = 0; rate <= (int)rates; rate++) {
                column *c = &columns[n++];
                c->kind = rate ? COLUMN_RATE : COLUMN_COUNT;
                c->index = series->first_slot + k;
                field_name(c->name, series->id, rate ? "_rate" : "", d->period[k].label);
            }
        }
    }
    for (size_t v = 0; v < f->n_values; v++) {
        if (f->values[v].geography != geography) continue;
        column *c = &columns[n++];
        c->kind = COLUMN_VALUE;
        c->index = v;
        field_name(c->name, f->values[v].spec->id, "", f->values[v].period);
    }
    return n;
}

static ps_field_value real_or_null(bool there, double value) {
    return (ps_field_value){.null = !there, .real = there ? value : 0};
}

static void fill_values(const ps_figures *f, size_t geography, const column *columns,
                        size_t n, ps_figure *figures, ps_field_value *values) {
    const ps_geography *geo = &f->geographies->geography[geography];
    for (size_t a = 0; a < geo->areas->n; a++) {
        ps_field_value *row = values + a * (FIXED_FIELDS + n);
        ps_figures_of_area(f, geography, a, figures);
        row[0] = (ps_field_value){.text = geo->areas->code[a]};
        row[1] = (ps_field_value){.text = geo->areas->name[a]};
        bool people = geo->population != NULL && !geo->population_missing[a];
        row[2] = real_or_null(people, people ? geo->population[a] : 0);
        for (size_t i = 0; i < n; i++) {
            const column *c = &columns[i];
            ps_field_value *value = &row[FIXED_FIELDS + i];
            if (c->kind == COLUMN_VALUE) {
                const ps_area_values *v = &f->values[c->index];
                *value = real_or_null(!v->missing[a], v->value[a]);
            } else {
                const ps_figure *figure = &figures[c->index];
                const ps_estimate *e =
                    c->kind == COLUMN_RATE ? &figure->rate : &figure->count;
                *value = real_or_null(e->status == PS_VALUE_OK, e->value);
                value->integer = (int64_t)value->real;
            }
        }
    }
}

static ps_status write_layer(const ps_figures *f, size_t geography, ps_geopackage *gpkg,
                             const ps_talk *talk, ps_error *err) {
    const ps_geography *geo = &f->geographies->geography[geography];
    const size_t most = f->n_slots * 2 + f->n_values;
    column *columns = ps_alloc(most, sizeof *columns);
    ps_figure *figures = ps_alloc(f->n_slots, sizeof *figures);
    ps_field *fields = ps_alloc(most + FIXED_FIELDS, sizeof *fields);
    ps_field_value *values = NULL;
    ps_status status = PS_OK;
    if (columns == NULL || figures == NULL || fields == NULL) {
        status = ps_fail_nomem(err);
        goto done;
    }
    size_t n = list_columns(f, geography, columns);
    if (n + FIXED_FIELDS > MOST_FIELDS) {
        ps_say(
            talk, PS_TALK_WARNING,
            "%s: %zu figures per area do not fit into one layer; the first %d are in the "
            "GeoPackage, all of them in indicators.csv",
            geo->spec->id, n, MOST_FIELDS - FIXED_FIELDS);
        n = MOST_FIELDS - FIXED_FIELDS;
    }
    fields[0] = (ps_field){"code", PS_FIELD_TEXT};
    fields[1] = (ps_field){"name", PS_FIELD_TEXT};
    fields[2] = (ps_field){"population", PS_FIELD_REAL};
    for (size_t i = 0; i < n; i++)
        fields[FIXED_FIELDS + i] =
            (ps_field){columns[i].name, columns[i].kind == COLUMN_COUNT ? PS_FIELD_INTEGER
                                                                        : PS_FIELD_REAL};
    values = ps_zalloc(geo->areas->n * (FIXED_FIELDS + n), sizeof *values);
    if (values == NULL) {
        status = ps_fail_nomem(err);
        goto done;
    }
    fill_values(f, geography, columns, n, figures, values);
    status = ps_geography_has_map(geo)
                 ? ps_geopackage_areas(gpkg, geo->spec->id, geo->spec->title, geo->areas,
                                       fields, FIXED_FIELDS + n, values, err)
                 : ps_geopackage_table(gpkg, geo->spec->id, geo->spec->title, fields,
                                       FIXED_FIELDS + n, values, geo->areas->n, err);
done:
    ps_free(columns), ps_free(figures), ps_free(fields), ps_free(values);
    return status;
}

ps_status ps_write_geopackage(const ps_figures *f, const char *measures, const char *path,
                              const ps_talk *talk, ps_error *err) {
    ps_geopackage *gpkg = NULL;
    PS_TRY(ps_geopackage_create(path, &gpkg, err));
    ps_status status = PS_OK;
    for (size_t g = 0; g < f->geographies->n && status == PS_OK; g++)
        status = write_layer(f, g, gpkg, talk, err);
    if (status == PS_OK && measures != NULL)
        status = ps_write_geopackage_measures(f->geographies, measures, gpkg, err);
    if (status == PS_OK) return ps_geopackage_close(gpkg, err);
    ps_geopackage_abandon(gpkg);
    return status;
}

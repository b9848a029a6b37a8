/* Any bytes as the body of a prepared file, as if its hash were right: refused, or
 * everything in it can be used.
 *
 *   byte 0   0 an index of 40 areas, 2 one of layers of 40, 3 and 40 areas, else areas
 *   then     the body
 */
#include <stdlib.h>
#include <string.h>

#include "engine/core/par.h"
#include "geo/prepared.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { AREAS = 40, SIDE = 24, MOST_POINTS = 2000, LAYERS = 3 };
static const size_t n_areas[LAYERS] = {AREAS, 3, AREAS};

static void use_locator(const ps_locator *l, const double box[4], const size_t *areas,
                        size_t layers) {
    enum { N = SIDE * SIDE };
    double x[N], y[N];
    int32_t row[LAYERS * N];
    for (int i = 0; i < N; i++) {
        x[i] = box[0] + (box[2] - box[0]) * (i % SIDE) / (SIDE - 1);
        y[i] = box[1] + (box[3] - box[1]) * (i / SIDE) / (SIDE - 1);
    }
    int64_t ties[LAYERS] = {0};
    ps_locate(l, N, x, y, row, ties);
    for (size_t k = 0; k < layers; k++) {
        for (size_t i = k * N; i < (k + 1) * N; i++)
            if (row[i] < PS_NONE || (row[i] != PS_NONE && (size_t)row[i] >= areas[k]))
                abort();
        if (ties[k] < 0 || ties[k] > N) abort();
    }
}

static void as_index(void *bytes, size_t n, size_t layers) {
    /* The head of a view decides where it lies: the points lie all over any that is
     * not far away, by what the view itself says of its unit. */
    ps_areas areas[LAYERS] = {{0}};
    ps_locator_layer layer[LAYERS];
    for (size_t i = 0; i < layers; i++) {
        areas[i].n = n_areas[i];
        layer[i] = (ps_locator_layer){&areas[i], NULL};
    }
    ps_error err;
    ps_locator *l = NULL;
    if (ps_locator_view(bytes, n, true, layer, layers, false, NULL, NULL, &l, &err) !=
        PS_OK) {
        if (l != NULL || err.text[0] == '\0') abort();
        return;
    }
    double origin[2];
    int64_t at[2];
    uint32_t span[2];
    memcpy(at, (char *)bytes + 8, sizeof at);
    memcpy(span, (char *)bytes + 24, sizeof span);
    const double unit = ps_locator_unit(l, 0);
    for (int i = 0; i < 2; i++) origin[i] = (double)at[i] * unit;
    const double box[4] = {origin[0], origin[1], origin[0] + span[0] * unit,
                           origin[1] + span[1] * unit};
    use_locator(l, box, n_areas, layers);
    ps_locator_free(l);
}

static void as_areas(void *bytes, size_t n) {
    ps_error err;
    ps_areas *areas = NULL;
    ps_layer_report report;
    if (ps_prepared_areas_view(NULL, bytes, n, true, NULL, NULL, NULL, &areas, &report,
                               &err) != PS_OK) {
        if (areas != NULL) abort();
        return;
    }
    for (size_t a = 0; a < areas->n; a++) {
        if (ps_keys_find(areas->by_code, areas->code[a]) != (int32_t)a) abort();
        if (areas->name[a].p[areas->name[a].n] != '\0') abort();
    }
    double *square = calloc(areas->n + 1, sizeof *square);
    if (square == NULL) abort();
    if (areas->n_points <= MOST_POINTS && ps_areas_measure(areas, square, &err) != PS_OK)
        abort();
    free(square);
    ps_locator *l = NULL;
    if (areas->n_points <= MOST_POINTS &&
        ps_locator_build(&(ps_locator_layer){areas, NULL}, 1, false, &l, &err) == PS_OK &&
        areas->n > 0)
        use_locator(l, areas->box, &areas->n, 1);
    ps_locator_free(l);
    ps_areas_free(areas);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    ps_set_threads(1);
    void *bytes = malloc(size); /* aligned, and no longer than the body */
    void *body = size > 1 ? realloc(bytes, size - 1) : bytes;
    if (body == NULL) abort();
    memcpy(body, data + 1, size - 1);
    if (data[0] == 0 || data[0] == 2)
        as_index(body, size - 1, data[0] == 0 ? 1 : LAYERS);
    else
        as_areas(body, size - 1);
    free(body);
    return 0;
}

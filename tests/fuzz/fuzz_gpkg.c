/* Any bytes as a geometry of a GeoPackage: what is taken for plain is a polygon or
 * multipolygon of the same size, little-endian throughout, which every reader of ours can
 * read, and which is taken over as it stands.
 *
 * The system is that of the head, so that few bytes lead far.
 */
#include <stdlib.h>
#include <string.h>

#include "geo/layer_gpkg.h"
#include "geo/validity.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int32_t system_of(const uint8_t *data, size_t size) {
    uint32_t id = 0;
    if (size < 8) return 0;
    for (int i = 0; i < 4; i++)
        id |= (uint32_t)data[4 + i] << ((data[3] & 1) != 0 ? 8 * i : 24 - 8 * i);
    return (int32_t)id;
}

static void check_polygon(const unsigned char *wkb, size_t n) {
    ps_error err;
    ps_validity *room = NULL;
    ps_areas_builder *b = NULL;
    bool certain;
    unsigned char *again = malloc(n);
    if (again == NULL || !ps_gpkg_polygon(wkb, n, again) || memcmp(wkb, again, n) != 0)
        abort();
    free(again);
    if (ps_validity_open(&room, &err) != PS_OK ||
        ps_validity_certain(room, wkb, n, &certain, &err) != PS_OK)
        abort();
    ps_validity_close(room);
    if (ps_areas_builder_create(&b, &err) != PS_OK ||
        ps_areas_builder_area(b, ps_str_of("A"), ps_str_of(NULL), &err) != PS_OK)
        abort();
    /* a coordinate that is no number is refused, but then for that alone */
    if (ps_shape_read(wkb, n, b, &err) != PS_OK &&
        (certain || strstr(err.text, "finite") == NULL))
        abort();
    ps_areas_builder_free(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const size_t head = ps_gpkg_head(data, size, system_of(data, size));
    if (head == 0) return 0;
    if (head >= size) abort();
    const size_t n = size - head;
    unsigned char *wkb = malloc(n);
    if (wkb == NULL) abort();
    if (ps_gpkg_polygon(data + head, n, wkb)) check_polygon(wkb, n);
    free(wkb);
    return 0;
}

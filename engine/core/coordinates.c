#include "engine/core/coordinates_loop.h"

bool ps_coordinates_read_plain(size_t n, const ps_str *text, size_t stride, double *out) {
    read_all(n, text, stride, out);
    return true;
}

void ps_coordinates_read(size_t n, const ps_str *text, size_t stride, double *out) {
    if (!ps_coordinates_read_avx512(n, text, stride, out) &&
        !ps_coordinates_read_avx2(n, text, stride, out))
        ps_coordinates_read_plain(n, text, stride, out);
}

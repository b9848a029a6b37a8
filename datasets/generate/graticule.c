#include "datasets/generate/graticule.h"

#include <math.h>

static const double pi = 3.14159265358979323846;

/* |angle| below pi / 2: the series is exact to double precision there. */
static double series(double angle, double first, int k) {
    double term = first, sum = first;
    for (; k < 40; k += 2) {
        term *= -angle * angle / ((k + 1) * (k + 2));
        sum += term;
    }
    return sum;
}

static double sine(double angle) {
    return series(angle, angle, 1);
}

static double cosine(double angle) {
    return series(angle, 1, 0);
}

/* The angle whose tangent is y / x, for x > 0. */
static double arc(double y, double x) {
    double r = sqrt(x * x + y * y), angle = y / (r + x);
    for (int i = 0; i < 20; i++) angle += (y * cosine(angle) - x * sine(angle)) / r;
    return angle;
}

void ps_graticule(int32_t easting, int32_t northing, int32_t *longitude,
                  int32_t *latitude) {
    const double a = 6377563.396, b = 6356256.909, f0 = 0.9996012717;
    const double lat0 = 49 * pi / 180, lon0 = -2 * pi / 180, e0 = 400000, n0 = -100000;
    const double e2 = (a * a - b * b) / (a * a), n = (a - b) / (a + b);

    double lat = lat0, m = 0;
    for (int i = 0; i < 12; i++) {
        lat += (northing - n0 - m) / (a * f0);
        double d = lat - lat0, s = lat + lat0;
        m = b * f0 *
            ((1 + n + 5 * n * n / 4 + 5 * n * n * n / 4) * d -
             (3 * n + 3 * n * n + 21 * n * n * n / 8) * sine(d) * cosine(s) +
             (15 * n * n / 8 + 15 * n * n * n / 8) * sine(2 * d) * cosine(2 * s) -
             35 * n * n * n / 24 * sine(3 * d) * cosine(3 * s));
    }
    double sin_lat = sine(lat), cos_lat = cosine(lat), t = sin_lat / cos_lat, t2 = t * t;
    double w = 1 - e2 * sin_lat * sin_lat;
    double nu = a * f0 / sqrt(w), rho = nu * (1 - e2) / w, eta2 = nu / rho - 1;
    double e = easting - e0, q = e / nu, q2 = q * q;
    double d7 = t * nu / (2 * rho), sec = 1 / cos_lat;
    double d8 = d7 * (5 + 3 * t2 + eta2 - 9 * t2 * eta2) / 12;
    double d9 = d7 * (61 + 90 * t2 + 45 * t2 * t2) / 360;
    double d11 = (nu / rho + 2 * t2) / 6;
    double d12 = (5 + 28 * t2 + 24 * t2 * t2) / 120;
    double d13 = (61 + 662 * t2 + 1320 * t2 * t2 + 720 * t2 * t2 * t2) / 5040;
    double phi = lat - q2 * (d7 - q2 * (d8 - q2 * d9));
    double lambda = lon0 + sec * q * (1 - q2 * (d11 - q2 * (d12 - q2 * d13)));

    /* to earth-centred coordinates, shifted, and back */
    double sp = sine(phi), cp = cosine(phi), v = a / sqrt(1 - e2 * sp * sp);
    double x = v * cp * cosine(lambda), y = v * cp * sine(lambda), z = (1 - e2) * v * sp;
    const double second = pi / 180 / 3600;
    const double rx = 0.15 * second, ry = 0.247 * second, rz = 0.842 * second;
    const double s = 1 - 20.489e-6;
    double gx = 446.448 + s * (x - rz * y + ry * z);
    double gy = -125.157 + s * (rz * x + y - rx * z);
    double gz = 542.06 + s * (-ry * x + rx * y + z);
    const double wa = 6378137, wf = 1 / 298.257223563, we2 = wf * (2 - wf);
    double p = sqrt(gx * gx + gy * gy);
    double out = arc(gz, p * (1 - we2));
    for (int i = 0; i < 12; i++) {
        double so = sine(out);
        out = arc(gz + we2 * wa / sqrt(1 - we2 * so * so) * so, p);
    }
    *longitude = (int32_t)floor(arc(gy, gx) * 180 / pi * 1e6 + 0.5);
    *latitude = (int32_t)floor(out * 180 / pi * 1e6 + 0.5);
}

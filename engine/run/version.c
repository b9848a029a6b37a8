/* Each library is asked in the one file that includes its header; here the answers are
 * put together, once. */
#include "engine/run/version.h"

#include <pthread.h>
#include <string.h>

#include "engine/core/digest.h"
#include "engine/core/source.h"
#include "engine/run/yaml.h"
#include "geo/crs.h"
#include "geo/layer.h"
#include "geo/overlay.h"
#include "indicators/disclose.h"
#include "indicators/distribution.h"

static ps_version list[10];
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* What an answer says from its first digit on: "GDAL 3.6.2" is "3.6.2". */
static const char *number_of(const char *answer) {
    const char *digit = strpbrk(answer, "0123456789");
    return digit != NULL ? digit : answer;
}

static void fill(void) {
    list[0] = (ps_version){"GDAL", number_of(ps_layer_gdal_version())};
    list[1] = (ps_version){"GEOS", number_of(ps_overlay_geos_version())};
    list[2] = (ps_version){"PROJ", number_of(ps_crs_proj_version())};
    list[3] = (ps_version){"libcyaml", cyaml_version_str};
    list[4] = (ps_version){"GSL", ps_distribution_version()};
    list[5] = (ps_version){"libzip", ps_source_zip_version()};
    list[6] = (ps_version){"zlib", ps_source_zlib_version()};
    list[7] = (ps_version){"OpenSSL", ps_digest_version()};
    list[8] = (ps_version){"GLPK", ps_bounds_version()};
    list[9] = (ps_version){"libdeflate", ps_source_deflate_version()};
}

size_t ps_version_list(const ps_version **out) {
    pthread_once(&once, fill);
    *out = list;
    return sizeof list / sizeof *list;
}

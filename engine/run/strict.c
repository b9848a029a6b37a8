#include "engine/run/strict.h"

ps_status ps_strict_layer(const ps_layer_report *report, ps_geometry_policy policy,
                          const char *name, ps_error *err) {
    if (policy != PS_GEOMETRY_REPAIR || report->skipped == 0) return PS_OK;
    return ps_fail(
        err, PS_GATE,
        "%s: %lld features have no polygon that could be repaired (%s); mend the "
        "layer, choose to skip them, or run without --strict",
        name, (long long)report->skipped, report->examples > 0 ? report->example[0] : "");
}

ps_status ps_strict_rows(const ps_points *points, ps_error *err) {
    for (size_t s = 0; s < ps_points_sources(points); s++) {
        const ps_rows *rows = ps_points_rows(points, s);
        if (rows->invalid == 0) continue;
        return ps_fail(err, PS_GATE,
                       "%s: %lld invalid rows (row %s: %s: \"%s\"); mend the file or run "
                       "without --strict",
                       ps_points_source_name(points, s), (long long)rows->invalid,
                       ps_points_row_text(points, s, rows->example[0].row).text,
                       ps_cause_text(rows->example[0].cause), rows->example[0].seen);
    }
    return PS_OK;
}

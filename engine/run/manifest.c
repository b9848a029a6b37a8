#include "engine/run/manifest.h"

#include <string.h>

#include "engine/run/version.h"

void ps_accounting_lines(const ps_point_counts *count, size_t geography,
                         const char *prefix, ps_output *out) {
    const ps_points *points = count->points;
    for (size_t s = 0; s < ps_points_sources(points); s++) {
        const ps_rows *r = ps_points_rows(points, s);
        const ps_matches *m = &count->geography[geography].matches[s];
        ps_output_printf(
            out,
            "%s%s: %lld read = %lld matched + %lld outside + %lld unlocated + %lld "
            "invalid + %lld duplicate + %lld filtered\n",
            prefix, ps_points_source_name(points, s), (long long)r->read,
            (long long)m->matched, (long long)m->outside, (long long)r->unlocated,
            (long long)r->invalid, (long long)r->duplicate, (long long)r->filtered);
        for (int c = 0; c < PS_CAUSES; c++)
            if (r->by_cause[c] > 0)
                ps_output_printf(out, "  invalid: %lld %s\n", (long long)r->by_cause[c],
                                 ps_cause_text((ps_cause)c));
        for (int e = 0; e < r->examples; e++)
            ps_output_printf(out, "    row %s: %s: \"%s\"\n",
                             ps_points_row_text(points, s, r->example[e].row).text,
                             ps_cause_text(r->example[e].cause), r->example[e].seen);
        if (m->ties > 0)
            ps_output_printf(
                out,
                "  ties: %lld on a shared edge or in overlapping areas, given "
                "to the lowest code\n",
                (long long)m->ties);
    }
}

void ps_manifest_versions(ps_json *json) {
    const ps_version *list;
    size_t n = ps_version_list(&list);
    ps_json_key(json, "versions");
    ps_json_object(json);
    ps_json_member_text(json, "placestat", PS_VERSION);
    for (size_t i = 0; i < n; i++)
        ps_json_member_text(json, list[i].name, list[i].version);
    ps_json_end_object(json);
}

void ps_manifest_file(ps_json *json, const ps_input *input) {
    ps_json_member_text(json, "name", input->name);
    ps_json_member_int(json, "bytes", input->bytes);
    ps_json_member_text(json, "sha256", input->sha256);
}

void ps_manifest_fates(ps_json *json, const ps_rows *r) {
    ps_json_member_int(json, "read", r->read);
    ps_json_member_int(json, "located", r->located);
    ps_json_member_int(json, "unlocated", r->unlocated);
    ps_json_member_int(json, "invalid", r->invalid);
    ps_json_member_int(json, "duplicate", r->duplicate);
    ps_json_member_int(json, "filtered", r->filtered);
}

static void write_rows(ps_json *json, const ps_point_counts *count, size_t source,
                       const char *const *ids) {
    const ps_rows *r = ps_points_rows(count->points, source);
    ps_json_key(json, "rows");
    ps_json_object(json);
    ps_manifest_fates(json, r);
    if (r->invalid > 0) {
        ps_json_key(json, "invalid_by_cause");
        ps_json_object(json);
        for (int c = 0; c < PS_CAUSES; c++)
            if (r->by_cause[c] > 0)
                ps_json_member_int(json, ps_cause_text((ps_cause)c), r->by_cause[c]);
        ps_json_end_object(json);
    }
    ps_json_key(json, "areas");
    ps_json_object(json);
    for (size_t g = 0; g < count->n_geographies; g++) {
        const ps_matches *m = &count->geography[g].matches[source];
        ps_json_key(json, ids[g]);
        ps_json_object(json);
        ps_json_member_int(json, "matched", m->matched);
        ps_json_member_int(json, "outside", m->outside);
        ps_json_member_int(json, "ties", m->ties);
        if (ps_points_spec_of(count->points)->count != NULL) {
            ps_json_member_int(json, "incidents", m->incidents);
            ps_json_member_int(json, "rows_without_count", m->unknown);
        }
        ps_json_end_object(json);
    }
    ps_json_end_object(json);
    ps_json_end_object(json);
}

static bool write_counted(ps_json *json, const ps_input *input,
                          const ps_point_counts *counts, const char *const *ids) {
    bool any = false;
    for (size_t s = 0; s < ps_points_sources(counts->points); s++) {
        if (strcmp(ps_points_source_path(counts->points, s), input->path) != 0) continue;
        any = true;
        ps_json_object(json);
        ps_json_member_text(json, "kind", input->kind);
        ps_json_member_text(json, "data", ps_points_spec_of(counts->points)->id);
        ps_json_member_text(json, "source", ps_points_source_name(counts->points, s));
        ps_manifest_file(json, input);
        ps_json_member_text(json, "encoding",
                            ps_points_source_encoding(counts->points, s));
        if (ids != NULL) write_rows(json, counts, s, ids);
        ps_json_end_object(json);
    }
    return any;
}

void ps_manifest_inputs(ps_json *json, const ps_inputs *inputs,
                        const ps_point_counts *const *counts, size_t n_counts,
                        const char *const *const *ids) {
    ps_json_key(json, "inputs");
    ps_json_array(json);
    for (size_t i = 0; i < ps_inputs_size(inputs); i++) {
        const ps_input *input = ps_inputs_get(inputs, i);
        bool counted = false;
        for (size_t c = 0; c < n_counts; c++)
            counted |= write_counted(json, input, counts[c], ids[c]);
        if (counted) continue;
        ps_json_object(json);
        ps_json_member_text(json, "kind", input->kind);
        ps_manifest_file(json, input);
        ps_json_end_object(json);
    }
    ps_json_end_array(json);
}

void ps_manifest_used(ps_json *json, const ps_operation_used *used) {
    ps_json_member_text(json, "operation", used->name);
    ps_json_key(json, "accuracy_m");
    if (used->accuracy < 0)
        ps_json_text(json, NULL);
    else
        ps_json_real(json, used->accuracy);
    ps_json_member_text(json, "grid", used->grid);
    ps_json_member_text(json, "missing_grid", used->missing_grid);
}

void ps_manifest_operation(ps_json *json, const char *geography,
                           const ps_operation_used *used) {
    ps_json_object(json);
    ps_json_member_text(json, "areas", geography);
    ps_json_member_text(json, "areas_crs", used->areas_crs);
    ps_json_member_text(json, "points_crs", used->points_crs);
    ps_manifest_used(json, used);
    ps_json_end_object(json);
}

void ps_manifest_layer(ps_json *json, const ps_layer_report *report) {
    ps_json_member_text(json, "driver", report->driver);
    ps_json_member_text(json, "layer", report->layer);
    ps_json_member_int(json, "features", report->features);
    ps_json_member_int(json, "null_geometry", report->null_geometry);
    ps_json_member_int(json, "empty_geometry", report->empty_geometry);
    ps_json_member_int(json, "not_polygon", report->not_polygon);
    ps_json_member_int(json, "invalid_geometry", report->invalid_geometry);
    ps_json_member_int(json, "repaired", report->repaired);
    ps_json_member_int(json, "skipped", report->skipped);
    if (report->examples == 0) return;
    ps_json_key(json, "examples");
    ps_json_array(json);
    for (int e = 0; e < report->examples; e++) ps_json_text(json, report->example[e]);
    ps_json_end_array(json);
}

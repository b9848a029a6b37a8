#include "datasets/generate/groups.h"

/* The wards with most deprivation a head; equal ones by code. */
static ps_status write_targets(const ps_world *w, ps_error *err) {
    int64_t need[PS_LAND_WARDS] = {0}, people[PS_LAND_WARDS] = {0};
    for (int l = 0; l < PS_LAND_LSOAS; l++) {
        need[w->land->ward[l]] += (int64_t)w->people->all[l] * w->people->deprived[l];
        people[w->land->ward[l]] += w->people->all[l];
    }
    FILE *file;
    PS_TRY(ps_file_begin(w->folder, "target-wards.csv",
                         "ward_code,ward_name,group_code,group_name", &file, err));
    for (int a = 0; a < PS_LAND_WARDS; a++) {
        int before = 0;
        for (int b = 0; b < PS_LAND_WARDS; b++) {
            int64_t more = need[b] * people[a] - need[a] * people[b];
            before += more > 0 || (more == 0 && b < a);
        }
        if (before >= PS_GROUPS_TARGETS) continue;
        fprintf(file, "%s,%s,ZT01,Target wards\n", w->land->ward_code[a],
                w->land->ward_name[a]);
    }
    return ps_file_finish("target-wards.csv", file, err);
}

static ps_status write_centres(const ps_world *w, ps_error *err) {
    FILE *file;
    PS_TRY(ps_file_begin(w->folder, "town-centres.csv", "lsoa_code,zone_code,zone_name",
                         &file, err));
    for (int l = 0; l < PS_LAND_LSOAS; l++) {
        bool centre = w->land->urban[l] > 800;
        fprintf(file, "%s,%s\n", w->land->lsoa_code[l],
                centre ? "ZC01,Town centres" : "ZC02,Where people live");
    }
    return ps_file_finish("town-centres.csv", file, err);
}

/* The squares of distances decide, in units of ten metres. */
static int64_t apart(const ps_land *land, int a, int b) {
    int64_t dx = (land->centre_x[a] - land->centre_x[b]) / 10;
    int64_t dy = (land->centre_y[a] - land->centre_y[b]) / 10;
    return dx * dx + dy * dy;
}

/* Seats far from each other: each next one is the LSOA furthest from those before. */
static void set_seats(const ps_land *land, int seat[], int n) {
    seat[0] = 0;
    for (int k = 1; k < n; k++) {
        int64_t most = -1;
        for (int l = 0; l < PS_LAND_LSOAS; l++) {
            int64_t least = INT64_MAX;
            for (int i = 0; i < k; i++) {
                int64_t d = apart(land, l, seat[i]);
                if (d < least) least = d;
            }
            if (least > most) {
                most = least;
                seat[k] = l;
            }
        }
    }
}

static void nearest_two(const ps_land *land, const int seat[], int n, int l, int out[2]) {
    out[0] = 0;
    out[1] = PS_NONE;
    for (int k = 1; k < n; k++) {
        int64_t d = apart(land, l, seat[k]);
        if (d < apart(land, l, seat[out[0]])) {
            out[1] = out[0];
            out[0] = k;
        } else if (out[1] < 0 || d < apart(land, l, seat[out[1]])) {
            out[1] = k;
        }
    }
}

/* Practices of the next cluster have patients here when it is not much further. */
static ps_status write_clusters(const ps_world *w, ps_error *err) {
    int seat[PS_GROUPS_CLUSTERS];
    set_seats(w->land, seat, PS_GROUPS_CLUSTERS);
    FILE *file;
    PS_TRY(ps_file_begin(w->folder, "clusters.csv",
                         "lsoa_code,cluster_code,cluster_name,share", &file, err));
    for (int l = 0; l < PS_LAND_LSOAS; l++) {
        int k[2];
        nearest_two(w->land, seat, PS_GROUPS_CLUSTERS, l, k);
        int64_t near = apart(w->land, l, seat[k[0]]), far = apart(w->land, l, seat[k[1]]);
        /* hundredths: half where both are equally far, none from twice the square on */
        int other = far < 2 * near ? (int)(50 * (2 * near - far) / near) : 0;
        for (int i = 0; i < 2; i++) {
            int share = i == 0 ? 100 - other : other;
            if (share == 0) continue;
            fprintf(file, "%s,ZP%02d,Cluster %d,%d.%02d\n", w->land->lsoa_code[l],
                    k[i] + 1, k[i] + 1, share / 100, share % 100);
        }
    }
    return ps_file_finish("clusters.csv", file, err);
}

static ps_status write_committees(const ps_world *w, ps_error *err) {
    static const char *const names[PS_GROUPS_COMMITTEES] = {"First", "Second", "Third",
                                                            "Fourth", "Fifth"};
    int seat[PS_GROUPS_COMMITTEES];
    set_seats(w->land, seat, PS_GROUPS_COMMITTEES);
    FILE *file;
    PS_TRY(ps_file_begin(w->folder, "committees.csv",
                         "ward_code,ward_name,committee_code,committee_name", &file,
                         err));
    for (int a = 0; a < PS_LAND_WARDS; a++) {
        int first = 0, k[2];
        while (w->land->ward[first] != a) first++;
        nearest_two(w->land, seat, PS_GROUPS_COMMITTEES, first, k);
        fprintf(file, "%s,%s,ZK%02d,%s\n", w->land->ward_code[a], w->land->ward_name[a],
                k[0] + 1, names[k[0]]);
    }
    return ps_file_finish("committees.csv", file, err);
}

ps_status ps_groups_write(const ps_world *world, ps_error *err) {
    PS_TRY(write_targets(world, err));
    PS_TRY(write_centres(world, err));
    PS_TRY(write_clusters(world, err));
    return write_committees(world, err);
}

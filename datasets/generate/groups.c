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
        fprintf(file, "%s,%s,ZU01,Target wards\n", w->land->ward_code[a],
                w->land->ward_name[a]);
    }
    return ps_file_finish("target-wards.csv", file, err);
}

static ps_status write_zones(const ps_world *w, ps_error *err) {
    FILE *file;
    PS_TRY(ps_file_begin(w->folder, "zones.csv", "lsoa_code,zone_code,zone_name", &file,
                         err));
    for (int l = 0; l < PS_LAND_LSOAS; l++) {
        bool centre = w->land->urban[l] > 800;
        fprintf(file, "%s,%s\n", w->land->lsoa_code[l],
                centre ? "town-centre,Town centres" : "elsewhere,Where people live");
    }
    return ps_file_finish("zones.csv", file, err);
}

static const char *const estate_names[PS_GROUPS_ESTATES - PS_LAND_PRIORITIES] = {
    "Moor Top", "Tannery Close", "Lock Side", "Far Croft"};

static bool in_priority(const ps_land *land, int l) {
    for (int p = 0; p < PS_LAND_PRIORITIES; p++) {
        for (int i = 0; i < PS_LAND_PRIORITY_MAX && land->priority[p][i] >= 0; i++) {
            if (land->priority[p][i] == l) return true;
        }
    }
    return false;
}

int ps_groups_estate(const ps_world *w, int estate, int lsoa[PS_LAND_PRIORITY_MAX]) {
    int n = 0, skip = estate - PS_LAND_PRIORITIES;
    if (skip < 0) {
        const int *member = w->land->priority[estate];
        while (n < PS_LAND_PRIORITY_MAX && member[n] >= 0) {
            lsoa[n] = member[n];
            n++;
        }
        return n;
    }
    /* single LSOAs of the deprived fifth */
    for (int l = 0; l < PS_LAND_LSOAS; l++) {
        if (w->people->rank[0][l] * 5 > PS_PEOPLE_NATION || in_priority(w->land, l))
            continue;
        if (skip-- == 0) lsoa[n++] = l;
    }
    return n;
}

/* The first n estates, as codes of this letter. */
static ps_status write_estates(const ps_world *w, const char *name, const char *header,
                               char letter, int n, ps_error *err) {
    FILE *file;
    PS_TRY(ps_file_begin(w->folder, name, header, &file, err));
    for (int e = 0; e < n; e++) {
        int lsoa[PS_LAND_PRIORITY_MAX], members = ps_groups_estate(w, e, lsoa);
        for (int i = 0; i < members; i++) {
            fprintf(file, "%s,Z%c%02d,%s\n", w->land->lsoa_code[lsoa[i]], letter, e + 1,
                    e < PS_LAND_PRIORITIES ? w->land->priority_name[e]
                                           : estate_names[e - PS_LAND_PRIORITIES]);
        }
    }
    return ps_file_finish(name, file, err);
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
            fprintf(file, "%s,ZH%02d,Cluster %d,%d.%02d\n", w->land->lsoa_code[l],
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
    PS_TRY(ps_file_begin(
        w->folder, "committees.csv",
        "ward_code,ward_name,committee_code,committee_name,wedge_code,wedge_name", &file,
        err));
    for (int a = 0; a < PS_LAND_WARDS; a++) {
        int first = 0, k[2];
        while (w->land->ward[first] != a) first++;
        nearest_two(w->land, seat, PS_GROUPS_COMMITTEES, first, k);
        fprintf(file, "%s,%s,ZK%02d,%s,%s\n", w->land->ward_code[a],
                w->land->ward_name[a], k[0] + 1, names[k[0]],
                k[0] < 3 ? "ZY01,Upper wedge" : "ZY02,Lower wedge");
    }
    return ps_file_finish("committees.csv", file, err);
}

ps_status ps_groups_write(const ps_world *world, ps_error *err) {
    PS_TRY(write_targets(world, err));
    PS_TRY(write_zones(world, err));
    PS_TRY(write_clusters(world, err));
    PS_TRY(write_estates(world, "estates.csv", "lsoa_code,estate_code,estate_name", 'E',
                         PS_GROUPS_ESTATES, err));
    PS_TRY(write_estates(world, "neighbourhoods.csv",
                         "lsoa_code,neighbourhood_code,neighbourhood_name", 'N',
                         PS_GROUPS_NEIGHBOURHOODS, err));
    return write_committees(world, err);
}

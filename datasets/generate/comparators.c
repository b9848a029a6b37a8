#include "datasets/generate/comparators.h"

enum { PERIODS = 4 };

static const char *const periods[PERIODS] = {"2019/20", "2020/21", "2021/22",
                                             "12m@2022-09"};

typedef enum comparator { NATION, REGION, SIMILAR, COMPARATORS } comparator;

static const struct {
    const char *code, *name;
    int64_t people;
} areas[COMPARATORS] = {
    {"ZN", "Nation", 56550000},
    {"ZR", "Region", 2330000},
    {"ZS", "Most similar areas", 4120000},
};

/* Counts a 1,000,000 residents in each period. */
static const struct {
    const char *measure;
    int rate[COMPARATORS][PERIODS];
} counts[] = {
    {"total-crime",
     {{89500, 77400, 84800, 86300},
      {98100, 86200, 94700, 96600},
      {92300, 80600, 88900, 90400}}},
    {"violence-with-injury",
     {{8950, 7880, 9120, 9260}, {10240, 9310, 10680, 10850}, {9430, 8410, 9750, 9890}}},
    {"vehicle-offences",
     {{7650, 5540, 5760, 5980}, {7480, 5390, 5610, 5870}, {7110, 5230, 5490, 5680}}},
    {"residential-burglary",
     {{4630, 3150, 2890, 2810}, {5320, 3690, 3410, 3330}, {4980, 3470, 3220, 3150}}},
    {"fly-tipping",
     {{17300, 20100, 19300, 18600},
      {15800, 18600, 17900, 17300},
      {22400, 25900, 24100, 23200}}},
    {"killed-seriously-injured",
     {{520, 405, 475, 488}, {590, 470, 535, 548}, {560, 450, 510, 521}}},
    {"first-time-entrants-cjs",
     {{196, 152, 145, 141}, {205, 163, 152, 149}, {214, 171, 160, 156}}},
};

/* Published with a base: per cent in tenths, and respondents. */
static const struct {
    const char *measure;
    int percent[COMPARATORS][PERIODS], base[COMPARATORS];
} surveys[] = {
    {"satisfied-local-area",
     {{780, 795, 784, 779}, {769, 781, 772, 766}, {764, 775, 768, 763}},
     {10200, 1150, 2400}},
    {"feel-safe-local-area",
     {{802, 810, 797, 790}, {791, 799, 786, 781}, {788, 795, 781, 776}},
     {10200, 1150, 2400}},
    {"backgrounds-get-along",
     {{620, 640, 615, 611}, {605, 621, 600, 597}, {601, 610, 594, 590}},
     {10200, 1150, 2400}},
};

static void print_row(FILE *file, const char *measure, comparator c, int p,
                      const char *value, int64_t numerator, int64_t denominator) {
    fprintf(file, "%s,%s,%s,%s,%s,%lld,%lld\n", measure, areas[c].code, areas[c].name,
            periods[p], value, (long long)numerator, (long long)denominator);
}

ps_status ps_comparators_write(const ps_world *world, ps_error *err) {
    FILE *file;
    char value[32];
    PS_TRY(ps_file_begin(world->folder, "comparators.csv",
                         "measure,comparator,comparator_name,period,value,numerator,"
                         "denominator",
                         &file, err));
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        for (int c = 0; c < COMPARATORS; c++) {
            for (int p = 0; p < PERIODS; p++) {
                int64_t rate = counts[i].rate[c][p];
                snprintf(value, sizeof value, "%d.%03d", (int)(rate / 1000),
                         (int)(rate % 1000));
                print_row(file, counts[i].measure, (comparator)c, p, value,
                          areas[c].people * rate / 1000000, areas[c].people);
            }
        }
    }
    for (size_t i = 0; i < sizeof surveys / sizeof *surveys; i++) {
        for (int c = 0; c < COMPARATORS; c++) {
            for (int p = 0; p < PERIODS; p++) {
                int percent = surveys[i].percent[c][p], base = surveys[i].base[c];
                snprintf(value, sizeof value, "%d.%d", percent / 10, percent % 10);
                print_row(file, surveys[i].measure, (comparator)c, p, value,
                          base * percent / 1000, base);
            }
        }
    }
    return ps_file_finish("comparators.csv", file, err);
}

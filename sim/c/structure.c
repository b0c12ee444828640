/* Structure factors: text and cache (physics 7.1), lookup and interpolation (6.5). */
#include "structure.h"

#include "console.h"
#include "errors.h"
#include "files.h"

#include <ctype.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t at(const Structure *s, int h, int k, int l) {
    return ((size_t)h * (size_t)(s->k_range + 1) + (size_t)k) * (size_t)(s->l_range + 1) + (size_t)l;
}

static size_t grid_size(const Structure *s) {
    return (size_t)(s->h_range + 1) * (size_t)(s->k_range + 1) * (size_t)(s->l_range + 1);
}

static int range(int low, int high) {
    if ((long long)high - low >= 100000)
        fail("Miller indices run from %d to %d; the structure-factor file is damaged", low, high);
    return high - low + 1;
}

static void allocate(Structure *s) {
    s->h_range = range(s->h_min, s->h_max);
    s->k_range = range(s->k_min, s->k_max);
    s->l_range = range(s->l_min, s->l_max);
    s->F = need_memory(grid_size(s), sizeof(double));
}

/* ---- text ---- */

static void widen(int *low, int *high, double value) {
    int n = (int)value;
    *low = n < *low ? n : *low;
    *high = n > *high ? n : *high;
}

static void check_index(double value) {
    if (!(fabs(value) < 1e6))
        fail("the structure-factor file holds the Miller index %g; it is damaged", value);
    if (value != ceil(value - 0.4))
        printf("WARNING: non-integer Miller index %g\n", value);
}

/* First pass: four reals at a time until that fails. */
static void count_entries(Structure *s, FILE *file, const char *name) {
    double h, k, l, F;
    printf("counting entries in %s\n", name);
    s->h_min = s->k_min = s->l_min = INT_MAX;
    s->h_max = s->k_max = s->l_max = INT_MIN;
    while (fscanf(file, "%lg%lg%lg%lg", &h, &k, &l, &F) == 4) {
        check_index(h), check_index(k), check_index(l);
        widen(&s->h_min, &s->h_max, h);
        widen(&s->k_min, &s->k_max, k);
        widen(&s->l_min, &s->l_max, l);
        s->hkls++;
    }
    if (s->hkls == 0)
        fail("the structure-factor file %s holds no entry; it needs lines of h k l F and no header line", name);
}

static void prefill(Structure *s) {
    if (s->default_F == 0.0)
        return;
    printf("initializing to default_F = %g:\n", s->default_F);
    for (int h = 0; h < s->h_range; h++)
        for (int k = 0; k < s->k_range; k++)
            for (int l = 0; l < s->l_range; l++)
                s->F[at(s, h, k, l)] = s->default_F;
    printf("done initializing:\n");
}

static int inside(const Structure *s, int h, int k, int l) {
    return h >= s->h_min && h <= s->h_max && k >= s->k_min && k <= s->k_max && l >= s->l_min && l <= s->l_max;
}

/* Second pass: three integers and a real; an index written 1.0 ends it. */
static void store_entries(Structure *s, FILE *file, const char *name) {
    int h, k, l;
    double F;
    long stored = 0;
    printf("re-reading %s\n", name);
    while (fscanf(file, "%d%d%d%lg", &h, &k, &l, &F) == 4) {
        if (inside(s, h, k, l))
            s->F[at(s, h - s->h_min, k - s->k_min, l - s->l_min)] = F;
        stored++;
    }
    if (stored != s->hkls)
        warn("%s: only the first %ld of %ld entries are used; write the indices as whole numbers, four columns a line",
             name, stored, s->hkls);
}

static void write_cache(const Structure *s, const char *name) {
    FILE *file = fopen(name, "wb");
    printf("writing dump file for next time: %s\n", name);
    if (file == NULL) {
        warn("the structure-factor cache %s cannot be written", name);
        return;
    }
    fprintf(file, "%d %d %d %d %d %d\n\f", s->h_min, s->h_max, s->k_min, s->k_max, s->l_min, s->l_max);
    if (fwrite(s->F, sizeof(double), grid_size(s), file) != grid_size(s) || fclose(file) != 0)
        warn("the structure-factor cache %s could not be written whole; delete it", name);
}

static void read_text(Experiment *e) {
    const char *name = e->options.hkl_file;
    Structure *s = &e->structure;
    FILE *file = fopen(name, "r");
    if (file == NULL)
        fail("the structure-factor file %s cannot be read; check the name and the working directory", name);
    count_entries(s, file, name);
    allocate(s);
    prefill(s);
    rewind(file);
    store_entries(s, file, name);
    fclose(file);
    if (!e->own.no_output)
        write_cache(s, e->options.dump_file);
}

/* ---- cache ---- */

/* Any white space after the numbers is skipped, also where it is the first byte of the data. */
static void read_cache(Experiment *e, FILE *file) {
    Structure *s = &e->structure;
    const char *name = e->options.dump_file;
    printf("reading Fs from %s\n", name);
    if (fscanf(file, "%d%d%d%d%d%d\n\f", &s->h_min, &s->h_max, &s->k_min, &s->k_max, &s->l_min, &s->l_max) != 6)
        fail("the structure-factor cache %s does not begin with six numbers; delete it", name);
    if (s->h_max < s->h_min || s->k_max < s->k_min || s->l_max < s->l_min)
        fail("the structure-factor cache %s has an empty range of indices; delete it", name);
    allocate(s);
    if (fread(s->F, sizeof(double), grid_size(s), file) != grid_size(s))
        warn("the structure-factor cache %s is shorter than its header says; the rest is 0 (white-space bytes at the "
             "start of its data, or a cut file)", name);
    s->hkls = (long)s->h_range * s->k_range * s->l_range;
    warn("no -hkl was given, so structure factors come from %s in this directory; delete it if that is a surprise",
         name);
}

int open_cache(const Experiment *e, FILE **cache) {
    *cache = e->options.hkl_file == NULL && e->quirks ? fopen(e->options.dump_file, "rb") : NULL;
    return *cache != NULL;
}

/* The table is read and never used; a missing or empty one ends the program. */
static void read_stol(const char *name) {
    double *table;
    if (name == NULL)
        return;
    if (read_columns(name, 2, &table) <= 0)
        fail("the table %s cannot be read or is empty; it needs two columns of numbers", name);
    free(table);
}

void load_structure(Experiment *e, FILE *cache) {
    Structure *s = &e->structure;
    s->default_F = e->options.default_F;
    read_stol(e->options.stol_file);
    if (e->options.hkl_file != NULL)
        read_text(e);
    else if (cache != NULL)
        read_cache(e, cache);
    if (cache != NULL)
        fclose(cache);
    if (s->hkls == 0)
        s->interpolate = 0;
}

/* ---- lookup ---- */

static double nearest(const Structure *s, int h0, int k0, int l0) {
    if (s->hkls > 0 && inside(s, h0, k0, l0))
        return s->F[at(s, h0 - s->h_min, k0 - s->k_min, l0 - s->l_min)];
    return s->default_F;
}

/* Four nodes a third-order polynomial goes through, x from the first node. */
static double cubic(const double node[4], const double y[4], double x) {
    double sum = 0.0;
    for (int n = 0; n < 4; n++) {
        double differences = 1.0, spacings = 1.0;
        for (int m = 0; m < 4; m++)
            if (m != n) {
                differences *= x - node[m];
                spacings *= node[n] - node[m];
            }
        sum += differences * y[n] / spacings;
    }
    return sum;
}

static int nodes(double x, double node[4]) {
    int first = (int)floor(x) - 1;
    for (int n = 0; n < 4; n++)
        node[n] = first + n;
    return first;
}

/* Along l for every (h, k), then along k, then along h. */
static double tricubic(const Structure *s, Vec3 hkl) {
    double at_h[4], at_k[4], at_l[4], along_l[4], along_k[4], along_h[4];
    int h = nodes(hkl.x, at_h) - s->h_min, k = nodes(hkl.y, at_k) - s->k_min, l = nodes(hkl.z, at_l) - s->l_min;
    for (int i = 0; i < 4; i++) {
        for (int j = 0; j < 4; j++) {
            for (int m = 0; m < 4; m++)
                along_l[m] = s->F[at(s, h + i, k + j, l + m)];
            along_k[j] = cubic(at_l, along_l, hkl.z);
        }
        along_h[i] = cubic(at_k, along_k, hkl.y);
    }
    return cubic(at_h, along_h, hkl.x);
}

static int axis_in_range(double x, int low, int cells) {
    return !(x - low + 3 > cells || x - 2 < low) && !isnan(x);
}

static int in_range(const Structure *s, Vec3 hkl) {
    return axis_in_range(hkl.x, s->h_min, s->h_range) && axis_in_range(hkl.y, s->k_min, s->k_range) &&
           axis_in_range(hkl.z, s->l_min, s->l_range);
}

static int flag_load(const int *flag) {
    int value;
#ifdef _OPENMP
#pragma omp atomic read
#endif
    value = *flag;
    return value;
}

static void flag_store(int *flag, int value) {
    (void)value;  /* gcc 12 overlooks its use in the atomic write */
#ifdef _OPENMP
#pragma omp atomic write
#endif
    *flag = value;
}

/* The first sample out of range ends interpolation for the rest of the run. */
static void leave_range(Structure *s, int quirks, Vec3 hkl, int h0, int k0, int l0) {
    if (!flag_load(&s->warned)) {
        flag_store(&s->warned, 1);
        console_out_of_range(hkl, h0, k0, l0);
    }
    if (quirks)
        flag_store(&s->interpolate, 0);
}

double structure_factor(Structure *s, int quirks, Vec3 hkl, int h0, int k0, int l0) {
    if (flag_load(&s->interpolate)) {
        if (in_range(s, hkl))
            return tricubic(s, hkl);
        leave_range(s, quirks, hkl, h0, k0, l0);
    }
    return nearest(s, h0, k0, l0);
}

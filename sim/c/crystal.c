/* The unit cell and its orientation: physics 4.1 to 4.4. Lengths in Angstrom until the last step. */
#include "experiment.h"

#include "console.h"
#include "constants.h"
#include "errors.h"
#include "files.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Missing lengths take a, missing angles 90 degrees. */
static void complete_cell(Options *o, Crystal *c) {
    for (int i = 1; i < 3; i++)
        if (o->cell[i] <= 0.0)
            o->cell[i] = o->cell[0];
    for (int i = 3; i < 6; i++)
        if (o->cell[i] <= 0.0)
            o->cell[i] = 90.0;
    c->alpha = o->cell[3] / RTD;
    c->beta = o->cell[4] / RTD;
    c->gamma = o->cell[5] / RTD;
}

static double clamp_sine(double s) {
    return s > 1.0 ? 1.0 : s < -1.0 ? -1.0 : s;
}

static double clamp_cosine(double c) {
    return c * c > 1.0 ? 1.0 : c;
}

static double cell_volume(double a, double b, double c, double alpha, double beta, double gamma) {
    double m = (alpha + beta + gamma) / 2.0;
    double k = fabs(sin(m) * sin(m - alpha) * sin(m - beta) * sin(m - gamma));
    return 2.0 * a * b * c * sqrt(k);
}

/* cos of a reciprocal angle from the three real ones: (cos b cos c - cos a) / (sin b sin c). */
static double reciprocal_cosine(double a, double b, double c) {
    return (cos(b) * cos(c) - cos(a)) / (sin(b) * sin(c));
}

static double positive(double value, const char *name) {
    if (value <= 0.0) {
        warn("the cell gives a reciprocal length %s of %g; it is made positive", name, value);
        value = -value;
    }
    return value;
}

/* The height of c* above the a*b* plane. nanoBragg takes V/(abc) where V* / (a* b* c*) belongs. */
static double c_star_height(const Experiment *e, const double star[3], double V_star, double sin_gamma_star) {
    const Crystal *c = &e->crystal;
    const double *cell = e->options.cell;
    if (!e->quirks)
        return star[2] * V_star / (star[0] * star[1] * star[2] * sin_gamma_star);
    return star[2] * c->V_cell / (cell[0] * cell[1] * cell[2] * sin_gamma_star);
}

/* Physics 4.1: a* along x, b* in the xy plane. */
static void vectors_from_cell(Experiment *e) {
    Crystal *c = &e->crystal;
    const double a = e->options.cell[0], b = e->options.cell[1], length_c = e->options.cell[2];
    double *star = c->length_star;
    c->V_cell = cell_volume(a, b, length_c, c->alpha, c->beta, c->gamma);
    if (c->V_cell <= 0.0)
        c->V_cell = SMALLEST_NORMAL;
    double V_star = 1.0 / c->V_cell;
    star[0] = positive(b * length_c * sin(c->alpha) * V_star, "a*");
    star[1] = positive(length_c * a * sin(c->beta) * V_star, "b*");
    star[2] = positive(a * b * sin(c->gamma) * V_star, "c*");
    double sin_gamma_star = clamp_sine(length_c * V_star / star[0] / star[1]);
    double cos_alpha_star = clamp_cosine(reciprocal_cosine(c->alpha, c->beta, c->gamma));
    double cos_beta_star = clamp_cosine(reciprocal_cosine(c->beta, c->alpha, c->gamma));
    double cos_gamma_star = clamp_cosine(reciprocal_cosine(c->gamma, c->alpha, c->beta));
    c->a_star = vec(star[0], 0.0, 0.0);
    c->b_star = vec(star[1] * cos_gamma_star, star[1] * sin_gamma_star, 0.0);
    c->c_star = vec(star[2] * cos_beta_star,
                    star[2] * (cos_alpha_star - cos_beta_star * cos_gamma_star) / sin_gamma_star,
                    c_star_height(e, star, V_star, sin_gamma_star));
}

/* Nine numbers, row k holds component k of a*, b*, c*. nanoBragg goes on in silence where the file cannot be read,
   with the cell of -cell or with no numbers at all. */
static void read_matrix(const char *name, double m[9]) {
    Bytes bytes;
    char *p, *end;
    int count = 0;
    if (!read_file(name, &bytes))
        fail("the matrix file %s cannot be read; check the name and the working directory", name);
    printf("reading %s\n", name);
    for (p = bytes.data; count < 9; p = end, count++) {
        m[count] = strtod(p, &end);
        if (end == p)
            break;
    }
    free(bytes.data);
    if (count < 9)
        fail("the matrix file %s holds %d numbers and needs nine: three rows, columns a* b* c*", name, count);
}

/* Physics 4.2. */
static void vectors_from_matrix(Experiment *e) {
    Crystal *c = &e->crystal;
    double m[9], factor = 1e-10 / e->beam.lambda0;
    read_matrix(e->options.matrix_file, m);
    c->a_star = vec(m[0], m[3], m[6]);
    c->b_star = vec(m[1], m[4], m[7]);
    c->c_star = vec(m[2], m[5], m[8]);
    console_raw_matrix(e);
    c->a_star = scale(factor, c->a_star);
    c->b_star = scale(factor, c->b_star);
    c->c_star = scale(factor, c->c_star);
    c->length_star[0] = length(c->a_star);
    c->length_star[1] = length(c->b_star);
    c->length_star[2] = length(c->c_star);
    console_corrected_matrix(e);
}

/* Physics 4.3. */
static void apply_misset(Experiment *e) {
    Crystal *c = &e->crystal;
    Options *o = &e->options;
    if (o->misset == MISSET_NONE)
        return;
    if (o->misset == MISSET_RANDOM) {
        long stream = o->misset_seed;
        Mat3 m = e->quirks ? random_rotation(90.0, 0, &stream) : uniform_rotation(&stream);
        o->misset_angles = matrix_to_angles(m);
        console_random_misset(e);
    }
    console_before_misset(e);
    c->a_star = rotate_xyz(c->a_star, o->misset_angles);
    c->b_star = rotate_xyz(c->b_star, o->misset_angles);
    c->c_star = rotate_xyz(c->c_star, o->misset_angles);
    console_after_misset(e);
}

static Vec3 with_length(Vec3 v, double wanted) {
    return scale(wanted / length(v), v);
}

/* Physics 4.4 steps 1 to 3: real-space vectors, with the lengths that -cell asked for. */
static void real_vectors(Experiment *e) {
    Crystal *c = &e->crystal;
    const double *cell = e->options.cell;
    Vec3 ab = cross(c->a_star, c->b_star), bc = cross(c->b_star, c->c_star), ca = cross(c->c_star, c->a_star);
    c->V_star = dot(c->a_star, bc);
    console_crosses(e, ab, bc, ca);
    if (e->options.user_cell) {
        bc = with_length(bc, cell[0] / c->V_cell);
        ca = with_length(ca, cell[1] / c->V_cell);
        ab = with_length(ab, cell[2] / c->V_cell);
        c->V_star = 1.0 / c->V_cell;
    }
    c->V_cell = 1.0 / c->V_star;
    console_before_real(e, ab, bc, ca);
    c->a = scale(c->V_cell, bc);
    c->b = scale(c->V_cell, ca);
    c->c = scale(c->V_cell, ab);
    console_after_real(e);
}

/* Physics 4.4 step 4. */
static void regenerate(Experiment *e) {
    Crystal *c = &e->crystal;
    Vec3 bc = cross(c->b, c->c), ca = cross(c->c, c->a), ab = cross(c->a, c->b);
    console_before_regeneration(e, bc, ca, ab);
    c->a_star = scale(c->V_star, bc);
    c->b_star = scale(c->V_star, ca);
    c->c_star = scale(c->V_star, ab);
    c->length_star[0] = length(c->a_star);
    c->length_star[1] = length(c->b_star);
    c->length_star[2] = length(c->c_star);
    console_after_regeneration(e);
}

void build_crystal(Experiment *e) {
    Crystal *c = &e->crystal;
    if (e->options.user_cell) {
        complete_cell(&e->options, c);
        vectors_from_cell(e);
    }
    if (e->options.matrix_file != NULL)
        vectors_from_matrix(e);
    apply_misset(e);
    real_vectors(e);
    regenerate(e);
    console_cell(e);
    c->a0 = scale(1e-10, c->a);
    c->b0 = scale(1e-10, c->b);
    c->c0 = scale(1e-10, c->c);
    console_metres(e);
}

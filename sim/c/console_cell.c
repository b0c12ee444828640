/* What is printed about cell and orientation, with the TRACE blocks between: physics 7.11, 8.1. */
#include "console.h"

#include "constants.h"
#include "tracing.h"

#include <math.h>
#include <stdio.h>

#define LINE(...) FIRSTBAD_TRACE_LINE(&text_trace, __VA_ARGS__)

static void plain(const char *name, Vec3 v) {
    LINE("TRACE:   %s = [%g, %g, %g]", name, v.x, v.y, v.z);
}

/* "NAME a = [x, y, z] |a| = size UNIT" */
static void with_size(const char *before, const char *name, Vec3 v, double size, const char *unit_name) {
    LINE("TRACE:   %s%s = [%g, %g, %g] |%s| = %g%s", before, name, v.x, v.y, v.z, name, size, unit_name);
}

static void stars(const char *before, const Crystal *c) {
    with_size(before, "a_star", c->a_star, c->length_star[0], "");
    with_size(before, "b_star", c->b_star, c->length_star[1], "");
    with_size(before, "c_star", c->c_star, c->length_star[2], "");
}

static void three(const char *before, const char *const names[3], Vec3 a, Vec3 b, Vec3 c, const char *unit_name) {
    with_size(before, names[0], a, length(a), unit_name);
    with_size(before, names[1], b, length(b), unit_name);
    with_size(before, names[2], c, length(c), unit_name);
}

void console_raw_matrix(const Experiment *e) {
    const Crystal *c = &e->crystal;
    LINE("TRACE: Raw matrix values from file:");
    plain("a_star (raw)", c->a_star);
    plain("b_star (raw)", c->b_star);
    plain("c_star (raw)", c->c_star);
    LINE("TRACE:   lambda0 = %g Angstroms", e->beam.lambda0 * 1e10);
    LINE("TRACE:   scaling factor = 1e-10/lambda0 = %g", 1e-10 / e->beam.lambda0);
}

void console_corrected_matrix(const Experiment *e) {
    LINE("TRACE: After wavelength correction:");
    stars("", &e->crystal);
}

void console_random_misset(const Experiment *e) {
    Vec3 m = e->options.misset_angles;
    printf("random orientation misset angles: %f %f %f deg\n", m.x * RTD, m.y * RTD, m.z * RTD);
}

void console_before_misset(const Experiment *e) {
    Vec3 m = e->options.misset_angles;
    LINE("TRACE: Before misset rotation:");
    stars("", &e->crystal);
    LINE("TRACE:   misset angles = [%g, %g, %g] degrees", m.x * RTD, m.y * RTD, m.z * RTD);
}

void console_after_misset(const Experiment *e) {
    LINE("TRACE: After misset rotation:");
    stars("", &e->crystal);
}

void console_crosses(const Experiment *e, Vec3 ab, Vec3 bc, Vec3 ca) {
    const Crystal *c = &e->crystal;
    LINE("TRACE: Computing cross products of reciprocal vectors:");
    LINE("TRACE:   Input vectors for cross products:");
    plain("  a_star", c->a_star);
    plain("  b_star", c->b_star);
    plain("  c_star", c->c_star);
    LINE("TRACE:   Cross product results:");
    plain("  a_star x b_star", ab);
    plain("  b_star x c_star", bc);
    plain("  c_star x a_star", ca);
    LINE("TRACE: Reciprocal cell volume calculation:");
    LINE("TRACE:   V_star = a_star . (b_star x c_star) = %g", c->V_star);
}

void console_before_real(const Experiment *e, Vec3 ab, Vec3 bc, Vec3 ca) {
    const Crystal *c = &e->crystal;
    LINE("TRACE: Direct-space cell volume: V_cell = 1/V_star = %g", c->V_cell);
    LINE("TRACE: Before computing real-space vectors:");
    plain("b_star_cross_c_star", bc);
    plain("c_star_cross_a_star", ca);
    plain("a_star_cross_b_star", ab);
    LINE("TRACE:   V_cell = %g, V_star = %g", c->V_cell, c->V_star);
}

static const char *const REAL[3] = {"a", "b", "c"};
static const char *const UNROTATED[3] = {"a0", "b0", "c0"};
static const char *const WORKING[3] = {"ap", "bp", "cp"};

void console_after_real(const Experiment *e) {
    const Crystal *c = &e->crystal;
    LINE("TRACE: After computing real-space vectors:");
    three("", REAL, c->a, c->b, c->c, "");
}

void console_before_regeneration(const Experiment *e, Vec3 bc, Vec3 ca, Vec3 ab) {
    LINE("TRACE: Re-generating reciprocal vectors from real-space vectors:");
    stars("Before re-generation: ", &e->crystal);
    plain("Cross products: b_cross_c", bc);
    plain("Cross products: c_cross_a", ca);
    plain("Cross products: a_cross_b", ab);
}

void console_after_regeneration(const Experiment *e) {
    stars("After re-generation: ", &e->crystal);
}

/* ---- angles ---- */

typedef struct Angle {
    double sine, cosine;
} Angle;

static double clamp(double x) {
    return x > 1.0 ? 1.0 : x < -1.0 ? -1.0 : x;
}

static double degrees(Angle angle) {
    return atan2(clamp(angle.sine), clamp(angle.cosine)) * RTD;
}

/* The angle between u and v; its sine from volume and lengths, which exceeds 1 where the cell is not consistent. */
static Angle between(Vec3 u, double size_u, Vec3 v, double size_v, double opposite, double volume) {
    return (Angle){opposite * volume / size_u / size_v, dot(u, v) / size_u / size_v};
}

static void warn_oddball(const Angle star[3]) {
    static const char *const names[3] = {"alpha_star) =", "beta_star)  =", "gamma_star) ="};
    if (star[0].sine <= 1.0 && star[1].sine <= 1.0 && star[2].sine <= 1.0)
        return;
    printf("WARNING: oddball reciprocal cell angles:\n");
    for (int i = 0; i < 3; i++) {
        printf("sin(%s %.25g\n", names[i], star[i].sine);
        printf("cos(%s %.25g\n", names[i], star[i].cosine);
    }
}

static void print_rows(Vec3 a, Vec3 b, Vec3 c) {
    printf("X: %11.8f %11.8f %11.8f\n", a.x, b.x, c.x);
    printf("Y: %11.8f %11.8f %11.8f\n", a.y, b.y, c.y);
    printf("Z: %11.8f %11.8f %11.8f\n", a.z, b.z, c.z);
}

void console_cell(const Experiment *e) {
    const Crystal *c = &e->crystal;
    const double *star = c->length_star;
    double a = length(c->a), b = length(c->b), width = length(c->c);
    Angle real[3] = {between(c->b, b, c->c, width, star[0], c->V_cell), between(c->c, width, c->a, a, star[1], c->V_cell),
                     between(c->a, a, c->b, b, star[2], c->V_cell)};
    Angle recip[3] = {between(c->b_star, star[1], c->c_star, star[2], a, c->V_star),
                      between(c->c_star, star[2], c->a_star, star[0], b, c->V_star),
                      between(c->a_star, star[0], c->b_star, star[1], width, c->V_star)};
    warn_oddball(recip);
    printf("Unit Cell: %g %g %g %g %g %g\n", a, b, width, degrees(real[0]), degrees(real[1]), degrees(real[2]));
    printf("Recp Cell: %g %g %g %g %g %g\n", star[0], star[1], star[2], degrees(recip[0]), degrees(recip[1]),
           degrees(recip[2]));
    printf("volume = %g A^3\n", c->V_cell);
    printf("real-space cell vectors (Angstrom):\n     %-10s  %-10s  %-10s\n", "a", "b", "c");
    print_rows(c->a, c->b, c->c);
    printf("reciprocal-space cell vectors (Angstrom^-1):\n     %-10s  %-10s  %-10s\n", "a_star", "b_star", "c_star");
    print_rows(c->a_star, c->b_star, c->c_star);
}

void console_metres(const Experiment *e) {
    const Crystal *c = &e->crystal;
    LINE("TRACE: Converting real-space vectors from Angstroms to meters:");
    three("Before conversion: ", REAL, c->a, c->b, c->c, " Angstroms");
    three("After conversion: ", REAL, c->a0, c->b0, c->c0, " meters");
    LINE("TRACE: Copying vectors to a0, b0, c0 (phi=0 mosaic=0 reference):");
    three("", UNROTATED, c->a0, c->b0, c->c0, " meters");
    LINE("TRACE: Copying vectors to ap, bp, cp (phi=0 working copy):");
    three("", WORKING, c->a0, c->b0, c->c0, " meters");
}

/* The lattice transform of four crystal shapes: physics 6.4. */
#include "lattice.h"

#include "constants.h"

#include <math.h>

/* sin(N x) / sin x, the sum of N equal phasors. */
static double grating(double x, double N) {
    if (x == 0.0)
        return N;
    return sin(x * N) / sin(x);
}

/* Transform of a sphere: 3 (sin x / x - cos x) / x^2. */
static double sphere(double x) {
    if (x == 0.0)
        return 1.0;
    return 3.0 * (sin(x) / x - cos(x)) / (x * x);
}

/* One axis of a parallelepiped; a single cell contributes no fringe. The full index is used. */
static double axis_factor(double index, int cells) {
    return cells > 1 ? grating(PI * index, (double)cells) : 1.0;
}

static double all_cells(const Crystal *c) {
    return (double)c->Na * (double)c->Nb * (double)c->Nc;
}

static Vec3 off_peak(const Sample *x) {
    return vec(x->hkl.x - x->h0, x->hkl.y - x->k0, x->hkl.z - x->l0);
}

/* Squared distance from the reciprocal-lattice point in units of its width along each axis. */
static double peak_distance_squared(const Crystal *c, Vec3 d) {
    return (d.x * d.x * c->Na * c->Na + d.y * d.y * c->Nb * c->Nb) + d.z * d.z * c->Nc * c->Nc;
}

/* The same in 1/Angstrom, with the product of all three cell counts as width on every axis. */
static double joint_distance_squared(const Crystal *c, Vec3 d) {
    Vec3 D = vec((d.x * c->a_star.x + d.y * c->b_star.x) + d.z * c->c_star.x,
                 (d.x * c->a_star.y + d.y * c->b_star.y) + d.z * c->c_star.y,
                 (d.x * c->a_star.z + d.y * c->b_star.z) + d.z * c->c_star.z);
    return ((D.x * D.x + D.y * D.y) + D.z * D.z) * c->Na * c->Na * c->Nb * c->Nb * c->Nc * c->Nc;
}

static double width_squared(const Experiment *e, const Sample *x) {
    const Crystal *c = &e->crystal;
    return e->quirks ? joint_distance_squared(c, off_peak(x)) : peak_distance_squared(c, off_peak(x));
}

static double square_amplitude(const Crystal *c, Sample *x) {
    x->F_latt_a = axis_factor(x->hkl.x, c->Na);
    x->F_latt_b = axis_factor(x->hkl.y, c->Nb);
    x->F_latt_c = axis_factor(x->hkl.z, c->Nc);
    return x->F_latt_a * x->F_latt_b * x->F_latt_c;
}

static double round_amplitude(const Crystal *c, const Sample *x) {
    double rho_squared = peak_distance_squared(c, off_peak(x));
    return all_cells(c) * SPHERE_IN_CUBE * sphere(PI * sqrt(rho_squared * c->fudge));
}

static double gauss_amplitude(const Experiment *e, const Sample *x) {
    return all_cells(&e->crystal) * exp(-(width_squared(e, x) / GAUSS_WIDTH * e->crystal.fudge));
}

static double tophat_amplitude(const Experiment *e, const Sample *x) {
    return width_squared(e, x) * e->crystal.fudge < TOPHAT_LIMIT ? all_cells(&e->crystal) : 0.0;
}

void lattice_amplitude(const Experiment *e, Sample *x) {
    switch (e->crystal.shape) {
    case SQUARE: x->F_latt = square_amplitude(&e->crystal, x); break;
    case ROUND: x->F_latt = round_amplitude(&e->crystal, x); break;
    case GAUSS: x->F_latt = gauss_amplitude(e, x); break;
    case TOPHAT: x->F_latt = tophat_amplitude(e, x); break;
    }
}

/* One pixel: the loop nest below the pixel, physics 6.1 to 6.6. */
#include "kernel.h"

#include "constants.h"
#include "factors.h"
#include "lattice.h"
#include "structure.h"
#include "tracing.h"

#include <math.h>

Carried carried_start(const Experiment *e) {
    const Crystal *c = &e->crystal;
    return (Carried){c->a0, c->b0, c->c0, e->beam.polar, 0.0};
}

/* ---- where the subpixel is ---- */

/* F fdet + S sdet + O odet + pix0 */
static Vec3 flat_position(const Detector *d, double F, double S, double O) {
    return vec(((F * d->fdet.x + S * d->sdet.x) + O * d->odet.x) + d->origin.x,
               ((F * d->fdet.y + S * d->sdet.y) + O * d->odet.y) + d->origin.y,
               ((F * d->fdet.z + S * d->sdet.z) + O * d->odet.z) + d->origin.z);
}

/* All pixels at one distance; lab y and z of the flat position serve as arc lengths. */
static Vec3 curved_position(const Experiment *e, Vec3 flat) {
    const Detector *d = &e->detector;
    Vec3 v = scale(d->distance, e->beam.direction);
    v = rotate_axis(v, d->sdet, flat.y / d->distance);
    return rotate_axis(v, d->fdet, flat.z / d->distance);
}

static void place_subpixel(const Experiment *e, Sample *x, int layer, int u, int v) {
    const Detector *d = &e->detector;
    double size = d->pixel / e->oversample;
    x->Fdet = size * ((double)x->fast * e->oversample + u) + size / 2.0;
    x->Sdet = size * ((double)x->slow * e->oversample + v) + size / 2.0;
    x->Odet = layer * d->thickness.step;
    x->position = flat_position(d, x->Fdet, x->Sdet, x->Odet);
    if (d->curved)
        x->position = curved_position(e, x->position);
    x->R = length(x->position);
    x->diffracted = divide(x->position, x->R);
}

/* ---- how the crystal stands ---- */

/* A phi of exactly 0 assigns nothing: the orientation of the step before stays. */
static void rotate_spindle(const Experiment *e, Carried *carried, Sample *x, double phi) {
    const Crystal *c = &e->crystal;
    if (phi != 0.0) {
        carried->ap = rotate_axis(c->a0, c->spindle, phi);
        carried->bp = rotate_axis(c->b0, c->spindle, phi);
        carried->cp = rotate_axis(c->c0, c->spindle, phi);
    } else if (!e->quirks) {
        carried->ap = c->a0;
        carried->bp = c->b0;
        carried->cp = c->c0;
    }
    x->ap = carried->ap;
    x->bp = carried->bp;
    x->cp = carried->cp;
}

static void rotate_domain(const Experiment *e, Sample *x, int domain) {
    const Crystal *c = &e->crystal;
    if (c->mosaic_spread > 0.0) {
        const Mat3 *m = &c->mosaic[domain];
        x->a = matrix_times(m, x->ap);
        x->b = matrix_times(m, x->bp);
        x->c = matrix_times(m, x->cp);
    } else {
        x->a = x->ap;
        x->b = x->bp;
        x->c = x->cp;
    }
}

/* Ties go down: 0.5 -> 0, 1.5 -> 1, -0.5 -> -1. An index beyond int is undefined in nanoBragg; here it is 0. */
static int round_index(double x) {
    double n = ceil(x - 0.5);
    return n >= -2147483648.0 && n <= 2147483647.0 ? (int)n : 0;
}

static void miller_indices(Sample *x) {
    x->hkl = vec(dot(x->a, x->q), dot(x->b, x->q), dot(x->c, x->q));
    x->h0 = round_index(x->hkl.x);
    x->k0 = round_index(x->hkl.y);
    x->l0 = round_index(x->hkl.z);
}

/* ---- what one step adds ---- */

static double intensity(const Sample *x) {
    return ((x->F_cell * x->F_cell) * x->F_latt) * x->F_latt;
}

/* The switches multiply the whole running sum at every step. */
static void add_to_running_sum(const Experiment *e, Sample *x) {
    const Options *o = &e->options;
    x->I += intensity(x);
    if (o->oversample_thick)
        x->I *= x->capture;
    if (o->oversample_polar)
        x->I *= x->polar;
    if (o->oversample_omega)
        x->I *= x->omega;
}

/* What every term is multiplied by without quirks: the factors of its own sample and the weight of its source. */
static double own_factors(const Sample *x, double weight) {
    return x->capture * x->polar * x->omega * weight;
}

/* Without quirks water scatters into every step, whether dmin skips it or the lattice is dark there. */
static void add_background(const Experiment *e, Sample *x, double weight) {
    x->I += e->background * e->crystal.phi.count * e->crystal.domains * own_factors(x, weight);
}

/* Physics 6.4: one phi step and one mosaic domain of one source. */
static void inner_step(Experiment *e, Sample *x, int traced, double weight) {
    miller_indices(x);
    lattice_amplitude(e, x);
    if (traced) {
        trace_orientation(e, x);
        trace_lattice(e, x);
    }
    if (x->F_latt == 0.0 && (e->water == 0.0 || !e->quirks))
        return;
    x->F_cell = structure_factor(&e->structure, e->quirks, x->hkl, x->h0, x->k0, x->l0);
    if (traced)
        trace_structure_factor(e, x);
    if (e->quirks)
        add_to_running_sum(e, x);
    else
        x->I += intensity(x) * own_factors(x, weight);
}

/* ---- the loops ---- */

static int all_steps_traced(const Experiment *e, const Sample *x) {
    return e->own.trace_steps && x->taps;
}

static int at_pixel_512(const Sample *x) {
    return x->slow == 512 && x->fast == 512;
}

static void orientations(Experiment *e, Carried *carried, Sample *x, int source, double weight) {
    const Crystal *c = &e->crystal;
    for (int tic = 0; tic < c->phi.count; tic++) {
        double phi = c->phi0 + c->phi.step * tic;
        rotate_spindle(e, carried, x, phi);
        if (at_pixel_512(x) && source == 0 && tic == 0 && phi != 0.0)
            trace_phi_rotation(e, x, phi);
        for (int domain = 0; domain < c->domains; domain++) {
            int traced = all_steps_traced(e, x) || (x->taps && source == 0 && tic == 0 && domain == 0);
            x->tic = tic, x->domain = domain;
            rotate_domain(e, x, domain);
            if (at_pixel_512(x) && source == 0 && tic == 0 && domain == 0 && c->mosaic_spread > 0.0)
                trace_mosaic_rotation(x);
            inner_step(e, x, traced, weight);
            if (x->taps && e->own.phi_records && source == 0 && domain == 0)
                trace_phi_step(e, x, tic, phi);
        }
    }
}

/* q = (d - i) / lambda */
static Vec3 scattering_vector(Vec3 diffracted, Vec3 incident, double lambda) {
    return divide(subtract(diffracted, incident), lambda);
}

/* Too far out for the resolution that -dmin asks for. */
static int beyond_dmin(double dmin, double stol) {
    return dmin > 0.0 && stol > 0.0 && dmin > 0.5 / stol;
}

/* Polarisation, evaluated when its cached value is exactly 0 or on request; the arguments are re-unitised. */
static void polarize(const Experiment *e, Carried *carried, Sample *x) {
    if (x->polar == 0.0 || e->options.oversample_polar)
        x->polar = polarization(e->beam.K, &x->incident, &x->diffracted, &carried->polar_axis);
}

/* Without quirks every sample has its own factor, and nothing is re-unitised. */
static void polarize_exactly(const Experiment *e, Sample *x) {
    Vec3 i = x->incident, d = x->diffracted, axis = e->beam.polar;
    x->polar = e->beam.nopolar ? 1.0 : polarization(e->beam.K, &i, &d, &axis);
}

static void one_source(Experiment *e, Carried *carried, Sample *x, int number) {
    const Source *source = &e->beam.sources[number];
    double weight = source->weight * e->beam.count / e->beam.weight_sum;
    x->incident = negate(source->position);
    x->lambda = source->lambda;
    x->q = scattering_vector(x->diffracted, x->incident, x->lambda);
    x->stol = 0.5 * length(x->q);
    x->source = number;
    if (x->taps && number == 0)
        trace_geometry(e, x);
    if (all_steps_traced(e, x) || (x->taps && number == 0))
        trace_source(e, x);
    if (!e->quirks) {
        polarize_exactly(e, x);
        add_background(e, x, weight);
    }
    if (beyond_dmin(e->dmin, x->stol))
        return;
    if (e->quirks)
        polarize(e, carried, x);
    orientations(e, carried, x, number, weight);
}

static void one_subpixel(Experiment *e, Carried *carried, Sample *x, int layer, int u, int v) {
    const Options *o = &e->options;
    place_subpixel(e, x, layer, u, v);
    if (x->omega == 0.0 || o->oversample_omega || !e->quirks)
        x->omega = solid_angle(e, x->R);
    carried->omega_sum += x->omega;
    if (x->capture == 0.0 || (o->oversample_thick && e->quirks) || (!e->quirks && e->detector.thickness.range > 0.0))
        x->capture = captured(e, layer, x->diffracted);
    for (int source = 0; source < e->beam.count; source++)
        one_source(e, carried, x, source);
}

/* Physics 6.6: the factors that no switch multiplied into the sum come last, as cached. */
static double scaled(const Experiment *e, const Sample *x) {
    const Options *o = &e->options;
    double value = ((R_E_SQR * e->beam.fluence) * x->I) / (double)e->steps;
    if (!e->quirks)
        return value;
    if (!o->oversample_thick)
        value *= x->capture;
    if (!o->oversample_polar)
        value *= x->polar;
    if (!o->oversample_omega)
        value *= x->omega;
    return value;
}

double pixel_value(Experiment *e, Carried *carried, int slow, int fast, int taps, Sample *x) {
    *x = (Sample){.slow = slow, .fast = fast, .taps = taps};
    x->I = e->quirks ? e->background : 0.0;
    x->polar = e->beam.nopolar ? 1.0 : 0.0;
    x->ap = carried->ap, x->bp = carried->bp, x->cp = carried->cp;
    for (int layer = 0; layer < e->detector.thickness.count; layer++) {
        x->capture = e->detector.thickness.range == 0.0 ? 1.0 : 0.0;
        for (int v = 0; v < e->oversample; v++)
            for (int u = 0; u < e->oversample; u++)
                one_subpixel(e, carried, x, layer, u, v);
    }
    double value = scaled(e, x);
    if (taps)
        trace_pixel_value(e, x, value);
    return value;
}

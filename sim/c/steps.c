/* Counts, ranges and steps: physics 2.5. */
#include "experiment.h"

#include "constants.h"
#include "errors.h"

#include <math.h>
#include <stdio.h>

typedef enum Axis { AXIS_PHI, AXIS_DIVERGENCE, AXIS_DISPERSION, AXIS_THICKNESS } Axis;

static double default_range(Axis axis) {
    switch (axis) {
    case AXIS_PHI: return 1.0 / RTD;
    case AXIS_THICKNESS: return 0.5e-6;
    default: return 1.0;
    }
}

static int whole_steps(double count) {
    if (!(fabs(count) < 1e9))
        fail("a scan has %g steps; check its range and its step", count);
    return (int)count;
}

/* No count was given. */
static Steps without_count(Axis axis, Steps s) {
    if (s.range < 0.0 && s.step <= 0.0)
        return (Steps){1, 0.0, 0.0};
    if (s.range < 0.0)
        return (Steps){2, s.step, s.step};
    if (s.step <= 0.0)
        return (Steps){2, s.range, axis == AXIS_PHI || axis == AXIS_THICKNESS ? s.range / 2.0 : s.range};
    return (Steps){whole_steps(ceil(s.range / s.step)), s.range, s.step};
}

/* A count was given. */
static Steps with_count(Axis axis, Steps s) {
    int step_unset = axis == AXIS_PHI && s.range >= 0.0 ? s.step < 0.0 : s.step <= 0.0;
    if (s.range < 0.0 && step_unset) {
        double range = default_range(axis);
        return (Steps){s.count, range, range / s.count};
    }
    if (s.range < 0.0)
        return (Steps){2, s.step, s.step};
    if (!step_unset)
        return s;
    if (axis == AXIS_PHI)
        return (Steps){s.count, s.range, s.range / s.count};
    if (s.count < 2)
        s.count = 2;
    return (Steps){s.count, s.range, s.range / (s.count - 1)};
}

static Steps resolve(Axis axis, Steps s) {
    if (axis == AXIS_PHI && s.count == 0)
        s.count = 1;
    s = s.count > 0 ? with_count(axis, s) : without_count(axis, s);
    if (axis != AXIS_PHI && (s.range <= 0.0 || s.step <= 0.0 || s.count <= 0))
        s = (Steps){1, 0.0, 0.0};
    return s;
}

/* n layers of 1/n of the thickness each, where nanoBragg makes n of 1/(n - 1). */
static Steps even_layers(Steps s) {
    return s.count > 1 ? (Steps){s.count, s.range, s.range / s.count} : s;
}

static void resolve_mosaic(Experiment *e) {
    double spread = e->options.mosaic_spread;
    int domains = e->options.mosaic_domains;
    if (domains <= 0) {
        if (spread < 0.0)
            spread = 0.0;
        domains = 1;
        if (spread > 0.0) {
            printf("WARNING: finite mosaicity with only one domain! upping to 10 mosaic domains\n");
            domains = 10;
        }
    } else if (spread <= 0.0) {
        if (domains > 1)
            printf("WARNING: %d mosaic domains without a mosaic spread: one domain is enough\n", domains);
        spread = 0.0;
        domains = 1;
    }
    e->crystal.mosaic_spread = spread;
    e->crystal.domains = domains;
}

void resolve_steps(Experiment *e) {
    const Options *o = &e->options;
    Detector *d = &e->detector;
    resolve_mosaic(e);
    e->crystal.phi = resolve(AXIS_PHI, o->phi);
    e->crystal.phi0 = o->phi0;
    e->beam.hdiv = resolve(AXIS_DIVERGENCE, o->hdiv);
    e->beam.vdiv = resolve(AXIS_DIVERGENCE, o->vdiv);
    e->beam.dispersion = resolve(AXIS_DISPERSION, o->dispersion);
    d->thickness = resolve(AXIS_THICKNESS, o->thickness);
    if (!e->quirks)
        d->thickness = even_layers(d->thickness);
    d->mu = o->mu;
    if (d->thickness.range > 0.0 && d->mu < 0.0) {
        d->mu = 1.0 / d->thickness.range;
        printf("WARNING: no attenuation depth was given: using one of %g\n", d->mu);
    }
}

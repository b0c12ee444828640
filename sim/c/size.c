/* How many cells, how many subpixels: physics 4.7. */
#include "experiment.h"

#include "console.h"
#include "errors.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>

static int cells(double sample, double edge, int given) {
    double count = sample > 0.0 ? ceil(sample / edge) : (double)given;
    if (count > (double)INT_MAX)
        fail("the sample has %g cells along one axis; check -xtalsize", count);
    return count <= 1.0 || isnan(count) ? 1 : (int)count;
}

static double largest(double a, double b, double c) {
    double m = a > b ? a : b;
    return m > c ? m : c;
}

enum { MOST_SUBPIXELS = 46340 };  /* along one axis: the square still fits into 32 bits */

/* A pixel should see less than a third of the width of a reciprocal-lattice point. */
static int recommended(double sample, double pixel) {
    double count = ceil(3.0 * sample / pixel);
    if (isnan(count) || count <= 1.0)
        return 1;
    return count > (double)MOST_SUBPIXELS ? MOST_SUBPIXELS : (int)count;
}

void size_crystal(Experiment *e) {
    Crystal *c = &e->crystal;
    const Options *o = &e->options;
    double a = length(c->a0), b = length(c->b0), width = length(c->c0);
    c->Na = cells(o->sample_x, a, o->Na);
    c->Nb = cells(o->sample_y, b, o->Nb);
    c->Nc = cells(o->sample_z, width, o->Nc);
    console_size(e);
    double sample = largest(a * c->Na, b * c->Nb, width * c->Nc);
    double reciprocal_pixel = e->beam.lambda0 * e->detector.distance / e->detector.pixel;
    int wanted = recommended(sample, reciprocal_pixel);
    e->oversample = o->oversample;
    if (e->oversample <= 0) {
        if (wanted == MOST_SUBPIXELS)
            fail("automatic oversampling would cut a pixel into %d x %d or more; check -distance, -pixel and the size of "
                 "the crystal, or say -oversample", wanted, wanted);
        e->oversample = wanted;
        printf("auto-selected %d-fold oversampling\n", wanted);
    } else if (e->oversample < wanted) {
        console_advice(sample, reciprocal_pixel, wanted);
    }
    console_mass(a, b, width);
}

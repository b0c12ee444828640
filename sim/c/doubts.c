/* What is said before the first pixel about an experiment whose image will be useless. */
#include "experiment.h"

#include "constants.h"
#include "errors.h"
#include "image.h"

#include <math.h>

static void doubt_cell(const Experiment *e) {
    double a = e->crystal.alpha, b = e->crystal.beta, c = e->crystal.gamma, m = (a + b + c) / 2.0;
    if (e->options.user_cell && !(sin(m) * sin(m - a) * sin(m - b) * sin(m - c) > 1e-12))
        warn("no cell has the angles %g %g %g: two together must exceed the third, and all three stay below 360", a * RTD,
             b * RTD, c * RTD);
}

static void doubt_axis(Vec3 axis, const char *name) {
    if (length(axis) == 0.0)
        warn("%s is 0 0 0, which is no direction", name);
}

static void doubt_axes(const Options *o) {
    doubt_axis(o->fdet, "-fdet_vector");
    doubt_axis(o->sdet, "-sdet_vector");
    doubt_axis(o->beam, "-beam_vector");
    doubt_axis(o->polar, "-polar_vector");
    doubt_axis(o->spindle, "-spindle_axis");
}

static int smaller(int a, int b) {
    return a < b ? a : b;
}

static void doubt_region(const Detector *d) {
    const int *roi = d->roi;
    if (roi[0] > smaller(roi[1], d->fpixels - 1) || roi[2] > smaller(roi[3], d->spixels - 1))
        warn("the region of interest %d %d %d %d (fast, fast, slow, slow) holds no pixel of the %d x %d of the detector "
             "(slow, fast), so that the image is 0", roi[0], roi[1], roi[2], roi[3], d->spixels, d->fpixels);
}

/* The real program then prints its set-up and nothing of the pixel, without a word. */
static void doubt_pixel(const Detector *d, int slow, int fast) {
    if (slow < 0 || fast < 0)
        return;
    if (slow >= d->spixels || fast >= d->fpixels)
        warn("-trace_pixel %d %d (slow fast) is not on the detector of %d x %d pixels; nothing is traced", slow, fast,
             d->spixels, d->fpixels);
    else if (!counted(d, slow, fast))
        warn("-trace_pixel %d %d (slow fast) lies outside -roi or under the mask; nothing of it is traced", slow, fast);
}

void tell_doubts(const Experiment *e) {
    doubt_cell(e);
    doubt_axes(&e->options);
    doubt_region(&e->detector);
    doubt_pixel(&e->detector, e->options.trace_slow, e->options.trace_fast);
}

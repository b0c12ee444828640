/* Detector size, beam centre, conventions and axes: physics 2.4 steps 1 to 8, and 3.1. */
#include "experiment.h"

#include "constants.h"
#include "errors.h"

#include <limits.h>
#include <math.h>

static int whole_pixels(double size, double pixel, const char *axis) {
    double count = ceil(size / pixel - 0.5);
    if (!(count >= 1.0 && count <= 1e9))
        fail("the detector has %g pixels along its %s axis; check -detpixels, -detsize and -pixel", count, axis);
    return (int)count;
}

/* Step 1: pixel counts beat sizes, in any order. */
static void resolve_size(Experiment *e) {
    const Options *o = &e->options;
    Detector *d = &e->detector;
    d->pixel = o->pixel;
    if (!(d->pixel > 0.0))
        fail("the pixel size is %g mm; give -pixel a positive number of mm", 1000.0 * d->pixel);
    d->fast_size = o->fpixels != 0 ? o->pixel * o->fpixels : o->detsize_fast;
    d->slow_size = o->spixels != 0 ? o->pixel * o->spixels : o->detsize_slow;
    d->fpixels = whole_pixels(d->fast_size, d->pixel, "fast");
    d->spixels = whole_pixels(d->slow_size, d->pixel, "slow");
}

/* Step 2. */
static void resolve_fluence(Experiment *e) {
    const Options *o = &e->options;
    e->beam.fluence = o->fluence;
    if (o->flux != 0.0 && o->exposure > 0.0 && o->beamsize >= 0.0)
        e->beam.fluence = o->flux * o->exposure / o->beamsize / o->beamsize;
}

static void clip(double *sample, double beamsize, const char *axis) {
    if (*sample > beamsize) {
        printf("WARNING: sample %s of %g m is larger than the beam, which lights %g m of it\n", axis, *sample, beamsize);
        *sample = beamsize;
    }
}

/* Step 3: only what the beam lights scatters. */
static void clip_sample(Experiment *e) {
    if (e->options.beamsize >= 0.0) {
        clip(&e->options.sample_y, e->options.beamsize, "y");
        clip(&e->options.sample_z, e->options.beamsize, "z");
    }
}

/* Step 4: the point of the detector plane nearest to the sample. */
static void resolve_near_point(Experiment *e) {
    const Options *o = &e->options;
    Detector *d = &e->detector;
    d->Fclose = isnan(o->ORGX) ? d->fast_size / 2.0 : (o->ORGX - 0.5) * d->pixel;
    d->Sclose = isnan(o->ORGY) ? d->slow_size / 2.0 : (o->ORGY - 0.5) * d->pixel;
    d->Xclose = isnan(o->Xclose) ? d->Fclose : o->Xclose;
    d->Yclose = isnan(o->Yclose) ? d->Sclose : o->Yclose;
}

/* Step 5. */
static void resolve_roi(Experiment *e) {
    const int *given = e->options.roi;
    Detector *d = &e->detector;
    d->roi[0] = given[0] < 0 ? 0 : given[0];
    d->roi[1] = given[1] < 0 ? d->fpixels : given[1];
    d->roi[2] = given[2] < 0 ? 0 : given[2];
    d->roi[3] = given[3] < 0 ? d->spixels : given[3];
}

static void set_beam_center(Detector *d, double X, double Y) {
    if (isnan(d->Xbeam))
        d->Xbeam = X;
    if (isnan(d->Ybeam))
        d->Ybeam = Y;
}

static void set_axes(Options *o, Vec3 beam, Vec3 fdet, Vec3 sdet, Vec3 twotheta_axis, Vec3 polar) {
    o->beam = o->odet = beam;
    o->fdet = fdet;
    o->sdet = sdet;
    o->twotheta_axis = twotheta_axis;
    o->polar = o->spindle = polar;
}

static void use_mosflm_axes(Experiment *e) {
    Detector *d = &e->detector;
    set_axes(&e->options, vec(1, 0, 0), vec(0, 0, 1), vec(0, -1, 0), vec(0, 0, -1), vec(0, 0, 1));
    set_beam_center(d, (d->slow_size + d->pixel) / 2.0, (d->fast_size + d->pixel) / 2.0);
    d->pivot = PIVOT_BEAM;
}

static void use_mosflm(Experiment *e) {
    Detector *d = &e->detector;
    use_mosflm_axes(e);
    d->Fbeam = d->Ybeam + 0.5 * d->pixel;
    d->Sbeam = d->Xbeam + 0.5 * d->pixel;
}

static void use_denzo(Experiment *e) {
    use_mosflm_axes(e);
    e->detector.Fbeam = e->detector.Ybeam;
    e->detector.Sbeam = e->detector.Xbeam;
}

static void use_adxv(Experiment *e) {
    Detector *d = &e->detector;
    set_axes(&e->options, vec(0, 0, 1), vec(1, 0, 0), vec(0, -1, 0), vec(-1, 0, 0), vec(1, 0, 0));
    set_beam_center(d, (d->fast_size + d->pixel) / 2.0, (d->slow_size - d->pixel) / 2.0);
    d->Fbeam = d->Xbeam;
    d->Sbeam = d->slow_size - d->Ybeam;
    d->pivot = PIVOT_BEAM;
}

static void use_near_point(Detector *d) {
    set_beam_center(d, d->Xclose, d->Yclose);
    d->Fbeam = d->Xbeam;
    d->Sbeam = d->Ybeam;
}

static void use_xds(Experiment *e) {
    set_axes(&e->options, vec(0, 0, 1), vec(1, 0, 0), vec(0, 1, 0), vec(1, 0, 0), vec(1, 0, 0));
    use_near_point(&e->detector);
    e->detector.pivot = PIVOT_SAMPLE;
}

static void use_dials(Experiment *e) {
    set_axes(&e->options, vec(0, 0, 1), vec(1, 0, 0), vec(0, 1, 0), vec(0, 1, 0), vec(0, 1, 0));
    use_near_point(&e->detector);
    e->detector.pivot = PIVOT_SAMPLE;
}

static void use_custom(Experiment *e) {
    Detector *d = &e->detector;
    use_near_point(d);
    d->Fclose = d->Xbeam;
    d->Sclose = d->Ybeam;
    d->pivot = e->options.pivot;
}

/* Steps 6 and 7: the convention decides axes, centre and pivot; only CUSTOM listens to the flags. */
static void apply_convention(Experiment *e) {
    Detector *d = &e->detector;
    d->convention = e->options.convention;
    d->Xbeam = e->options.Xbeam;
    d->Ybeam = e->options.Ybeam;
    switch (d->convention) {
    case MOSFLM: use_mosflm(e); break;
    case XDS: use_xds(e); break;
    case ADXV: use_adxv(e); break;
    case DENZO: use_denzo(e); break;
    case DIALS: use_dials(e); break;
    case CUSTOM: use_custom(e); break;
    }
    if (!e->quirks && e->options.pivot_given)
        d->pivot = e->options.pivot;
}

/* Step 8. The two-theta axis is used as it is. */
static void unitise_axes(Experiment *e) {
    Options *o = &e->options;
    Detector *d = &e->detector;
    double normal = length(o->odet);
    e->beam.direction = unit(o->beam);
    d->fdet = unit(o->fdet);
    d->sdet = unit(o->sdet);
    d->odet = unit(o->odet);
    if (normal != 1.0) {
        printf("WARNING: auto-generating odet_vector\n");
        d->odet = unit(cross(d->fdet, d->sdet));
    }
    e->beam.polar = unit(o->polar);
    e->crystal.spindle = unit(o->spindle);
    e->beam.vert = unit(cross(e->beam.direction, e->beam.polar));
    d->twotheta_axis = o->twotheta_axis;
}

void resolve_detector(Experiment *e) {
    const Options *o = &e->options;
    Detector *d = &e->detector;
    resolve_size(e);
    resolve_fluence(e);
    clip_sample(e);
    resolve_near_point(e);
    resolve_roi(e);
    apply_convention(e);
    unitise_axes(e);
    d->rotation = o->rotation;
    d->twotheta = o->twotheta;
    d->distance = o->distance;
    d->close_distance = o->close_distance;
    d->curved = o->curved;
    d->point_pixel = o->point_pixel;
    e->beam.lambda0 = o->lambda;
    e->beam.K = o->K;
    e->beam.nopolar = o->nopolar;
    e->crystal.shape = o->shape;
    e->crystal.fudge = o->fudge;
    e->dmin = o->dmin;
    e->water = o->water;
}

/* Where the detector stands: physics 3.2. */
#include "experiment.h"

#include "constants.h"
#include "errors.h"

#include <math.h>

static Vec3 swing(const Detector *d, Vec3 v) {
    return rotate_axis(rotate_xyz(v, d->rotation), d->twotheta_axis, d->twotheta);
}

/* The ratio of the distance to the near point and the distance along the beam: beam . odet. */
static double obliquity(Vec3 beam, Vec3 odet) {
    double ratio = dot(beam, odet);
    return ratio == 0.0 ? SMALLEST_NORMAL : ratio;
}

/* -F fdet - S sdet + D b: the corner of the first pixel, seen from the sample. */
static Vec3 corner(double F, Vec3 fdet, double S, Vec3 sdet, double D, Vec3 b) {
    return vec((-F * fdet.x - S * sdet.x) + D * b.x,
               (-F * fdet.y - S * sdet.y) + D * b.y,
               (-F * fdet.z - S * sdet.z) + D * b.z);
}

/* Steps 6 to 8: what follows from the corner, whichever pivot made it. */
static void measure(Experiment *e) {
    Detector *d = &e->detector;
    Vec3 beam = e->beam.direction, on_beam;
    d->Fclose = -dot(d->origin, d->fdet);
    d->Sclose = -dot(d->origin, d->sdet);
    d->close_distance = dot(d->origin, d->odet);
    on_beam = subtract(scale(d->close_distance / d->ratio, beam), d->origin);
    d->Fbeam = dot(d->fdet, on_beam);
    d->Sbeam = dot(d->sdet, on_beam);
    d->distance = d->close_distance / d->ratio;
    d->ORGX = d->Fclose / d->pixel + 0.5;
    d->ORGY = d->Sclose / d->pixel + 0.5;
}

void place_detector(Experiment *e) {
    Detector *d = &e->detector;
    Vec3 beam = e->beam.direction;
    d->ratio = obliquity(beam, rotate_xyz(d->odet, d->rotation));
    if (isnan(d->close_distance))
        d->close_distance = fabs(d->ratio * d->distance);
    d->distance = d->close_distance / d->ratio;
    if (d->pivot == PIVOT_SAMPLE)
        d->origin = swing(d, corner(d->Fclose, d->fdet, d->Sclose, d->sdet, d->close_distance, d->odet));
    d->fdet = swing(d, d->fdet);
    d->sdet = swing(d, d->sdet);
    d->odet = swing(d, d->odet);
    d->Fbeam_used = d->Fbeam;
    d->Sbeam_used = d->Sbeam;
    d->distance_used = d->distance;
    if (d->pivot == PIVOT_BEAM)
        d->origin = corner(d->Fbeam, d->fdet, d->Sbeam, d->sdet, d->distance, beam);
    if (!e->quirks && e->options.pix0_given)
        d->origin = e->options.pix0;
    if (!e->quirks)
        d->ratio = obliquity(beam, d->odet);  /* after the swing */
    measure(e);
}

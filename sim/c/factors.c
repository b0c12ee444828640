/* Solid angle, absorption and polarisation: physics 3.4 and 6.3. */
#include "factors.h"

#include <math.h>

/* Always of the full pixel, also for subpixels; point pixels have no area. */
double solid_angle(const Experiment *e, double R) {
    const Detector *d = &e->detector;
    double close = e->quirks ? d->close_distance : fabs(d->close_distance);  /* */
    if (d->point_pixel)
        return (1.0 / R) / R;
    return (((d->pixel * d->pixel) / R) / R * close) / R;
}

double captured(const Experiment *e, int layer, Vec3 diffracted) {
    const Detector *d = &e->detector;
    double obliquity = dot(diffracted, d->odet), step = d->thickness.step;
    return exp(-layer * step * d->mu / obliquity) - exp(-(layer + 1) * step * d->mu / obliquity);
}

/* The angle of the diffracted ray about the beam, from the plane of the polarisation. */
static double split_angle(Vec3 incident, Vec3 diffracted, Vec3 axis) {
    Vec3 B = unit(cross(axis, incident)), E = unit(cross(incident, B));
    return -atan2(dot(diffracted, B), dot(diffracted, E));
}

double polarization(double K, Vec3 *incident, Vec3 *diffracted, Vec3 *axis) {
    double cos_2theta, psi = 0.0;
    *incident = unit(*incident);
    *diffracted = unit(*diffracted);
    *axis = unit(*axis);
    cos_2theta = dot(*incident, *diffracted);
    if (K != 0.0)
        psi = split_angle(*incident, *diffracted, *axis);
    double c2 = cos_2theta * cos_2theta;
    return 0.5 * ((1.0 + c2) - K * cos(2.0 * psi) * (1.0 - c2));
}

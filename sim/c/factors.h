/* Solid angle, absorption and polarisation: physics 3.4 and 6.3. */
#ifndef REFERENCE_FACTORS_H
#define REFERENCE_FACTORS_H

#include "kernel.h"

double solid_angle(const Experiment *e, double R);

/* The part of the light that layer number `layer` of the sensor absorbs. */
double captured(const Experiment *e, int layer, Vec3 diffracted);

/* Kahn's factor. Re-unitises all three vectors in place, which shows in the last bit. */
double polarization(double K, Vec3 *incident, Vec3 *diffracted, Vec3 *axis);

#endif

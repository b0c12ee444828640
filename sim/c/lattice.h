/* The lattice transform of four crystal shapes: physics 6.4. */
#ifndef REFERENCE_LATTICE_H
#define REFERENCE_LATTICE_H

#include "kernel.h"

/* Fills F_latt, and its three factors where the crystal is a parallelepiped, from the Miller indices in `x`. */
void lattice_amplitude(const Experiment *e, Sample *x);

#endif

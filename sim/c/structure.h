/* The structure factor at one sample: physics 6.5. */
#ifndef REFERENCE_STRUCTURE_H
#define REFERENCE_STRUCTURE_H

#include "experiment.h"

/* F_cell at fractional Miller indices hkl, whose rounded values are h0 k0 l0. May switch interpolation off. */
double structure_factor(Structure *s, int quirks, Vec3 hkl, int h0, int k0, int l0);

#endif

/* One pixel: physics 6.1 to 6.6. The image and the trace come from the same call. */
#ifndef REFERENCE_KERNEL_H
#define REFERENCE_KERNEL_H

#include "experiment.h"

/* What the loops hold at this moment; after a pixel, what the last step left. */
typedef struct Sample {
    int slow, fast, taps;
    int source, tic, domain;          /* the step in the loops below the subpixel */
    double Fdet, Sdet, Odet;          /* m */
    Vec3 position, diffracted;        /* m, unit */
    double R;
    double omega, capture, polar;     /* as cached */
    Vec3 incident;
    double lambda;
    Vec3 q;                           /* scattering vector, 1/m */
    double stol;
    Vec3 ap, bp, cp;                  /* after phi, m */
    Vec3 a, b, c;                     /* after phi and mosaic, m */
    Vec3 a_star, b_star, c_star;      /* as traced, 1/Angstrom */
    Vec3 hkl;
    int h0, k0, l0;
    double F_latt_a, F_latt_b, F_latt_c, F_latt;
    double F_cell;
    double I;                         /* running sum */
} Sample;

/* What a thread carries from pixel to pixel. */
typedef struct Carried {
    Vec3 ap, bp, cp;     /* the orientation that a phi of exactly 0 keeps */
    Vec3 polar_axis;     /* re-unitised in place with every use */
    double omega_sum;
} Carried;

Carried carried_start(const Experiment *e);

/* The value of one pixel in photons, in double. `x` keeps what the last step left. */
double pixel_value(Experiment *e, Carried *carried, int slow, int fast, int taps, Sample *x);

#endif

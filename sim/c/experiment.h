/* Everything that is fixed before the first pixel: what physics 2.4 to 5 derive from the options. */
#ifndef REFERENCE_EXPERIMENT_H
#define REFERENCE_EXPERIMENT_H

#include "options.h"

#include <stdio.h>

typedef struct Detector {
    Convention convention;
    Pivot pivot;
    int fpixels, spixels;
    double pixel, fast_size, slow_size;      /* m */
    Vec3 fdet, sdet, odet;                   /* final axes */
    Vec3 origin;                             /* pix0: the outer corner of pixel (0, 0), m */
    Vec3 rotation, twotheta_axis;
    double twotheta;
    double distance, close_distance, ratio;  /* ratio = beam . odet before the two-theta swing */
    double Xbeam, Ybeam, Xclose, Yclose, Fbeam, Sbeam, Fclose, Sclose;  /* m */
    double Fbeam_used, Sbeam_used, distance_used;  /* what the beam pivot put into the origin */
    double ORGX, ORGY;                       /* pixels */
    int curved, point_pixel;
    Steps thickness;                         /* sensor layers */
    double mu;                               /* 1/m */
    int roi[4];
    unsigned short *mask;                    /* NULL: every pixel counts */
} Detector;

typedef struct Source {
    Vec3 position;   /* unit vector from the sample */
    double weight, lambda;
} Source;

typedef struct Beam {
    Vec3 direction, polar, vert;
    double lambda0, fluence, K;
    int nopolar;
    Steps dispersion, hdiv, vdiv;
    int divergence_steps;   /* -1 with a source file */
    int count;
    Source *sources;
    double weight_sum;
} Beam;

typedef struct Crystal {
    Vec3 a_star, b_star, c_star;             /* 1/Angstrom, never rotated by phi or mosaic */
    double length_star[3];                   /* stored lengths, see physics 8.1 */
    Vec3 a, b, c;                            /* Angstrom */
    Vec3 a0, b0, c0;                         /* m */
    double V_cell, V_star;                   /* Angstrom^3 and its inverse */
    double alpha, beta, gamma;               /* rad, as given */
    Vec3 spindle;
    double phi0;
    Steps phi;
    double mosaic_spread;
    int domains;
    Mat3 *mosaic;
    int Na, Nb, Nc;
    Shape shape;
    double fudge;
} Crystal;

/* Structure factors on a grid of Miller indices; the last plane of every axis is padding. */
typedef struct Structure {
    int h_min, h_max, k_min, k_max, l_min, l_max;
    int h_range, k_range, l_range;
    double *F;
    long hkls;               /* 0: none stored */
    double default_F;
    int interpolate;         /* shared by all threads; switched off for good by a sample out of range */
    int warned;              /* the out-of-range warning was printed */
} Structure;

typedef struct Experiment {
    Options options;
    Own own;
    Detector detector;
    Beam beam;
    Crystal crystal;
    Structure structure;
    int oversample;
    long long steps;
    double background;       /* I_bg, physics 6.1 */
    double dmin, water;
    int quirks;
} Experiment;

/* detector_setup.c, physics 2.4 steps 1 to 8 */
void resolve_detector(Experiment *e);
/* steps.c, physics 2.5 */
void resolve_steps(Experiment *e);
/* geometry.c, physics 3.2 */
void place_detector(Experiment *e);
/* crystal.c, physics 4.1 to 4.5, and size.c, physics 4.7 */
void build_crystal(Experiment *e);
void size_crystal(Experiment *e);
/* mosaic.c, physics 4.6 */
void build_mosaic(Experiment *e);
void tell_doubts(const Experiment *e);
Mat3 random_rotation(double spread, int exact, long *seed);
Mat3 uniform_rotation(long *seed);
Vec3 matrix_to_angles(Mat3 m);
/* structure.c, physics 7.1 */
int open_cache(const Experiment *e, FILE **cache);
void load_structure(Experiment *e, FILE *cache);
/* sources.c, physics 5 */
void build_sources(Experiment *e);
/* mask.c */
void load_mask(Experiment *e);

#endif

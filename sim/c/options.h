/* What the command line says, in internal units (m, rad, photons): physics 2. Nothing is derived here. */
#ifndef REFERENCE_OPTIONS_H
#define REFERENCE_OPTIONS_H

#include "vector.h"

typedef enum Convention { MOSFLM, XDS, ADXV, DENZO, DIALS, CUSTOM } Convention;
typedef enum Pivot { PIVOT_BEAM, PIVOT_SAMPLE } Pivot;
typedef enum Shape { SQUARE, ROUND, GAUSS, TOPHAT } Shape;
typedef enum Misset { MISSET_NONE, MISSET_ANGLES, MISSET_RANDOM } Misset;
typedef enum Interpolate { INTERPOLATE_AUTO = -1, INTERPOLATE_OFF = 0, INTERPOLATE_ON = 1 } Interpolate;

/* One count, full range and step; what was never given is negative. */
typedef struct Steps {
    int count;
    double range, step;
} Steps;

typedef struct Options {
    /* crystal */
    int Na, Nb, Nc;
    double cell[6];  /* lengths in Angstrom, angles in degrees */
    int user_cell;
    Misset misset;
    Vec3 misset_angles;
    double sample_x, sample_y, sample_z;
    const char *matrix_file, *hkl_file, *stol_file, *dump_file;
    double default_F;
    Interpolate interpolate;
    Shape shape;
    double fudge;
    double mosaic_spread;
    int mosaic_domains;
    double phi0;
    Steps phi;
    double water;
    /* beam */
    double lambda, fluence, flux, exposure, beamsize, K;
    int nopolar;
    Steps dispersion, hdiv, vdiv;
    int round_div;
    const char *source_file;
    double dmin;
    /* detector; NAN is "never given" */
    Convention convention;
    Pivot pivot;
    int pivot_given, pix0_given, twotheta_axis_given;
    double Xbeam, Ybeam, Xclose, Yclose, ORGX, ORGY;
    double distance, close_distance;
    Vec3 beam, fdet, sdet, odet, polar, spindle, twotheta_axis, pix0;
    Vec3 rotation;
    double twotheta;
    double detsize_fast, detsize_slow, pixel;
    int fpixels, spixels;
    double mu;
    Steps thickness;
    int curved, point_pixel;
    /* sampling */
    int oversample, oversample_thick, oversample_polar, oversample_omega;
    int roi[4];  /* fast min, fast max, slow min, slow max; negative: never given */
    /* output */
    double adc, image_scale, pgm_scale;
    const char *float_file, *int_file, *pgm_file, *noise_file;
    int write_pgm, write_noise;
    int printout, progress;
    int printout_fast, printout_slow, trace_slow, trace_fast;
    long seed, mosaic_seed, misset_seed;
    int misset_seed_given;
    const char *image_file, *mask_file;
} Options;

typedef enum Seal { SEAL_ON, SEAL_OFF } Seal;

/* Our own options: double dash, exact, `=`; taken out before nanoBragg's matching starts. */
typedef struct Own {
    int digits;
    int quirks;           /* 1: as the real program, 0: the physics as it should be */
    int upstream;         /* 1: match as build U does (physics Q-21), 0: as build G */
    Seal seal;
    const char *trace_pixels, *trace_stream;
    int phi_records, trace_steps, time_loop, no_output;
    int argc;             /* what is left for nanoBragg, with the program's name */
    char **argv;
} Own;

void options_default(Options *o);

/* Takes our own options out of argv; returns the new argc. Ends the program on a malformed one. */
int own_take(Own *own, int argc, char **argv);

/* Pass B of physics 2.1. Ends the program where the real one crashes; warns on stderr about the rest. */
void flags_parse(Options *o, const Own *own, int argc, char **argv);

/* Pass A: the headers of -mask and -img. */
void headers_parse(Options *o, const Own *own, int argc, char **argv);

#endif

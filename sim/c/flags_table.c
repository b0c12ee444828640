/* nanoBragg's options, one row each, in the order in which they are tested: physics 2.2. */
#include "flags.h"

#include "constants.h"
#include "errors.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define AT(member) offsetof(Options, member)

static void *field(const Reading *r, const Flag *flag) {
    return (char *)r->options + flag->field;
}

/* A value as strtod reads it; ends the program on NaN, warns where not all of the text is a number. */
static double any_number(const Reading *r, int k) {
    char *end;
    double value = strtod(r->value[k], &end);
    if (isnan(value))
        fail("%s is %s, which is no number; correct the value, or leave the option out", r->argument, r->value[k]);
    if (end == r->value[k] || end[strspn(end, " \t")] != '\0')
        warn("%s: '%s' is read as %g", r->argument, r->value[k], value);
    return value;
}

static double number(const Reading *r, int k) {
    double value = any_number(r, k);
    if (isinf(value))
        warn("%s is infinite", r->argument);
    return value;
}

/* A value as atoi reads it; warns where it is another number, or none. */
static long whole(const Reading *r, int k) {
    char *end;
    const char *text = r->value[k];
    long value = strtol(text, NULL, 10);
    double all = strtod(text, &end);
    if (end == text || end[strspn(end, " \t")] != '\0' || all != (double)value)
        warn("%s: '%s' is read as %ld; a whole number is expected", r->argument, text, value);
    return value;
}

/* The same without the undefined overflow of a count. */
static int to_int(const Reading *r, int k) {
    long value = whole(r, k);
    return value > INT_MAX ? INT_MAX : value < INT_MIN ? INT_MIN : (int)value;
}

static int divided(Reading *r, const Flag *flag) {
    *(double *)field(r, flag) = number(r, 0) / flag->unit;
    return 0;
}

static int multiplied(Reading *r, const Flag *flag) {
    *(double *)field(r, flag) = number(r, 0) * flag->unit;
    return 0;
}

static int integer(Reading *r, const Flag *flag) {
    *(int *)field(r, flag) = to_int(r, 0);
    return 0;
}

static int text(Reading *r, const Flag *flag) {
    *(const char **)field(r, flag) = r->value[0];
    return 0;
}

static int switched(Reading *r, const Flag *flag) {
    *(int *)field(r, flag) = (int)flag->unit;
    return 0;
}

static int switched_stop(Reading *r, const Flag *flag) {
    return switched(r, flag), 1;
}

static int nothing(Reading *r, const Flag *flag) {
    (void)r, (void)flag;
    return 0;
}

static int cells_stop(Reading *r, const Flag *flag) {
    return integer(r, flag), 1;
}

static int cells_all(Reading *r, const Flag *flag) {
    (void)flag;
    r->options->Na = r->options->Nb = r->options->Nc = to_int(r, 0);
    return 1;
}

static int cell(Reading *r, const Flag *flag) {
    (void)flag;
    r->options->user_cell = 1;
    r->used = 0;
    while (r->used < 6 && r->used < r->left && r->value[r->used][0] != '-') {
        r->options->cell[r->used] = number(r, r->used);
        r->used++;
    }
    return 0;
}

static Vec3 three(const Reading *r) {
    double x = number(r, 0), y = number(r, 1), z = number(r, 2);
    return vec(x, y, z);
}

static int misset(Reading *r, const Flag *flag) {
    (void)flag;
    if (strstr(r->value[0], "rand") != NULL) {
        r->options->misset = MISSET_RANDOM;
        return 1;
    }
    r->used = r->left < 3 ? 0 : 3;
    if (r->used == 3) {
        r->options->misset = MISSET_ANGLES;
        r->options->misset_angles = divide(three(r), RTD);
    } else {
        warn("-misset needs the word random or three angles; it is ignored, as nanoBragg does");
    }
    return 0;
}

static int sample_size(Reading *r, const Flag *flag) {
    divided(r, flag);
    r->options->sample_y = r->options->sample_z = r->options->sample_x;
    return 0;
}

static int pivot(Reading *r, const Flag *flag) {
    (void)flag;
    int sample = strstr(r->value[0], "sample") != NULL, beam = strstr(r->value[0], "beam") != NULL;
    if (!sample && !beam)
        return warn("%s: '%s' is neither sample nor beam and is ignored", r->argument, r->value[0]), 0;
    r->options->pivot = beam ? PIVOT_BEAM : PIVOT_SAMPLE;
    r->options->pivot_given = 1;
    return 0;
}

static int vector(Reading *r, const Flag *flag) {
    *(Vec3 *)field(r, flag) = three(r);
    r->options->convention = CUSTOM;
    if (flag->field == AT(pix0))
        r->options->pix0_given = 1;
    return 0;
}

static int absorption(Reading *r, const Flag *flag) {
    (void)flag;
    double depth = any_number(r, 0);
    if (strstr(r->value[0], "inf") != NULL || depth == 0.0) {
        r->options->thickness.range = 0.0;
        r->options->mu = 0.0;
    } else {
        r->options->mu = 1.0 / (depth * 1e-6);
    }
    return 0;
}

static int detector_size(Reading *r, const Flag *flag) {
    divided(r, flag);
    r->options->detsize_slow = r->options->detsize_fast;
    return 0;
}

static int detector_pixels(Reading *r, const Flag *flag) {
    integer(r, flag);
    r->options->spixels = r->options->fpixels;
    return 0;
}

static int kahn(Reading *r, const Flag *flag) {
    divided(r, flag);
    r->options->nopolar = 0;
    return 0;
}

static int region(Reading *r, const Flag *flag) {
    (void)flag;
    for (int i = 0; i < 4; i++)
        r->options->roi[i] = to_int(r, i);
    return 0;
}

static int energy(Reading *r, const Flag *flag) {
    (void)flag;
    double electron_volts = number(r, 0);
    if (electron_volts == 0.0)
        fail("%s is 0 eV; give -lambda in Angstrom, or an energy above 0", r->argument);
    r->options->lambda = (HC_EV_ANGSTROM / electron_volts) / 1e10;
    return 0;
}

static int both_ranges(Reading *r, const Flag *flag) {
    r->options->hdiv.range = r->options->vdiv.range = number(r, 0) / flag->unit;
    return 0;
}

static int both_counts(Reading *r, const Flag *flag) {
    (void)flag;
    r->options->hdiv.count = r->options->vdiv.count = to_int(r, 0);
    return 0;
}

static int stol_name(Reading *r, const Flag *flag) {
    return text(r, flag);
}

static int dump_name(Reading *r, const Flag *flag) {
    if (!r->own->upstream)
        return warn("-dump exists in nanoBragg's upstream build only; give --build=U to use it"), 0;
    return text(r, flag);
}

static int pgm_name(Reading *r, const Flag *flag) {
    r->options->write_pgm = 1;
    return text(r, flag);
}

static int noise_name(Reading *r, const Flag *flag) {
    r->options->write_noise = 1;
    return text(r, flag);
}

static int pgm_scaled(Reading *r, const Flag *flag) {
    r->options->write_pgm = 1;
    return divided(r, flag);
}

static int printout_pixel(Reading *r, const Flag *flag) {
    (void)flag;
    r->options->printout_fast = to_int(r, 0);
    r->options->printout_slow = to_int(r, 1);
    return 0;
}

static int trace_pixel(Reading *r, const Flag *flag) {
    (void)flag;
    if (r->own->upstream)
        return warn("-trace_pixel exists in nanoBragg's traced build only; leave --build=U away"), 0;
    r->options->trace_slow = to_int(r, 0);
    r->options->trace_fast = to_int(r, 1);
    return 0;
}

/* Seeds are stored negated: a negative one restarts the generator. */
static int seeded(Reading *r, const Flag *flag) {
    long seed = whole(r, 0);
    *(long *)field(r, flag) = seed < -LONG_MAX ? LONG_MAX : -seed;
    if (flag->field == AT(misset_seed))
        r->options->misset_seed_given = 1;
    return 0;
}

#define MM 1000.0
#define MRAD 1000.0
#define PERCENT 100.0

const Flag FLAGS[] = {
    {"-Na", CONTAINS, 0, 1, cells_stop, AT(Na), 0, 0},
    {"-Nb", CONTAINS, 0, 1, cells_stop, AT(Nb), 0, 0},
    {"-Nc", CONTAINS, 0, 1, cells_stop, AT(Nc), 0, 0},
    {"-N", EXACT, 0, 1, cells_all, 0, 0, 0},
    {"-cell", CONTAINS, 0, 1, cell, 0, 0, 0},
    {"-misset", EXACT, 0, 1, misset, 0, 0, 0},
    {"-samplesize", CONTAINS, 0, 1, sample_size, AT(sample_x), MM, 0},
    {"-sample_size", CONTAINS, 0, 1, sample_size, AT(sample_x), MM, 0},
    {"-xtalsize", CONTAINS, 0, 1, sample_size, AT(sample_x), MM, 0},
    {"-xtal_size", CONTAINS, 0, 1, sample_size, AT(sample_x), MM, 0},
    {"-sample_thick", CONTAINS, 0, 1, divided, AT(sample_x), MM, 0},
    {"-sample_x", CONTAINS, 0, 1, divided, AT(sample_x), MM, 0},
    {"-xtal_thick", CONTAINS, 0, 1, divided, AT(sample_x), MM, 0},
    {"-xtal_x", CONTAINS, 0, 1, divided, AT(sample_x), MM, 0},
    {"-sample_width", CONTAINS, 0, 1, divided, AT(sample_y), MM, 0},
    {"-sample_y", CONTAINS, 0, 1, divided, AT(sample_y), MM, 0},
    {"-width", CONTAINS, 0, 1, divided, AT(sample_y), MM, 0},
    {"-xtal_width", CONTAINS, 0, 1, divided, AT(sample_y), MM, 0},
    {"-xtal_y", CONTAINS, 0, 1, divided, AT(sample_y), MM, 0},
    {"-sample_heigh", BEGINS, 0, 1, divided, AT(sample_z), MM, 0},
    {"-sample_z", CONTAINS, 0, 1, divided, AT(sample_z), MM, 0},
    {"-heigh", BEGINS, 0, 1, divided, AT(sample_z), MM, 0},
    {"-xtal_heigh", BEGINS, 0, 1, divided, AT(sample_z), MM, 0},
    {"-xtal_z", CONTAINS, 0, 1, divided, AT(sample_z), MM, 0},
    {"-density", CONTAINS, 0, 1, nothing, 0, 0, 0},
    {"-sample_den", BEGINS, 0, 1, nothing, 0, 0, 0},
    {"-MW", EXACT, 0, 1, nothing, 0, 0, 0},
    {"-molec", BEGINS, 0, 1, nothing, 0, 0, 0},
    {"-Xbeam", CONTAINS, 0, 1, divided, AT(Xbeam), MM, TO_BEAM},
    {"-Ybeam", CONTAINS, 0, 1, divided, AT(Ybeam), MM, TO_BEAM},
    {"-Xclose", CONTAINS, 0, 1, divided, AT(Xclose), MM, TO_SAMPLE},
    {"-Yclose", CONTAINS, 0, 1, divided, AT(Yclose), MM, TO_SAMPLE},
    {"-ORGX", CONTAINS, 0, 1, divided, AT(ORGX), 1.0, TO_SAMPLE},
    {"-ORGY", CONTAINS, 0, 1, divided, AT(ORGY), 1.0, TO_SAMPLE},
    {"-pivot", CONTAINS, 0, 1, pivot, 0, 0, 0},
    {"-mosflm", CONTAINS, 0, 0, switched, AT(convention), MOSFLM, TO_BEAM},
    {"-xds", CONTAINS, 0, 0, switched, AT(convention), XDS, TO_SAMPLE},
    {"-adxv", CONTAINS, 0, 0, switched, AT(convention), ADXV, TO_BEAM},
    {"-denzo", CONTAINS, 0, 0, switched, AT(convention), DENZO, TO_BEAM},
    {"-dials", CONTAINS, 0, 0, switched, AT(convention), DIALS, TO_BEAM},
    {"-fdet_vector", CONTAINS, 0, 3, vector, AT(fdet), 0, 0},
    {"-sdet_vector", CONTAINS, 0, 3, vector, AT(sdet), 0, 0},
    {"-odet_vector", CONTAINS, 0, 3, vector, AT(odet), 0, 0},
    {"-beam_vector", CONTAINS, 0, 3, vector, AT(beam), 0, 0},
    {"-polar_vector", CONTAINS, 0, 3, vector, AT(polar), 0, 0},
    {"-spindle_axis", CONTAINS, 0, 3, vector, AT(spindle), 0, 0},
    {"-twotheta_axis", CONTAINS, 0, 3, vector, AT(twotheta_axis), 0, 0},
    {"-pix0_vector", CONTAINS, 0, 3, vector, AT(pix0), 0, 0},
    {"-distance", CONTAINS, 0, 1, divided, AT(distance), MM, TO_BEAM},
    {"-close_distance", CONTAINS, 0, 1, divided, AT(close_distance), MM, TO_SAMPLE},
    {"-detector_abs", CONTAINS, 0, -1, absorption, 0, 0, 0},
    {"-detector_thick", CONTAINS, 15, -1, multiplied, AT(thickness.range), 1e-6, 0},
    {"-detector_thicksteps", CONTAINS, 0, -1, integer, AT(thickness.count), 0, 0},
    {"-thicksteps", CONTAINS, 0, -1, integer, AT(thickness.count), 0, 0},
    {"-twotheta", CONTAINS, 0, 1, divided, AT(twotheta), RTD, TO_SAMPLE},
    {"-detector_rotx", CONTAINS, 0, 1, divided, AT(rotation.x), RTD, 0},
    {"-detector_roty", CONTAINS, 0, 1, divided, AT(rotation.y), RTD, 0},
    {"-detector_rotz", CONTAINS, 0, 1, divided, AT(rotation.z), RTD, 0},
    {"-detsize", CONTAINS, 8, 1, detector_size, AT(detsize_fast), MM, 0},
    {"-detsize_f", CONTAINS, 0, 1, divided, AT(detsize_fast), MM, 0},
    {"-detsize_s", CONTAINS, 0, 1, divided, AT(detsize_slow), MM, 0},
    {"-detpixels", CONTAINS, 10, 1, detector_pixels, AT(fpixels), 0, 0},
    {"-detpixels_f", CONTAINS, 0, 1, integer, AT(fpixels), 0, 0},
    {"-detpixels_x", CONTAINS, 0, 1, integer, AT(fpixels), 0, 0},
    {"-detpixels_s", CONTAINS, 0, 1, integer, AT(spixels), 0, 0},
    {"-detpixels_y", CONTAINS, 0, 1, integer, AT(spixels), 0, 0},
    {"-curved_det", CONTAINS, 0, 1, switched, AT(curved), 1, 0},
    {"-pixel", CONTAINS, 0, 1, divided, AT(pixel), MM, 0},
    {"-point_pixel", CONTAINS, 0, 0, switched, AT(point_pixel), 1, 0},
    {"-polar", CONTAINS, 6, 1, kahn, AT(K), 1.0, 0},
    {"-nopolar", CONTAINS, 0, 0, switched, AT(nopolar), 1, 0},
    {"-oversample_thick", CONTAINS, 0, 0, switched_stop, AT(oversample_thick), 1, 0},
    {"-oversample_polar", CONTAINS, 0, 0, switched_stop, AT(oversample_polar), 1, 0},
    {"-oversample_omega", CONTAINS, 0, 0, switched_stop, AT(oversample_omega), 1, 0},
    {"-oversample", CONTAINS, 0, 1, integer, AT(oversample), 0, 0},
    {"-roi", CONTAINS, 0, 4, region, 0, 0, 0},
    {"-lambda", BEGINS, 0, 1, divided, AT(lambda), 1e10, 0},
    {"-wave", BEGINS, 0, 1, divided, AT(lambda), 1e10, 0},
    {"-energy", CONTAINS, 0, 1, energy, 0, 0, 0},
    {"-fluence", CONTAINS, 0, 1, divided, AT(fluence), 1.0, 0},
    {"-flux", CONTAINS, 0, 1, divided, AT(flux), 1.0, 0},
    {"-exposure", CONTAINS, 0, 1, divided, AT(exposure), 1.0, 0},
    {"-beamsize", CONTAINS, 0, 1, divided, AT(beamsize), MM, 0},
    {"-mosaic", CONTAINS, 7, 1, divided, AT(mosaic_spread), RTD, 0},
    {"-mosaici", BEGINS, 0, 1, divided, AT(mosaic_spread), RTD, 0},
    {"-mosaic_spr", BEGINS, 0, 1, divided, AT(mosaic_spread), RTD, 0},
    {"-mosaic_dom", BEGINS, 0, 1, integer, AT(mosaic_domains), 0, 0},
    {"-dispersion", CONTAINS, 0, 1, divided, AT(dispersion.range), PERCENT, 0},
    {"-dispsteps", CONTAINS, 0, 1, integer, AT(dispersion.count), 0, 0},
    {"-divergence", CONTAINS, 0, 1, both_ranges, 0, MRAD, 0},
    {"-hdivrange", CONTAINS, 0, 1, divided, AT(hdiv.range), MRAD, 0},
    {"-vdivrange", CONTAINS, 0, 1, divided, AT(vdiv.range), MRAD, 0},
    {"-hdivstep", CONTAINS, 9, 1, divided, AT(hdiv.step), MRAD, 0},
    {"-hdivsteps", CONTAINS, 0, 1, integer, AT(hdiv.count), 0, 0},
    {"-vdivstep", CONTAINS, 9, 1, divided, AT(vdiv.step), MRAD, 0},
    {"-vdivsteps", CONTAINS, 0, 1, integer, AT(vdiv.count), 0, 0},
    {"-divsteps", CONTAINS, 0, 1, both_counts, 0, 0, 0},
    {"-round_div", CONTAINS, 0, 0, switched, AT(round_div), 1, 0},
    {"-square_div", CONTAINS, 0, 0, switched, AT(round_div), 0, 0},
    {"-adc", CONTAINS, 0, 1, divided, AT(adc), 1.0, 0},
    {"-phi", CONTAINS, 4, 1, divided, AT(phi0), RTD, 0},
    {"-osc", CONTAINS, 0, 1, divided, AT(phi.range), RTD, 0},
    {"-phistep", CONTAINS, 8, 1, divided, AT(phi.step), RTD, 0},
    {"-phisteps", CONTAINS, 0, 1, integer, AT(phi.count), 0, 0},
    {"-dmin", CONTAINS, 0, 1, multiplied, AT(dmin), 1e-10, 0},
    {"-mat", CONTAINS, 0, 1, text, AT(matrix_file), 0, 0},
    {"-hkl", CONTAINS, 0, 1, text, AT(hkl_file), 0, 0},
    {"-default_F", CONTAINS, 0, 1, divided, AT(default_F), 1.0, 0},
    {"-img", CONTAINS, 0, 1, nothing, 0, 0, 0},
    {"-mask", CONTAINS, 0, 1, nothing, 0, 0, 0},
    {"-stolout", CONTAINS, 0, 1, nothing, 0, 0, 0},
    {"-stol", CONTAINS, 5, 1, stol_name, AT(stol_file), 0, 0},
    {"-4stol", CONTAINS, 6, 1, stol_name, AT(stol_file), 0, 0},
    {"-Q", CONTAINS, 2, 1, stol_name, AT(stol_file), 0, 0},
    {"-sourcefile", CONTAINS, 0, 1, text, AT(source_file), 0, 0},
    {"-dump", CONTAINS, 0, 1, dump_name, AT(dump_file), 0, 0},
    {"-floatfile", CONTAINS, 0, 1, text, AT(float_file), 0, 0},
    {"-floatimage", CONTAINS, 0, 1, text, AT(float_file), 0, 0},
    {"-intfile", CONTAINS, 0, 1, text, AT(int_file), 0, 0},
    {"-intimage", CONTAINS, 0, 1, text, AT(int_file), 0, 0},
    {"-pgmfile", CONTAINS, 0, 1, pgm_name, AT(pgm_file), 0, 0},
    {"-pgmimage", CONTAINS, 0, 1, pgm_name, AT(pgm_file), 0, 0},
    {"-noisefile", CONTAINS, 0, 1, noise_name, AT(noise_file), 0, 0},
    {"-noiseimage", CONTAINS, 0, 1, noise_name, AT(noise_file), 0, 0},
    {"-nonoise", CONTAINS, 0, 0, switched, AT(write_noise), 0, 0},
    {"-nopgm", CONTAINS, 0, 0, switched, AT(write_pgm), 0, 0},
    {"-scale", CONTAINS, 0, 1, divided, AT(image_scale), 1.0, 0},
    {"-pgmscale", CONTAINS, 0, 1, pgm_scaled, AT(pgm_scale), 1.0, 0},
    {"-coherent", CONTAINS, 0, 0, nothing, 0, 0, 0},
    {"-printout", CONTAINS, 0, 0, switched, AT(printout), 1, 0},
    {"-noprogress", CONTAINS, 0, 0, switched, AT(progress), 0, 0},
    {"-progress", CONTAINS, 0, 0, switched, AT(progress), 1, 0},
    {"-interpolate", CONTAINS, 0, 0, switched, AT(interpolate), INTERPOLATE_ON, 0},
    {"-nointerpolate", CONTAINS, 0, 0, switched, AT(interpolate), INTERPOLATE_OFF, 0},
    {"-round_xtal", CONTAINS, 0, 0, switched, AT(shape), ROUND, 0},
    {"-square_xtal", CONTAINS, 0, 0, switched, AT(shape), SQUARE, 0},
    {"-gauss_xtal", CONTAINS, 0, 0, switched, AT(shape), GAUSS, 0},
    {"-binary_spots", CONTAINS, 0, 0, switched, AT(shape), TOPHAT, 0},
    {"-tophat_spots", CONTAINS, 0, 0, switched, AT(shape), TOPHAT, 0},
    {"-fudge", CONTAINS, 0, 1, divided, AT(fudge), 1.0, 0},
    {"-printout_pixel", CONTAINS, 0, 2, printout_pixel, 0, 0, 0},
    {"-trace_pixel", CONTAINS, 0, 2, trace_pixel, 0, 0, 0},
    {"-seed", CONTAINS, 0, 1, seeded, AT(seed), 0, 0},
    {"-mosaic_seed", CONTAINS, 0, 1, seeded, AT(mosaic_seed), 0, 0},
    {"-misset_seed", CONTAINS, 0, 1, seeded, AT(misset_seed), 0, 0},
    {"-water", CONTAINS, 0, 1, divided, AT(water), 1e6, 0},
};
const int FLAG_COUNT = sizeof FLAGS / sizeof FLAGS[0];

int flag_is_misset(const Flag *flag) {
    return flag->action == misset;
}

/* Switches, among them -curved_det, which only wants a neighbour. */
int flag_takes_nothing(const Flag *flag) {
    return flag->need == 0 || flag->action == switched;
}

/* reference: nanoBragg from its specification, in C99, instrumented with trace.h. The order of the steps is that of
   physics 2.4; docs/reference.md describes the program, docs/quirks.md what --quirks=none changes. */
#include "experiment.h"

#include "console.h"
#include "constants.h"
#include "errors.h"
#include "image.h"
#include "timing.h"
#include "tracing.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

/* Physics 2.4 step 9: there must be structure factors and a cell. */
static void check_input(const Experiment *e, int cache) {
    const Options *o = &e->options;
    if (o->hkl_file == NULL && !cache && o->default_F == 0.0) {
        console_usage();
        fail("no structure factors: give -hkl FILE or -default_F F");
    }
    if (o->matrix_file == NULL && o->cell[0] == 0.0) {
        console_usage();
        fail("no unit cell: give -cell a b c alpha beta gamma or -mat FILE");
    }
    if (o->lambda == 0.0)
        fail("the wavelength is 0; give -lambda in Angstrom, or -energy in eV");
}

static void choose_interpolation(Experiment *e) {
    const Options *o = &e->options;
    e->structure.interpolate = o->interpolate == INTERPOLATE_ON;
    if (o->interpolate == INTERPOLATE_AUTO)
        e->structure.interpolate = o->Na <= 2 || o->Nb <= 2 || o->Nc <= 2;
    console_interpolation(e);
}

/* Layers are not counted. nanoBragg keeps the product in 32 bits, where it would wrap. */
static void count_steps(Experiment *e) {
    double steps = (double)e->beam.count * e->crystal.domains * e->crystal.phi.count;
    steps *= (double)e->oversample * e->oversample;
    if (steps > 9e15)
        fail("%.0f steps a pixel cannot be counted; ask for fewer", steps);
    e->steps = (long long)steps;
    double samples = steps * e->detector.fpixels * e->detector.spixels * e->detector.thickness.count;
    if (samples > 1e15)
        fail("the run would take %.3g samples; check -distance, -pixel, -oversample and the counts of steps", samples);
    if (samples > 1e10)
        warn("%d x %d pixels of %.0f steps each will take very long; check -oversample, -distance and the step counts",
             e->detector.fpixels, e->detector.spixels, steps);
    if (steps > (double)INT_MAX && e->quirks) {
        e->steps = (long long)(int)(unsigned)e->steps;
        warn("%.0f steps a pixel do not fit into 32 bits: as in nanoBragg the sum is divided by %lld", steps, e->steps);
    }
}

/* Scattering of water: physics 6.1. In nanoBragg it is scaled by r_e^2 fluence here and again at the end. */
static double water_background(double w, double fluence, int quirks) {
    double amplitude = WATER_AMPLITUDE * WATER_AMPLITUDE;
    if (quirks)
        amplitude = amplitude * R_E_SQR * fluence;
    return amplitude * w * w * w * WATER_DENSITY * AVOGADRO / WATER_MOLAR_MASS;
}

static void set_up(Experiment *e) {
    FILE *cache = NULL;
    resolve_detector(e);
    console_banner();
    check_input(e, open_cache(e, &cache));
    resolve_steps(e);
    place_detector(e);
    console_detector(e);
    choose_interpolation(e);
    build_crystal(e);
    size_crystal(e);
    load_structure(e, cache);
    console_steps(e);
    build_sources(e);
    build_mosaic(e);
    count_steps(e);
    load_mask(e);
    tell_doubts(e);
    e->background = water_background(e->water, e->beam.fluence, e->quirks);
    console_summary(e);
}

static Image timed_image(Experiment *e) {
    double start = wall_seconds();
    Image image = compute_image(e);
    if (e->own.time_loop) {
        fflush(stdout);
        fprintf(stderr, "loop_seconds=%.6f\n", wall_seconds() - start);
    }
    return image;
}

static void release(Experiment *e, Image *image) {
    free(image->value);
    free(e->beam.sources);
    free(e->structure.F);
    free(e->crystal.mosaic);
    free(e->detector.mask);
}

int main(int argc, char **argv) {
    static Experiment experiment;
    Experiment *e = &experiment;
    argc = own_take(&e->own, argc, argv);
    e->quirks = e->own.quirks;
    options_default(&e->options);
    headers_parse(&e->options, &e->own, argc, argv);
    flags_parse(&e->options, &e->own, argc, argv);
    tracing_start(e);
    set_up(e);
    tracing_announce(e);
    Image image = timed_image(e);
    take_statistics(e, &image);
    if (image.wrong > 0)
        warn("%ld of %ld pixels are infinite or no number; check the options that give lengths and angles", image.wrong,
             (long)image.spixels * image.fpixels);
    tracing_finish(e);
    if (!e->own.no_output) {
        write_images(e, &image);
        if (e->options.write_noise)
            write_noise(e, &image);
    }
    release(e, &image);
    if (fflush(stdout) != 0)
        fail("the standard output could not be written whole; is the disk full?");
    return 0;
}

/* What the program says on stdout besides the cell: physics 7.10, 7.11 and the set-up lines of 8.1. */
#include "console.h"

#include "constants.h"
#include "tracing.h"

#include <stdio.h>

void console_banner(void) {
    printf("nanoBragg nanocrystal diffraction simulator - James Holton and Ken Frankel 5-17-17\n");
}

void console_usage(void) {
    printf("usage: reference -cell a b c alpha beta gamma | -mat FILE,  with -hkl FILE or -default_F F\n"
           "\n"
           "    -lambda A | -energy eV     -distance mm     -detpixels N | -detsize mm     -pixel mm\n"
           "    -N cells | -xtalsize mm    -misset x y z | random    -phi deg -osc deg -phisteps n\n"
           "    -mosaic deg -mosaic_dom n  -mosflm | -xds | -adxv | -denzo | -dials\n"
           "\n"
           "Every option of nanoBragg is understood; docs/reference.md lists them and our own (--digits=N, --quirks=none, ...).\n");
}

/* ---- detector ---- */

static const char *convention_name(Convention c) {
    switch (c) {
    case MOSFLM: return "mosflm";
    case XDS: return "xds";
    case ADXV: return "adxv";
    case DENZO: return "denzo";
    case DIALS: return "dials";
    case CUSTOM: break;
    }
    return "custom";
}

static void print_vector(const Experiment *e, const char *name, Vec3 v) {
    printf("%s %.*g %.*g %.*g\n", name, e->own.digits, v.x, e->own.digits, v.y, e->own.digits, v.z);
}

static void print_axes(const Experiment *e) {
    print_vector(e, "DETECTOR_FAST_AXIS", e->detector.fdet);
    print_vector(e, "DETECTOR_SLOW_AXIS", e->detector.sdet);
    print_vector(e, "DETECTOR_NORMAL_AXIS", e->detector.odet);
}

static void set_vector(const char *name, Vec3 v) {
    FIRSTBAD_TRACE_SET(&text_trace, name, v.x, v.y, v.z);
}

static void set_matrix(const char *name, const Mat3 *m) {
    const double values[9] = {m->row[0].x, m->row[0].y, m->row[0].z, m->row[1].x, m->row[1].y,
                              m->row[1].z, m->row[2].x, m->row[2].y, m->row[2].z};
    FIRSTBAD_TRACE_MATRIX(&text_trace, name, values, 3, 3);
}

static void trace_rotations(const Experiment *e) {
    Vec3 angle = e->detector.rotation;
    Mat3 x = matrix_rx(angle.x), y = matrix_ry(angle.y), z = matrix_rz(angle.z);
    Mat3 total = matrix_product(z, matrix_product(y, x));
    set_matrix("Rx", &x);
    set_matrix("Ry", &y);
    set_matrix("Rz", &z);
    set_matrix("R_total", &total);
}

/* The tags say "after rotz", the values are after two-theta. */
static void trace_axes(const Detector *d) {
    set_vector("fdet_after_rotz", d->fdet);
    set_vector("sdet_after_rotz", d->sdet);
    set_vector("odet_after_rotz", d->odet);
    set_vector("twotheta_axis", d->twotheta_axis);
    set_vector("fdet_after_twotheta", d->fdet);
    set_vector("sdet_after_twotheta", d->sdet);
    set_vector("odet_after_twotheta", d->odet);
}

static void trace_origin(const Experiment *e) {
    const Detector *d = &e->detector;
    FIRSTBAD_TRACE_SET(&text_trace, "Fbeam_m", d->Fbeam_used);
    FIRSTBAD_TRACE_SET(&text_trace, "Sbeam_m", d->Sbeam_used);
    FIRSTBAD_TRACE_SET(&text_trace, "distance_m", d->distance_used);
    set_vector("term_fast", scale(-d->Fbeam_used, d->fdet));
    set_vector("term_slow", scale(-d->Sbeam_used, d->sdet));
    set_vector("term_beam", scale(d->distance_used, e->beam.direction));
    set_vector("pix0_vector", d->origin);
}

/* Printed with the beam pivot only. Convention, initial axes and mapping are constants, whatever is in use. */
static void trace_detector(const Experiment *e) {
    const Detector *d = &e->detector;
    int digits = e->own.digits;
    FIRSTBAD_TRACE_WORD(&text_trace, "detector_convention", "MOSFLM");
    FIRSTBAD_TRACE_LINE(&text_trace, "TRACE_C:angles_rad=rotx:%.*g roty:%.*g rotz:%.*g twotheta:%.*g", digits,
                        d->rotation.x, digits, d->rotation.y, digits, d->rotation.z, digits, d->twotheta);
    FIRSTBAD_TRACE_LINE(&text_trace, "TRACE_C:beam_center_m=X:%.*g Y:%.*g pixel_mm:%.*g", digits, d->Xbeam / 1000.0,
                        digits, d->Ybeam / 1000.0, digits, d->pixel * 1000.0);
    set_vector("initial_fdet", vec(0, 0, 1));
    set_vector("initial_sdet", vec(0, -1, 0));
    set_vector("initial_odet", vec(1, 0, 0));
    trace_rotations(e);
    trace_axes(d);
    FIRSTBAD_TRACE_LINE(&text_trace, "TRACE_C:convention_mapping=%s",
                        "Fbeam\xe2\x86\x90Ybeam_mm(+0.5px),Sbeam\xe2\x86\x90Xbeam_mm(+0.5px),beam_vec=[1 0 0]");
    trace_origin(e);
}

void console_detector(const Experiment *e) {
    const Detector *d = &e->detector;
    Vec3 beam = e->beam.direction;
    printf("%s convention selected.\n", convention_name(d->convention));
    if (d->pivot == PIVOT_SAMPLE)
        printf("pivoting detector around sample\n");
    print_axes(e);
    if (d->pivot == PIVOT_BEAM) {
        printf("pivoting detector around direct beam spot\n");
        trace_detector(e);
    }
    print_vector(e, "DETECTOR_PIX0_VECTOR", d->origin);
    printf("XDS incident beam: %g %g %g\n", dot(beam, d->fdet), dot(beam, d->sdet), dot(beam, d->odet));
}

void console_interpolation(const Experiment *e) {
    if (e->options.interpolate != INTERPOLATE_AUTO)
        return;
    if (e->structure.interpolate)
        printf("auto-selected tricubic interpolation of structure factors\n");
    else
        printf("auto-selected no interpolation\n");
}

/* ---- sizes, steps, sources ---- */

void console_size(const Experiment *e) {
    const Crystal *c = &e->crystal;
    printf("crystal is %g x %g x %g microns\n", length(c->a0) * c->Na * 1e6, length(c->b0) * c->Nb * 1e6,
           length(c->c0) * c->Nc * 1e6);
}

void console_advice(double sample, double reciprocal_pixel, int oversample) {
    printf("WARNING: maximum dimension of sample is %g A\n", sample * 1e10);
    printf("         but reciprocal pixel size is %g A: intensity may vary across a pixel!\n", reciprocal_pixel * 1e10);
    printf("         recommend -oversample %d to work around this\n", oversample);
}

/* Of a box with these edges; not of the cell (physics 7.11). */
void console_mass(double a, double b, double c) {
    printf("approximate MW = %g\n", a * b * c * CRYSTAL_DENSITY * AVOGADRO);
}

void console_steps(const Experiment *e) {
    const Crystal *c = &e->crystal;
    for (int i = 0; i < e->detector.thickness.count; i++)
        printf("thick%d = %g um\n", i, e->detector.thickness.step * i * 1e6);
    for (int i = 0; i < c->phi.count; i++)
        printf("phi%d = %g\n", i, (c->phi0 + c->phi.step * i) * RTD);
}

void console_divergence(double h, double v) {
    printf("divergence deviation: %g %g\n", h, v);
}

void console_wavelength(int i, double lambda) {
    printf("lambda%d = %.15g\n", i, lambda);
}

void console_sources(const Experiment *e) {
    printf("  created a total of %d sources:\n", e->beam.count);
    for (int i = 0; i < e->beam.count; i++) {
        const Source *s = &e->beam.sources[i];
        printf("%g %g %g   %g %g\n", s->position.x, s->position.y, s->position.z, s->weight, s->lambda);
    }
}

/* ---- the summary before the loop ---- */

static const char *shape_name(Shape shape) {
    switch (shape) {
    case SQUARE: break;
    case ROUND: return "ellipsoidal";
    case GAUSS: return "gaussian";
    case TOPHAT: return "tophat-spot";
    }
    return "parallelpiped";
}

static void summarize_crystal(const Experiment *e) {
    const Crystal *c = &e->crystal;
    printf("  %ld initialized hkls (all others =%g)\n", e->structure.hkls, e->structure.default_F);
    printf("  %s xtal: %dx%dx%d cells\n", shape_name(c->shape), c->Na, c->Nb, c->Nc);
}

static void summarize_beam(const Experiment *e) {
    const Beam *b = &e->beam;
    printf("  wave=%g meters +/- %g%% in %d steps\n", b->lambda0, b->dispersion.range * 100.0, b->dispersion.count);
    if (b->nopolar)
        printf("  polarization effect disabled\n");
    else
        printf("  Kahn polarization factor: %f\n", b->K);
    if (e->detector.curved)
        printf("  curved detector: all pixels same distance from origin\n");
    if (e->detector.point_pixel)
        printf("  pixel obliquity effect disabled\n");
    printf("  incident fluence: %g photons/m^2\n", b->fluence);
}

static void print_axis(const char *name, Vec3 v) {
    printf("  %s= %g %g %g\n", name, v.x, v.y, v.z);
}

static void summarize_detector(const Experiment *e) {
    const Detector *d = &e->detector;
    printf("  distance=%g detsize=%gx%g  pixel=%g meters (%dx%d pixels)\n", d->distance, d->fast_size, d->slow_size,
           d->pixel, d->fpixels, d->spixels);
    printf("  sensor is %g m thick in %d layers with mu= %g\n", d->thickness.range, d->thickness.count, d->mu);
    printf("  Xbeam=%g Ybeam=%g\n", d->Xbeam, d->Ybeam);
    printf("  Fbeam=%g Sbeam=%g\n", d->Fbeam, d->Sbeam);
    printf("  Xclose=%g Yclose=%g\n", d->Xclose, d->Yclose);
    printf("  Fclose=%g Sclose=%g\n", d->Fclose, d->Sclose);
    print_axis("DIRECTION_OF_DETECTOR_X-AXIS", d->fdet);
    print_axis("DIRECTION_OF_DETECTOR_Y-AXIS", d->sdet);
    print_axis("DIRECTION_OF_DETECTOR_Z-AXIS", d->odet);
    print_axis("INCIDENT_BEAM_DIRECTION", e->beam.direction);
    print_axis("spindle ROTATION_AXIS", e->crystal.spindle);
    print_axis("POLARIZATION_PLANE_NORMAL", e->beam.vert);
    printf("  dials origin= %g %g %g\n", 1000.0 * d->origin.z, 1000.0 * d->origin.y, 1000.0 * -d->origin.x);
    printf("  roi: %d < x < %d && %d < y < %d\n", d->roi[0], d->roi[1], d->roi[2], d->roi[3]);
}

static void summarize_sampling(const Experiment *e) {
    const Beam *b = &e->beam;
    const Crystal *c = &e->crystal;
    printf("  hdivrange=%g hdivstep=%g  radians\n", b->hdiv.range, b->hdiv.step);
    printf("  vdivrange=%g vdivstep=%g  radians\n", b->vdiv.range, b->vdiv.step);
    printf("  %d divergence steps\n", b->divergence_steps);
    printf("  %d sources\n", b->count);
    printf("  %d mosaic domains over mosaic spread of %g degrees\n", c->domains, c->mosaic_spread * RTD);
    printf("  %d phi steps from %g to %g degrees\n", c->phi.count, c->phi0 * RTD, (c->phi0 + c->phi.range) * RTD);
    printf("  %dx%d pixel oversample steps%s%s%s\n", e->oversample, e->oversample,
           e->options.oversample_thick ? " +thick" : "", e->options.oversample_polar ? " +polar" : "",
           e->options.oversample_omega ? " +omega" : "");
    if (e->detector.mask != NULL)
        printf("  skipping zero-flagged pixels in %s\n", e->options.mask_file);
}

void console_summary(const Experiment *e) {
    printf("  created a total of %d mosaic domains\n", e->crystal.domains);
    summarize_crystal(e);
    summarize_beam(e);
    summarize_detector(e);
    summarize_sampling(e);
    printf("\n  noise image paramters:\n");
    printf("  seed: %ld\n", e->options.seed);
    printf("  water droplet size: %g m\n", e->water);
}

/* The second line has no line end: what is printed next is glued to it, as in the real program. */
void console_out_of_range(Vec3 hkl, int h0, int k0, int l0) {
    printf("WARNING: out of range for three point interpolation: h,k,l,h0,k0,l0: %g,%g,%g,%d,%d,%d \n"
           "WARNING: further warnings will not be printed! ", hkl.x, hkl.y, hkl.z, h0, k0, l0);
}

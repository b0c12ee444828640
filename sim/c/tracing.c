/* The trace lines of physics 8.1, in text and as a binary stream. */
#ifdef _OPENMP
#define FIRSTBAD_TRACE_GUARD _Pragma("omp critical(firstbad_trace)")
#endif
#define FIRSTBAD_TRACE_IMPLEMENTATION
#include "tracing.h"

#include "constants.h"
#include "errors.h"
#include "selection.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

FirstbadTrace text_trace;
static FirstbadStream stream;
static FILE *stream_file;
static Selection selection;

/* Every per-pixel quantity: its number in the stream and its tag. */
#define QUANTITIES(X) \
    X(pix0_vector_meters) X(fdet_vec) X(sdet_vec) X(pixel_pos_meters) X(R_distance_meters) X(omega_pixel_sr) \
    X(close_distance_meters) X(obliquity_factor) X(diffracted_vec) X(incident_vec) X(lambda_meters) \
    X(lambda_angstroms) X(scattering_vec_A_inv) X(rot_a_angstroms) X(rot_b_angstroms) X(rot_c_angstroms) \
    X(rot_a_star_A_inv) X(rot_b_star_A_inv) X(rot_c_star_A_inv) X(hkl_frac) X(hkl_rounded) X(F_latt_a) X(F_latt_b) \
    X(F_latt_c) X(F_latt) X(F_cell) X(I_before_scaling) X(r_e_meters) X(r_e_sqr) X(fluence_photons_per_m2) \
    X(steps) X(oversample_thick) X(oversample_polar) X(oversample_omega) X(capture_fraction) X(polar) \
    X(omega_pixel) X(cos_2theta) X(I_pixel_final) X(floatimage_accumulated)

#define AS_NUMBER(tag) Q_##tag,
#define AS_NAME(tag) #tag,
enum { QUANTITIES(AS_NUMBER) QUANTITY_COUNT };
static const char *const NAMES[QUANTITY_COUNT] = {QUANTITIES(AS_NAME)};

/* Where in the loop nest a record stands, for its braces: nothing, its source, or that with phi step and domain. */
typedef struct Place {
    char text[64];
} Place;

static const Place PIXEL = {""};

static Place source_place(const Experiment *e, const Sample *x) {
    Place place = {""};
    if (e->own.trace_steps)
        snprintf(place.text, sizeof place.text, "source=%d", x->source);
    return place;
}

static Place step_place(const Experiment *e, const Sample *x) {
    Place place = {""};
    if (e->own.trace_steps)
        snprintf(place.text, sizeof place.text, "source=%d,phi=%d,mosaic=%d", x->source, x->tic, x->domain);
    return place;
}

static void emit(const Sample *x, const Place *place, int quantity, const double *values, size_t count) {
    if (x->taps & TAP_TEXT)
        FIRSTBAD_TRACE_VALUES_IN(&text_trace, NAMES[quantity], place->text, values, count);
    if (x->taps & TAP_STREAM)
        FIRSTBAD_STREAM(&stream, (uint32_t)x->slow, (uint32_t)x->fast, (unsigned)quantity, values, count);
}

static void emit_number(const Sample *x, const Place *place, int quantity, double value) {
    emit(x, place, quantity, &value, 1);
}

static void emit_vector(const Sample *x, const Place *place, int quantity, Vec3 v) {
    emit(x, place, quantity, (const double[]){v.x, v.y, v.z}, 3);
}

void trace_geometry(const Experiment *e, const Sample *x) {
    const Detector *d = &e->detector;
    const Place *place = &PIXEL;
    emit_vector(x, place, Q_pix0_vector_meters, d->origin);
    emit_vector(x, place, Q_fdet_vec, d->fdet);
    emit_vector(x, place, Q_sdet_vec, d->sdet);
    emit_vector(x, place, Q_pixel_pos_meters, x->position);
    emit_number(x, place, Q_R_distance_meters, x->R);
    emit_number(x, place, Q_omega_pixel_sr, x->omega);
    emit_number(x, place, Q_close_distance_meters, d->close_distance);
    emit_number(x, place, Q_obliquity_factor, d->close_distance / x->R);
    emit_vector(x, place, Q_diffracted_vec, x->diffracted);
}

void trace_source(const Experiment *e, const Sample *x) {
    Place here = source_place(e, x), *place = &here;
    emit_vector(x, place, Q_incident_vec, x->incident);
    emit_number(x, place, Q_lambda_meters, x->lambda);
    emit_number(x, place, Q_lambda_angstroms, x->lambda * 1e10);
    emit_vector(x, place, Q_scattering_vec_A_inv, x->q);  /* in 1/m, whatever the tag says */
}

void trace_orientation(const Experiment *e, const Sample *x) {
    const Crystal *c = &e->crystal;
    Place here = step_place(e, x), *place = &here;
    emit_vector(x, place, Q_rot_a_angstroms, scale(1e10, x->a));
    emit_vector(x, place, Q_rot_b_angstroms, scale(1e10, x->b));
    emit_vector(x, place, Q_rot_c_angstroms, scale(1e10, x->c));
    emit_vector(x, place, Q_rot_a_star_A_inv, c->a_star);  /* not rotated */
    emit_vector(x, place, Q_rot_b_star_A_inv, c->b_star);
    emit_vector(x, place, Q_rot_c_star_A_inv, c->c_star);
    emit_vector(x, place, Q_hkl_frac, x->hkl);
    emit(x, place, Q_hkl_rounded, (const double[]){x->h0, x->k0, x->l0}, 3);
}

void trace_lattice(const Experiment *e, const Sample *x) {
    Place here = step_place(e, x), *place = &here;
    if (e->crystal.shape == SQUARE) {
        emit_number(x, place, Q_F_latt_a, x->F_latt_a);
        emit_number(x, place, Q_F_latt_b, x->F_latt_b);
        emit_number(x, place, Q_F_latt_c, x->F_latt_c);
    }
    if (e->crystal.shape == SQUARE || e->own.trace_steps)
        emit_number(x, place, Q_F_latt, x->F_latt);
}

void trace_structure_factor(const Experiment *e, const Sample *x) {
    Place here = step_place(e, x), *place = &here;
    emit_number(x, place, Q_F_cell, x->F_cell);
}

void trace_pixel_value(const Experiment *e, const Sample *x, double value) {
    const Place *place = &PIXEL;
    emit_number(x, place, Q_I_before_scaling, x->I);
    emit_number(x, place, Q_r_e_meters, sqrt(R_E_SQR));
    emit_number(x, place, Q_r_e_sqr, R_E_SQR);
    emit_number(x, place, Q_fluence_photons_per_m2, e->beam.fluence);
    emit_number(x, place, Q_steps, (double)e->steps);
    emit_number(x, place, Q_oversample_thick, e->options.oversample_thick);
    emit_number(x, place, Q_oversample_polar, e->options.oversample_polar);
    emit_number(x, place, Q_oversample_omega, e->options.oversample_omega);
    emit_number(x, place, Q_capture_fraction, x->capture);
    emit_number(x, place, Q_polar, x->polar);
    emit_number(x, place, Q_omega_pixel, x->omega);
    emit_number(x, place, Q_cos_2theta, dot(x->incident, x->diffracted));
    emit_number(x, place, Q_I_pixel_final, value);
    emit_number(x, place, Q_floatimage_accumulated, (double)(float)value);
}

void trace_phi_step(const Experiment *e, const Sample *x, int phi_tic, double phi) {
    int digits = e->own.digits;
    if (!(x->taps & TAP_TEXT))
        return;
    FIRSTBAD_TRACE_LINE(&text_trace, "TRACE_C_PHI phi_tic=%d phi_deg=%.*g k_frac=%.*g F_latt_b=%.*g F_latt=%.*g",
                        phi_tic, digits, phi * RTD, digits, x->hkl.y, digits, x->F_latt_b, digits, x->F_latt);
}

static void vector_line(const char *name, Vec3 v) {
    FIRSTBAD_TRACE_LINE(&text_trace, "TRACE:   %s = [%g, %g, %g]", name, v.x, v.y, v.z);
}

void trace_phi_rotation(const Experiment *e, const Sample *x, double phi) {
    const Crystal *c = &e->crystal;
    FIRSTBAD_TRACE_LINE(&text_trace, "TRACE: Phi rotation (phi = %g degrees):", phi * RTD);
    vector_line("spindle", c->spindle);
    vector_line("a0", c->a0);
    vector_line("b0", c->b0);
    vector_line("c0", c->c0);
    vector_line("ap", x->ap);
    vector_line("bp", x->bp);
    vector_line("cp", x->cp);
}

void trace_mosaic_rotation(const Sample *x) {
    FIRSTBAD_TRACE_LINE(&text_trace, "TRACE: Mosaic rotation (domain 0):");
    vector_line("a", x->a);
    vector_line("b", x->b);
    vector_line("c", x->c);
}

/* ---- start and end ---- */

static int text_pixel_given(const Experiment *e) {
    return e->options.trace_slow >= 0 && e->options.trace_fast >= 0;
}

/* One character of a fact: what would end the value or the line is written %XX. */
static char *put_character(char *out, char c) {
    if (c > ' ' && c < 127 && c != '%') {
        *out = c;
        return out + 1;
    }
    return out + sprintf(out, "%%%02X", (unsigned)(unsigned char)c);
}

static char *put_text(char *out, const char *text) {
    while (*text != '\0')
        out = put_character(out, *text++);
    return out;
}

/* A word as a POSIX shell would have to read it. */
static char *put_word(char *out, const char *word) {
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_@%+=:,./-";
    if (*word != '\0' && word[strspn(word, plain)] == '\0')
        return put_text(out, word);
    *out++ = '\'';
    for (; *word != '\0'; word++)
        out = *word == '\'' ? put_text(out, "'\"'\"'") : put_character(out, *word);
    *out++ = '\'';
    return out;
}

/* The facts of the run, its arguments last; the caller frees them. */
static char *told_facts(const Experiment *e) {
    size_t room = 256;
    for (int i = 1; i < e->own.argc; i++)
        room += 5 * strlen(e->own.argv[i]) + 8;
    char *facts = malloc(room);
    if (facts == NULL)
        fail("there is no memory for the facts of the trace");
    char *out = facts + sprintf(facts, "side=C pixel=%d,%d digits=%d inputs=told quirks=%s program=reference args=",
                                e->options.trace_slow, e->options.trace_fast, e->own.digits,
                                e->quirks ? "nanobragg" : "none");
    for (int i = 1; i < e->own.argc; i++) {
        if (i > 1)
            out = put_character(out, ' ');
        out = put_word(out, e->own.argv[i]);
    }
    *out = '\0';
    return facts;
}

/* The files that this run will read; without -hkl a stale cache in the working directory is one of them. */
static void tell_inputs(const Experiment *e) {
    const Options *o = &e->options;
    FIRSTBAD_TRACE_INPUT(&text_trace, o->hkl_file != NULL || !e->quirks ? o->hkl_file : o->dump_file);
    FIRSTBAD_TRACE_INPUT(&text_trace, o->matrix_file);
    FIRSTBAD_TRACE_INPUT(&text_trace, o->source_file);
    FIRSTBAD_TRACE_INPUT(&text_trace, o->mask_file);
    if (o->mask_file == NULL || o->image_file == NULL || strcmp(o->mask_file, o->image_file) != 0)
        FIRSTBAD_TRACE_INPUT(&text_trace, o->image_file);
    FIRSTBAD_TRACE_INPUT(&text_trace, o->stol_file);
}

void tracing_start(const Experiment *e) {
    firstbad_trace_init(&text_trace, firstbad_to_file, stdout);
    text_trace.digits = e->own.digits;
    int sealed = text_pixel_given(e) && e->own.seal != SEAL_OFF;
    if (sealed) {
        char *facts = told_facts(e);
        FIRSTBAD_TRACE_OPEN(&text_trace, facts);
        free(facts);
    }
    if (sealed || e->own.trace_stream != NULL)  /* a store tells what was read, too */
        tell_inputs(e);
}

static void open_stream(const Experiment *e) {
    const char *name = e->own.trace_stream;
    if (name == NULL)
        return;
    stream_file = fopen(name, "wb");
    if (stream_file == NULL)
        fail("the trace stream %s cannot be written; check the folder", name);
    if (firstbad_stream_open(&stream, firstbad_to_file, stream_file, (uint32_t)e->detector.spixels,
                             (uint32_t)e->detector.fpixels, NAMES, QUANTITY_COUNT) != FIRSTBAD_OK)
        fail("the trace stream %s: %s", name, firstbad_message(stream.status));
}

static void select_pixels(const Experiment *e) {
    if (e->own.trace_pixels != NULL && e->own.trace_stream == NULL)
        fail("--trace-pixels needs a file to fill; add --trace-stream=FILE");
    if (e->own.trace_pixels != NULL)
        selection = selection_parse(e->own.trace_pixels, e->detector.spixels, e->detector.fpixels);
    else if (e->own.trace_stream != NULL && text_pixel_given(e))
        selection = selection_of_one(e->options.trace_slow, e->options.trace_fast);
    else if (e->own.trace_stream != NULL)
        fail("--trace-stream needs pixels; add --trace-pixels=S,F or -trace_pixel S F");
}

void tracing_announce(const Experiment *e) {
    select_pixels(e);
    open_stream(e);
    if (text_pixel_given(e))
        FIRSTBAD_TRACE_LINE(&text_trace, "TRACE_CONFIG: tracing pixel (spixel=%d, fpixel=%d)", e->options.trace_slow,
                            e->options.trace_fast);
}

int tracing_taps(const Experiment *e, int slow, int fast) {
    int taps = TAP_NONE;
    if (slow == e->options.trace_slow && fast == e->options.trace_fast)
        taps |= TAP_TEXT;
    if (stream_file != NULL && selection_has(&selection, slow, fast))
        taps |= TAP_STREAM;
    return taps;
}

void tracing_finish(const Experiment *e) {
    if (text_trace.opened)
        FIRSTBAD_TRACE_SEAL(&text_trace);
    if (text_trace.lost > 0)
        fail("%s: %llu records were lost", firstbad_trace_message(&text_trace), (unsigned long long)text_trace.lost);
    selection_release(&selection);
    if (stream_file == NULL)
        return;
    if (firstbad_stream_close(&stream) != FIRSTBAD_OK || fclose(stream_file) != 0)
        fail("the trace stream %s: %s", e->own.trace_stream, firstbad_message(stream.status));
}

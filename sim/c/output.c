/* The image files: physics 6.8 and 7.5 to 7.9. */
#include "image.h"

#include "constants.h"
#include "errors.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t pixels(const Image *m) {
    return (size_t)m->spixels * (size_t)m->fpixels;
}

static FILE *create(const char *name) {
    FILE *file = fopen(name, "wb");
    if (file == NULL)
        fail("the image %s cannot be written; check the folder", name);
    return file;
}

static void finish(FILE *file, const char *name) {
    int broken = ferror(file);
    if (fclose(file) != 0 || broken)
        fail("the image %s could not be written whole; is the disk full?", name);
}

/* ---- SMV ---- */

enum { HEADER_SIZE = 512 };

/* Adds to the header; what does not fit is cut, as the size is fixed. */
static void put(char *header, size_t *used, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int count = vsnprintf(header + *used, HEADER_SIZE - *used, format, arguments);
    va_end(arguments);
    *used += count < 0 ? 0 : (size_t)count;
    if (*used >= HEADER_SIZE)
        *used = HEADER_SIZE - 1;
}

static void put_beam_center(char *h, size_t *n, const Detector *d) {
    double mm = 1000.0;
    put(h, n, "BEAM_CENTER_X=%g;\nBEAM_CENTER_Y=%g;\n", d->Xbeam * mm, d->Ybeam * mm);
    put(h, n, "ADXV_CENTER_X=%g;\nADXV_CENTER_Y=%g;\n", d->Fbeam * mm, (d->slow_size - d->Sbeam) * mm);
    put(h, n, "MOSFLM_CENTER_X=%g;\nMOSFLM_CENTER_Y=%g;\n", (d->Sbeam - 0.5 * d->pixel) * mm,
        (d->Fbeam - 0.5 * d->pixel) * mm);
    put(h, n, "DENZO_X_BEAM=%g;\nDENZO_Y_BEAM=%g;\n", d->Sbeam * mm, d->Fbeam * mm);
    put(h, n, "DIALS_ORIGIN=%g,%g,%g\n", 1000.0 * d->origin.z, 1000.0 * d->origin.y, 1000.0 * -d->origin.x);
    put(h, n, "XDS_ORGX=%g;\nXDS_ORGY=%g;\nCLOSE_DISTANCE=%g;\n", d->ORGX, d->ORGY, d->close_distance * mm);
}

static void fill_header(const Experiment *e, char *h) {
    const Detector *d = &e->detector;
    const Crystal *c = &e->crystal;
    size_t n = 0;
    put(h, &n, "{\nHEADER_BYTES=512;\nDIM=2;\nBYTE_ORDER=little_endian;\nTYPE=unsigned_short;\n");
    put(h, &n, "SIZE1=%d;\nSIZE2=%d;\nPIXEL_SIZE=%g;\nDISTANCE=%g;\n", d->fpixels, d->spixels, d->pixel * 1000.0,
        d->distance * 1000.0);
    put(h, &n, "WAVELENGTH=%g;\n", e->beam.lambda0 * 1e10);
    put_beam_center(h, &n, d);
    put(h, &n, "PHI=%g;\nOSC_START=%g;\nOSC_RANGE=%g;\n", c->phi0 * RTD, c->phi0 * RTD, c->phi.range * RTD);
    put(h, &n, "TWOTHETA=%g;\nDETECTOR_SN=000;\nBEAMLINE=fake;\n}\f", d->twotheta * RTD);
    memset(h + n, ' ', HEADER_SIZE - n);
}

void write_smv(const Experiment *e, const char *name, const unsigned short *words) {
    char header[HEADER_SIZE];
    FILE *file = create(name);
    fill_header(e, header);
    fwrite(header, 1, HEADER_SIZE, file);
    fwrite(words, sizeof *words, (size_t)e->detector.spixels * (size_t)e->detector.fpixels, file);
    finish(file, name);
}

/* ---- float, integer, PGM ---- */

static void write_float(const Experiment *e, const Image *m) {
    const char *name = e->options.float_file;
    FILE *file;
    printf("writing %s as %ld %d-byte floats\n", name, (long)pixels(m), (int)sizeof(float));
    file = create(name);
    fwrite(m->value, sizeof(float), pixels(m), file);
    finish(file, name);
}

/* Clips to 16 bits and rounds half up, in float32; NaN becomes 0. */
static unsigned short to_word(double t) {
    if (!(t > 0.0))
        t = 0.0;
    if (t > 65535.0)
        t = 65535.0;
    return (unsigned short)(float)(t + 0.5);
}

static double int_scale(const Experiment *e, const Image *m) {
    if (e->options.image_scale > 0.0)
        return e->options.image_scale;
    return m->max > 0.0 ? 55000.0 / m->max : 1.0;
}

static void write_integers(const Experiment *e, const Image *m, double scale) {
    const char *name = e->options.int_file;
    unsigned short *words = need_memory(pixels(m), sizeof *words);
    for (int slow = 0; slow < m->spixels; slow++)
        for (int fast = 0; fast < m->fpixels; fast++) {
            size_t i = (size_t)slow * (size_t)m->fpixels + (size_t)fast;
            if (in_region(&e->detector, slow, fast))
                words[i] = to_word((double)m->value[i] * scale + e->options.adc);
        }
    printf("writing %s as %d-byte integers\n", name, (int)sizeof *words);
    write_smv(e, name, words);
    free(words);
}

static double pgm_scale(const Experiment *e, const Image *m, double scale) {
    if (e->options.pgm_scale > 0.0)
        return e->options.pgm_scale;
    return m->rmsd > 0.0 ? 250.0 / (5.0 * m->rmsd) : scale;
}

/* Truncates to a byte; what is no int (NaN) becomes 0. */
static unsigned char to_byte(double t) {
    if (t > 255.0)
        t = 255.0;
    return t > -2147483648.0 ? (unsigned char)(int)t : 0;
}

static void write_pgm(const Experiment *e, const Image *m, double scale) {
    const char *name = e->options.pgm_file;
    unsigned char *bytes = need_memory(pixels(m), 1);
    FILE *file;
    for (int slow = 0; slow < m->spixels; slow++)
        for (int fast = 0; fast < m->fpixels; fast++) {
            size_t i = (size_t)slow * (size_t)m->fpixels + (size_t)fast;
            if (in_region(&e->detector, slow, fast))
                bytes[i] = to_byte((double)m->value[i] * scale);
        }
    printf("writing %s as %d-byte integers\n", name, 1);
    file = create(name);
    fprintf(file, "P5\n%d %d\n# pixels scaled by %g\n255\n", m->fpixels, m->spixels, scale);
    fwrite(bytes, 1, pixels(m), file);
    finish(file, name);
    free(bytes);
}

static void print_statistics(const Experiment *e, const Image *m) {
    double omega = m->omega_sum / (double)e->steps;
    printf("\nsolid angle subtended by detector = %g steradian ( %g%% sphere)\n", omega, 100.0 * omega / 4.0 / PI);
}

void write_images(const Experiment *e, const Image *m) {
    double scale = int_scale(e, m);
    print_statistics(e, m);
    write_float(e, m);
    printf("max_I = %g  at %g %g\n", m->max, m->max_Fdet, m->max_Sdet);
    printf("mean= %g rms= %g rmsd= %g\n", m->mean, m->rms, m->rmsd);
    printf("intfile_scale = %g\n", scale);
    write_integers(e, m, scale);
    if (e->options.write_pgm) {
        double contrast = pgm_scale(e, m, scale);
        printf("pgm_scale = %g\n", contrast);
        write_pgm(e, m, contrast);
    }
}

/* The loop over pixels: physics 6.1; the progress meter and -printout: 7.10. */
#include "image.h"

#include "console.h"
#include "constants.h"
#include "errors.h"
#include "kernel.h"
#include "tracing.h"

#include <math.h>
#include <stdio.h>

int in_region(const Detector *d, int slow, int fast) {
    return fast >= d->roi[0] && fast <= d->roi[1] && slow >= d->roi[2] && slow <= d->roi[3];
}

int counted(const Detector *d, int slow, int fast) {
    return in_region(d, slow, fast) && (d->mask == NULL || d->mask[(size_t)slow * (size_t)d->fpixels + (size_t)fast] != 0);
}

/* ---- console ---- */

/* `done` pixels were computed before this one. */
static void show_progress(const Detector *d, long long done) {
    long long all = ((long long)d->roi[1] - d->roi[0] + 1) * ((long long)d->roi[3] - d->roi[2] + 1);
    if (all < 100)
        all = 100;
    if (done % (all / 20) == 0 || ((10 * done < all || 10 * done > 9 * all) && done % (all / 100) == 0))
        printf("%lld%% done\n", 100 * done / all);
}

static void print_sample(const Experiment *e, const Sample *x, double value) {
    Vec3 p = x->position, a = scale(1e10, x->a), b = scale(1e10, x->b), c = scale(1e10, x->c);
    double along_beam = sin(0.5 * atan2(sqrt(p.y * p.y + p.z * p.z), p.x)) / (e->beam.lambda0 * 1e10);
    printf("%4d %4d : stol = %g or %g\n", x->fast, x->slow, x->stol, along_beam);
    printf("at %g %g %g\n", p.x, p.y, p.z);
    printf("hkl= %f %f %f  hkl0= %d %d %d\n", x->hkl.x, x->hkl.y, x->hkl.z, x->h0, x->k0, x->l0);
    printf(" F_cell=%g  F_latt=%g   I = %g\n", x->F_cell, x->F_latt, x->I);
    printf("I/steps %15.10g\n", x->I / (double)e->steps);
    printf("polar   %15.10g\n", x->polar);
    printf("omega   %15.10g\n", x->omega);
    printf("capture %15.10g\n", x->capture);
    printf("pixel   %15.10g\n", value);
    printf("real-space cell vectors (Angstrom):\n     %-10s  %-10s  %-10s\n", "a", "b", "c");
    printf("X: %11.8f %11.8f %11.8f\n", a.x, b.x, c.x);
    printf("Y: %11.8f %11.8f %11.8f\n", a.y, b.y, c.y);
    printf("Z: %11.8f %11.8f %11.8f\n", a.z, b.z, c.z);
}

static void report_pixel(const Experiment *e, const Sample *x, double value, long long done) {
    const Options *o = &e->options;
    if (o->printout) {
        if ((o->printout_fast == x->fast && o->printout_slow == x->slow) || o->printout_fast < 0)
            print_sample(e, x, value);
    } else if (o->progress) {
        show_progress(&e->detector, done);
    }
}

/* ---- the loop ---- */

static long long count_up(long long *counter) {
    long long before;
#ifdef _OPENMP
#pragma omp atomic capture
#endif
    before = (*counter)++;
    return before;
}

static void compute_row(Experiment *e, Carried *carried, Image *image, int slow, long long *done) {
    Sample x;
    for (int fast = 0; fast < image->fpixels; fast++) {
        if (!counted(&e->detector, slow, fast))
            continue;
        double value = pixel_value(e, carried, slow, fast, tracing_taps(e, slow, fast), &x);
        image->value[(size_t)slow * (size_t)image->fpixels + (size_t)fast] = (float)value;
        if (e->options.printout || e->options.progress)
            report_pixel(e, &x, value, count_up(done));
    }
}

Image compute_image(Experiment *e) {
    Image image = {.spixels = e->detector.spixels, .fpixels = e->detector.fpixels};
    long long done = 0;
    double omega_sum = 0.0;
    image.value = need_memory((size_t)image.spixels * (size_t)image.fpixels, sizeof(float));
#ifdef _OPENMP
#pragma omp parallel reduction(+ : omega_sum)
#endif
    {
        Carried carried = carried_start(e);
#ifdef _OPENMP
#pragma omp for schedule(static)
#endif
        for (int slow = 0; slow < image.spixels; slow++)
            compute_row(e, &carried, &image, slow, &done);
        omega_sum += carried.omega_sum;
    }
    image.omega_sum = omega_sum;
    return image;
}

/* Statistics of the image: physics 6.7. Sums run in row order over the float32 values. */
#include "image.h"

#include <math.h>
#include <stdio.h>

/* The place of the last subpixel of a pixel. */
static double last_subpixel(const Experiment *e, int index) {
    double size = e->detector.pixel / e->oversample;
    return size * ((double)index * e->oversample + e->oversample - 1) + size / 2.0;
}

static double mean_square(float v) {
    return (double)(float)(v * v);
}

/* Maximum, sum and sum of squares over the pixels that were computed. */
static void first_pass(const Experiment *e, Image *m) {
    double sum = 0.0, squares = 0.0;
    for (int slow = 0; slow < m->spixels; slow++)
        for (int fast = 0; fast < m->fpixels; fast++) {
            float v = m->value[(size_t)slow * (size_t)m->fpixels + (size_t)fast];
            if (!counted(&e->detector, slow, fast))
                continue;
            if ((double)v > m->max) {
                m->max = (double)v;
                m->max_Fdet = last_subpixel(e, fast);
                m->max_Sdet = last_subpixel(e, slow);
            }
            if (!isfinite(v))
                m->wrong++;
            sum += (double)v;
            squares += mean_square(v);
            m->computed++;
        }
    m->mean = sum / (double)(m->computed > 1 ? m->computed : 1);
    m->rms = sqrt(squares / (double)(m->computed > 2 ? m->computed - 1 : 1));
}

/* The deviation counts masked pixels of the region as well. */
static void second_pass(const Experiment *e, Image *m) {
    double deviations = 0.0;
    long pixels = 0;
    for (int slow = 0; slow < m->spixels; slow++)
        for (int fast = 0; fast < m->fpixels; fast++) {
            double off;
            if (!in_region(&e->detector, slow, fast))
                continue;
            off = (double)m->value[(size_t)slow * (size_t)m->fpixels + (size_t)fast] - m->mean;
            deviations += off * off;
            pixels++;
        }
    m->rmsd = sqrt(deviations / (double)(pixels > 2 ? pixels - 1 : 1));
}

void take_statistics(const Experiment *e, Image *m) {
    first_pass(e, m);
    second_pass(e, m);
}

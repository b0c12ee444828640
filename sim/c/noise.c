/* The noise image: physics 6.8. */
#include "image.h"

#include "errors.h"
#include "prng.h"

#include <stdio.h>
#include <stdlib.h>

/* Truncates to 16 bits and counts what is too bright. */
static unsigned short saturate(double t, long *overloads) {
    if (t > 65535.0) {
        t = 65535.0;
        ++*overloads;
    }
    return t > -2147483648.0 ? (unsigned short)(int)t : 0;
}

void write_noise(const Experiment *e, const Image *m) {
    size_t count = (size_t)m->spixels * (size_t)m->fpixels;
    unsigned short *words = need_memory(count, sizeof *words);
    long stream = e->options.seed, overloads = 0;
    double photons = 0.0;
    for (int slow = 0; slow < m->spixels; slow++)
        for (int fast = 0; fast < m->fpixels; fast++) {
            size_t i = (size_t)slow * (size_t)m->fpixels + (size_t)fast;
            if (!in_region(&e->detector, slow, fast))
                continue;
            double deviate = (double)poisson_deviate(m->value[i], &stream);
            photons += deviate;
            words[i] = saturate(deviate + e->options.adc, &overloads);
        }
    printf("%.0f photons on noise image (%ld overloads)\n", photons, overloads);
    printf("writing %s as %d-byte integers\n", e->options.noise_file, (int)sizeof *words);
    write_smv(e, e->options.noise_file, words);
    free(words);
}

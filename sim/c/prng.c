/* Random numbers: physics 4.6 (uniform) and 6.8 (normal, Poisson). Every assignment to a float rounds on purpose. */
#include "prng.h"

#include "constants.h"

#include <math.h>

#define MULTIPLIER 16807
#define MODULUS 2147483647
#define QUOTIENT 127773   /* MODULUS / MULTIPLIER */
#define REMAINDER 2836    /* MODULUS % MULTIPLIER */
#define SLOTS 32
#define SLOT_SIZE (1 + (MODULUS - 1) / SLOTS)
#define LARGEST (1.0 - 1.2e-7)

static long shuffle[SLOTS];
static long last_output = 0;

/* 16807 z mod (2^31 - 1) without overflow, by Schrage's method. */
static long advance(long z) {
    long k = z / QUOTIENT;
    z = MULTIPLIER * (z - k * QUOTIENT) - REMAINDER * k;
    return z < 0 ? z + MODULUS : z;
}

static void restart(long *stream) {
    *stream = -*stream < 1 ? 1 : -*stream;
    for (int j = SLOTS + 7; j >= 0; j--) {
        *stream = advance(*stream);
        if (j < SLOTS)
            shuffle[j] = *stream;
    }
    last_output = shuffle[0];
}

float uniform_deviate(long *stream) {
    float u;
    long slot;
    if (*stream <= 0 || last_output == 0)
        restart(stream);
    *stream = advance(*stream);
    slot = (last_output / SLOT_SIZE) & (SLOTS - 1);  /* a stream integer far beyond the modulus could leave the table */
    last_output = shuffle[slot];
    shuffle[slot] = *stream;
    u = (float)((double)last_output * (1.0 / MODULUS));
    return (double)u > LARGEST ? (float)LARGEST : u;
}

float normal_deviate(long *stream) {
    static int kept = 0;
    static float saved;
    float v1, v2, r, factor;
    if (kept) {
        kept = 0;
        return saved;
    }
    do {
        v1 = (float)(2.0 * (double)uniform_deviate(stream) - 1.0);
        v2 = (float)(2.0 * (double)uniform_deviate(stream) - 1.0);
        r = v1 * v1 + v2 * v2;
    } while (r >= 1.0f || r == 0.0f);
    factor = (float)sqrt(-2.0 * log((double)r) / (double)r);
    saved = v1 * factor;
    kept = 1;
    return v2 * factor;
}

/* ln Gamma by the six-term Lanczos series. */
static float ln_gamma(float argument) {
    static const double c[6] = {76.18009172947146, -86.50532032941677, 24.01409824083091,
                                -1.231739572450155, 1.208650973866179e-3, -5.395239384953e-6};
    double z = (double)argument, sum = 1.000000000190015, w = z + 5.5;
    w -= (z + 0.5) * log(w);
    for (int n = 0; n < 6; n++)
        sum += c[n] / (z + (n + 1));
    return (float)(-w + log(2.5066282746310005 * sum / z));
}

/* Small means: multiply uniform deviates until the product falls below exp(-mean). */
static float poisson_by_product(float mean, long *stream) {
    float limit = (float)exp(-(double)mean), count = -1.0f, product = 1.0f;
    do {
        count += 1.0f;
        product *= uniform_deviate(stream);
    } while (product > limit);
    return count;
}

/* Larger means: rejection against a Lorentzian. */
static float poisson_by_rejection(float mean, long *stream) {
    float width = (float)sqrt(2.0 * (double)mean), log_mean = (float)log((double)mean);
    float xa = mean * log_mean, base = xa - ln_gamma((float)((double)mean + 1.0));
    float y, count, ma, exponent, acceptance;
    do {
        do {
            y = (float)tan(PI * (double)uniform_deviate(stream));
            count = width * y;
            count = count + mean;
        } while (count < 0.0f);
        count = (float)floor((double)count);
        ma = count * log_mean;
        exponent = ma - ln_gamma((float)((double)count + 1.0));
        exponent = exponent - base;
        y = y * y;
        acceptance = (float)(0.9 * (1.0 + (double)y) * exp((double)exponent));
    } while (uniform_deviate(stream) > acceptance);
    return count;
}

float poisson_deviate(float mean, long *stream) {
    if (mean != mean)
        return 0.0f;
    if (mean > 1e6f)
        return (float)((double)mean + sqrt((double)mean) * (double)normal_deviate(stream));
    return mean < 12.0f ? poisson_by_product(mean, stream) : poisson_by_rejection(mean, stream);
}

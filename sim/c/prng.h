/* Random numbers of physics 4.6 and deviates of 6.8. Float32 is part of the result. */
#ifndef REFERENCE_PRNG_H
#define REFERENCE_PRNG_H

/* Uniform in (0, 1): Park-Miller minimal standard with a 32-entry Bays-Durham shuffle. Each stream has an integer of
   its own; the shuffle table is shared by all. A stream integer <= 0 restarts table and stream. */
float uniform_deviate(long *stream);

/* Zero mean, unit variance, by the polar method; every second one was kept from the call before. */
float normal_deviate(long *stream);

/* A count with the given mean. NaN gives 0. */
float poisson_deviate(float mean, long *stream);

#endif

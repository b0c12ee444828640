/* The image: the loop over its pixels, its statistics and the files made from it. Physics 6.1, 6.7, 6.8, 7.5 to 7.9. */
#ifndef REFERENCE_IMAGE_H
#define REFERENCE_IMAGE_H

#include "experiment.h"

typedef struct Image {
    int spixels, fpixels;
    float *value;         /* slow x fast; pixels outside the region stay 0 */
    double omega_sum;
    long computed;        /* pixels inside the region and not masked */
    long wrong;           /* of these: infinite or NaN */
    double max, max_Fdet, max_Sdet;
    double mean, rms, rmsd;
} Image;

/* loop.c: fills the image; rows are shared between threads in contiguous blocks. */
Image compute_image(Experiment *e);
/* loop.c: whether a pixel lies in the region of interest; whether it is computed at all. */
int in_region(const Detector *d, int slow, int fast);
int counted(const Detector *d, int slow, int fast);

/* statistics.c: maximum, mean, rms and rmsd, in row order. */
void take_statistics(const Experiment *e, Image *image);

/* output.c and noise.c: the files, and what is printed about them. */
void write_images(const Experiment *e, const Image *image);
void write_noise(const Experiment *e, const Image *image);
void write_smv(const Experiment *e, const char *name, const unsigned short *words);

#endif

/* Which pixels go into the binary stream: --trace-pixels=S,F;S,F...|roi:s0,s1,f0,f1|all */
#ifndef REFERENCE_SELECTION_H
#define REFERENCE_SELECTION_H

#include <stddef.h>

/* A rectangle (ends included), and single pixels. */
typedef struct Selection {
    int slow_min, slow_max, fast_min, fast_max;  /* empty while slow_max < slow_min */
    size_t count;
    int (*pixels)[2];  /* slow, fast; sorted */
} Selection;

/* Ends the program with a sentence when the text makes no sense or names a pixel outside the image. */
Selection selection_parse(const char *text, int spixels, int fpixels);
Selection selection_of_one(int slow, int fast);
void selection_release(Selection *s);
int selection_has(const Selection *s, int slow, int fast);

#endif

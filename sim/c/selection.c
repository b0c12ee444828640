/* Which pixels go into the binary stream. */
#include "selection.h"

#include "errors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int compare_pixels(const void *a, const void *b) {
    const int *p = a, *q = b;
    return p[0] != q[0] ? (p[0] > q[0]) - (p[0] < q[0]) : (p[1] > q[1]) - (p[1] < q[1]);
}

Selection selection_of_one(int slow, int fast) {
    return (Selection){.slow_min = slow, .slow_max = slow, .fast_min = fast, .fast_max = fast};
}

static Selection parse_roi(const char *text, int spixels, int fpixels) {
    Selection s = {0};
    char rest;
    if (sscanf(text, "roi:%d,%d,%d,%d%c", &s.slow_min, &s.slow_max, &s.fast_min, &s.fast_max, &rest) != 4)
        fail("--trace-pixels=%s makes no sense; write roi:SLOW0,SLOW1,FAST0,FAST1 (ends included)", text);
    if (s.slow_min < 0 || s.fast_min < 0 || s.slow_max >= spixels || s.fast_max >= fpixels ||
        s.slow_max < s.slow_min || s.fast_max < s.fast_min)
        fail("--trace-pixels=%s does not lie in the image of %d slow x %d fast pixels", text, spixels, fpixels);
    return s;
}

static void append(Selection *s, int slow, int fast) {
    s->pixels = need_room(s->pixels, s->count + 1, sizeof *s->pixels);
    s->pixels[s->count][0] = slow;
    s->pixels[s->count][1] = fast;
    s->count++;
}

static Selection parse_list(const char *text, int spixels, int fpixels) {
    Selection s = {.slow_max = -1, .fast_max = -1};
    int slow, fast, used;
    for (const char *p = text;; p += used + 1) {
        if (sscanf(p, "%d,%d%n", &slow, &fast, &used) != 2 || (p[used] != ';' && p[used] != '\0'))
            fail("--trace-pixels=%s makes no sense; write SLOW,FAST;SLOW,FAST or roi:S0,S1,F0,F1 or all", text);
        if (slow < 0 || fast < 0 || slow >= spixels || fast >= fpixels)
            fail("pixel %d,%d does not lie in the image of %d slow x %d fast pixels", slow, fast, spixels, fpixels);
        append(&s, slow, fast);
        if (p[used] == '\0')
            break;
    }
    qsort(s.pixels, s.count, sizeof *s.pixels, compare_pixels);
    return s;
}

Selection selection_parse(const char *text, int spixels, int fpixels) {
    if (strcmp(text, "all") == 0)
        return (Selection){.slow_max = spixels - 1, .fast_max = fpixels - 1};
    if (strncmp(text, "roi:", 4) == 0)
        return parse_roi(text, spixels, fpixels);
    return parse_list(text, spixels, fpixels);
}

void selection_release(Selection *s) {
    free(s->pixels);
    *s = (Selection){.slow_max = -1, .fast_max = -1};
}

int selection_has(const Selection *s, int slow, int fast) {
    const int pixel[2] = {slow, fast};
    if (slow >= s->slow_min && slow <= s->slow_max && fast >= s->fast_min && fast <= s->fast_max)
        return 1;
    return s->count > 0 && bsearch(pixel, s->pixels, s->count, sizeof *s->pixels, compare_pixels) != NULL;
}

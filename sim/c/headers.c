/* The SMV headers of -mask and -img: physics 2.1 (pass A) and 2.3. The mask comes first, so the image wins. */
#include "options.h"

#include "constants.h"
#include "errors.h"
#include "files.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The number after the next "=" behind the last place where `key` stands, anywhere in the header. */
static int lookup(const char *header, const char *key, double *value) {
    const char *found = NULL, *p = header;
    while ((p = strstr(p, key)) != NULL)
        found = p++;
    if (found == NULL || (found = strchr(found, '=')) == NULL)
        return 0;
    *value = strtod(found + 1, NULL);
    return 1;
}

static void take(const char *header, const char *key, double divisor, double *target) {
    double value;
    if (lookup(header, key, &value))
        *target = value / divisor;
}

static void take_integer(const char *header, const char *key, int *target) {
    double value;
    if (lookup(header, key, &value) && fabs(value) < 1e9)
        *target = (int)value;
}

/* The header as a text of its own; NULL when the file does not begin like an SMV image. */
static char *header_text(const char *name, size_t *skip) {
    static const char start[] = "{\nHEADER_BYT";
    Bytes bytes;
    double size = 512.0;
    if (!read_file(name, &bytes))
        fail("the image %s cannot be read; check the name and the working directory", name);
    printf("reading %s\n", name);
    if (strncmp(bytes.data, start, sizeof start - 1) != 0) {
        printf("%s is no SMV image: ignored\n", name);
        warn("%s does not begin as an SMV image (a brace, a line end, HEADER_BYTES) and is ignored", name);
        free(bytes.data);
        return NULL;
    }
    printf("mmap(%s) = %p\n", name, (void *)bytes.data);
    lookup(bytes.data, "HEADER_BYTES", &size);
    if (size > 0 && (size_t)size < bytes.size)
        bytes.data[(size_t)size] = '\0';
    *skip = size > 0 ? (size_t)size : 512;
    return bytes.data;
}

static void take_all(Options *o, const char *header, int is_mask) {
    double center, size2, pixel;
    take_integer(header, "SIZE1", &o->fpixels);
    take_integer(header, "SIZE2", &o->spixels);
    take(header, "PIXEL_SIZE", 1000.0, &o->pixel);
    take(header, "DISTANCE", 1000.0, &o->distance);
    take(header, "CLOSE_DISTANCE", 1000.0, &o->close_distance);
    take(header, "WAVELENGTH", 1e10, &o->lambda);
    take(header, "BEAM_CENTER_X", 1000.0, &o->Xbeam);
    if (lookup(header, "BEAM_CENTER_Y", &center)) {
        if (is_mask && lookup(header, "SIZE2", &size2) && lookup(header, "PIXEL_SIZE", &pixel))
            center = size2 * pixel - center;
        o->Ybeam = center / 1000.0;
    }
    take(header, "ORGX", 1.0, &o->ORGX);
    take(header, "ORGY", 1.0, &o->ORGY);
    take(header, "PHI", RTD, &o->phi0);
    take(header, "OSC_RANGE", RTD, &o->phi.range);
}

static void take_header(Options *o, const char *name, int is_mask) {
    size_t skip;
    char *header = header_text(name, &skip);
    if (header != NULL)
        take_all(o, header, is_mask);
    else if (is_mask)
        o->mask_file = NULL;
    else
        o->image_file = NULL;
    free(header);
}

static const char *last_named(int argc, char **argv, const char *flag, int whole) {
    const char *name = NULL;
    for (int i = 1; i < argc - 1; i++)
        if (argv[i][0] == '-' && (whole ? strcmp(argv[i], flag) == 0 : strstr(argv[i], flag) != NULL))
            name = argv[i + 1];
    return name;
}

void headers_parse(Options *o, const Own *own, int argc, char **argv) {
    o->mask_file = last_named(argc, argv, "-mask", !own->quirks);
    o->image_file = last_named(argc, argv, "-img", !own->quirks);
    if (o->mask_file != NULL)
        take_header(o, o->mask_file, 1);
    if (o->image_file != NULL)
        take_header(o, o->image_file, 0);
}

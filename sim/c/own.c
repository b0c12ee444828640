/* Options of our own (double dash, exact match, values after `=` or as the next argument) and the defaults of nanoBragg's. */
#include "options.h"

#include "constants.h"
#include "errors.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

void options_default(Options *o) {
    memset(o, 0, sizeof *o);
    o->Na = o->Nb = o->Nc = 1;
    o->dump_file = "Fdump.bin";
    o->interpolate = INTERPOLATE_AUTO;
    o->shape = SQUARE;
    o->fudge = 1.0;
    o->mosaic_spread = -1.0;
    o->phi = (Steps){-1, -1.0, -1.0};
    o->lambda = 1e-10;
    o->fluence = DEFAULT_FLUENCE;
    o->exposure = 1.0;
    o->beamsize = 1e-4;
    o->dispersion = (Steps){-1, 0.0, -1.0};
    o->hdiv = o->vdiv = (Steps){-1, -1.0, -1.0};
    o->round_div = 1;
    o->Xbeam = o->Ybeam = o->Xclose = o->Yclose = o->ORGX = o->ORGY = (double)NAN;
    o->distance = 0.1;
    o->close_distance = (double)NAN;
    o->beam = o->odet = vec(1, 0, 0);
    o->fdet = o->polar = o->spindle = vec(0, 0, 1);
    o->sdet = vec(0, -1, 0);
    o->twotheta_axis = vec(0, 1, 0);
    o->detsize_fast = o->detsize_slow = 102.4 / 1000.0;
    o->pixel = 0.1 / 1000.0;
    o->mu = -1.0;
    o->thickness = (Steps){-1, 0.0, -1.0};
    o->oversample = -1;
    o->roi[0] = o->roi[1] = o->roi[2] = o->roi[3] = -1;
    o->adc = 40.0;
    o->float_file = "floatimage.bin";
    o->int_file = "intimage.img";
    o->pgm_file = "image.pgm";
    o->noise_file = "noiseimage.img";
    o->write_pgm = o->write_noise = o->progress = 1;
    o->printout_fast = o->printout_slow = o->trace_slow = o->trace_fast = -1;
    o->seed = o->misset_seed = -(long)time(NULL);
    o->mosaic_seed = -12345678;
}

/* What is left of the command line, and how much of it an option took. */
typedef struct Words {
    char **at;
    int left, used;
} Words;

/* The value of the option `name`, after `=` or as the next word; NULL if the argument is another one. */
static const char *value_of(Words *words, const char *name) {
    const char *argument = words->at[0];
    size_t size = strlen(name);
    if (strncmp(argument, name, size) != 0 || (argument[size] != '=' && argument[size] != '\0'))
        return NULL;
    if (argument[size] == '=' && argument[size + 1] != '\0')
        return argument + size + 1;
    if (argument[size] == '\0' && words->left > 1) {
        words->used = 2;
        return words->at[1];
    }
    fail("%s needs a value; write %s=VALUE", name, name);
}

static int choice(const char *name, const char *value, const char *first, const char *second) {
    if (strcmp(value, first) == 0)
        return 0;
    if (strcmp(value, second) == 0)
        return 1;
    fail("%s=%s is not known; write %s=%s or %s=%s", name, value, name, first, name, second);
}

static int parse_digits(const char *value) {
    char *end;
    long digits = strtol(value, &end, 10);
    if (*end != '\0' || digits < 1 || digits > 17)
        fail("--digits=%s makes no sense; give a whole number from 1 to 17", value);
    return (int)digits;
}

/* Takes the first word, and its value, if it is one of ours; the rest of the line is for nanoBragg. */
static void take_one(Own *own, Words *words) {
    const char *value, *argument = words->at[0];
    words->used = 1;
    if ((value = value_of(words, "--digits")) != NULL)
        own->digits = parse_digits(value);
    else if ((value = value_of(words, "--quirks")) != NULL)
        own->quirks = choice("--quirks", value, "none", "nanobragg");
    else if ((value = value_of(words, "--build")) != NULL)
        own->upstream = choice("--build", value, "G", "U");
    else if (strcmp(argument, "--seal") == 0)
        own->seal = SEAL_ON;
    else if ((value = value_of(words, "--seal")) != NULL)
        own->seal = choice("--seal", value, "on", "off") ? SEAL_OFF : SEAL_ON;
    else if ((value = value_of(words, "--trace-pixels")) != NULL)
        own->trace_pixels = value;
    else if ((value = value_of(words, "--trace-stream")) != NULL)
        own->trace_stream = value;
    else if (strcmp(argument, "--phi-records") == 0)
        own->phi_records = 1;
    else if (strcmp(argument, "--trace-steps") == 0)
        own->trace_steps = 1;
    else if (strcmp(argument, "--time-loop") == 0)
        own->time_loop = 1;
    else if (strcmp(argument, "--no-output") == 0)
        own->no_output = 1;
    else
        words->used = 0;
}

int own_take(Own *own, int argc, char **argv) {
    int kept = 1;
    *own = (Own){.digits = 17, .quirks = 1, .seal = SEAL_ON};
    for (int i = 1; i < argc;) {
        Words words = {argv + i, argc - i, 0};
        take_one(own, &words);
        if (words.used == 0)
            argv[kept++] = argv[i++];
        i += words.used;
    }
    own->argc = argc > 0 ? kept : 0;
    own->argv = argv;
    return own->argc;
}

/* nanoBragg's command line, pass B: physics 2.1. Every argument is held against every row of the table, in its order;
   several rows may fire. Values are not consumed: the scan goes on with the next argument. */
#include "flags.h"

#include "errors.h"

#include <stdlib.h>
#include <string.h>

/* Whether a row's rule takes this argument; --quirks=none compares whole words. */
static int matches(const Flag *flag, const Own *own, const char *argument) {
    if (flag->exactly != 0 && strlen(argument) != flag->exactly)
        return 0;
    if (flag_is_misset(flag) && own->upstream && own->quirks)
        return strstr(argument, flag->name) != NULL;
    if (flag->match == EXACT || (!own->quirks && flag->match == CONTAINS))
        return strcmp(argument, flag->name) == 0;
    if (!own->quirks)
        return strncmp(argument, flag->name, strlen(flag->name)) == 0;
    return strstr(argument, flag->name) != NULL;
}

static void move_pivot(Options *o, Pivoting pivoting) {
    if (pivoting == TO_BEAM)
        o->pivot = PIVOT_BEAM;
    if (pivoting == TO_SAMPLE)
        o->pivot = PIVOT_SAMPLE;
}

/* Lets one row act; returns 1 to stop. `reach` is the number of values that belong to the argument. */
static int apply(const Flag *flag, Reading *r, const char *argument, int *reach) {
    int stop, need = flag->need < 0 ? 1 : flag->need;
    if (flag->need < 0 && r->left < 1)
        fail("%s needs a value and is the last argument (nanoBragg crashes here); give the value", argument);
    if (r->left < need) {
        warn("%s needs %d value%s and has %d; it is ignored, as nanoBragg does", argument, need,
             need == 1 ? "" : "s", r->left);
        return 0;
    }
    r->used = flag_takes_nothing(flag) ? 0 : need;
    stop = flag->action(r, flag);
    move_pivot(r->options, flag->pivoting);
    if (r->used > *reach)
        *reach = r->used;
    return stop;
}

/* The words behind an unknown option are its values; one warning is enough. */
static int values_behind(int left, char **argument) {
    int count = 0;
    while (count < left && argument[count + 1][0] != '-')
        count++;
    return count;
}

static int is_number(const char *argument) {
    char *end;
    strtod(argument, &end);
    return end != argument;
}

/* One argument against all rows; returns how many of the following arguments are its values. */
static int try_argument(Options *o, const Own *own, int left, char **argument, int expected) {
    int reach = 0, known = 0;
    for (int k = 0; k < FLAG_COUNT; k++) {
        Reading r = {o, own, argument[0], argument + 1, left, 0};
        if (!matches(&FLAGS[k], own, argument[0]))
            continue;
        known = 1;
        if (apply(&FLAGS[k], &r, argument[0], &reach))
            break;
    }
    if (!known && !expected && !is_number(argument[0])) {
        warn_unknown(argument[0]);
        reach = values_behind(left, argument);
    }
    return reach;
}

void flags_parse(Options *o, const Own *own, int argc, char **argv) {
    int values_until = 0;  /* arguments up to here belong to an option before them */
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] != '-') {
            if (i > values_until)
                warn("argument %s belongs to no option and is ignored", argv[i]);
            continue;
        }
        int reach = try_argument(o, own, argc - 1 - i, argv + i, i <= values_until);
        if (i + reach > values_until)
            values_until = i + reach;
    }
}

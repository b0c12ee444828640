/* One row of nanoBragg's option table: physics 2.2. Shared by the table, the matching and the hints. */
#ifndef REFERENCE_FLAGS_H
#define REFERENCE_FLAGS_H

#include "options.h"

#include <stddef.h>

typedef enum Match { EXACT, CONTAINS, BEGINS } Match;  /* BEGINS differs from CONTAINS with --quirks=none only */
typedef enum Pivoting { PIVOT_KEPT, TO_BEAM, TO_SAMPLE } Pivoting;

typedef struct Flag Flag;
typedef struct Reading {
    Options *options;
    const Own *own;
    const char *argument;  /* the option as it was written */
    char **value;  /* the arguments that follow */
    int left;      /* how many there are */
    int used;      /* how many this option took */
} Reading;

/* What a row does; returns 1 to stop testing further rows for this argument. */
typedef int (*Action)(Reading *r, const Flag *flag);

struct Flag {
    const char *name;
    Match match;
    size_t exactly;  /* the argument must have this many characters, 0: any number */
    int need;        /* -1: reads one value without looking whether it is there */
    Action action;
    size_t field;    /* where in Options */
    double unit;     /* what the number is divided by, or the value a switch stores */
    Pivoting pivoting;
};

extern const Flag FLAGS[];
extern const int FLAG_COUNT;

/* The actions that the matching has to know. */
int flag_is_misset(const Flag *flag);
int flag_takes_nothing(const Flag *flag);

/* One warning about an argument that no row takes; names the nearest option. */
void warn_unknown(const char *argument);

#endif

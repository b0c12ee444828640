/* Whole files in memory, and the column reader of physics 7.3. */
#ifndef REFERENCE_FILES_H
#define REFERENCE_FILES_H

#include <stddef.h>

typedef struct Bytes {
    char *data;    /* `size` bytes and a final zero */
    size_t size;
} Bytes;

/* 0 if the file cannot be read. */
int read_file(const char *name, Bytes *bytes);

/* Columns of numbers; cells that a line never reaches are NAN. Returns the number of lines, -1 if unreadable. */
int read_columns(const char *name, int columns, double **table);

#endif

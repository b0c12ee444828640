/* trace.h: writes firstbad traces from C. Version 1. MIT licence, see the end of this file.

   In exactly one C file, before including it:   #define FIRSTBAD_TRACE_IMPLEMENTATION
   Everywhere else just:                         #include "trace.h"

       FirstbadTrace trace;
       firstbad_trace_init(&trace, firstbad_to_file, stdout);
       FIRSTBAD_TRACE_OPEN(&trace, "side=C pixel=30,40 digits=17 program=mine");
       FIRSTBAD_TRACE(&trace, "F_cell", F_cell);
       FIRSTBAD_TRACE(&trace, "hkl_frac", h, k, l);
       FIRSTBAD_TRACE_SEAL(&trace);
       if (trace.status != FIRSTBAD_OK) fprintf(stderr, "%s\n", firstbad_trace_message(&trace));

   With FIRSTBAD_TRACE_OFF defined every macro expands to ((void)0) and its arguments are not evaluated.
   Nothing is dropped silently: the first failure stays in `status`, `lost` counts every record that was not
   written whole, and a trace that lost anything gets no seal, so that readers refuse it as cut.
   Needs C99 and its standard library only; no allocation, no globals. C++11 may include it too.

   The format is described in docs/trace-format.md. Two writers are here: FirstbadTrace (text, one record a
   line, between whatever else is printed) and FirstbadStream (binary, for many pixels).

   Threads: define FIRSTBAD_TRACE_GUARD to what makes the next block exclusive, for example
   _Pragma("omp critical(firstbad_trace)"); it is put before every block that writes. */

#ifndef FIRSTBAD_TRACE_H
#define FIRSTBAD_TRACE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

#define FIRSTBAD_TRACE_VERSION 1
#define FIRSTBAD_STREAM_VERSION 1
#define FIRSTBAD_RUN 0xffffffffu         /* pixel index of a value that belongs to the whole run */
#define FIRSTBAD_STREAM_END 0xffffu      /* quantity number of the end marker */
#ifndef FIRSTBAD_STREAM_BUFFER
#define FIRSTBAD_STREAM_BUFFER 65536
#endif

typedef enum FirstbadStatus {
    FIRSTBAD_OK = 0,
    FIRSTBAD_TOO_LONG,   /* a formatted line did not fit into its buffer */
    FIRSTBAD_CUT_SHORT,  /* the sink took fewer bytes than it was given */
    FIRSTBAD_BAD_NAME,   /* a quantity's name is empty or holds a blank, '=', a brace or a control character */
    FIRSTBAD_BAD_ORDER,  /* opened twice or too late, sealed before it was opened, written after it was closed */
    FIRSTBAD_BAD_COUNT,  /* a quantity number outside the table, or too many values */
    FIRSTBAD_BAD_WORD    /* a word that would not be read back: see firstbad_good_word */
} FirstbadStatus;

/* Takes `count` bytes and returns how many it could keep. */
typedef size_t (*FirstbadSink)(void *user, const void *bytes, size_t count);

/* The sink for a FILE: give the FILE pointer as `user`. */
size_t firstbad_to_file(void *file, const void *bytes, size_t count);

/* ---- pure layer -------------------------------------------------------------------------------------- */

/* CRC-32 of zlib and PNG over `count` more bytes; start with crc = 0. */
uint32_t firstbad_crc32(uint32_t crc, const void *bytes, size_t count);

/* One number as the format wants it: %.<digits>g, "nan" whatever the sign, a point whatever the locale.
   Returns the length without the final zero, or 0 if it does not fit into `room`. */
size_t firstbad_number(char *out, size_t room, double value, int digits);

/* Whether `name` may name a quantity. */
int firstbad_good_name(const char *name);

/* Whether `word` would be read back as a word: it begins with a letter, '_' or '/', holds letters, digits and _ - + . /
   only (and UTF-8), does not end in a point, and is no number such as nan or inf. Other text: firstbad_trace_line. */
int firstbad_good_word(const char *word);

/* ---- text -------------------------------------------------------------------------------------------- */

typedef struct FirstbadTrace {
    FirstbadSink sink;
    void *user;
    const char *prefix;      /* "TRACE_C" unless changed */
    int digits;              /* 17 unless changed: lossless */
    int opened, sealed;
    uint64_t records;        /* lines since the opening */
    uint64_t lost;           /* records that were not written whole */
    uint32_t crc, opening;   /* of the lines since the opening, and of the opening itself */
    FirstbadStatus status;   /* the first failure */
} FirstbadTrace;

void firstbad_trace_init(FirstbadTrace *t, FirstbadSink sink, void *user);

/* "TRACE_OPEN: firstbad-trace 1 FACTS", before the first record; facts are key=value pairs separated by blanks. */
FirstbadStatus firstbad_trace_open(FirstbadTrace *t, const char *facts);

/* "PREFIX: name v v v"; `scope` (may be NULL) is put in braces after the name: "phi=3,mosaic=1". */
FirstbadStatus firstbad_trace_record(FirstbadTrace *t, const char *name, const char *scope,
                                     const double *values, size_t count);

/* "PREFIX:name=v v v", the form of values that are set once in a run. */
FirstbadStatus firstbad_trace_setting(FirstbadTrace *t, const char *name, const double *values, size_t count);

/* "PREFIX:name=[a b c; d e f; g h i]". */
FirstbadStatus firstbad_trace_matrix(FirstbadTrace *t, const char *name, const double *values,
                                     size_t rows, size_t columns);

/* "PREFIX:name=word"; refuses what firstbad_good_word does. */
FirstbadStatus firstbad_trace_word(FirstbadTrace *t, const char *name, const char *word);

/* "TRACE_INPUT: bytes=N crc32=XXXXXXXX file=NAME": a file that the run reads, so that a reader can tell whether another
   run read the same. Call it behind the opening. Nothing is written where the file cannot be read twice. */
FirstbadStatus firstbad_trace_input(FirstbadTrace *t, const char *file);

/* Any other line that begins with TRACE, without its line end (at most 2047 bytes). */
FirstbadStatus firstbad_trace_line(FirstbadTrace *t, const char *format, ...);

/* "TRACE_SEAL: open=XXXXXXXX records=N crc32=XXXXXXXX"; refuses when anything was lost. */
FirstbadStatus firstbad_trace_seal(FirstbadTrace *t);

/* What went wrong, as a sentence without its full stop. */
const char *firstbad_message(FirstbadStatus status);
const char *firstbad_trace_message(const FirstbadTrace *t);

/* ---- binary stream ----------------------------------------------------------------------------------- */

typedef struct FirstbadStream {
    FirstbadSink sink;
    void *user;
    uint16_t names;          /* size of the name table */
    uint64_t records, lost;
    uint32_t crc;
    int opened, closed;
    FirstbadStatus status;
    size_t used;
    unsigned char buffer[FIRSTBAD_STREAM_BUFFER];
} FirstbadStream;

/* Header and name table. `slow`, `fast` are the shape of the image, 0 if there is none. */
FirstbadStatus firstbad_stream_open(FirstbadStream *s, FirstbadSink sink, void *user, uint32_t slow,
                                    uint32_t fast, const char *const *names, size_t count);

/* One record: `count` values of quantity number `quantity` (its place in the table) at one pixel. */
FirstbadStatus firstbad_stream_record(FirstbadStream *s, uint32_t slow, uint32_t fast, unsigned quantity,
                                      const double *values, size_t count);

/* Writes what is buffered and the end marker with count and CRC-32; refuses when anything was lost. */
FirstbadStatus firstbad_stream_close(FirstbadStream *s);

/* ---- macros: what instrumented code uses ------------------------------------------------------------- */

#ifdef FIRSTBAD_TRACE_OFF
#define FIRSTBAD_TRACE_OPEN(t, facts) ((void)0)
#define FIRSTBAD_TRACE_SEAL(t) ((void)0)
#define FIRSTBAD_TRACE(t, name, ...) ((void)0)
#define FIRSTBAD_TRACE_IN(t, name, scope, ...) ((void)0)
#define FIRSTBAD_TRACE_VALUES(t, name, values, count) ((void)0)
#define FIRSTBAD_TRACE_VALUES_IN(t, name, scope, values, count) ((void)0)
#define FIRSTBAD_TRACE_SET(t, name, ...) ((void)0)
#define FIRSTBAD_TRACE_MATRIX(t, name, values, rows, columns) ((void)0)
#define FIRSTBAD_TRACE_WORD(t, name, word) ((void)0)
#define FIRSTBAD_TRACE_INPUT(t, file) ((void)0)
#define FIRSTBAD_TRACE_LINE(t, ...) ((void)0)
#define FIRSTBAD_STREAM(s, slow, fast, quantity, values, count) ((void)0)
#else
#ifdef __cplusplus
/* C++ has no compound literals; its templates take values of any number type, as the literals do. */
extern "C++" {
template <typename... Values>
inline void firstbad__traced(FirstbadTrace *t, const char *name, const char *scope, Values... values) {
    const double all[] = {static_cast<double>(values)...};
    firstbad_trace_record(t, name, scope, all, sizeof...(values));
}
template <typename... Values>
inline void firstbad__set(FirstbadTrace *t, const char *name, Values... values) {
    const double all[] = {static_cast<double>(values)...};
    firstbad_trace_setting(t, name, all, sizeof...(values));
}
}
#define FIRSTBAD_TRACE(t, name, ...) (firstbad__traced((t), (name), NULL, __VA_ARGS__))
#define FIRSTBAD_TRACE_IN(t, name, scope, ...) (firstbad__traced((t), (name), (scope), __VA_ARGS__))
#define FIRSTBAD_TRACE_SET(t, name, ...) (firstbad__set((t), (name), __VA_ARGS__))
#else
#define FIRSTBAD__COUNT(...) (sizeof((double[]){__VA_ARGS__}) / sizeof(double))
#define FIRSTBAD_TRACE(t, name, ...) \
    ((void)firstbad_trace_record((t), (name), NULL, (double[]){__VA_ARGS__}, FIRSTBAD__COUNT(__VA_ARGS__)))
#define FIRSTBAD_TRACE_IN(t, name, scope, ...) \
    ((void)firstbad_trace_record((t), (name), (scope), (double[]){__VA_ARGS__}, FIRSTBAD__COUNT(__VA_ARGS__)))
#define FIRSTBAD_TRACE_SET(t, name, ...) \
    ((void)firstbad_trace_setting((t), (name), (double[]){__VA_ARGS__}, FIRSTBAD__COUNT(__VA_ARGS__)))
#endif
#define FIRSTBAD_TRACE_OPEN(t, facts) ((void)firstbad_trace_open((t), (facts)))
#define FIRSTBAD_TRACE_SEAL(t) ((void)firstbad_trace_seal((t)))
#define FIRSTBAD_TRACE_VALUES(t, name, values, count) \
    ((void)firstbad_trace_record((t), (name), NULL, (values), (count)))
#define FIRSTBAD_TRACE_VALUES_IN(t, name, scope, values, count) \
    ((void)firstbad_trace_record((t), (name), (scope), (values), (count)))
#define FIRSTBAD_TRACE_MATRIX(t, name, values, rows, columns) \
    ((void)firstbad_trace_matrix((t), (name), (values), (rows), (columns)))
#define FIRSTBAD_TRACE_WORD(t, name, word) ((void)firstbad_trace_word((t), (name), (word)))
#define FIRSTBAD_TRACE_INPUT(t, file) ((void)firstbad_trace_input((t), (file)))
#define FIRSTBAD_TRACE_LINE(t, ...) ((void)firstbad_trace_line((t), __VA_ARGS__))
#define FIRSTBAD_STREAM(s, slow, fast, quantity, values, count) \
    ((void)firstbad_stream_record((s), (slow), (fast), (quantity), (values), (count)))
#endif

#ifdef __cplusplus
}
#endif
#endif /* FIRSTBAD_TRACE_H */

/* ====================================================================================================== */

#if defined(FIRSTBAD_TRACE_IMPLEMENTATION) && !defined(FIRSTBAD_TRACE_IMPLEMENTED)
#define FIRSTBAD_TRACE_IMPLEMENTED

#include <stdarg.h>
#include <string.h>

#ifndef FIRSTBAD_TRACE_GUARD
#define FIRSTBAD_TRACE_GUARD
#endif

#ifdef __cplusplus
extern "C" {
#endif

size_t firstbad_to_file(void *file, const void *bytes, size_t count) {
    return fwrite(bytes, 1, count, (FILE *)file);
}

uint32_t firstbad_crc32(uint32_t crc, const void *bytes, size_t count) {
    static const uint32_t nibble[16] = {  /* remainders of four bits by the reversed polynomial 0xedb88320 */
        0x00000000u, 0x1db71064u, 0x3b6e20c8u, 0x26d930acu, 0x76dc4190u, 0x6b6b51f4u, 0x4db26158u, 0x5005713cu,
        0xedb88320u, 0xf00f9344u, 0xd6d6a3e8u, 0xcb61b38cu, 0x9b64c2b0u, 0x86d3d2d4u, 0xa00ae278u, 0xbdbdf21cu};
    const unsigned char *p = (const unsigned char *)bytes;
    crc = ~crc;
    while (count-- > 0) {
        crc ^= *p++;
        crc = (crc >> 4) ^ nibble[crc & 15u];
        crc = (crc >> 4) ^ nibble[crc & 15u];
    }
    return ~crc;
}

size_t firstbad_number(char *out, size_t room, double value, int digits) {
    int length;
    char *p;
    if (value != value)
        length = snprintf(out, room, "nan");
    else
        length = snprintf(out, room, "%.*g", digits, value);
    if (length < 0 || (size_t)length >= room)
        return 0;
    for (p = out; *p != '\0'; p++)
        if (*p == ',')
            *p = '.';
    return (size_t)length;
}

int firstbad_good_name(const char *name) {
    const char *p;
    if (name == NULL || *name == '\0')
        return 0;
    for (p = name; *p != '\0'; p++)
        if ((unsigned char)*p <= ' ' || *p == '=' || *p == '{' || *p == '}' || *p == 127)
            return 0;
    return 1;
}

static int firstbad__letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (unsigned char)c >= 128;
}

/* Whether the word begins like nan, inf or infinity, in letters of either size, and goes on like no other word. */
static int firstbad__special(const char *word) {
    static const char *const special[] = {"infinity", "inf", "nan"};
    size_t i, k;
    for (i = 0; i < 3; i++) {
        for (k = 0; special[i][k] != '\0' && (word[k] | 32) == special[i][k]; k++)
            ;
        if (special[i][k] != '\0')
            continue;
        if ((word[k] | 32) == 'i' || (word[k] | 32) == 'j') /* an imaginary one */
            k++;
        if (!firstbad__letter(word[k]) && !(word[k] >= '0' && word[k] <= '9'))
            return 1;
    }
    return 0;
}

int firstbad_good_word(const char *word) {
    const char *p;
    if (word == NULL || (!firstbad__letter(*word) && *word != '/') || firstbad__special(word))
        return 0;
    for (p = word; *p != '\0'; p++)
        if (!firstbad__letter(*p) && !(*p >= '0' && *p <= '9') && strchr("-+./", *p) == NULL)
            return 0;
    return p[-1] != '.';
}

const char *firstbad_message(FirstbadStatus status) {
    switch (status) {
    case FIRSTBAD_OK: return "the trace is whole";
    case FIRSTBAD_TOO_LONG: return "a trace line did not fit into its buffer";
    case FIRSTBAD_CUT_SHORT: return "the trace could not be written whole (is the disk full?)";
    case FIRSTBAD_BAD_NAME: return "a quantity has a name that the trace format cannot hold";
    case FIRSTBAD_BAD_ORDER: return "the trace was opened, written and sealed in the wrong order";
    case FIRSTBAD_BAD_COUNT: return "a record names a quantity outside the table or has too many values";
    case FIRSTBAD_BAD_WORD: return "a word would not be read back: use letters, digits and _ - + . / and begin with a letter";
    }
    return "unknown trace status";
}

const char *firstbad_trace_message(const FirstbadTrace *t) {
    return firstbad_message(t->status);
}

/* ---- text ---- */

void firstbad_trace_init(FirstbadTrace *t, FirstbadSink sink, void *user) {
    memset(t, 0, sizeof *t);
    t->sink = sink;
    t->user = user;
    t->prefix = "TRACE_C";
    t->digits = 17;
}

/* A line under construction: whether it is whole so far. */
typedef struct Firstbad__Line {
    FirstbadTrace *trace;
    FirstbadStatus status;
} Firstbad__Line;

static FirstbadStatus firstbad__fail(FirstbadTrace *t, FirstbadStatus status) {
    if (t->status == FIRSTBAD_OK)
        t->status = status;
    t->lost++;
    return status;
}

static void firstbad__put(Firstbad__Line *line, const char *bytes, size_t count) {
    FirstbadTrace *t = line->trace;
    if (line->status != FIRSTBAD_OK || count == 0)
        return;
    if (t->sink(t->user, bytes, count) != count)
        line->status = FIRSTBAD_CUT_SHORT;
    t->crc = firstbad_crc32(t->crc, bytes, count);
}

static void firstbad__puts(Firstbad__Line *line, const char *text) {
    firstbad__put(line, text, strlen(text));
}

static void firstbad__values(Firstbad__Line *line, const double *values, size_t count) {
    char number[64];
    size_t i, length;
    for (i = 0; i < count; i++) {
        length = firstbad_number(number, sizeof number, values[i], line->trace->digits);
        if (length == 0)
            line->status = FIRSTBAD_TOO_LONG;
        if (i > 0)
            firstbad__put(line, " ", 1);
        firstbad__put(line, number, length);
    }
}

static FirstbadStatus firstbad__end(Firstbad__Line *line) {
    firstbad__put(line, "\n", 1);
    if (line->status != FIRSTBAD_OK)
        return firstbad__fail(line->trace, line->status);
    line->trace->records++;
    return FIRSTBAD_OK;
}

/* Whether a record with this name may be written now; reports if not. */
static FirstbadStatus firstbad__check(FirstbadTrace *t, const char *name) {
    if (t->sealed)
        return firstbad__fail(t, FIRSTBAD_BAD_ORDER);
    if (!firstbad_good_name(name))
        return firstbad__fail(t, FIRSTBAD_BAD_NAME);
    return FIRSTBAD_OK;
}

FirstbadStatus firstbad_trace_open(FirstbadTrace *t, const char *facts) {
    Firstbad__Line line;
    FirstbadStatus status = FIRSTBAD_OK;
    line.trace = t;
    line.status = t->opened || t->records > 0 ? FIRSTBAD_BAD_ORDER : FIRSTBAD_OK;
    FIRSTBAD_TRACE_GUARD
    {
        firstbad__puts(&line, "TRACE_OPEN: firstbad-trace 1");
        firstbad__puts(&line, facts == NULL || *facts == '\0' ? "" : " ");
        firstbad__puts(&line, facts == NULL ? "" : facts);
        status = firstbad__end(&line);
        if (status == FIRSTBAD_OK) {
            t->opened = 1;
            t->records = 0;
            t->opening = t->crc;
            t->crc = 0;
        }
    }
    return status;
}

/* Prefix, name, the text between them, and the values. */
static FirstbadStatus firstbad__plain(FirstbadTrace *t, const char *between, const char *name, const char *after,
                                      const double *values, size_t count) {
    Firstbad__Line line;
    FirstbadStatus status = FIRSTBAD_OK;
    line.trace = t;
    line.status = FIRSTBAD_OK;
    FIRSTBAD_TRACE_GUARD
    {
        status = firstbad__check(t, name);
        if (status == FIRSTBAD_OK) {
            firstbad__puts(&line, t->prefix);
            firstbad__puts(&line, between);
            firstbad__puts(&line, name);
            firstbad__puts(&line, after);
            firstbad__values(&line, values, count);
            status = firstbad__end(&line);
        }
    }
    return status;
}

FirstbadStatus firstbad_trace_record(FirstbadTrace *t, const char *name, const char *scope,
                                     const double *values, size_t count) {
    char braces[256];
    int length;
    if (scope == NULL || *scope == '\0')
        return firstbad__plain(t, ": ", name, count > 0 ? " " : "", values, count);
    length = snprintf(braces, sizeof braces, "{%s}%s", scope, count > 0 ? " " : "");
    if (length < 0 || (size_t)length >= sizeof braces)
        return firstbad__fail(t, FIRSTBAD_TOO_LONG);
    return firstbad__plain(t, ": ", name, braces, values, count);
}

FirstbadStatus firstbad_trace_setting(FirstbadTrace *t, const char *name, const double *values, size_t count) {
    return firstbad__plain(t, ":", name, "=", values, count);
}

FirstbadStatus firstbad_trace_matrix(FirstbadTrace *t, const char *name, const double *values,
                                     size_t rows, size_t columns) {
    Firstbad__Line line;
    FirstbadStatus status = FIRSTBAD_OK;
    size_t row;
    line.trace = t;
    line.status = FIRSTBAD_OK;
    FIRSTBAD_TRACE_GUARD
    {
        status = firstbad__check(t, name);
        if (status == FIRSTBAD_OK) {
            firstbad__puts(&line, t->prefix);
            firstbad__puts(&line, ":");
            firstbad__puts(&line, name);
            for (row = 0; row < rows; row++) {
                firstbad__puts(&line, row == 0 ? "=[" : "; ");
                firstbad__values(&line, values + row * columns, columns);
            }
            firstbad__puts(&line, "]");
            status = firstbad__end(&line);
        }
    }
    return status;
}

FirstbadStatus firstbad_trace_word(FirstbadTrace *t, const char *name, const char *word) {
    FirstbadStatus status = FIRSTBAD_OK;
    if (!firstbad_good_name(name))
        return firstbad__fail(t, FIRSTBAD_BAD_NAME);
    if (!firstbad_good_word(word))
        return firstbad__fail(t, FIRSTBAD_BAD_WORD);
    status = firstbad_trace_line(t, "%s:%s=%s", t->prefix, name, word);
    return status;
}

/* `text` with blanks, control characters and '%' as %XX, so that the line can be split. */
static void firstbad__quoted(Firstbad__Line *line, const char *text) {
    static const char hex[] = "0123456789ABCDEF";
    const unsigned char *p;
    for (p = (const unsigned char *)text; *p != '\0'; p++) {
        char escaped[3] = {'%', '0', '0'};
        if (*p > ' ' && *p < 127 && *p != '%') {
            firstbad__put(line, (const char *)p, 1);
        } else {
            escaped[1] = hex[*p >> 4];
            escaped[2] = hex[*p & 15];
            firstbad__put(line, escaped, 3);
        }
    }
}

/* Size and CRC-32 of what can be read twice: a pipe is left to the program, a directory cannot be read at all. */
static int firstbad__measured(const char *file, unsigned long long *size, uint32_t *crc) {
    unsigned char block[4096];
    size_t count;
    int whole;
    FILE *stream = file == NULL ? NULL : fopen(file, "rb");
    if (stream == NULL)
        return 0;
    whole = fseek(stream, 0, SEEK_SET) == 0;
    while (whole && (count = fread(block, 1, sizeof block, stream)) > 0) {
        *crc = firstbad_crc32(*crc, block, count);
        *size += count;
    }
    whole = whole && !ferror(stream);
    fclose(stream);
    return whole;
}

FirstbadStatus firstbad_trace_input(FirstbadTrace *t, const char *file) {
    char text[80];
    Firstbad__Line line;
    FirstbadStatus status = FIRSTBAD_OK;
    unsigned long long size = 0;
    uint32_t crc = 0;
    if (!firstbad__measured(file, &size, &crc))
        return FIRSTBAD_OK;
    line.trace = t;
    line.status = t->sealed ? FIRSTBAD_BAD_ORDER : FIRSTBAD_OK;
    snprintf(text, sizeof text, "TRACE_INPUT: bytes=%llu crc32=%08lx file=", size, (unsigned long)crc);
    FIRSTBAD_TRACE_GUARD
    {
        firstbad__puts(&line, text);
        firstbad__quoted(&line, file);
        status = firstbad__end(&line);
    }
    return status;
}

FirstbadStatus firstbad_trace_line(FirstbadTrace *t, const char *format, ...) {
    char text[2048];
    Firstbad__Line line;
    FirstbadStatus status = FIRSTBAD_OK;
    int length;
    va_list arguments;
    va_start(arguments, format);
    length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    line.trace = t;
    line.status = FIRSTBAD_OK;
    if (length < 0 || (size_t)length >= sizeof text)
        line.status = FIRSTBAD_TOO_LONG;
    else if (strncmp(text, "TRACE", 5) != 0 || strchr(text, '\n') != NULL)
        line.status = FIRSTBAD_BAD_NAME;
    else if (t->sealed)
        line.status = FIRSTBAD_BAD_ORDER;
    FIRSTBAD_TRACE_GUARD
    {
        firstbad__puts(&line, text);
        status = firstbad__end(&line);
    }
    return status;
}

FirstbadStatus firstbad_trace_seal(FirstbadTrace *t) {
    char text[80];
    int length;
    if (t->lost > 0)
        return t->status;
    if (!t->opened || t->sealed)
        return firstbad__fail(t, FIRSTBAD_BAD_ORDER);
    length = snprintf(text, sizeof text, "TRACE_SEAL: open=%08lx records=%llu crc32=%08lx\n",
                      (unsigned long)t->opening, (unsigned long long)t->records, (unsigned long)t->crc);
    if (t->sink(t->user, text, (size_t)length) != (size_t)length)
        return firstbad__fail(t, FIRSTBAD_CUT_SHORT);
    t->sealed = 1;
    return FIRSTBAD_OK;
}

/* ---- binary stream ---- */

static FirstbadStatus firstbad__stream_fail(FirstbadStream *s, FirstbadStatus status) {
    if (s->status == FIRSTBAD_OK)
        s->status = status;
    s->lost++;
    return status;
}

static FirstbadStatus firstbad__flush(FirstbadStream *s) {
    size_t kept = s->used == 0 ? 0 : s->sink(s->user, s->buffer, s->used);
    if (kept != s->used)
        return firstbad__stream_fail(s, FIRSTBAD_CUT_SHORT);
    s->used = 0;
    return FIRSTBAD_OK;
}

/* One little-endian integer of `width` bytes. */
static void firstbad__integer(FirstbadStream *s, uint64_t value, int width) {
    while (width-- > 0) {
        s->buffer[s->used++] = (unsigned char)(value & 0xffu);
        value >>= 8;
    }
}

static void firstbad__double(FirstbadStream *s, double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    firstbad__integer(s, bits, 8);
}

/* Makes room for `count` bytes; a record is never split between two writes. */
static FirstbadStatus firstbad__room(FirstbadStream *s, size_t count) {
    if (count > sizeof s->buffer)
        return firstbad__stream_fail(s, FIRSTBAD_TOO_LONG);
    if (s->used + count > sizeof s->buffer)
        return firstbad__flush(s);
    return FIRSTBAD_OK;
}

FirstbadStatus firstbad_stream_open(FirstbadStream *s, FirstbadSink sink, void *user, uint32_t slow,
                                    uint32_t fast, const char *const *names, size_t count) {
    size_t i, length, start;
    memset(s, 0, offsetof(FirstbadStream, buffer));
    s->sink = sink;
    s->user = user;
    if (count >= FIRSTBAD_STREAM_END)
        return firstbad__stream_fail(s, FIRSTBAD_BAD_COUNT);
    s->names = (uint16_t)count;
    memcpy(s->buffer, "FBSTREAM", 8);
    s->used = 8;
    firstbad__integer(s, FIRSTBAD_STREAM_VERSION, 4);
    firstbad__integer(s, slow, 4);
    firstbad__integer(s, fast, 4);
    firstbad__integer(s, count, 4);
    s->crc = firstbad_crc32(0, s->buffer, s->used);
    for (i = 0; i < count; i++) {
        length = strlen(names[i]);
        if (!firstbad_good_name(names[i]) || length > 0xffff)
            return firstbad__stream_fail(s, FIRSTBAD_BAD_NAME);
        if (firstbad__room(s, 2 + length) != FIRSTBAD_OK)
            return s->status;
        start = s->used;
        firstbad__integer(s, length, 2);
        memcpy(s->buffer + s->used, names[i], length);
        s->used += length;
        s->crc = firstbad_crc32(s->crc, s->buffer + start, s->used - start);
    }
    s->opened = 1;
    return FIRSTBAD_OK;
}

FirstbadStatus firstbad_stream_record(FirstbadStream *s, uint32_t slow, uint32_t fast, unsigned quantity,
                                      const double *values, size_t count) {
    FirstbadStatus status = FIRSTBAD_OK;
    FIRSTBAD_TRACE_GUARD
    {
        if (!s->opened || s->closed)
            status = firstbad__stream_fail(s, FIRSTBAD_BAD_ORDER);
        else if (quantity >= s->names || count > 0xffff)
            status = firstbad__stream_fail(s, FIRSTBAD_BAD_COUNT);
        else
            status = firstbad__room(s, 12 + 8 * count);
        if (status == FIRSTBAD_OK) {
            size_t i, start = s->used;
            firstbad__integer(s, slow, 4);
            firstbad__integer(s, fast, 4);
            firstbad__integer(s, quantity, 2);
            firstbad__integer(s, count, 2);
            for (i = 0; i < count; i++)
                firstbad__double(s, values[i]);
            s->crc = firstbad_crc32(s->crc, s->buffer + start, s->used - start);
            s->records++;
        }
    }
    return status;
}

FirstbadStatus firstbad_stream_close(FirstbadStream *s) {
    if (!s->opened || s->closed)
        return firstbad__stream_fail(s, FIRSTBAD_BAD_ORDER);
    if (s->lost > 0 || firstbad__room(s, 24) != FIRSTBAD_OK)
        return s->status;
    firstbad__integer(s, 0xffffffffu, 4);
    firstbad__integer(s, 0xffffffffu, 4);
    firstbad__integer(s, FIRSTBAD_STREAM_END, 2);
    firstbad__integer(s, 0, 2);
    firstbad__integer(s, s->records, 8);
    firstbad__integer(s, s->crc, 4);
    s->closed = 1;
    return firstbad__flush(s);
}

#ifdef __cplusplus
}
#endif
#endif /* FIRSTBAD_TRACE_IMPLEMENTATION */

/* Permission is hereby granted, free of charge, to any person obtaining a copy of this file, to deal in it
   without restriction, including the rights to use, copy, modify, merge, publish, distribute, sublicense and
   sell copies, provided that this notice stays in all copies or substantial portions. It is provided "as is",
   without warranty of any kind, express or implied; in no event are the authors liable for any claim or damages. */

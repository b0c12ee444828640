/* Where trace lines go: one text trace on stdout, and a binary stream of chosen pixels. Physics 8. */
#ifndef REFERENCE_TRACING_H
#define REFERENCE_TRACING_H

#include "experiment.h"
#include "kernel.h"

#include "trace.h"

/* The text trace of this run. Every line that begins with TRACE goes through it, so that the seal covers it. */
extern FirstbadTrace text_trace;

/* Before the first line is printed. */
void tracing_start(const Experiment *e);
/* After the set-up: says which pixel is traced, and opens the stream. */
void tracing_announce(const Experiment *e);
/* Seals; ends the program if anything was lost. */
void tracing_finish(const Experiment *e);

/* What is traced at one pixel: bits of Tap. */
enum { TAP_NONE = 0, TAP_TEXT = 1, TAP_STREAM = 2 };
int tracing_taps(const Experiment *e, int slow, int fast);

/* The records of physics 8.1: subpixel, its source, orientation, scattering, and the pixel. The real program shows the
   first source, phi step and domain of a subpixel; with --trace-steps every one, its place in braces. */
void trace_geometry(const Experiment *e, const Sample *x);
void trace_source(const Experiment *e, const Sample *x);
void trace_orientation(const Experiment *e, const Sample *x);
void trace_lattice(const Experiment *e, const Sample *x);
void trace_structure_factor(const Experiment *e, const Sample *x);
void trace_pixel_value(const Experiment *e, const Sample *x, double value);
/* One line per phi step, behind --phi-records. */
void trace_phi_step(const Experiment *e, const Sample *x, int phi_tic, double phi);
/* The blocks that pixel (512, 512) prints whether traced or not. */
void trace_phi_rotation(const Experiment *e, const Sample *x, double phi);
void trace_mosaic_rotation(const Sample *x);

#endif

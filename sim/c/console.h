/* What the program says on stdout, word for word as nanoBragg: physics 7.10, 7.11 and the set-up lines of 8.1. */
#ifndef REFERENCE_CONSOLE_H
#define REFERENCE_CONSOLE_H

#include "experiment.h"

/* console.c */
void console_banner(void);
void console_usage(void);
void console_detector(const Experiment *e);
void console_interpolation(const Experiment *e);
void console_size(const Experiment *e);
void console_advice(double sample, double reciprocal_pixel, int oversample);
void console_mass(double a, double b, double c);
void console_steps(const Experiment *e);
void console_divergence(double h, double v);
void console_wavelength(int i, double lambda);
void console_sources(const Experiment *e);
void console_summary(const Experiment *e);
void console_out_of_range(Vec3 hkl, int h0, int k0, int l0);

/* console_cell.c */
void console_raw_matrix(const Experiment *e);
void console_corrected_matrix(const Experiment *e);
void console_random_misset(const Experiment *e);
void console_before_misset(const Experiment *e);
void console_after_misset(const Experiment *e);
void console_crosses(const Experiment *e, Vec3 ab, Vec3 bc, Vec3 ca);
void console_before_real(const Experiment *e, Vec3 ab, Vec3 bc, Vec3 ca);
void console_after_real(const Experiment *e);
void console_before_regeneration(const Experiment *e, Vec3 bc, Vec3 ca, Vec3 ab);
void console_after_regeneration(const Experiment *e);
void console_cell(const Experiment *e);
void console_metres(const Experiment *e);

#endif

/* The source list: physics 5. Every source counts equally in nanoBragg; weights are read and not used. */
#include "experiment.h"

#include "console.h"
#include "constants.h"
#include "errors.h"
#include "files.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static double or_default(double value, double fallback) {
    return isnan(value) ? fallback : value;
}

static void read_sources(Experiment *e) {
    Beam *b = &e->beam;
    const char *name = e->options.source_file;
    double *table;
    int count = read_columns(name, 5, &table);
    if (count < 0)
        fail("the source file %s cannot be read; check the name", name);
    if (count == 0)
        fail("the source file %s holds no source; give lines of X Y Z weight wavelength (m)", name);
    b->sources = need_memory((size_t)count, sizeof(Source));
    b->count = count;
    b->divergence_steps = -1;
    for (int i = 0; i < count; i++) {
        const double *row = table + 5 * i;
        Source *s = &b->sources[i];
        s->position = vec(or_default(row[0], -SOURCE_DISTANCE * b->direction.x),
                          or_default(row[1], -SOURCE_DISTANCE * b->direction.y),
                          or_default(row[2], -SOURCE_DISTANCE * b->direction.z));
        s->weight = or_default(row[3], 1.0);
        s->lambda = or_default(row[4], b->lambda0);
    }
    free(table);
}

static double grid_point(Steps s, int i) {
    return s.step * i - s.range / 2.0;
}

/* Elliptical trimming; NaN (one range is 0) keeps the point. */
static int trimmed(const Experiment *e, double h, double v) {
    Steps H = e->beam.hdiv, V = e->beam.vdiv;
    double even_h = H.count % 2 == 0 ? 1.0 : 0.0, even_v = V.count % 2 == 0 ? 1.0 : 0.0;
    double ellipse = (h * h - H.step * H.step / 4.0 * even_h) / H.range / H.range +
                     (v * v - V.step * V.step / 4.0 * even_v) / V.range / V.range;
    return e->options.round_div && ellipse * 4.0 > 1.1;
}

/* Starts upstream, tilts about the polarisation axis by v, then about the vertical by h. */
static Vec3 source_position(const Beam *b, double h, double v) {
    Vec3 upstream = scale(-SOURCE_DISTANCE, b->direction);
    return rotate_axis(rotate_axis(upstream, b->polar, v), b->vert, h);
}

static double wavelength(const Beam *b, int i) {
    return b->lambda0 * ((1.0 + b->dispersion.step * i) - b->dispersion.range / 2.0);
}

static void add_direction(Beam *b, double h, double v) {
    Vec3 position = source_position(b, h, v);
    int count = b->count + b->dispersion.count;
    b->sources = need_room(b->sources, (size_t)count, sizeof(Source));
    for (int i = 0; i < b->dispersion.count; i++)
        b->sources[b->count++] = (Source){position, 1.0, wavelength(b, i)};
    b->divergence_steps++;
    console_divergence(h, v);
}

static void generate_sources(Experiment *e) {
    Beam *b = &e->beam;
    double points = (double)b->hdiv.count * b->vdiv.count * b->dispersion.count;
    if (points > 1e7)
        fail("there would be %g sources; ask for fewer steps of divergence and dispersion", points);
    for (int i = 0; i < b->hdiv.count; i++)
        for (int j = 0; j < b->vdiv.count; j++) {
            double h = grid_point(b->hdiv, i), v = grid_point(b->vdiv, j);
            if (!trimmed(e, h, v))
                add_direction(b, h, v);
        }
    if (b->count == 0)
        fail("no source is left after trimming the divergence to an ellipse; try -square_div");
    for (int i = 0; i < b->dispersion.count; i++)
        console_wavelength(i, wavelength(b, i));
    for (int i = 0; i < b->count; i++)
        b->sources[i].weight = 1.0 / b->count;
}

void build_sources(Experiment *e) {
    Beam *b = &e->beam;
    b->count = 0;
    if (e->options.source_file != NULL)
        read_sources(e);
    else
        generate_sources(e);
    console_sources(e);
    b->weight_sum = 0.0;
    for (int i = 0; i < b->count; i++) {
        b->weight_sum += b->sources[i].weight;
        b->sources[i].position = unit(b->sources[i].position);
    }
}

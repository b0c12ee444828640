/* Random rotations and mosaic domains: physics 4.5 and 4.6. */
#include "experiment.h"

#include "constants.h"
#include "errors.h"
#include "prng.h"

#include <math.h>

static double symmetric_deviate(long *stream) {
    return 2.0 * (double)uniform_deviate(stream) - 1.0;
}

/* The angle of a random rotation; float32 in nanoBragg, which shows at the 1e-7 level. */
static double random_angle(double spread, double r3, int exact) {
    if (exact)
        return spread * pow(1.0 - r3 * r3, 1.0 / 3.0);
    return (double)((float)spread * powf((float)(1.0 - r3 * r3), (float)(1.0 / 3.0)));
}

/* cos I + (1 - cos) v v^T + sin [v]x */
static Mat3 axis_angle(Vec3 v, double angle) {
    double c = cos(angle), s = sin(angle), t = 1.0 - c;
    return (Mat3){{{c + t * v.x * v.x, t * v.x * v.y - s * v.z, t * v.x * v.z + s * v.y},
                   {t * v.x * v.y + s * v.z, c + t * v.y * v.y, t * v.y * v.z - s * v.x},
                   {t * v.x * v.z - s * v.y, t * v.y * v.z + s * v.x, c + t * v.z * v.z}}};
}

Mat3 random_rotation(double spread, int exact, long *seed) {
    double r1 = symmetric_deviate(seed), r2 = symmetric_deviate(seed), r3 = symmetric_deviate(seed);
    double radius = sqrt(1.0 - r2 * r2);
    Vec3 axis = vec(radius * sin(PI * r1), radius * cos(PI * r1), r2);
    return axis_angle(axis, random_angle(spread, r3, exact));
}

/* Uniform over all rotations, from three draws: what --quirks=none takes for -misset random. */
Mat3 uniform_rotation(long *seed) {
    double u1 = (double)uniform_deviate(seed), u2 = (double)uniform_deviate(seed), u3 = (double)uniform_deviate(seed);
    double x = sqrt(1.0 - u1) * sin(2.0 * PI * u2), y = sqrt(1.0 - u1) * cos(2.0 * PI * u2);
    double z = sqrt(u1) * sin(2.0 * PI * u3), w = sqrt(u1) * cos(2.0 * PI * u3);
    return (Mat3){{{1.0 - 2.0 * (y * y + z * z), 2.0 * (x * y - w * z), 2.0 * (x * z + w * y)},
                   {2.0 * (x * y + w * z), 1.0 - 2.0 * (x * x + z * z), 2.0 * (y * z - w * x)},
                   {2.0 * (x * z - w * y), 2.0 * (y * z + w * x), 1.0 - 2.0 * (x * x + y * y)}}};
}

/* The three angles that bring back the matrix through rotate_xyz. */
Vec3 matrix_to_angles(Mat3 m) {
    Vec3 x = unit(m.row[0]), y = unit(m.row[1]), z = unit(m.row[2]);
    if (z.x * z.x < 1.0)
        return vec(atan2(z.y, z.z), atan2(-z.x, sqrt(z.y * z.y + z.z * z.z)), atan2(y.x, x.x));
    return vec(PI, PI / 2.0, atan2(x.y, -y.y));
}

/* Domain 0 is aligned, though its draws are used up. */
void build_mosaic(Experiment *e) {
    Crystal *c = &e->crystal;
    long stream = e->options.mosaic_seed;
    if (c->domains > 10000000)
        fail("there would be %d mosaic domains; ask for fewer", c->domains);
    c->mosaic = need_memory((size_t)c->domains, sizeof(Mat3));
    for (int domain = 0; domain < c->domains; domain++)
        c->mosaic[domain] = random_rotation(c->mosaic_spread, !e->quirks, &stream);
    c->mosaic[0] = (Mat3){{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
}

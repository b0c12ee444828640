/* Vectors and rotations in the laboratory frame: physics 1.3. The order of every sum is part of the result. */
#ifndef REFERENCE_VECTOR_H
#define REFERENCE_VECTOR_H

#include <math.h>

typedef struct Vec3 {
    double x, y, z;
} Vec3;

typedef struct Mat3 {
    Vec3 row[3];
} Mat3;

static inline Vec3 vec(double x, double y, double z) {
    Vec3 v = {x, y, z};
    return v;
}

static inline double dot(Vec3 u, Vec3 v) {
    return (u.x * v.x + u.y * v.y) + u.z * v.z;
}

static inline Vec3 cross(Vec3 u, Vec3 v) {
    return vec(u.y * v.z - u.z * v.y, u.z * v.x - u.x * v.z, u.x * v.y - u.y * v.x);
}

static inline double length(Vec3 v) {
    return sqrt((v.x * v.x + v.y * v.y) + v.z * v.z);
}

static inline Vec3 add(Vec3 u, Vec3 v) {
    return vec(u.x + v.x, u.y + v.y, u.z + v.z);
}

static inline Vec3 subtract(Vec3 u, Vec3 v) {
    return vec(u.x - v.x, u.y - v.y, u.z - v.z);
}

static inline Vec3 scale(double factor, Vec3 v) {
    return vec(factor * v.x, factor * v.y, factor * v.z);
}

static inline Vec3 divide(Vec3 v, double divisor) {
    return vec(v.x / divisor, v.y / divisor, v.z / divisor);
}

static inline Vec3 negate(Vec3 v) {
    return vec(-v.x, -v.y, -v.z);
}

/* Divides every component by the length; a zero vector stays zero. */
static inline Vec3 unit(Vec3 v) {
    double size = length(v);
    return size == 0.0 ? vec(0.0, 0.0, 0.0) : divide(v, size);
}

static inline Vec3 matrix_times(const Mat3 *m, Vec3 v) {
    return vec(dot(m->row[0], v), dot(m->row[1], v), dot(m->row[2], v));
}

/* Right-handed rotations about lab x, then y, then z; a stage whose angle is exactly 0 is skipped. */
Vec3 rotate_xyz(Vec3 v, Vec3 angles);

/* Right-handed rotation by phi about an axis that is assumed to be of unit length. Never skipped. */
Vec3 rotate_axis(Vec3 v, Vec3 axis, double phi);

Mat3 matrix_product(Mat3 a, Mat3 b);
Mat3 matrix_rx(double angle);
Mat3 matrix_ry(double angle);
Mat3 matrix_rz(double angle);

#endif

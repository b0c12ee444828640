/* Rotations: physics 1.3. */
#include "vector.h"

static Vec3 rotate_x(Vec3 v, double angle) {
    double c = cos(angle), s = sin(angle);
    return vec(v.x, v.y * c - v.z * s, v.y * s + v.z * c);
}

static Vec3 rotate_y(Vec3 v, double angle) {
    double c = cos(angle), s = sin(angle);
    return vec(v.x * c + v.z * s, v.y, -v.x * s + v.z * c);
}

static Vec3 rotate_z(Vec3 v, double angle) {
    double c = cos(angle), s = sin(angle);
    return vec(v.x * c - v.y * s, v.x * s + v.y * c, v.z);
}

Vec3 rotate_xyz(Vec3 v, Vec3 angles) {
    if (angles.x != 0.0)
        v = rotate_x(v, angles.x);
    if (angles.y != 0.0)
        v = rotate_y(v, angles.y);
    if (angles.z != 0.0)
        v = rotate_z(v, angles.z);
    return v;
}

/* Rodrigues: u (u.v)(1 - cos) + v cos + (u x v) sin, added in this order. */
Vec3 rotate_axis(Vec3 v, Vec3 axis, double phi) {
    double c = cos(phi), s = sin(phi);
    double along = dot(axis, v) * (1.0 - c);
    Vec3 across = cross(axis, v);
    return vec((axis.x * along + v.x * c) + across.x * s,
               (axis.y * along + v.y * c) + across.y * s,
               (axis.z * along + v.z * c) + across.z * s);
}

static Vec3 column(Mat3 m, int k) {
    const double a[3] = {m.row[0].x, m.row[0].y, m.row[0].z};
    const double b[3] = {m.row[1].x, m.row[1].y, m.row[1].z};
    const double c[3] = {m.row[2].x, m.row[2].y, m.row[2].z};
    return vec(a[k], b[k], c[k]);
}

Mat3 matrix_product(Mat3 a, Mat3 b) {
    Mat3 m;
    for (int i = 0; i < 3; i++)  /* sums start from +0, which decides the sign of a zero entry */
        m.row[i] = vec(0.0 + dot(a.row[i], column(b, 0)), 0.0 + dot(a.row[i], column(b, 1)),
                       0.0 + dot(a.row[i], column(b, 2)));
    return m;
}

Mat3 matrix_rx(double angle) {
    double c = cos(angle), s = sin(angle);
    return (Mat3){{{1, 0, 0}, {0, c, -s}, {0, s, c}}};
}

Mat3 matrix_ry(double angle) {
    double c = cos(angle), s = sin(angle);
    return (Mat3){{{c, 0, s}, {0, 1, 0}, {-s, 0, c}}};
}

Mat3 matrix_rz(double angle) {
    double c = cos(angle), s = sin(angle);
    return (Mat3){{{c, -s, 0}, {s, c, 0}, {0, 0, 1}}};
}

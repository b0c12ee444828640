/* Units and constants: physics 1.1 and 1.2. */
#ifndef REFERENCE_CONSTANTS_H
#define REFERENCE_CONSTANTS_H

#define PI 3.14159265358979323846
#define RTD (180.0 * 0.31830988618379067154)      /* degrees in a radian */
#define R_E_SQR 7.94079248018965e-30              /* classical electron radius squared, m^2 */
#define DEFAULT_FLUENCE 125932015286227086360700780544.0  /* photons/m^2; times r_e^2 it is exactly 1 */
#define AVOGADRO 6.02214179e23
#define HC_EV_ANGSTROM 12398.42
#define WATER_AMPLITUDE 2.57
#define WATER_MOLAR_MASS 18.0
#define WATER_DENSITY 1e6                         /* g/m^3 */
#define CRYSTAL_DENSITY 1.2e6                     /* g/m^3, for the printed mass only */
#define SPHERE_IN_CUBE 0.723601254558268          /* amplitude of a round crystal against its cube */
#define GAUSS_WIDTH 0.63
#define TOPHAT_LIMIT 0.3969
#define SOURCE_DISTANCE 10.0                      /* m; only the direction matters */
#define SMALLEST_NORMAL 2.2250738585072014e-308

#endif
